//! One process per data directory: an OS lock that a dead process cannot hold.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The lock of a data directory; given back when dropped, or when the process ends in any way.
#[derive(Debug)]
pub(crate) struct DataLock(File);

impl Drop for DataLock {
    fn drop(&mut self) {
        // Closing would do, were it not for another thread that is just starting a child: until that program runs, it has our
        // descriptors too, and the lock would outlive us by that moment.
        let _ = unlock(&self.0);
    }
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process works there.
    #[error("another autoupdate-server works on {}: stop it first", folder.display())]
    Held {
        /// The data directory.
        folder: PathBuf,
    },
    /// The lock file cannot be made.
    #[error("{}: cannot be locked: {source}", file.display())]
    Disk {
        /// The lock file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl DataLock {
    pub(crate) fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(".lock");
        let disk = |source| LockError::Disk { file: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(disk)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        // On Windows the open file itself is the lock: nobody else may open it.
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0);
        let file = options.open(&path).map_err(disk)?;
        if lock(&file).map_err(disk)? {
            Ok(Self(file))
        } else {
            Err(LockError::Held { folder: folder.to_owned() })
        }
    }
}

#[cfg(unix)]
fn lock(file: &File) -> io::Result<bool> {
    match rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn lock(_: &File) -> io::Result<bool> {
    Ok(true)
}

#[cfg(unix)]
fn unlock(file: &File) -> io::Result<()> {
    Ok(rustix::fs::flock(file, rustix::fs::FlockOperation::Unlock)?)
}

#[cfg(not(unix))]
fn unlock(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataLock::take(folder.path()).unwrap();
        assert!(matches!(DataLock::take(folder.path()), Err(LockError::Held { .. })));
        drop(first);
        assert!(DataLock::take(folder.path()).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_child_that_is_just_being_started_does_not_keep_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataLock::take(folder.path()).unwrap();
        // What a child has until its program runs: the same open file under another number.
        let copy = first.0.try_clone().unwrap();
        drop(first);
        assert!(DataLock::take(folder.path()).is_ok());
        drop(copy);
    }
}
