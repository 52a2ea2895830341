//! As root, become the person whose program it is before any state is touched.
//!
//! `sudo autoupdate check` must not leave files behind that belong to root in a person's folders: the person's own next
//! check would fail on them. So the command starts itself again as that person, with that person's home. Who it is:
//!
//! 1. for `forget`: root, if the machine's administrator enrolled the program, whomever it belongs to;
//! 2. the owner of the program, if the machine's administrator enrolled it and it belongs to somebody else than root;
//! 3. else, for what root's own folders and the machine's do not know, the person who called `sudo`;
//! 4. else root stays root.
//!
//! Root's own folders are what the variables say only where they lead into folders of root's. A `sudo` that keeps `HOME`
//! leads into the person's; then the command starts itself again with root's own home ([`astray`]).

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use autoupdate::store::Folders;
use nix::unistd::{Uid, User};
use protocol::{AppId, Enrolment};

use crate::failure::Failure;

/// Environment that still holds for another person. Everything else would name root's folders.
const KEPT: &[&str] = &[
    "PATH",
    "LANG",
    "LC_ALL",
    "TERM",
    "NO_COLOR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Variables that say where folders are.
const PLACES: [&str; 6] =
    ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"];

/// What a verb changes of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changes {
    /// The program and what is kept about it: whoever owns the program does that.
    Program,
    /// The enrolment alone: whoever wrote it does that.
    Enrolment,
}

/// Returns if this process may go on as who it is; otherwise starts the command again as the owner and never returns.
pub(crate) fn become_owner(app: Option<&AppId>, changes: Changes) -> Result<(), Failure> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let home = user(0)?.dir;
    let astray = astray(&home);
    if !astray.is_empty() {
        return start_again_at(&home, &astray);
    }
    let folders = Folders::of_user().map_err(|error| Failure::of(error.fault(), &error))?;
    match whose(app, changes, &folders, sudo_caller()) {
        Some(uid) => start_again_as(uid),
        None => Ok(()),
    }
}

/// The variables that lead root into a folder of somebody else's. What the user database says of root never does, so this is
/// empty after [`start_again_at`].
fn astray(home: &Path) -> Vec<&'static str> {
    let leads = |name: &&str| match std::env::var_os(name) {
        Some(value) if !value.is_empty() && Path::new(&value) != home => is_foreign(Path::new(&value), 0),
        _ => false,
    };
    PLACES.into_iter().filter(leads).collect()
}

/// Whether anything on the way to `path`, as far as it exists, belongs to neither root nor `owner`. Not the last folder alone:
/// root may have left folders of its own in a person's home before.
fn is_foreign(path: &Path, owner: u32) -> bool {
    let Ok(path) = std::path::absolute(path) else { return true };
    // Without links, so that a link of root's into a person's home is seen as that home.
    let there = path.ancestors().find_map(|path| path.canonicalize().ok()).unwrap_or(path);
    there.ancestors().any(|part| {
        std::fs::symlink_metadata(part).is_ok_and(|found| found.uid() != owner && found.uid() != 0)
    })
}

/// The uid to become, `None` = stay root.
fn whose(app: Option<&AppId>, changes: Changes, folders: &Folders, caller: Option<u32>) -> Option<u32> {
    let Some(app) = app else { return caller };
    if folders.user_apps().join(format!("{app}.toml")).exists() {
        return None;
    }
    let enrolment = folders.machine_apps().join(format!("{app}.toml"));
    if changes == Changes::Enrolment && enrolment.exists() {
        return None;
    }
    match program_owner(&enrolment) {
        Some(0) => None,
        Some(uid) => Some(uid),
        None => caller,
    }
}

fn program_owner(enrolment: &Path) -> Option<u32> {
    let enrolment = Enrolment::parse(&std::fs::read_to_string(enrolment).ok()?, true).ok()?;
    Some(std::fs::metadata(enrolment.path).ok()?.uid())
}

