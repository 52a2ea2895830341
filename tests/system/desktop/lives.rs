//! From the start of the app's process to its end, with and without a window.

use anyhow::{Context, Result, ensure};
use autoupdate_tests::desktop::{Desktop, TrayApp, children_of};
use autoupdate_tests::{Demo, Host, Person, Publisher, poll_until, program, run};

/// Nothing happens by itself, so whatever is seen was asked for.
const BY_HAND: &str = "mode = \"off\"\nhealth = { probe = [\"--version\"] }";

/// The window's title.
const TITLE: &str = "Updates";

fn windows(desktop: &Desktop, count: usize) -> Result<()> {
    let seen = || desktop.windows(TITLE).ok().filter(|seen| *seen == count);
    poll_until(&format!("{count} windows are seen"), seen).map(drop)
}

/// Waits until as many processes as that draw pages.
fn draws(app: &TrayApp, count: usize) -> Result<()> {
    let draws = || Some(app.web_processes()).filter(|seen| *seen == count);
    poll_until(&format!("{count} web processes"), draws).map(drop)
}

#[test]
fn a_second_start_opens_the_window_of_the_first_and_installs_nothing() -> Result<()> {
    let test = "desktop::lives::a_second_start_opens_the_window_of_the_first_and_installs_nothing";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let tray = desktop.tray()?;
    let mut first = desktop.log_in(&person)?;
    let icon = tray.icon()?;
    icon.click("Check now")?;
    icon.says("Demo 2.0.0 is available")?;
    icon.click("Install")?;
    icon.says("Demo 2.0.0 is ready")?;
    assert_eq!(desktop.windows(TITLE)?, 0, "the session's start opens no window");

    let mut starts = vec![desktop.command(&person, &[])?, desktop.command(&person, &[])?];
    for start in &mut starts {
        run(start)?.expect(0)?;
        windows(&desktop, 1)?;
    }
    // Whatever a link in a web page or a desktop file may hand over.
    for hostile in
        [&["--install-now"][..], &["demo"], &["autoupdate://apply/demo"], &["--background", "apply"]]
    {
        let answer = run(&mut desktop.command(&person, hostile)?)?.expect(2)?;
        ensure!(answer.err.contains("Usage"), "{hostile:?}: {answer:?}");
    }
    run(&mut desktop.command(&person, &["--background"])?)?.expect(0)?;
    icon.says("Demo 2.0.0 is ready")?;
    assert_eq!(person.installed()?, program("1.0.0"));
    windows(&desktop, 1)?;
    ensure!(first.runs()?);
    Ok(())
}

#[test]
fn a_closed_window_costs_nothing_and_the_tray_lives_on() -> Result<()> {
    let test = "desktop::lives::a_closed_window_costs_nothing_and_the_tray_lives_on";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let person = Person::unenrolled(&program("1.0.0"))?;
    let tray = desktop.tray()?;
    let mut app = desktop.starts(&person, &[])?;
    let icon = tray.icon()?;
    for _ in 0..2 {
        windows(&desktop, 1)?;
        draws(&app, 1)?;
        desktop.close_windows(TITLE)?;
        windows(&desktop, 0)?;
        draws(&app, 0)?;
        poll_until("nothing stays beside the app", || children_of(app.pid()).is_empty().then_some(()))?;
        ensure!(app.runs()?, "closing the window does not end the app");
        icon.click("Open")?;
    }
    windows(&desktop, 1)?;
    icon.click("Quit")?;
    ensure!(app.ended()?.success());
    Ok(())
}

#[test]
fn the_command_line_moves_the_window_of_the_running_app() -> Result<()> {
    let test = "desktop::lives::the_command_line_moves_the_window_of_the_running_app";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let window = desktop.window(&person)?;
    window.says("[data-app=demo]", "Not checked by itself")?;
    let offered = person.run(&["check", "demo", "--force"])?.expect(0)?.json()?;
    assert_eq!(offered["offer"]["version"], "2.0.0", "{offered}");
    window.says("[data-app=demo]", "Version 2.0.0 is available")?;
    person.run(&["apply", "demo"])?.expect(0)?;
    window.says("[data-app=demo]", "Updated to 2.0.0")?;
    Ok(())
}

#[test]
fn the_end_of_the_session_ends_it_in_good_order() -> Result<()> {
    let test = "desktop::lives::the_end_of_the_session_ends_it_in_good_order";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    // In the middle of a download, so that there is something to be torn.
    let demo = Demo::with("mode = \"off\"\nhealth = { alive = \"1s\" }")?;
    demo.release()?;
    let tray = desktop.tray()?;
    let mut app = desktop.log_in(&demo.person)?;
    let icon = tray.icon()?;
    icon.click("Check now")?;
    icon.says("Demo 2.0.0 is available")?;
    demo.valve.close();
    icon.click("Install")?;
    icon.says("Getting Demo 2.0.0")?;
    demo.valve.let_through(256 << 10);
    app.terminate()?;
    let ended = app.ended()?;
    ensure!(ended.success(), "{ended}");
    demo.valve.open();
    assert_eq!(demo.person.installed()?, demo.versions[0]);

    // Nobody holds lock or socket any more: the command line works alone, and goes on from what there is.
    let report = demo.person.run(&["apply", "demo"])?.expect(0)?.json()?;
    assert_eq!(report["report"]["to"], "2.0.0", "{report}");
    assert_eq!(demo.person.installed()?, demo.versions[1]);
    let left = demo.person.leftovers()?;
    ensure!(left.is_empty(), "{left:?}");
    // From the first moment that others can talk to it. A start that has just begun is often heard a moment too early.
    for _ in 0..5 {
        let mut again = desktop.log_in(&demo.person)?;
        again.serves(&demo.person)?;
        again.terminate()?;
        let ended = again.ended().context("with nothing to do")?;
        ensure!(ended.success(), "{ended}");
    }
    Ok(())
}

#[test]
fn without_a_display_it_says_so_and_ends() -> Result<()> {
    let test = "desktop::lives::without_a_display_it_says_so_and_ends";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let person = Person::unenrolled(&program("1.0.0"))?;
    for display in [None, Some(":no-such-display")] {
        let mut command = desktop.command(&person, &[])?;
        match display {
            None => command.env_remove("DISPLAY"),
            Some(display) => command.env("DISPLAY", display),
        };
        let answer = run(&mut command)?.expect(1)?;
        ensure!(answer.err.contains("autoupdate-tray: the desktop cannot be reached"), "{answer:?}");
    }
    // Whoever did not start leaves nothing that keeps the next one from starting.
    let app = desktop.log_in(&person)?;
    app.serves(&person)
}

#[test]
fn without_a_session_bus_the_window_remains() -> Result<()> {
    let Some(desktop) = Desktop::or_skip("desktop::lives::without_a_session_bus_the_window_remains")? else {
        return Ok(());
    };
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let mut command = desktop.command(&person, &[])?;
    let mut app = TrayApp::start(command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere"))?;
    windows(&desktop, 1)?;
    app.serves(&person)?;
    person.run(&["apply", "demo"])?.expect(0)?;
    assert_eq!(person.installed()?, program("2.0.0"));
    ensure!(app.runs()?, "a notification that cannot be shown bothers nobody");
    app.terminate()?;
    ensure!(app.ended()?.success());
    Ok(())
}
