//! Publishing over HTTP.
//!
//! In this order: `PUT objects/{sha256}` for every object, then `POST targets` with what was signed offline. Until the last
//! step of the second, which is a new timestamp, no client sees anything of it: uploads lie in `{data}/.incoming`,
//! which is not served, and `signing::accept` moves them into the tree only after everything was verified. A token
//! gets somebody this far and no further; what is published is decided by signatures.
//!
//! Layout: [`upload`] takes objects, [`quota`] bounds them, this file takes what is signed.

pub(crate) mod quota;
pub(crate) mod upload;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use futures_util::StreamExt as _;
use protocol::Channel;
use serde::{Deserialize, Serialize};
use signing::{MAX_PUBLICATION_BYTES, OnDisk, OnlineKeys, Publication, RolloutChange};

use crate::app::App;
use crate::blocking;
use crate::error::ApiError;
use crate::metrics::OutcomeLabels;
use crate::object_name::split_path;
use crate::shared::Shared;
use crate::store::Commons;
use crate::store::writer::{self, Desk};
use crate::tokens::May;

/// The longest rollout change, in bytes.
const MAX_CHANGE: u64 = 16 << 10;

/// What `POST targets` answers.
#[derive(Debug, Serialize)]
pub(crate) struct Published {
    /// The version of the root that is now trusted.
    root: u64,
    /// The version of the targets that is now published.
    targets: u64,
    /// Whether all of it was published already.
    unchanged: bool,
    /// The target paths of artifacts that were not listed before.
    added: Vec<String>,
}

/// The body of `POST rollout`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RolloutOrder {
    channel: Channel,
    change: RolloutChange,
}

