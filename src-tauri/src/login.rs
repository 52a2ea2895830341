//! Start at login: an entry in the session's autostart folder (freedesktop.org, Desktop Application Autostart
//! Specification 0.5). Other systems have other ways, which are not written yet: there it cannot be turned on.

use std::io;
use std::path::{Path, PathBuf};

use autoupdate::store;

use crate::entry;

/// The entry's file name.
const NAME: &str = "autoupdate-tray.desktop";

/// The place of the entry. `None` where there is no such thing.
#[derive(Debug, Clone)]
pub struct Login {
    folder: Option<PathBuf>,
}

impl Login {
    /// Of the person who runs this process.
    #[must_use]
    pub fn of_user() -> Self {
        let here = cfg!(all(unix, not(target_os = "macos")));
        let dirs = directories::BaseDirs::new().filter(|_| here);
        Self { folder: dirs.map(|dirs| dirs.config_dir().join("autostart")) }
    }

    /// Below this configuration folder.
    #[cfg(test)]
    pub(crate) fn below(config: &Path) -> Self {
        Self { folder: Some(config.join("autostart")) }
    }

    /// The entry's file, whether there is one or not.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(NAME))
    }

    /// Whether it is this program that starts at login.
    #[must_use]
    pub fn starts(&self, program: &Path) -> bool {
        let entry = self.file().and_then(|file| std::fs::read_to_string(file).ok());
        entry.is_some_and(|entry| entry::starts(&entry, program))
    }

    /// Whether the app starts at login.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.file().is_some_and(|file| file.is_file())
    }

    /// Turns it on, for this executable, or off.
    ///
    /// # Errors
    /// The entry cannot be written or removed; there is no such thing on this system.
    pub fn set(&self, on: bool, program: &Path) -> io::Result<()> {
        let file = self.file().ok_or(io::ErrorKind::Unsupported)?;
        if on {
            return store::write_atomically(&file, entry::at_login(program)?.as_bytes())
                .map_err(io::Error::other);
        }
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_turned_on_and_off() {
        let folder = tempfile::tempdir().unwrap();
        let login = Login::below(folder.path());
        assert!(!login.is_on());
        login.set(false, Path::new("/opt/x")).unwrap();
        login.set(true, Path::new("/opt/x")).unwrap();
        assert!(login.is_on() && login.starts(Path::new("/opt/x")) && !login.starts(Path::new("/opt/y")));
        let text = std::fs::read_to_string(folder.path().join("autostart").join(NAME)).unwrap();
        assert!(text.contains("\nExec=\"/opt/x\" --background\n"), "{text}");
        login.set(false, Path::new("/opt/x")).unwrap();
        assert!(!login.is_on());
        let nowhere = Login { folder: None };
        assert!(!nowhere.is_on() && nowhere.set(true, Path::new("/opt/x")).is_err());
    }
}
