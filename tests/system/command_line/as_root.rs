//! The command as root, on programs of other people.

use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use autoupdate_tests::{APP, Host, Person, Publisher, program, run, skip};

use super::{PROBE, STRANGER, is_root, open, open_folder};

/// An `/etc` of our own, where the stranger's home is a person's. Only the programs that are started in it see it.
struct Etc {
    folder: tempfile::TempDir,
    command: tempfile::TempDir,
    root: tempfile::TempDir,
}

impl Etc {
    fn with_home(home: &Path) -> Result<Self> {
        let (folder, command) = (tempfile::tempdir()?, open_folder()?);
        open(folder.path(), 0o755)?;
        let (ours, old) = (folder.path().join("etc"), folder.path().join("old"));
        for folder in [&ours, &old] {
            std::fs::create_dir(folder)?;
        }
        for entry in std::fs::read_dir("/etc")? {
            let name = entry?.file_name();
            if name != "passwd" && name != "autoupdate" {
                symlink(old.join(&name), ours.join(&name))?;
            }
        }
        let known = std::fs::read_to_string("/etc/passwd")?;
        let line = format!("stranger:x:{STRANGER}:{STRANGER}::{}:/bin/sh\n", home.display());
        let root = tempfile::tempdir()?;
        let line = line + &format!("root:x:0:0::{}:/bin/sh\n", root.path().display());
        // The first line of a number counts.
        std::fs::write(ours.join("passwd"), line + &known)?;
        Ok(Self { folder, command, root })
    }

    /// A program in this `/etc`; it starts as root, who has a home of their own and lets nobody read new files.
    fn starts(&self, words: &[&str]) -> Command {
        let script = r#"mount --bind /etc "$0/old" && mount --bind "$0/etc" /etc && umask 077 && exec "$@""#;
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", script]).arg(self.folder.path()).args(words);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.root.path()).current_dir("/");
        command
    }

    fn autoupdate(&self) -> PathBuf {
        self.command.path().join("autoupdate")
    }

    /// The command as root.
    fn as_root(&self, words: &[&str]) -> Command {
        let mut command = self.starts(&[]);
        command.arg(self.autoupdate()).arg("--json").args(words);
        command
    }

    /// The command as the stranger, at home.
    fn as_stranger(&self, home: &Path, words: &[&str]) -> Command {
        let id = STRANGER.to_string();
        let mut command = self.starts(&["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups"]);
        command.arg(self.autoupdate()).arg("--json").args(words).env("HOME", home);
        command
    }
}

#[test]
fn root_leaves_nothing_of_its_own_behind() -> Result<()> {
    let name = "root leaves nothing of its own behind";
    if !is_root()? {
        return skip(name, "only root can start a program as somebody else");
    }
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    for by_the_machine in [false, true] {
        let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
        // After a login that sets no variables, their folders are the usual ones.
        std::fs::create_dir(person.home().join(".local"))?;
        for (usual, folder) in
            [(".config", "config"), (".cache", "cache"), (".local/share", "data"), (".local/state", "state")]
        {
            symlink(person.home().join(folder), person.home().join(usual))?;
        }
        let etc = Etc::with_home(person.home())?;
        if !can_start(&etc, name)? {
            return Ok(());
        }
        if by_the_machine {
            person.run(&["forget", APP])?.expect(0)?;
            let enrolment = person.home().join("demo.toml");
            run(etc.as_root(&["enrol", "--machine"]).arg(enrolment))?.expect(0)?;
        }
        person.give_to(STRANGER)?;

        let steps = [
            ("check", "offered", "1.0.0"),
            ("status", "", "1.0.0"),
            ("apply", "updated", "2.0.0"),
            ("check", "up-to-date", "2.0.0"),
        ];
        for (verb, answer, installed) in steps {
            let mut command = etc.as_root(&[verb, APP]);
            if !by_the_machine {
                command.env("SUDO_UID", STRANGER.to_string()).env("SUDO_GID", STRANGER.to_string());
            }
            let said = run(&mut command)?.expect(0)?.json()?;
            if !answer.is_empty() {
                assert_eq!(said["answer"], answer, "{verb}, by the machine: {by_the_machine}: {said}");
            }
            assert_eq!(person.installed()?, program(installed));
            all_is_theirs(&person, &format!("{verb}, by the machine: {by_the_machine}"))?;
        }
        ensure!(person.home().join("state/autoupdate").exists(), "it was the person's state that was used");
        let left = std::fs::read_dir(etc.root.path())?.count();
        assert_eq!(left, 0, "root's own folders were not used, by the machine: {by_the_machine}");

        let own = run(&mut etc.as_stranger(person.home(), &["check", APP]))?.expect(0)?.json()?;
        assert_eq!(own["answer"], "up-to-date", "by the machine: {by_the_machine}: {own}");
        let own = run(&mut etc.as_stranger(person.home(), &["rollback", APP]))?.expect(0)?.json()?;
        assert_eq!(own["to"], "1.0.0", "by the machine: {by_the_machine}: {own}");
    }
    Ok(())
}

