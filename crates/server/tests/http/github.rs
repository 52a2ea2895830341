//! A GitHub that pages, counts, redirects, and misbehaves where a test wants it to.
//!
//! Two servers on loopback: one with the REST interface and the public addresses of assets, one where assets lie.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::{StreamExt as _, stream};
use protocol::Digest;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A release.
#[derive(Debug, Clone, Default)]
pub(crate) struct Release {
    pub(crate) tag: String,
    pub(crate) draft: bool,
    pub(crate) prerelease: bool,
    pub(crate) assets: Vec<Asset>,
}

/// An asset: what is listed about it, and what is given.
#[derive(Debug, Clone)]
pub(crate) struct Asset {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
    pub(crate) size: u64,
    pub(crate) digest: Option<String>,
}

/// What goes wrong with the bytes of an asset.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The first answer ends after so many bytes of the asset.
    CutOnce(usize),
    /// Every answer ends after so many bytes of the asset.
    Cut(usize),
    /// Every answer stops after so many bytes of the asset, and the connection stays open.
    Hang(usize),
    /// The same for the first answer alone.
    HangOnce(usize),
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `api` or `storage`.
    pub(crate) host: &'static str,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) status: u16,
}

#[derive(Default)]
struct Inside {
    releases: Vec<Release>,
    page: usize,
    faults: BTreeMap<String, Fault>,
    refusals: VecDeque<(u16, Vec<(&'static str, String)>)>,
    asked: Vec<Asked>,
    next_page_at: Option<String>,
    storage: String,
    url: String,
}

/// A running GitHub.
pub(crate) struct Hub {
    pub(crate) url: String,
    inside: Arc<Mutex<Inside>>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Asset {
    pub(crate) fn new(id: u64, name: &str, content: &[u8]) -> Self {
        Self {
            id,
            name: name.to_owned(),
            content: content.to_vec(),
            size: content.len() as u64,
            digest: Some(format!("sha256:{}", Digest::of(content))),
        }
    }
}

impl Release {
    pub(crate) fn new(tag: &str, assets: &[Asset]) -> Self {
        Self { tag: tag.to_owned(), assets: assets.to_vec(), ..Self::default() }
    }
}

impl Hub {
    pub(crate) async fn start(releases: &[Release]) -> Self {
        let (api, storage) = (TcpListener::bind("127.0.0.1:0").await, TcpListener::bind("127.0.0.1:0").await);
        let (api, storage) = (api.unwrap(), storage.unwrap());
        let address = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let url = address(&api);
        let inside = Inside {
            releases: releases.to_vec(),
            page: 100,
            storage: address(&storage),
            url: url.clone(),
            ..Inside::default()
        };
        let inside = Arc::new(Mutex::new(inside));
        let serve = |listener, router: Router| {
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() })
        };
        let tasks = [
            serve(api, Router::new().fallback(answer).with_state(Arc::clone(&inside))),
            serve(storage, Router::new().fallback(give).with_state(Arc::clone(&inside))),
        ];
        Self { url, inside, tasks }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }

    /// Changes the releases.
    pub(crate) fn edit(&self, edit: impl FnOnce(&mut Vec<Release>)) {
        edit(&mut self.lock().releases);
    }

    /// Gives so many releases on a page, whatever is asked for.
    pub(crate) fn page(&self, releases: usize) {
        self.lock().page = releases;
    }

    /// Lets something go wrong with an asset, or nothing any more.
    pub(crate) fn fault(&self, asset: &str, fault: Option<Fault>) {
        let mut inside = self.lock();
        match fault {
            Some(fault) => drop(inside.faults.insert(asset.to_owned(), fault)),
            None => drop(inside.faults.remove(asset)),
        }
    }

    /// Answers the next request to the interface so.
    pub(crate) fn refuse(&self, status: u16, headers: &[(&'static str, String)]) {
        self.lock().refusals.push_back((status, headers.to_vec()));
    }

    /// Names another server as that of the next page.
    pub(crate) fn next_page_at(&self, url: &str) {
        self.lock().next_page_at = Some(url.to_owned());
    }

    /// What was asked since the last call.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.lock().asked)
    }
}

/// The ids of releases never change with their place.
fn id_of(release: &Release) -> u64 {
    release.tag.bytes().fold(7, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte))
}

fn listed(release: &Release, url: &str) -> Value {
    let assets = release.assets.iter().map(|asset| {
        json!({
            "id": asset.id, "name": asset.name, "state": "uploaded", "size": asset.size, "digest": asset.digest,
            "url": format!("{url}/repos/owner/tool/releases/assets/{}", asset.id),
            "browser_download_url": format!("{url}/owner/tool/releases/download/{}/{}", release.tag, asset.name),
        })
    });
    json!({
        "id": id_of(release), "tag_name": release.tag, "draft": release.draft, "prerelease": release.prerelease,
        "body": "words", "zipball_url": "x", "assets": assets.collect::<Vec<_>>(),
    })
}

/// The REST interface, and the public addresses.
async fn answer(State(inside): State<Arc<Mutex<Inside>>>, request: Request) -> Response {
    let mut inside = inside.lock().unwrap();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let mut response = match inside.refusals.pop_front() {
        Some((status, headers)) => {
            let mut response = StatusCode::from_u16(status).unwrap().into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            response
        }
        None if path == "/repos/owner/tool/releases" => page(&inside, &query, request.headers()),
        None => asset(&inside, &path, request.headers()),
    };
    if !response.headers().contains_key("x-ratelimit-remaining") {
        response.headers_mut().insert("x-ratelimit-remaining", HeaderValue::from_static("59"));
        response.headers_mut().insert("x-ratelimit-reset", HeaderValue::from_static("1900000000"));
    }
    let status = response.status().as_u16();
    inside.asked.push(Asked { host: "api", path, headers: request.headers().clone(), status });
    response
}

fn page(inside: &Inside, query: &str, headers: &HeaderMap) -> Response {
    assert!(query.starts_with("per_page=100&page="), "{query}");
    let number: usize = query.rsplit('=').next().unwrap().parse().unwrap();
    let of_page = inside.releases.iter().skip((number - 1) * inside.page).take(inside.page);
    let body: Vec<Value> = of_page.map(|release| listed(release, &inside.url)).collect();
    let body = serde_json::to_vec(&body).unwrap();
    let etag = format!("W/\"{}\"", Digest::of(&body));
    if headers.get(header::IF_NONE_MATCH).is_some_and(|sent| sent == etag.as_str()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let mut response = ([(header::ETAG, etag)], body).into_response();
    if number * inside.page < inside.releases.len() {
        let host = inside.next_page_at.as_ref().unwrap_or(&inside.url);
        let next = format!("{host}/repos/owner/tool/releases?per_page=100&page={}", number + 1);
        let link = format!("<{next}>; rel=\"next\", <{next}>; rel=\"last\"");
        response.headers_mut().insert(header::LINK, link.parse().unwrap());
    }
    response
}

/// Redirects to where an asset lies.
fn asset(inside: &Inside, path: &str, headers: &HeaderMap) -> Response {
    let all = || inside.releases.iter().flat_map(|one| one.assets.iter().map(move |asset| (one, asset)));
    let by_id = path.strip_prefix("/repos/owner/tool/releases/assets/");
    let octets = headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/octet-stream");
    let found = match by_id {
        Some(id) if octets => all().find(|(_, asset)| asset.id.to_string() == id),
        Some(_) => None,
        None => all().find(|(release, asset)| {
            path == format!("/owner/tool/releases/download/{}/{}", release.tag, asset.name)
        }),
    };
    let Some((_, asset)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let place = format!("{}/{}?signature=secret", inside.storage, asset.id);
    (StatusCode::FOUND, [(header::LOCATION, place)]).into_response()
}

/// Where assets lie.
async fn give(State(inside): State<Arc<Mutex<Inside>>>, request: Request) -> Response {
    let mut inside = inside.lock().unwrap();
    let path = request.uri().path().to_owned();
    let all = inside.releases.iter().flat_map(|release| &release.assets);
    let found = all.cloned().collect::<Vec<_>>().into_iter().find(|asset| format!("/{}", asset.id) == path);
    let response = match found {
        Some(asset) => {
            let fault = inside.faults.get(&asset.name).copied();
            if let Some(Fault::CutOnce(_) | Fault::HangOnce(_)) = fault {
                inside.faults.remove(&asset.name);
            }
            bytes(&asset, fault, request.headers())
        }
        None => StatusCode::NOT_FOUND.into_response(),
    };
    let status = response.status().as_u16();
    inside.asked.push(Asked { host: "storage", path, headers: request.headers().clone(), status });
    response
}

fn bytes(asset: &Asset, fault: Option<Fault>, headers: &HeaderMap) -> Response {
    let etag = format!("\"{}-{}\"", asset.id, Digest::of(&asset.content).short());
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let begin: Option<usize> = text(header::RANGE)
        .filter(|_| text(header::IF_RANGE) == Some(&etag))
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let rest = asset.content[begin.unwrap_or(0)..].to_vec();
    let mut response = Response::new(Body::empty());
    let (total, length) = (asset.content.len(), rest.len());
    if let Some(begin) = begin {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let range = format!("bytes {begin}-{}/{total}", total - 1);
        response.headers_mut().insert(header::CONTENT_RANGE, range.parse().unwrap());
    }
    response.headers_mut().insert(header::ETAG, etag.parse().unwrap());
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let until = |at: usize| {
        let more = at.saturating_sub(begin.unwrap_or(0)).min(length);
        stream::iter([Ok::<_, std::io::Error>(rest[..more].to_vec())])
    };
    // Not before what came before is on its way.
    let cut = || {
        stream::once(async {
            tokio::task::yield_now().await;
            Err(std::io::Error::other("cut"))
        })
    };
    *response.body_mut() = match fault {
        None => Body::from(rest),
        Some(Fault::CutOnce(at) | Fault::Cut(at)) => Body::from_stream(until(at).chain(cut())),
        Some(Fault::Hang(at) | Fault::HangOnce(at)) => Body::from_stream(until(at).chain(stream::pending())),
    };
    response
}
