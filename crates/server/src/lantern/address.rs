//! Where old clients fetch from: the one place that decides it.

use std::sync::Arc;

use protocol::{AppId, Artifact, Digest, Os, SourceUrl, object};

/// Where the bytes of a target can be had besides from us, by app and target path: where they were taken from.
pub(crate) type Origins = Arc<dyn Fn(&AppId, &str) -> Option<String> + Send + Sync>;

/// What follows the name of an artifact that is packed for old Android clients.
const PACKED: &str = ".bz2";

/// Where the whole artifact is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) url: String,
    /// It is our own packed twin of the artifact, which has to be made before anybody is sent there.
    pub(super) is_twin: bool,
}

/// The address of an artifact. Its origin, if it has one; else ourselves. Android's clients unpack whatever they get, so it
/// must be bzip2 there.
pub(super) fn of_artifact(
    public: &SourceUrl,
    app: &AppId,
    artifact: &Artifact,
    origin: Option<String>,
) -> Option<Address> {
    let unpacks = artifact.release.os == Os::Android;
    if let Some(url) = origin.filter(|url| !unpacks || url.ends_with(PACKED)) {
        return Some(Address { url, is_twin: false });
    }
    let name = object::target(&artifact.path, &artifact.sha256).ok()?;
    let name = if unpacks { format!("{name}{PACKED}") } else { name };
    Some(Address { url: public.object(app, &name).into(), is_twin: unpacks })
}

/// The address of a patch.
pub(super) fn of_patch(public: &SourceUrl, id: &Digest) -> String {
    format!("{public}patches/{id}")
}

/// What the patch from one artifact to another is called.
pub(crate) fn patch_id(base: &Digest, artifact: &Digest) -> Digest {
    Digest::of(format!("{base}|{artifact}").as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use protocol::{Platform, Release, Version};

    use super::*;

    fn artifact(platform: &str) -> Artifact {
        let platform = Platform::parse(platform).unwrap();
        Artifact {
            path: format!("releases/7.4.0/{platform}/tool"),
            length: 1,
            sha256: Digest::of(b"x"),
            release: Release {
                app: AppId::parse("tool").unwrap(),
                version: Version::parse("7.4.0").unwrap(),
                channels: Vec::new(),
                os: platform.os,
                arch: platform.arch,
                min_os: None,
                urgency: Default::default(),
                notes: BTreeMap::new(),
            },
        }
    }

    #[test]
    fn the_origin_first_but_for_what_cannot_be_unpacked() {
        let public = SourceUrl::parse("http://updates.example.org/x", true).unwrap();
        let x = Digest::of(b"x");
        let ours = |platform: &str, more: &str| {
            format!("http://updates.example.org/x/apps/tool/targets/releases/7.4.0/{platform}/{x}.tool{more}")
        };
        for (platform, origin, url, is_twin) in [
            ("linux-x86_64", None, ours("linux-x86_64", ""), false),
            ("linux-x86_64", Some("https://h/t"), "https://h/t".to_owned(), false),
            ("linux-x86_64", Some("https://h/t.bz2"), "https://h/t.bz2".to_owned(), false),
            ("android-arm", None, ours("android-arm", ".bz2"), true),
            ("android-arm", Some("https://h/t.apk"), ours("android-arm", ".bz2"), true),
            ("android-arm", Some("https://h/t.bz2"), "https://h/t.bz2".to_owned(), false),
        ] {
            let app = AppId::parse("tool").unwrap();
            let found = of_artifact(&public, &app, &artifact(platform), origin.map(str::to_owned));
            assert_eq!(found, Some(Address { url, is_twin }), "{platform} {origin:?}");
        }
    }

    #[test]
    fn patches_are_called_as_in_the_original() {
        let digest = |text| Digest::parse(text).unwrap();
        let id = patch_id(
            &digest("879c10958d5e3fcebf3896144b24d50311ddbc2833ac24674951317b7139effb"),
            &digest("1cc03352827893cf6ae965b4641864fa9fc0fea74e9ff9e2e67920b5062fec32"),
        );
        assert_eq!(id, digest("a1914be6cebcbef791e5a5a09977251ca62b04e8a68fed10ad516afcbbab7863"));
        let public = SourceUrl::parse("http://127.0.0.1:9997", true).unwrap();
        assert_eq!(of_patch(&public, &id), format!("http://127.0.0.1:9997/patches/{id}"));
    }
}
