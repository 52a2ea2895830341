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
    make_folder(folder_of(path)?)?;
    replace(path, bytes, Readers::Owner)
}

/// The same for what everybody on this machine may read, whatever the umask: the file gets mode 0644, `folder` and all
/// folders from there down to the file 0755. `path` lies below `folder`.
///
/// # Errors
/// [`Error::Write`]; the old file is then still whole.
pub fn write_for_everybody(folder: &Path, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    make_folder(folder_of(path)?)?;
    for open in path.ancestors().skip(1).take_while(|open| open.starts_with(folder)) {
        let_everybody_read(open, 0o755).map_err(|error| Error::write(open, error))?;
    }
    replace(path, bytes, Readers::Everybody)
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readers {
    Owner,
    Everybody,
}

fn folder_of(path: &Path) -> Result<&Path, Error> {
    path.parent().ok_or_else(|| Error::write(path, io::ErrorKind::InvalidInput.into()))
}

fn replace(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Error> {
    let folder = folder_of(path)?;
    let beside = beside(path, "new");
    let done = (|| {
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private_file(&beside)?;
        if readers == Readers::Everybody {
            let_everybody_read(&beside, 0o644)?;
        }
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

/// Sets a mode in which only the owner writes. Elsewhere than on Unix a new file has the access rights of its folder.
fn let_everybody_read(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    return fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    {
        let _ = (path, mode);
        Ok(())
    }
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

    #[cfg(unix)]
    #[test]
    fn what_everybody_may_read_is_readable_also_where_it_was_private() {
        use std::os::unix::fs::PermissionsExt;
        let above = tempfile::tempdir().unwrap();
        fs::set_permissions(above.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let folder = above.path().join("machine");
        let path = folder.join("apps.d/demo.toml");
        write(&path, b"private").unwrap();
        write_for_everybody(&folder, &path, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let modes = [above.path(), &folder, path.parent().unwrap(), &path].map(mode);
        assert_eq!(modes, [0o700, 0o755, 0o755, 0o644], "what lies above is not ours to open");
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
