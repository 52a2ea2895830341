//! The only place that reads and writes files.
//!
//! Reads are bounded. A write goes to a new temporary file in the same folder, is synced, renamed into place, and the
//! folder is synced: after a power cut the old or the new content is there, never a half. What differs per system is in
//! `unix.rs` and `windows.rs`, behind the same functions.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use protocol::{Digest, Hasher};
use zeroize::Zeroizing;

use crate::{Error, twin};

#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;

pub(crate) use system::Lock;

/// Reads a file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    read_open(file, path, limit)
}

/// Reads a file of at most `limit` bytes; `None` if there is none.
pub(crate) fn read_if_there(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    match File::open(path) {
        Ok(file) => read_open(file, path, limit).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

/// Reads a file of at most `limit` bytes that must be readable by its owner only: a key or a token. The permissions are those
/// of the file that was opened.
///
/// # Errors
/// [`Error::Readable`] if group or others have any right to it, [`Error::TooLong`], or if the disk fails.
pub fn read_private(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = system::open_no_follow(path).map_err(Error::io("read", path))?;
    system::check_private(&file, path)?;
    read_open(file, path, limit).map(Zeroizing::new)
}

fn read_open(file: File, path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    // The whole room at once: a vector that grows would leave copies of a secret behind in freed memory.
    let length = file.metadata().map_err(Error::io("read", path))?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(limit)).unwrap_or_default() + 1);
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    if bytes.len() as u64 > limit {
        return Err(Error::TooLong { what: path.display().to_string(), limit });
    }
    Ok(bytes)
}

/// Makes a new file that only its owner may read. Refuses if anything is there.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let made = system::private(OpenOptions::new().write(true).create_new(true)).open(path);
    let mut file = match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(Error::Exists { path: path.to_owned() });
        }
        other => other.map_err(Error::io("make", path))?,
    };
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a key is worse than none: it looks like one.
        let _ = fs::remove_file(path);
        return Err(Error::io("write", path)(error));
    }
    sync_parent(path)
}

/// Writes a file, replacing what was there, atomically and durably.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut new = Temporary::beside(path)?;
    new.file.write_all(bytes).map_err(Error::io("write", &new.path))?;
    new.put(path)
}

/// Copies a file, atomically and durably. Gives the SHA-256 and length of what was copied.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(Digest, u64), Error> {
    let mut source = File::open(from).map_err(Error::io("read", from))?;
    let mut new = Temporary::beside(to)?;
    let (mut hasher, mut piece, mut length) = (Hasher::new(), vec![0; 64 << 10], 0);
    loop {
        let read = match source.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::io("read", from)(error)),
        };
        let bytes = piece.get(..read).unwrap_or_default();
        hasher.update(bytes);
        new.file.write_all(bytes).map_err(Error::io("write", &new.path))?;
        length += read as u64;
    }
    new.put(to)?;
    Ok((hasher.finish(), length))
}

/// Writes the zstd frame of a file, if it is smaller than the file; its length.
pub(crate) fn compress(from: &Path, to: &Path, length: u64) -> Result<Option<u64>, Error> {
    let mut source = File::open(from).map_err(Error::io("read", from))?;
    let mut new = Temporary::beside(to)?;
    let compress = |new: &mut Temporary, source: &mut File| -> io::Result<u64> {
        twin::write_twin(source, &mut new.file, length)?;
        Ok(new.file.metadata()?.len())
    };
    let compressed = compress(&mut new, &mut source).map_err(Error::io("compress", from))?;
    if compressed >= length {
        return Ok(None);
    }
    new.put(to)?;
    Ok(Some(compressed))
}

/// Moves a file on the same file system into place, or copies it from another one.
pub(crate) fn move_into(from: &Path, to: &Path) -> Result<(), Error> {
    make_parent(to)?;
    if fs::rename(from, to).is_ok() {
        return sync_parent(to);
    }
    copy(from, to)?;
    fs::remove_file(from).map_err(Error::io("remove", from))
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("remove", path)(error)),
    }
}

/// The SHA-256 and length of a file; `None` if there is none.
pub(crate) fn digest(path: &Path) -> Result<Option<(Digest, u64)>, Error> {
    match File::open(path) {
        Ok(file) => Digest::of_reader(file).map(Some).map_err(Error::io("read", path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

/// The length of a file; `None` if there is none.
pub(crate) fn length(path: &Path) -> Result<Option<u64>, Error> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_file().then_some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("look at", path)(error)),
    }
}

/// Makes a folder that only its owner may enter, and its parents.
pub(crate) fn make_private_folder(path: &Path) -> Result<(), Error> {
    system::make_private_folder(path).map_err(Error::io("make", path))?;
    sync_parent(path)
}

/// Makes a folder and its parents, durably.
pub(crate) fn make_folder(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    let above = parent(path);
    make_folder(above)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map_err(Error::io("make", path)),
    }?;
    system::sync_folder(above).map_err(Error::io("sync", above))
}

/// The file names in a folder; none if it does not exist.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(Error::io("list", folder))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io("list", folder))?;
        names.extend(entry.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// All files below a folder, relative to it, sorted; what is being written is left out.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(part) = open.pop() {
        for name in names(&folder.join(&part))?.into_iter().filter(|name| !name.starts_with('.')) {
            let inner = part.join(name);
            if folder.join(&inner).is_dir() { open.push(inner) } else { found.push(inner) }
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn make_parent(path: &Path) -> Result<(), Error> {
    make_folder(parent(path))
}

fn sync_parent(path: &Path) -> Result<(), Error> {
    system::sync_folder(parent(path)).map_err(Error::io("sync", path))
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A new file that is removed again unless it is put in place.
struct Temporary {
    file: File,
    path: PathBuf,
    placed: bool,
}

impl Temporary {
    fn beside(target: &Path) -> Result<Self, Error> {
        make_parent(target)?;
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(Error::Random)?;
        let path = parent(target).join(format!(".new-{}", hex::encode(random)));
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        Ok(Self { file: file.map_err(Error::io("make", &path))?, path, placed: false })
    }

    fn put(mut self, target: &Path) -> Result<(), Error> {
        self.file.sync_all().map_err(Error::io("sync", &self.path))?;
        fs::rename(&self.path, target).map_err(Error::io("put in place", target))?;
        self.placed = true;
        sync_parent(target)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.placed {
            let _ = fs::remove_file(&self.path);
        }
    }
}
