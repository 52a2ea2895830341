//! `POST /update` and `POST /update/{app}`: the check of an old client.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{self, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use protocol::Digest;
use tokio::time::Instant;

use super::answer::{bare, no_page};
use super::in_bucket::{Sight, Wanted};
use super::offers::{Decision, Offers, Release};
use super::request::{Request, nonce};
use super::signer::Signed;
use super::{EVERYBODY, Face, Known, MAX_REMEMBERED, lock};
use crate::address::Client;
use crate::error::ApiError;
use crate::listen::Peer;
use crate::metrics::OutcomeLabels;
use crate::object_name::PatchName;
use crate::patches::Key;
use crate::patches::bench::Asked;
use crate::shared::Shared;
use crate::{blocking, publish};

/// The longest body that is read, in bytes. Those of real clients have some 300.
const MAX_BODY: u64 = 64 << 10;
/// When a client that came at a bad time should ask again, in seconds. Old clients ask at their next check.
const RETRY_AFTER: u16 = 10;
/// How long a check waits for a store to say what lies there. What it says later is for those who come later.
const BRIEF: Duration = Duration::from_secs(2);
/// The header with the signature of the body and the nonce.
const SIGNATURE: HeaderName = HeaderName::from_static("x-message-signature");

/// How a check ended, as a label of the metric and a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// No JSON of the right shape.
    Malformed,
    /// Longer than any real one.
    TooLong,
    /// Not for this system, or no version.
    Unsupported,
    /// Nothing newer.
    Current,
    /// Nothing newer that this client would survive.
    TooOld,
    /// The packed twin is not made yet.
    Unpacked,
    /// More than the rate.
    Limited,
    /// Too many wait for a signature.
    Busy,
    /// Our fault.
    Failed,
}

impl Refusal {
    fn label(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLong => "too-long",
            Self::Unsupported => "unsupported",
            Self::Current => "current",
            Self::TooOld => "too-old",
            Self::Unpacked => "unpacked",
            Self::Limited => "limited",
            Self::Busy => "busy",
            Self::Failed => "failed",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported => StatusCode::EXPECTATION_FAILED,
            Self::Current | Self::TooOld | Self::Unpacked | Self::Limited => StatusCode::NO_CONTENT,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Answers a check.
pub(crate) async fn answer(shared: &Shared, peer: Peer, request: http::Request<Body>) -> Response {
    let (http::request::Parts { method, uri, headers, .. }, body) = request.into_parts();
    match shared.lantern.as_ref().and_then(|face| Some((face, face.named(uri.path())?))) {
        None => no_page(),
        // Not 405: so the original says it.
        Some(_) if method != Method::POST => bare(StatusCode::NOT_FOUND),
        Some((face, known)) => {
            let client = Client::of(peer.0.ip(), &headers, &shared.config.limits.trusted_proxies);
            let (label, response) = match check(shared, face, known, client.group(), &headers, body).await {
                Ok((label, signed)) => (label, update(signed)),
                Err(refusal) => (refusal.label(), refuse(refusal)),
            };
            shared.metrics.lantern_checks.get_or_create(&OutcomeLabels { outcome: label }).inc();
            response
        }
    }
}

fn update(signed: Signed) -> Response {
    let Ok(signature) = HeaderValue::try_from(signed.signature) else { return refuse(Refusal::Failed) };
    let json = HeaderValue::from_static("application/json");
    (StatusCode::OK, [(header::CONTENT_TYPE, json), (SIGNATURE, signature)], signed.body).into_response()
}

fn refuse(refusal: Refusal) -> Response {
    match refusal.status() {
        StatusCode::NO_CONTENT => StatusCode::NO_CONTENT.into_response(),
        StatusCode::SERVICE_UNAVAILABLE => {
            let mut response = bare(StatusCode::SERVICE_UNAVAILABLE);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER));
            response
        }
        status => bare(status),
    }
}

