//! The trusted metadata of one app: one file per role, byte for byte as received, under unversioned names.
//!
//! The verifier decides what is kept and in which order; a file that is kept is always one that was verified. Whatever
//! lies here is verified again when it is loaded. Private state lies in `private/`, so that the folder itself holds
//! nothing but roles.

use std::path::PathBuf;
use std::{fs, io};

use protocol::Digest;
use serde::{Deserialize, Serialize};
use trust::{Keep, LIMITS, Stored};
use url::Url;

use super::{Error, atomic};

const FORMAT: u32 = 1;
/// The longest entity tag file that is read, in bytes.
const MAX_ETAG_BYTES: u64 = 8 << 10;

/// The folder of an app's trusted metadata.
#[derive(Debug, Clone)]
pub struct Metadata {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct EtagFile {
    format: u32,
    url: Url,
    etag: String,
    sha256: Digest,
}

impl Metadata {
    /// The metadata in this folder.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The file of a role, named by the role's name in percent-encoding.
    fn file(&self, role: &str) -> PathBuf {
        self.folder.join(format!("{}.json", percent_encoded(role)))
    }

    fn etag_file(&self) -> PathBuf {
        self.folder.join("private/timestamp-etag.json")
    }

    /// Everything that is kept here.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn load(&self) -> Result<Stored, Error> {
        let mut stored = Stored {
            root: self.role(trust::ROOT, LIMITS.root_bytes)?,
            timestamp: self.role(trust::TIMESTAMP, LIMITS.timestamp_bytes)?,
            snapshot: self.role(trust::SNAPSHOT, LIMITS.snapshot_bytes)?,
            targets: self.role(trust::TARGETS, LIMITS.targets_bytes)?,
            ..Stored::default()
        };
        for role in self.delegated_roles()? {
            if let Some(bytes) = self.role(&role, LIMITS.delegated_bytes)? {
                stored.delegated.insert(role, bytes);
            }
        }
        Ok(stored)
    }

    /// A kept role; `None` if there is none.
    fn role(&self, role: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        atomic::read(&self.file(role), limit)
    }

    /// The names of kept roles beside the four, at most as many as the verifier takes.
    fn delegated_roles(&self) -> Result<Vec<String>, Error> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::read(&self.folder, error)),
        };
        let top = [trust::ROOT, trust::TIMESTAMP, trust::SNAPSHOT, trust::TARGETS];
        Ok((entries.flatten())
            .filter_map(|entry| percent_decoded(entry.file_name().to_str()?.strip_suffix(".json")?))
            .filter(|role| !top.contains(&role.as_str()))
            .take(LIMITS.delegations)
            .collect())
    }

    /// Puts the file of a role out of the way because it does not verify.
    pub fn set_aside(&self, role: &str, why: &str) {
        if self.file(role).exists() {
            atomic::set_aside(&self.file(role), why);
        }
    }

    /// The kept bytes of a small target, for example the rollout of a channel. To be checked before they are used.
    #[must_use]
    pub fn target(&self, path: &str, limit: u64) -> Option<Vec<u8>> {
        atomic::read(&self.target_file(path), limit).ok()?
    }

    /// Keeps the bytes of a small target.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn keep_target(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        atomic::write(&self.target_file(path), bytes)
    }

    fn target_file(&self, path: &str) -> PathBuf {
        self.folder.join("private/targets").join(percent_encoded(path))
    }

    /// Keeps what the verifier says must be kept. Call in the order given.
    ///
    /// # Errors
    /// [`Error::Write`]; what was kept before is whole.
    pub fn keep(&self, keep: &Keep) -> Result<(), Error> {
        atomic::write(&self.file(&keep.role), &keep.bytes)
    }

    /// The entity tag under which `url` served the stored timestamp; `None` if it is not known or if the stored
    /// timestamp is another one by now.
    #[must_use]
    pub fn timestamp_etag(&self, url: &Url, timestamp: &[u8]) -> Option<String> {
        let bytes = atomic::read(&self.etag_file(), MAX_ETAG_BYTES).ok()??;
        let file: EtagFile = serde_json::from_slice(&bytes).ok()?;
        let fits = file.format == FORMAT && &file.url == url && file.sha256 == Digest::of(timestamp);
        fits.then_some(file.etag)
    }

    /// Keeps the entity tag of a timestamp.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn keep_timestamp_etag(&self, url: &Url, timestamp: &[u8], etag: &str) -> Result<(), Error> {
        let file = EtagFile {
            format: FORMAT,
            url: url.clone(),
            etag: etag.to_owned(),
            sha256: Digest::of(timestamp),
        };
        let path = self.etag_file();
        let bytes =
            serde_json::to_vec(&file).map_err(|error| Error::write(&path, io::Error::other(error)))?;
        atomic::write(&path, &bytes)
    }
}

