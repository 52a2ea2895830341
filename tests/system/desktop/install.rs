//! The app installs itself for one person, is updated where it lies, and removes itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use autoupdate_tests::desktop::{Desktop, TrayApp};
use autoupdate_tests::{
    Answer, Host, Person, Publisher, Workshop, binary, poll_until, program, run, stripped,
};
use protocol::Digest;

use super::own::{ID, Successor, publish};

/// A copy that was downloaded, as a person has it before it is installed.
fn download(person: &Person, bytes: &[u8], name: &str) -> Result<PathBuf> {
    let (fresh, copy) = (person.home().join("fresh"), person.home().join(name));
    std::fs::write(&fresh, bytes)?;
    // By another program: a file that this one has just written may still be open in a child of another test, and
    // such a file does not start.
    run(Command::new("install").args(["-D", "-m", "755"]).args([&fresh, &copy]))?.expect(0)?;
    std::fs::remove_file(fresh)?;
    Ok(copy)
}

fn start(person: &Person, app: &Path, arguments: &[&str]) -> Result<Answer> {
    run(&mut person.starts(app, arguments))
}

/// All files and links below a folder.
fn files(person: &Person, folder: &str) -> Result<Vec<PathBuf>> {
    let below = person.home().join(folder);
    let mut found = person.everything()?;
    found.retain(|path| {
        path.starts_with(&below) && std::fs::symlink_metadata(path).is_ok_and(|it| !it.is_dir())
    });
    Ok(found)
}

/// Asks who wrote the specification.
fn entries_are_valid(person: &Person, folders: &[&str]) -> Result<()> {
    let mut command = Command::new("desktop-file-validate");
    for folder in folders {
        command.args(files(person, folder)?);
    }
    match run(&mut command) {
        Err(error) if !autoupdate_tests::desktop::has("desktop-file-validate") => {
            autoupdate_tests::skip("desktop::install::entries_are_valid", &format!("{error:#}"))
        }
        answer => {
            let answer = answer?.expect(0)?;
            ensure!(answer.out.is_empty() && answer.err.is_empty(), "{answer:?}");
            Ok(())
        }
    }
}

