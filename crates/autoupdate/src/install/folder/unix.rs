//! Folders and files through calls relative to held descriptors (Linux, macOS).

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, Stat, StatVfsMountFlags};

use super::{Facts, Identity, Kind, Room};
use crate::error::Phase;
use crate::install::error::Error;

/// How the folders on the way are opened: only to go on from there, which needs no right to read them.
#[cfg(target_os = "linux")]
const WAY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const WAY: OFlags = FOLDER;

/// How a folder is opened to hold it.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// For every file: no links, no waiting for the other end of a pipe, not passed on to programs that we start.
const FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// A folder that is held open.
#[derive(Debug)]
pub(in crate::install) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
}

/// A lock that is held.
#[derive(Debug)]
pub(in crate::install) struct Lock(File);

impl Lock {
    /// Writes into the locked file who holds it, for people.
    pub(in crate::install) fn sign(&mut self, words: &str) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.write_all(words.as_bytes())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would do, were it not for another thread that is just starting a program: until that program runs, it
        // has our descriptors too, and the lock would outlive us by that moment.
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }
}

impl Folder {
    /// Opens the folder at an absolute path that contains no link: a link that turns up on the way is an error.
    pub(in crate::install) fn open(path: &Path) -> io::Result<Self> {
        let mut names = path.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        let mut name = names.next();
        let mut at =
            again(|| rustix::fs::openat(CWD, "/", if name.is_none() { FOLDER } else { WAY }, Mode::empty()))?;
        while let Some(this) = name {
            name = names.next();
            let flags = if name.is_none() { FOLDER } else { WAY };
            at = again(|| rustix::fs::openat(&at, this, flags, Mode::empty()))?;
        }
        Ok(Self { fd: at, path: path.to_owned() })
    }

    /// Opens a folder in this folder.
    pub(in crate::install) fn open_folder(&self, name: &OsStr) -> io::Result<Self> {
        let fd = again(|| rustix::fs::openat(&self.fd, name, FOLDER, Mode::empty()))?;
        Ok(Self { fd, path: self.path.join(name) })
    }

    /// Makes a private folder in this folder. An error if there is anything of that name.
    pub(in crate::install) fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        again(|| rustix::fs::mkdirat(&self.fd, name, Mode::RWXU))
    }

    /// Where it was when it was opened. For people only; it may lead elsewhere by now.
    pub(in crate::install) fn path(&self) -> &Path {
        &self.path
    }

    /// What the file system says about the folder itself.
    pub(in crate::install) fn own_facts(&self) -> io::Result<Facts> {
        Ok(facts(&again(|| rustix::fs::fstat(&self.fd))?))
    }

    /// What lies under `name`, if anything does. A link is reported as itself.
    pub(in crate::install) fn facts(&self, name: &OsStr) -> io::Result<Option<Facts>> {
        match again(|| rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)) {
            Ok(stat) => Ok(Some(facts(&stat))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a file to read.
    pub(in crate::install) fn open_file(&self, name: &OsStr) -> io::Result<File> {
        again(|| rustix::fs::openat(&self.fd, name, FILE | OFlags::RDONLY, Mode::empty())).map(File::from)
    }

    /// Makes a file that was not there before, readable and writable by its owner only.
    pub(in crate::install) fn create(&self, name: &str) -> io::Result<File> {
        let flags = FILE | OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        again(|| rustix::fs::openat(&self.fd, name, flags, Mode::RUSR | Mode::WUSR)).map(File::from)
    }

    /// Opens a file to write at its end.
    pub(super) fn open_append(&self, name: &str) -> io::Result<File> {
        let flags = FILE | OFlags::WRONLY | OFlags::APPEND;
        again(|| rustix::fs::openat(&self.fd, name, flags, Mode::empty())).map(File::from)
    }

    /// Takes the lock `name`, made if absent. `None`: somebody else has it. It is free again when the file is closed,
    /// also by the death of this process.
    pub(in crate::install) fn lock(&self, name: &str) -> io::Result<Option<Lock>> {
        let flags = FILE | OFlags::RDWR | OFlags::CREATE;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = again(|| rustix::fs::openat(&self.fd, name, flags, mode)).map(File::from)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let lock = Lock(file);
        // Whoever removed the file and made a new one would have a lock of their own.
        let there = self.facts(OsStr::new(name))?.map(|facts| facts.identity);
        Ok((there == Some(facts_of(&lock.0)?.identity)).then_some(lock))
    }

    /// Removes a file. Fine if there is none.
    pub(in crate::install) fn remove(&self, name: &str) -> io::Result<()> {
        match again(|| rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Moves a file over whatever has the name `to_name` in `to`.
    pub(in crate::install) fn rename(&self, name: &str, to: &Self, to_name: &OsStr) -> io::Result<()> {
        again(|| rustix::fs::renameat(&self.fd, name, &to.fd, to_name))
    }

    /// Gives a file of this folder a second name in `to`.
    pub(in crate::install) fn link(&self, name: &OsStr, to: &Self, to_name: &str) -> io::Result<()> {
        again(|| rustix::fs::linkat(&self.fd, name, &to.fd, to_name, AtFlags::empty()))
    }

    /// Waits until names made, moved and removed in this folder are on the disk.
    pub(in crate::install) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.fd)?)
    }

    /// Free room on the folder's file system.
    pub(in crate::install) fn room(&self) -> io::Result<Room> {
        room_of(&self.fd)
    }

    /// Whether this user may make and move files in the folder.
    pub(in crate::install) fn is_writable(&self) -> bool {
        let wanted = Access::WRITE_OK | Access::EXEC_OK;
        again(|| rustix::fs::accessat(&self.fd, ".", wanted, AtFlags::EACCESS)).is_ok()
    }
}

