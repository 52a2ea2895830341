//! Versions of programs: Semantic Versioning 2.0.0, without build metadata.

use std::fmt;

use crate::invalid::{Invalid, text_noun};

/// The version of a release.
///
/// Build metadata (`+…`) is refused: semver gives it no precedence, so two releases that differ only there could not
/// be ordered. A leading `v` is refused too: there is one spelling. At most 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct Version(semver::Version);

impl Version {
    /// Parses a version.
    ///
    /// # Errors
    /// [`Invalid`] if it is no semantic version, has build metadata or is longer than 64 bytes.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = |rule| Invalid::new("version", text, rule);
        if text.len() > 64 {
            return Err(invalid("it must be at most 64 bytes long"));
        }
        let version = semver::Version::parse(text).map_err(|_| {
            invalid("it must be a semantic version such as 7.2.0 or 7.2.0-beta.1, without a leading v")
        })?;
        if !version.build.is_empty() {
            return Err(invalid("build metadata (+…) has no order, so leave it away"));
        }
        Ok(Self(version))
    }

    /// Parses a version that others wrote: build metadata is allowed and forgotten, because it has no precedence.
    ///
    /// # Errors
    /// [`Invalid`] if it is no semantic version or, without build metadata, longer than 64 bytes.
    pub fn parse_without_build(text: &str) -> Result<Self, Invalid> {
        match semver::Version::parse(text) {
            Ok(version) if !version.build.is_empty() => {
                Self::parse(text.split_once('+').map_or(text, |(version, _)| version))
            }
            _ => Self::parse(text),
        }
    }

    /// Whether it is a version before a release, such as `7.2.0-beta.1`.
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_noun!(Version);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_semver_precedence() {
        let v = |text| Version::parse(text).unwrap();
        // The example of section 11 of the Semantic Versioning 2.0.0 specification.
        let order = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
        ];
        assert!(order.windows(2).all(|pair| v(pair[0]) < v(pair[1])));
        assert!(v("9.10.0") > v("9.9.9"));
    }

    #[test]
    fn build_metadata_of_others_has_no_precedence() {
        let v = |text| Version::parse_without_build(text).unwrap();
        assert_eq!(v("7.4.0+build5"), Version::parse("7.4.0").unwrap());
        assert_eq!(v("7.4.0-beta.1+5-x"), Version::parse("7.4.0-beta.1").unwrap());
        assert!(v("7.4.0-beta.1").is_prerelease() && !v("7.4.0+beta").is_prerelease());
        for bad in ["", "v1.0.0", "1.0", "1.0.0+", "1.0.0+a b", "1.0.0+a+b"] {
            assert!(Version::parse_without_build(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn there_is_one_spelling() {
        for bad in
            ["", "v1.0.0", "1.0", "01.0.0", "1.0.0+build", "1.0.0/..", &format!("1.0.0-{}", "a".repeat(80))]
        {
            assert!(Version::parse(bad).is_err(), "{bad}");
        }
    }
}
