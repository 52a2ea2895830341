//! What somebody who helps wants to see, as one text without what is nobody's business, and where the log is.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use autoupdate::handle::Answer;
use autoupdate::store::Folders;
use autoupdate::support::bundle;
use autoupdate::{Command, Handle};

/// The last events that are told.
const EVENTS: usize = 200;
/// Files of one second; nobody clicks faster.
const SAME_NAMES: u32 = 20;

/// The text: what the engine shows and knows of each program, what happened, settings, enrolments, the log.
pub(crate) async fn diagnostics(engine: Handle, folders: Folders) -> String {
    let view = engine.view().borrow().clone();
    let mut told = vec![("view.json".to_owned(), pretty(&view))];
    for app in &view.apps {
        let answer = engine.command(Command::Examine { app: app.id.clone() }).await;
        told.push((format!("{}.json", app.id), pretty(&answer)));
    }
    if let Answer::History { entries } = engine.command(Command::History { last: EVENTS }).await {
        told.push(("history.json".to_owned(), pretty(&entries)));
    }
    let gathered = tokio::task::spawn_blocking(move || bundle(&folders, told)).await.unwrap_or_default();
    let parts = gathered.iter().map(|(name, text)| format!("===== {name}\n{}\n", text.trim_end()));
    format!(
        "autoupdate {}, {}\n{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        parts.collect::<String>()
    )
}

fn pretty(what: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(what).unwrap_or_default()
}

/// Writes the text where people look for what they were given, for its person alone. Blocks.
///
/// # Errors
/// The file cannot be made or written.
pub(crate) fn export(text: &str, folders: &Folders) -> io::Result<PathBuf> {
    let downloads = directories::UserDirs::new()
        .and_then(|folders| Some(folders.download_dir()?.to_owned()))
        .filter(|folder| folder.is_dir());
    let folder = downloads.unwrap_or_else(|| folders.state.clone());
    // No colons: other systems and sticks do not like them in names.
    let now = jiff::Zoned::now().strftime("%Y-%m-%d-%H%M%S").to_string();
    write_beside(&folder, &format!("autoupdate-diagnostics-{now}"), text)
}

/// Two of the same second have different names.
fn write_beside(folder: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    let more = (2..=SAME_NAMES).map(|number| format!("-{number}"));
    for more in std::iter::once(String::new()).chain(more) {
        match write_new(&folder.join(format!("{name}{more}.txt")), text) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            done => return done,
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn write_new(path: &Path, text: &str) -> io::Result<PathBuf> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())?;
    Ok(path.to_owned())
}

/// Shows the newest log in whatever opens such files here. Blocks for a moment.
///
/// # Errors
/// There is none, or nothing opens it.
pub(crate) fn open_log(folders: &Folders) -> io::Result<()> {
    let logs = std::fs::read_dir(folders.state.join("log"))?.filter_map(|entry| Some(entry.ok()?.path()));
    let newest = logs.filter(|path| path.extension().is_some_and(|found| found == "log")).max();
    let newest = newest.ok_or(io::ErrorKind::NotFound)?;
    let mut opener = Process::new(OPENER);
    let quiet = opener.arg(newest).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.spawn()?;
    // Collected once it has ended; some openers live as long as what they open.
    let collect = move || drop(child.wait());
    std::thread::Builder::new().name("opener".to_owned()).spawn(collect).map(drop)
}

#[cfg(target_os = "windows")]
const OPENER: &str = "explorer";
#[cfg(target_os = "macos")]
const OPENER: &str = "open";
#[cfg(not(any(target_os = "windows", target_os = "macos")))]
const OPENER: &str = "xdg-open";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_never_overwrites_and_is_its_persons_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_new(&path, "one").unwrap();
        write_new(&path, "two").unwrap_err();
        assert_eq!(write_beside(folder.path(), "a", "two").unwrap(), folder.path().join("a-2.txt"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777,
            0o600
        );
    }

    #[test]
    fn without_a_log_there_is_nothing_to_open() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(folder.path());
        open_log(&folders).unwrap_err();
        std::fs::create_dir_all(folders.state.join("log")).unwrap();
        assert_eq!(open_log(&folders).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
