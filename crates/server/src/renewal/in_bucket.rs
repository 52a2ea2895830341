//! The same where several servers share the tree. Each looks at the time for itself, from the copy that it serves; who finds that
//! something is due takes the lease, copies what is there now, and signs only if it is still due. So nothing is signed twice.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use protocol::object;
use signing::{Renew, Tree};

use super::{AFTER_FAILURE, OFTEN, SELDOM, save_demand, sweep, sweep_old_metadata, tell, until};
use crate::app::App;
use crate::demand::{self, Counted};
use crate::error::ApiError;
use crate::metrics::OutcomeLabels;
use crate::patches::in_bucket;
use crate::publish::quota;
use crate::retention;
use crate::shared::Shared;
use crate::store::{Commons, follow, fraction, writer};
use crate::{blocking, expiry, old_metadata};

/// How long to wait until somebody else has done it.
const MEANWHILE: Duration = Duration::from_secs(5);

/// What is to be done for an app.
enum Due {
    /// Nothing is signed here.
    Never,
    At(Timestamp),
    Now(Renew),
}

/// Renews what is due in one app; returns when to look again.
pub(super) async fn look_after(shared: &Arc<Shared>, commons: &Arc<Commons>, app: &Arc<App>) -> Duration {
    let _writing = app.writing().await;
    let mut pause = match follow::copy(shared, commons, app).await {
        Ok(behind) => renew(shared, commons, app, behind).await,
        Err(error) => {
            tracing::error!(app = %app.id, %error, "the store cannot be read");
            app.set_store_failure(Some("the store cannot be read; the log says why".to_owned()));
            AFTER_FAILURE
        }
    };
    let counted = share_demand(commons, app).await;
    let (of, now) = (Arc::clone(app), shared.now());
    let told = blocking::run(move || {
        save_demand(&of, true);
        tell(&of, now);
    });
    told.await;
    sweep_uploads(shared, commons, app).await;
    sweep_patches(shared, commons, app).await;
    // Who does not know what the others were asked for deletes nothing.
    if let Some(counted) = counted {
        match retention::in_bucket::sweep(shared, commons, app, &counted).await {
            Ok(false) => {}
            Ok(true) => pause = pause.min(MEANWHILE),
            Err(error) => tracing::warn!(app = %app.id, %error, "old artifacts cannot be deleted"),
        }
    }
    // Not all servers in the same moment.
    pause.max(OFTEN) + commons.follow.mul_f64(fraction())
}

/// Tells the other servers what was asked for here, and takes over what was asked for there: all together. None: that failed.
pub(crate) async fn share_demand(commons: &Commons, app: &App) -> Option<Counted> {
    let catalog = app.catalog();
    // A tree that cannot be verified now holds nothing, and is no reason to forget.
    let nothing = catalog.counts().1 == 0;
    let sharing =
        demand::in_bucket::share(commons, &app.id, &app.demand, |base| nothing || catalog.holds(base));
    sharing
        .await
        .inspect_err(
            |error| tracing::warn!(app = %app.id, %error, "servers cannot tell each other what clients ask for"),
        )
        .ok()
}