/// Whether a private `/etc` can be had; if not, the test is skipped.
fn can_start(etc: &Etc, name: &str) -> Result<bool> {
    match run(&mut etc.starts(&["true"])).and_then(|answer| answer.expect(0)) {
        Ok(_) => Ok(true),
        Err(error) => skip(name, &format!("no private /etc can be had: {error:#}")).map(|()| false),
    }
}

/// Everything in a person's home is theirs.
fn all_is_theirs(person: &Person, when: &str) -> Result<()> {
    for path in person.everything()? {
        let uid = std::fs::symlink_metadata(&path)?.uid();
        assert_eq!(uid, STRANGER, "{when}: {}", path.display());
    }
    Ok(())
}

/// As `sudo` does where it is told to keep the environment.
fn with_the_home_of(person: &Person, mut command: Command) -> Command {
    for (name, folder) in [
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_DATA_HOME", "data"),
        ("XDG_RUNTIME_DIR", "run"),
    ] {
        command.env(name, person.home().join(folder));
    }
    command.env("HOME", person.home());
    command
}

#[test]
fn root_with_the_home_of_a_person_uses_its_own() -> Result<()> {
    let name = "root with the home of a person uses its own";
    if !is_root()? {
        return skip(name, "only root can start a program as somebody else");
    }
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    // The program is root's; the person has only a home.
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    person.run(&["forget", APP])?.expect(0)?;
    let etc = Etc::with_home(person.home())?;
    if !can_start(&etc, name)? {
        return Ok(());
    }
    let place = open_folder()?;
    let installed = place.path().join(APP);
    std::fs::copy(person.program(), &installed)?;
    let enrolment = person.home().join("demo.toml");
    let (theirs, roots) = (person.program().display().to_string(), installed.display().to_string());
    std::fs::write(&enrolment, std::fs::read_to_string(&enrolment)?.replace(&theirs, &roots))?;
    run(etc.as_root(&["enrol", "--machine"]).arg(&enrolment))?.expect(0)?;
    person.give_to(STRANGER)?;

    for (verb, answer) in
        [("check", "offered"), ("status", ""), ("apply", "updated"), ("check", "up-to-date")]
    {
        for sudo in [true, false] {
            let mut command = with_the_home_of(&person, etc.as_root(&[verb, APP]));
            if sudo {
                command.env("SUDO_UID", STRANGER.to_string()).env("SUDO_GID", STRANGER.to_string());
            } else if verb == "apply" {
                continue;
            }
            let said = run(&mut command)?.expect(0)?.json()?;
            ensure!(answer.is_empty() || said["answer"] == answer, "{verb}, sudo: {sudo}: {said}");
            all_is_theirs(&person, &format!("{verb}, sudo: {sudo}"))?;
        }
    }
    assert_eq!(std::fs::read(&installed)?, program("2.0.0"));
    ensure!(etc.root.path().join(".local/state/autoupdate").exists(), "root's own state was used");

    let mut own = etc.as_stranger(person.home(), &["check", APP]);
    let own = run(&mut own)?.expect(0)?.json()?;
    assert_eq!(own["answer"], "up-to-date", "{own}");
    all_is_theirs(&person, "their own check")
}

/// What the person enrolled for themselves stays theirs, whatever `HOME` says: with `sudo` it is they who act, and a root who
/// came another way knows nothing of it.
#[test]
fn root_with_the_home_of_a_person_does_not_act_on_their_programs() -> Result<()> {
    let name = "root with the home of a person does not act on their programs";
    if !is_root()? {
        return skip(name, "only root can start a program as somebody else");
    }
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    std::fs::rename(person.home().join("config"), person.home().join(".config"))?;
    let etc = Etc::with_home(person.home())?;
    if !can_start(&etc, name)? {
        return Ok(());
    }
    person.give_to(STRANGER)?;

    let mut other = etc.as_root(&["check", APP]);
    let unknown = run(other.env("HOME", person.home()))?.expect(1)?.json()?;
    assert_eq!(unknown["error"]["code"], "E-STATE-UNKNOWN-APP", "{unknown}");
    all_is_theirs(&person, "root")?;

    let mut sudo = etc.as_root(&["apply", APP]);
    sudo.env("HOME", person.home()).env("SUDO_UID", STRANGER.to_string());
    let said = run(&mut sudo)?.expect(0)?.json()?;
    assert_eq!(said["answer"], "updated", "{said}");
    all_is_theirs(&person, "sudo")?;
    assert_eq!(person.installed()?, program("2.0.0"));
    Ok(())
}

