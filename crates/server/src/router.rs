//! The list of routes and the stack around them. Everything that is served stands here.

use std::any::Any;
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use futures_util::FutureExt as _;
use futures_util::future::Either;
use hyper::body::{Body as _, Incoming};
use tokio::time::Instant;
use tower::ServiceExt as _;
use tracing::Instrument as _;

use crate::access_log::{Counted, Entry};
use crate::address::Client;
use crate::error::ApiError;
use crate::listen::Peer;
use crate::metrics::{RequestLabels, method_label};
use crate::publish::upload;
use crate::request_id::RequestId;
use crate::shared::Shared;
use crate::{lantern, objects, operations, publish, request_id};

/// The kind of a request for metrics and the access log, from a fixed list; put into the answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind(pub(crate) &'static str);

/// The kind of what is no object and belongs to no other.
const OTHER: Kind = Kind("other");

/// What answers every request.
pub(crate) struct Answers {
    shared: Arc<Shared>,
    routes: Router,
    /// What the checks of old clients are held to.
    old_checks: Bounds,
}

/// What a group of routes is held to.
#[derive(Clone)]
struct Bounds {
    shared: Arc<Shared>,
    /// An answer begins in this time or is given up.
    timeout: Duration,
    /// Whether its requests count against the budget of an address.
    budget: bool,
    /// The kind of all its answers, where it is one.
    kind: Option<&'static str>,
    /// Whether its errors are bare words, for clients that do not read ours.
    plain: bool,
}

fn routes(shared: &Arc<Shared>) -> Router {
    let bounds = |timeout, budget, kind| Bounds::new(shared, timeout, budget, kind);
    let held = |bounds| from_fn_with_state(bounds, bounded);
    let quick = shared.config.limits.request_timeout;
    let slow = shared.config.publish.timeout;
    let served = Router::new()
        .route("/apps/{app}/{*object}", get(objects::get))
        .fallback(async || ApiError::NoSuchPath)
        .layer(held(bounds(quick, true, None)));
    let publishing = Router::new()
        .route("/apps/{app}/objects/{sha256}", put(upload::object).head(upload::object))
        .route("/apps/{app}/targets", post(publish::targets))
        .route("/apps/{app}/rollout", post(publish::rollout))
        .layer(held(bounds(slow, true, Some("publish"))));
    let operations = Router::new()
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(operations::readyz))
        .route("/metrics", get(operations::metrics))
        .route("/openapi.json", get(operations::openapi))
        .layer(held(bounds(quick, false, Some("operations"))));
    // Merged below where they are wanted; elsewhere these paths are as strange as any.
    let old_clients = shared
        .lantern
        .iter()
        .map(|_| lantern::routes().layer(held(Bounds { plain: true, ..bounds(quick, true, None) })));
    old_clients
        .fold(Router::new().merge(served).merge(publishing).merge(operations), Router::merge)
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .with_state(Arc::clone(shared))
}

/// Holds a request to the bounds of its route. One layer for all of them: each costs every request some allocations.
async fn bounded(State(bounds): State<Bounds>, request: Request<Body>, next: Next) -> Response {
    let allowed = match request.extensions().get() {
        Some(peer) => bounds.allow(*peer, request.headers()),
        None => Ok(()),
    };
    let mut response = bounds.hold(allowed, next.run(request)).await;
    if let Some(kind) = bounds.kind {
        response.extensions_mut().insert(Kind(kind));
    }
    response
}

impl Bounds {
    fn new(shared: &Arc<Shared>, timeout: Duration, budget: bool, kind: Option<&'static str>) -> Self {
        Self { shared: Arc::clone(shared), timeout, budget, kind, plain: false }
    }

    /// Refuses what goes beyond the budget of an address.
    fn allow(&self, peer: Peer, headers: &HeaderMap) -> Result<(), ApiError> {
        if self.budget { take_from_budget(&self.shared, peer, headers) } else { Ok(()) }
    }

    /// Lets what is allowed answer in its time.
    async fn hold(&self, allowed: Result<(), ApiError>, answer: impl Future<Output = Response>) -> Response {
        let response = match allowed {
            Err(refused) => refused.into_response(),
            Ok(()) => match tokio::time::timeout(self.timeout, answer).await {
                Ok(response) => response,
                Err(_) => ApiError::TooSlow.into_response(),
            },
        };
        if self.plain { lantern::in_plain_words(response) } else { response }
    }
}

/// Refuses what goes beyond the budget of an address.
fn take_from_budget(shared: &Shared, peer: Peer, headers: &HeaderMap) -> Result<(), ApiError> {
    let client = client(shared, peer, headers);
    shared.budgets.take(client.group(), Instant::now()).map_err(|after| ApiError::TooManyRequests { after })
}

fn client(shared: &Shared, peer: Peer, headers: &HeaderMap) -> Client {
    Client::of(peer.0.ip(), headers, &shared.config.limits.trusted_proxies)
}

