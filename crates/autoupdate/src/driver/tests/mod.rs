//! The engine with everything real but the publisher's server: disk, processes, verification, network on loopback.

mod background;
mod lantern;
mod later;
mod routes;
mod running;
mod session;
mod strangers;
mod wishes;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use protocol::{AppId, Close, Digest, Health, Mode};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::{Clock, Config, Engine, Own, Patience, Platform, Session, ThisMachine};
use crate::enrolments::{Enrolled, Enrolments};
use crate::fetch::tests::client;
use crate::handle::{Answer, Handle, How};
use crate::platform::processes::{self, Error, Instance, Outdated};
use crate::policy::schedule::Timing;
use crate::source::tests::simulator::Simulator;
use crate::store::Settings;
use crate::view::{AppState, AppView, Owner, View};

/// Longer than anything here takes, also on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A clock that a test sets.
#[derive(Debug)]
struct SetClock {
    now: Mutex<Timestamp>,
    stepped: Arc<Notify>,
}

impl SetClock {
    /// Sets it. Whoever waits for a step is told, as after a sleep.
    fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap() = now;
        self.stepped.notify_one();
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }

    fn stepped(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let stepped = Arc::clone(&self.stepped);
        Box::pin(async move { stepped.notified().await })
    }
}

/// This machine, seen as from a desktop: whoever runs the tests may have a terminal, the programs here have none.
#[derive(Debug)]
struct Desktop {
    manners: Manners,
    diary: Diary,
}

/// What an engine did with other programs and the session, in order.
type Diary = Arc<Mutex<Vec<&'static str>>>;

fn note(diary: &Diary, what: &'static str) {
    diary.lock().unwrap().push(what);
}

/// The session waits as long as this is there.
#[derive(Debug)]
struct Waiting(Diary);

impl Drop for Waiting {
    fn drop(&mut self) {
        note(&self.0, "let go");
    }
}

/// How programs behave when they are asked to close.
#[derive(Debug, Clone, Copy)]
enum Manners {
    /// They close.
    Good,
    /// They say at once that they do not.
    Stubborn,
    /// They leave us waiting.
    Silent,
    /// They close, and then this machine has no room for a new process.
    Crowded,
    /// Some close, and those that were told to sleep for 601 seconds leave us waiting.
    Divided,
    /// Nobody is asked: the session ends at that moment.
    Ending,
}

impl Platform for Desktop {
    fn platform(&self) -> Option<protocol::Platform> {
        Some(crate::testing::linux())
    }

    fn os_version(&self) -> Option<String> {
        ThisMachine.os_version()
    }

    fn instances(&self, path: &Path) -> Result<Vec<Instance>, Error> {
        let instances = ThisMachine.instances(path)?;
        Ok(instances.into_iter().map(|instance| Instance { terminal: false, ..instance }).collect())
    }

    fn outdated(&self, path: &Path) -> Result<Vec<Outdated>, Error> {
        ThisMachine.outdated(path)
    }

    fn close(&self, path: &Path, instance: &Instance, how: &Close, deadline: Instant) -> Result<(), Error> {
        let silent = match self.manners {
            Manners::Good | Manners::Crowded | Manners::Ending => false,
            Manners::Stubborn => return Err(Error::StillRunning { pid: instance.pid }),
            Manners::Silent => true,
            Manners::Divided => instance.args.iter().any(|arg| arg == "601"),
        };
        if !silent {
            note(&self.diary, "close");
            return ThisMachine.close(path, instance, how, deadline);
        }
        std::thread::park_timeout(deadline - Instant::now());
        Err(Error::StillRunning { pid: instance.pid })
    }

    fn relaunch(&self, path: &Path, instance: &Instance) -> Result<Child, Error> {
        if matches!(self.manners, Manners::Crowded) {
            let source = std::io::Error::from_raw_os_error(rustix::io::Errno::AGAIN.raw_os_error());
            return Err(Error::Start { path: path.to_owned(), source });
        }
        note(&self.diary, "start");
        ThisMachine.relaunch(path, instance)
    }

    fn closed(&self, path: &Path) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let path = path.to_owned();
        Box::pin(processes::closed(move || ThisMachine.instances(&path)))
    }

    fn hold_session(&self) -> Session {
        if matches!(self.manners, Manners::Ending) {
            return Session::Ends;
        }
        note(&self.diary, "hold");
        Session::Waits(Box::new(Waiting(self.diary.clone())))
    }
}

/// A publisher, and a machine with the program `demo` 1.0.0.
struct World {
    simulator: Simulator,
    clock: Arc<SetClock>,
    program: PathBuf,
    enrolled: Enrolled,
    background: bool,
    timing: Timing,
    manners: Manners,
    diary: Diary,
    own: Option<Own>,
    settings: Settings,
}

