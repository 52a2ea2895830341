//! The command as people and their scripts use it: with an engine that runs, from other users, as root, by exit code.

mod as_root;
mod settings;
mod support;

use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use autoupdate::install::{self, Place};
use autoupdate::policy::Asker;
use autoupdate::view::AppState;
use autoupdate::{Config, Engine, Handle, View, socket};
use autoupdate_tests::{
    APP, Answer, Host, Person, Publisher, binary, days_ago, poll_until, program, run, skip,
};
use jiff::Timestamp;
use protocol::AppId;
use serde_json::{Value, json};

const PROBE: &str = r#"{ probe = ["--version"] }"#;

/// A user who is not root: `nobody` on every system that these tests know.
const STRANGER: u32 = 65534;

/// An engine in this process that serves a person's socket. It ends with its value.
struct Running {
    runtime: tokio::runtime::Runtime,
    handle: Handle,
    _server: socket::Server,
}

impl Running {
    fn of(person: &Person) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (handle, server) = runtime.block_on(async {
            // It does what it is asked for and nothing else, so whatever moves was asked for over the socket.
            let config = Config { background: false, ..Config::of_user(person.folders())? };
            let handle = Engine::start(config).await?;
            let server = socket::Server::start(&person.folders(), handle.clone(), None)?;
            anyhow::Ok((handle, server))
        })?;
        Ok(Self { runtime, handle, _server: server })
    }

    /// What is asked for of its View, as soon as that is there: an answer may be a moment ahead of the View.
    fn sees<T>(&self, what: &str, question: impl Fn(&View) -> Option<T>) -> Result<T> {
        let view = self.handle.view();
        poll_until(what, || question(&view.borrow()))
            .with_context(|| format!("in the end: {:?}", *view.borrow()))
    }

    /// The same of the one app's state.
    fn sees_state<T>(&self, what: &str, question: impl Fn(&AppState) -> Option<T>) -> Result<T> {
        let app = AppId::parse(APP)?;
        self.sees(what, |view| question(&view.app(&app)?.state))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.runtime.block_on(self.handle.shutdown());
    }
}

/// A program whose probe waits until the gate is opened.
struct Gate {
    folder: tempfile::TempDir,
    pipe: File,
}

impl Gate {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("gate");
        run(Command::new("mkfifo").arg(&path))?.expect(0)?;
        // Open in both directions, so that neither side waits for the other to open it.
        let pipe = File::options().read(true).write(true).open(&path)?;
        Ok(Self { folder, pipe })
    }

    fn program(&self) -> Vec<u8> {
        format!("#!/bin/sh\nread word < {}/gate\nexit 0\n", self.folder.path().display()).into_bytes()
    }

    fn open(&mut self) -> Result<()> {
        Ok(std::io::Write::write_all(&mut self.pipe, b"go\n")?)
    }
}

fn is_locked(person: &Person) -> bool {
    matches!(Place::open(&person.program()), Err(install::Error::Locked { .. }))
}

#[test]
fn commands_go_through_the_engine_that_runs() -> Result<()> {
    let mut gate = Gate::new()?;
    let publisher = Publisher::of(&["1.0.0"])?;
    publisher.release("2.0.0", &gate.program(), Timestamp::now())?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    let engine = Running::of(&person)?;
    engine.sees_state("it has not looked yet", |state| matches!(state, AppState::Idle).then_some(()))?;

    let checked = person.run(&["check", APP, "--force"])?.expect(0)?.json()?;
    let offer = engine.sees_state("the offer", |state| match state {
        AppState::Available { offer, .. } => Some(offer.clone()),
        _ => None,
    })?;
    assert_eq!(checked, json!({ "answer": "offered", "offer": offer }));
    let by = engine.sees("who asked", |view| Some(view.apps.first()?.last_check.as_ref()?.by))?;
    assert_eq!(by, Asker::Insisting, "--force has come along");

    let status = person.run(&["status"])?.expect(0)?.json()?;
    assert_eq!(status, serde_json::to_value(&*engine.handle.view().borrow())?);

    let mut apply = person.command(&["--json", "apply", APP])?;
    let apply = std::thread::spawn(move || run(&mut apply));
    engine.sees_state("the new version is watched", |state| {
        matches!(state, AppState::Probation { .. }).then_some(())
    })?;
    ensure!(is_locked(&person), "the engine holds the lock of what it watches");
    assert_eq!(person.installed()?, gate.program());
    gate.open()?;

    let updated = apply.join().map_err(|_| anyhow::anyhow!("the thread died"))??.expect(0)?.json()?;
    let report = engine.sees_state("the update", |state| match state {
        AppState::Updated { report } => Some(report.clone()),
        _ => None,
    })?;
    assert_eq!(updated, json!({ "answer": "updated", "report": report }));
    assert_eq!(person.installed()?, gate.program());
    poll_until("the engine lets go of the lock", || (!is_locked(&person)).then_some(()))?;
    Ok(())
}

