//! Reading with a limit, and replacing a file so that after a crash it is the old or the new one, never half.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::Error;

/// Replaces `path` by `bytes`: a private file beside it, synced, renamed over it, then the folder synced. Missing
/// folders are made (0700). A temporary file that a dead process left behind is overwritten by the next write.
///
/// # Errors
/// [`Error::Write`]; the old file is then still whole.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().ok_or_else(|| Error::write(path, io::ErrorKind::InvalidInput.into()))?;
    make_folder(folder)?;
    let beside = beside(path, "new");
    let done = (|| {
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private_file(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&beside, path)?;
        sync_folder(folder)
    })();
    done.map_err(|source| {
        // The old file is whole; what was written beside it is worthless.
        let _ = fs::remove_file(&beside);
        Error::write(path, source)
    })
}

/// The bytes of a file of at most `limit` bytes; `None` if there is none. A longer file is set aside as damaged.
pub(super) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::read(path, error)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| Error::read(path, error))?;
    if bytes.len() as u64 > limit {
        set_aside(path, "it is longer than its limit");
        return Ok(None);
    }
    Ok(Some(bytes))
}

/// Puts a damaged file out of the way, for somebody to look at; an older one is replaced, so that there is at most one.
pub(super) fn set_aside(path: &Path, why: &str) {
    let aside = beside(path, "damaged");
    match fs::rename(path, &aside) {
        Ok(()) => tracing::warn!(file = %path.display(), why, "a damaged state file was set aside"),
        Err(error) => {
            tracing::warn!(file = %path.display(), why, %error, "a damaged state file could not be set aside");
        }
    }
}

/// Makes a folder and those above it, private where the system has modes.
pub(super) fn make_folder(folder: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Error::write(folder, error))
}

/// A new file that only its owner may read; fails if it exists.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a rename survive a power cut. Windows has no such call; there the rename itself is journalled.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return File::open(folder)?.sync_all();
    #[cfg(not(unix))]
    {
        let _ = folder;
        Ok(())
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_whole_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/state.json");
        for bytes in [&b"long enough"[..], b"short", b""] {
            write(&path, bytes).unwrap();
            assert_eq!(read(&path, 100).unwrap().unwrap(), bytes);
        }
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn files_and_folders_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("private/state.json");
        write(&path, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn what_a_dead_process_left_behind_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        fs::write(beside(&path, "new"), b"half a fi").unwrap();
        write(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert!(!beside(&path, "new").exists());
    }

    #[test]
    fn an_endless_file_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        fs::write(&path, vec![b'x'; 11]).unwrap();
        assert_eq!(read(&path, 10).unwrap(), None);
        assert!(!path.exists() && beside(&path, "damaged").exists());
    }
}
