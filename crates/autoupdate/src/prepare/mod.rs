//! (being built)
mod error;
mod route;
pub use error::Error;
pub use route::{Fallback, Route};

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::{AppId, Artifact, SourceUrl};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::fetch::Client;
use crate::install::{Place, Staged};
use crate::source::FetchedObject;

/// What to prepare, and how.
#[derive(Debug)]
pub struct Job {
    /// The program's place. Locked for moments only, never while bytes come.
    pub place: Arc<Mutex<Place>>,
    /// The app.
    pub app: AppId,
    /// What was signed.
    pub artifact: Artifact,
    /// The ways to get it, best first. Must end with [`Route::Full`] to be sure of an answer.
    pub routes: Vec<Route>,
    /// The network.
    pub client: Client,
    /// Where objects lie, tried in order.
    pub sources: Vec<SourceUrl>,
    /// The folder of the spool ([`crate::store::Folders::spool`]).
    pub spool: PathBuf,
    /// The most memory that applying a patch may need, in bytes.
    pub patch_memory: u64,
    /// How long to wait in all for a patch that the server is making (202).
    pub patience: Duration,
    /// Where to report progress.
    pub progress: watch::Sender<Progress>,
    /// Stops it; what was fetched stays in the spool.
    pub cancel: CancellationToken,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Nothing yet.
    #[default]
    Starting,
    /// The server is making the patch.
    Waiting,
    /// Bytes come, and are applied while they come.
    Downloading,
    /// All bytes are here; they are verified and synced.
    Verifying,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes of the route that are here, those of earlier attempts included.
    pub bytes: u64,
    /// Bytes of the route in all; `None` while unknown.
    pub total: Option<u64>,
    /// The route.
    pub route: Option<Route>,
    /// What is being done.
    pub step: Step,
}

/// A verified stage, and how it came to be.
#[derive(Debug)]
pub struct Prepared {
    /// The stage.
    pub staged: Staged,
    /// The route that led to it.
    pub route: Route,
    /// Bytes that were fetched in this run, given-up routes included.
    pub bytes_fetched: u64,
    /// Bytes that a full download would have been.
    pub full_bytes: u64,
    /// Every object that answered with bytes in this run.
    pub objects: Vec<FetchedObject>,
    /// Routes that were given up, in order, and why.
    pub fallbacks: Vec<Fallback>,
}

/// Fetches, applies, verifies and stages an artifact over the first route that leads to it.
///
/// # Errors
/// [`Error`] of the last route, or the first one that another route cannot cure (disk, lock, cancelled).
pub async fn prepare(job: Job) -> Result<Prepared, Error> {
    todo!()
}
