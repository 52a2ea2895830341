//! What every request and every background task shares.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use protocol::AppId;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::address::Budgets;
use crate::app::App;
use crate::config::Config;
use crate::data_lock::DataLock;
use crate::error::ApiError;
use crate::metrics::Metrics;
use crate::object_name::PatchName;
use crate::patches::Key;
use crate::patches::bench::{Bench, Job};
use crate::patches::shelf::Shelf;
use crate::publish::quota::Quotas;
use crate::store::Commons;
use crate::tokens::Tokens;
use crate::twins::{Twin, Twins};

/// The time of day, as a value so that a test can set it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What every request and every background task shares.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) apps: BTreeMap<AppId, Arc<App>>,
    pub(crate) tokens: Tokens,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) budgets: Budgets,
    pub(crate) quotas: Quotas,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) bench: Arc<Bench>,
    pub(crate) twins: Arc<Twins>,
    pub(crate) clock: Clock,
    /// The bucket with the trees; None: they lie in the data directory.
    pub(crate) commons: Option<Arc<Commons>>,
    /// Told when something was signed, because the next renewal may be due earlier than thought.
    pub(crate) signed: Notify,
    /// Given back when the last task that could still write has ended.
    #[expect(dead_code, reason = "held, never looked at")]
    pub(crate) lock: DataLock,
}

impl Shared {
    pub(crate) fn app(&self, id: &AppId) -> Result<&Arc<App>, ApiError> {
        self.apps.get(id).ok_or(ApiError::NoSuchApp)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn validity(&self) -> signing::Validity {
        let mine = &self.config.validity;
        signing::Validity {
            timestamp: mine.timestamp,
            snapshot: mine.snapshot,
            rollout: mine.rollout,
            ..signing::Validity::default()
        }
    }

    /// The order for a patch, if one may be made.
    pub(crate) fn job(&self, app: &App, name: &PatchName) -> Option<Job> {
        let catalog = app.catalog();
        let pair = catalog.pair(&name.artifact, &name.base)?;
        let folder = app.tree.folder();
        Some(Job {
            key: Key { app: app.id.clone(), name: name.clone() },
            base: folder.join(&pair.base.file),
            artifact: folder.join(&pair.artifact.file),
            length: pair.length,
        })
    }

    /// Plans the patches of an app that are worth making before anybody asks, and its compressed twins. Blocks.
    pub(crate) fn plan(&self, app: &App) {
        let settings = &self.config.patches;
        let pairs = app.catalog().ahead(settings.bases);
        let mut jobs = Vec::new();
        // The first format of every pair before the second of any.
        for format in &settings.formats {
            for &(artifact, base) in &pairs {
                jobs.extend(self.job(app, &PatchName { artifact, base, format: format.clone() }));
            }
        }
        self.bench.plan(jobs, &app.id, Instant::now());
        let catalog = app.catalog();
        let twin = |(sha256, length, file): (_, _, &Path)| Twin {
            app: app.id.clone(),
            artifact: app.tree.folder().join(file),
            sha256,
            length,
        };
        self.twins.plan(&app.id, catalog.offered_files().map(twin).collect());
    }
}