#[test]
fn an_installed_app_updates_itself_and_is_removed_while_it_runs() -> Result<()> {
    let test = "desktop::install::an_installed_app_updates_itself_and_is_removed_while_it_runs";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let old = stripped(ID)?;
    // What follows the last segment of an executable is never loaded: other bytes, the same program.
    let new = [&old[..], b"the second version\n"].concat();
    let workshop = Workshop::new(&[])?;
    workshop.run(&["init", "own", "--app", ID, "--unencrypted"])?.expect(0)?;
    publish(&workshop, "1.0.0", &old)?;
    publish(&workshop, "2.0.0", &new)?;
    let host = Host::serve(&workshop.path("public"))?;
    let root = workshop.path("own/public/metadata/1.root.json");

    let person = Person::unenrolled(&program("1.0.0"))?;
    let prefix = person.home().join(".local").display().to_string();
    let copy = download(&person, &old, "download")?;
    let install = ["--install", "--prefix", &prefix];
    let from = ["--source", &host.url(), "--root", root.to_str().context("a path")?];
    let said = start(&person, &copy, &[&install[..], &from].concat())?.expect(0)?.out;
    ensure!(said.contains("keeps itself up to date from"), "{said}");
    ensure!(person.home().join("config/autostart/autoupdate-tray.desktop").exists());
    // What is seen here was clicked.
    let enrolment = person.folders().user_apps().join("autoupdate-tray.toml");
    let text = std::fs::read_to_string(&enrolment)?;
    ensure!(text.contains("mode = \"download\""), "{text}");
    std::fs::write(&enrolment, text.replace("mode = \"download\"", "mode = \"off\""))?;

    let tray = desktop.tray()?;
    let program = person.home().join(".local/lib/autoupdate/autoupdate-tray");
    let session =
        desktop.command_of(&person, &person.home().join(".local/bin/autoupdate-tray"), &["--background"]);
    // From no terminal: what runs in one is never closed.
    let mut command = Command::new("setsid");
    command.arg(session.get_program()).args(session.get_args()).env_clear();
    command.envs(session.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut app = TrayApp::start(&mut command)?;
    let icon = tray.icon()?;
    icon.click("Check now")?;
    icon.says("autoupdate 2.0.0 is available")?;
    icon.click("Install")?;
    icon.says("autoupdate 2.0.0 is ready")?;
    icon.click("Restart to update")?;
    ensure!(app.ended()?.success());
    let icon = tray.icon()?;
    let successor = Successor(icon.pid()?);
    icon.says("Everything is up to date")?;
    assert_eq!(std::fs::read(&program)?, new);

    // Over the one that runs, and from where it lies: what the person chose stays.
    let said = start(&person, &copy, &install)?.expect(0)?.out;
    ensure!(said.contains("installed again") && said.contains("runs on until it ends"), "{said}");
    ensure!(said.contains("keeps itself up to date from"), "{said}");
    assert_eq!(std::fs::read(&program)?, old);
    ensure!(std::fs::read_to_string(&enrolment)?.contains("mode = \"off\""));
    assert_eq!(icon.pid()?, successor.0);

    std::fs::remove_file(&copy)?;
    let said = start(&person, &program, &["--uninstall", "--prefix", &prefix])?.expect(0)?.out;
    ensure!(said.contains("no longer installed"), "{said}");
    poll_until("it ended", || icon.pid().is_err().then_some(()))?;
    assert_eq!(files(&person, ".local")?, [""; 0].map(PathBuf::from));
    ensure!(!enrolment.exists() && files(&person, "config/autostart")?.is_empty());
    ensure!(person.folders().state.join("history.jsonl").exists() || !files(&person, "state")?.is_empty());
    Ok(())
}

#[test]
fn a_build_without_a_source_says_that_it_does_not_update_itself() -> Result<()> {
    let person = Person::unenrolled(&program("1.0.0"))?;
    let Ok(app) = binary(ID) else {
        return autoupdate_tests::skip(
            "desktop::install::a_build_without_a_source_says_that_it_does_not_update_itself",
            "the app was not built",
        );
    };
    let prefix = person.home().join("a prefix").display().to_string();
    let said = start(&person, &app, &["--install", "--prefix", &prefix])?.expect(0)?.out;
    ensure!(said.contains("does not update itself"), "{said}");
    assert_eq!(files(&person, "config")?, [person.home().join("config/autostart/autoupdate-tray.desktop")]);
    entries_are_valid(&person, &["a prefix/share/applications", "config/autostart"])?;
    // From anywhere: it knows where it lies.
    let installed = person.home().join("a prefix/bin/autoupdate-tray");
    if person.owner()? == 0 {
        let said = start(&person, &installed, &["--uninstall"])?.expect(1)?.err;
        ensure!(said.contains("without sudo"), "{said}");
        let said = start(&person, &app, &["--install"])?.expect(1)?.err;
        ensure!(said.contains("without sudo"), "{said}");
        start(&person, &installed, &["--uninstall", "--prefix", &prefix, "--purge"])?.expect(0)?;
    } else {
        start(&person, &installed, &["--uninstall", "--purge"])?.expect(0)?;
    }
    assert_eq!(files(&person, "")?, [person.program()]);
    Ok(())
}

#[test]
fn a_packaged_copy_leaves_its_updates_to_the_package_manager() -> Result<()> {
    let test = "desktop::install::a_packaged_copy_leaves_its_updates_to_the_package_manager";
    let Some(desktop) = Desktop::or_skip(test)? else { return Ok(()) };
    let person = Person::unenrolled(&program("1.0.0"))?;
    let app = download(&person, &stripped(ID)?, "package/bin/autoupdate-tray")?;
    // As the package carries it.
    let mark = person.home().join("package/share/autoupdate-tray/packaged");
    std::fs::create_dir_all(mark.parent().context("a folder")?)?;
    std::fs::write(mark, "")?;
    let publisher = Publisher::of(&["1.0.0"])?;
    let root = publisher.root()?;
    std::fs::write(person.home().join("root.json"), &root)?;
    let (file, sha256) = (person.home().join("own.toml"), Digest::of(&root).to_string());
    let text = format!(
        "id = \"{ID}\"\nname = \"Updater\"\npath = {app:?}\nsources = [\"https://example.org\"]\nmode = \"off\"\n\
         root = {{ file = \"root.json\", sha256 = \"{sha256}\" }}\n"
    );
    std::fs::write(&file, text)?;
    let enrol = ["enrol", file.to_str().context("a path")?, "--root-sha256", &sha256, "--replace"];
    person.run(&enrol)?.expect(0)?;

    let tray = desktop.tray()?;
    let mut running = TrayApp::start(&mut desktop.command_of(&person, &app, &["--background"]))?;
    let icon = tray.icon()?;
    let packaged = "Updated by your package manager";
    let rest = ["Pause updates", "Settings", "Help", "Open", "Quit"];
    assert_eq!(icon.labels()?, [&["No programs yet", packaged][..], &rest].concat());
    // Nor while it runs; what else was enrolled is seen.
    person.run(&enrol)?.expect(0)?;
    person.enrol(&root, "https://example.org", "mode = \"off\"")?;
    icon.says("Demo is not checked by itself")?;
    let labels = icon.labels()?;
    assert_eq!(labels[2..], [&["Demo: Not checked by itself", packaged][..], &rest].concat());
    ensure!(running.runs()?);

    for refused in [&["--take-over"][..], &["--install"], &["--install", "--prefix", "/usr"]] {
        let said = start(&person, &app, refused)?.expect(1)?.err;
        ensure!(said.contains("belongs to your package manager"), "{said}");
    }
    let said = start(&person, &binary(ID)?, &["--install", "--prefix", "/usr"])?.expect(1)?.err;
    ensure!(said.contains("choose a prefix of your own"), "{said}");
    Ok(())
}
