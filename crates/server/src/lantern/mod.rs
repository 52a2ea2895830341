//! The face that old Lantern clients see: `POST /update`, `POST /update/{app}` and `GET /patches/{id}`, as their own server
//! answered them, status by status and byte by byte. `docs/PROTOCOL.md` ("Old Lantern clients") has the rules, and every
//! difference.
//!
//! These clients verify one RSA signature and know no expiry, no rollback protection and no second key, so nothing is said to them
//! beyond what the verified catalog offers to everybody. A check costs a lookup; only an answer with an update costs a
//! signature, and only it counts against the rate. Nothing here waits for a patch unless the operator says so.
//!
//! Layout: [`check`] and [`patch`] answer the two kinds of request; `request` reads a question, `offers` decides, `address` says
//! where things are, `answer` writes; `signer` signs with the `key`, at the `desk`. `in_bucket` and `ids` are for servers that share a bucket.

mod address;
mod answer;
mod check;
mod desk;
mod ids;
mod in_bucket;
mod key;
mod offers;
mod patch;
mod request;
mod signer;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::any;
use protocol::{AppId, FormatId, SourceUrl};

pub(crate) use address::{Origins, patch_id};
pub(crate) use answer::in_plain_words;
pub(crate) use check::answer as answer_check;
use desk::Desk;
use in_bucket::Sights;
pub(crate) use key::Key;
use offers::Offers;
use signer::{Signed, Signer, Unsigned};

use crate::address::Budgets;
use crate::app::App;
use crate::catalog::Catalog;
use crate::config::{Lantern, LanternApp};
use crate::patches;
use crate::shared::Shared;
use crate::store::Commons;
use crate::twins::{Form, Twin};

/// The most signatures of artifacts, and the most patches that were looked at, that are remembered.
const MAX_REMEMBERED: usize = 10_000;
/// All clients share one budget: that of this address.
const EVERYBODY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);

/// Why old Lantern clients cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum LanternError {
    /// The key file cannot be read, or others can.
    #[error("`lantern.key`: {0}")]
    Unreadable(#[source] signing::Error),
    /// What is in the file is no key for this.
    #[error("`lantern.key`: {} is no RSA private key: {why}", file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// The key could be factored.
    #[error("`lantern.key`: the key in {} has {bits} bits; at least {least} are needed", file.display())]
    Short {
        /// The file.
        file: PathBuf,
        /// The length of its modulus.
        bits: usize,
        /// The shortest one.
        least: usize,
    },
    /// A name leads to an app that does not exist.
    #[error(
        "`lantern.apps.{name}`: there is no app {app} in the data folder; an app exists when its metadata/1.root.json does"
    )]
    NoSuchApp {
        /// The name.
        name: String,
        /// The app that it should lead to.
        app: AppId,
    },
}

/// What must be right before the door opens. Returns the key.
pub(crate) fn examine(settings: &Lantern, apps: &[App]) -> Result<Key, LanternError> {
    for (name, known) in &settings.apps {
        if !apps.iter().any(|app| app.id == known.app) {
            return Err(LanternError::NoSuchApp { name: name.clone(), app: known.app.clone() });
        }
    }
    Key::open(&settings.key)
}

/// The whole face.
pub(crate) struct Face {
    names: BTreeMap<String, Arc<Known>>,
    unnamed: Option<Arc<Known>>,
    public_url: SourceUrl,
    patch_wait: Duration,
    rate: Budgets,
    origins: Origins,
    signer: Arc<Signer>,
    desk: Desk<Result<Signed, Unsigned>>,
    /// Patches that were looked at: whether old clients survive them.
    fit: Mutex<HashMap<patches::Key, in_bucket::Sight>>,
    /// Packed twins that were seen.
    packed: Mutex<HashSet<PathBuf>>,
    /// Where patches and twins lie if other servers share them; then the two before are empty.
    bucket: Option<Arc<Sights>>,
    /// `bsdiff40`.
    format: FormatId,
}

