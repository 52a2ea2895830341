//! One app that is served: its tree, its online keys, and what is known about it.
//!
//! An app exists when its tree has a root. Whoever writes to the tree (publishing, renewal, rollout) holds the one writer's
//! place, also when the client that asked for it has long gone. Readers hold nothing: every name in a tree is whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use protocol::{AppId, object};
use signing::{OnlineKeys, Passphrase, Tree};
use tokio::sync::OwnedMutexGuard;

use crate::catalog::Catalog;
use crate::catalog::load::load;
use crate::demand::Demand;
use crate::expiry;
use crate::kept::Kept;

/// One app.
pub(crate) struct App {
    pub(crate) id: AppId,
    /// The object tree.
    pub(crate) tree: Tree,
    /// Uploaded objects that are not published yet, named by their SHA-256.
    pub(crate) incoming: PathBuf,
    /// None: nothing is signed here.
    pub(crate) keys: Option<OnlineKeys>,
    /// Its metadata in memory.
    pub(crate) kept: Kept,
    /// From which bases clients ask for patches.
    pub(crate) demand: Demand,
    writer: Arc<tokio::sync::Mutex<()>>,
    catalog: RwLock<Arc<Catalog>>,
    seen: Mutex<Option<Seen>>,
    /// Why the last renewal failed.
    failure: Mutex<Option<String>>,
    /// When people were last told what expires soon.
    warned: Mutex<Option<Timestamp>>,
    /// Why the bucket with the tree cannot be followed.
    store_failure: Mutex<Option<String>>,
    /// When the last look at the bucket with the tree began; held by whoever looks or copies.
    pub(crate) followed: tokio::sync::Mutex<Option<tokio::time::Instant>>,
    /// The artifacts that lie in a bucket; None: those of the tree on this disk count.
    held: Mutex<Option<Vec<String>>>,
}

/// How long before `root` or `targets` expire people are told: they are signed offline, by people who have holidays.
const AHEAD: SignedDuration = SignedDuration::from_hours(21 * 24);
/// How often they are told in the log.
const AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// How `timestamp.json` looked when the catalog was read.
type Seen = (SystemTime, u64);

/// The right to write to an app's tree.
pub(crate) type Writing = OwnedMutexGuard<()>;

/// Whether an app can be served with a good conscience.
#[derive(Debug, serde::Serialize)]
pub(crate) struct Standing {
    pub(crate) app: AppId,
    /// When the timestamp expires; None: nothing is published yet.
    pub(crate) timestamp_expires: Option<Timestamp>,
    /// When each role expires; None: its metadata is missing or cannot be read.
    pub(crate) expires: BTreeMap<String, Option<Timestamp>>,
    /// What is wrong; None: nothing.
    pub(crate) problem: Option<String>,
    /// What will be wrong in three weeks or less, unless somebody acts.
    pub(crate) warnings: Vec<String>,
}

