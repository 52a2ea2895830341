//! Compressed twins: `….zst` beside every artifact that is offered, whoever published it and however, and `….bz2` beside those
//! that old Lantern clients on Android fetch, who can read nothing else.
//!
//! A publisher's folder has them from the publisher. What comes over HTTP comes without: an upload is named by its SHA-256, and
//! a twin has none that anybody signed. So the server makes them itself, after the publication was answered; until then a
//! client takes the whole artifact. Rules, as for patches:
//!
//! - one at a time, in a process of its own with limits of memory and time, from bytes whose SHA-256 was checked;
//! - decoded and compared before it gets its name;
//! - what did not work, or was cut by a stop, is tried again when the tree is read again: after a publication, a renewal, a start;
//! - what would not be smaller is remembered until the server stops; a `.bz2` is made all the same.

pub mod maker;

use std::collections::{BTreeSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use protocol::{AppId, Digest};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::Patches;
use crate::metrics::{Metrics, OutcomeLabels};
use crate::patches::child::{self, ChildError};
use crate::store::claim::{self, Claimed};
use crate::store::{Commons, StoreError};
use crate::{blocking, disk};
use maker::{Made, Order};

/// The most artifacts that are remembered as not worth it, and the most that wait.
const MAX_REMEMBERED: usize = 10_000;

/// A twin to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Twin {
    pub(crate) app: AppId,
    /// The file of the artifact.
    pub(crate) artifact: PathBuf,
    pub(crate) sha256: Digest,
    /// The length of the artifact in bytes.
    pub(crate) length: u64,
    pub(crate) form: Form,
}

/// How a twin is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Form {
    /// One zstd frame, worth it if it is smaller.
    Zstd,
    /// One bzip2 stream, wanted by those who know nothing else.
    Bzip2,
}

impl Form {
    fn suffix(self) -> &'static str {
        match self {
            Self::Zstd => ".zst",
            Self::Bzip2 => ".bz2",
        }
    }
}

impl Twin {
    /// The file of the twin, beside its artifact.
    pub(crate) fn place(&self) -> PathBuf {
        let mut name = self.artifact.clone().into_os_string();
        name.push(self.form.suffix());
        name.into()
    }

    /// The most bytes that the twin may have.
    fn longest(&self) -> u64 {
        match self.form {
            Form::Zstd => self.length.saturating_sub(1),
            // What is packed already, as an APK is, grows by a hundredth and 600 bytes at most, says bzip2's manual.
            Form::Bzip2 => self.length.saturating_add(self.length / 100).saturating_add(1024),
        }
    }
}

/// The twins that wait, and what their maker needs.
pub(crate) struct Twins {
    /// One process has the limits of one patch.
    limits: Patches,
    program: PathBuf,
    scratch: PathBuf,
    metrics: Arc<Metrics>,
    /// Where artifacts and twins lie if other servers share them.
    commons: Option<Arc<Commons>>,
    inside: Mutex<Inside>,
    wake: Notify,
}

#[derive(Default)]
struct Inside {
    waiting: VecDeque<Twin>,
    no_gain: BTreeSet<(Digest, Form)>,
}

