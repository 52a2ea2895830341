//! The app keeps itself up to date.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use autoupdate_tests::desktop::{Desktop, Icon, Tray, TrayApp, kill};
use autoupdate_tests::{Host, Person, Workshop, here, poll_until, run, stripped};
use protocol::Digest;

pub(super) const ID: &str = "autoupdate-tray";

/// The new version, wherever the test ends.
pub(super) struct Successor(pub(super) u32);

impl Drop for Successor {
    fn drop(&mut self) {
        kill(self.0);
    }
}

/// Publishes bytes as a version of the app.
pub(super) fn publish(workshop: &Workshop, version: &str, bytes: &[u8]) -> Result<()> {
    std::fs::write(workshop.path(ID), bytes)?;
    let platform = here()?.to_string();
    // The program is large and its transfer is not what this is about.
    let add = ["add", "own", ID, "--version", version, "--platform", &platform, "--no-twin"];
    workshop.run(&add)?.expect(0)?;
    workshop.run(&["publish", "own", "public"])?.expect(0)?;
    Ok(())
}

/// Enrols the person's program as the app itself; only the end of its name is another.
fn enrol(person: &Person, root: &[u8], source: &str) -> Result<()> {
    std::fs::write(person.home().join("root.json"), root)?;
    let sha256 = Digest::of(root).to_string();
    let text = format!(
        "id = \"{ID}\"\nname = \"Updater\"\npath = {:?}\nsources = [{source:?}]\nmode = \"off\"\n\
         health = {{ confirm = \"100s\" }}\nroot = {{ file = \"root.json\", sha256 = \"{sha256}\" }}\n",
        person.program()
    );
    let file = person.home().join("own.toml");
    std::fs::write(&file, text)?;
    let file = file.to_str().context("a temporary path is Unicode")?;
    person.run(&["enrol", file, "--root-sha256", &sha256])?.expect(0)?;
    Ok(())
}

/// A person whose app is the first of two versions, on a desktop.
struct Stage {
    app: TrayApp,
    tray: Tray,
    person: Person,
    _host: Host,
    _workshop: Workshop,
}

impl Stage {
    fn with(desktop: &Desktop, old: &[u8], new: &[u8]) -> Result<Self> {
        let workshop = Workshop::new(&[])?;
        workshop.run(&["init", "own", "--app", ID, "--unencrypted"])?.expect(0)?;
        publish(&workshop, "1.0.0", old)?;
        publish(&workshop, "2.0.0", new)?;
        let host = Host::serve(&workshop.path("public"))?;
        let person = Person::unenrolled(&[])?;
        // By another program: a file that this one has just written may still be open in a child of another test, and
        // such a file does not start.
        let app = person.home().join("app");
        std::fs::write(&app, old)?;
        run(Command::new("install").args(["-m", "755"]).args([&app, &person.program()]))?.expect(0)?;
        enrol(&person, &std::fs::read(workshop.path("own/public/metadata/1.root.json"))?, &host.url())?;
        // From no terminal: what runs in one is never closed.
        let mut command = Command::new("setsid");
        let start = desktop.command_of(&person, &person.program(), &["--background"]);
        command.arg(start.get_program()).args(start.get_args()).env_clear();
        command.envs(start.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let app = TrayApp::start(&mut command)?;
        Ok(Self { person, tray: desktop.tray()?, app, _host: host, _workshop: workshop })
    }

    /// Fetches the second version and clicks *Restart to update*.
    fn restart(&mut self) -> Result<()> {
        let icon = self.tray.icon()?;
        assert_eq!(icon.pid()?, self.app.pid());
        icon.click("Check now")?;
        icon.says("Updater 2.0.0 is available")?;
        icon.click("Install")?;
        icon.says("Updater 2.0.0 is ready")?;
        ensure!(self.app.runs()?);
        icon.click("Restart to update")?;
        let ended = self.app.ended()?;
        ensure!(ended.success(), "the old one was asked to end, and did so in good order: {ended}");
        Ok(())
    }

    /// The one that runs now.
    fn next(&self) -> Result<(Icon, Successor)> {
        let icon = self.tray.icon()?;
        let successor = Successor(icon.pid()?);
        let arguments = std::fs::read(format!("/proc/{}/cmdline", successor.0))?;
        ensure!(arguments.ends_with(b"\0--background\0"), "{:?}", String::from_utf8_lossy(&arguments));
        Ok((icon, successor))
    }
}

#[test]
fn the_app_replaces_itself_and_comes_back_to_the_tray() -> Result<()> {
    let test = "desktop::own::the_app_replaces_itself_and_comes_back_to_the_tray";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let old = stripped(ID)?;
    // What follows the last segment of an executable is never loaded: other bytes, the same program.
    let new = [&old[..], b"the second version\n"].concat();
    let mut stage = Stage::with(&desktop, &old, &new)?;
    stage.restart()?;

    let (icon, _successor) = stage.next()?;
    assert_eq!(stage.person.installed()?, new);
    icon.says("Everything is up to date")?;
    assert_eq!(icon.labels()?.get(2).map(String::as_str), Some("Updater 2.0.0: Updated to 2.0.0"));
    icon.click("Quit")?;
    poll_until("it ends", || icon.pid().is_err().then_some(()))?;
    Ok(())
}

#[test]
fn a_version_of_the_app_that_does_not_live_is_undone() -> Result<()> {
    let test = "desktop::own::a_version_of_the_app_that_does_not_live_is_undone";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let old = stripped(ID)?;
    // It ends well, but it ends.
    let mut stage = Stage::with(&desktop, &old, b"#!/bin/sh\nexit 0\n")?;
    stage.restart()?;

    let (icon, _successor) = stage.next()?;
    assert_eq!(stage.person.installed()?, old);
    icon.says("Updater is back on 1.0.0")?;
    Ok(())
}

/// After a power cut nobody is left who could take back a version that does not start. So it never comes to be in place.
#[test]
fn a_version_of_the_app_that_does_not_start_never_replaces_it() -> Result<()> {
    let test = "desktop::own::a_version_of_the_app_that_does_not_start_never_replaces_it";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let old = stripped(ID)?;
    for new in [&b"no program at all"[..], b"#!/bin/sh\nexit 1\n"] {
        let mut stage = Stage::with(&desktop, &old, new)?;
        let icon = stage.tray.icon()?;
        icon.click("Check now")?;
        icon.says("Updater 2.0.0 is available")?;
        icon.click("Install")?;
        icon.says("Updater 2.0.0 is ready")?;
        icon.click("Restart to update")?;
        icon.says("Updater 2.0.0 could not be installed")?;
        ensure!(stage.app.runs()?, "it was not closed for that");
        assert_eq!(stage.person.installed()?, old);

        // The power goes, and in the next session only what starts at login runs.
        stage.app.kill()?;
        let _app = TrayApp::start(&mut desktop.command_of(
            &stage.person,
            &stage.person.program(),
            &["--background"],
        ))?;
        let icon = stage.tray.icon()?;
        icon.click("Check now")?;
        poll_until("the version that does not start is not offered again", || {
            let labels = icon.labels().ok()?;
            labels.iter().all(|label| !label.contains("2.0.0 is")).then_some(())
        })?;
        assert_eq!(stage.person.installed()?, old);
    }
    Ok(())
}
