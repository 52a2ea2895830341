//! The list of routes and the stack around them. Everything that is served stands here.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use hyper::body::Body as _;
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::access_log::{Counted, Entry};
use crate::address::Client;
use crate::error::ApiError;
use crate::listen::Peer;
use crate::metrics::{RequestLabels, method_label};
use crate::publish::upload;
use crate::shared::Shared;
use crate::{lantern, objects, operations, publish, request_id};

/// The kind of a request for metrics and the access log, from a fixed list; put into the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind(pub(crate) &'static str);

pub(crate) fn router(shared: &Arc<Shared>) -> Router {
    let quick = shared.config.limits.request_timeout;
    let slow = shared.config.publish.timeout;
    let served = Router::new()
        .route("/apps/{app}/{*object}", get(objects::get))
        .fallback(async || ApiError::NoSuchPath)
        .layer(from_fn(move |request, next| in_time(quick, request, next)));
    let publishing = Router::new()
        .route("/apps/{app}/objects/{sha256}", put(upload::object).head(upload::object))
        .route("/apps/{app}/targets", post(publish::targets))
        .route("/apps/{app}/rollout", post(publish::rollout))
        .layer(from_fn(|request, next| named("publish", request, next)))
        .layer(from_fn(move |request, next| in_time(slow, request, next)));
    let clients = Router::new()
        .merge(served)
        .merge(publishing)
        .layer(from_fn_with_state(Arc::clone(shared), within_budget));
    let operations = Router::new()
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(operations::readyz))
        .route("/metrics", get(operations::metrics))
        .route("/openapi.json", get(operations::openapi))
        .layer(from_fn(|request, next| named("operations", request, next)))
        .layer(from_fn(move |request, next| in_time(quick, request, next)));
    // Merged below where they are wanted; elsewhere these paths are as strange as any.
    let old_clients = shared.lantern.iter().map(|_| {
        lantern::routes()
            .layer(from_fn(move |request, next| in_time(quick, request, next)))
            .layer(from_fn_with_state(Arc::clone(shared), within_budget))
            .layer(from_fn(lantern::plain_errors))
    });
    let panics = Arc::clone(shared);
    old_clients
        .fold(Router::new().merge(clients).merge(operations), Router::merge)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(CatchPanicLayer::custom(move |panic: Box<dyn Any + Send>| after_panic(&panics, &*panic)))
        .layer(from_fn_with_state(Arc::clone(shared), observed))
        .with_state(Arc::clone(shared))
}

/// The kind of all answers of some routes.
async fn named(kind: &'static str, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(Kind(kind));
    response
}

/// An answer begins in time or is given up.
async fn in_time(limit: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::TooSlow.into_response(),
    }
}

/// Refuses what goes beyond the budget of an address.
async fn within_budget(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if let Some(client) = client(&shared, &request)
        && let Err(after) = shared.budgets.take(client.group(), Instant::now())
    {
        return ApiError::TooManyRequests { after }.into_response();
    }
    next.run(request).await
}

fn client(shared: &Shared, request: &Request) -> Option<Client> {
    let peer = request.extensions().get::<Peer>()?;
    Some(Client::of(peer.0.ip(), request.headers(), &shared.config.limits.trusted_proxies))
}

/// Counts and logs every request, and adds the headers that every answer has.
async fn observed(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = method_label(request.method());
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    let proxy = peer.is_some_and(|peer| shared.config.limits.trusted_proxies.contains(&peer));
    let id = shared.ids.of(request.headers(), proxy);
    // What nobody reads is not written: most servers log, but one behind a CDN that does may not.
    let logged = tracing::enabled!(target: "access", tracing::Level::INFO).then(|| {
        let address = client(&shared, &request).map(|client| client.0.to_string()).unwrap_or_default();
        // Still escaped as it came, so it cannot break a line; the query is left out, it may hold anything.
        let path: String = request.uri().path().chars().take(200).collect();
        (address, path)
    });
    let span = tracing::info_span!("request", id);
    let mut response = next.run(request).instrument(span).await;
    let status = response.status().as_u16();
    let kind = response.extensions().get::<Kind>().map_or("other", |kind| kind.0);
    shared.metrics.requests.get_or_create(&RequestLabels { method, route: kind, status }).inc();
    shared.metrics.seconds.observe(begun.elapsed().as_secs_f64());
    let headers = response.headers_mut();
    // What is served is data: a browser that is led here must neither guess its kind nor run it.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    if let Ok(value) = HeaderValue::try_from(&*id) {
        headers.insert(request_id::HEADER, value);
    }
    let Some((address, path)) = logged else { return response };
    let length = announced(method, &response);
    response.map(|body| Counted::wrap(body, Entry { id, address, method, path, status, begun, length }))
}

/// The bytes that the whole body of an answer will have, if that is known now.
fn announced(method: &str, response: &Response) -> Option<u64> {
    let status = response.status();
    if method == "HEAD" || status == StatusCode::NOT_MODIFIED || status == StatusCode::NO_CONTENT {
        return Some(0);
    }
    let length = response.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    length.or_else(|| response.body().size_hint().exact())
}

fn after_panic(shared: &Shared, panic: &(dyn Any + Send)) -> Response {
    shared.metrics.panics.inc();
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(text, "a request panicked");
    ApiError::Bug.into_response()
}