/// Free room on the file system of `path`, which must exist.
pub(in crate::install) fn room(path: &Path) -> io::Result<Room> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    room_of(&again(|| rustix::fs::openat(CWD, path, flags, Mode::empty()))?)
}

fn room_of(fd: &OwnedFd) -> io::Result<Room> {
    let (stat, system) = (again(|| rustix::fs::fstat(fd))?, again(|| rustix::fs::fstatvfs(fd))?);
    Ok(Room {
        device: facts(&stat).identity.0,
        bytes: system.f_bavail.saturating_mul(system.f_frsize),
        // btrfs and some network file systems count no files and say 0 of 0.
        files: (system.f_files > 0).then_some(system.f_favail),
        read_only: system.f_flag.contains(StatVfsMountFlags::RDONLY),
    })
}

/// The owner of a link, if it is somebody who is neither us nor the administrator.
pub(in crate::install) fn link_owner(meta: &std::fs::Metadata) -> Option<u32> {
    (meta.uid() != 0 && meta.uid() != rustix::process::geteuid().as_raw()).then(|| meta.uid())
}

/// Refuses a place where somebody else could interfere: a foreign or open folder, a foreign program.
pub(in crate::install) fn check_access(
    folder: &Folder,
    program: Option<(&Path, &Facts)>,
) -> Result<(), Error> {
    let us = rustix::process::geteuid().as_raw();
    let path = folder.path().to_owned();
    let own = folder.own_facts().map_err(|source| Error::Io {
        phase: Phase::Preflight,
        doing: "look at the folder",
        path: path.clone(),
        source,
    })?;
    if own.uid != us && own.uid != 0 {
        return Err(Error::ForeignFolder { path, owner: own.uid });
    }
    // With the sticky bit, as in /tmp, others may add files but not move or remove ours.
    if own.mode & 0o1002 == 0o002 {
        return Err(Error::OpenFolder { path });
    }
    match program {
        Some((path, facts)) if us != 0 && facts.uid != us => {
            Err(Error::NotOurs { path: path.to_owned(), owner: facts.uid })
        }
        _ => Ok(()),
    }
}

/// Marks on the program or its folder that forbid to replace it, whatever the permissions say.
#[cfg(target_os = "linux")]
pub(in crate::install) fn obstacles(folder: &Folder, path: &Path, program: &File) -> Result<(), Error> {
    use rustix::fs::{IFlags, ioctl_getflags};
    let fixed = IFlags::IMMUTABLE | IFlags::APPEND;
    // Many file systems have no such marks; then the question itself is an error, and there is no obstacle.
    if ioctl_getflags(program).is_ok_and(|flags| flags.intersects(fixed)) {
        return Err(Error::Immutable { path: path.to_owned() });
    }
    if is_immutable(folder) {
        return Err(Error::Immutable { path: folder.path().to_owned() });
    }
    Ok(())
}

/// Whether a mark on the folder forbids to change what is in it.
#[cfg(target_os = "linux")]
pub(in crate::install) fn is_immutable(folder: &Folder) -> bool {
    use rustix::fs::{IFlags, ioctl_getflags};
    let fixed = IFlags::IMMUTABLE | IFlags::APPEND;
    ioctl_getflags(&folder.fd).is_ok_and(|flags| flags.intersects(fixed))
}

/// Whether a mark on the folder forbids to change what is in it. There is no safe way to ask for it here.
#[cfg(not(target_os = "linux"))]
pub(in crate::install) fn is_immutable(_folder: &Folder) -> bool {
    false
}

/// Marks on the program or its folder that forbid to replace it. There is no safe way to ask for them here; replacing
/// then fails, and nothing is changed.
#[cfg(not(target_os = "linux"))]
pub(in crate::install) fn obstacles(_folder: &Folder, _path: &Path, _program: &File) -> Result<(), Error> {
    Ok(())
}

/// What the file system says about an open file.
pub(in crate::install) fn facts_of(file: &File) -> io::Result<Facts> {
    Ok(facts(&again(|| rustix::fs::fstat(file.as_fd()))?))
}

// The fields have other types on other systems.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::useless_conversion
)]
fn facts(stat: &Stat) -> Facts {
    let mode = stat.st_mode as u32;
    Facts {
        kind: match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            _ => Kind::Other,
        },
        identity: Identity(stat.st_dev as u64, stat.st_ino as u64),
        mode: mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        links: stat.st_nlink as u64,
        length: stat.st_size as u64,
        times: [
            stat.st_mtime as i64,
            stat.st_mtime_nsec as i64,
            stat.st_ctime as i64,
            stat.st_ctime_nsec as i64,
        ],
    }
}

/// Tries again when a signal came in between, but not for ever.
fn again<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> io::Result<T> {
    for _ in 0..16 {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
    Err(rustix::io::Errno::INTR.into())
}
