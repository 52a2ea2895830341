//! Whatever signs, on a bucket: lease, copy, sign, publish, show.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use protocol::AppId;
use signing::{Objects, OnlineKeys, Tree};

use super::bucket::StoreError;
use super::commit::{Committed, commit};
use super::lease::{self, Lease, Taken};
use super::objects::InBucket;
use super::{Commons, follow, incoming, mirror};
use crate::app::App;
use crate::blocking;
use crate::error::ApiError;
use crate::metrics::AppLabels;
use crate::shared::Shared;

/// How often a publication begins anew because somebody else was faster. With a lease that is rare once.
const ATTEMPTS: usize = 5;

/// What signing works on: a tree, and where the bytes of its targets lie.
pub(crate) struct Desk<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) objects: &'a dyn Objects,
}

/// Takes the right to sign or to delete for an app, and waits for it at most so long.
pub(crate) async fn take(commons: &Commons, app: &AppId, patience: Duration) -> Result<Taken, StoreError> {
    let taken = lease::take(&commons.bucket, &format!("{app}/.lease.json"), &commons.terms, patience).await?;
    if let Taken::Mine(lease) = &taken {
        let labels = AppLabels { app: app.to_string() };
        let epoch = i64::try_from(lease.epoch().await).unwrap_or(i64::MAX);
        commons.bucket.metrics().store_lease_epoch.get_or_create(&labels).set(epoch);
    }
    Ok(taken)
}

/// Waits for the right to sign for an app, at most so long.
async fn leased(commons: &Commons, app: &App, patience: Duration) -> Result<Lease, ApiError> {
    match take(commons, &app.id, patience).await? {
        Taken::Mine(lease) => Ok(lease),
        Taken::Theirs { owner, until } => {
            tracing::warn!(app = %app.id, owner, %until, "another server signs for this app");
            Err(ApiError::Busy)
        }
    }
}

/// Does something that signs. The caller has the app's one writer's place in this process.
pub(crate) async fn write<T: Send + 'static>(
    shared: &Arc<Shared>,
    app: &Arc<App>,
    commons: &Arc<Commons>,
    patience: Duration,
    act: impl Fn(&Shared, &Desk<'_>, &OnlineKeys) -> Result<T, signing::Error> + Send + Sync + 'static,
) -> Result<T, ApiError> {
    if app.keys.is_none() {
        return Err(ApiError::NoOnlineKeys);
    }
    let lease = leased(commons, app, patience).await?;
    let outcome = attempts(shared, app, commons, Arc::new(act)).await;
    lease.release(None).await;
    let done = outcome?;
    // It is published, whatever comes of the copy: the next look catches up.
    if let Err(error) = follow::copy(shared, commons, app).await {
        tracing::error!(app = %app.id, %error, "published, but not yet served here");
    }
    Ok(done)
}

async fn attempts<T: Send + 'static>(
    shared: &Arc<Shared>,
    app: &Arc<App>,
    commons: &Arc<Commons>,
    act: Arc<impl Fn(&Shared, &Desk<'_>, &OnlineKeys) -> Result<T, signing::Error> + Send + Sync + 'static>,
) -> Result<T, ApiError> {
    let folder = commons.work(&app.id);
    for _ in 0..ATTEMPTS {
        // Taken away until all went well: after a failure nobody knows what the copy has.
        let known = {
            let mut apps = commons.apps.lock().await;
            std::mem::take(&mut apps.entry(app.id.clone()).or_default().known)
        };
        let before = mirror::exact(&commons.bucket, &app.id, &folder, known).await?;
        let objects = InBucket::new(&commons.bucket, &app.id, shared.config.publish.timeout);
        let (act, sharing, of, at) = (Arc::clone(&act), Arc::clone(shared), Arc::clone(app), folder.clone());
        let signed = blocking::run(move || {
            let acting = AssertUnwindSafe(|| {
                let keys = of.keys.as_ref().ok_or(ApiError::NoOnlineKeys)?;
                let tree = Tree::open(&at, &of.id)?;
                Ok((act(&sharing, &Desk { tree: &tree, objects: &objects }, keys)?, objects.placed()))
            });
            catch_unwind(acting).unwrap_or_else(|_| {
                sharing.metrics.panics.inc();
                tracing::error!(app = %of.id, "a bug: signing panicked");
                Err(ApiError::Bug)
            })
        });
        let (done, placed) = signed.await.ok_or(ApiError::Bug)??;
        match commit(&commons.bucket, &app.id, &folder, before).await? {
            Committed::Done { known } => {
                commons.apps.lock().await.entry(app.id.clone()).or_default().known = known;
                for sha256 in placed {
                    sweep(commons, &incoming(&app.id, &sha256)).await;
                }
                return Ok(done);
            }
            Committed::Lost => {
                tracing::warn!(app = %app.id, "another server published meanwhile: beginning anew");
            }
        }
    }
    Err(ApiError::Busy)
}

/// What is not swept now is swept when it is old.
async fn sweep(commons: &Commons, name: &str) {
    if let Err(error) = commons.bucket.delete(name).await {
        tracing::warn!(name, %error, "a published upload stays for a while");
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Disk(error) => Self::Disk(error),
            error => Self::Store(error),
        }
    }
}