#[test]
fn whoever_enrolled_a_program_for_everybody_can_forget_it() -> Result<()> {
    let name = "whoever enrolled a program for everybody can forget it";
    if !is_root()? {
        return skip(name, "only root can start a program as somebody else");
    }
    let publisher = Publisher::of(&["1.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    person.run(&["forget", APP])?.expect(0)?;
    let etc = Etc::with_home(person.home())?;
    if !can_start(&etc, name)? {
        return Ok(());
    }
    let enrolment = person.home().join("demo.toml");
    person.give_to(STRANGER)?;
    let apps = etc.folder.path().join("etc/autoupdate/apps.d");
    for sudo in [true, false] {
        run(etc.as_root(&["enrol", "--machine"]).arg(&enrolment))?.expect(0)?;
        assert_eq!(std::fs::read_dir(&apps)?.count(), 2);

        let refused = run(&mut etc.as_stranger(person.home(), &["forget", APP]))?.expect(1)?.json()?;
        assert_eq!(refused["error"]["code"], "E-STATE-WRITE", "{refused}");
        let says = refused["error"]["message"].as_str().unwrap_or_default();
        ensure!(says.contains("administrator"), "{refused}");

        let mut forget = etc.as_root(&["forget", APP]);
        if sudo {
            forget.env("SUDO_UID", STRANGER.to_string());
        }
        let said = run(&mut forget)?.expect(0)?.json()?;
        assert_eq!(said["answer"], "forgotten", "{said}");
        assert_eq!(std::fs::read_dir(&apps)?.count(), 0, "sudo: {sudo}");
        all_is_theirs(&person, "forget")?;
    }
    Ok(())
}

#[test]
fn the_administrators_settings_count_for_everybody() -> Result<()> {
    let name = "the administrator's settings count for everybody";
    if !is_root()? {
        return skip(name, "only root can be the administrator");
    }
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    let etc = Etc::with_home(person.home())?;
    if !can_start(&etc, name)? {
        return Ok(());
    }
    person.give_to(STRANGER)?;
    let policy = etc.folder.path().join("etc/autoupdate/settings.toml");
    std::fs::create_dir_all(policy.parent().context("a folder")?)?;
    let says = |lines: &str| {
        std::fs::write(&policy, lines).and_then(|()| open(&policy, 0o644).map_err(std::io::Error::other))
    };
    let run = |words: &[&str]| run(&mut with_the_home_of(&person, etc.as_stranger(person.home(), words)));

    says("defer_days = 7\n[app.demo]\nchannel = \"stable\"\n")?;
    let young = run(&["check", "--force", APP])?.json()?;
    assert_eq!(young["reason"]["reason"], "too-young", "{young}");
    let refused = run(&["set", "--app", APP, "channel", "beta"])?.json()?;
    assert_eq!(refused["why"]["why"], "by-administrator", "{refused}");
    let shown = run(&["settings", APP])?.expect(0)?.json()?;
    let of_app = shown["apps"][APP].as_array().context("settings")?;
    let channel = of_app.iter().find(|one| one["key"] == "channel").context("channel")?;
    assert_eq!(
        (&channel["by"], &channel["place"]),
        (&"administrator".into(), &"/etc/autoupdate/settings.toml:3".into())
    );

    says("mode = \"off\"\n")?;
    let off = run(&["apply", "--force", APP])?.json()?;
    assert_eq!(off["reason"]["reason"], "turned-off", "{off}");
    assert_eq!(person.installed()?, program("1.0.0"));

    says("mode = \"of\"\n")?;
    let wrong = run(&["check", APP])?.expect(1)?.json()?;
    let text = wrong["error"]["message"].as_str().unwrap_or_default();
    ensure!(text.contains("/etc/autoupdate/settings.toml:1: key `mode`"), "{wrong}");

    // Another place of the administrator's, where there is nothing; then the enrolment's own again.
    says("[app.demo]\nsources = [\"https://127.0.0.1:9/\"]\n")?;
    let unreachable = run(&["check", APP])?.json()?;
    ensure!(unreachable.to_string().contains("E-NET-"), "{unreachable}");
    std::fs::remove_file(&policy)?;
    run(&["apply", APP])?.expect(0)?;
    assert_eq!(person.installed()?, program("2.0.0"));
    Ok(())
}
