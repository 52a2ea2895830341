//! A bucket that several servers share: the truth about every app, while the data directory is a copy for one server.
//!
//! Rules:
//!
//! - the bucket holds what a data directory holds, under the same names; all but `metadata/timestamp.json`, patch indexes and
//!   leases are written once;
//! - who signs takes the app's lease, copies its metadata, signs on the copy, and makes it visible by replacing the timestamp
//!   that it began from and no other: the lease saves work, that condition is the fence;
//! - clients are shown a timestamp only when the bucket has it, and never an older one than before;
//! - at start the store is tried: one that ignores conditions is not shared.
//!
//! Layout: [`bucket`] is the seam, [`s3`] makes one, [`probe`] tries it · [`lease`] · [`mirror`] copies metadata, [`commit`]
//! publishes it, [`writer`] does both around whatever signs · [`objects`], [`transfer`], [`serve`] are about targets · [`follow`]
//! watches for what others publish · [`claim`] shares work · [`seed`] is the first start on a bucket.

pub(crate) mod bucket;
pub(crate) mod claim;
mod commit;
pub(crate) mod follow;
pub(crate) mod lease;
mod mirror;
mod objects;
mod probe;
mod s3;
mod seed;
pub(crate) mod serve;
pub(crate) mod transfer;
pub(crate) mod writer;

#[cfg(all(test, unix))]
#[path = "../../tests/http/ceph.rs"]
mod ceph;
#[cfg(all(test, unix))]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use protocol::{AppId, Digest};
use tokio::sync::Mutex;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::shared::Clock;
use bucket::{Bucket, Edition};
use lease::Terms;
use mirror::Known;

pub use bucket::StoreError;
pub(crate) use mirror::MAX_METADATA;
pub use probe::ProbeError;
pub use seed::SeedError;

/// Why a server cannot work on the bucket of its configuration.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A key file.
    #[error("the key to the store: {0}")]
    Key(#[source] signing::Error),
    /// The client of the store.
    #[error("the store of the configuration: {0}")]
    Client(#[source] object_store::Error),
    /// The store is not fit, or not there.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The first copy.
    #[error(transparent)]
    Seed(#[from] SeedError),
}

/// The bucket, and what this server knows of it.
pub(crate) struct Commons {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) terms: Terms,
    /// How often to look for what others published.
    pub(crate) follow: Duration,
    data: PathBuf,
    apps: Mutex<BTreeMap<AppId, Seen>>,
}

/// What is known of one app.
#[derive(Default)]
struct Seen {
    /// The timestamp that was copied last.
    timestamp: Option<Edition>,
    /// It is older than what was served from here.
    behind: bool,
    /// What the copy for signing has.
    known: Known,
}

impl Commons {
    /// Reaches the bucket, tries it, and copies the metadata of all apps. None: the configuration names no bucket.
    pub(crate) async fn open(
        config: &Config,
        metrics: &Arc<Metrics>,
        clock: &Clock,
    ) -> Result<Option<Arc<Self>>, OpenError> {
        let Some(commons) = Self::reach(config, metrics, clock, &config.data).await? else { return Ok(None) };
        // What an earlier process signed and did not publish is nothing to go on from.
        match tokio::fs::remove_dir_all(commons.data.join(WORK)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(SeedError::Store(error.into()).into());
            }
            _ => {}
        }
        seed::seed(&commons.bucket, &commons.data).await?;
        tracing::info!(owner = commons.terms.owner, "shares a bucket");
        Ok(Some(Arc::new(commons)))
    }

    /// Reaches the bucket and tries it; copies go below `data`.
    pub(crate) async fn reach(
        config: &Config,
        metrics: &Arc<Metrics>,
        clock: &Clock,
        data: &Path,
    ) -> Result<Option<Self>, OpenError> {
        let Some(url) = &config.store else { return Ok(None) };
        let client = Arc::new(s3::client(url, &config.s3, config.s3.timeout)?);
        let patient = Arc::new(s3::client(url, &config.s3, config.publish.timeout)?);
        let bucket = Bucket::new(client, patient, &url.prefix, config.s3.timeout, Arc::clone(metrics));
        probe::probe(&bucket).await?;
        let terms = Terms { owner: owner(), life: config.s3.lease, clock: Arc::clone(clock) };
        tracing::info!(bucket = url.bucket, prefix = url.prefix, "a bucket that is fit");
        Ok(Some(Self {
            bucket: Arc::new(bucket),
            terms,
            follow: config.s3.follow,
            data: data.to_owned(),
            apps: Mutex::default(),
        }))
    }

    /// Copies the metadata of every app that the bucket has; which these are.
    pub(crate) async fn copy_all(&self) -> Result<Vec<AppId>, StoreError> {
        seed::copy_all(&self.bucket, &self.data).await
    }

    /// Copies the metadata of an app. For whoever serves none: `follow` copies for those who do.
    pub(crate) async fn copy(&self, app: &AppId) -> Result<(), StoreError> {
        mirror::served(&self.bucket, app, &self.data.join(app.as_str())).await.map(drop)
    }

    /// The name in the bucket of a file below the data directory.
    pub(crate) fn name_of(&self, file: &Path) -> io::Result<String> {
        let name = file.strip_prefix(&self.data).ok().and_then(Path::to_str);
        Ok(name.ok_or(io::ErrorKind::InvalidFilename)?.replace(std::path::MAIN_SEPARATOR, "/"))
    }

    /// The folder of the copy for signing.
    fn work(&self, app: &AppId) -> PathBuf {
        self.data.join(WORK).join(app.as_str())
    }
}

/// Checks what can be checked of a configuration's store without asking it.
pub(crate) fn check(config: &Config) -> Result<(), OpenError> {
    config.store.as_ref().map_or(Ok(()), |url| s3::client(url, &config.s3, config.s3.timeout).map(drop))
}

/// Below the data directory; no app can have this name.
const WORK: &str = ".work";

/// The name of an upload that waits to be published.
pub(crate) fn incoming(app: &AppId, sha256: &Digest) -> String {
    format!("{}/{sha256}", incoming_folder(app))
}

/// Where uploads wait to be published.
pub(crate) fn incoming_folder(app: &AppId) -> String {
    format!("{app}/.incoming")
}

/// A text that nobody else ever makes.
fn nonce() -> String {
    format!("{:032x}", u128::from_le_bytes(random()))
}

/// A number between 0 and 1, for servers that should not all act in the same moment.
pub(crate) fn fraction() -> f64 {
    f64::from(u16::from_le_bytes(random())) / f64::from(u16::MAX)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if getrandom::fill(&mut bytes).is_err() {
        // Without the system's numbers nothing is signed or encrypted either; here only difference is asked for.
        let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let text = format!("{time:?} {}", std::process::id());
        let digest = Digest::of(text.as_bytes()).to_string();
        bytes.iter_mut().zip(digest.bytes()).for_each(|(byte, letter)| *byte = letter);
    }
    bytes
}

/// How this process is called among those that share a bucket.
fn owner() -> String {
    #[cfg(unix)]
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let host = "server".to_owned();
    format!("{host}:{}:{}", std::process::id(), &nonce()[..8])
}
