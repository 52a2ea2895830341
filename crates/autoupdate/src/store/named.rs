//! Which version the installed bytes of an app are, as a Lantern server named them with its signature.
//!
//! A repository lists its releases, so what is installed can be looked up there at any time. A Lantern server names one version
//! per answer: what it said of the bytes that are installed is kept, or they would be unknown again as soon as it names the next.

use std::path::PathBuf;

use protocol::{Digest, Version};
use serde::{Deserialize, Serialize};

use super::{Error, atomic};

const FORMAT: u32 = 1;
const MAX_BYTES: u64 = 4 << 10;

#[derive(Serialize, Deserialize)]
struct File {
    format: u32,
    sha256: Digest,
    version: Version,
}

/// The file of one app.
#[derive(Debug, Clone)]
pub struct Named {
    path: PathBuf,
}

impl Named {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The version of these bytes, if it was named. What cannot be read counts as nothing: then a person must agree.
    #[must_use]
    pub fn version_of(&self, sha256: &Digest) -> Option<Version> {
        let bytes = atomic::read(&self.path, MAX_BYTES).ok()??;
        let file: File = serde_json::from_slice(&bytes).ok()?;
        (file.format == FORMAT && file.sha256 == *sha256).then_some(file.version)
    }

    /// Keeps the version of these bytes, in place of what was kept before.
    ///
    /// # Errors
    /// [`Error`].
    pub fn keep(&self, sha256: &Digest, version: &Version) -> Result<(), Error> {
        if self.version_of(sha256).as_ref() == Some(version) {
            return Ok(());
        }
        let file = File { format: FORMAT, sha256: *sha256, version: version.clone() };
        let bytes = serde_json::to_vec(&file).map_err(|error| Error::write(&self.path, error.into()))?;
        atomic::write(&self.path, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::version;

    #[test]
    fn the_version_of_other_bytes_is_not_known() {
        let folder = tempfile::tempdir().unwrap();
        let named = Named::at(folder.path().join("named/demo.json"));
        let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
        assert_eq!(named.version_of(&one), None);
        named.keep(&one, &version("1.0.0")).unwrap();
        assert_eq!((named.version_of(&one), named.version_of(&two)), (Some(version("1.0.0")), None));
        named.keep(&two, &version("2.0.0")).unwrap();
        assert_eq!((named.version_of(&one), named.version_of(&two)), (None, Some(version("2.0.0"))));
    }

    #[test]
    fn the_golden_file_of_format_1_is_read_and_written_alike() {
        let golden = include_str!("../../fixtures/v1/named.json").trim();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.json");
        let (named, one) = (Named::at(path.clone()), Digest::of(b"one"));
        named.keep(&one, &version("1.0.0")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), golden);
        std::fs::write(&path, golden).unwrap();
        assert_eq!(named.version_of(&one), Some(version("1.0.0")));
        for bad in [golden.replace("\"format\":1", "\"format\":2").as_str(), "", "{", "[]"] {
            std::fs::write(&path, bad).unwrap();
            assert_eq!(named.version_of(&one), None, "{bad}");
        }
    }
}
