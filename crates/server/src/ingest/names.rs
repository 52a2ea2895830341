//! What tags and assets are called: pure, and exact.
//!
//! A name is never searched for parts that look right. All names that an asset of a version may have are written down, from
//! the templates and the tables of systems and architectures, and an asset is meant if it has one of them. So
//! `update_linux_arm64` is no `arm`, and `update_linux_amd64.sig` is nothing.

use std::collections::BTreeMap;

use protocol::{Arch, Os, Platform, Version, object};
use serde::{Deserialize, Serialize};

use crate::config::Github;

/// How an asset is packed, by the tail of its name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Packing {
    /// Not at all.
    Plain,
    /// `.bz2`
    Bzip2,
    /// `.gz`
    Gzip,
    /// `.xz`
    Xz,
    /// `.zst`
    Zstd,
}

impl Packing {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Plain, Self::Bzip2, Self::Gzip, Self::Xz, Self::Zstd];

    /// The tail of a name.
    #[must_use]
    pub const fn tail(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bzip2 => ".bz2",
            Self::Gzip => ".gz",
            Self::Xz => ".xz",
            Self::Zstd => ".zst",
        }
    }
}

/// Templates or tables that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NamesError {
    #[error("no asset would be taken: name a template such as \"update_{{os}}_{{arch}}\"")]
    NoTemplate,
    #[error(
        "{0:?} must hold {{os}} and {{arch}} once each, {{version}} at most once, and no other braces, for example \
         \"update_{{os}}_{{arch}}\""
    )]
    Placeholders(String),
    #[error("{0:?} would make names that are no file names: letters, digits, '.', '_', '-' and '+' are")]
    Letters(String),
    #[error("{0:?} ends like a packed file: leave the tail away, every packing is tried")]
    Tail(String),
    #[error("an asset {name:?} could be for {one} and for {other}")]
    Twofold { name: String, one: Platform, other: Platform },
}

impl NamesError {
    /// The key of the configuration.
    pub(crate) fn key(&self) -> &'static str {
        "assets"
    }
}

/// What assets of one app are called.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    templates: Vec<String>,
    os: Vec<(Os, String)>,
    arch: Vec<(Arch, String)>,
}

/// All names of assets of one version.
pub(crate) type NamesOfVersion = BTreeMap<String, (Platform, Packing)>;

impl Names {
    pub(crate) fn new(rules: &Github) -> Result<Self, NamesError> {
        if rules.assets.is_empty() {
            return Err(NamesError::NoTemplate);
        }
        for template in &rules.assets {
            check_template(template)?;
        }
        let names = Self {
            templates: rules.assets.clone(),
            os: table(Os::ALL, &rules.os, Os::go_name),
            arch: table(Arch::ALL, &rules.arch, Arch::go_name),
        };
        // Any version: what is twofold without one is so with each.
        if let Ok(version) = Version::parse("1.2.3") {
            names.write(&version)?;
        }
        Ok(names)
    }

    /// The names that assets of a version may have. None, where the version itself makes one twofold.
    pub(crate) fn of(&self, version: &Version) -> NamesOfVersion {
        self.write(version).unwrap_or_default()
    }

    fn write(&self, version: &Version) -> Result<NamesOfVersion, NamesError> {
        let (mut names, version) = (NamesOfVersion::new(), version.to_string());
        for template in &self.templates {
            for (os, os_name) in &self.os {
                for (arch, arch_name) in &self.arch {
                    let plain = template
                        .replacen("{version}", &version, 1)
                        .replacen("{os}", os_name, 1)
                        .replacen("{arch}", arch_name, 1);
                    object::check_file_name(&plain).map_err(|_| NamesError::Letters(plain.clone()))?;
                    let platform = Platform { os: *os, arch: *arch };
                    for packing in Packing::ALL {
                        let name = format!("{plain}{}", packing.tail());
                        match names.insert(name.clone(), (platform, packing)) {
                            Some((one, _)) if one != platform => {
                                return Err(NamesError::Twofold { name, one, other: platform });
                            }
                            Some(_) | None => {}
                        }
                    }
                }
            }
        }
        Ok(names)
    }
}

