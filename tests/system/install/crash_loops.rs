//! Versions that do not live, each in its own way: they are undone once, never come again, and what was open runs as before.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use autoupdate::platform::processes::{self, Instance};
use autoupdate_tests::desktop::kill;
use autoupdate_tests::{Answer, Host, Person, Publisher, poll_until};
use jiff::Timestamp;

use super::{kills, no_strace};

/// What the program does: it writes down that it was started, then lives until somebody ends it. Of the second version
/// `manners` say what it does before.
const LIFE: &str = r#"
version=$(tail -c 5 "/proc/$$/exe")
echo "$version" >> "$HOME/starts"
if [ "$version" = 2.0.0 ]; then . "$HOME/manners"; fi
read nothing < "$HOME/pipe"
"#;

/// Time enough for everything here to happen before.
const LONG: &str = r#"{ alive = "100s" }"#;

/// A program that is open, and whose second version is out.
struct Stage {
    person: Person,
    window: Child,
    _host: Host,
    _publisher: Publisher,
}

/// A shell, to which its first argument is a script; versions differ in bytes that it never reads.
fn shell(version: &str) -> Result<Vec<u8>> {
    Ok([std::fs::read("/bin/dash").context("/bin/dash")?, version.into()].concat())
}

impl Stage {
    fn new(second: &[u8], manners: &str, health: &str) -> Result<Self> {
        let publisher = Publisher::new()?;
        publisher.release("1.0.0", &shell("1.0.0")?, Timestamp::now())?;
        publisher.release("2.0.0", second, Timestamp::now())?;
        let host = Host::serve(&publisher.site())?;
        let person = Person::with(&shell("1.0.0")?, &publisher.root()?, &host.url(), health)?;
        for (name, text) in [("life", LIFE), ("manners", manners)] {
            std::fs::write(person.home().join(name), text)?;
        }
        autoupdate_tests::run(
            Command::new("mkfifo").args(["pipe", "die"].map(|name| person.home().join(name))),
        )?
        .expect(0)?;
        // A file that this process has just written may still be open in a child that another test is starting.
        let window = poll_until("the program starts", || {
            let mut child = starts(&person).spawn().ok()?;
            let up = poll_until("its first word", || match child.try_wait() {
                Ok(None) => person.home().join("starts").exists().then_some(true),
                _ended => Some(false),
            });
            up.is_ok_and(|up| up).then_some(child)
        })?;
        Ok(Self { person, window, _host: host, _publisher: publisher })
    }

    fn apply(&self) -> Result<Answer> {
        self.person.run(&["apply", "demo"])
    }

    fn program(&self) -> Result<PathBuf> {
        Ok(self.person.program().canonicalize()?)
    }

    /// What runs of it.
    fn runs(&self) -> Result<Vec<Instance>> {
        Ok(processes::instances(&self.program()?)?)
    }

