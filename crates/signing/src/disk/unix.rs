//! Permissions, folders and locks on Unix.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;

use crate::Error;

/// Opens for reading; a symbolic link in the last place is refused, so that the permissions checked are the key's own.
pub(super) fn open_no_follow(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Refuses a file that its group or others may touch in any way.
pub(super) fn check_private(file: &File, path: &Path) -> Result<(), Error> {
    let mode = file.metadata().map_err(Error::io("look at", path))?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(Error::Readable { path: path.to_owned(), mode });
    }
    Ok(())
}

/// The owner alone may read what is made.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

pub(super) fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Held while one process works on a repository. The system lets go of it when the process dies.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would do, were it not for another thread that is just starting a program: until that program runs, it
        // has our descriptors too, and the lock would outlive us by that moment.
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }
}

impl Lock {
    /// Takes the lock file `path`, or says at once that somebody else has it.
    pub(crate) fn take(path: &Path) -> Result<Self, Error> {
        let file = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path);
        let file = file.map_err(Error::io("lock", path))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self(file)),
            Err(Errno::WOULDBLOCK) => Err(Error::Locked { path: super::parent(path).to_owned() }),
            Err(errno) => Err(Error::io("lock", path)(errno.into())),
        }
    }
}
