//! The end of the session, as logind tells it on the system bus: delay locks, and the announcement that they hold up.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use zbus::{Connection, DBusError, Fd, OwnedObjectPath, connection};

const NAME: &str = "org.freedesktop.login1";
const PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION_PATH: &str = "/org/freedesktop/login1/session/_31";

/// A lock that was asked for.
#[derive(Debug, Clone)]
pub struct DelayLock {
    /// What it holds up, and how.
    pub asked: [String; 2],
    /// Whether the process that was to be looked at ran still at that moment.
    pub process_ran: bool,
    held: Arc<AtomicBool>,
}

impl DelayLock {
    /// Whether it is held now.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::SeqCst)
    }
}

#[derive(Debug, Default)]
struct Book {
    locks: Vec<DelayLock>,
    process: Option<PathBuf>,
    shuts_down: bool,
    closes: bool,
}

type SharedBook = Arc<Mutex<Book>>;

fn lock(book: &SharedBook) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What it refuses with.
#[derive(Debug, DBusError)]
#[zbus(prefix = "org.freedesktop.login1")]
enum Refused {
    #[zbus(error)]
    ZBus(zbus::Error),
    OperationInProgress(String),
}

struct Machine(SharedBook);

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Machine {
    fn inhibit(&self, what: &str, _who: &str, _why: &str, mode: &str) -> Result<Fd<'static>, Refused> {
        let mut book = lock(&self.0);
        if book.shuts_down {
            return Err(Refused::OperationInProgress("the machine shuts down already".to_owned()));
        }
        let (mut seen, given) = std::io::pipe().map_err(|error| Refused::ZBus(error.into()))?;
        let held = Arc::new(AtomicBool::new(true));
        let process_ran = book.process.as_ref().is_some_and(|process| process.exists());
        book.locks.push(DelayLock {
            asked: [what, mode].map(str::to_owned),
            process_ran,
            held: held.clone(),
        });
        // Nobody writes: it ends when the last copy of the other end is closed.
        std::thread::spawn(move || {
            std::io::copy(&mut seen, &mut std::io::sink()).ok();
            held.store(false, Ordering::SeqCst);
        });
        Ok(OwnedFd::from(given).into())
    }

    #[zbus(name = "GetSessionByPID")]
    fn session_of(&self, _pid: u32) -> Result<OwnedObjectPath, Refused> {
        SESSION_PATH.try_into().map_err(Refused::ZBus)
    }

    #[zbus(property)]
    fn preparing_for_shutdown(&self) -> bool {
        lock(&self.0).shuts_down
    }
}

struct Session(SharedBook);

#[zbus::interface(name = "org.freedesktop.login1.Session")]
impl Session {
    #[zbus(property)]
    fn state(&self) -> String {
        if lock(&self.0).closes { "closing" } else { "active" }.to_owned()
    }
}

/// logind. It ends with its value.
#[derive(Debug)]
pub struct Logind {
    connection: Connection,
    book: SharedBook,
}

impl Logind {
    pub(super) fn start(address: &str) -> Result<Self> {
        let book = SharedBook::default();
        let builder = connection::Builder::address(address)
            .serve_at(PATH, Machine(book.clone()))
            .serve_at(SESSION_PATH, Session(book.clone()))
            .name(NAME);
        Ok(Self { connection: zbus::block_on(builder.build())?, book })
    }

    /// Whether this process runs is written down with every lock from now on.
    pub fn look_at(&self, pid: u32) {
        lock(&self.book).process = Some(format!("/proc/{pid}").into());
    }

    /// The locks that were asked for so far.
    #[must_use]
    pub fn locks(&self) -> Vec<DelayLock> {
        lock(&self.book).locks.clone()
    }

    /// Announces that the machine shuts down, or calls it off.
    ///
    /// # Errors
    /// If the bus does not take the news.
    pub fn shut_down(&self, does: bool) -> Result<()> {
        lock(&self.book).shuts_down = does;
        let told = self.connection.emit_signal(None::<&str>, PATH, MANAGER, "PrepareForShutdown", &does);
        Ok(zbus::block_on(told)?)
    }

    /// From now on the person logs out.
    pub fn log_out(&self) {
        lock(&self.book).closes = true;
    }
}
