//! Processes that are none of ours to close: of other users, in terminals, among other mounts.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use autoupdate::platform::processes;
use autoupdate_tests::{Demo, poll_until, run, skip, sweep};

/// Nothing happens by itself. The new version must live a moment.
const BY_HAND: &str = "mode = \"off\"\nhealth = { alive = \"1s\" }";

/// A user that is nobody here.
const STRANGER: &str = "12345";

/// Runs what it is told in a terminal of its own.
const IN_A_TERMINAL: &[&str] = &["sh", "-c", "exec script -qec \"$*\" /dev/null", "sh"];

#[test]
fn who_goes_on_with_old_bytes_is_told_and_left_alone() -> Result<()> {
    if !sweep::is_root() {
        return skip("who-goes-on-with-old-bytes", "only root can act as another user");
    }
    let demo = Demo::with(BY_HAND)?;
    demo.release()?;
    // The stranger must come to the program, and writes down that it runs.
    std::fs::set_permissions(demo.person.home(), Permissions::from_mode(0o777))?;
    let mut window = demo.start_by("window", &[])?;
    let terminal = demo.start_by("terminal", IN_A_TERMINAL)?;
    let as_stranger = ["setpriv", "--reuid", STRANGER, "--regid", STRANGER, "--clear-groups"];
    let stranger = demo.start_by("stranger", &as_stranger)?;
    let (in_terminal, of_stranger) = (terminal.status()?.pid, stranger.status()?.pid);

    let said = run(&mut demo.person.command(&["apply", "demo"])?)?.expect(0)?.out;
    assert_eq!(demo.person.installed()?, demo.versions[1]);
    ensure!(!window.first_runs()? && window.runs()?, "the window was closed, and came back");
    assert_eq!(window.status()?.version, "2.0.0");
    ensure!(terminal.runs()? && stranger.runs()?, "nobody else was closed");
    let told = said.lines().find(|line| line.contains("2 running copies keep the version before until they"));
    let told = told.with_context(|| format!("not told: {said}"))?;
    ensure!(told.contains(&format!("demo (process {in_terminal})")), "{told}");
    ensure!(told.contains(&format!("demo (process {of_stranger} of user {STRANGER})")), "{told}");

    let program = demo.person.program().canonicalize()?;
    let seen = processes::outdated(&program)?;
    assert_eq!(seen.len(), 2, "{seen:?}");
    // Nor are they in anybody's way: nothing of them is waited for.
    let begun = Instant::now();
    demo.person.run(&["rollback", "demo"])?.expect(0)?;
    ensure!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    ensure!(terminal.runs()? && stranger.runs()?);
    Ok(())
}

/// In a container of its own runs a program that has the same path there, and was replaced there.
#[test]
fn the_same_path_among_other_mounts_is_another_program() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path().canonicalize()?;
    for name in ["here", "there"] {
        std::fs::create_dir(folder.join(name))?;
        run(Command::new("cp").arg("/bin/cat").arg(folder.join(name).join("app")))?.expect(0)?;
    }
    let (here, there) = (folder.join("here"), folder.join("there"));
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", "mount --bind \"$1\" \"$0\" && exec \"$0/app\""]);
    // It reads until this is closed.
    let mut child = command.arg(&here).arg(&there).stdin(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let exe = format!("/proc/{}/exe", child.id());
    let runs = || match child.try_wait() {
        Ok(None) => std::fs::read_link(&exe).ok().filter(|exe| *exe == here.join("app")).map(|_| true),
        _ended => Some(false),
    };
    if !poll_until("the other program runs", runs)? {
        return skip("other-mounts", "nothing can be mounted");
    }
    std::fs::remove_file(there.join("app"))?;
    let gone = here.join("app (deleted)");
    assert_eq!(std::fs::read_link(&exe)?, gone, "its path reads as if ours had been replaced under it");
    let (instances, outdated) =
        (processes::instances(&here.join("app"))?, processes::outdated(&here.join("app"))?);
    drop(child.stdin.take());
    child.wait()?;
    ensure!(instances.is_empty() && outdated.is_empty(), "{instances:?} {outdated:?}");
    Ok(())
}
