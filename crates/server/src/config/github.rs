//! `[[github]]`: which apps take their releases from which repository on GitHub, and under which rules.
//!
//! Each table is one app. It costs something, so it is switched on by a sentence, [`INGEST_SENTENCE`]. What names mean is
//! checked by whoever matches them (`ingest::names`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::{AppId, Arch, Channel, Os, SourceUrl, Version, object};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::values::{ByteSize, span};
use crate::ingest::names::Names;

/// The sentence that an operator must write to let a server list releases with an online key.
pub const INGEST_SENTENCE: &str = "whoever takes over this server may publish until targets revokes it";

/// The most versions that are taken: as many as a channel lists.
const MAX_VERSIONS: usize = signing::MAX_VERSIONS;
/// The most pages that are read: GitHub itself gives no more than 10,000 releases.
const MAX_PAGES: usize = 100;

/// One app that takes its releases from GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Github {
    /// The app. Its targets delegate to `ingest`, and the key of that role is among the online keys.
    pub app: AppId,
    /// Where its releases are.
    pub repository: RepositoryName,
    /// The base address of the REST interface. None: [`Self::PUBLIC_API`].
    #[serde(default, deserialize_with = "api")]
    pub api: Option<SourceUrl>,
    /// A file (0600) whose first line is a token that may read the repository. None: as anybody.
    pub token_file: Option<PathBuf>,
    /// The file name of artifacts in their target paths. None: the app's name.
    pub file: Option<String>,
    /// What assets are called without their packing's tail: templates with `{os}`, `{arch}` and perhaps `{version}`.
    #[serde(default = "default_assets")]
    pub assets: Vec<String>,
    /// What the templates' `{os}` may be, where it is not Go's name alone.
    #[serde(default)]
    pub os: BTreeMap<Os, Vec<String>>,
    /// What the templates' `{arch}` may be, where it is not Go's name alone.
    #[serde(default)]
    pub arch: BTreeMap<Arch, Vec<String>>,
    /// What stands before the version in a tag.
    #[serde(default)]
    pub tag_prefix: String,
    /// Lower versions are not taken.
    pub min_version: Option<Version>,
    /// The channels that offer releases.
    #[serde(default = "default_channels")]
    pub channels: Vec<Channel>,
    /// The channels that offer prereleases. None: they are not taken.
    #[serde(default)]
    pub prerelease_channels: Vec<Channel>,
    /// The publisher's minisign key. Without a signature of it, an asset is not taken.
    pub minisign_key: Option<String>,
    /// The time between two looks, give or take a tenth.
    #[serde(default = "default_interval", deserialize_with = "span")]
    pub interval: Duration,
    /// So many of the newest releases are taken, and as many of the newest prereleases.
    #[serde(default = "default_versions")]
    pub versions: usize,
    /// Pages of 100 releases that are read.
    #[serde(default = "default_pages")]
    pub pages: usize,
    /// The largest asset.
    #[serde(default = "default_max_asset")]
    pub max_asset: ByteSize,
    /// The most bytes that an asset may unpack to.
    #[serde(default = "default_max_unpacked")]
    pub max_unpacked: ByteSize,
    /// For one asset, with all attempts.
    #[serde(default = "default_download_timeout", deserialize_with = "span")]
    pub download_timeout: Duration,
    /// Versions of which it is known that they were changed or withdrawn on GitHub: no alarm for these.
    #[serde(default)]
    pub acknowledged: Vec<Version>,
}

/// `owner/name` of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryName(String);

impl RepositoryName {
    /// As GitHub allows them, so that nothing needs an escape in a path.
    fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let part = |text: &str| {
            (1..=100).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
                && !matches!(text, "." | "..")
        };
        (part(owner) && part(name)).then(|| Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for RepositoryName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rule = "it must be owner/name of a repository, for example \"getlantern/lantern\"";
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom(rule))
    }
}

impl Github {
    /// The REST interface of github.com.
    pub const PUBLIC_API: &'static str = "https://api.github.com/";

