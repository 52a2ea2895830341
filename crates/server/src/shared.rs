//! What every request and every background task shares.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use protocol::{AppId, Os};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::address::Budgets;
use crate::app::App;
use crate::catalog::Pair;
use crate::config::Config;
use crate::data_lock::DataLock;
use crate::error::ApiError;
use crate::ingest::Ingest;
use crate::lantern::Face;
use crate::metrics::Metrics;
use crate::object_name::PatchName;
use crate::patches::Key;
use crate::patches::bench::{Bench, Job};
use crate::patches::shelf::Shelf;
use crate::publish::quota::Quotas;
use crate::request_id::RequestIds;
use crate::store::Commons;
use crate::tokens::Tokens;
use crate::twins::{Form, Twin, Twins};

/// The time of day, as a value so that a test can set it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What every request and every background task shares.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) apps: BTreeMap<AppId, Arc<App>>,
    pub(crate) tokens: Tokens,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) ids: RequestIds,
    pub(crate) budgets: Budgets,
    pub(crate) quotas: Quotas,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) bench: Arc<Bench>,
    pub(crate) twins: Arc<Twins>,
    pub(crate) ingest: Arc<Ingest>,
    /// None: old Lantern clients are not served.
    pub(crate) lantern: Option<Face>,
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
        Some(Self::job_of(app, name, &catalog.pair(&name.artifact, &name.base)?))
    }

    /// The order for the patch of a pair.
    pub(crate) fn job_of(app: &App, name: &PatchName, pair: &Pair<'_>) -> Job {
        let folder = app.tree.folder();
        Job {
            key: Key { app: app.id.clone(), name: name.clone() },
            base: folder.join(&pair.base.file),
            artifact: folder.join(&pair.artifact.file),
            length: pair.length,
        }
    }

    /// Plans the patches of an app that are worth making before anybody asks, and its compressed twins. Blocks.
    pub(crate) fn plan(&self, app: &App) {
        let settings = &self.config.patches;
        let catalog = app.catalog();
        let mut pairs = catalog.ahead(settings.bases);
        // What most clients have comes first; where nobody has asked yet, the newest.
        let now = self.now();
        pairs.sort_by(|(_, a), (_, b)| app.demand.of(b, now).total_cmp(&app.demand.of(a, now)));
        let mut jobs = Vec::new();
        let old = self.lantern.as_ref().and_then(|face| face.format(&app.id));
        // The first format of every pair before the second of any.
        for format in settings.formats.iter().chain(old.filter(|old| !settings.formats.contains(old))) {
            for &(artifact, base) in &pairs {
                let unasked = |pair: Pair<'_>| pair.artifact.platform.os == Os::Android;
                if Some(format) != old || !catalog.pair(&artifact, &base).is_some_and(unasked) {
                    jobs.extend(self.job(app, &PatchName { artifact, base, format: format.clone() }));
                }
            }
        }
        self.bench.plan(jobs, &app.id, Instant::now());
        let twin = |(sha256, length, file): (_, _, &Path)| Twin {
            app: app.id.clone(),
            artifact: app.tree.folder().join(file),
            sha256,
            length,
            form: Form::Zstd,
        };
        let packed = self.lantern.iter().flat_map(|face| face.twins(app));
        self.twins.plan(&app.id, catalog.offered_files().map(twin).chain(packed).collect());
    }
}
