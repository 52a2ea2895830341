//! The effects: straight sequences without decisions in them.
//!
//! Each takes what it needs by value, can be stopped by its token, and ends with exactly one event. Whatever blocks goes
//! through [`blocking`]. What one effect leaves for the next (the open place, the instances that were closed) travels
//! in [`Carry`], so that nobody else gets in between.

mod activate;
mod check;
mod close;
mod examine;
mod hand_over;
mod notes;
mod open;
mod prepare;
mod roll_back;
mod watch;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use protocol::Enrolment;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use trust::Crypto;

use super::system::{Clock, Platform};
use super::{Own, Patience};
use crate::error::Error;
use crate::fetch::Client;
use crate::install::{Installed, Kept, Place};
use crate::machine::{Event, Measured, Who};
use crate::platform::processes::Instance;
use crate::source::{self, lantern, tuf};
use crate::store::{Program, Store};
use crate::view::{Failure, InstalledView};

pub(crate) use activate::{activate, forget_download, report};
pub(crate) use check::{check, find};
pub(crate) use examine::examine;
pub(crate) use notes::notes;
pub(crate) use open::{open, private_folder};
pub(crate) use prepare::{prepare, stage};
pub(crate) use roll_back::roll_back;

/// What all effects of an engine share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) network: RwLock<Network>,
    pub(crate) crypto: Crypto,
    pub(crate) machine: protocol::Platform,
    pub(crate) os_version: Option<String>,
    pub(crate) installation_id: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) platform: Arc<dyn Platform>,
    pub(crate) patience: Patience,
    /// The engine stays: it can wait for its turn where a command would rather say that it is not.
    pub(crate) background: bool,
    pub(crate) own: Option<Own>,
    /// The person's session ends: nothing is begun, nothing is started.
    pub(crate) session_ends: AtomicBool,
}

/// What settings say about downloads; they can change while the engine runs.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    /// The network.
    pub(crate) client: Client,
    /// The most memory that applying a patch may need, in bytes.
    pub(crate) patch_memory: u64,
}

impl Shared {
    /// The network as it is set now.
    pub(crate) fn network(&self) -> Network {
        self.network.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The network is set otherwise. What runs already goes on as it began.
    pub(crate) fn set_network(&self, network: Network) {
        *self.network.write().unwrap_or_else(PoisonError::into_inner) = network;
    }

    /// Whether the person's session ends.
    pub(crate) fn session_ends(&self) -> bool {
        self.session_ends.load(Ordering::SeqCst)
    }

    /// The program that runs this engine, if it is this app.
    pub(crate) fn own(&self, app: &protocol::AppId) -> Option<&Own> {
        self.own.as_ref().filter(|own| &own.app == app)
    }

    /// The facts about this machine that a decision about an app needs.
    pub(crate) fn who<'a>(&'a self, enrolment: &'a Enrolment, program: &'a Program) -> Who<'a> {
        Who {
            app: &enrolment.id,
            channel: &enrolment.channel,
            platform: self.machine,
            os_version: self.os_version.as_deref(),
            installation_id: &self.installation_id,
            program,
        }
    }
}

/// The program that an effect is about.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) enrolment: Enrolment,
    pub(crate) root: Root,
    /// Held by who walks the repository: two walks at once could keep the older metadata last.
    pub(crate) walk: tokio::sync::Mutex<()>,
}

/// Where the pinned root is.
#[derive(Debug, Clone)]
pub(crate) enum Root {
    /// In the file that the enrolment names, which may be beside this one.
    Beside(std::path::PathBuf),
    /// Compiled in.
    Bytes(Arc<[u8]>),
}

impl Subject {
    pub(crate) fn new(enrolment: Enrolment, root: Root) -> Self {
        Self { enrolment, root, walk: tokio::sync::Mutex::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.enrolment.path
    }

    /// The pinned key of a Lantern source. Blocks.
    fn pinned_key(&self) -> Result<lantern::PublicKey, Error> {
        let beside = match &self.root {
            Root::Beside(file) => file.parent().unwrap_or(Path::new("/")),
            // Whoever compiles a root in updates from a repository.
            Root::Bytes(_) => Path::new("/"),
        };
        Ok(lantern::pinned_key(&self.enrolment, beside).map_err(source::Error::from)?)
    }

    /// The bytes of the pinned root. Blocks.
    fn pinned_root(&self) -> Result<Vec<u8>, Error> {
        match &self.root {
            Root::Bytes(bytes) => Ok(bytes.to_vec()),
            Root::Beside(file) => {
                let folder = file.parent().unwrap_or(Path::new("/"));
                Ok(tuf::pinned_root(&self.enrolment, folder)?)
            }
        }
    }
}

/// A program's place that an effect and its threads share; locked for moments only.
pub(crate) type SharedPlace = Arc<Mutex<Place>>;

/// What one effect leaves for the next.
#[derive(Debug, Default)]
pub(crate) struct Carry {
    /// The open place.
    pub(crate) place: Option<SharedPlace>,
    /// Instances that we closed and have not started again.
    pub(crate) closed: Vec<Instance>,
}

/// What an effect works with.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) shared: Arc<Shared>,
    pub(crate) subject: Arc<Subject>,
    pub(crate) cancel: CancellationToken,
    pub(crate) carry: Carry,
    pub(crate) reporter: Reporter,
}

