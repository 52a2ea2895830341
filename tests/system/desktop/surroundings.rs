//! What the desktop knows about the moment, as the app writes it into its log and hands it to its engine.

use anyhow::{Result, ensure};
use autoupdate_tests::desktop::{Desktop, TrayApp};
use autoupdate_tests::{Person, poll_until, program};

/// What the log says each time, before the facts.
const SAYS: &str = "the desktop says";
const UNKNOWN: &str = "metered: None, online: None, power: None, full_screen: None, do_not_disturb: None";

/// The app in the session of a person who has enrolled nothing: whatever it does has to do with the desktop.
fn log_in(desktop: &Desktop) -> Result<(Person, TrayApp)> {
    let person = Person::unenrolled(&program("1.0.0"))?;
    let app = desktop.log_in(&person)?;
    app.serves(&person)?;
    Ok((person, app))
}

/// Everything that was said, one line each.
fn said(app: &TrayApp) -> Result<Vec<String>> {
    Ok(app.log()?.lines().filter(|line| line.contains(SAYS)).map(str::to_owned).collect())
}

/// Waits until what was said last contains this.
fn says(app: &TrayApp, what: &str) -> Result<()> {
    let last = || said(app).ok()?.pop().filter(|line| line.contains(what));
    poll_until(&format!("the desktop says {what:?}"), last).map(drop)
}

#[test]
fn where_nobody_is_there_everything_is_unknown_and_nothing_is_said() -> Result<()> {
    let test = "desktop::surroundings::where_nobody_is_there_everything_is_unknown_and_nothing_is_said";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let (_person, app) = log_in(&desktop)?;
    // Whatever would have been said before this, was.
    let upower = desktop.upower()?;
    says(&app, &UNKNOWN.replace("power: None", "power: Some(Mains)"))?;
    drop(upower);
    says(&app, UNKNOWN)?;
    let log = app.log()?;
    let about = log.lines().filter(|line| line.contains("surroundings")).count();
    ensure!(about == 2 && said(&app)?.len() == 2, "that the power came and went, nothing else: {log}");
    Ok(())
}

#[test]
fn the_network_is_followed_from_when_it_comes_to_when_it_goes() -> Result<()> {
    let test = "desktop::surroundings::the_network_is_followed_from_when_it_comes_to_when_it_goes";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let (_person, app) = log_in(&desktop)?;
    for _ in ["it comes late", "it starts again"] {
        let network = desktop.network()?;
        says(&app, "metered: Some(false), online: Some(true)")?;
        network.metered(1)?;
        says(&app, "metered: Some(true), online: Some(true)")?;
        // That a certain address is out of reach says nothing about others.
        network.reaches(60, 3)?;
        network.reaches(20, 1)?;
        says(&app, "metered: Some(true), online: Some(false)")?;
        network.metered(0)?;
        says(&app, "metered: None, online: Some(false)")?;
        drop(network);
        says(&app, UNKNOWN)?;
    }
    Ok(())
}

#[test]
fn a_battery_counts_in_whole_percents_while_it_is_used() -> Result<()> {
    let test = "desktop::surroundings::a_battery_counts_in_whole_percents_while_it_is_used";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let upower = desktop.upower()?;
    let (_person, app) = log_in(&desktop)?;
    says(&app, "power: Some(Mains)")?;
    upower.percentage(40.0)?;
    upower.on_battery(true)?;
    says(&app, "power: Some(Battery { percent: 40 })")?;
    for tenth in 1..=9 {
        upower.percentage(12.0 - f64::from(tenth) / 10.0)?;
    }
    says(&app, "power: Some(Battery { percent: 11 })")?;
    upower.percentage(10.5)?;
    says(&app, "power: Some(Battery { percent: 10 })")?;
    upower.on_battery(false)?;
    says(&app, "power: Some(Mains)")?;
    let powers: Vec<_> = said(&app)?;
    ensure!(powers.len() == 5, "mains, 40, 11, 10, mains: {powers:#?}");
    Ok(())
}

#[test]
fn do_not_disturb_is_heard_from_every_service_that_has_it() -> Result<()> {
    let test = "desktop::surroundings::do_not_disturb_is_heard_from_every_service_that_has_it";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let (person, app) = log_in(&desktop)?;
    let quiet = |is: &str| says(&app, &format!("do_not_disturb: {is}"));

    let dunst = desktop.notices(&person)?;
    quiet("Some(false)")?;
    dunst.pause(true)?;
    quiet("Some(true)")?;
    drop(dunst);
    quiet("None")?;

    let plasma = desktop.quiet_server("Plasma")?;
    quiet("Some(false)")?;
    plasma.inhibited(true)?;
    quiet("Some(true)")?;
    plasma.inhibited(false)?;
    quiet("Some(false)")?;
    plasma.inhibited(true)?;
    quiet("Some(true)")?;
    drop(plasma);
    quiet("None")?;

    // Of GNOME the setting counts, and no setting means that it is off.
    let gnome = desktop.quiet_server("gnome-shell")?;
    quiet("Some(false)")?;
    let settings = desktop.settings(&person)?;
    settings.show_banners(&person, false)?;
    quiet("Some(true)")?;
    settings.show_banners(&person, true)?;
    quiet("Some(false)")?;
    drop(gnome);
    quiet("None")
}

#[test]
fn a_window_that_covers_the_screen_is_seen() -> Result<()> {
    let test = "desktop::surroundings::a_window_that_covers_the_screen_is_seen";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let (_person, mut app) = log_in(&desktop)?;
    let film = desktop.film()?;
    film.active(false)?;
    says(&app, "full_screen: Some(false)")?;
    film.full_screen(true)?;
    film.active(true)?;
    says(&app, "full_screen: Some(true)")?;
    film.full_screen(false)?;
    says(&app, "full_screen: Some(false)")?;
    film.full_screen(true)?;
    says(&app, "full_screen: Some(true)")?;
    // Another window is worked with.
    let other = desktop.film()?;
    other.active(true)?;
    says(&app, "full_screen: Some(false)")?;
    film.active(true)?;
    says(&app, "full_screen: Some(true)")?;
    // Gone without a word of the window manager; then it says so.
    drop(film);
    other.active(false)?;
    says(&app, "full_screen: Some(false)")?;
    app.terminate()?;
    ensure!(app.ended()?.success(), "whoever listens to the display ends with the app");
    Ok(())
}
