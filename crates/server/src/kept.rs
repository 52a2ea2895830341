//! Metadata kept in memory: what every client asks for at every check, so it is read and hashed once.
//!
//! Rules: an entry counts only while the file under its name is still the one that was read, which one `lstat` says;
//! files are replaced by rename, never written in place. So whoever publishes into the tree beside this process is seen
//! at once. The memory is bounded: when there is no room, everything goes and is read again as it is asked for.

use std::collections::HashMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use axum::http::HeaderValue;
use bytes::Bytes;

/// The most bytes that are kept for one app.
const MAX_BYTES: usize = 8 << 20;
/// The most files that are kept for one app.
const MAX_FILES: usize = 256;

/// The metadata of one app.
#[derive(Default)]
pub(crate) struct Kept {
    files: RwLock<Files>,
}

#[derive(Default)]
struct Files {
    by_path: HashMap<PathBuf, (Stamp, Small)>,
    bytes: usize,
}

/// A small file with its ETag. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Small {
    pub(crate) bytes: Bytes,
    pub(crate) etag: HeaderValue,
}

/// What is known of a file without reading it.
pub(crate) enum Look {
    /// It is the one that was kept.
    Kept(Small),
    /// There is none.
    Absent,
    /// It must be read.
    Unknown,
}

/// What a replacement of a file changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    file: u64,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let file = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let file = 0;
        Self { modified: metadata.modified().ok(), length: metadata.len(), file }
    }
}

impl Kept {
    /// The file under this path, if it was kept and is still the same. Asks the file system once, which has the answer in
    /// memory for what is asked for so often.
    pub(crate) fn get(&self, path: &Path) -> Look {
        let now = match std::fs::symlink_metadata(path) {
            Ok(now) => now,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Look::Absent,
            Err(_) => return Look::Unknown,
        };
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        match files.by_path.get(path) {
            Some((stamp, small)) if now.is_file() && Stamp::of(&now) == *stamp => Look::Kept(small.clone()),
            _ => Look::Unknown,
        }
    }

    /// Keeps what was read of the file that had this stamp when it was opened.
    pub(crate) fn put(&self, path: &Path, stamp: Stamp, small: &Small) {
        let length = small.bytes.len();
        if length > MAX_BYTES {
            return;
        }
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, old)) = files.by_path.remove(path) {
            files.bytes -= old.bytes.len();
        }
        if files.bytes + length > MAX_BYTES || files.by_path.len() >= MAX_FILES {
            *files = Files::default();
        }
        files.bytes += length;
        files.by_path.insert(path.to_owned(), (stamp, small.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(text: &[u8]) -> Small {
        Small { bytes: Bytes::copy_from_slice(text), etag: HeaderValue::from_static("\"x\"") }
    }

    /// What is kept under a path.
    fn bytes(kept: &Kept, path: &Path) -> Option<Bytes> {
        match kept.get(path) {
            Look::Kept(small) => Some(small.bytes),
            Look::Absent | Look::Unknown => None,
        }
    }

    fn write(path: &Path, text: &[u8]) -> Stamp {
        crate::disk::write(path, text).unwrap();
        Stamp::of(&std::fs::symlink_metadata(path).unwrap())
    }

    #[test]
    fn only_what_still_lies_there_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("timestamp.json");
        let kept = Kept::default();
        assert!(matches!(kept.get(&path), Look::Absent));
        let stamp = write(&path, b"one");
        kept.put(&path, stamp, &small(b"one"));
        assert_eq!(bytes(&kept, &path).unwrap(), "one");
        let stamp = write(&path, b"two");
        assert!(
            matches!(kept.get(&path), Look::Unknown),
            "it was replaced by a file as long, in the same moment"
        );
        kept.put(&path, stamp, &small(b"two"));
        assert_eq!(bytes(&kept, &path).unwrap(), "two");
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(kept.get(&path), Look::Absent), "it is gone");
    }

    #[test]
    fn memory_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::default();
        let content = vec![7; MAX_BYTES / 4];
        for name in 0..9 {
            let path = folder.path().join(name.to_string());
            let stamp = write(&path, &content);
            kept.put(&path, stamp, &small(&content));
            let files = kept.files.read().unwrap();
            let sum: usize = files.by_path.values().map(|(_, small)| small.bytes.len()).sum();
            assert!(sum == files.bytes && sum <= MAX_BYTES, "{sum}");
        }
        let path = folder.path().join("large");
        kept.put(&path, write(&path, b"x"), &small(&vec![0; MAX_BYTES + 1]));
        assert!(bytes(&kept, &path).is_none(), "larger than all room there is");
    }
}
