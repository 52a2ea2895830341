//! Start at login: an entry in the session's autostart folder (freedesktop.org, Desktop Application Autostart
//! Specification 0.5). Other systems have other ways, which are not written yet: there it cannot be turned on.

use std::io;
use std::path::{Path, PathBuf};

use autoupdate::store;

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

    /// Whether the app starts at login.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.folder.as_ref().is_some_and(|folder| folder.join(NAME).is_file())
    }

    /// Turns it on, for this executable, or off.
    ///
    /// # Errors
    /// The entry cannot be written or removed; there is no such thing on this system.
    pub fn set(&self, on: bool, program: &Path) -> io::Result<()> {
        let file = self.folder.as_ref().ok_or(io::ErrorKind::Unsupported)?.join(NAME);
        if on {
            return store::write_atomically(&file, entry(program)?.as_bytes()).map_err(io::Error::other);
        }
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// The entry. Its `Exec` is quoted as the Desktop Entry Specification 1.5 says, "The Exec key".
fn entry(program: &Path) -> io::Result<String> {
    let path =
        program.to_str().filter(|path| !path.contains(['\n', '\r'])).ok_or(io::ErrorKind::InvalidFilename)?;
    let mut quoted = String::new();
    for letter in path.chars() {
        match letter {
            // Escaped once for the quotes and once more for the value.
            '"' | '`' | '$' => quoted.extend(["\\\\".to_owned(), letter.to_string()]),
            '\\' => quoted.push_str("\\\\\\\\"),
            '%' => quoted.push_str("%%"),
            other => quoted.push(other),
        }
    }
    Ok(format!(
        "[Desktop Entry]\nType=Application\nName=autoupdate\nComment=Keeps programs up to date\n\
         Exec=\"{quoted}\" --background\nIcon=autoupdate-tray\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_turned_on_and_off() {
        let folder = tempfile::tempdir().unwrap();
        let login = Login { folder: Some(folder.path().join("autostart")) };
        assert!(!login.is_on());
        login.set(false, Path::new("/opt/x")).unwrap();
        login.set(true, Path::new("/opt/x")).unwrap();
        assert!(login.is_on());
        let text = std::fs::read_to_string(folder.path().join("autostart").join(NAME)).unwrap();
        assert!(text.contains("\nExec=\"/opt/x\" --background\n"), "{text}");
        login.set(false, Path::new("/opt/x")).unwrap();
        assert!(!login.is_on());
        let nowhere = Login { folder: None };
        assert!(!nowhere.is_on() && nowhere.set(true, Path::new("/opt/x")).is_err());
    }

    #[test]
    fn paths_are_quoted() {
        let check = |path: &str, expected: &str| {
            assert!(entry(Path::new(path)).unwrap().contains(&format!("\nExec=\"{expected}\" ")), "{path}");
        };
        check("/opt/a b", "/opt/a b");
        check("/opt/50%", "/opt/50%%");
        check("/opt/$x", "/opt/\\\\$x");
        assert!(entry(Path::new("/opt/a\nExec=evil")).is_err());
    }
}
