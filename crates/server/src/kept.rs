//! Metadata kept in memory: what every client asks for at every check, so it is read and hashed once.
//!
//! Rules: an entry counts only while the file under its name is still the one that was read, which one `lstat` says;
//! files are replaced by rename, never written in place. So whoever publishes into the tree beside this process is seen
//! at once. The memory is bounded: when there is no room, everything goes and is read again as it is asked for.

use std::collections::HashMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use axum::http::HeaderValue;
use bytes::Bytes;

use crate::object_name::ObjectName;

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
    /// By the only spelling of their names.
    by_name: HashMap<String, Arc<Small>>,
    bytes: usize,
}

/// A small file with its ETag.
#[derive(Debug)]
pub(crate) struct Small {
    pub(crate) name: ObjectName,
    pub(crate) bytes: Bytes,
    pub(crate) etag: HeaderValue,
    /// Where it lies, and how that looked when it was opened.
    pub(crate) path: PathBuf,
    pub(crate) stamp: Stamp,
}

/// How it stands with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// It is the one that had the stamp.
    Same,
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

/// Asks the file system once, which has the answer in memory for what is asked for so often. Without a stamp no file is the same.
pub(crate) fn look(path: &Path, stamp: Option<&Stamp>) -> Look {
    match std::fs::symlink_metadata(path) {
        Ok(now) if now.is_file() && stamp == Some(&Stamp::of(&now)) => Look::Same,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Look::Absent,
        Ok(_) | Err(_) => Look::Unknown,
    }
}

impl Small {
    /// How it stands with its file now.
    pub(crate) fn look(&self) -> Look {
        look(&self.path, Some(&self.stamp))
    }
}

impl Kept {
    /// What was read of the object of this name, however long ago. Any text may be asked for.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Small>> {
        self.files.read().unwrap_or_else(PoisonError::into_inner).by_name.get(name).map(Arc::clone)
    }

    /// Keeps what was read.
    pub(crate) fn put(&self, small: &Arc<Small>) {
        let length = small.bytes.len();
        if length > MAX_BYTES {
            return;
        }
        let name = small.name.to_text();
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = files.by_name.remove(&name) {
            files.bytes -= old.bytes.len();
        }
        if files.bytes + length > MAX_BYTES || files.by_name.len() >= MAX_FILES {
            *files = Files::default();
        }
        files.bytes += length;
        files.by_name.insert(name, Arc::clone(small));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a file and reads it as a request does.
    fn read(folder: &Path, version: u64, content: &[u8]) -> Arc<Small> {
        let name = ObjectName::Metadata { role: "root".to_owned(), version };
        let path = folder.join(version.to_string());
        crate::disk::write(&path, content).unwrap();
        let stamp = Stamp::of(&std::fs::symlink_metadata(&path).unwrap());
        let etag = HeaderValue::from_static("\"x\"");
        Arc::new(Small { name, bytes: Bytes::copy_from_slice(content), etag, path, stamp })
    }

    #[test]
    fn only_what_still_lies_there_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, name) = (Kept::default(), "metadata/1.root.json");
        assert!(kept.get(name).is_none());
        let one = read(folder.path(), 1, b"one");
        kept.put(&one);
        assert_eq!(
            kept.get(name).map(|small| (small.look(), small.bytes.clone())),
            Some((Look::Same, "one".into()))
        );
        let two = read(folder.path(), 1, b"two");
        let old = kept.get(name).unwrap();
        assert_eq!(old.look(), Look::Unknown, "it was replaced by a file as long, in the same moment");
        assert_eq!(look(&two.path, None), Look::Unknown);
        kept.put(&two);
        assert_eq!(
            kept.get(name).map(|small| (small.look(), small.bytes.clone())),
            Some((Look::Same, "two".into()))
        );
        std::fs::remove_file(&two.path).unwrap();
        assert_eq!((two.look(), look(&two.path, None)), (Look::Absent, Look::Absent), "it is gone");
    }

    #[test]
    fn memory_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::default();
        for version in 1..10 {
            let small = read(folder.path(), version, &vec![7; MAX_BYTES / 4]);
            kept.put(&small);
            let files = kept.files.read().unwrap();
            let sum: usize = files.by_name.values().map(|small| small.bytes.len()).sum();
            assert!(sum == files.bytes && sum <= MAX_BYTES, "{sum}");
        }
        kept.put(&read(folder.path(), 20, &vec![0; MAX_BYTES + 1]));
        assert!(kept.get("metadata/20.root.json").is_none(), "larger than all room there is");
    }
}
