//! The app in a person's own folders.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use autoupdate_tests::desktop::{Desktop, TrayApp};
use autoupdate_tests::{APP, Person, Publisher, binary, program, run};

#[test]
fn it_is_installed_for_one_person_and_removed_while_it_runs() -> Result<()> {
    let test = "desktop::install::it_is_installed_for_one_person_and_removed_while_it_runs";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let publisher = Publisher::of(&["1.0.0"])?;
    let person = Person::unenrolled(&program("1.0.0"))?;
    let root = person.home().join("publisher.json");
    std::fs::write(&root, publisher.root()?)?;
    let prefix = person.home().join("local");
    let text = |path: &Path| path.to_str().map(ToOwned::to_owned).context("a temporary path is Unicode");
    let (prefix_text, root_text) = (text(&prefix)?, text(&root)?);
    let install = ["--install", "--prefix", &prefix_text];
    let with_updates =
        [&install[..], &["--source", "https://updates.example.org", "--root", &root_text]].concat();

    // Half of what updates need is a mistake, and nothing is written.
    let half = [&install[..], &["--source", "https://updates.example.org"]].concat();
    run(&mut desktop.command(&person, &half)?)?.expect(2)?;
    ensure!(!prefix.exists());

    let plain = run(&mut desktop.command(&person, &install)?)?.expect(0)?;
    ensure!(plain.out.contains("does not update itself"), "{plain:?}");
    let updating = run(&mut desktop.command(&person, &with_updates)?)?.expect(0)?;
    ensure!(!updating.out.contains("does not update itself"), "{updating:?}");
    let installed = prefix.join("bin/autoupdate-tray");
    assert_eq!(std::fs::read(&installed)?, std::fs::read(binary("autoupdate-tray")?)?);
    let status = person.run(&["status"])?.expect(0)?;
    ensure!(status.out.contains("Updater"), "{status:?}");
    // From no terminal: what runs in one is never closed.
    let start = desktop.command_of(&person, &installed, &["--background"]);
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(start.get_program()).args(start.get_args()).env_clear();
    command.envs(start.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let tray = desktop.tray()?;
    let mut app = TrayApp::start(&mut command)?;
    let icon = tray.icon()?;
    ensure!(icon.labels()?.iter().any(|label| label.starts_with("Updater")), "{:?}", icon.labels()?);

    let removed =
        run(&mut desktop.command(&person, &["--uninstall", "--prefix", &prefix_text])?)?.expect(0)?;
    ensure!(removed.out.contains("is removed"), "{removed:?}");
    ensure!(app.ended()?.success());
    ensure!(!prefix.join("lib/autoupdate").exists() && !installed.exists());
    ensure!(!person.home().join("config/autostart/autoupdate-tray.desktop").exists());
    let status = person.run(&["status"])?;
    ensure!(!status.out.contains("Updater"), "{status:?}");
    ensure!(
        person.program().ends_with(APP) && person.program().exists(),
        "other programs are not its business"
    );
    Ok(())
}
