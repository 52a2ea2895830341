//! The end of the session while a program is updated. Without logind every other test of the app runs: no machine of theirs has
//! one.

use anyhow::{Result, ensure};
use autoupdate_tests::desktop::{Desktop, Icon, Logind, TrayApp, kill};
use autoupdate_tests::{Demo, Running, poll_until};

/// Nothing happens by itself. The new version must live a moment.
const BY_HAND: &str = "mode = \"off\"\nhealth = { alive = \"1s\" }";

/// An update that is ready, of a program that runs.
fn ready(desktop: &Desktop) -> Result<(Demo, TrayApp, Icon)> {
    let demo = Demo::with(BY_HAND)?;
    demo.release()?;
    let tray = desktop.tray()?;
    let app = desktop.log_in(&demo.person)?;
    let icon = tray.icon()?;
    icon.click("Check now")?;
    icon.says("Demo 2.0.0 is available")?;
    icon.click("Install")?;
    icon.says("Demo 2.0.0 is ready")?;
    // The menu can be asked without the panel.
    drop(tray);
    Ok((demo, app, icon))
}

/// Restarts a program with two windows, up to where one has closed and the other does not.
fn half_closed(demo: &Demo, icon: &Icon) -> Result<(Running, Running)> {
    let mut closes = demo.start_by("closes", &[])?;
    let deaf = demo.start_by("deaf", &["env", "--ignore-signal=TERM"])?;
    icon.click("Restart to update")?;
    icon.says("Waiting for Demo to close")?;
    poll_until("the first window closes", || closes.first_runs().ok().filter(|runs| !runs))?;
    Ok((closes, deaf))
}

fn first_lock_is(logind: &Logind, held: bool) -> Result<()> {
    let seen = || logind.locks().first().filter(|lock| lock.is_held() == held).map(drop);
    poll_until(&format!("the lock is held: {held}"), seen)
}

#[test]
fn the_session_waits_while_a_program_is_replaced() -> Result<()> {
    let test = "desktop::session::the_session_waits_while_a_program_is_replaced";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let logind = desktop.logind()?;
    let (demo, _app, icon) = ready(&desktop)?;
    let running = demo.start()?;
    ensure!(logind.locks().is_empty(), "an update that waits holds nothing up");
    logind.look_at(running.status()?.pid);
    icon.click("Restart to update")?;
    icon.says("Everything is up to date")?;
    let locks = logind.locks();
    ensure!(locks.len() == 1 && locks[0].process_ran, "taken before the program is closed: {locks:?}");
    assert_eq!(locks[0].asked, ["shutdown", "delay"]);
    first_lock_is(&logind, false)?;

    let second = running.status()?;
    assert_eq!(second.version, "2.0.0");
    logind.look_at(second.pid);
    icon.click("Undo")?;
    icon.says("Demo is back on 1.0.0")?;
    let locks = logind.locks();
    ensure!(locks.len() == 2 && locks[1].process_ran, "so does a roll back: {locks:?}");
    poll_until("it is let go", || (!locks[1].is_held()).then_some(()))
}

#[test]
fn an_announced_end_puts_off_what_has_replaced_nothing() -> Result<()> {
    let test = "desktop::session::an_announced_end_puts_off_what_has_replaced_nothing";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let logind = desktop.logind()?;
    let (demo, mut app, icon) = ready(&desktop)?;
    let (closes, deaf) = half_closed(&demo, &icon)?;
    first_lock_is(&logind, true)?;

    logind.shut_down(true)?;
    icon.says("Demo 2.0.0 is ready")?;
    first_lock_is(&logind, false)?;
    ensure!(!closes.runs()?, "nothing is started in a session that ends");
    // Whatever is wanted now waits for the next session.
    let answer = demo.person.run(&["apply", "demo"])?;
    ensure!(answer.out.contains("cancelled"), "{answer:?}");
    app.terminate()?;
    ensure!(app.ended()?.success());
    assert_eq!(demo.person.installed()?, demo.versions[0]);
    ensure!(!closes.runs()? && deaf.runs()?, "neither does the end of the app start or end anything");

    // The next session: what was ready still is.
    drop((closes, deaf));
    logind.shut_down(false)?;
    let tray = desktop.tray()?;
    let _app = desktop.log_in(&demo.person)?;
    let icon = tray.icon()?;
    icon.says("Demo 2.0.0 is ready")?;
    icon.click("Restart to update")?;
    icon.says("Everything is up to date")?;
    assert_eq!(demo.person.installed()?, demo.versions[1]);
    Ok(())
}

/// Both end the app by the same signal.
#[test]
fn at_a_logout_nothing_is_started_and_at_the_end_of_the_app_alone_what_was_closed_is() -> Result<()> {
    let test =
        "desktop::session::at_a_logout_nothing_is_started_and_at_the_end_of_the_app_alone_what_was_closed_is";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let logind = desktop.logind()?;
    for logs_out in [false, true] {
        let (demo, mut app, icon) = ready(&desktop)?;
        let (closes, _deaf) = half_closed(&demo, &icon)?;
        let before = closes.status()?;
        if logs_out {
            logind.log_out();
        }
        app.terminate()?;
        ensure!(app.ended()?.success());
        assert_eq!(demo.person.installed()?, demo.versions[0]);
        if logs_out {
            ensure!(!closes.runs()?, "it is not started for a session that ends");
        } else {
            let again = || closes.status().ok().filter(|now| now.pid != before.pid);
            let now = poll_until("what was closed runs again", again)?;
            assert_eq!((&now.version, &now.arguments), (&before.version, &before.arguments));
            kill(now.pid);
        }
    }
    Ok(())
}

#[test]
fn an_update_is_not_begun_once_the_person_logs_out() -> Result<()> {
    let test = "desktop::session::an_update_is_not_begun_once_the_person_logs_out";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let logind = desktop.logind()?;
    let (demo, _app, _icon) = ready(&desktop)?;
    let mut running = demo.start()?;
    logind.log_out();
    let answer = demo.person.run(&["apply", "demo"])?;
    ensure!(answer.out.contains("cancelled"), "{answer:?}");
    ensure!(running.first_runs()? && logind.locks().is_empty(), "nobody was asked to close");
    assert_eq!(demo.person.installed()?, demo.versions[0]);
    Ok(())
}
