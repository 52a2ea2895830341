//! Folders and files on Windows. Folders are paths here: the system protects a running program's folder by its access
//! rights, and new folders inherit those of the folder they are in.

use std::ffi::OsStr;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{Facts, Identity, Kind, Room};
use crate::install::error::Error;

/// A file opened without sharing is a lock: nobody else can open it until it is closed, also by the death of its owner.
const NOT_SHARED: u32 = 0;

/// `ERROR_SHARING_VIOLATION`
const SHARING_VIOLATION: i32 = 32;

/// A lock that is held.
#[derive(Debug)]
pub(in crate::install) struct Lock {
    _file: File,
}

impl Lock {
    /// Whoever cannot have the lock cannot read the file here either, so nothing is written.
    pub(in crate::install) fn sign(&mut self, _words: &str) -> io::Result<()> {
        Ok(())
    }
}

/// A folder.
#[derive(Debug)]
pub(in crate::install) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens the folder at an absolute path.
    pub(in crate::install) fn open(path: &Path) -> io::Result<Self> {
        if !std::fs::symlink_metadata(path)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Opens a folder in this folder.
    pub(in crate::install) fn open_folder(&self, name: &OsStr) -> io::Result<Self> {
        Self::open(&self.path.join(name))
    }

    /// Makes a folder in this folder. An error if there is anything of that name.
    pub(in crate::install) fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        std::fs::create_dir(self.path.join(name))
    }

    /// Where it is.
    pub(in crate::install) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file system says about the folder itself.
    pub(in crate::install) fn own_facts(&self) -> io::Result<Facts> {
        Ok(facts(&std::fs::symlink_metadata(&self.path)?))
    }

    /// What lies under `name`, if anything does. A link is reported as itself.
    pub(in crate::install) fn facts(&self, name: &OsStr) -> io::Result<Option<Facts>> {
        match std::fs::symlink_metadata(self.path.join(name)) {
            Ok(meta) => Ok(Some(facts(&meta))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a file to read.
    pub(in crate::install) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        File::open(self.path.join(name))
    }

    /// Makes a file that was not there before.
    pub(in crate::install) fn create(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(self.path.join(name))
    }

    /// Opens a file to write at its end.
    pub(super) fn open_append(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().append(true).open(self.path.join(name))
    }

    /// Takes the lock `name`, made if absent. `None`: somebody else has it.
    pub(in crate::install) fn lock(&self, name: &str) -> io::Result<Option<Lock>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).share_mode(NOT_SHARED);
        match options.open(self.path.join(name)) {
            Ok(file) => Ok(Some(Lock { _file: file })),
            Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes a file. Fine if there is none.
    pub(in crate::install) fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Moves a file over whatever has the name `to_name` in `to`.
    pub(in crate::install) fn rename(&self, name: &str, to: &Self, to_name: &OsStr) -> io::Result<()> {
        self.rename_name(OsStr::new(name), to, to_name)
    }

    /// The same, for the program, whose name is not ours.
    pub(in crate::install) fn rename_name(&self, name: &OsStr, to: &Self, to_name: &OsStr) -> io::Result<()> {
        std::fs::rename(self.path.join(name), to.path.join(to_name))
    }

    /// Gives a file of this folder a second name in `to`.
    pub(in crate::install) fn link(&self, name: &OsStr, to: &Self, to_name: &str) -> io::Result<()> {
        std::fs::hard_link(self.path.join(name), to.path.join(to_name))
    }

    /// Names are kept by the file system's own journal here; there is no call to wait for them.
    #[allow(clippy::unnecessary_wraps, clippy::unused_self)] // the same shape as where it can fail
    pub(in crate::install) fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    /// Free room on the folder's volume.
    pub(in crate::install) fn room(&self) -> io::Result<Room> {
        room(&self.path)
    }

    /// Whether this user may make files in the folder. Only trying tells here, and the private folder was just made.
    #[allow(clippy::unused_self)] // the same shape as where it is asked
    pub(in crate::install) fn is_writable(&self) -> bool {
        true
    }
}

/// Free room on the volume of `path`. The standard library cannot ask for it: a full disk shows while the stage is
/// written, before the program is touched.
pub(in crate::install) fn room(path: &Path) -> io::Result<Room> {
    std::fs::metadata(path)?;
    Ok(Room { device: 0, bytes: u64::MAX, files: None, read_only: false })
}

/// Making links needs a right of its own here.
pub(in crate::install) fn link_owner(_meta: &Metadata) -> Option<u32> {
    None
}

/// Access rights are the system's matter here: a place without the right to write refuses the private folder.
#[allow(clippy::unnecessary_wraps)] // the same shape as where it can fail
pub(in crate::install) fn check_access(
    _folder: &Folder,
    _program: Option<(&Path, &Facts)>,
) -> Result<(), Error> {
    Ok(())
}

/// Windows has no such mark on folders.
pub(in crate::install) fn is_immutable(_folder: &Folder) -> bool {
    false
}

/// The read-only mark of a file.
pub(in crate::install) fn obstacles(_folder: &Folder, path: &Path, program: &File) -> Result<(), Error> {
    match program.metadata() {
        Ok(meta) if meta.permissions().readonly() => Err(Error::Immutable { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// There is no such thing here.
#[allow(clippy::unnecessary_wraps)] // the same shape as where it can fail
pub(in crate::install) fn has_capabilities(_file: &File) -> io::Result<bool> {
    Ok(false)
}

/// New files inherit the access rights of the folder.
#[allow(clippy::unnecessary_wraps)] // the same shape as where it can fail
pub(in crate::install) fn copy_attributes(_from: &File, _to: &File, _path: &Path) -> Result<(), Error> {
    Ok(())
}

/// What the file system says about an open file.
pub(in crate::install) fn facts_of(file: &File) -> io::Result<Facts> {
    Ok(facts(&file.metadata()?))
}

#[allow(clippy::cast_possible_wrap)] // times are only compared
fn facts(meta: &Metadata) -> Facts {
    Facts {
        kind: if meta.is_file() {
            Kind::File
        } else if meta.is_dir() {
            Kind::Folder
        } else {
            Kind::Other
        },
        // The standard library does not tell identities: times and length must do.
        identity: Identity(0, meta.creation_time()),
        mode: 0,
        uid: 0,
        gid: 0,
        links: 1,
        length: if meta.is_file() { meta.file_size() } else { 0 },
        times: [meta.last_write_time() as i64, 0, 0, 0],
    }
}