/// What is noted of a request before it is answered.
struct Noted {
    begun: Instant,
    method: &'static str,
    id: RequestId,
    /// The name again, address and path; None: nobody reads the access log.
    log: Option<(RequestId, String, String)>,
}

impl Answers {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let old_checks = Bounds::new(shared, shared.config.limits.request_timeout, true, None);
        let old_checks = Bounds { plain: true, ..old_checks };
        Self { shared: Arc::clone(shared), routes: routes(shared), old_checks }
    }

    /// Answers, counts and logs a request, and adds the headers that every answer has, also where a bug panics.
    ///
    /// Nearly all requests are checks: they do not go through the routes, which cost more than the answer, and if it is at hand it
    /// is given at once. Whatever else is asked goes through them.
    pub(crate) fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: Peer,
    ) -> impl Future<Output = Response> + Send + use<> {
        let noted = self.note(&request, peer);
        let at_once = AssertUnwindSafe(|| self.at_once(&request, peer));
        match catch_unwind(at_once) {
            Ok(None) => Either::Right(Box::pin(Arc::clone(self).in_time(request, peer, noted))),
            Ok(Some((response, kind))) => Either::Left(ready(self.finish(response, kind, noted))),
            Err(panic) => Either::Left(ready(self.finish(after_panic(&self.shared, &*panic), OTHER, noted))),
        }
    }

    /// The answer from memory, held to the bounds that it would have had on its route. None: it is not at hand.
    fn at_once(&self, request: &Request<Incoming>, peer: Peer) -> Option<(Response, Kind)> {
        let (response, kind) = objects::at_once(&self.shared, request)?;
        let refused = take_from_budget(&self.shared, peer, request.headers()).err();
        Some(refused.map_or((response, kind), |refused| (refused.into_response(), OTHER)))
    }

    async fn in_time(self: Arc<Self>, request: Request<Incoming>, peer: Peer, noted: Noted) -> Response {
        let span = tracing::info_span!("request", id = noted.id.as_str());
        let answer = self.respond(request.map(Body::new), peer);
        let answer = AssertUnwindSafe(answer).catch_unwind().instrument(span).await;
        let (response, kind) = answer.unwrap_or_else(|panic| (after_panic(&self.shared, &*panic), OTHER));
        self.finish(response, kind, noted)
    }

    /// The answer to the check of an old client, or that of the routes.
    async fn respond(&self, mut request: Request<Body>, peer: Peer) -> (Response, Kind) {
        if self.shared.lantern.is_some() && lantern::is_check(request.uri().path()) {
            let allowed = self.old_checks.allow(peer, request.headers());
            let answer = lantern::answer_check(&self.shared, peer, request);
            let response = self.old_checks.hold(allowed, answer).await;
            return (response, Kind("lantern"));
        }
        request.extensions_mut().insert(peer);
        let Ok(response) = self.routes.clone().oneshot(request).await;
        let kind = response.extensions().get().copied().unwrap_or(OTHER);
        (response, kind)
    }

    fn note(&self, request: &Request<Incoming>, peer: Peer) -> Noted {
        let headers = request.headers();
        let proxy = self.shared.config.limits.trusted_proxies.contains(&peer.0.ip().to_canonical());
        let id = self.shared.ids.of(headers, proxy);
        // What nobody reads is not written: most servers log, but one behind a CDN that does may not.
        let log = tracing::enabled!(target: "access", tracing::Level::INFO).then(|| {
            let address = client(&self.shared, peer, headers).0.to_string();
            // Still escaped as it came, so it cannot break a line; the query is left out, it may hold anything.
            let path: String = request.uri().path().chars().take(200).collect();
            (id.clone(), address, path)
        });
        Noted { begun: Instant::now(), method: method_label(request.method()), id, log }
    }

    fn finish(&self, mut response: Response, kind: Kind, noted: Noted) -> Response {
        let Noted { begun, method, id, log } = noted;
        let (metrics, status) = (&self.shared.metrics, response.status().as_u16());
        metrics.requests.get_or_create(&RequestLabels { method, route: kind.0, status }).inc();
        metrics.seconds.observe(begun.elapsed().as_secs_f64());
        describe(&mut response, id);
        let Some((id, address, path)) = log else { return response };
        let length = announced(method, &response);
        response.map(|body| Counted::wrap(body, Entry { id, address, method, path, status, begun, length }))
    }
}

/// The headers of every answer.
fn describe(response: &mut Response, id: RequestId) {
    let unchanged = response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    headers.insert(request_id::HEADER, id.into_header());
    if unchanged {
        // The router says 0 of every empty body; here it would be the length of the object (RFC 9110, section 8.6).
        headers.remove(header::CONTENT_LENGTH);
        // Whoever asked has the other headers with the object (RFC 9110, section 15.4.5).
        return;
    }
    // What is served is data: a browser that is led here must neither guess its kind nor run it.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
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
