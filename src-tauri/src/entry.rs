//! Desktop entries (freedesktop.org, Desktop Entry Specification 1.5): how the session and its list of programs start the app.

use std::io;
use std::path::Path;

/// What both entries say of the app.
const ABOUT: &str = "Type=Application\nName=autoupdate\nComment=Keeps programs up to date\nIcon=autoupdate-tray\nTerminal=false\n";

/// The entry that starts this program when its person logs in.
///
/// # Errors
/// The path cannot stand in an entry.
pub(crate) fn at_login(program: &Path) -> io::Result<String> {
    let exec = exec(program)?;
    Ok(format!("[Desktop Entry]\n{ABOUT}Exec={exec} --background\nX-GNOME-Autostart-enabled=true\n"))
}

/// The entry in the list of programs.
///
/// # Errors
/// The path cannot stand in an entry.
pub(crate) fn in_list(program: &Path) -> io::Result<String> {
    let exec = exec(program)?;
    Ok(format!(
        "[Desktop Entry]\n{ABOUT}GenericName=Software Updater\nExec={exec}\n\
         Categories=System;\nKeywords=update;upgrade;version;\n"
    ))
}

/// Whether an entry starts this program.
pub(crate) fn starts(entry: &str, program: &Path) -> bool {
    let Ok(exec) = exec(program) else { return false };
    let mut values = entry.lines().filter_map(|line| line.strip_prefix("Exec="));
    values.any(|value| value.strip_prefix(&exec).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
}

/// A program's path as a value of `Exec`, quoted as "The Exec key" says.
fn exec(program: &Path) -> io::Result<String> {
    let path =
        program.to_str().filter(|path| !path.contains(['\n', '\r'])).ok_or(io::ErrorKind::InvalidFilename)?;
    let mut quoted = String::from("\"");
    for letter in path.chars() {
        match letter {
            // Escaped once for the quotes and once more for the value.
            '"' | '`' | '$' => quoted.extend(["\\\\".to_owned(), letter.to_string()]),
            '\\' => quoted.push_str("\\\\\\\\"),
            '%' => quoted.push_str("%%"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    Ok(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted() {
        let check = |path: &str, expected: &str| {
            let (login, list) = (at_login(Path::new(path)).unwrap(), in_list(Path::new(path)).unwrap());
            assert!(login.contains(&format!("\nExec=\"{expected}\" --background\n")), "{login}");
            assert!(list.contains(&format!("\nExec=\"{expected}\"\n")), "{list}");
        };
        check("/opt/a b", "/opt/a b");
        check("/opt/50%", "/opt/50%%");
        check("/opt/$x", "/opt/\\\\$x");
        assert!(at_login(Path::new("/opt/a\nExec=evil")).is_err());
    }

    #[test]
    fn an_entry_knows_its_program() {
        let program = Path::new("/home/x/.local/lib/autoupdate/autoupdate-tray");
        for entry in [at_login(program).unwrap(), in_list(program).unwrap()] {
            assert!(starts(&entry, program), "{entry}");
            assert!(!starts(&entry, Path::new("/usr/bin/autoupdate-tray")), "{entry}");
        }
        assert!(!starts("[Desktop Entry]\nExec=\"/a/b\"c\n", Path::new("/a/b")));
    }
}
