//! A file that gets its name when it is whole.

use std::fs::{File, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;

/// Where a result goes.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    folder: PathBuf,
    /// Whether a file that is there may go.
    force: bool,
}

/// Who may do what with the result.
#[derive(Debug)]
pub(super) enum Access {
    /// What new files get here.
    Usual,
    /// The same as another file, without its set-user-id and the like. Until it is whole only we can read it.
    Like(Permissions),
}

impl Place {
    /// The place that was given as the argument `name`.
    pub(super) fn new(name: &'static str, path: PathBuf, force: bool) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::Option { option: name, why: format!("{} {why}", path.display()) };
        // What is renamed over a link or a device would take its place.
        match std::fs::symlink_metadata(&path) {
            Ok(there) if there.is_dir() => return Err(wrong("is a folder; name a file")),
            Ok(there) if !there.is_file() => return Err(wrong("is no plain file; name another")),
            Ok(_) if !force => return Err(wrong("is there already; --force replaces it")),
            Ok(_) | Err(_) => {}
        }
        if path.file_name().is_none() {
            return Err(wrong("is no name of a file"));
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = parent.unwrap_or(Path::new(".")).to_owned();
        Ok(Self { path, folder, force })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a hidden file beside the place, for as long as the value lives.
    pub(super) fn fresh(&self, access: Access) -> Result<Fresh<'_>, Failure> {
        let mut name = std::ffi::OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(".");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&name).suffix(".new");
        #[cfg(unix)]
        if matches!(access, Access::Usual) {
            // The umask takes away what the person does not want to give.
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        }
        let temporary =
            builder.tempfile_in(&self.folder).map_err(Failure::io("make a file in", &self.folder))?;
        Ok(Fresh { place: self, temporary, access })
    }
}

/// A file that goes when it is dropped.
#[derive(Debug)]
pub(super) struct Fresh<'a> {
    place: &'a Place,
    temporary: NamedTempFile,
    access: Access,
}

impl Fresh<'_> {
    /// The file, to write to.
    pub(super) fn file(&self) -> Result<File, Failure> {
        self.temporary.as_file().try_clone().map_err(Failure::io("write", &self.place.path))
    }

    /// Gives the file its name, once its bytes are on the disk.
    pub(super) fn keep(self) -> Result<(), Failure> {
        let (path, folder) = (&self.place.path, &self.place.folder);
        let file = self.temporary.as_file();
        let finish = || {
            if let Access::Like(permissions) = &self.access {
                file.set_permissions(without_special(permissions))?;
            }
            file.sync_all()
        };
        finish().map_err(Failure::io("write", path))?;
        let named = match self.place.force {
            true => self.temporary.persist(path),
            false => self.temporary.persist_noclobber(path),
        };
        named.map_err(|error| Failure::io("write", path)(error.error))?;
        sync_folder(folder).map_err(Failure::io("write", folder))
    }
}

/// Reading, writing and executing, and nothing else.
fn without_special(permissions: &Permissions) -> Permissions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        Permissions::from_mode(permissions.mode() & 0o777)
    }
    #[cfg(not(unix))]
    permissions.clone()
}

/// Lets a rename survive a power cut, where the system has a call for that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
