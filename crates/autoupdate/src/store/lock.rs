//! A lock between processes, for what is read, changed and written again: without it one of two changes is lost.
//!
//! It is the operating system's, on a file beside the state file that stays there and is never written. It is free again when
//! its holder dies. Whoever only reads needs none: a file is replaced whole.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Error, atomic};

/// How long another process is waited for. What it does under the lock is to read and write one small file.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How often it is asked meanwhile.
const POLL: Duration = Duration::from_millis(5);

/// A lock that is held.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Takes the lock of the state file `path`; blocks while another process has it.
    ///
    /// # Errors
    /// [`Error::Locked`] after ten seconds, [`Error::Write`] if there can be no lock file.
    pub(super) fn of(path: &Path) -> Result<Self, Error> {
        Self::within(path, LONGEST_WAIT)
    }

    fn within(path: &Path, wait: Duration) -> Result<Self, Error> {
        atomic::make_folder(atomic::folder_of(path)?)?;
        let beside = atomic::beside(path, "lock");
        let failed = |error| Error::write(&beside, error);
        let deadline = Instant::now() + wait;
        loop {
            let lock = Self(private(&beside).map_err(failed)?);
            match lock.0.try_lock() {
                // Whoever removed the file and made a new one would have a lock of their own.
                Ok(()) if is_there(&lock.0, &beside).map_err(failed)? => return Ok(lock),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    // Some network file systems have no locks. A lost change is better than no state at all.
                    tracing::warn!(file = %beside.display(), %error, "no lock can be had, so none is used");
                    return Ok(lock);
                }
            }
            if Instant::now() >= deadline {
                return Err(Error::Locked { path: path.to_path_buf() });
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // By word and not by closing alone: a thread that is just starting a program has our descriptors for a moment, too.
        let _free = self.0.unlock();
    }
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether an open file still has this name.
#[cfg(unix)]
pub(super) fn is_there(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |of: &fs::Metadata| (of.dev(), of.ino());
    match fs::symlink_metadata(path) {
        Ok(there) => Ok(identity(&there) == identity(&file.metadata()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a file still has this name. Identities are not told here; a name that is gone is.
#[cfg(not(unix))]
pub(super) fn is_there(_file: &File, path: &Path) -> io::Result<bool> {
    fs::exists(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_waited_for_but_not_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/holds.json");
        let held = Lock::of(&path).unwrap();
        let other = Lock::within(&path, Duration::from_millis(20)).unwrap_err();
        assert!(matches!(&other, Error::Locked { .. }) && other.fault().code == "E-LOCK-STATE", "{other}");
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| Lock::of(&path).map(drop));
            drop(held);
            waits.join().unwrap().unwrap();
        });
        let _again = Lock::within(&path, Duration::ZERO).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_removed_file_is_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("holds.json");
        let held = Lock::of(&path).unwrap();
        let beside = atomic::beside(&path, "lock");
        assert!(is_there(&held.0, &beside).unwrap());
        fs::remove_file(&beside).unwrap();
        assert!(!is_there(&held.0, &beside).unwrap());
        let _new = Lock::within(&path, Duration::ZERO).unwrap();
        assert!(!is_there(&held.0, &beside).unwrap());
    }
}
