//! The window over a whole update: real bytes from the real server, and a real program that is closed and started again.

use anyhow::{Context, Result, ensure};
use autoupdate_tests::desktop::Desktop;
use autoupdate_tests::{Demo, Harm, Host, Person, Publisher, poll_until, program};
use jiff::Timestamp;
use protocol::object;

/// Nothing happens by itself, so whatever is seen was clicked. The new version must live a moment.
const BY_HAND: &str = "mode = \"off\"\nhealth = { alive = \"1s\" }";

const PROBED: &str = "mode = \"off\"\nhealth = { probe = [\"--version\"] }";

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
    // Stopped in the middle, and once more.
    window.click(&button("cancel"))?;
    window.says(CARD, "Version 2.0.0 is available")?;
    demo.valve.open();
    window.click(&button("install"))?;

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
    window.click("[data-panel=history]")?;
    window.says("[data-event=demo]:nth-child(1)", "1.0.0 was put back.")?;
    window.says("[data-event=demo]:nth-child(2)", "Demo 2.0.0")?;
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

#[test]
fn what_was_changed_on_the_way_says_so_and_can_be_tried_again() -> Result<()> {
    let test = "desktop::window::what_was_changed_on_the_way_says_so_and_can_be_tried_again";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let publisher = Publisher::new()?;
    publisher.release("1.0.0", &program("1.0.0"), Timestamp::now())?;
    let artifact = publisher.release("2.0.0", &program("2.0.0"), Timestamp::now())?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), PROBED)?;
    let window = desktop.window(&person)?;
    window.click(&button("check"))?;
    window.says(CARD, "Version 2.0.0 is available")?;

    host.harm_only(&object::target(&artifact.path, &artifact.sha256)?, Harm::Flip { at: 50_000, with: 1 });
    window.click(&button("install"))?;
    window.says(CARD, "Version 2.0.0 could not be installed")?;
    window.says(CARD, "E-FILE-HASH")?;
    assert_eq!(person.installed()?, program("1.0.0"));
    host.be_honest();
    window.click(&button("retry"))?;
    window.says(CARD, "Version 2.0.0 is ready")?;
    Ok(())
}

/// Everything else that page and app say to each other.
#[test]
fn notes_a_switch_and_a_stop_reach_the_app() -> Result<()> {
    let Some(desktop) = Desktop::or_skip("desktop::window::notes_a_switch_and_a_stop_reach_the_app")? else {
        return Ok(());
    };
    let demo = Demo::with(BY_HAND)?;
    let notes =
        "# Faster\n\nIt starts in **half** the time.\n\n<img src=x onerror=\"document.title='owned'\">\n";
    std::fs::write(demo.workshop.path("notes.md"), notes)?;
    demo.workshop.add("2.0.0", &demo.versions[1], &["--notes", "en=notes.md"])?;
    demo.workshop.publish(&demo.server)?;
    let window = desktop.window(&demo.person)?;
    window.click(&button("check"))?;
    window.says(".notes", "It starts in half the time.")?;
    assert_eq!(window.text(".notes h4").as_deref(), Some("Faster"));
    assert_eq!(window.text(".notes strong").as_deref(), Some("half"));
    assert_eq!(window.attribute(".notes img", "src"), None, "notes are words, never markup");

    let entry = demo.person.home().join("config/autostart/autoupdate-tray.desktop");
    window.click("[data-panel=settings]")?;
    for there in [true, false] {
        window.click("[data-switch=start-at-login]")?;
        poll_until("the session's entry", || (entry.exists() == there).then_some(()))?;
    }
    // A file where the folder should be: nothing can be written below it, by nobody.
    let folder = entry.parent().context("a folder")?;
    std::fs::remove_dir(folder)?;
    std::fs::write(folder, "")?;
    window.click("[data-switch=start-at-login]")?;
    window.says("[role=alert]", "autoupdate-tray.desktop could not be changed")?;

    window.click("[data-panel=updates]")?;
    demo.valve.close();
    window.click(&button("install"))?;
    window.click(&button("cancel"))?;
    window.says(CARD, "Version 2.0.0 is available")?;
    window.click(&button("install"))?;
    demo.valve.open();
    window.says(CARD, "Version 2.0.0 is ready")?;
    window.says(".notes", "It starts in half the time.")?;
    // What is new can be read afterwards as well, and the engine knows it without the window.
    window.click(&button("restart"))?;
    window.says(CARD, "Updated to 2.0.0")?;
    window.says(".notes", "It starts in half the time.")?;
    let told = demo.person.run(&["notes", "demo"])?.expect(0)?.json()?;
    ensure!(told["text"].as_str().is_some_and(|text| text.contains("**half** the time")), "{told}");
    Ok(())
}
