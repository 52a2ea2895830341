//! The window's panels and the tray beside it, each story told to its end: what is clicked here is seen there, and in the file.

use anyhow::{Context, Result, ensure};
use autoupdate_tests::desktop::{Desktop, Machine, Window};
use autoupdate_tests::{Demo, Host, Person, Publisher, poll_until, program, skip};
use jiff::Timestamp;

/// Nothing happens by itself, so whatever is seen was clicked.
const BY_HAND: &str = "mode = \"off\"\nhealth = { probe = [\"--version\"] }";

const CARD: &str = "[data-app=demo]";

fn button(act: &str) -> String {
    format!("{CARD} [data-act={act}]")
}

/// Waits until the person's settings file says this; it may say nothing, which is no file.
fn is_set(person: &Person, expected: &str) -> Result<()> {
    let file = person.folders().config.join("settings.toml");
    let text = || std::fs::read_to_string(&file).unwrap_or_default();
    poll_until(expected, || (text().trim() == expected).then_some(()))
        .with_context(|| format!("the settings are {:?}", text()))
}

/// Sets a time as its field does when somebody has typed it.
fn set_time(window: &Window, which: &str, time: &str) -> Result<()> {
    let body = "const field = document.querySelector(`[data-time=${given.which}]`); \
                field.value = given.time; field.dispatchEvent(new Event('change', { bubbles: true }))";
    window.run(body, &serde_json::json!({ "which": which, "time": time })).map(drop)
}

#[test]
fn what_is_set_stands_in_the_file_and_counts_at_once() -> Result<()> {
    let test = "desktop::panels::what_is_set_stands_in_the_file_and_counts_at_once";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let tray = desktop.tray()?;
    let window = desktop.window(&person)?;
    let icon = tray.icon()?;
    icon.says("Demo is not checked by itself")?;

    window.click("[data-panel=settings]")?;
    window.click("[data-knob=quiet_hours]")?;
    is_set(&person, "quiet_hours = \"22:00-07:00\"")?;
    window.has("[data-time=begin]")?;
    set_time(&window, "begin", "21:30")?;
    is_set(&person, "quiet_hours = \"21:30-07:00\"")?;
    window.click("[data-reset=quiet_hours]")?;
    is_set(&person, "")?;
    window.has_no("[data-time]")?;

    window.choose("[data-knob=look]", "dark")?;
    window.has("html[data-theme=dark]")?;
    window.choose("[data-knob=language]", "fa")?;
    is_set(&person, "look = \"dark\"\nlanguage = \"fa\"")?;
    window.has("html[dir=rtl][lang=fa][data-theme=dark] [data-panel=settings][aria-current]")?;
    icon.says("Demo خودکار بررسی نمی‌شود")?;
    window.choose("[data-knob=language]", "en")?;
    window.has("html[dir=ltr][lang=en]")?;
    icon.says("Demo is not checked by itself")?;

    window.choose(".program select", "demo")?;
    window.click("[data-setting=mode] [value=download]")?;
    is_set(&person, "look = \"dark\"\nlanguage = \"en\"\n\n[app.demo]\nmode = \"download\"")?;
    window.click("[data-panel=updates]")?;
    window.has(&format!("{CARD}[data-state=ready]"))?;
    icon.says("Demo 2.0.0 is ready")?;
    assert_eq!(person.installed()?, program("1.0.0"), "nothing is replaced before somebody says so");
    Ok(())
}

