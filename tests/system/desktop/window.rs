//! The window over a whole update: real bytes from the real server, and a real program that is closed and started again.

use anyhow::{Context, Result, ensure};
use autoupdate_tests::desktop::Desktop;
use autoupdate_tests::{Demo, poll_until};

/// Nothing happens by itself, so whatever is seen was clicked. The new version must live a moment.
const BY_HAND: &str = "mode = \"off\"\nhealth = { alive = \"1s\" }";

const CARD: &str = "[data-app=demo]";

/// A part of the second version, in bytes: what is new in it is a mebibyte.
const PART: usize = 300 << 10;

fn button(act: &str) -> String {
    format!("{CARD} [data-act={act}]")
}

#[test]
fn an_update_from_the_first_look_to_the_last() -> Result<()> {
    let Some(desktop) = Desktop::or_skip("desktop::window::an_update_from_the_first_look_to_the_last")?
    else {
        return Ok(());
    };
    let demo = Demo::with(BY_HAND)?;
    demo.release()?;
    let mut running = demo.start()?;
    let before = running.status()?;
    let window = desktop.window(&demo.person)?;

    window.says(CARD, "Not checked by itself")?;
    window.click(&button("check"))?;
    window.says(CARD, "Version 2.0.0 is available")?;

    demo.valve.close();
    window.click(&button("install"))?;
    demo.valve.let_through(PART);
    let progress = poll_until("a part of the download is seen", || {
        let percent = window.attribute("[role=progressbar]", "aria-valuenow")?.parse::<u32>().ok()?;
        (1..100).contains(&percent).then_some(percent)
    });
    let progress = progress.with_context(|| format!("the window says {:?}", window.text("body")))?;
    let amount = window.text(".slots").context("the amount")?;
    ensure!(amount.contains(" of ") && amount.contains("B"), "{progress} %: {amount}");
    ensure!(running.first_runs()?, "a download bothers nobody");
    demo.valve.open();

    window.says(CARD, "Version 2.0.0 is ready")?;
    assert_eq!(demo.person.installed()?, demo.versions[0], "nothing is replaced before somebody says so");
    ensure!(running.first_runs()?);
    window.click(&button("restart"))?;
    window.says(CARD, "Updated to 2.0.0")?;
    window.says("h1", "Everything is up to date")?;
    assert_eq!(demo.person.installed()?, demo.versions[1]);
    ensure!(!running.first_runs()?, "the first process was closed");
    let after = running.status()?;
    assert_eq!((after.version.as_str(), &after.arguments), ("2.0.0", &before.arguments));

    // And back again: the new one is closed, the old one started.
    window.click(&button("roll-back"))?;
    window.says(CARD, "Went back to 1.0.0")?;
    assert_eq!(demo.person.installed()?, demo.versions[0]);
    poll_until("the first version runs again", || {
        running.status().ok().filter(|now| now.version == "1.0.0")
    })?;
    Ok(())
}

#[test]
fn what_fails_says_its_code_and_can_be_tried_again() -> Result<()> {
    let Some(desktop) = Desktop::or_skip("desktop::window::what_fails_says_its_code_and_can_be_tried_again")?
    else {
        return Ok(());
    };
    let mut demo = Demo::with(BY_HAND)?;
    demo.release()?;
    let window = desktop.window(&demo.person)?;
    window.says(CARD, "Not checked by itself")?;

    demo.server.kill()?;
    window.click(&button("check"))?;
    window.says(CARD, "The check did not work")?;
    window.says(CARD, "E-NET-")?;
    window.says("h1", "Demo could not be checked")?;
    demo.server.start_again()?;
    window.click(&button("retry"))?;
    window.says(CARD, "Version 2.0.0 is available")?;

    demo.server.kill()?;
    window.click(&button("install"))?;
    window.says(CARD, "Version 2.0.0 could not be installed")?;
    window.says(CARD, "E-NET-")?;
    assert_eq!(demo.person.installed()?, demo.versions[0]);
    demo.server.start_again()?;
    window.click(&button("retry"))?;
    window.says(CARD, "Version 2.0.0 is ready")?;
    Ok(())
}