impl App {
    /// Opens an app of a data directory.
    pub(crate) fn open(
        data: &Path,
        id: &AppId,
        keys: Option<&Path>,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, signing::Error> {
        let tree = Tree::open(&data.join(id.as_str()), id)?;
        let keys = match keys.map(|keys| keys.join(id.as_str())).filter(|folder| folder.is_dir()) {
            Some(folder) => Some(OnlineKeys::load(&folder, passphrase)?).filter(|keys| !keys.is_empty()),
            None => None,
        };
        Ok(Self {
            id: id.clone(),
            tree,
            incoming: data.join(".incoming").join(id.as_str()),
            keys,
            kept: Kept::default(),
            demand: Demand::open(data.join(".state").join(id.as_str()).join("demand.json"), Timestamp::now()),
            writer: Arc::default(),
            catalog: RwLock::default(),
            seen: Mutex::default(),
            failure: Mutex::default(),
            warned: Mutex::default(),
            store_failure: Mutex::default(),
            followed: tokio::sync::Mutex::default(),
            held: Mutex::default(),
        })
    }

    /// Waits for the right to write.
    pub(crate) async fn writing(&self) -> Writing {
        Arc::clone(&self.writer).lock_owned().await
    }

    /// What the app offers and holds.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the tree again. What cannot be verified is not offered: the catalog is empty then. Blocks.
    pub(crate) fn reload(&self, now: Timestamp) {
        let seen = self.look();
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let catalog = load(self.tree.folder(), &self.id, now, held.as_deref()).unwrap_or_else(|error| {
            tracing::warn!(app = %self.id, %error, "the tree cannot be verified, so no patches are made");
            Catalog::default()
        });
        let (offered, held) = catalog.counts();
        tracing::info!(app = %self.id, offered, held, "read the tree");
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// Reads the tree again if somebody else wrote to it, for example a publisher on the same machine. Blocks. True: it
    /// was read.
    pub(crate) fn reload_if_changed(&self, now: Timestamp) -> bool {
        let seen = self.look();
        if seen == *self.seen.lock().unwrap_or_else(PoisonError::into_inner) {
            return false;
        }
        self.reload(now);
        true
    }

    fn look(&self) -> Option<Seen> {
        let metadata = std::fs::metadata(self.tree.folder().join(object::TIMESTAMP)).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    }

    /// Notes how a renewal went.
    pub(crate) fn set_failure(&self, failure: Option<String>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// Notes whether the bucket with the tree can be followed.
    pub(crate) fn set_store_failure(&self, failure: Option<String>) {
        *self.store_failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// Says which artifacts lie in the bucket, by their names, for the next reading of the tree.
    pub(crate) fn set_held(&self, names: Vec<String>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(names);
    }

    /// How the app stands. Blocks.
    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        let expires = expiry::of_roles(&self.tree);
        let failure = || self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let timestamp_expires = expires.get(trust::TIMESTAMP).copied().flatten();
        // An app that nobody has published yet has a root and no failure: no reason to take traffic from the others.
        let store = || self.store_failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let problem = too_old(&expires, now).or_else(failure).or_else(store);
        let warnings = soon_too_old(&expires, now);
        Standing { app: self.id.clone(), timestamp_expires, expires, problem, warnings }
    }

    /// Says in the log, once a day, what a person has to sign soon.
    pub(crate) fn warn(&self, standing: &Standing, now: Timestamp) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_some_and(|last| now.duration_since(last) < AGAIN) || standing.warnings.is_empty() {
            return;
        }
        *warned = Some(now);
        for warning in &standing.warnings {
            tracing::warn!(app = %self.id, "{warning}");
        }
    }
}

/// Which role keeps clients from verifying this app at `now`, if one does.
fn too_old(expires: &BTreeMap<String, Option<Timestamp>>, now: Timestamp) -> Option<String> {
    expires.iter().find_map(|(role, expires)| match expires {
        None => Some(format!("the metadata of {role} is missing or cannot be read: publish it again")),
        Some(expires) if *expires <= now => Some(format!(
            "{role} expired at {expires}: clients cannot verify the app until it is signed again"
        )),
        Some(_) => None,
    })
}

/// Which of the roles that are signed offline expire within three weeks.
fn soon_too_old(expires: &BTreeMap<String, Option<Timestamp>>, now: Timestamp) -> Vec<String> {
    let offline = expires.iter().filter(|(role, _)| [trust::ROOT, trust::TARGETS].contains(&role.as_str()));
    let soon = offline.filter_map(|(role, expires)| {
        let left = (*expires)?.duration_since(now);
        let days = left.as_hours() / 24;
        (left.is_positive() && left <= AHEAD)
            .then(|| format!("{role} expires in {days} days, and only its offline keys can sign it again"))
    });
    soon.collect()
}

/// The apps of a data directory: its folders with an app's name and the first root. Without one a folder is no app (yet), and
/// no reason to serve the others less.
pub(crate) fn list(data: &Path) -> std::io::Result<Vec<AppId>> {
    let mut apps = Vec::new();
    for entry in std::fs::read_dir(data)? {
        let entry = entry?;
        let Some(app) = entry.file_name().to_str().and_then(|name| AppId::parse(name).ok()) else { continue };
        if entry.path().join(object::metadata(trust::ROOT, 1)).is_file() {
            apps.push(app);
        }
    }
    apps.sort_unstable();
    Ok(apps)
}
