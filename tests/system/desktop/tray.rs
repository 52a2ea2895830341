//! The icon in the tray, as a panel sees it.

use anyhow::{Result, ensure};
use autoupdate_tests::desktop::Desktop;
use autoupdate_tests::{Host, Person, Publisher, poll_until, program};

/// Nothing happens by itself, so whatever is seen was clicked.
const BY_HAND: &str = "mode = \"off\"\nhealth = { probe = [\"--version\"] }";

/// The installed version is told once it was looked up in the publisher's list: at the first check.
const UNCHECKED: &str = "Demo: Not checked by itself";

/// The menu with these lines at its top.
fn menu(top: &[&str]) -> Vec<String> {
    let rest = ["Pause updates", "Settings", "Help", "Open", "Quit"];
    top.iter().chain(&rest).map(|line| (*line).to_owned()).collect()
}

#[test]
fn the_menu_says_and_does_what_the_state_is() -> Result<()> {
    let Some(desktop) = Desktop::or_skip("desktop::tray::the_menu_says_and_does_what_the_state_is")? else {
        return Ok(());
    };
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let tray = desktop.tray()?;
    let mut app = desktop.log_in(&person)?;
    let icon = tray.icon()?;

    icon.says("Demo is not checked by itself")?;
    assert_eq!(icon.labels()?, menu(&["Demo is not checked by itself", "Check now", UNCHECKED]));
    let lines = icon.lines()?;
    ensure!(lines.iter().map(|line| line.enabled).eq([false].into_iter().chain([true; 7])), "{lines:?}");
    let below = |at: usize| lines[at].below.iter().map(|line| line.label.as_str()).collect::<Vec<_>>();
    assert_eq!(below(2), ["Check now"]);
    assert_eq!(below(3), ["For a day", "For a week", "Until I resume"]);
    assert_eq!(below(5), ["Why no update?", "Export diagnostics", "Repair", "Open log"]);
    let held = icon.picture()?;

    icon.click("Check now")?;
    icon.says("Demo 2.0.0 is available")?;
    let program_line = "Demo 1.0.0: Version 2.0.0 is available";
    assert_eq!(icon.labels()?, menu(&["Demo 2.0.0 is available", "Install", program_line]));
    let available = icon.picture()?;
    ensure!(available != held, "the icon has changed with the state");

    icon.click("Install")?;
    icon.says("Demo 2.0.0 is ready")?;
    let labels = icon.labels()?;
    assert_eq!(labels[1], "Restart to update");
    ensure!(labels[2].ends_with(": Version 2.0.0 is ready"), "{labels:?}");
    let ready = icon.picture()?;
    ensure!(ready != available && ready != held, "the icon has changed with the state");
    assert_eq!(person.installed()?, program("1.0.0"), "nothing is replaced before somebody says so");

    icon.click("Restart to update")?;
    icon.says("Everything is up to date")?;
    assert_eq!(person.installed()?, program("2.0.0"));
    assert_eq!(icon.labels()?[2], "Demo 2.0.0: Updated to 2.0.0");

    assert_eq!(desktop.windows("Updates")?, 0);
    icon.click("Open")?;
    poll_until("the window", || desktop.windows("Updates").ok().filter(|count| *count == 1))?;
    ensure!(app.runs()?);
    icon.click("Quit")?;
    ensure!(app.ended()?.success());
    Ok(())
}

#[test]
fn an_icon_without_a_panel_waits_for_one() -> Result<()> {
    let Some(desktop) = Desktop::or_skip("desktop::tray::an_icon_without_a_panel_waits_for_one")? else {
        return Ok(());
    };
    let person = Person::unenrolled(&program("1.0.0"))?;
    let mut app = desktop.log_in(&person)?;
    app.serves(&person)?;
    let tray = desktop.tray()?;
    let icon = tray.icon()?;
    assert_eq!(icon.labels()?, menu(&["No programs yet"]));

    // The panel crashed and comes again.
    drop((icon, tray));
    let tray = desktop.tray()?;
    let icon = tray.icon()?;
    icon.says("No programs yet")?;
    ensure!(app.runs()?);
    Ok(())
}

#[test]
fn programs_come_and_go_with_their_enrolments() -> Result<()> {
    let Some(desktop) = Desktop::or_skip("desktop::tray::programs_come_and_go_with_their_enrolments")? else {
        return Ok(());
    };
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::unenrolled(&program("1.0.0"))?;
    let tray = desktop.tray()?;
    let notices = desktop.notices(&person)?;
    let _app = desktop.log_in(&person)?;
    let icon = tray.icon()?;
    icon.says("No programs yet")?;
    person.enrol(&publisher.root()?, &host.url(), BY_HAND)?;
    icon.says("Demo is not checked by itself")?;
    icon.click("Check now")?;
    icon.says("Demo 2.0.0 is available")?;
    icon.click("Install")?;
    let displays =
        |count| poll_until("notifications", || notices.displayed().ok().filter(|seen| *seen == count));
    displays(1)?;
    person.run(&["forget", "demo"])?.expect(0)?;
    icon.says("No programs yet")?;
    displays(0)?;
    Ok(())
}

#[test]
fn without_anybody_who_shows_icons_it_says_so_once() -> Result<()> {
    let Some(desktop) = Desktop::or_skip("desktop::tray::without_anybody_who_shows_icons_it_says_so_once")?
    else {
        return Ok(());
    };
    let person = Person::unenrolled(&program("1.0.0"))?;
    let notices = desktop.notices(&person)?;
    let displays =
        |count| poll_until("notifications", || notices.displayed().ok().filter(|seen| *seen == count));
    let mut app = desktop.log_in(&person)?;
    displays(1)?;
    let said = notices.said()?;
    ensure!(said.contains("No icon can be shown here") && said.contains("list of programs"), "{said}");

    // A watcher alone shows nothing; with a panel it is not true any more.
    let tray = desktop.tray_without_host()?;
    let icon = tray.icon()?;
    icon.says("No programs yet")?;
    assert_eq!(notices.displayed()?, 1);
    tray.host(true)?;
    displays(0)?;

    // Told is told, also after the next start; the window says it as long as it is so.
    tray.host(false)?;
    icon.click("Quit")?;
    ensure!(app.ended()?.success());
    drop((icon, tray));
    let window = desktop.window(&person)?;
    window.says("[data-no-tray]", "There is no tray here")?;
    let tray = desktop.tray()?;
    poll_until("the window does not say so any more", || {
        window.text("[data-no-tray]").is_none().then_some(())
    })?;
    drop(tray);
    window.says("[data-no-tray]", "There is no tray here")?;
    assert_eq!(notices.said()?, said, "told once");
    Ok(())
}

#[test]
fn a_click_on_that_it_has_no_icon_opens_the_window() -> Result<()> {
    let Some(desktop) = Desktop::or_skip("desktop::tray::a_click_on_that_it_has_no_icon_opens_the_window")?
    else {
        return Ok(());
    };
    let person = Person::unenrolled(&program("1.0.0"))?;
    let notices = desktop.notices(&person)?;
    let _app = desktop.log_in(&person)?;
    poll_until("a notification", || notices.displayed().ok().filter(|seen| *seen == 1))?;
    assert_eq!(desktop.windows("Updates")?, 0);
    notices.press("Open")?;
    poll_until("the window", || desktop.windows("Updates").ok().filter(|count| *count == 1))?;
    Ok(())
}
