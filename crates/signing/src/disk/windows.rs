//! Permissions, folders and locks on Windows. A key file there inherits the access rights of its folder; below the
//! user's profile that is the user, the administrators and the system, which is what 0600 means on Unix.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::Error;

/// `ERROR_SHARING_VIOLATION`: another process holds the file.
const SHARING_VIOLATION: i32 = 32;

pub(super) fn open_no_follow(path: &Path) -> io::Result<File> {
    if std::fs::symlink_metadata(path)?.file_type().is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a symbolic link"));
    }
    File::open(path)
}

#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
pub(super) fn check_private(_file: &File, _path: &Path) -> Result<(), Error> {
    Ok(())
}

pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

pub(super) fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

/// Windows has no sync of a folder; NTFS journals the rename.
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
pub(super) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Held while one process works on a repository: a file that nobody else may open.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held open, never read")] File);

impl Lock {
    /// Takes the lock file `path`, or says at once that somebody else has it.
    pub(crate) fn take(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).share_mode(0).open(path);
        match file {
            Ok(file) => Ok(Self(file)),
            Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => {
                Err(Error::Locked { path: super::parent(path).to_owned() })
            }
            Err(error) => Err(Error::io("lock", path)(error)),
        }
    }
}
