//! Notifications, on a real notification service.

use anyhow::{Result, ensure};
use autoupdate_tests::desktop::{Desktop, Notices};
use autoupdate_tests::{Host, Person, Publisher, poll_until, program};
use jiff::Timestamp;

/// Nothing happens by itself, so whatever is seen was clicked.
const BY_HAND: &str = "mode = \"off\"\nhealth = { probe = [\"--version\"] }";

fn displays(notices: &Notices, count: u32) -> Result<()> {
    let seen = || notices.displayed().ok().filter(|seen| *seen == count);
    poll_until(&format!("{count} notifications are seen"), seen).map(drop)
}

#[test]
fn a_version_that_is_ready_is_told_once_and_installed_from_there() -> Result<()> {
    let Some(desktop) =
        Desktop::or_skip("desktop::notices::a_version_that_is_ready_is_told_once_and_installed_from_there")?
    else {
        return Ok(());
    };
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let notices = desktop.notices(&person)?;
    let tray = desktop.tray()?;
    let mut app = desktop.log_in(&person)?;
    let icon = tray.icon()?;
    icon.click("Check now")?;
    icon.says("Demo 2.0.0 is available")?;
    // Whoever asked in the tray is answered; an offer alone is not told.
    displays(&notices, 1)?;
    ensure!(notices.said()?.contains("Demo 2.0.0 is available"), "{}", notices.said()?);
    icon.click("Install")?;
    poll_until("it is told that it is ready", || notices.said().ok()?.contains("is ready").then_some(()))?;
    displays(&notices, 1)?;
    let said = notices.said()?;
    ensure!(said.contains("Demo 2.0.0 is ready") && said.contains("Restart to update"), "{said}");

    // Taken away by the person, and the app starts again: it was told.
    notices.close_all()?;
    displays(&notices, 0)?;
    icon.click("Quit")?;
    ensure!(app.ended()?.success());
    let app = desktop.log_in(&person)?;
    let icon = tray.icon()?;
    icon.says("Demo 2.0.0 is ready")?;
    assert_eq!(notices.said()?, said, "told once");

    // A newer one is told again.
    publisher.release("3.0.0", &program("3.0.0"), Timestamp::now())?;
    person.run(&["check", "demo"])?.expect(0)?;
    icon.says("Demo 3.0.0 is available")?;
    icon.click("Install")?;
    displays(&notices, 1)?;
    poll_until("it is told again", || notices.said().ok()?.contains("Demo 3.0.0 is ready").then_some(()))?;
    notices.press("Restart to update")?;
    icon.says("Everything is up to date")?;
    assert_eq!(person.installed()?, program("3.0.0"));
    // What was done is told with the way back.
    displays(&notices, 1)?;
    ensure!(notices.said()?.contains("Demo was updated to 3.0.0"), "{}", notices.said()?);
    notices.press("Undo")?;
    icon.says("Demo is back on 1.0.0")?;
    assert_eq!(person.installed()?, program("1.0.0"));
    drop(app);
    Ok(())
}

#[test]
fn a_notification_that_is_not_true_any_more_is_withdrawn() -> Result<()> {
    let Some(desktop) =
        Desktop::or_skip("desktop::notices::a_notification_that_is_not_true_any_more_is_withdrawn")?
    else {
        return Ok(());
    };
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
    let notices = desktop.notices(&person)?;
    let tray = desktop.tray()?;
    let _app = desktop.log_in(&person)?;
    let icon = tray.icon()?;
    icon.click("Check now")?;
    icon.says("Demo 2.0.0 is available")?;
    icon.click("Install")?;
    poll_until("it is told that it is ready", || notices.said().ok()?.contains("is ready").then_some(()))?;
    displays(&notices, 1)?;
    // Installed by another way.
    person.run(&["apply", "demo"])?.expect(0)?;
    icon.says("Everything is up to date")?;
    poll_until("it is told what was done", || notices.said().ok()?.contains("was updated to").then_some(()))?;
    displays(&notices, 1)?;
    Ok(())
}