/// The order is that of the original: a check that the rate cuts off has put its patch to work all the same.
async fn check(
    shared: &Shared,
    face: &Face,
    known: &Known,
    address: IpAddr,
    headers: &HeaderMap,
    body: Body,
) -> Result<(&'static str, Signed), Refusal> {
    let body = publish::read(body, headers, MAX_BODY, shared.config.limits.stall_timeout).await;
    let body = body.map_err(|error| match error {
        ApiError::TooLong { .. } => Refusal::TooLong,
        _ => Refusal::Malformed,
    })?;
    let request = Request::parse(&body).ok_or(Refusal::Malformed)?;
    let offers = known.offers(face);
    let (release, base, too_old) = match offers.decide(&request, &known.rules) {
        Decision::Unsupported => return Err(Refusal::Unsupported),
        Decision::Current => return Err(Refusal::Current),
        Decision::Update { release, base, too_old } => (release, base, too_old),
    };
    if release.address.is_twin && !face.is_packed(known, &offers, &release).await {
        return Err(Refusal::Unpacked);
    }
    let patched = match base {
        Some(base) if face.has_patch(shared, known, &offers, &release, base, address).await => Some(base),
        _ => None,
    };
    face.rate.take(EVERYBODY, Instant::now()).map_err(|_| Refusal::Limited)?;
    if too_old {
        return Err(Refusal::TooOld);
    }
    let label = if patched.is_some() { "patch" } else { "full" };
    Ok((label, face.sign(release, patched, nonce(headers)).await?))
}

impl Face {
    /// The app that a path asks for, by the exact name.
    fn named(&self, path: &str) -> Option<&Known> {
        let name = path.strip_prefix("/update")?;
        match name.strip_prefix('/') {
            Some(name) => self.names.get(name).map(|known| &**known),
            None => self.unnamed.as_deref(),
        }
    }

    /// Whether there is a patch that leads a client to a release. If not, it may be made.
    async fn has_patch(
        &self,
        shared: &Shared,
        known: &Known,
        offers: &Offers,
        release: &Release,
        base: Digest,
        address: IpAddr,
    ) -> bool {
        let Some(pair) = offers.pair(release, &base) else { return false };
        let name = PatchName { artifact: release.artifact.sha256, base, format: self.format.clone() };
        let key = Key { app: known.app.id.clone(), name };
        let length = release.artifact.length;
        let mut sight = self.sight(shared, &known.app, &key, length, BRIEF).await;
        if sight == Sight::Absent {
            // Who gets the patch is counted when it is fetched.
            known.app.demand.note(&base, shared.now());
            let job = Shared::job_of(&known.app, &key.name, &pair);
            let now = Instant::now();
            if shared.bench.ask(job, address, now) != Asked::Making || self.patch_wait.is_zero() {
                return false;
            }
            shared.bench.settled(&key, now + self.patch_wait).await;
            if let Some(bucket) = &self.bucket {
                bucket.hope(&Wanted::patch(&key, length));
            }
            sight = self.sight(shared, &known.app, &key, length, BRIEF).await;
        }
        sight == Sight::Fit
    }

    /// Whether our packed twin of a release lies there. What was seen once on this disk is not looked for again.
    async fn is_packed(&self, known: &Known, offers: &Offers, release: &Release) -> bool {
        let Some(twin) = self.twin(known, offers, release) else { return false };
        let place = twin.place();
        if let Some(bucket) = &self.bucket {
            let Ok(name) = bucket.commons().name_of(&place) else { return false };
            return bucket.see(&Wanted::twin(name), BRIEF).await == Sight::Fit;
        }
        if lock(&self.packed).contains(&place) {
            return true;
        }
        let looked = place.clone();
        let there = blocking::run(move || looked.is_file()).await.unwrap_or_default();
        if there {
            let mut packed = lock(&self.packed);
            if packed.len() >= MAX_REMEMBERED {
                packed.clear();
            }
            packed.insert(place);
        }
        there
    }

    async fn sign(&self, release: Arc<Release>, base: Option<Digest>, nonce: i64) -> Result<Signed, Refusal> {
        let signer = Arc::clone(&self.signer);
        let signed = self.desk.run(move || signer.answer(&release, base, nonce));
        signed.await.ok_or(Refusal::Busy)?.map_err(|error| {
            tracing::error!(%error, "an answer to an old Lantern client could not be signed");
            Refusal::Failed
        })
    }
}
