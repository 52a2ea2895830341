//! What an operator's tools ask: does it live, should it get traffic, what does it count.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::app::Standing;
use crate::blocking;
use crate::error::ApiError;
use crate::metrics::{AppLabels, RoleLabels};
use crate::shared::Shared;

/// The process answers.
pub(crate) async fn healthz() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// Every role of every app is unexpired, and the last renewals went well.
pub(crate) async fn readyz(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    let standings = standings(&shared).await?;
    let ready = standings.iter().all(|standing| standing.problem.is_none());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // What GitHub does or not is shown here, and no reason to take traffic away: what is signed is served.
    let github = shared.ingest.standings();
    let body = Json(serde_json::json!({ "ready": ready, "apps": standings, "github": github }));
    Ok((status, [(header::CACHE_CONTROL, "no-store")], body).into_response())
}

/// All counters, as Prometheus reads them.
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    for standing in standings(&shared).await? {
        let expires = standing.timestamp_expires.map_or(0, jiff::Timestamp::as_second);
        let labels = AppLabels { app: standing.app.to_string() };
        shared.metrics.timestamp_expires.get_or_create(&labels).set(expires);
        for (role, expires) in standing.expires {
            let labels = RoleLabels { app: standing.app.to_string(), role };
            // What cannot be read is as bad as what expired long ago, and sets off the same alarm.
            let expires = expires.map_or(0, jiff::Timestamp::as_second);
            shared.metrics.metadata_expires.get_or_create(&labels).set(expires);
        }
    }
    let text = shared.metrics.text().map_err(|_| ApiError::Bug)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], text).into_response())
}

/// What this server answers, for machines (OpenAPI 3.1).
pub(crate) async fn openapi() -> impl IntoResponse {
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, include_str!("../openapi.json"))
}

async fn standings(shared: &Arc<Shared>) -> Result<Vec<Standing>, ApiError> {
    let (shared, now) = (Arc::clone(shared), shared.now());
    let all = move || shared.apps.values().map(|app| app.standing(now)).collect();
    blocking::run(all).await.ok_or(ApiError::Bug)
}
