//! `GET` and `HEAD` of the objects below `/apps/{app}/`.
//!
//! Files are sent in pieces from an open descriptor, so a file of any size costs the same memory, and a file
//! that is replaced or deleted meanwhile is still sent as it was. Metadata is small, read whole and kept in memory; its ETag is
//! its digest. Targets and patches that lie in a bucket are passed on from there as they come. The ETag of a target is the digest in
//! its name; that of other files is made of what a replacement changes.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::net::IpAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use protocol::Digest;
use tokio::time::Instant;

use crate::address::Client;
use crate::app::App;
use crate::conditional::{Answer, decide};
use crate::error::ApiError;
use crate::kept::{Look, Small, Stamp, look};
use crate::listen::Peer;
use crate::object_name::{ObjectName, PatchName, split_path};
use crate::patches::Key;
use crate::patches::bench::{ASK_AGAIN, Asked};
use crate::patches::shelf::Lease;
use crate::router::Kind;
use crate::shared::Shared;
use crate::store::{follow, serve};
use crate::{blocking, disk, pieces};

/// Room for the headers of an answer, and of one without a body.
const HEADERS: usize = 12;
const FEW_HEADERS: usize = 6;
/// Metadata up to this length is read whole; what is longer is sent in pieces like any file.
const MAX_WHOLE: u64 = 2 << 20;

/// An object that is there.
pub(crate) struct Found {
    content: Content,
    length: u64,
    etag: HeaderValue,
    /// When its file was changed, if the system says that.
    pub(crate) modified: Option<SystemTime>,
    lease: Option<Lease>,
}

enum Content {
    Bytes(Bytes),
    File(File),
    Remote(serve::Remote),
}

/// Answers a check from memory: with metadata that was read and is still the same, or that no newer root is there. None: it is
/// not at hand, or something else is asked.
pub(crate) fn at_once<B>(shared: &Shared, request: &Request<B>) -> Option<(Response, Kind)> {
    let (uri, headers) = (request.uri(), request.headers());
    if request.method() != Method::GET || uri.query().is_some() {
        return None;
    }
    let (app, rest) = uri.path().strip_prefix("/apps/")?.split_once('/')?;
    let app = shared.apps.get(app)?;
    if let Some(small) = app.kept.get(rest) {
        if small.look() != Look::Same {
            return None;
        }
        let (mut response, part) =
            head(&small.etag, small.bytes.len() as u64, &small.name, &Method::GET, headers).ok()?;
        if let Some(part) = part {
            *response.body_mut() = slice(&small.bytes, &part);
        }
        return Some((response, Kind(small.name.kind())));
    }
    let name = ObjectName::parse(rest).filter(is_next_root)?;
    let absent = look(&app.tree.folder().join(rest), None) == Look::Absent;
    absent.then(|| (no_next_root(ApiError::NoSuchObject.into_response()), Kind(name.kind())))
}

/// Answers with an object.
pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let (request, _) = request.into_parts();
    let Parts { method, uri, headers, .. } = &request;
    let (app, rest) = split_path(uri.path()).ok_or(ApiError::NoSuchPath)?;
    let app = Arc::clone(shared.app(&app)?);
    let name = ObjectName::parse(rest).ok_or(ApiError::NoSuchObject)?;
    if uri.query().is_some() {
        return Err(ApiError::NoSuchObject);
    }
    let kind = Kind(name.kind());
    let mut found = find(&shared, &app, &name).await?;
    // What is rare is boxed, here and below: what every request takes with it stays small.
    if let Some(commons) = shared.commons.as_ref().filter(|_| found.is_none() && follow::may_come(&name)) {
        Box::pin(follow::look(&shared, commons, &app, Instant::now())).await?;
        found = Box::pin(find(&shared, &app, &name)).await?;
    }
    let answer = match found {
        Some(found) => reply(found, &name, method, headers).await,
        None => {
            // Without a peer, which a connection always has, all are one.
            let peer = request.extensions.get().map_or(IpAddr::from([0, 0, 0, 0]), |peer: &Peer| peer.0.ip());
            let client = Client::of(peer, headers, &shared.config.limits.trusted_proxies);
            Box::pin(absent(&shared, &app, &name, method, client.group())).await
        }
    };
    let mut response = answer.unwrap_or_else(axum::response::IntoResponse::into_response);
    if response.status() == StatusCode::NOT_FOUND && is_next_root(&name) {
        response = no_next_root(response);
    }
    response.extensions_mut().insert(kind);
    Ok(response)
}

fn is_next_root(name: &ObjectName) -> bool {
    matches!(name, ObjectName::Metadata { role, .. } if role == trust::ROOT)
}

/// Every check asks for it, and it comes once in years: as the timestamp, a CDN may hold the answer for some seconds.
fn no_next_root(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CDN_CACHE_CONTROL, SOME_SECONDS);
    response
}

