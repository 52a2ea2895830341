//! Reading with a limit, and replacing a file so that after a crash it is the old or the new one, never half.
//!
//! Several processes may replace one file at once: each writes a temporary file of its own, and the last rename wins. Whoever
//! must not lose another's change takes a [`super::lock::Lock`] around reading and writing.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Error, lock};
use crate::platform::patiently;

/// How often a temporary file is made anew because another process took it for a dead one's. It can do so only in the moment
/// before the file is locked.
const TRIES: usize = 16;

/// Replaces `path` by `bytes`: a private file beside it, synced, renamed over it, then the folder synced. Missing
/// folders are made (0700). Temporary files that dead processes left behind go with the next write.
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

pub(super) fn folder_of(path: &Path) -> Result<&Path, Error> {
    path.parent().ok_or_else(|| Error::write(path, io::ErrorKind::InvalidInput.into()))
}

fn replace(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Error> {
    let folder = folder_of(path)?;
    let done = (|| {
        sweep(folder, path)?;
        // Dropped before it has its name, it goes: the old file is whole, and what was written beside it is worthless.
        let mut fresh = temporary(folder, path)?;
        if readers == Readers::Everybody {
            let_everybody_read(fresh.path(), 0o644)?;
        }
        fresh.write_all(bytes)?;
        fresh.as_file().sync_all()?;
        // Its lock goes when it is closed, after it has its name: until then nobody takes it for a dead process's.
        let _named = put_in_place(fresh, path)?;
        sync_folder(folder)
    })();
    done.map_err(|source| Error::write(path, source))
}

/// Renames over what is there, which on Windows a reader may have open.
fn put_in_place(fresh: NamedTempFile, path: &Path) -> io::Result<File> {
    let mut waiting = Some(fresh);
    patiently(|| {
        let fresh = waiting.take().ok_or(io::ErrorKind::NotFound)?;
        fresh.persist(path).map_err(|refused| {
            waiting = Some(refused.file);
            refused.error
        })
    })
}

/// A private file beside `path`, locked as long as its writer lives: `.{random}.{name}.new`. The spool knows what writers left
/// by the end of the name.
fn temporary(folder: &Path, path: &Path) -> io::Result<NamedTempFile> {
    let mut ending = std::ffi::OsString::from(".");
    ending.push(beside(path, "new").file_name().unwrap_or_default());
    for _ in 0..TRIES {
        let fresh = tempfile::Builder::new().prefix(".").suffix(&ending).tempfile_in(folder)?;
        match fresh.as_file().try_lock() {
            Ok(()) if lock::is_there(fresh.as_file(), fresh.path())? => return Ok(fresh),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // Without locks nobody can tell that a writer is dead, so nobody sweeps either.
            Err(TryLockError::Error(_)) => return Ok(fresh),
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// Removes what dead processes left beside `path` when they were writing it. What cannot be opened, locked or removed stays:
/// it is in nobody's way.
fn sweep(folder: &Path, path: &Path) -> io::Result<()> {
    let ending = beside(path, "new").file_name().unwrap_or_default().to_string_lossy().into_owned();
    for entry in fs::read_dir(folder)?.flatten() {
        let other = entry.file_name();
        let random = other.to_str().and_then(|other| other.strip_suffix(&ending));
        if random.is_some_and(|random| random.is_empty() || random.ends_with('.'))
            && entry.file_type().is_ok_and(|kind| kind.is_file())
            && let Ok(file) = fs::OpenOptions::new().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _gone_or_stays = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// The bytes of a file of at most `limit` bytes; `None` if there is none. A longer file is set aside as damaged.
pub(super) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Error> {
    // A writer that has just given the file its name has it locked for a moment more, which on Windows concerns readers.
    let read = patiently(|| {
        let mut bytes = Vec::new();
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::read(path, error)),
    };
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

/// The path with another ending behind its own.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
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
    fn what_a_dead_process_left_behind_goes_and_what_a_living_one_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let at = |name: &str| folder.path().join(name);
        for name in ["state.json.new", ".x1.state.json.new", ".y2.state.json.new", ".x1.other.json.new"] {
            fs::write(at(name), b"half a fi").unwrap();
        }
        let living = File::open(at(".y2.state.json.new")).unwrap();
        living.try_lock().unwrap();
        write(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".x1.other.json.new", ".y2.state.json.new", "state.json"]);
    }

    #[test]
    fn a_temporary_file_ends_as_the_spool_expects() {
        let folder = tempfile::tempdir().unwrap();
        let fresh = temporary(folder.path(), &folder.path().join("x.part.about")).unwrap();
        let name = fresh.path().file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with('.') && name.ends_with(".x.part.about.new"), "{name}");
    }

    #[test]
    fn many_may_write_one_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let whole = |bytes: &[u8]| {
            bytes.len() == 1000 * usize::from(bytes[0]) && bytes.windows(2).all(|two| two[0] == two[1])
        };
        std::thread::scope(|scope| {
            for byte in 1..=6_u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..40 {
                        write(path, &vec![byte; 1000 * usize::from(byte)]).unwrap();
                        assert!(whole(&read(path, 1 << 20).unwrap().unwrap()));
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
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
