//! Files and links into place: whole or not at all, over what is there, also while that runs.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context as _, Result};

/// The end of the names of files that are not in place yet.
const UNFINISHED: &str = ".new";

/// Who may do what with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Everybody reads it.
    Read,
    /// Everybody starts it.
    Run,
}

/// Puts a file in place: written beside it under another name, synced, renamed.
///
/// # Errors
/// It cannot be written; what was there is still whole.
pub(super) fn file(path: &Path, mode: Mode, bytes: &mut impl Read) -> Result<()> {
    let mut put = || -> io::Result<()> {
        let folder = folder_of(path)?;
        fs::create_dir_all(folder)?;
        sweep(path)?;
        let mut fresh =
            tempfile::Builder::new().prefix(&beginning(path)).suffix(UNFINISHED).tempfile_in(folder)?;
        // Held until it has its name: whoever sweeps sees that somebody is at it. Where there are no locks nobody sweeps.
        let _held_or_not = fresh.as_file().try_lock();
        io::copy(bytes, &mut fresh)?;
        allow(fresh.as_file(), mode)?;
        fresh.as_file().sync_all()?;
        fresh.persist(path)?;
        File::open(folder)?.sync_all()
    };
    put().with_context(|| {
        format!("{} cannot be written; look at the rights of its folder and the free space", path.display())
    })
}

/// Puts a link in place, over another link.
///
/// # Errors
/// It cannot be made.
pub(super) fn link(path: &Path, target: &Path) -> Result<()> {
    let put = || -> io::Result<()> {
        let folder = folder_of(path)?;
        fs::create_dir_all(folder)?;
        sweep(path)?;
        let beginning = beginning(path);
        let mut named = tempfile::Builder::new();
        named.prefix(&beginning).suffix(UNFINISHED);
        let fresh = named.make_in(folder, |fresh| symlink(target, fresh))?;
        Ok(fresh.into_temp_path().persist(path)?)
    };
    put().with_context(|| {
        format!("the link {} cannot be made; look at the rights of its folder", path.display())
    })
}

/// Removes a file or link, and the folders above it, below `prefix`, that are empty then.
///
/// # Errors
/// It is there and cannot be removed.
pub(super) fn remove(path: &Path, prefix: &Path) -> Result<()> {
    let gone = sweep(path).and_then(|()| match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    });
    gone.with_context(|| format!("{} cannot be removed", path.display()))?;
    for folder in path.ancestors().skip(1) {
        // A folder that holds something is not removed: that is the error, and its meaning.
        if folder == prefix || !folder.starts_with(prefix) || fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

/// Removes a folder with everything in it. Links are not followed.
///
/// # Errors
/// It is there and cannot be removed.
pub(super) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}

/// Removes what installations that died left beside `path`. What somebody is writing just now stays.
fn sweep(path: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder_of(path)?) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let beginning = beginning(path);
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = |name: &str| name.starts_with(&beginning) && name.ends_with(UNFINISHED);
        if !name.to_str().is_some_and(ours) {
            continue;
        }
        let left = match entry.file_type() {
            Ok(kind) if kind.is_file() => File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()),
            Ok(kind) => kind.is_symlink(),
            Err(_) => false,
        };
        if left {
            let _gone_or_stays = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// The beginning of the names under which `path` is written.
fn beginning(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    path.parent().ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

#[cfg(unix)]
fn allow(file: &File, mode: Mode) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = match mode {
        Mode::Read => 0o644,
        Mode::Run => 0o755,
    };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(unix)]
fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

/// Here a new file has the access rights of its folder.
#[cfg(not(unix))]
fn allow(_file: &File, _mode: Mode) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn symlink(_target: &Path, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_dead_installation_left_goes_and_what_a_living_one_writes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [".x.dead.new", ".x.live.new", ".y.dead.new", ".x.mine"] {
            fs::write(at(name), "half").unwrap();
        }
        std::os::unix::fs::symlink("nowhere", at(".x.link.new")).unwrap();
        let living = File::open(at(".x.live.new")).unwrap();
        living.try_lock().unwrap();
        file(&at("x"), Mode::Read, &mut &b"whole"[..]).unwrap();
        assert_eq!(names(folder.path()), [".x.live.new", ".x.mine", ".y.dead.new", "x"]);
    }

    #[test]
    fn a_file_that_cannot_be_finished_leaves_the_old_one() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _bytes: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/x");
        file(&path, Mode::Run, &mut &b"old"[..]).unwrap();
        let error = file(&path, Mode::Run, &mut Broken).unwrap_err().to_string();
        assert!(error.contains("a/x cannot be written"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(path.parent().unwrap()), ["x"]);
    }

    #[test]
    fn folders_go_when_they_are_empty() {
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path().join("prefix");
        let path = |name: &str| prefix.join(name);
        for name in ["a/b/x", "a/b/y", "c/x"] {
            file(&path(name), Mode::Read, &mut &b"x"[..]).unwrap();
        }
        remove(&path("a/b/x"), &prefix).unwrap();
        assert_eq!(names(&path("a/b")), ["y"]);
        remove(&path("a/b/y"), &prefix).unwrap();
        remove(&path("c/x"), &prefix).unwrap();
        remove(&path("c/x"), &prefix).unwrap();
        assert_eq!(names(&prefix), [""; 0]);
    }
}