#[derive(Debug, thiserror::Error)]
enum TwinError {
    #[error(transparent)]
    Child(#[from] ChildError),
    #[error("the twin has {found} bytes, its maker said {said}")]
    Length { said: u64, found: u64 },
    #[error("a bug: making it panicked")]
    Bug,
    #[error("the server is stopping")]
    Stopping,
    #[error("the disk refused: {0}")]
    Disk(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Twins {
    /// `scratch` is a folder on the file system of the trees.
    pub(crate) fn new(
        limits: Patches,
        program: &Path,
        scratch: &Path,
        metrics: Arc<Metrics>,
        commons: Option<Arc<Commons>>,
    ) -> Self {
        Self {
            limits,
            program: program.to_owned(),
            scratch: scratch.to_owned(),
            metrics,
            commons,
            inside: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// Replaces what should be made for an app. What is there or no gain is left out. Blocks.
    pub(crate) fn plan(&self, app: &AppId, twins: Vec<Twin>) {
        let missing: Vec<Twin> = twins.into_iter().filter(|twin| !twin.place().exists()).collect();
        let mut inside = self.lock();
        inside.waiting.retain(|twin| twin.app != *app);
        for twin in missing {
            if !inside.no_gain.contains(&(twin.sha256, twin.form)) && inside.waiting.len() < MAX_REMEMBERED {
                inside.waiting.push_back(twin);
            }
        }
        drop(inside);
        self.wake.notify_one();
    }

    /// Makes twins, one after the other, for ever. Dropping the future kills the child at work.
    pub(crate) async fn work(self: Arc<Self>) {
        loop {
            let next = self.lock().waiting.pop_front();
            let Some(twin) = next else {
                self.wake.notified().await;
                continue;
            };
            let begun = Instant::now();
            let outcome = AssertUnwindSafe(self.make(&twin)).catch_unwind().await.unwrap_or_else(|_| {
                self.metrics.panics.inc();
                Err(TwinError::Bug)
            });
            self.tell(&twin, outcome, begun.elapsed().as_secs_f64());
        }
    }

    /// Makes one; None: somebody else, or the same bytes for another platform, had made it meanwhile.
    async fn make(&self, twin: &Twin) -> Result<Option<u64>, TwinError> {
        if let Some(commons) = &self.commons {
            return self.make_in_bucket(commons, twin).await;
        }
        let place = twin.place();
        if tokio::fs::try_exists(&place).await? {
            return Ok(None);
        }
        let (temporary, found) = self.run(twin, &twin.artifact).await?;
        blocking::run(move || disk::persist(temporary, &place)).await.ok_or(TwinError::Stopping)??;
        Ok(Some(found))
    }

    /// The same where several servers share the twins: one of them makes it.
    async fn make_in_bucket(&self, commons: &Commons, twin: &Twin) -> Result<Option<u64>, TwinError> {
        let (name, longest) = (commons.name_of(&twin.place())?, twin.longest());
        let lease = match claim::claim(commons, &name, longest).await? {
            Claimed::Mine(lease) => lease,
            Claimed::Useless => return Err(ChildError::Useless.into()),
            Claimed::There | Claimed::Elsewhere => return Ok(None),
        };
        let making = async {
            let artifact = claim::fetch(commons, &commons.name_of(&twin.artifact)?, &self.scratch).await?;
            let (temporary, _) = self.run(twin, artifact.path()).await?;
            Ok(Some(claim::publish(commons, &name, temporary).await?))
        };
        let outcome = making.await;
        let useless = matches!(outcome, Err(TwinError::Child(ChildError::Useless)));
        lease.release(useless.then_some(longest)).await;
        outcome
    }

    /// Runs the maker on a file; returns what it made, and its length.
    async fn run(&self, twin: &Twin, artifact: &Path) -> Result<(tempfile::NamedTempFile, u64), TwinError> {
        let temporary = tempfile::Builder::new().prefix("twin-").tempfile_in(&self.scratch)?;
        let order = Order {
            artifact: artifact.to_owned(),
            artifact_sha256: twin.sha256,
            out: temporary.path().to_owned(),
            form: twin.form,
            longest: twin.longest(),
            memory: self.limits.memory.get(),
            cpu_seconds: self.limits.cpu.as_secs(),
        };
        let made: Made = child::run(&self.program, &order.arguments(), self.limits.deadline).await?;
        let found = temporary.as_file().metadata()?.len();
        if found != made.length {
            return Err(TwinError::Length { said: made.length, found });
        }
        Ok((temporary, found))
    }

    fn tell(&self, twin: &Twin, outcome: Result<Option<u64>, TwinError>, seconds: f64) {
        let (app, artifact, form, length) = (&twin.app, twin.sha256.short(), twin.form, twin.length);
        let outcome = match outcome {
            Ok(None) => return,
            Ok(Some(bytes)) => {
                tracing::info!(%app, artifact, ?form, length, bytes, seconds, "made a compressed twin");
                "made"
            }
            Err(TwinError::Child(ChildError::Useless)) => {
                let mut inside = self.lock();
                if inside.no_gain.len() >= MAX_REMEMBERED {
                    inside.no_gain.clear();
                }
                inside.no_gain.insert((twin.sha256, twin.form));
                tracing::info!(%app, artifact, ?form, length, seconds, "a compressed twin is no gain");
                "no-gain"
            }
            Err(error) => {
                tracing::warn!(%app, artifact, ?form, length, seconds, %error, "no compressed twin was made");
                "failed"
            }
        };
        self.metrics.twins.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
