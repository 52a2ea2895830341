//! Every object name below `/apps/{app}/`: the same on a disk, in a bucket and behind a CDN.
//!
//! ```text
//! metadata/{N}.root.json  metadata/timestamp.json  metadata/{N}.snapshot.json  metadata/{N}.{role}.json
//! targets/{folder}/{sha256}.{file}        consistent-snapshot names (TUF specification 6.2)
//! patches/{artifact sha256}/{base sha256}.{format}
//! patches/{artifact sha256}/index.json
//! ```

use crate::{Channel, Digest, FormatId, Invalid, Language, Platform, Version};

/// `metadata/timestamp.json`, the only mutable name.
pub const TIMESTAMP: &str = "metadata/timestamp.json";

/// `metadata/{version}.{role}.json`.
#[must_use]
pub fn metadata(role: &str, version: u64) -> String {
    format!("metadata/{version}.{role}.json")
}

/// The target path of an artifact: `releases/{version}/{os}-{arch}/{file}`.
///
/// # Errors
/// [`Invalid`] if `file` is no plain file name (see [`check_file_name`]).
pub fn artifact_path(version: &Version, platform: Platform, file: &str) -> Result<String, Invalid> {
    check_file_name(file)?;
    Ok(format!("releases/{version}/{platform}/{file}"))
}

/// The target path of release notes: `releases/{version}/notes/{language}.md`.
#[must_use]
pub fn notes_path(version: &Version, language: &Language) -> String {
    format!("releases/{version}/notes/{language}.md")
}

/// The target path of a channel's rollout: `rollout/{channel}.json`.
#[must_use]
pub fn rollout_path(channel: &Channel) -> String {
    format!("rollout/{channel}.json")
}

/// The object of a target: `targets/{folder}/{sha256}.{file}`.
///
/// # Errors
/// [`Invalid`] if the path has empty, `.` or `..` segments or characters beyond [`check_file_name`]'s.
pub fn target(path: &str, sha256: &Digest) -> Result<String, Invalid> {
    for segment in path.split('/') {
        check_file_name(segment)?;
    }
    Ok(match path.rsplit_once('/') {
        Some((folder, file)) => format!("targets/{folder}/{sha256}.{file}"),
        None => format!("targets/{sha256}.{path}"),
    })
}

/// The optional compressed twin of a target: the same object with `.zst`, one zstd frame.
///
/// # Errors
/// As [`target`].
pub fn compressed_target(path: &str, sha256: &Digest) -> Result<String, Invalid> {
    Ok(format!("{}.zst", target(path, sha256)?))
}

/// The object of a patch.
#[must_use]
pub fn patch(artifact: &Digest, base: &Digest, format: &FormatId) -> String {
    format!("patches/{artifact}/{base}.{format}")
}

/// The object of the index of an artifact's patches.
#[must_use]
pub fn patch_index(artifact: &Digest) -> String {
    format!("patches/{artifact}/index.json")
}

/// Checks one segment of a path: 1 to 128 of letters, digits and `. _ - +`, not beginning with a dot.
///
/// # Errors
/// [`Invalid`] otherwise. Everything that could leave a folder or need escaping in a URL is refused.
pub fn check_file_name(segment: &str) -> Result<(), Invalid> {
    let good = (1..=128).contains(&segment.len())
        && !segment.starts_with('.')
        && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b));
    if good {
        return Ok(());
    }
    let rule = "it must be 1 to 128 letters, digits, '.', '_', '-' or '+', and not begin with a dot";
    Err(Invalid::new("file name", segment, rule))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_any_tuf_client_expects() {
        let sha = Digest::of(b"");
        let path =
            artifact_path(&Version::parse("1.2.3").unwrap(), Platform::parse("linux-x86_64").unwrap(), "app")
                .unwrap();
        assert_eq!(path, "releases/1.2.3/linux-x86_64/app");
        assert_eq!(target(&path, &sha).unwrap(), format!("targets/releases/1.2.3/linux-x86_64/{sha}.app"));
        assert_eq!(target("plain", &sha).unwrap(), format!("targets/{sha}.plain"));
        assert_eq!(metadata("root", 3), "metadata/3.root.json");
    }

    #[test]
    fn nothing_leaves_the_folder() {
        let sha = Digest::of(b"");
        for bad in
            ["..", "a/../b", "/etc/passwd", "a//b", "a/", "", "a\\b", "a%2eb", "a b", "a\0", ".hidden", "é"]
        {
            assert!(target(bad, &sha).is_err(), "{bad:?}");
        }
    }
}