/// Opens an object.
pub(crate) async fn find(
    shared: &Shared,
    app: &Arc<App>,
    name: &ObjectName,
) -> Result<Option<Found>, ApiError> {
    if let Some(commons) = shared.commons.as_ref().filter(|_| serve::is_remote(name)) {
        let found = Box::pin(serve::find(&commons.bucket, &app.id, name)).await?;
        if let (Some(_), ObjectName::Patch(patch)) = (&found, name)
            && app.catalog().holds(&patch.base)
        {
            app.demand.note(&patch.base, shared.now());
        }
        return found.map(|found| from_bucket(found, name)).transpose();
    }
    let lease = match name {
        ObjectName::Patch(patch) => {
            let lease = shared.shelf.lease(&Key { app: app.id.clone(), name: patch.clone() });
            if lease.is_some() {
                app.demand.note(&patch.base, shared.now());
            }
            lease
        }
        _ => None,
    };
    let text = name.to_text();
    let path = app.tree.folder().join(&text);
    if is_metadata(name) {
        let kept = app.kept.get(&text);
        match (look(&path, kept.as_ref().map(|kept| &kept.stamp)), kept) {
            (Look::Same, Some(kept)) => return Ok(Some((&*kept).into())),
            (Look::Absent, _) => return Ok(None),
            _ => {}
        }
    }
    Box::pin(from_disk(path, name.clone(), Arc::clone(app), lease)).await
}

/// Opens a file, or reads it if it is metadata, and keeps that.
async fn from_disk(
    path: PathBuf,
    name: ObjectName,
    app: Arc<App>,
    lease: Option<Lease>,
) -> Result<Option<Found>, ApiError> {
    let found = blocking::run(move || -> Result<Option<Found>, ApiError> {
        let Some((file, metadata)) = disk::open(&path)? else { return Ok(None) };
        let (length, modified) = (metadata.len(), metadata.modified().ok());
        if is_metadata(&name) && length <= MAX_WHOLE {
            let mut bytes = Vec::new();
            file.take(MAX_WHOLE).read_to_end(&mut bytes)?;
            let etag = value(format!("\"{}\"", Digest::of(&bytes)))?;
            let small = Small { name, bytes: bytes.into(), etag, path, stamp: Stamp::of(&metadata) };
            let small = Arc::new(small);
            app.kept.put(&small);
            return Ok(Some((&*small).into()));
        }
        let etag = named_etag(&name).unwrap_or_else(|| changing_etag(&metadata));
        Ok(Some(Found { content: Content::File(file), length, etag: value(etag)?, modified, lease }))
    });
    found.await.ok_or(ApiError::Bug)?
}

/// Whether it is read whole and kept.
fn is_metadata(name: &ObjectName) -> bool {
    matches!(name, ObjectName::Timestamp | ObjectName::Metadata { .. } | ObjectName::PatchIndex { .. })
}

impl From<&Small> for Found {
    fn from(small: &Small) -> Self {
        let (length, etag) = (small.bytes.len() as u64, small.etag.clone());
        Self { content: Content::Bytes(small.bytes.clone()), length, etag, modified: None, lease: None }
    }
}

fn from_bucket(found: serve::Found, name: &ObjectName) -> Result<Found, ApiError> {
    let content = match found.content {
        serve::Content::Bytes(bytes) => Content::Bytes(bytes),
        serve::Content::Remote(remote) => Content::Remote(remote),
    };
    let etag = value(named_etag(name).unwrap_or(found.etag))?;
    Ok(Found { content, length: found.length, etag, modified: found.modified, lease: None })
}

/// The ETag of an object whose name says what its bytes are.
fn named_etag(name: &ObjectName) -> Option<String> {
    match name {
        ObjectName::Target { sha256, file, .. }
            if ![".zst", ".bz2"].iter().any(|twin| file.ends_with(twin)) =>
        {
            Some(format!("\"{sha256}\""))
        }
        _ => None,
    }
}

/// An ETag for a file whose name says nothing about its bytes: files are replaced by rename, never written in place.
fn changing_etag(metadata: &Metadata) -> String {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let nanoseconds = modified.map_or(0, |time| time.as_nanos());
    format!("\"{:x}-{nanoseconds:x}\"", metadata.len())
}

/// Answers with an object that is there.
pub(crate) async fn reply(
    found: Found,
    name: &ObjectName,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let (mut response, part) = head(&found.etag, found.length, name, method, headers)?;
    let Some(part) = part else { return Ok(response) };
    *response.body_mut() = match found.content {
        Content::Bytes(bytes) => slice(&bytes, &part),
        Content::Remote(remote) => Body::from_stream(Box::pin(remote.open(part)).await?),
        Content::File(file) => {
            Body::from_stream(pieces::of(file, part.start, part.end - part.start, found.lease))
        }
    };
    Ok(response)
}