/// The version that a tag names: what follows the prefix, strictly.
pub(crate) fn version_of(tag: &str, prefix: &str) -> Option<Version> {
    Version::parse(tag.strip_prefix(prefix)?).ok()
}

/// Whether a version says of itself that it comes before a release.
pub(crate) fn is_prerelease(version: &Version) -> bool {
    // There is no build metadata, so nothing else has a hyphen.
    version.to_string().contains('-')
}

fn check_template(template: &str) -> Result<(), NamesError> {
    let count = |part: &str| template.matches(part).count();
    let rest = ["{os}", "{arch}", "{version}"]
        .iter()
        .fold(template.to_owned(), |rest, part| rest.replace(part, "x"));
    if count("{os}") != 1 || count("{arch}") != 1 || count("{version}") > 1 || rest.contains(['{', '}']) {
        return Err(NamesError::Placeholders(template.to_owned()));
    }
    let packed =
        Packing::ALL.iter().any(|packing| *packing != Packing::Plain && rest.ends_with(packing.tail()));
    if packed {
        return Err(NamesError::Tail(template.to_owned()));
    }
    object::check_file_name(&rest).map_err(|_| NamesError::Letters(template.to_owned()))
}

/// The names of each kind: those of the configuration, or Go's.
fn table<K: Copy + Ord>(
    all: &[K],
    named: &BTreeMap<K, Vec<String>>,
    go_name: impl Fn(K) -> &'static str,
) -> Vec<(K, String)> {
    let names = |kind: &K| named.get(kind).cloned().unwrap_or_else(|| vec![go_name(*kind).to_owned()]);
    all.iter().flat_map(|kind| names(kind).into_iter().map(move |name| (*kind, name))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    fn rules(more: &str) -> Github {
        toml::from_str(&format!("app = \"tool\"\nrepository = \"o/r\"\n{more}")).unwrap()
    }

    fn names(more: &str) -> Names {
        Names::new(&rules(more)).unwrap()
    }

    fn found(names: &Names, of: &str, asset: &str) -> Option<String> {
        let (platform, packing) = *names.of(&version(of)).get(asset)?;
        Some(format!("{platform} {packing:?}"))
    }

    #[test]
    fn the_usual_names_are_exact() {
        let names = names("");
        for (asset, expected) in [
            ("update_linux_amd64", Some("linux-x86_64 Plain")),
            ("update_linux_amd64.bz2", Some("linux-x86_64 Bzip2")),
            ("update_darwin_arm64.gz", Some("macos-aarch64 Gzip")),
            ("update_windows_386.zst", Some("windows-x86 Zstd")),
            ("update_android_arm.xz", Some("android-arm Xz")),
            ("update_linux_arm64", Some("linux-aarch64 Plain")),
            ("update_linux_amd64.sig", None),
            ("update_linux_amd64.bz2.minisig", None),
            ("update_linux_amd64.bz2.gz", None),
            ("update_linux_armv7", None),
            ("update_macos_amd64", None),
            ("Update_linux_amd64", None),
            ("my_update_linux_amd64", None),
            ("update_linux_amd64 ", None),
            ("", None),
        ] {
            assert_eq!(found(&names, "1.0.0", asset).as_deref(), expected, "{asset}");
        }
    }

    #[test]
    fn any_other_names_can_be_given() {
        let names = names(
            "assets = [\"tool-{version}-{arch}-{os}\", \"Tool_{os}_{arch}.exe\"]\n\
             os = { macos = [\"apple-darwin\", \"osx\"], android = [] }\narch.x86_64 = [\"x64\"]",
        );
        for (asset, expected) in [
            ("tool-1.2.0-x64-apple-darwin.xz", Some("macos-x86_64 Xz")),
            ("tool-1.2.0-arm64-osx", Some("macos-aarch64 Plain")),
            ("Tool_windows_x64.exe", Some("windows-x86_64 Plain")),
            ("tool-1.2.1-x64-osx", None),
            ("tool-1.2.0-amd64-osx", None),
            ("tool-1.2.0-x64-darwin", None),
            ("tool-1.2.0-arm64-android", None),
        ] {
            assert_eq!(found(&names, "1.2.0", asset).as_deref(), expected, "{asset}");
        }
    }

    #[test]
    fn templates_that_say_too_little_or_two_things_are_refused() {
        for more in [
            "assets = []",
            "assets = [\"update_{os}\"]",
            "assets = [\"update_{os}_{arch}_{arch}\"]",
            "assets = [\"update_{os}_{arch}_{edition}\"]",
            "assets = [\"update_{os}_{arch}.bz2\"]",
            "assets = [\"dir/{os}_{arch}\"]",
            "assets = [\"{os}_{arch} x\"]",
            "arch.arm = [\"arm64\"]",
            "arch.arm = [\"a/b\"]",
            "assets = [\"{os}{arch}\"]\nos = { linux = [\"l\"], macos = [\"la\"] }\narch = { arm = [\"ab\"], x86 = [\"b\"] }",
        ] {
            assert!(Names::new(&rules(more)).is_err(), "{more}");
        }
    }

    #[test]
    fn tags_are_versions_and_nothing_else() {
        for (tag, prefix, expected) in [
            ("7.2.0", "", Some("7.2.0")),
            ("7.2.0-beta.1", "", Some("7.2.0-beta.1")),
            ("v7.2.0", "v", Some("7.2.0")),
            ("lantern-7.2.0", "lantern-", Some("7.2.0")),
            ("v7.2.0", "", None),
            ("7.2.0", "v", None),
            ("vv7.2.0", "v", None),
            ("7.2", "", None),
            ("7.2.0+5", "", None),
            ("07.2.0", "", None),
            (" 7.2.0", "", None),
            ("latest", "", None),
            ("", "", None),
        ] {
            assert_eq!(version_of(tag, prefix), expected.map(version), "{tag:?} {prefix:?}");
        }
        assert!(is_prerelease(&version("1.0.0-rc.1")) && !is_prerelease(&version("1.0.0")));
    }

    proptest! {
        /// Whatever an asset is called: it is meant only if the template makes exactly this name.
        #[test]
        fn only_what_the_template_makes_is_meant(
            os in prop_oneof!["linux|darwin|windows|android|macos", "[a-z0-9_]{0,8}"],
            arch in prop_oneof!["amd64|386|arm|arm64|armv7", "[a-z0-9_.]{0,8}"],
            tail in prop_oneof!["|\\.bz2|\\.gz|\\.zst|\\.xz|\\.sig|\\.bz2\\.sig", ".{0,6}"],
        ) {
            let asset = format!("update_{os}_{arch}{tail}");
            let found = names("").of(&version("1.0.0")).get(&asset).copied();
            let packing = Packing::ALL.into_iter().find(|packing| packing.tail() == tail);
            let made = Os::from_go_name(&os).zip(Arch::from_go_name(&arch)).zip(packing);
            match (found, made) {
                (found, Some(((os, arch), packing))) => {
                    prop_assert_eq!(found, Some((Platform { os, arch }, packing)));
                }
                // Only in another division of the very same text.
                (Some((platform, packing)), None) => prop_assert_eq!(
                    asset,
                    format!("update_{}_{}{}", platform.os.go_name(), platform.arch.go_name(), packing.tail())
                ),
                (None, None) => {}
            }
        }

        #[test]
        fn a_tag_is_its_prefix_and_its_version(prefix in "[a-z/.-]{0,5}", tag in ".{0,12}", number in 0_u64..99) {
            let good = version(&format!("{number}.0.1"));
            prop_assert_eq!(version_of(&format!("{prefix}{good}"), &prefix), Some(good));
            if let Some(found) = version_of(&tag, &prefix) {
                prop_assert_eq!(format!("{prefix}{found}"), tag);
            }
        }
    }
}