    /// The versions that were started, in order.
    fn started(&self) -> Result<Vec<String>> {
        let text = std::fs::read_to_string(self.person.home().join("starts"))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    fn assert_installed(&self, version: &str) -> Result<()> {
        ensure!(self.person.installed()? == shell(version)?, "{version} should be installed");
        let left = self.person.leftovers()?;
        ensure!(left.is_empty(), "left over: {left:?}");
        Ok(())
    }

    /// The first version is in place and open as it was, and the second does not come again.
    fn is_as_before(&self, starts: &[&str]) -> Result<()> {
        self.assert_installed("1.0.0")?;
        let wrote = || self.started().ok().filter(|started| started.len() >= starts.len());
        assert_eq!(poll_until("the first version runs again", wrote)?, starts);
        let runs = self.runs()?;
        ensure!(runs.len() == 1 && runs[0].args[1] == "life" && !runs[0].outdated, "{runs:?}");
        assert_eq!(runs[0].cwd.as_deref(), Some(self.person.home().canonicalize()?.as_path()));
        for _ in 0..2 {
            let answer = self.apply()?.expect(3)?.json()?;
            assert_eq!(answer["reason"]["reason"], "known-bad", "it is not tried again: {answer}");
        }
        assert_eq!(self.started()?, starts, "nothing was started for that");
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.runs().unwrap_or_default().iter().for_each(|instance| kill(instance.pid));
        self.window.kill().ok();
        self.window.wait().ok();
    }
}

/// From no terminal: what runs in one is never closed.
fn starts(person: &Person) -> Command {
    let started = person.starts(&person.program(), &["life"]);
    let mut command = Command::new("setsid");
    command.arg(started.get_program()).args(started.get_args()).env_clear().current_dir(person.home());
    command.envs(started.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The code of why it was undone.
fn undone(answer: Answer) -> Result<String> {
    let answer = answer.expect(1)?.json()?;
    ensure!(answer["answer"] == "rolled-back" && answer["why"]["why"] == "unhealthy", "{answer}");
    Ok(answer["why"]["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_version_that_does_not_start_closes_nobody() -> Result<()> {
    for second in [&b"no program at all"[..], b"#!/nowhere/interpreter\n"] {
        let mut stage = Stage::new(second, "", LONG)?;
        let failed = stage.apply()?.expect(1)?.json()?;
        assert_eq!(failed["error"]["code"], "E-RUN-NOT-STARTED", "{failed}");
        ensure!(stage.window.try_wait()?.is_none(), "the window is the first one still");
        stage.is_as_before(&["1.0.0"])?;
    }
    Ok(())
}

#[test]
fn a_version_that_ends_is_undone_once() -> Result<()> {
    for manners in ["exit 3", "sleep 1; exit 3", "kill -SEGV $$"] {
        let stage = Stage::new(&shell("2.0.0")?, manners, LONG)?;
        assert_eq!(undone(stage.apply()?)?, "E-RUN-ENDED", "{manners}");
        stage.is_as_before(&["1.0.0", "2.0.0", "1.0.0"]).with_context(|| manners.to_owned())?;
    }
    Ok(())
}

#[test]
fn a_version_that_hangs_is_undone_where_it_must_confirm() -> Result<()> {
    let stage = Stage::new(&shell("2.0.0")?, "", r#"{ confirm = "2s" }"#)?;
    assert_eq!(undone(stage.apply()?)?, "E-RUN-CONFIRM");
    stage.is_as_before(&["1.0.0", "2.0.0", "1.0.0"])
}

/// From outside, a version that hangs lives, and so does one that has not come to its fault yet. Both stay, and the person has
/// the version before.
#[test]
fn a_version_that_dies_after_its_time_stays_until_a_person_undoes_it() -> Result<()> {
    let stage = Stage::new(&shell("2.0.0")?, r#"read nothing < "$HOME/die"; exit 3"#, r#"{ alive = "1s" }"#)?;
    let updated = stage.apply()?.expect(0)?.json()?;
    assert_eq!(updated["answer"], "updated", "it hangs, which nobody can see: {updated}");
    assert_eq!(stage.runs()?.len(), 1);
    std::fs::write(stage.person.home().join("die"), "\n")?;
    poll_until("it dies", || stage.runs().ok().filter(Vec::is_empty))?;

    assert_eq!(stage.apply()?.expect(0)?.json()?["answer"], "up-to-date");
    stage.assert_installed("2.0.0")?;
    let back = stage.person.run(&["rollback", "demo"])?.expect(0)?.json()?;
    assert_eq!((&back["to"], &back["why"]["why"]), (&"1.0.0".into(), &"by-person".into()), "{back}");
    stage.assert_installed("1.0.0")?;
    let answer = stage.apply()?.expect(3)?.json()?;
    assert_eq!(answer["reason"]["reason"], "undone", "{answer}");
    Ok(())
}

/// Nobody knows any more what was open; but which version is in place and which never comes again was written down before.
#[test]
fn a_roll_back_whose_engine_is_killed_is_finished_by_the_next() -> Result<()> {
    if no_strace("killed-roll-back-of-a-crash")? {
        return Ok(());
    }
    let stage = Stage::new(&shell("2.0.0")?, "exit 3", LONG)?;
    kills::kill_after(&stage.person, "apply", "rolling-back")?;
    ensure!(stage.runs()?.is_empty(), "killed before it could start anything");

    let answer = stage.apply()?.expect(3)?.json()?;
    assert_eq!(answer["reason"]["reason"], "known-bad", "{answer}");
    stage.assert_installed("1.0.0")?;
    assert_eq!(stage.started()?, ["1.0.0", "2.0.0"]);
    let again = starts(&stage.person).spawn()?;
    poll_until("the first version starts", || stage.started().ok().filter(|started| started.len() == 3))?;
    kill(again.id());
    Ok(())
}