    /// The file name of artifacts in their target paths.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.file.as_deref().unwrap_or(self.app.as_str())
    }

    /// The key that must have signed every asset.
    pub(crate) fn publisher(&self) -> Option<Result<minisign_verify::PublicKey, minisign_verify::Error>> {
        self.minisign_key.as_deref().map(minisign_verify::PublicKey::from_base64)
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        Names::new(self).map_err(|error| (error.key(), error.to_string()))?;
        if self.channels.is_empty() && self.prerelease_channels.is_empty() {
            return Err(("channels", "no channel would get anything: name one".to_owned()));
        }
        object::check_file_name(self.file_name()).map_err(|error| ("file", error.to_string()))?;
        if self.tag_prefix.len() > 64 || self.tag_prefix.chars().any(char::is_control) {
            return Err(("tag_prefix", "it must be at most 64 bytes of plain text".to_owned()));
        }
        if !(1..=MAX_VERSIONS).contains(&self.versions) {
            return Err(("versions", format!("it must be 1 to {MAX_VERSIONS}")));
        }
        if !(1..=MAX_PAGES).contains(&self.pages) {
            return Err(("pages", format!("it must be 1 to {MAX_PAGES}")));
        }
        if let Some(Err(_)) = self.publisher() {
            let rule =
                "it must be a public key as minisign prints it: one line of base64 that begins with RW";
            return Err(("minisign_key", rule.to_owned()));
        }
        Ok(())
    }
}

/// Mappings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// One has a wrong value.
    #[error("app {app}: key `github.{key}`: {why}")]
    Key {
        /// The app.
        app: AppId,
        /// The key.
        key: &'static str,
        /// The rule it breaks.
        why: String,
    },
    /// Two for one app.
    #[error("app {0}: key `github.app`: it takes its releases from one repository, but two are named")]
    Twice(AppId),
    /// The price was not accepted.
    #[error(
        "key `ingest_accepted`: releases are taken from GitHub only if it is exactly the sentence \"{INGEST_SENTENCE}\": \
         docs/OPERATING.md says what it costs"
    )]
    NotAccepted,
    /// The price was accepted for nothing.
    #[error("key `ingest_accepted`: there is no [[github]] that it would be for: leave it away")]
    Needless,
}

/// Checks all mappings, and completes their paths from the folder of the file.
pub(super) fn check(
    mappings: &mut [Github],
    accepted: Option<&str>,
    folder: &Path,
) -> Result<(), GithubError> {
    match (mappings.is_empty(), accepted) {
        (true, Some(_)) => return Err(GithubError::Needless),
        (false, accepted) if accepted != Some(INGEST_SENTENCE) => return Err(GithubError::NotAccepted),
        _ => {}
    }
    let mut apps = BTreeSet::new();
    for mapping in mappings {
        let app = mapping.app.clone();
        mapping.check().map_err(|(key, why)| GithubError::Key { app: app.clone(), key, why })?;
        if !apps.insert(app.clone()) {
            return Err(GithubError::Twice(app));
        }
        mapping.token_file = mapping.token_file.take().map(|file| folder.join(file));
    }
    Ok(())
}

fn api<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SourceUrl>, D::Error> {
    SourceUrl::parse(&String::deserialize(deserializer)?, false).map(Some).map_err(D::Error::custom)
}

fn default_assets() -> Vec<String> {
    vec!["update_{os}_{arch}".to_owned()]
}

fn default_channels() -> Vec<Channel> {
    vec![Channel::default()]
}

const fn default_interval() -> Duration {
    Duration::from_secs(15 * 60)
}

const fn default_versions() -> usize {
    20
}

const fn default_pages() -> usize {
    10
}

const fn default_max_asset() -> ByteSize {
    ByteSize::gib(1)
}

const fn default_max_unpacked() -> ByteSize {
    ByteSize::gib(2)
}