/// An answer about an object that is there, still without its body, and the bytes of the object that this is. None: it has none.
fn head(
    etag: &HeaderValue,
    total: u64,
    name: &ObjectName,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(Response, Option<Range<u64>>), ApiError> {
    // Ranges are defined for GET alone (RFC 9110, section 14.2).
    let answer = match decide(headers, etag.to_str().unwrap_or_default(), total) {
        Answer::Part { .. } | Answer::Unsatisfiable if method != Method::GET => Answer::Whole,
        answer => answer,
    };
    let (status, part, room) = match answer {
        Answer::Whole => (StatusCode::OK, Some(0..total), HEADERS),
        Answer::Part { offset, length } => {
            (StatusCode::PARTIAL_CONTENT, Some(offset..offset.saturating_add(length)), HEADERS)
        }
        Answer::NotModified => (StatusCode::NOT_MODIFIED, None, FEW_HEADERS),
        Answer::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, None, HEADERS),
    };
    let mut response = status.into_response();
    let described = response.headers_mut();
    // As many as there will be: it is a table that would be made anew as it grows.
    described.reserve(room);
    described.insert(header::ETAG, etag.clone());
    let (cache, content) = kind_of_content(name);
    if matches!(name, ObjectName::Timestamp) {
        // A CDN may hold it for some seconds (RFC 9213): that is what it absorbs, and freshness is days.
        described.insert(CDN_CACHE_CONTROL, SOME_SECONDS);
    }
    described.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if status == StatusCode::NOT_MODIFIED {
        // Whoever asked has the object, and with it what describes it (RFC 9110, section 15.4.5).
        return Ok((response, None));
    }
    described.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    described.insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
    let Some(part) = part else {
        described.insert(header::CONTENT_RANGE, value(format!("bytes */{total}"))?);
        described.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return Ok((response, None));
    };
    if status == StatusCode::PARTIAL_CONTENT {
        described.insert(
            header::CONTENT_RANGE,
            value(format!("bytes {}-{}/{total}", part.start, part.end.saturating_sub(1)))?,
        );
    }
    described.insert(header::CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
    Ok((response, (method != Method::HEAD).then_some(part)))
}

fn slice(bytes: &Bytes, part: &Range<u64>) -> Body {
    let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
    Body::from(bytes.slice(at(part.start)..at(part.end)))
}

/// `Cache-Control` and `Content-Type`.
fn kind_of_content(name: &ObjectName) -> (&'static str, &'static str) {
    match name {
        ObjectName::Timestamp => ("no-cache", "application/json"),
        ObjectName::Metadata { .. } => (IMMUTABLE, "application/json"),
        ObjectName::PatchIndex { .. } => ("public, max-age=60", "application/json"),
        ObjectName::Target { file, .. } if file.ends_with(".json") => (IMMUTABLE, "application/json"),
        ObjectName::Target { .. } | ObjectName::Patch(_) => (IMMUTABLE, "application/octet-stream"),
    }
}

/// What caches of the operator's own may do (RFC 9213).
const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");
const SOME_SECONDS: HeaderValue = HeaderValue::from_static("max-age=10");
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

fn value(text: String) -> Result<HeaderValue, ApiError> {
    HeaderValue::try_from(text).map_err(|_| ApiError::Bug)
}

/// The answer about an object that is not there: a patch may be made.
async fn absent(
    shared: &Arc<Shared>,
    app: &Arc<App>,
    name: &ObjectName,
    method: &Method,
    address: IpAddr,
) -> Result<Response, ApiError> {
    let ObjectName::Patch(name) = name else { return Err(ApiError::NoSuchObject) };
    // Who only looks gets no work done.
    if method != Method::GET || !delta::MAKEABLE.contains(&name.format.as_str()) {
        return Err(ApiError::NoSuchPatch);
    }
    let job = match shared.job(app, name) {
        Some(job) => job,
        None => after_reload(shared, app, name).await?.ok_or(ApiError::NoSuchPatch)?,
    };
    app.demand.note(&name.base, shared.now());
    match shared.bench.ask(job, address, Instant::now()) {
        Asked::NotNow => Err(ApiError::NoSuchPatch),
        Asked::Full { after } => Err(ApiError::QueueFull { after }),
        Asked::Making => {
            let body =
                r#"{"code":"being-made","message":"the patch is being made; ask again after Retry-After"}"#;
            let mut response = (StatusCode::ACCEPTED, body).into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ASK_AGAIN.as_secs()));
            Ok(response)
        }
    }
}

/// Somebody else may have published into the tree since it was read.
async fn after_reload(
    shared: &Arc<Shared>,
    app: &Arc<App>,
    name: &PatchName,
) -> Result<Option<crate::patches::bench::Job>, ApiError> {
    if let Some(commons) = &shared.commons {
        follow::look(shared, commons, app, Instant::now()).await?;
        return Ok(shared.job(app, name));
    }
    let (app, now) = (Arc::clone(app), shared.now());
    let again = Arc::clone(&app);
    let read = blocking::run(move || again.reload_if_changed(now)).await.ok_or(ApiError::Bug)?;
    if !read {
        return Ok(None);
    }
    let (planning, of) = (Arc::clone(shared), Arc::clone(&app));
    blocking::run(move || planning.plan(&of)).await.ok_or(ApiError::Bug)?;
    Ok(shared.job(&app, name))
}
