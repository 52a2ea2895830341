//! The app is killed in every state, and says the right thing when it is started again.

use anyhow::{Result, ensure};
use autoupdate_tests::desktop::{Desktop, Icon, Tray, TrayApp};
use autoupdate_tests::{Demo, poll_until};

/// Nothing happens by itself. The new version must live longer than the test lasts.
const BY_HAND: &str = "mode = \"off\"\nhealth = { alive = \"10m\" }";

const AT_REST: &str = "Demo is not checked by itself";

/// Kills the app and starts it again.
fn again(desktop: &Desktop, tray: &Tray, demo: &Demo, app: &mut TrayApp) -> Result<Icon> {
    app.kill()?;
    demo.valve.open();
    *app = desktop.log_in(&demo.person)?;
    tray.icon()
}

#[test]
fn killed_in_every_state_it_shows_the_right_one_again() -> Result<()> {
    let Some(desktop) =
        Desktop::or_skip("desktop::kills::killed_in_every_state_it_shows_the_right_one_again")?
    else {
        return Ok(());
    };
    let mut demo = Demo::with(BY_HAND)?;
    demo.release()?;
    let mut running = demo.start()?;
    let tray = desktop.tray()?;
    let mut app = desktop.log_in(&demo.person)?;
    let mut icon = tray.icon()?;

    // Checking: nothing is known yet, and nothing hangs.
    demo.valve.close();
    icon.click("Check now")?;
    icon.says("Looking for an update of Demo")?;
    icon = again(&desktop, &tray, &demo, &mut app)?;
    icon.says(AT_REST)?;

    // A failed check: the next start begins anew.
    demo.server.kill()?;
    icon.click("Check now")?;
    icon.says("Demo could not be checked")?;
    icon = again(&desktop, &tray, &demo, &mut app)?;
    icon.says(AT_REST)?;
    demo.server.start_again()?;

    // Downloading: the offer is found again, and the installed bytes are the old ones.
    icon.click("Check now")?;
    icon.says("Demo 2.0.0 is available")?;
    demo.valve.close();
    icon.click("Install")?;
    icon.says("Getting Demo 2.0.0")?;
    demo.valve.let_through(300 << 10);
    icon = again(&desktop, &tray, &demo, &mut app)?;
    icon.says(AT_REST)?;
    assert_eq!(demo.person.installed()?, demo.versions[0]);
    icon.click("Check now")?;
    icon.says("Demo 2.0.0 is available")?;
    icon.click("Install")?;
    icon.says("Demo 2.0.0 is ready")?;

    // Ready: it stays so, without any byte of the network.
    demo.server.kill()?;
    icon = again(&desktop, &tray, &demo, &mut app)?;
    icon.says("Demo 2.0.0 is ready")?;
    demo.server.start_again()?;
    ensure!(running.first_runs()?, "nothing of this bothered the program");

    // Probation: the new version is in place, runs, and is still being watched.
    icon.click("Restart to update")?;
    icon.says("Seeing whether Demo 2.0.0 runs well")?;
    assert_eq!(demo.person.installed()?, demo.versions[1]);
    let second = || running.status().ok().filter(|status| status.version == "2.0.0");
    let started = poll_until("the second version runs", second)?;
    icon = again(&desktop, &tray, &demo, &mut app)?;
    icon.says("Seeing whether Demo 2.0.0 runs well")?;
    assert_eq!(demo.person.installed()?, demo.versions[1]);
    assert_eq!(running.status()?, started, "the program was not started a second time");
    Ok(())
}

#[test]
fn killed_after_an_update_it_says_so_once_more() -> Result<()> {
    let Some(desktop) = Desktop::or_skip("desktop::kills::killed_after_an_update_it_says_so_once_more")?
    else {
        return Ok(());
    };
    let demo = Demo::with("mode = \"off\"\nhealth = { probe = [\"--version\"] }")?;
    demo.release()?;
    let tray = desktop.tray()?;
    let mut app = desktop.log_in(&demo.person)?;
    let icon = tray.icon()?;
    icon.click("Check now")?;
    icon.says("Demo 2.0.0 is available")?;
    icon.click("Install")?;
    icon.says("Demo 2.0.0 is ready")?;
    icon.click("Restart to update")?;
    icon.says("Everything is up to date")?;
    let icon = again(&desktop, &tray, &demo, &mut app)?;
    icon.says("Everything is up to date")?;
    assert_eq!(icon.labels()?.get(2).map(String::as_str), Some("Demo 2.0.0: Updated to 2.0.0"));
    icon.click("Undo")?;
    icon.says("Demo is back on 1.0.0")?;
    assert_eq!(demo.person.installed()?, demo.versions[0]);
    let icon = again(&desktop, &tray, &demo, &mut app)?;
    icon.says("Demo is back on 1.0.0")?;
    Ok(())
}