/// An app as old clients know it.
struct Known {
    app: Arc<App>,
    rules: LanternApp,
    offers: Mutex<Option<Arc<Offers>>>,
}

impl Face {
    /// Names whose app is not there are left out; [`examine`] refuses them before. `scratch` is a folder for what is fetched from
    /// a bucket.
    pub(crate) fn new(
        settings: &Lantern,
        key: Key,
        apps: &BTreeMap<AppId, Arc<App>>,
        origins: Origins,
        commons: Option<Arc<Commons>>,
        scratch: &Path,
    ) -> Option<Self> {
        let known = |(name, rules): (&String, &LanternApp)| {
            let app = Arc::clone(apps.get(&rules.app)?);
            Some((name.clone(), Arc::new(Known { app, rules: rules.clone(), offers: Mutex::default() })))
        };
        let names: BTreeMap<_, _> = settings.apps.iter().filter_map(known).collect();
        Some(Self {
            unnamed: settings.unnamed.as_ref().and_then(|name| names.get(name).cloned()),
            names,
            public_url: settings.public_url.clone(),
            patch_wait: settings.patch_wait,
            rate: Budgets::new(settings.rate, settings.rate),
            origins,
            signer: Arc::new(Signer::new(key, settings.public_url.clone())),
            desk: Desk::new(),
            fit: Mutex::default(),
            packed: Mutex::default(),
            bucket: commons.map(|commons| Sights::new(commons, scratch)),
            format: FormatId::parse(FormatId::BSDIFF40).ok()?,
        })
    }

    /// The format that the clients of an app need, if it has any.
    pub(crate) fn format(&self, app: &AppId) -> Option<&FormatId> {
        self.serves(app).then_some(&self.format)
    }

    /// The packed twins that the clients of an app need.
    pub(crate) fn twins(&self, app: &App) -> Vec<Twin> {
        let known = self.names.values().filter(|known| known.app.id == app.id);
        let twins = known.flat_map(|known| {
            let offers = known.offers(self);
            let releases = offers.releases(&known.rules).filter(|release| release.address.is_twin);
            releases.filter_map(|release| self.twin(known, &offers, release)).collect::<Vec<_>>()
        });
        twins.collect()
    }

    fn twin(&self, known: &Known, offers: &Offers, release: &offers::Release) -> Option<Twin> {
        let file = offers.catalog().file(&release.artifact)?;
        Some(Twin {
            app: known.app.id.clone(),
            artifact: known.app.tree.folder().join(file),
            sha256: release.artifact.sha256,
            length: release.artifact.length,
            form: Form::Bzip2,
        })
    }

    fn serves(&self, app: &AppId) -> bool {
        self.names.values().any(|known| known.app.id == *app)
    }
}

impl Known {
    /// What there is now. Made anew when the tree was read again.
    fn offers(&self, face: &Face) -> Arc<Offers> {
        let catalog: Arc<Catalog> = self.app.catalog();
        let mut offers = lock(&self.offers);
        if let Some(known) = offers.as_ref().filter(|known| Arc::ptr_eq(known.catalog(), &catalog)) {
            return Arc::clone(known);
        }
        let made = Arc::new(Offers::new(catalog, &self.app.id, &face.public_url, &face.origins));
        *offers = Some(Arc::clone(&made));
        made
    }
}

/// Whether the path is one of checks, with the name of an app behind it or without.
pub(crate) fn is_check(path: &str) -> bool {
    path.strip_prefix("/update").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The routes of everything but checks. What is no name among them is answered here too, in the words of the original.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/patches", any(nowhere))
        .route("/patches/", any(nowhere))
        .route("/patches/{*id}", any(patch::answer))
}

async fn nowhere(_: Uri) -> Response {
    answer::no_page()
}

fn lock<T>(inside: &Mutex<T>) -> MutexGuard<'_, T> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}