/// A program that sleeps for as many seconds as its argument says; versions differ in bytes that it never reads.
fn sleeper(version: &str) -> Vec<u8> {
    let mut bytes = fs::read("/bin/sleep").unwrap();
    bytes.extend(version.as_bytes());
    bytes
}

fn app() -> AppId {
    crate::testing::app()
}

impl World {
    async fn new(mode: Mode, health: Health) -> Self {
        let simulator = Simulator::new(true).await;
        let installed = simulator.folder.path().join("installed");
        fs::create_dir(&installed).unwrap();
        fs::set_permissions(&installed, fs::Permissions::from_mode(0o755)).unwrap();
        let program = installed.join("demo");
        fs::write(&program, sleeper("1.0.1")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        // The simulator begins with a 1.0.0 of other bytes; ours is the next one.
        simulator.publish("1.0.1", &sleeper("1.0.1"));
        let beside = simulator.folder.path().join("enrolment");
        fs::create_dir(&beside).unwrap();
        fs::copy(simulator.public().join("metadata/1.root.json"), beside.join("root.json")).unwrap();
        let mut enrolment = simulator.enrolment.clone();
        (enrolment.path, enrolment.mode, enrolment.health) = (program.clone(), mode, health);
        let enrolled = Enrolled { enrolment, owner: Owner::User, file: beside.join("demo.toml") };
        let clock = Arc::new(SetClock { now: Mutex::new(simulator.now), stepped: Arc::default() });
        let timing = Timing { soon: Duration::ZERO, ..Timing::default() };
        let (background, manners, own) = (false, Manners::Good, None);
        let diary = Diary::default();
        let settings = Settings::default();
        Self { simulator, clock, program, enrolled, background, timing, manners, diary, own, settings }
    }

    /// A probe that every version of the program passes.
    async fn probed(mode: Mode) -> Self {
        Self::new(mode, Health::Probe(vec!["0".to_owned()])).await
    }

    /// Publishes the next version, one hour later.
    fn publish(&mut self, version: &str, bytes: &[u8]) {
        self.later(1);
        self.simulator.publish(version, bytes);
    }

    fn later(&mut self, hours: i64) {
        self.simulator.later(hours);
        self.clock.set(self.simulator.now);
    }

    async fn engine(&self) -> Handle {
        let handle = Engine::start(Config {
            folders: self.simulator.store.folders().clone(),
            enrolments: Enrolments { apps: vec![self.enrolled.clone()], problems: Vec::new() },
            background: self.background,
            timing: self.timing,
            patience: Patience { close: Duration::from_secs(20), patch: Duration::from_secs(5) },
            patch_memory: 128 << 20,
            settings: self.settings.clone(),
            clock: Arc::<SetClock>::clone(&self.clock),
            platform: Arc::new(Desktop { manners: self.manners, diary: self.diary.clone() }),
            client: client(),
            own: self.own.clone(),
        });
        handle.await.unwrap()
    }

    fn installed(&self) -> Digest {
        Digest::of(&fs::read(&self.program).unwrap())
    }

    fn assert_installed(&self, version: &str) {
        assert_eq!(self.installed(), Digest::of(&sleeper(version)), "{version} should be installed");
        assert_eq!(fs::metadata(&self.program).unwrap().permissions().mode() & 0o7777, 0o755);
    }
}

fn how() -> How {
    How::default()
}

/// Waits until the app's picture is one that `wanted` knows.
async fn until<T>(handle: &Handle, mut wanted: impl FnMut(&AppView) -> Option<T>) -> T {
    let mut views = handle.view();
    let mut last = None;
    let found = timeout(LONG, async {
        loop {
            let view: View = views.borrow_and_update().clone();
            if let Some(found) = view.app(&app()).and_then(&mut wanted) {
                return found;
            }
            last = Some(view);
            views.changed().await.unwrap();
        }
    });
    match found.await {
        Ok(found) => found,
        Err(_) => panic!("never came: {last:#?}"),
    }
}

/// What a command came to, in one word, as the wire has it.
fn word(answer: &Answer) -> String {
    serde_json::to_value(answer).unwrap()["answer"].as_str().unwrap().to_owned()
}

fn state(view: &AppView) -> String {
    serde_json::to_value(&view.state).unwrap()["state"].as_str().unwrap().to_owned()
}

async fn command(answer: impl Future<Output = Answer>) -> Answer {
    timeout(LONG, answer).await.expect("every command is answered")
}

/// The version of an answer that an update was made.
fn updated(answer: &Answer) -> (Option<String>, String) {
    match answer {
        Answer::Updated { report } => (report.from.as_ref().map(ToString::to_string), report.to.to_string()),
        other => panic!("{other:#?}"),
    }
}

fn is_up_to_date(view: &AppView) -> bool {
    matches!(view.state, AppState::UpToDate { .. })
}