/// A role's or target's name as a file name: everything but letters, digits, `-`, `_`, `.` and `~` becomes `%XX`.
#[must_use]
pub fn percent_encoded(name: &str) -> String {
    use std::fmt::Write;
    name.bytes().fold(String::with_capacity(name.len()), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            u8::try_from(digit(rest.next())? << 4 | digit(rest.next())?).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(folder: &tempfile::TempDir) -> (Metadata, Url) {
        let url = Url::parse("https://updates.example.org/apps/demo/metadata/timestamp.json").unwrap();
        (Metadata::at(folder.path().join("metadata")), url)
    }

    #[test]
    fn an_entity_tag_counts_only_for_its_bytes_and_its_address() {
        let folder = tempfile::tempdir().unwrap();
        let (metadata, url) = metadata(&folder);
        assert_eq!(metadata.timestamp_etag(&url, b"bytes"), None);
        metadata.keep_timestamp_etag(&url, b"bytes", "\"1\"").unwrap();
        assert_eq!(metadata.timestamp_etag(&url, b"bytes").as_deref(), Some("\"1\""));
        assert_eq!(metadata.timestamp_etag(&url, b"other"), None);
        assert_eq!(metadata.timestamp_etag(&url.join("../x").unwrap(), b"bytes"), None);
    }

    #[test]
    fn the_golden_entity_tag_file_of_format_1_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let (metadata, url) = metadata(&folder);
        atomic::write(&metadata.etag_file(), include_bytes!("../../fixtures/v1/timestamp-etag.json"))
            .unwrap();
        assert_eq!(metadata.timestamp_etag(&url, b"abc").as_deref(), Some("\"abc\""));
    }

    #[test]
    fn what_is_kept_is_what_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let (metadata, url) = metadata(&folder);
        assert_eq!(metadata.load().unwrap(), Stored::default());
        let mut expected = Stored::default();
        for role in ["root", "timestamp", "snapshot", "targets", "rollout", "ingest"] {
            let keep = Keep { role: role.to_owned(), bytes: role.as_bytes().to_vec() };
            metadata.keep(&keep).unwrap();
            expected.keep(keep);
        }
        metadata.keep_timestamp_etag(&url, b"timestamp", "x").unwrap();
        metadata.keep_target("rollout/stable.json", b"{}").unwrap();
        metadata.set_aside("ingest", "test");
        expected.delegated.remove("ingest");
        assert_eq!(metadata.load().unwrap(), expected);
        assert_eq!(metadata.target("rollout/stable.json", 2).unwrap(), b"{}");
    }

    #[test]
    fn roles_cannot_leave_the_folder() {
        assert_eq!(percent_encoded("rollout"), "rollout");
        assert_eq!(percent_encoded("../ä b"), "..%2F%C3%A4%20b");
        let folder = tempfile::tempdir().unwrap();
        let (metadata, _) = metadata(&folder);
        let keep = Keep { role: "../evil".to_owned(), bytes: b"x".to_vec() };
        metadata.keep(&keep).unwrap();
        assert!(!folder.path().join("evil.json").exists());
        assert_eq!(metadata.load().unwrap().delegated, [("../evil".to_owned(), b"x".to_vec())].into());
    }
}