/// `POST /apps/{app}/targets`.
pub(crate) async fn targets(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Published>, ApiError> {
    let (app, token) = authorise(&shared, &uri, &headers, May::Publish)?;
    let bytes = read(body, &headers, MAX_PUBLICATION_BYTES, shared.config.limits.stall_timeout).await?;
    let publication: Publication =
        serde_json::from_slice(&bytes).map_err(|error| ApiError::Malformed(error.to_string()))?;
    drop(bytes);
    let outcome = write(&shared, &app, move |shared, desk, keys| {
        let (validity, now) = (shared.validity(), shared.now());
        signing::accept_from(desk.tree, keys, &validity, desk.objects, &publication, now)
    });
    let outcome = outcome.await;
    let label = if outcome.is_ok() { "accepted" } else { "refused" };
    shared.metrics.publications.get_or_create(&OutcomeLabels { outcome: label }).inc();
    let accepted = outcome?;
    let (root, targets, unchanged) = (accepted.root, accepted.targets, accepted.unchanged);
    tracing::info!(app = %app.id, token, root, targets, unchanged, added = accepted.added.len(), "published");
    let added = accepted.added.into_iter().map(|artifact| artifact.path).collect();
    Ok(Json(Published { root, targets, unchanged, added }))
}

/// `POST /apps/{app}/rollout`.
pub(crate) async fn rollout(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<protocol::Rollout>, ApiError> {
    let (app, token) = authorise(&shared, &uri, &headers, May::Rollout)?;
    let bytes = read(body, &headers, MAX_CHANGE, shared.config.limits.stall_timeout).await?;
    let order: RolloutOrder =
        serde_json::from_slice(&bytes).map_err(|error| ApiError::Malformed(error.to_string()))?;
    let said = format!("{:?}", order.change);
    let channel = order.channel.clone();
    let rollout = write(&shared, &app, move |shared, desk, keys| {
        signing::set_rollout(desk.tree, keys, &shared.validity(), &order.channel, &order.change, shared.now())
    })
    .await?;
    tracing::info!(app = %app.id, token, %channel, change = said, "changed the rollout");
    Ok(Json(rollout))
}

/// The app of a request, and the name of the token that may do this for it. Whether an app exists is told to nobody
/// without a token for it.
fn authorise(
    shared: &Shared,
    uri: &Uri,
    headers: &HeaderMap,
    may: May,
) -> Result<(Arc<App>, String), ApiError> {
    let (app, _) = split_path(uri.path()).ok_or(ApiError::NoSuchPath)?;
    let token = shared.tokens.authorise(headers, &app, may)?;
    Ok((Arc::clone(shared.app(&app)?), token))
}

/// Does something to an app's tree that signs, then reads the tree again. It goes on when the client has gone, so a panic is
/// counted here: perhaps nobody waits for it any more.
pub(crate) async fn write<T: Send + 'static>(
    shared: &Arc<Shared>,
    app: &Arc<App>,
    act: impl Fn(&Shared, &Desk<'_>, &OnlineKeys) -> Result<T, signing::Error> + Send + Sync + 'static,
) -> Result<T, ApiError> {
    let (shared, app) = (Arc::clone(shared), Arc::clone(app));
    if let Some(commons) = shared.commons.clone() {
        return write_in_bucket(shared, app, commons, act).await;
    }
    let writing = app.writing().await;
    let task = blocking::run(move || {
        let _writing = writing;
        // Dropped before the writer's place is free: who waits for that place at the end waits for the lock too.
        let (shared, app) = (shared, app);
        let written = catch_unwind(AssertUnwindSafe(|| {
            let keys = app.keys.as_ref().ok_or(ApiError::NoOnlineKeys)?;
            let objects = OnDisk::new(&app.tree, &app.incoming);
            let done = act(&shared, &Desk { tree: &app.tree, objects: &objects }, keys)?;
            app.set_failure(None);
            shared.signed.notify_one();
            app.reload(shared.now());
            shared.plan(&app);
            Ok(done)
        }));
        written.unwrap_or_else(|_| {
            shared.metrics.panics.inc();
            tracing::error!(app = %app.id, "a bug: writing to the app's tree panicked");
            Err(ApiError::Bug)
        })
    });
    task.await.ok_or(ApiError::Bug)?
}

/// The same on a bucket. In a task of its own, because it goes on, too.
async fn write_in_bucket<T: Send + 'static>(
    shared: Arc<Shared>,
    app: Arc<App>,
    commons: Arc<Commons>,
    act: impl Fn(&Shared, &Desk<'_>, &OnlineKeys) -> Result<T, signing::Error> + Send + Sync + 'static,
) -> Result<T, ApiError> {
    let task = tokio::spawn(async move {
        let _writing = app.writing().await;
        // Dropped before the writer's place is free: who waits for that place at the end waits for the lock too.
        let (shared, app) = (shared, app);
        // Long enough for a dead server's lease to expire.
        let patience = commons.terms.life.saturating_mul(2);
        let outcome = writer::write(&shared, &app, &commons, patience, act).await;
        // Also after a failure: what it, or a server that died, left unfinished is completed now instead of some minutes later.
        shared.signed.notify_one();
        if outcome.is_ok() {
            app.set_failure(None);
        }
        outcome
    });
    task.await.unwrap_or(Err(ApiError::Bug))
}

/// Reads a body of at most `limit` bytes that keeps moving.
pub(crate) async fn read(
    body: Body,
    headers: &HeaderMap,
    limit: u64,
    stall: Duration,
) -> Result<Vec<u8>, ApiError> {
    if declared(headers).is_some_and(|length| length > limit) {
        return Err(ApiError::TooLong { limit });
    }
    let (mut pieces, mut bytes) = (body.into_data_stream(), Vec::new());
    while let Some(piece) = tokio::time::timeout(stall, pieces.next()).await.map_err(|_| ApiError::BodyCut)? {
        let piece = piece.map_err(|_| ApiError::BodyCut)?;
        if bytes.len() as u64 + piece.len() as u64 > limit {
            return Err(ApiError::TooLong { limit });
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// The length that a request says its body has.
fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(axum::http::header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