/// The person who called `sudo`. Root's environment can only make root less powerful here.
fn sudo_caller() -> Option<u32> {
    std::env::var("SUDO_UID").ok()?.parse().ok().filter(|uid| *uid != 0)
}

/// Starts the command again as root, in root's own folders: without the variables that led `astray`. Everything else still
/// holds, who called `sudo` above all.
fn start_again_at(home: &Path, astray: &[&str]) -> Result<(), Failure> {
    let mut command = this_command(0)?;
    for name in astray {
        command.env_remove(name);
    }
    if astray.contains(&"HOME") {
        command.env("HOME", home);
    }
    Err(unserved(0, &command.exec()))
}

fn start_again_as(uid: u32) -> Result<(), Failure> {
    let user = user(uid)?;
    let mut command = this_command(uid)?;
    command.env_clear().uid(uid).gid(user.gid.as_raw());
    command.envs(std::env::vars_os().filter(|(name, _)| KEPT.iter().any(|kept| name == kept)));
    command.env("HOME", &user.dir).env("USER", &user.name).env("LOGNAME", &user.name).current_dir("/");
    let session = format!("/run/user/{uid}");
    if Path::new(&session).is_dir() {
        command.env("XDG_RUNTIME_DIR", session);
    }
    Err(unserved(uid, &command.exec()))
}

/// This command, with its arguments.
fn this_command(uid: u32) -> Result<Command, Failure> {
    let program = std::env::current_exe().map_err(|error| unserved(uid, &error))?;
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1));
    Ok(command)
}

/// Who has this number.
fn user(uid: u32) -> Result<User, Failure> {
    User::from_uid(Uid::from_raw(uid))
        .map_err(|errno| not_as(uid, &format!("cannot be looked up ({errno})")))?
        .ok_or_else(|| not_as(uid, "does not exist on this machine"))
}

fn unserved(uid: u32, error: &std::io::Error) -> Failure {
    not_as(uid, &format!("cannot be served ({error})"))
}

fn not_as(uid: u32, why: &str) -> Failure {
    Failure::engine("E-STATE-OWNER", format!("user {uid} {why}: run this as that user"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_looked_for_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(folder.path());
        let app = AppId::parse("demo").unwrap();
        let whose = |app, changes, caller| whose(app, changes, &folders, caller);
        let (program, enrolment) = (Changes::Program, Changes::Enrolment);
        assert_eq!(whose(None, program, None), None);
        assert_eq!(whose(None, program, Some(7)), Some(7));
        assert_eq!(whose(Some(&app), program, Some(7)), Some(7));
        assert_eq!(whose(Some(&app), enrolment, Some(7)), Some(7), "it is not the machine's");
        std::fs::create_dir_all(folders.machine_apps()).unwrap();
        std::fs::write(folders.machine_apps().join("demo.toml"), "").unwrap();
        assert_eq!(whose(Some(&app), enrolment, Some(7)), None, "root enrolled it for everybody");
        std::fs::create_dir_all(folders.user_apps()).unwrap();
        std::fs::write(folders.user_apps().join("demo.toml"), "").unwrap();
        assert_eq!(whose(Some(&app), program, Some(7)), None, "root enrolled it for itself");
    }

    #[test]
    fn a_folder_in_a_foreign_one_is_foreign_whosever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let us = Uid::effective().as_raw();
        let deep = folder.path().join("not/yet/there");
        assert!(!is_foreign(folder.path(), us) && !is_foreign(&deep, us));
        if us == 0 {
            // As a person's home in which root has left a folder.
            std::os::unix::fs::chown(folder.path(), Some(7), None).unwrap();
            std::fs::create_dir(folder.path().join("not")).unwrap();
            let link = tempfile::tempdir().unwrap();
            std::os::unix::fs::symlink(folder.path(), link.path().join("link")).unwrap();
            for path in [folder.path(), &deep, &link.path().join("link/any")] {
                assert!(is_foreign(path, us), "{}", path.display());
            }
        } else {
            assert!(is_foreign(&deep, us + 1));
        }
    }
}
