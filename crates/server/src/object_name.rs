//! The names of objects below `/apps/{app}/`, parsed from the raw path of a request.
//!
//! A request path never touches the file system. It is parsed into an [`ObjectName`], and the path on disk is written
//! anew from its typed parts. There is one spelling of every name: percent escapes, empty segments, `.` and `..`,
//! upper-case digests, leading zeros and query strings name nothing, so a cache in front cannot be filled with aliases.

use std::path::{Path, PathBuf};

use protocol::{AppId, Digest, FormatId, object};

/// The longest request path that is looked at, in bytes.
const MAX_PATH: usize = 1024;
/// The most folders of a target path.
const MAX_FOLDERS: usize = 8;

/// An object of an app.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum ObjectName {
    /// `metadata/timestamp.json`, the only name whose content changes.
    Timestamp,
    /// `metadata/{version}.{role}.json`.
    Metadata {
        /// The role: a top-level or delegated one.
        role: String,
        /// Its version.
        version: u64,
    },
    /// `targets/{folders}/{sha256}.{file}`.
    Target {
        /// The folders between `targets/` and the file, without slashes at the ends; may be empty.
        folders: String,
        /// SHA-256 of the target.
        sha256: Digest,
        /// The plain file name.
        file: String,
    },
    /// `patches/{artifact}/index.json`.
    PatchIndex {
        /// SHA-256 of the artifact that the patches lead to.
        artifact: Digest,
    },
    /// `patches/{artifact}/{base}.{format}`.
    Patch(PatchName),
}

/// The name of one patch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PatchName {
    /// SHA-256 of the artifact it leads to.
    pub(crate) artifact: Digest,
    /// SHA-256 of the artifact it starts from.
    pub(crate) base: Digest,
    /// Its format.
    pub(crate) format: FormatId,
}

impl ObjectName {
    /// Parses the part of a request path behind `/apps/{app}/`. None: no object has this name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (folder, rest) = text.split_once('/')?;
        match folder {
            "metadata" => Self::parse_metadata(rest),
            "targets" => Self::parse_target(rest),
            "patches" => Self::parse_patch(rest),
            _ => None,
        }
    }

    fn parse_metadata(file: &str) -> Option<Self> {
        if file == "timestamp.json" {
            return Some(Self::Timestamp);
        }
        let (version, role) = file.strip_suffix(".json")?.split_once('.')?;
        let number: u64 = version.parse().ok()?;
        let one_spelling = number > 0 && number.to_string() == version;
        let plain = !role.contains('.') && object::check_file_name(role).is_ok();
        // A numbered timestamp is nothing that a client asks for; serving one would help to replay it.
        (one_spelling && plain && role != "timestamp")
            .then(|| Self::Metadata { role: role.to_owned(), version: number })
    }

    fn parse_target(path: &str) -> Option<Self> {
        let (folders, last) = path.rsplit_once('/').unwrap_or(("", path));
        let (sha256, file) = last.split_once('.')?;
        let (sha256, file) = (Digest::parse(sha256).ok()?, file.to_owned());
        object::check_file_name(&file).ok()?;
        if !folders.is_empty()
            && (folders.split('/').count() > MAX_FOLDERS
                || folders.split('/').any(|segment| object::check_file_name(segment).is_err()))
        {
            return None;
        }
        if path.contains('/') && folders.is_empty() {
            return None;
        }
        Some(Self::Target { folders: folders.to_owned(), sha256, file })
    }

    fn parse_patch(path: &str) -> Option<Self> {
        let (artifact, last) = path.split_once('/')?;
        let artifact = Digest::parse(artifact).ok()?;
        if last == "index.json" {
            return Some(Self::PatchIndex { artifact });
        }
        let (base, format) = last.split_once('.')?;
        let (base, format) = (Digest::parse(base).ok()?, FormatId::parse(format).ok()?);
        Some(Self::Patch(PatchName { artifact, base, format }))
    }

    /// The name, relative to the folder of the app.
    pub(crate) fn as_path(&self) -> PathBuf {
        PathBuf::from(self.to_text())
    }

    /// Its only spelling, which is what [`Self::parse`] takes.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Timestamp => object::TIMESTAMP.to_owned(),
            Self::Metadata { role, version } => object::metadata(role, *version),
            Self::Target { folders, sha256, file } if folders.is_empty() => {
                format!("targets/{sha256}.{file}")
            }
            Self::Target { folders, sha256, file } => format!("targets/{folders}/{sha256}.{file}"),
            Self::PatchIndex { artifact } => object::patch_index(artifact),
            Self::Patch(name) => object::patch(&name.artifact, &name.base, &name.format),
        }
    }

    /// The bounded word for this kind of object in metrics.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Timestamp => "timestamp",
            Self::Metadata { .. } => "metadata",
            Self::Target { .. } => "target",
            Self::PatchIndex { .. } => "patch-index",
            Self::Patch(_) => "patch",
        }
    }
}

