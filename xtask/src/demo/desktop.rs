//! The desktop app in the demo: left to the person who sits before a display, else clicked on a display of its own.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::program::{Life, Program};
use super::publisher::Publisher;
use super::server::{Access, Server};
use super::user::User;
use super::{ARGUMENTS, install, step};
use crate::command;
use crate::sha256;
use crate::test::Built;

/// What a session tells its programs about its display, beside the folders.
const DISPLAYS: &[&str] = &["WAYLAND_DISPLAY", "DISPLAY"];

/// The second half of the demo: the same updates on another machine, by the app. What went wrong.
pub(super) fn demonstrate(
    built: &Built,
    autoupdate: &Path,
    folder: &Path,
    publisher: &Publisher,
    server: &Server,
    programs: &[Program],
) -> Result<Vec<String>> {
    let user = User::new(autoupdate, &folder.join("desktop"))?;
    let mut running = Vec::new();
    for program in programs {
        install(&user, publisher, server, program)?;
        if program.life == Life::Running {
            running.push((program, user.start(program.id, ARGUMENTS)?));
        }
    }
    if display_is_here() && command::can_ask() {
        step("Starting the desktop app: it is yours now");
        println!("  Its icon is in the tray, its window is open, and it tells when the updates are ready.");
        println!("  Restart the programs from any of the three; this ends when you quit the app.");
        let mut app = user.command(built.program("autoupdate-tray")?);
        app.envs(session());
        if !command::succeeds(&mut app)? {
            bail!("the desktop app failed");
        }
        return Ok(Vec::new());
    }

    step("Updating by the desktop app, on a display of its own");
    let before = programs.iter().map(|program| server.accesses(program.id)).collect::<Result<Vec<_>>>()?;
    let pictures = folder.join("pictures");
    let mut desktop = user.command(built.program("demo-desktop")?);
    desktop.arg(user.home()).arg(&pictures).envs(built.environment());
    desktop.args(programs.iter().map(|program| format!("{}={}", program.id, program.to.version)));
    if !command::succeeds(&mut desktop)? {
        bail!("the updates by the desktop app failed (see above)");
    }
    println!("  pictures of it: {}", pictures.display());
    let mut faults = Vec::new();
    for (program, before) in programs.iter().zip(before) {
        let fault = |what: &str| format!("{} by the desktop app: {what}", program.id);
        if sha256::of_file(&user.installed(program.id))? != sha256::of_file(&program.to.file)? {
            faults.push(fault("the file is not the published one"));
        }
        let accesses = server.accesses(program.id)?.split_off(before.len());
        if !accesses.iter().any(Access::is_patch) {
            faults.push(fault("no patch was fetched"));
        }
        if accesses.iter().any(Access::is_full) {
            faults.push(fault("a full file was fetched"));
        }
    }
    for (program, running) in running {
        faults.extend(running.fault(program.to.version).map(|fault| format!("{}: {fault}", program.id)));
    }
    Ok(faults)
}

fn display_is_here() -> bool {
    DISPLAYS.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// What programs find relative to the person's own folders, said absolutely: the app has others in the demo.
fn session() -> Vec<(&'static str, PathBuf)> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let mut session = Vec::new();
    if let (Some(runtime), Some(display)) = (folder("XDG_RUNTIME_DIR"), folder("WAYLAND_DISPLAY")) {
        session.push(("WAYLAND_DISPLAY", runtime.join(display)));
    }
    if let (Some(runtime), None) = (folder("XDG_RUNTIME_DIR"), folder("DBUS_SESSION_BUS_ADDRESS")) {
        session.push((
            "DBUS_SESSION_BUS_ADDRESS",
            format!("unix:path={}", runtime.join("bus").display()).into(),
        ));
    }
    if let (Some(home), None) = (folder("HOME"), folder("XAUTHORITY")) {
        session.push(("XAUTHORITY", home.join(".Xauthority")));
    }
    session
}