const fn default_download_timeout() -> Duration {
    Duration::from_secs(30 * 60)
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    const ACCEPTED: &str = "data = \"d\"\ningest_accepted = \"whoever takes over this server may publish until targets revokes it\"\n";
    const SHORT: &str = "[[github]]\napp = \"tool\"\nrepository = \"o/r\"\n";

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("/etc/au/server.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_example_names_every_key_with_its_default() {
        let text = include_str!("../../autoupdate-server.example.toml").replace("\n#: ", "\n");
        let example = parse(&text).unwrap().github.remove(0);
        let short = parse(&format!("{ACCEPTED}{SHORT}")).unwrap().github.remove(0);
        // What has no default is left as the example has it.
        let expected = Github {
            app: example.app.clone(),
            repository: example.repository.clone(),
            token_file: example.token_file.clone(),
            file: example.file.clone(),
            min_version: example.min_version.clone(),
            minisign_key: example.minisign_key.clone(),
            acknowledged: example.acknowledged.clone(),
            os: example.os.clone(),
            arch: example.arch.clone(),
            prerelease_channels: example.prerelease_channels.clone(),
            api: SourceUrl::parse(Github::PUBLIC_API, false).ok(),
            ..short
        };
        assert_eq!(example, expected);
        assert_eq!(example.token_file.as_deref(), Some(Path::new("/etc/au/github-token")));
        for named in [
            example.file.is_some(),
            example.min_version.is_some(),
            example.minisign_key.is_some(),
            !example.acknowledged.is_empty(),
            !example.os.is_empty() && !example.arch.is_empty(),
            !example.prerelease_channels.is_empty(),
        ] {
            assert!(named, "{example:?}");
        }
    }

    #[test]
    fn the_first_format_is_read_for_ever() {
        let read = parse(include_str!("../../fixtures/v1/server-github.toml")).unwrap().github.remove(0);
        let version = |text: &str| Version::parse(text).unwrap();
        let channel = |text: &str| Channel::parse(text).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let expected = Github {
            app: AppId::parse("tool").unwrap(),
            repository: RepositoryName("owner/tool".to_owned()),
            api: SourceUrl::parse("https://github.example.org/api/v3", false).ok(),
            token_file: Some("/etc/au/token".into()),
            file: Some("program".to_owned()),
            assets: names(&["tool-{version}-{os}-{arch}"]),
            os: BTreeMap::from([(Os::Macos, names(&["darwin", "osx"]))]),
            arch: BTreeMap::from([(Arch::X86_64, names(&["x64"]))]),
            tag_prefix: "v".to_owned(),
            min_version: Some(version("4.0.0")),
            channels: vec![channel("stable"), channel("beta")],
            prerelease_channels: vec![channel("beta")],
            minisign_key: Some("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3".to_owned()),
            interval: Duration::from_secs(3600),
            versions: 3,
            pages: 4,
            max_asset: ByteSize::gib(5),
            max_unpacked: ByteSize::gib(6),
            download_timeout: Duration::from_secs(7),
            acknowledged: vec![version("4.1.0")],
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        for (head, more, parts) in [
            ("data = \"d\"\n", "", &["ingest_accepted", "exactly"][..]),
            ("data = \"d\"\ningest_accepted = \"yes\"\n", "", &["ingest_accepted", "exactly"]),
            (ACCEPTED, "nonsense = 1", &["nonsense"]),
            (ACCEPTED, "api = \"http://github.example.org/\"", &["api", "loopback"]),
            (ACCEPTED, "assets = []", &["github.assets"]),
            (ACCEPTED, "assets = [\"update_{os}\"]", &["app tool", "github.assets", "{arch}"]),
            (ACCEPTED, "os.beos = [\"b\"]", &["beos"]),
            (ACCEPTED, "os.linux = [\"darwin\"]", &["github.assets", "update_darwin_amd64"]),
            (ACCEPTED, "channels = []", &["github.channels"]),
            (ACCEPTED, "file = \"../x\"", &["github.file"]),
            (ACCEPTED, "versions = 0", &["github.versions", "50"]),
            (ACCEPTED, "pages = 101", &["github.pages", "100"]),
            (ACCEPTED, "minisign_key = \"RWshort\"", &["github.minisign_key", "RW"]),
            (ACCEPTED, "min_version = \"v1\"", &["min_version", "semantic"]),
            (ACCEPTED, SHORT, &["app tool", "github.app", "two"]),
        ] {
            let error = parse(&format!("{head}{SHORT}{more}\n")).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "{more:?} → {error}");
            }
        }
        let error = parse(ACCEPTED).unwrap_err();
        assert!(error.contains("no [[github]]"), "{error}");
    }

    #[test]
    fn repositories_are_two_plain_names() {
        for good in ["o/r", "getlantern/lantern", "a-b/c.d_e"] {
            assert!(RepositoryName::parse(good).is_some(), "{good}");
        }
        for bad in ["", "o", "o/", "/r", "o/r/x", "o/..", "./r", "o/r?x", "o/r#", "ö/r", "o/r%2e"] {
            assert!(RepositoryName::parse(bad).is_none(), "{bad}");
        }
    }
}