impl Job {
    /// The place: the one that was carried over, or opened now.
    pub(crate) async fn place(&mut self) -> Result<SharedPlace, Error> {
        if let Some(place) = &self.carry.place {
            return Ok(Arc::clone(place));
        }
        let (path, rights) = (self.subject.path().to_owned(), self.subject.enrolment.rights);
        let place = blocking(move || Ok::<_, Error>(Place::open(&path)?.with_rights(rights))).await?;
        let place = Arc::new(Mutex::new(place));
        self.carry.place = Some(Arc::clone(&place));
        self.seen(&place).await;
        Ok(place)
    }

    /// Tells what is to be seen at the place now.
    async fn seen(&self, place: &SharedPlace) {
        let seen = locked(place, |place| Seen::of(place));
        self.reporter.tell(Report::Seen(seen)).await;
    }
}

/// Where an effect tells what happens on its way.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    pub(crate) app: protocol::AppId,
    pub(crate) number: u64,
    pub(crate) reports: mpsc::Sender<FromWork>,
}

impl Reporter {
    pub(crate) async fn tell(&self, report: Report) {
        let from = FromWork { app: self.app.clone(), number: self.number, report };
        // An error means that the engine has gone; the effect then ends by its token.
        let _gone = self.reports.send(from).await;
    }

    async fn event(&self, event: Event) {
        self.tell(Report::Event(Box::new(event))).await;
    }
}

/// Something that an effect tells.
#[derive(Debug)]
pub(crate) struct FromWork {
    pub(crate) app: protocol::AppId,
    pub(crate) number: u64,
    pub(crate) report: Report,
}

/// What an effect tells.
#[derive(Debug)]
pub(crate) enum Report {
    /// Something happened on the way.
    Event(Box<Event>),
    /// The program was closed.
    Quit,
    /// How far a download is.
    Measured(Measured),
    /// What is to be seen at the place.
    Seen(Seen),
    /// It has ended.
    Ended(Box<Event>, Carry),
}

/// What is to be seen at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) installed: InstalledView,
    pub(crate) previous: Option<Kept>,
}

impl Seen {
    fn of(place: &Place) -> Self {
        Self::new(place.installed(), place.can_roll_back().cloned())
    }

    fn new(installed: &Installed, previous: Option<Kept>) -> Self {
        Self {
            installed: InstalledView {
                version: installed.version.clone(),
                sha256: installed.sha256,
                length: installed.length,
            },
            previous,
        }
    }
}

/// A failure as data; logged by who handles it.
pub(crate) fn failure(error: &Error) -> Failure {
    Failure::new(error.fault(), error)
}

/// Runs what blocks on a thread for that.
pub(crate) async fn blocking<T: Send + 'static, E: From<Died> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Died.into()))
}

/// A thread that ended without an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Died;

impl From<Died> for Error {
    fn from(_: Died) -> Self {
        Self::Died
    }
}

/// Runs what waits for long on a thread of its own: unlike the runtime's threads it does not hold up the end of the
/// program, and it may be abandoned.
async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    let (sender, result) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("autoupdate-wait".to_owned()).spawn(move || {
        // Nobody may want to know any more.
        let _abandoned = sender.send(work());
    });
    match thread {
        Ok(_detached) => result.await.map_err(|_| Error::Died),
        Err(error) => {
            tracing::warn!(%error, "cannot start a thread");
            Err(Error::Died)
        }
    }
}

/// A look at the place that does not block for long.
pub(crate) fn locked<T>(place: &SharedPlace, look: impl FnOnce(&mut Place) -> T) -> T {
    // A thread that died while it held the place left it as the journal says; the next open would find the same.
    look(&mut place.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Work at the place on a thread for that.
pub(crate) async fn at_place<T: Send + 'static>(
    place: &SharedPlace,
    work: impl FnOnce(&mut Place) -> Result<T, crate::install::Error> + Send + 'static,
) -> Result<T, Error> {
    let place = Arc::clone(place);
    blocking(move || Ok(locked(&place, work)?)).await
}
