//! Keeps the online roles of every app fresh, and sweeps what nobody needs any more.
//!
//! A role is signed again when a third of its life is gone, so two thirds are left in which a person can mend whatever
//! keeps the server from it. A failure is tried again after a minute; meanwhile the app is not ready.
//!
//! Layout: this file for trees of this disk, [`in_bucket`] for those that several servers share.

mod in_bucket;

pub(crate) use in_bucket::{share_demand, unfinished};

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use signing::Renew;

use crate::app::App;
use crate::metrics::OutcomeLabels;
use crate::old_metadata;
use crate::publish::quota;
use crate::retention;
use crate::shared::Shared;

/// The longest time between two looks.
const SELDOM: Duration = Duration::from_secs(600);
/// The shortest time between two looks.
const OFTEN: Duration = Duration::from_secs(1);
/// The pause after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// Looks after all apps for ever.
pub(crate) async fn run(shared: Arc<Shared>) {
    loop {
        let mut pause = SELDOM;
        for app in shared.apps.values() {
            pause = pause.min(look_after(&shared, app).await);
        }
        // Whoever published shortened the way to the next renewal.
        let _ = tokio::time::timeout(pause.max(OFTEN), shared.signed.notified()).await;
    }
}

/// Renews what is due in one app; returns when to look again.
pub(crate) async fn look_after(shared: &Arc<Shared>, app: &Arc<App>) -> Duration {
    if let Some(commons) = &shared.commons {
        return in_bucket::look_after(shared, commons, app).await;
    }
    let writing = app.writing().await;
    let (counted, failed) = (shared, app);
    let (shared, app) = (Arc::clone(shared), Arc::clone(app));
    let task = tokio::task::spawn_blocking(move || {
        let _writing = writing;
        // Dropped before the writer's place is free: who waits for that place at the end waits for the lock too.
        let (shared, app) = (shared, app);
        sweep(&shared, &app);
        let next = renew(&shared, &app);
        // Also where nothing is signed here or nothing was due: root and targets expire too, and only a person can help.
        tell(&app, shared.now());
        if app.reload_if_changed(shared.now()) {
            shared.plan(&app);
        }
        save_demand(&app, false);
        retain(&shared, &app);
        next
    });
    match task.await {
        Ok(next) => next,
        Err(error) if error.is_cancelled() => AFTER_FAILURE,
        Err(error) => {
            // It is tried again, but nobody may believe meanwhile that all is well.
            counted.metrics.panics.inc();
            counted.metrics.renewals.get_or_create(&OutcomeLabels { outcome: "panicked" }).inc();
            tracing::error!(app = %failed.id, %error, "a bug: looking after the app panicked");
            failed.set_failure(Some(
                "a bug: the renewal of the online roles panicked; the log says where".to_owned(),
            ));
            AFTER_FAILURE
        }
    }
}

fn renew(shared: &Shared, app: &App) -> Duration {
    let Some(keys) = &app.keys else { return SELDOM };
    // Before the first publication there is nothing to sign.
    if matches!(app.tree.newest(trust::TARGETS), Ok(None)) {
        return SELDOM;
    }
    let now = shared.now();
    let outcome = signing::renew(&app.tree, keys, &shared.validity(), now, Renew::IfDue);
    let label = match &outcome {
        Ok(renewed) if renewed.timestamp.is_none() => "not-due",
        Ok(_) => "renewed",
        Err(_) => "failed",
    };
    shared.metrics.renewals.get_or_create(&OutcomeLabels { outcome: label }).inc();
    match outcome {
        Ok(renewed) => {
            app.set_failure(None);
            sweep_old_metadata(shared, app, now);
            if let Some(timestamp) = renewed.timestamp {
                tracing::info!(app = %app.id, timestamp, next = %renewed.next, "renewed the online roles");
            }
            until(renewed.next, now)
        }
        Err(error) => {
            tracing::error!(app = %app.id, %error, "the online roles cannot be renewed");
            app.set_failure(Some("the online roles cannot be renewed; the log says why".to_owned()));
            AFTER_FAILURE
        }
    }
}

fn until(next: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(next.duration_since(now)).unwrap_or(Duration::ZERO)
}

fn sweep(shared: &Shared, app: &App) {
    match quota::sweep(&app.incoming, shared.config.publish.keep_unpublished, false) {
        Ok(0) => {}
        Ok(swept) => tracing::info!(app = %app.id, swept, "deleted uploads that nobody published"),
        Err(error) => tracing::warn!(app = %app.id, %error, "old uploads cannot be deleted"),
    }
}

/// Tells people in the log what is wrong with an app, or soon will be. Blocks.
fn tell(app: &App, now: Timestamp) {
    let standing = app.standing(now);
    app.warn(&standing, now);
    if let Some(problem) = standing.problem {
        tracing::error!(app = %app.id, problem, "the app is not ready");
    }
}

/// Keeps what was asked for. Where servers tell each other, they also sort out what is held no more: until all know it, another
/// one may have taken away what somebody asked for here.
pub(crate) fn save_demand(app: &App, shares: bool) {
    let catalog = app.catalog();
    // A tree that cannot be verified now holds nothing, and is no reason to forget.
    let nothing = catalog.counts().1 == 0;
    if let Err(error) = app.demand.save(|base| shares || nothing || catalog.holds(base)) {
        tracing::warn!(app = %app.id, %error, "what clients ask for cannot be kept");
    }
}

/// Deletes artifacts that nobody needs any more, if the operator wants that.
fn retain(shared: &Shared, app: &App) {
    match retention::sweep(app, &shared.config.retention, shared.now()) {
        Ok(false) => {}
        Ok(true) => {
            app.reload(shared.now());
            shared.plan(app);
        }
        Err(error) => tracing::warn!(app = %app.id, %error, "old artifacts cannot be deleted"),
    }
}

/// After a renewal that went well, so not while a person looks for what is wrong with the tree.
fn sweep_old_metadata(shared: &Shared, app: &App, now: Timestamp) {
    match old_metadata::sweep(&app.tree, shared.config.validity.timestamp, now) {
        Ok(0) => {}
        Ok(swept) => tracing::info!(app = %app.id, swept, "deleted metadata that was replaced long ago"),
        Err(error) => tracing::warn!(app = %app.id, %error, "old metadata cannot be deleted"),
    }
}
