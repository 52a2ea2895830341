//! A server that speaks the update protocol of Lantern's first clients, decides as the original server does, and signs with a key
//! that is thrown away.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use protocol::{Digest, FormatId, Version};
use rsa::Pkcs1v15Sign;
use rsa::pkcs8::DecodePrivateKey as _;
use serde::{Deserialize, Serialize};

/// The public half of the key that it signs with, as it is enrolled.
pub const LANTERN_KEY: &[u8] =
    include_bytes!("../../crates/autoupdate/fixtures/lantern/throw-away.public.pem");

/// The other half, for another server to sign with.
pub const LANTERN_PRIVATE_KEY: &str =
    include_str!("../../crates/autoupdate/fixtures/lantern/throw-away.private.pem");

/// A running server. It ends with its value.
#[derive(Debug)]
pub struct Lantern {
    book: Arc<Mutex<Book>>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Debug)]
struct Book {
    address: SocketAddr,
    assets: Vec<Asset>,
    log: Vec<String>,
}

#[derive(Debug, Clone)]
struct Asset {
    version: Version,
    bytes: Vec<u8>,
    sha256: Digest,
}

#[derive(Deserialize)]
struct Question {
    app_version: String,
    checksum: String,
}

/// In the order of the original.
#[derive(Serialize)]
struct Answer {
    initiative: &'static str,
    url: String,
    patch_url: String,
    patch_type: &'static str,
    version: String,
    checksum: String,
    signature: String,
}

impl Lantern {
    /// Listens on a free port of this machine, with nothing to offer.
    ///
    /// # Errors
    /// If no port can be had.
    pub fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        let book = Arc::new(Mutex::new(Book { address, assets: Vec::new(), log: Vec::new() }));
        let router = Router::new()
            .route("/update/{app}", post(check))
            .route("/patches/{pair}", get(patch))
            .route("/dl/{version}", get(download))
            .with_state(book.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Ok(Self { book, _runtime: runtime })
    }

    /// The URL to enrol with.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", lock(&self.book).address)
    }

    /// Offers a version to everybody who has an older one.
    ///
    /// # Errors
    /// If it is no version.
    pub fn release(&self, version: &str, bytes: &[u8]) -> Result<()> {
        let asset =
            Asset { version: Version::parse(version)?, bytes: bytes.to_vec(), sha256: Digest::of(bytes) };
        lock(&self.book).assets.push(asset);
        Ok(())
    }

    /// Method and path of what was asked since the last call.
    #[must_use]
    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.book).log)
    }
}

type Shared = State<Arc<Mutex<Book>>>;

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn check(State(book): Shared, Path(app): Path<String>, head: HeaderMap, body: String) -> Response {
    let mut book = lock(&book);
    book.log.push(format!("POST /update/{app}"));
    match answer(&book, &body) {
        Ok(None) => StatusCode::NO_CONTENT.into_response(),
        Ok(Some(answer)) => {
            let nonce = head.get("x-message-nonce").and_then(|nonce| nonce.to_str().ok()).unwrap_or("0");
            match serde_json::to_string(&answer).map_err(Into::into).and_then(|body| signed(&body, nonce)) {
                Ok(answer) => answer,
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
        Err(_) => (StatusCode::EXPECTATION_FAILED, "Expectation Failed").into_response(),
    }
}

/// The highest version, if it is newer; with a patch where the installed bytes are known.
fn answer(book: &Book, question: &str) -> Result<Option<Answer>> {
    let question: Question = serde_json::from_str(question)?;
    let has = Version::parse(&question.app_version)?;
    let target = book.assets.iter().max_by(|a, b| a.version.cmp(&b.version)).context("nothing is offered")?;
    if target.version <= has {
        return Ok(None);
    }
    let base = book.assets.iter().find(|asset| asset.sha256.to_string() == question.checksum);
    let base = base.filter(|base| base.sha256 != target.sha256);
    let address = book.address;
    Ok(Some(Answer {
        initiative: "auto",
        url: format!("http://{address}/dl/{}", target.version),
        patch_url: base
            .map(|base| format!("http://{address}/patches/{}-{}", base.sha256, target.sha256))
            .unwrap_or_default(),
        patch_type: if base.is_some() { "bsdiff" } else { "" },
        version: target.version.to_string(),
        checksum: target.sha256.to_string(),
        signature: sign(&target.sha256)?,
    }))
}

fn signed(body: &str, nonce: &str) -> Result<Response> {
    let signature = sign(&Digest::of(format!("{body}{nonce}").as_bytes()))?;
    let head = [(header::CONTENT_TYPE.as_str(), "application/json"), ("x-message-signature", &signature)];
    Ok((head, body.to_owned()).into_response())
}

fn sign(digest: &Digest) -> Result<String> {
    let key = rsa::PrivateKey::from_pkcs8_pem(LANTERN_PRIVATE_KEY)?;
    let signature = key.sign(Pkcs1v15Sign::new::<rsa::sha2::Sha256>(), digest.as_bytes())?;
    Ok(signature.iter().map(|byte| format!("{byte:02x}")).collect())
}

async fn patch(State(book): Shared, Path(pair): Path<String>) -> Response {
    let made = {
        let mut book = lock(&book);
        book.log.push("GET patch".to_owned());
        let asset = |sha256: &str| book.assets.iter().find(|asset| asset.sha256.to_string() == sha256);
        pair.split_once('-').and_then(|(base, target)| make(&asset(base)?.bytes, &asset(target)?.bytes).ok())
    };
    made.map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}

fn make(base: &[u8], target: &[u8]) -> Result<Vec<u8>> {
    let mut patch = Vec::new();
    delta::make(&FormatId::parse(FormatId::BSDIFF40)?, base, target, &mut patch)?;
    Ok(patch)
}

async fn download(State(book): Shared, Path(version): Path<String>) -> Response {
    let mut book = lock(&book);
    book.log.push("GET whole".to_owned());
    let found = book.assets.iter().find(|asset| asset.version.to_string() == version);
    found.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |asset| asset.bytes.clone().into_response())
}
