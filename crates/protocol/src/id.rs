//! Short names: they become folder names, URL segments and file names, so their alphabet is narrow.

use std::borrow::Borrow;
use std::fmt;

use crate::invalid::{Invalid, text_noun};

const RULE: &str = "it must be 1 to 64 of a-z, 0-9 and '-', and begin and end with a letter or digit";

fn is_name(text: &str, longest: usize) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    text.len() <= longest
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && edge(text.as_bytes().first())
        && edge(text.as_bytes().last())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
        pub struct $name(String);

        impl $name {
            /// Parses it.
            ///
            /// # Errors
            /// [`Invalid`] unless it is 1 to 64 of `a-z 0-9 -`, beginning and ending with a letter or digit.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                if is_name(text, 64) { Ok(Self(text.to_owned())) } else { Err(Invalid::new($what, text, RULE)) }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        /// So that a map of them can be asked with a piece of text.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        text_noun!($name);
    };
}

name!(
    /// A program we keep up to date, for example `lantern`. Safe as a folder name and as a URL segment.
    AppId,
    "app id"
);
name!(
    /// A stream of releases, for example `stable` or `beta`.
    Channel,
    "channel"
);

impl Default for Channel {
    fn default() -> Self {
        Self("stable".to_owned())
    }
}

/// A language of release notes: a BCP 47 tag in lower case, for example `en` or `zh-hans`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
pub struct Language(String);

impl Language {
    /// Parses a language tag.
    ///
    /// # Errors
    /// [`Invalid`] unless it is 2 to 16 of `a-z 0-9 -`, beginning and ending with a letter or digit.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() >= 2 && is_name(text, 16) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("language", text, "it must be a lower-case tag such as en or zh-hans"))
        }
    }

    /// The tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_noun!(Language);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_are_safe_in_a_path_parse() {
        for good in ["lantern", "a", "7zip", "my-app-2", &"a".repeat(64)] {
            assert!(AppId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "..", "a/b", "A", "a_b", "a.b", "ä", "a\0", "%2e", &"a".repeat(65)] {
            assert!(AppId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_error_says_what_where_and_why() {
        let error = AppId::parse("../etc").unwrap_err().to_string();
        assert!(error.starts_with("\"../etc\" is not a valid app id: it must be"), "{error}");
        assert!(AppId::parse(&"x/".repeat(1000)).unwrap_err().value.len() <= 80);
    }
}
