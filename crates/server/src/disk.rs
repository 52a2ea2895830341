//! The few ways in which the server touches files: whole or not at all, and never through a link.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes a file as a whole: temporary file beside it, sync, rename, sync of the folder.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    std::fs::create_dir_all(folder)?;
    let mut temporary = tempfile::Builder::new().prefix(".tmp-").tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    persist(temporary, path)
}

/// Makes a finished temporary file visible under its name, once its bytes are on the disk. Readable by all: what lies
/// in a tree is public.
pub(crate) fn persist(temporary: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    readable(temporary.as_file())?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    sync_folder(path)
}

/// Syncs the folder of a file, so that a rename survives a power cut.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Makes a file readable by all.
#[cfg(unix)]
pub(crate) fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

/// Makes a file readable by all.
#[cfg(not(unix))]
pub(crate) fn readable(_: &File) -> io::Result<()> {
    Ok(())
}

/// Opens a plain file for reading; None if there is none. A link, a folder or a device is none.
pub(crate) fn open(path: &Path) -> io::Result<Option<(File, std::fs::Metadata)>> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if absent(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    Ok(metadata.is_file().then_some((file, metadata)))
}

/// Whether an error of opening means that there is no such plain file. A name too long for the file system, too.
fn absent(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return true;
    }
    matches!(error.kind(), K::NotFound | K::NotADirectory | K::InvalidFilename | K::IsADirectory)
}

/// All plain files below a folder `part` of `folder`, relative to `folder`. None if it is not there.
pub(crate) fn files_below(folder: &Path, part: &str) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::from(part)]);
    while let Some(part) = open.pop() {
        let entries = match std::fs::read_dir(folder.join(&part)) {
            Ok(entries) => entries,
            Err(error) if absent(&error) => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            let inner = part.join(entry.file_name());
            if kind.is_dir() {
                open.push(inner);
            } else if kind.is_file() {
                found.push(inner);
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Deletes a file; that there is none is fine.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("a/b"), b"x").unwrap();
        assert_eq!(open(&at("a/b")).unwrap().unwrap().1.len(), 1);
        assert!(open(&at("a")).unwrap().is_none());
        assert!(open(&at("none")).unwrap().is_none());
        assert!(open(&at("a/b/c")).unwrap().is_none());
        assert!(open(&at(&"x".repeat(300))).unwrap().is_none());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("a/b"), at("link")).unwrap();
            assert!(open(&at("link")).unwrap().is_none());
        }
        let left: Vec<_> = std::fs::read_dir(at("a")).unwrap().collect();
        assert_eq!(left.len(), 1, "no temporary file stays");
    }
}
