//! As root, become the person whose program it is before any state is touched.
//!
//! `sudo autoupdate check` must not leave files behind that belong to root in a person's folders: the person's own next
//! check would fail on them. So the command starts itself again as that person, with that person's home. Who it is:
//!
//! 1. the owner of the program, if the machine's administrator enrolled it and it belongs to somebody else than root;
//! 2. else, for what root's own folders and the machine's do not know, the person who called `sudo`;
//! 3. else root stays root.

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

/// Returns if this process may go on as who it is; otherwise starts the command again as the owner and never returns.
pub(crate) fn become_owner(app: Option<&AppId>) -> Result<(), Failure> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let folders = Folders::of_user().map_err(|error| Failure::of(error.fault(), &error))?;
    match whose(app, &folders, sudo_caller()) {
        Some(uid) => start_again_as(uid),
        None => Ok(()),
    }
}

/// The uid to become, `None` = stay root.
fn whose(app: Option<&AppId>, folders: &Folders, caller: Option<u32>) -> Option<u32> {
    let Some(app) = app else { return caller };
    if folders.user_apps().join(format!("{app}.toml")).exists() {
        return None;
    }
    match program_owner(&folders.machine_apps().join(format!("{app}.toml"))) {
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

fn start_again_as(uid: u32) -> Result<(), Failure> {
    let unknown =
        |why: &str| Failure::engine("E-STATE-OWNER", format!("user {uid} {why}: run this as that user"));
    let user = User::from_uid(Uid::from_raw(uid))
        .map_err(|errno| unknown(&format!("cannot be looked up ({errno})")))?
        .ok_or_else(|| unknown("does not exist on this machine"))?;
    let program = std::env::current_exe().map_err(|error| unknown(&format!("cannot be served ({error})")))?;
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1)).env_clear().uid(uid).gid(user.gid.as_raw());
    command.envs(std::env::vars_os().filter(|(name, _)| KEPT.iter().any(|kept| name == kept)));
    command.env("HOME", &user.dir).env("USER", &user.name).env("LOGNAME", &user.name).current_dir("/");
    let session = format!("/run/user/{uid}");
    if Path::new(&session).is_dir() {
        command.env("XDG_RUNTIME_DIR", session);
    }
    let error = command.exec();
    Err(unknown(&format!("cannot be served ({error})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_looked_for_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(folder.path());
        let app = AppId::parse("demo").unwrap();
        assert_eq!(whose(None, &folders, None), None);
        assert_eq!(whose(None, &folders, Some(7)), Some(7));
        assert_eq!(whose(Some(&app), &folders, Some(7)), Some(7));
        std::fs::create_dir_all(folders.user_apps()).unwrap();
        std::fs::write(folders.user_apps().join("demo.toml"), "").unwrap();
        assert_eq!(whose(Some(&app), &folders, Some(7)), None, "root enrolled it for itself");
    }
}