/// A second session of the same person, while another updater is at work on the program.
#[test]
fn an_updater_beside_another_says_that_it_is_not_its_turn() -> Result<()> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    let place = Place::open(&person.program())?;
    let other = tempfile::tempdir()?;
    let mut apply = person.command(&["--json", "apply", APP])?;
    apply.env("XDG_RUNTIME_DIR", other.path());
    let busy = run(&mut apply)?.expect(6)?.json()?;
    assert_eq!(busy["error"]["code"], "E-LOCK-HELD", "{busy}");
    assert_eq!(person.installed()?, program("1.0.0"));

    drop(place);
    run(&mut apply)?.expect(0)?;
    assert_eq!(person.installed()?, program("2.0.0"));
    Ok(())
}

/// Whether these tests may become other users.
fn is_root() -> Result<bool> {
    Ok(std::fs::metadata("/proc/self")?.uid() == 0)
}

/// A folder that everybody can enter, with the command in it: where it was built others may not be let in.
fn open_folder() -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    open(folder.path(), 0o755)?;
    let (built, linked) = (binary("autoupdate")?, folder.path().join("autoupdate"));
    if std::fs::hard_link(&built, &linked).is_err() {
        // By another program: a file that this one has just written may still be open in a child of another test, and
        // such a file does not start.
        run(Command::new("cp").args([&built, &linked]))?.expect(0)?;
    }
    Ok(folder)
}

fn open(path: &Path, mode: u32) -> Result<()> {
    Ok(std::fs::set_permissions(path, Permissions::from_mode(mode))?)
}

#[test]
fn another_user_is_not_served() -> Result<()> {
    if !is_root()? {
        return skip("another user is not served", "only root can start a program as somebody else");
    }
    let publisher = Publisher::of(&["1.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    let _engine = Running::of(&person)?;
    // Every door but the last is open: what refuses now is the engine itself.
    let folders = person.folders();
    for folder in [person.home(), &person.home().join("run"), &folders.runtime] {
        open(folder, 0o755)?;
    }
    open(&folders.socket(), 0o666)?;

    let (place, home) = (open_folder()?, open_folder()?);
    std::os::unix::fs::chown(home.path(), Some(STRANGER), Some(STRANGER))?;
    let asks = |uid: u32| -> Result<Answer> {
        let mut status = Command::new(place.path().join("autoupdate"));
        status.args(["--json", "status"]).env_clear().env("HOME", home.path());
        status.env("XDG_RUNTIME_DIR", person.home().join("run"));
        run(status.uid(uid).gid(uid).current_dir("/"))
    };
    let refused = asks(STRANGER)?.expect(1)?;
    // It came as far as the engine, which hung up: before or after the question had arrived.
    assert_eq!(refused.json()?["error"]["code"], "E-RUN-NO-ANSWER", "{refused:?}");
    ensure!(!refused.out.contains(APP) && !refused.err.contains(APP), "{refused:?}");
    // The same question of the engine's own user is answered.
    assert_eq!(asks(0)?.expect(0)?.json()?["apps"][0]["id"], APP);
    Ok(())
}

#[test]
fn a_forgotten_program_stays_as_it_is() -> Result<()> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    for through_an_engine in [false, true] {
        let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
        person.run(&["apply", APP])?.expect(0)?;
        let engine = if through_an_engine { Some(Running::of(&person)?) } else { None };
        let folder = person.folders().user_apps();
        let names = || -> Result<Vec<_>> {
            let names = std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.file_name()));
            let mut names = names.collect::<Result<Vec<_>>>()?;
            names.sort();
            Ok(names)
        };
        assert_eq!(names()?, ["demo.root.json", "demo.toml"]);
        let before = person.mode_and_owner()?;

        person.run(&["forget", APP])?.expect(0)?;
        assert_eq!(names()?, [""; 0], "through an engine: {through_an_engine}");
        assert_eq!((person.installed()?, person.mode_and_owner()?), (program("2.0.0"), before));
        if let Some(engine) = engine {
            engine.sees("the engine that runs knows", |view| view.apps.is_empty().then_some(()))?;
        }
        let _seen = host.take_log();
        for verb in ["check", "status", "apply", "forget"] {
            let unknown = person.run(&[verb, APP])?.expect(1)?.json()?;
            assert_eq!(unknown["error"]["code"], "E-STATE-UNKNOWN-APP", "{verb}: {unknown}");
        }
        assert_eq!(host.take_log(), [], "nobody is asked about it any more");
        assert_eq!(person.installed()?, program("2.0.0"));
    }
    Ok(())
}

