//! `[lantern]`: what old Lantern clients are answered. Without the section they are strangers, and find nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::{AppId, Os, SourceUrl, Version};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Old Lantern clients.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lantern {
    /// The file (0600) with the RSA private key whose public half is built into those clients: PEM, PKCS#1 or PKCS#8.
    pub key: PathBuf,
    /// What the addresses in answers begin with: this server, as clients reach it.
    #[serde(deserialize_with = "public_url")]
    pub public_url: SourceUrl,
    /// The name, one of `apps`, that `POST /update` answers for. None: it is not there.
    pub unnamed: Option<String>,
    /// Answers with an update per second, all clients together, and as many at once after a pause. 0 = no limit.
    #[serde(default)]
    pub rate: u32,
    /// How long an answer waits for a patch that is not made yet. 0: it never does.
    #[serde(default, deserialize_with = "span_or_none")]
    pub patch_wait: Duration,
    /// By the name in `POST /update/{name}`.
    pub apps: BTreeMap<String, LanternApp>,
}

/// An app as old Lantern clients know it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanternApp {
    /// The app of ours that is meant.
    pub app: AppId,
    /// What old systems get instead of the newest version.
    #[serde(default)]
    pub pins: Vec<LanternPin>,
    /// Clients that are too old to update themselves.
    #[serde(default)]
    pub floors: Vec<LanternFloor>,
}

/// Who runs this system in a version below `below` gets exactly `version`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanternPin {
    /// The system.
    pub os: Os,
    /// A version of the system, as its clients report it: of macOS they report that of the kernel.
    pub below: Version,
    /// A version of the app.
    pub version: Version,
}

/// Clients of this system in a version below `below` are told that there is no update.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanternFloor {
    /// The system.
    pub os: Os,
    /// A version of the app.
    pub below: Version,
}

impl Lantern {
    /// The keys that do not fit each other or the rest: `data` and `keys` are the folders of those names, `request` is the
    /// time in which any answer must begin.
    pub(super) fn check(
        &self,
        data: &Path,
        keys: Option<&Path>,
        request: Duration,
    ) -> Result<(), (&'static str, &'static str)> {
        let named = self.unnamed.as_ref().is_none_or(|name| self.apps.contains_key(name));
        for (key, good, why) in [
            ("lantern.apps", !self.apps.is_empty(), "name at least one app, as [lantern.apps.NAME]"),
            ("lantern.apps", self.apps.keys().all(|name| is_name(name)), "a name must be a name of apps"),
            ("lantern.unnamed", named, "it must be one of the names in `lantern.apps`"),
            (
                "lantern.patch_wait",
                self.patch_wait < request,
                "it must be shorter than `limits.request_timeout`, or an answer that waits never comes",
            ),
            (
                "lantern.key",
                !self.key.starts_with(data) && keys.is_none_or(|keys| !self.key.starts_with(keys)),
                "it must lie outside of `data` and `keys`: the one is served, the other has the online keys of apps",
            ),
        ] {
            if !good {
                return Err((key, why));
            }
        }
        Ok(())
    }
}

/// A name is one segment of a path without escapes.
fn is_name(name: &str) -> bool {
    protocol::object::check_file_name(name).is_ok()
}

/// Plain `http` is allowed: these clients were built for it, and what they install is signed.
fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SourceUrl, D::Error> {
    SourceUrl::parse(&String::deserialize(deserializer)?, true).map_err(D::Error::custom)
}

/// A time such as `500ms` or `10s`; `0s` is none.
fn span_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let rule = "it must be a time such as \"500ms\" or \"10s\", or \"0s\" for none";
    humantime::parse_duration(&String::deserialize(deserializer)?)
        .map_err(|error| D::Error::custom(format_args!("{rule}: {error}")))
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    use super::*;

    const SHORT: &str =
        "key = \"k\"\npublic_url = \"http://updates.example.org\"\n[lantern.apps.one]\napp = \"tool\"";

    fn parse(section: &str) -> Result<Lantern, String> {
        let text = format!("data = \"d\"\nkeys = \"keys\"\n[lantern]\n{section}");
        let config = Config::parse(&text, Path::new("/etc/au/server.toml"));
        config.map(|config| config.lantern.unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_away_has_a_default() {
        let short = parse(SHORT).unwrap();
        assert_eq!(short.key, Path::new("/etc/au/k"));
        assert_eq!(short.public_url.to_string(), "http://updates.example.org/");
        assert_eq!((short.rate, short.patch_wait, short.unnamed), (0, Duration::ZERO, None));
        let tool = LanternApp { app: AppId::parse("tool").unwrap(), pins: vec![], floors: vec![] };
        assert_eq!(short.apps, [("one".to_owned(), tool)].into());
    }

    #[test]
    fn the_example_is_lantern_s_own_deployment() {
        let text = include_str!("../../autoupdate-server.example.toml").replace("\n#: ", "\n");
        let example = Config::parse(&text, Path::new("server.toml")).unwrap().lantern.unwrap();
        let short = parse(SHORT).unwrap();
        assert_eq!((example.rate, example.patch_wait), (10, short.patch_wait));
        assert_eq!(example.unnamed.as_deref(), Some("lantern"));
        let version = |text| Version::parse(text).unwrap();
        let pin = |os, below| LanternPin { os, below: version(below), version: version("5.4.1") };
        let app = &example.apps["lantern"];
        assert_eq!(app.pins, [pin(Os::Windows, "6.0.0"), pin(Os::Macos, "15.0.0")]);
        assert_eq!(app.floors, [LanternFloor { os: Os::Macos, below: version("3.6.0") }]);
    }

    #[test]
    fn errors_name_the_key_and_what_to_do() {
        for (from, to, parts) in [
            ("one", "\"o/ne\"", &["`lantern.apps`", "name of apps"][..]),
            ("key = \"k\"", "key = \"d/k\"", &["`lantern.key`", "outside of `data`"]),
            ("key = \"k\"", "key = \"keys/k\"", &["`lantern.key`", "online keys"]),
            ("key = \"k\"", "key = \"k\"\nunnamed = \"two\"", &["`lantern.unnamed`", "one of the names"]),
            (
                "key = \"k\"",
                "key = \"k\"\npatch_wait = \"30s\"",
                &["`lantern.patch_wait`", "request_timeout"],
            ),
            ("key = \"k\"", "key = \"k\"\npatch_wait = \"soon\"", &["line 5", "500ms"]),
            ("http:", "ftp:", &["line 5", "https"]),
            (".org", ".org/?x=y", &["line 5", "query"]),
            ("app = \"tool\"", "", &["app"]),
            ("app = \"tool\"", "app = \"tool\"\npins = [{ os = \"darwin\" }]", &["macos"]),
        ] {
            let error = parse(&SHORT.replacen(from, to, 1)).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "{from} → {to}: {error}");
            }
        }
    }
}
