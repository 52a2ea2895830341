//! Support and history: why there is no update, what can be tried, what may be sent to whoever helps, and what happened.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use autoupdate_tests::desktop::{Desktop, LOGIN, Window};
use autoupdate_tests::{Host, Person, Publisher, poll_until, program};
use serde_json::json;

/// Nothing happens by itself, so whatever is seen was clicked.
const BY_HAND: &str = "mode = \"off\"\nhealth = { probe = [\"--version\"] }";

const CARD: &str = "[data-app=demo]";

struct World {
    desktop: Desktop,
    person: Person,
    _host: Host,
    _publisher: Publisher,
}

impl World {
    /// A person with the first of these versions; the others are published.
    fn of(test: &str, versions: &[&str]) -> Result<Option<Self>> {
        let Some(desktop) = Desktop::or_skip(test)? else { return Ok(None) };
        let publisher = Publisher::of(versions)?;
        let host = Host::serve(&publisher.site())?;
        let person = Person::enrolled(&program("1.0.0"), &publisher.root()?, &host.url(), BY_HAND)?;
        Ok(Some(Self { desktop, person, _host: host, _publisher: publisher }))
    }
}

fn act(window: &Window, act: &str) -> Result<()> {
    window.click(&format!("{CARD} [data-act={act}]"))
}

fn open(window: &Window, panel: &str) -> Result<()> {
    window.click(&format!("[data-panel={panel}]"))
}

/// From what is offered or ready to what runs.
fn update(window: &Window, to: &str) -> Result<()> {
    window.says(CARD, &format!("Version {to} is ready"))?;
    act(window, "restart")?;
    window.says(CARD, &format!("Updated to {to}"))
}

#[test]
fn support_says_why_takes_the_chosen_version_and_repairs_it() -> Result<()> {
    let test = "desktop::support::support_says_why_takes_the_chosen_version_and_repairs_it";
    let Some(world) = World::of(test, &["1.0.0", "2.0.0", "3.0.0"])? else { return Ok(()) };
    let World { desktop, person, .. } = &world;
    let window = desktop.window(person)?;
    act(&window, "check")?;
    for version in ["3.0.0", "2.0.0"] {
        window.says(CARD, &format!("Version {version} is available"))?;
        window.click(&format!("{CARD} [data-more]"))?;
        act(&window, "skip")?;
    }
    window.says(CARD, "Version 3.0.0 is skipped")?;

    open(&window, "support")?;
    window.says("[data-why=skip]", "You skipped it. The next version is offered again.")?;
    window.click("[data-rules]")?;
    window.says("[data-rule=skip][data-verdict=stop]", "says no")?;
    open(&window, "updates")?;
    act(&window, "release")?;
    window.says(CARD, "Version 3.0.0 is available")?;

    // The older of two newer ones, though the newer one is offered: it is installed and stays.
    open(&window, "support")?;
    window.click("[data-versions]")?;
    window.click("[data-pick='2.0.0']")?;
    open(&window, "updates")?;
    update(&window, "2.0.0")?;
    assert_eq!(person.installed()?, program("2.0.0"));
    let settings = fs::read_to_string(person.folders().config.join("settings.toml"))?;
    assert_eq!(settings, "[app.demo]\npin = \"2.0.0\"\n");
    act(&window, "check")?;
    window.has(&format!("{CARD}[data-state=not-offered], {CARD}[data-state=up-to-date]"))?;
    assert_eq!(person.installed()?, program("2.0.0"), "it stays");

    // Somebody has written into its bytes.
    let mut bytes = program("2.0.0");
    bytes[1000] ^= 1;
    fs::write(person.program(), &bytes)?;
    open(&window, "support")?;
    window.click("[data-row=repair] [data-act=repair]")?;
    open(&window, "updates")?;
    window.says(CARD, "Version 2.0.0 is in order again")?;
    assert_eq!(person.installed()?, program("2.0.0"));
    Ok(())
}

#[test]
fn what_is_given_to_helpers_names_nobody() -> Result<()> {
    let test = "desktop::support::what_is_given_to_helpers_names_nobody";
    let Some(world) = World::of(test, &["1.0.0"])? else { return Ok(()) };
    let World { desktop, person, .. } = &world;
    let config = person.folders().config;
    fs::write(config.join("settings.toml"), format!("# {LOGIN} wrote this\nmetered = \"wait\"\n"))?;
    let window = desktop.window(person)?;
    open(&window, "support")?;
    window.click("[data-diagnostics=copy]")?;
    // Where there is no clipboard, the text is there to be copied by hand.
    window.has("[data-done]:not(:empty), .by-hand textarea")?;
    let text = window.invoke("diagnostics", &json!({}))?;
    names_nobody(text["done"].as_str().context("a text")?, person)?;

    window.click("[data-diagnostics=export]")?;
    window.says("[data-done]", "Written to ")?;
    let said = window.text("[data-done]").context("where it is")?;
    let file = Path::new(said.strip_prefix("Written to ").context("a path")?);
    names_nobody(&fs::read_to_string(file)?, person)?;
    assert_eq!(fs::metadata(file)?.permissions().mode() & 0o777, 0o600, "its person's alone");
    Ok(())
}

fn names_nobody(text: &str, person: &Person) -> Result<()> {
    let home = person.home().display().to_string();
    ensure!(!text.contains(&home) && !text.contains(LOGIN), "{text}");
    ensure!(text.contains("metered = \"wait\"") && text.contains("\"id\": \"demo\""), "it helps: {text}");
    Ok(())
}

#[test]
fn history_tells_the_newest_first_and_takes_it_back() -> Result<()> {
    let test = "desktop::support::history_tells_the_newest_first_and_takes_it_back";
    let Some(world) = World::of(test, &["1.0.0", "2.0.0"])? else { return Ok(()) };
    let World { desktop, person, .. } = &world;
    let window = desktop.window(person)?;
    open(&window, "history")?;
    window.says("[data-empty]", "Nothing has happened here yet.")?;
    open(&window, "updates")?;
    act(&window, "check")?;
    act(&window, "install")?;
    update(&window, "2.0.0")?;

    open(&window, "history")?;
    window.says(&event(1), "Demo 2.0.0")?;
    window.click(&format!("{} [data-act=roll-back]", event(1)))?;
    window.says(&event(1), "1.0.0 was put back.")?;
    window.says(&event(2), "Installed.")?;
    window.has_no(&format!("{} [data-act]", event(2)))?;
    assert_eq!(person.installed()?, program("1.0.0"));
    window.click(&format!("{} [data-act=release]", event(1)))?;
    open(&window, "updates")?;
    window.says(CARD, "Version 2.0.0 is available")?;

    // What was undone comes again to whoever insists.
    act(&window, "install")?;
    update(&window, "2.0.0")?;
    act(&window, "roll-back")?;
    window.says(CARD, "Went back to 1.0.0")?;
    act(&window, "check")?;
    window.says(CARD, "Version 2.0.0 was undone here")?;
    open(&window, "support")?;
    window.click("[data-row=force] [data-act=force]")?;
    open(&window, "updates")?;
    window.says(CARD, "Version 2.0.0 is available")?;
    let events = window.invoke("history", &json!({}))?;
    let events = poll_until("four events", || events["done"].as_array().filter(|all| all.len() == 4))?;
    let told: Vec<_> = events.iter().filter_map(|one| one["event"].as_str()).collect();
    assert_eq!(told, ["updated", "rolled-back", "updated", "rolled-back"]);
    Ok(())
}

/// The event at this place from the top.
fn event(place: usize) -> String {
    format!("li[data-event=demo]:nth-child({place})")
}