#[test]
fn a_check_of_all_programs_ends_with_the_worst_of_them() -> Result<()> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?;
    person.run(&["apply", APP])?.expect(0)?;
    person.run(&["rollback", APP])?.expect(0)?;
    person.run(&["check"])?.expect(3)?;
    // Another program that fails (1), looked at before the first, of which nothing is offered (3).
    let gone = Host::serve(&publisher.site())?.url();
    let text = std::fs::read_to_string(person.home().join("demo.toml"))?;
    let other = person.home().join("another.toml");
    std::fs::write(&other, text.replace("\"demo\"", "\"another\"").replace(&host.url(), &gone))?;
    run(person.command(&["enrol"])?.arg(&other))?.expect(0)?;
    let answers = person.run(&["check"])?.expect(1)?.json()?;
    assert_eq!(answers["another"]["failure"]["code"], "E-NET-CONNECT", "{answers}");
    assert_eq!(answers[APP]["answer"], "not-offered", "{answers}");
    Ok(())
}

/// Comes to its exit code.
type Case<'a> = &'a dyn Fn() -> Result<Answer>;

/// One case of each exit code that scripts are promised: the code, where the answer says why, and what it says there.
#[test]
fn every_promised_exit_code_comes() -> Result<()> {
    let publisher = Publisher::of(&["1.0.0", "2.0.0"])?;
    let host = Host::serve(&publisher.site())?;
    let person = |program: &[u8], source: &str| Person::with(program, &publisher.root()?, source, PROBE);
    let fresh = || person(&program("1.0.0"), &host.url());
    let done = || fresh()?.run(&["check", APP]);
    let failed = || {
        let gone = Host::serve(&publisher.site())?.url();
        person(&program("1.0.0"), &gone)?.run(&["check", APP])
    };
    let misused = || fresh()?.run(&["apply"]);
    let not_offered = || {
        let person = fresh()?;
        person.run(&["apply", APP])?.expect(0)?;
        person.run(&["rollback", APP])?.expect(0)?;
        person.run(&["check", APP])
    };
    let consent_needed = || person(b"#!/bin/sh\n", &host.url())?.run(&["apply", APP]);
    let expired = || {
        let then = days_ago(31);
        let publisher = Publisher::at(then)?;
        publisher.release("1.0.0", &program("1.0.0"), then)?;
        let host = Host::serve(&publisher.site())?;
        Person::with(&program("1.0.0"), &publisher.root()?, &host.url(), PROBE)?.run(&["check", APP])
    };
    let busy = || {
        let person = fresh()?;
        let _held = Place::open(&person.program())?;
        person.run(&["apply", APP])
    };
    let cases: [(i32, &str, &str, Case<'_>); 7] = [
        (0, "/answer", "offered", &done),
        (1, "/error/code", "E-NET-CONNECT", &failed),
        (2, "", "", &misused),
        (3, "/reason/reason", "undone", &not_offered),
        (4, "/answer", "needs-consent", &consent_needed),
        (5, "/failure/code", "E-META-EXPIRED", &expired),
        (6, "/error/code", "E-LOCK-HELD", &busy),
    ];
    for (code, pointer, word, case) in &cases {
        let answer = case()?.expect(*code)?;
        if word.is_empty() {
            ensure!(answer.err.contains("Usage:"), "{answer:?}");
        } else {
            assert_eq!(answer.json()?.pointer(pointer), Some(&Value::from(*word)), "{code}: {answer:?}");
        }
    }
    let promised: Vec<i32> = (include_str!("../../README.md").lines())
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | ")?.0.parse().ok())
        .collect();
    assert_eq!(promised, cases.map(|case| case.0), "README.md promises these");
    Ok(())
}