async fn renew(shared: &Arc<Shared>, commons: &Arc<Commons>, app: &Arc<App>, behind: bool) -> Duration {
    let (looking, of) = (Arc::clone(shared), Arc::clone(app));
    let due = blocking::run(move || due(&looking, &of, behind)).await;
    let reason = match due {
        None | Some(Due::Never) => return SELDOM,
        Some(Due::At(next)) => {
            count(shared, "not-due");
            app.set_failure(None);
            sweep_copy(shared, app).await;
            return until(next, shared.now());
        }
        Some(Due::Now(reason)) => reason,
    };
    let act = move |shared: &Shared, desk: &writer::Desk<'_>, keys: &signing::OnlineKeys| {
        let now = shared.now();
        let renewed = signing::renew(desk.tree, keys, &shared.validity(), now, reason)?;
        match old_metadata::sweep(desk.tree, shared.config.validity.timestamp, now) {
            Ok(0) => {}
            Ok(swept) => {
                tracing::info!(app = %desk.tree.app(), swept, "deletes metadata that was replaced long ago");
            }
            Err(error) => tracing::warn!(app = %desk.tree.app(), %error, "old metadata cannot be deleted"),
        }
        Ok(renewed)
    };
    match writer::write(shared, app, commons, Duration::ZERO, act).await {
        Ok(renewed) => {
            app.set_failure(None);
            count(shared, if renewed.timestamp.is_some() { "renewed" } else { "not-due" });
            if let Some(timestamp) = renewed.timestamp {
                tracing::info!(app = %app.id, timestamp, next = %renewed.next, "renewed the online roles");
            }
            sweep_copy(shared, app).await;
            until(renewed.next, shared.now())
        }
        // Another server is at it, or publishes, which renews too.
        Err(ApiError::Busy) => MEANWHILE,
        Err(error) => {
            count(shared, "failed");
            tracing::error!(app = %app.id, %error, "the online roles cannot be renewed");
            app.set_failure(Some("the online roles cannot be renewed; the log says why".to_owned()));
            AFTER_FAILURE
        }
    }
}

fn due(shared: &Shared, app: &App, behind: bool) -> Due {
    sweep(shared, app);
    // Before the first publication there is nothing to sign.
    if app.keys.is_none() || matches!(app.tree.newest(trust::TARGETS), Ok(None)) {
        return Due::Never;
    }
    if behind {
        return Due::Now(Renew::Changed);
    }
    let now = shared.now();
    match signing::due(&app.tree, &shared.validity(), now) {
        Ok(next) if next > now && !unfinished(&app.tree) => Due::At(next),
        // What cannot be read is found again, with its error, by whoever signs.
        _ => Due::Now(Renew::IfDue),
    }
}

/// Whether there is newer metadata than clients are told of: what a server published that died before its last step.
pub(crate) fn unfinished(tree: &Tree) -> bool {
    let named = |name: &str| expiry::named(expiry::signed(tree, name).as_ref());
    let newer = |role: &str, version: u64| matches!(tree.newest(role), Ok(Some(newest)) if newest > version);
    let Some(snapshot) = named(object::TIMESTAMP).remove(trust::SNAPSHOT) else { return true };
    let roles = named(&object::metadata(trust::SNAPSHOT, snapshot));
    newer(trust::SNAPSHOT, snapshot) || roles.iter().any(|(role, version)| newer(role, *version))
}

/// What the bucket keeps no longer is not served any longer, by the same rule.
async fn sweep_copy(shared: &Arc<Shared>, app: &Arc<App>) {
    let (shared, app) = (Arc::clone(shared), Arc::clone(app));
    blocking::run(move || sweep_old_metadata(&shared, &app, shared.now())).await;
}

fn count(shared: &Shared, outcome: &'static str) {
    shared.metrics.renewals.get_or_create(&OutcomeLabels { outcome }).inc();
}

async fn sweep_patches(shared: &Shared, commons: &Commons, app: &App) {
    let (capacity, offered) = (shared.config.patches.cache.get(), app.catalog().offered_digests());
    match in_bucket::sweep(commons, &app.id, capacity, &offered).await {
        Ok(swept) => {
            if swept.count > 0 {
                tracing::info!(app = %app.id, swept = swept.count, left = swept.bytes, "deleted patches");
            }
        }
        Err(error) => tracing::warn!(app = %app.id, %error, "patches cannot be swept"),
    }
}

async fn sweep_uploads(shared: &Shared, commons: &Commons, app: &App) {
    let keep = shared.config.publish.keep_unpublished;
    match quota::sweep_bucket(commons, &app.id, keep, shared.now()).await {
        Ok(0) => {}
        Ok(swept) => tracing::info!(app = %app.id, swept, "deleted uploads that nobody published"),
        Err(error) => tracing::warn!(app = %app.id, %error, "old uploads cannot be deleted"),
    }
}
