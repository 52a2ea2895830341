//! Restart to update, of a program that is open more than once.

use std::path::Path;

use anyhow::{Result, ensure};
use autoupdate_tests::desktop::Desktop;
use autoupdate_tests::{Demo, Running, Status, poll_until};

/// Nothing happens by itself. The new version must live a moment.
const BY_HAND: &str = "mode = \"off\"\nhealth = { alive = \"1s\" }";

/// What a window was started with, and where.
fn as_it_was(status: &Status) -> Result<(Vec<String>, std::path::PathBuf)> {
    Ok((status.arguments.clone(), std::fs::read_link(format!("/proc/{}/cwd", status.pid))?))
}

fn comes_back(window: &Running, before: &Status, version: &str) -> Result<Status> {
    let again = || window.status().ok().filter(|now| now.pid != before.pid);
    let now = poll_until("a window comes back", again)?;
    assert_eq!(now.version, version);
    Ok(now)
}

#[test]
fn two_windows_are_both_closed_and_each_comes_back_where_it_was() -> Result<()> {
    let test = "desktop::restart::two_windows_are_both_closed_and_each_comes_back_where_it_was";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let demo = Demo::with(BY_HAND)?;
    demo.release()?;
    let marks = ["env", "XDG_ACTIVATION_TOKEN=past", "DESKTOP_STARTUP_ID=past", "COLOUR=deep blue"];
    let mut windows = [
        demo.start_window("one and only", demo.person.home())?,
        demo.start_window("another", Path::new("/usr"))?,
        demo.start_by("marked", &marks)?,
    ];
    let before: Vec<Status> = windows.iter().map(Running::status).collect::<Result<_>>()?;
    let places = before.iter().map(as_it_was).collect::<Result<Vec<_>>>()?;
    ensure!(places[0].1 != places[1].1, "{places:?}");

    let tray = desktop.tray()?;
    let _app = desktop.log_in(&demo.person)?;
    let icon = tray.icon()?;
    icon.click("Check now")?;
    icon.says("Demo 2.0.0 is available")?;
    icon.click("Install")?;
    icon.says("Demo 2.0.0 is ready")?;
    for window in &mut windows {
        ensure!(window.first_runs()?);
    }
    icon.click("Restart to update")?;
    icon.says("Everything is up to date")?;
    for ((window, before), place) in windows.iter_mut().zip(&before).zip(&places) {
        ensure!(!window.first_runs()?, "{before:?} was closed");
        let now = comes_back(window, before, "2.0.0")?;
        assert_eq!(&as_it_was(&now)?, place);
    }
    let environment = std::fs::read(format!("/proc/{}/environ", windows[2].status()?.pid))?;
    let has = |text: &str| environment.split(|byte| *byte == 0).any(|one| one.starts_with(text.as_bytes()));
    ensure!(has("COLOUR=deep blue") && has("HOME="), "the rest of the environment is what it was");
    ensure!(
        !has("XDG_ACTIVATION_TOKEN=") && !has("DESKTOP_STARTUP_ID="),
        "marks of the first start are past"
    );

    // And back again, all of them.
    let before: Vec<Status> = windows.iter().map(Running::status).collect::<Result<_>>()?;
    icon.click("Undo")?;
    icon.says("Demo is back on 1.0.0")?;
    for ((window, before), place) in windows.iter().zip(&before).zip(&places) {
        assert_eq!(&as_it_was(&comes_back(window, before, "1.0.0")?)?, place);
    }
    Ok(())
}
