//! A folder that is held open, and the files in it.
//!
//! Everything the install room does to files goes through here. On Unix every call is relative to a held descriptor and
//! follows no link, so nobody can swap a folder or a file for a link under our hands. Windows has no such calls in
//! reach; there the folder is a path, and its access rights protect it.

#[cfg(unix)]
mod attributes;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Write as _};

#[cfg(unix)]
pub(super) use attributes::{copy_attributes, has_capabilities};
#[cfg(unix)]
pub(super) use unix::{Folder, Lock, check_access, facts_of, is_immutable, link_owner, obstacles, room};
#[cfg(windows)]
pub(super) use windows::{
    Folder, Lock, check_access, copy_attributes, facts_of, has_capabilities, is_immutable, link_owner,
    obstacles, room,
};

use super::error::{Error, synced};
use crate::error::Phase;

/// The lock of one program.
pub(super) const LOCK: &str = "lock";
/// What is known about the program.
pub(super) const RECORD: &str = "record.json";
/// What is in progress.
pub(super) const JOURNAL: &str = "journal";
/// Verified new bytes.
pub(super) const STAGE: &str = "stage";
/// The old bytes while the new ones are being put in place.
pub(super) const KEEP: &str = "keep";
/// The old bytes, for a roll back.
pub(super) const PREVIOUS: &str = "previous";

/// What lies under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Other,
}

/// Which file it is, whatever its name: device and inode. Where the system does not tell, two are never equal to
/// anything but themselves by chance, so code for such systems compares digests instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(pub(super) u64, pub(super) u64);

/// What the file system says about a file. Two equal values mean that the bytes did not change in between: the change
/// time cannot be set by anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) kind: Kind,
    pub(super) identity: Identity,
    /// Permission bits including set-id bits.
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) links: u64,
    pub(super) length: u64,
    /// Modification and change time: seconds and nanoseconds of each.
    pub(super) times: [i64; 4],
}

/// Free room on a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Which file system it is.
    pub(super) device: u64,
    /// Bytes this user may still write.
    pub(super) bytes: u64,
    /// Files this user may still make; `None` if the file system does not count them.
    pub(super) files: Option<u64>,
    /// Mounted read-only.
    pub(super) read_only: bool,
}

impl Folder {
    /// Reads a whole file of ours. `None`: there is none, or it is longer than `limit` bytes, or not a plain file of ours.
    pub(super) fn read(&self, name: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match self.open_file(OsStr::new(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let facts = facts_of(&file)?;
        if facts.kind != Kind::File || facts.length > limit {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Replaces a whole file: whoever reads it, even after a power cut, finds the old or the new bytes.
    pub(super) fn store(&self, name: &str, bytes: &[u8], phase: Phase) -> Result<(), Error> {
        let fresh = format!("{name}.new");
        let path = self.path().join(name);
        let failed = |doing| move |source| Error::Io { phase, doing, path: self.path().join(name), source };
        self.remove(&fresh).map_err(failed("replace"))?;
        let mut file = self.create(&fresh).map_err(failed("write"))?;
        let stored = (file.write_all(bytes).map_err(failed("write")))
            .and_then(|()| synced(file.sync_all(), phase, &path))
            .and_then(|()| self.rename(&fresh, self, OsStr::new(name)).map_err(failed("replace")));
        if let Err(error) = stored {
            // Best effort: the next start removes it as well.
            let _ = self.remove(&fresh);
            return Err(error);
        }
        synced(self.sync(), phase, self.path())
    }

    /// Opens a file of ours to write at its end. Refuses anything that is not a plain file of ours with one name.
    pub(super) fn open_end(&self, name: &str) -> io::Result<File> {
        let file = self.open_append(name)?;
        let facts = facts_of(&file)?;
        if facts.kind != Kind::File || facts.links != 1 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file with one name"));
        }
        Ok(file)
    }
}