#[test]
fn what_the_administrator_set_is_locked_and_says_so() -> Result<()> {
    let test = "desktop::panels::what_the_administrator_set_is_locked_and_says_so";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let machine = Machine::with("metered = \"wait\"\nquiet_hours = \"20:00-06:00\"\nlook = \"light\"\n")?;
    if let Err(error) = machine.can_start() {
        return skip(test, &format!("no private /etc can be had: {error:#}"));
    }
    let publisher = Publisher::of(&["1.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let window = desktop.window_on(&machine, &person)?;
    window.has("html[data-theme=light]")?;
    window.click("[data-panel=settings]")?;
    for key in ["metered", "quiet_hours", "look"] {
        window.says(&format!("[data-setting={key}]"), "Set by your administrator")?;
        window.has(&format!("[data-knob={key}]:disabled"))?;
        window.has_no(&format!("[data-reset={key}]"))?;
    }
    window.has("[data-time=begin]:disabled")?;
    // Whoever asks past the window hears the same.
    let asked = serde_json::json!({ "app": null, "key": "metered", "value": "allow" });
    assert_eq!(window.invoke("set", &asked)?["refused"], "locked-by-administrator");
    is_set(&person, "")?;
    // Everything else is theirs.
    window.click("[data-knob=battery]")?;
    is_set(&person, "battery = \"ignore\"")?;
    Ok(())
}

#[test]
fn a_pause_from_the_tray_holds_until_the_window_ends_it() -> Result<()> {
    let test = "desktop::panels::a_pause_from_the_tray_holds_until_the_window_ends_it";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let publisher = Publisher::of(&["1.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let lines = "mode = \"download\"\nhealth = { probe = [\"--version\"] }";
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), lines)?;
    let tray = desktop.tray()?;
    let window = desktop.window(&person)?;
    let icon = tray.icon()?;
    let normal = icon.picture()?;

    icon.click("Until I resume")?;
    icon.says("Updates are paused")?;
    ensure!(icon.picture()? != normal, "the icon has changed with the state");
    window.says("[data-paused]", "Updates are paused until you resume them.")?;
    publisher.release("2.0.0", &program("2.0.0"), Timestamp::now())?;
    icon.click("Check now")?;
    window.says(CARD, "Version 2.0.0 waits, updates are paused")?;
    window.says(CARD, "You paused updates. It comes when you resume them.")?;
    let log = host.take_log();
    ensure!(!log.iter().any(|one| is_program(&one.object)), "nothing is fetched by itself: {log:?}");

    window.click("[data-paused] [data-pause=resume]")?;
    window.has_no("[data-paused]")?;
    window.has(&format!("{CARD}[data-state=ready]"))?;
    icon.says("Demo 2.0.0 is ready")?;
    ensure!(host.take_log().iter().any(|one| is_program(&one.object)), "it went on by itself");

    // And from the settings: for a day, and on again.
    window.click("[data-panel=settings]")?;
    window.click("[data-pause=day]")?;
    window.has("[data-pause=resume]")?;
    let labels = icon.labels()?;
    ensure!(labels.contains(&"Resume updates".to_owned()), "{labels:?}");
    icon.click("Resume updates")?;
    window.has("[data-pause=day]")?;
    Ok(())
}

/// Whether an object holds a version of the program, in whatever form.
fn is_program(object: &str) -> bool {
    object.starts_with("targets/releases/") || object.starts_with("patches/")
}

#[test]
fn a_better_time_is_planned_dropped_and_kept() -> Result<()> {
    let test = "desktop::panels::a_better_time_is_planned_dropped_and_kept";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let demo = Demo::with("mode = \"off\"\nhealth = { alive = \"1s\" }")?;
    demo.release()?;
    let mut running = demo.start()?;
    let notices = desktop.notices(&demo.person)?;
    // Without one, a notification says after ten seconds that there is none, and would be counted.
    let _tray = desktop.tray()?;
    let displays =
        |count| poll_until("notifications", || notices.displayed().ok().filter(|seen| *seen == count));
    let window = desktop.window(&demo.person)?;
    window.click(&button("check"))?;
    window.click(&button("install"))?;
    window.says(CARD, "Version 2.0.0 is ready")?;
    displays(1)?;

    window.click(&button("tonight"))?;
    window.says(CARD, "Version 2.0.0 comes tonight")?;
    displays(0)?;
    window.click(&button("postpone"))?;
    window.says(CARD, "Version 2.0.0 is ready")?;

    window.click(&button("at-quit"))?;
    window.says(CARD, "Version 2.0.0 comes when the program is closed")?;
    ensure!(running.first_runs()? && demo.person.installed()? == demo.versions[0]);
    autoupdate_tests::desktop::kill(running.status()?.pid);
    window.says(CARD, "Updated to 2.0.0")?;
    assert_eq!(demo.person.installed()?, demo.versions[1]);
    poll_until("what was done is told", || notices.said().ok()?.contains("was updated to").then_some(()))?;
    Ok(())
}

#[test]
fn the_tray_opens_the_window_where_it_helps() -> Result<()> {
    let test = "desktop::panels::the_tray_opens_the_window_where_it_helps";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let publisher = Publisher::of(&["1.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let notices = desktop.notices(&person)?;
    let tray = desktop.tray()?;
    let window = desktop.window(&person)?;
    let icon = tray.icon()?;
    let is_at = |panel: &str| window.has(&format!("[data-panel={panel}][aria-current]"));
    is_at("updates")?;
    icon.click("Why no update?")?;
    is_at("support")?;
    icon.click("Settings")?;
    is_at("settings")?;
    // Each click counts, also the same one again.
    window.click("[data-panel=history]")?;
    is_at("history")?;
    icon.click("Settings")?;
    is_at("settings")?;
    icon.click("Open")?;
    is_at("updates")?;

    // Also when there is no window yet.
    desktop.close_windows("Updates")?;
    poll_until("the window is closed", || desktop.windows("Updates").ok().filter(|seen| *seen == 0))?;
    icon.click("Why no update?")?;
    poll_until("the window", || desktop.windows("Updates").ok().filter(|seen| *seen == 1))?;
    window.turn_to_the_open_one()?;
    is_at("support")?;

    icon.click("Export diagnostics")?;
    let said =
        poll_until("where the file is", || notices.said().ok().filter(|said| said.contains("Written to")))?;
    let file = std::fs::read_dir(person.folders().state)?.flatten().map(|entry| entry.path());
    let file = file.filter(|path| path.extension().is_some_and(|found| found == "txt")).max();
    let file = file.context("the file that was written")?;
    ensure!(said.contains(&file.display().to_string()), "{said}");
    Ok(())
}