impl PatchName {
    /// The name, relative to the folder of the app.
    pub(crate) fn as_path(&self) -> PathBuf {
        PathBuf::from(object::patch(&self.artifact, &self.base, &self.format))
    }
}

/// Splits `/apps/{app}/{rest}`. None for every other path, and for an app that is no [`AppId`].
pub(crate) fn split_path(raw: &str) -> Option<(AppId, &str)> {
    if raw.len() > MAX_PATH {
        return None;
    }
    let (app, rest) = raw.strip_prefix("/apps/")?.split_once('/')?;
    Some((AppId::parse(app).ok()?, rest))
}

/// The object that a file of an app's tree is; `path` is relative to the folder of the app.
pub(crate) fn of_file(path: &Path) -> Option<ObjectName> {
    let text = path.to_str()?.replace(std::path::MAIN_SEPARATOR, "/");
    ObjectName::parse(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_one_spelling_and_survives_the_way_to_disk() {
        let sha = Digest::of(b"x").to_string();
        for good in [
            "metadata/timestamp.json".to_owned(),
            "metadata/1.root.json".to_owned(),
            "metadata/18446744073709551615.snapshot.json".to_owned(),
            "metadata/3.ingest.json".to_owned(),
            format!("targets/releases/1.2.3-beta.1/linux-x86_64/{sha}.app"),
            format!("targets/releases/1.2.3/linux-x86_64/{sha}.app.exe.zst"),
            format!("targets/{sha}.plain"),
            format!("targets/rollout/{sha}.stable.json"),
            format!("patches/{sha}/{sha}.bsz1"),
            format!("patches/{sha}/index.json"),
        ] {
            let name = ObjectName::parse(&good).unwrap_or_else(|| panic!("{good}"));
            assert_eq!(name.as_path(), Path::new(&good));
            assert_eq!(of_file(Path::new(&good)), Some(name));
        }
    }

    #[test]
    fn nothing_else_is_a_name() {
        let sha = Digest::of(b"x").to_string();
        let long = "a/".repeat(9);
        for bad in [
            String::new(),
            "metadata".into(),
            "metadata/".into(),
            "metadata/01.root.json".into(),
            "metadata/+1.root.json".into(),
            "metadata/0.root.json".into(),
            "metadata/18446744073709551616.root.json".into(),
            "metadata/1.timestamp.json".into(),
            "metadata/1.a.b.json".into(),
            "metadata/1..json".into(),
            "metadata/1...json".into(),
            "metadata/root.json".into(),
            "metadata/../metadata/timestamp.json".into(),
            "metadata/1.a/b.json".into(),
            "metadata/1.%72oot.json".into(),
            "keys/timestamp.pem".into(),
            ".lock".into(),
            format!("targets//{sha}.x"),
            format!("targets/../{sha}.x"),
            format!("targets/a/../{sha}.x"),
            format!("targets/a/./{sha}.x"),
            format!("targets/%2e%2e/{sha}.x"),
            format!("targets/a%2f{sha}.x"),
            format!("targets/a\\b/{sha}.x"),
            format!("targets/.hidden/{sha}.x"),
            format!("targets/é/{sha}.x"),
            format!("targets/a\0/{sha}.x"),
            format!("targets/{}/{sha}.x", "a".repeat(129)),
            format!("targets/{long}{sha}.x"),
            format!("targets/{}.x", sha.to_uppercase()),
            format!("targets/{sha}"),
            format!("targets/{sha}."),
            format!("targets/{sha}..x"),
            format!("patches/{sha}/../{sha}.bsz1"),
            format!("patches/{sha}/{sha}"),
            format!("patches/{sha}/{sha}.bsz1.tmp"),
            format!("patches/{sha}/{sha}.BSZ1"),
            format!("patches/{sha}/x/index.json"),
        ] {
            assert_eq!(ObjectName::parse(&bad), None, "{bad}");
        }
    }

    #[test]
    fn apps_are_split_off() {
        let (app, rest) = split_path("/apps/lantern/metadata/timestamp.json").unwrap();
        assert_eq!((app.as_str(), rest), ("lantern", "metadata/timestamp.json"));
        let long = format!("/apps/a/{}", "x".repeat(MAX_PATH));
        for bad in [
            "/",
            "/apps",
            "/apps/",
            "/apps/a",
            "/apps/../x",
            "/apps//x",
            "/apps/A/x",
            "/apps/.locks/x",
            &long,
        ] {
            assert_eq!(split_path(bad), None, "{bad}");
        }
    }
}
