//! HTTP as a publisher needs it: small objects, digests of large ones, uploads with a token.
//!
//! Reads are bounded and everything has a deadline. Redirects are not followed: an upload with its token must not go
//! anywhere but where the publisher said, and what a client would read must be there, not elsewhere.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use protocol::{AppId, Digest, Hasher, SourceUrl};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::Runtime;
use url::Url;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// The longest wait for a connection, and for the next bytes.
const STALL: Duration = Duration::from_secs(30);

/// The longest wait for an answer after everything was sent: the server verifies and hashes before it answers.
const ANSWER: Duration = Duration::from_secs(300);

/// The longest time in which a server takes no byte of an upload. Longer than [`STALL`]: what a slow line has not sent yet
/// lies in buffers, and nothing more is taken until they are empty.
const UPLOAD_STALL: Duration = Duration::from_secs(120);

/// The longest answer of the server that is shown to a person, in bytes.
const MESSAGE_BYTES: usize = 4096;

/// An app on a server.
#[derive(Debug)]
pub(crate) struct Http {
    base: SourceUrl,
    app: AppId,
    client: reqwest::Client,
    /// As `client`, but without a deadline for reading: reqwest counts it from the first byte that is sent, and an upload may
    /// take hours. [`watch`] sees that it goes on.
    uploads: reqwest::Client,
    runtime: Runtime,
    token: Option<Token>,
}

/// What lets a publisher upload. Wiped from memory when dropped, never printed.
pub(crate) struct Token(Zeroizing<String>);

impl Token {
    /// Reads the first line of a private file.
    pub(crate) fn from_file(path: &Path) -> Result<Self, Failure> {
        let line = signing::Passphrase::from_file(path)?;
        let text = Zeroizing::new(line.expose().to_owned());
        let good = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        if !good {
            let why = "the first line of the file must be the token, in printable ASCII".to_owned();
            return Err(Failure::Option { option: "--token-file", why });
        }
        Ok(Self(text))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Http {
    pub(crate) fn new(base: SourceUrl, app: AppId) -> Result<Self, Failure> {
        // Process-wide and only once; whoever installed another provider before us keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let loopback = match base.as_url().host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        let builder = || {
            let builder = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(STALL)
                .user_agent(concat!("autoupdate/", env!("CARGO_PKG_VERSION")));
            // This machine is never behind a proxy.
            if loopback { builder.no_proxy() } else { builder }
        };
        let failed = |why: &dyn ToString| Failure::Network {
            method: "set up",
            url: base.to_string(),
            why: why.to_string(),
        };
        let client = builder().read_timeout(ANSWER).build().map_err(|error| failed(&error))?;
        let uploads = builder().build().map_err(|error| failed(&error))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(&error))?;
        Ok(Self { base, app, client, uploads, runtime, token: None })
    }

    /// Sends this token with uploads.
    pub(crate) fn set_token(&mut self, token: Option<Token>) {
        self.token = token;
    }

    /// The server, for people.
    pub(crate) fn base(&self) -> String {
        self.base.to_string()
    }

    fn url(&self, name: &str) -> Url {
        self.base.object(&self.app, name)
    }

    /// Reads an object of at most `limit` bytes; `None` for 404.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        let url = self.url(name);
        self.runtime.block_on(async {
            let Some(answer) = self.get(&url).await? else { return Ok(None) };
            let mut bytes = Vec::new();
            pieces(&url, answer, limit, |piece| bytes.extend_from_slice(piece)).await?;
            if bytes.len() as u64 > limit {
                return Err(signing::Error::TooLong { what: name.to_owned(), limit }.into());
            }
            Ok(Some(bytes))
        })
    }

    /// The SHA-256 and length of an object, of which at most `limit` bytes and one are read; `None` for 404.
    pub(crate) fn digest(&self, name: &str, limit: u64) -> Result<Option<(Digest, u64)>, Failure> {
        let url = self.url(name);
        self.runtime.block_on(async {
            let Some(answer) = self.get(&url).await? else { return Ok(None) };
            let (mut hasher, mut length) = (Hasher::new(), 0_u64);
            pieces(&url, answer, limit, |piece| {
                hasher.update(piece);
                length += piece.len() as u64;
            })
            .await?;
            Ok(Some((hasher.finish(), length)))
        })
    }

    /// Whether an object, or an upload (`objects/{sha256}`), is there.
    pub(crate) fn has(&self, name: &str) -> Result<bool, Failure> {
        let url = self.url(name);
        self.runtime.block_on(async {
            let answer = self.send("HEAD", &url, self.client.head(url.clone())).await?;
            match answer.status() {
                StatusCode::OK => Ok(true),
                StatusCode::NOT_FOUND => Ok(false),
                _ => Err(refusal("HEAD", &url, answer).await),
            }
        })
    }

    /// Uploads a file to `objects/{sha256}`; how many bytes.
    pub(crate) fn upload(&self, sha256: &Digest, from: &Path) -> Result<u64, Failure> {
        let url = self.url(&format!("objects/{sha256}"));
        self.runtime.block_on(async {
            let file = tokio::fs::File::open(from).await.map_err(Failure::io("read", from))?;
            let length = file.metadata().await.map_err(Failure::io("read", from))?.len();
            let taken = Arc::new(AtomicU64::new(0));
            let file = Counted { file, taken: Arc::clone(&taken) };
            let request = self.uploads.put(url.clone()).header(reqwest::header::CONTENT_LENGTH, length).body(
                reqwest::Body::wrap_stream(tokio_util::io::ReaderStream::with_capacity(file, 64 << 10)),
            );
            let sending = self.send("PUT", &url, request);
            let answer = watch(sending, &taken, length, Patience::LONGEST).await;
            let answer = answer.unwrap_or_else(|stalled| Err(network("PUT", &url, &stalled)))?;
            if answer.status().is_success() { Ok(length) } else { Err(refusal("PUT", &url, answer).await) }
        })
    }

    /// Sends JSON and reads the answer.
    pub(crate) fn post(&self, name: &str, body: &impl Serialize) -> Result<Value, Failure> {
        let url = self.url(name);
        let body = serde_json::to_vec(body).map_err(|error| network("POST", &url, &error))?;
        self.runtime.block_on(async {
            let request = self.client.request(Method::POST, url.clone()).body(body);
            let request = request.header(reqwest::header::CONTENT_TYPE, "application/json");
            let answer = self.send("POST", &url, request).await?;
            if !answer.status().is_success() {
                return Err(refusal("POST", &url, answer).await);
            }
            let mut bytes = Vec::new();
            let limit = signing::MAX_PUBLICATION_BYTES;
            pieces(&url, answer, limit, |piece| bytes.extend_from_slice(piece)).await?;
            serde_json::from_slice(&bytes).map_err(|error| network("POST", &url, &error))
        })
    }

    async fn get(&self, url: &Url) -> Result<Option<Response>, Failure> {
        let answer = self.send("GET", url, self.client.get(url.clone())).await?;
        match answer.status() {
            StatusCode::OK => Ok(Some(answer)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(refusal("GET", url, answer).await),
        }
    }

    async fn send(
        &self,
        method: &'static str,
        url: &Url,
        mut request: RequestBuilder,
    ) -> Result<Response, Failure> {
        // What clients read they read without a token, so this does too: else `verify` would see more than they do.
        if let (Some(token), true) = (&self.token, method != "GET") {
            request = request.bearer_auth(token.0.as_str());
        }
        request.send().await.map_err(|error| network(method, url, &error))
    }
}

/// A file that counts what was taken of it.
struct Counted {
    file: tokio::fs::File,
    taken: Arc<AtomicU64>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let ready = Pin::new(&mut self.file).poll_read(context, buffer);
        self.taken.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        ready
    }
}

/// How long an upload may stand still.
#[derive(Clone, Copy)]
struct Patience {
    /// While bytes are left.
    stall: Duration,
    /// When all were taken.
    answer: Duration,
}

impl Patience {
    const LONGEST: Self = Self { stall: UPLOAD_STALL, answer: ANSWER };
}

/// Waits for an upload of `length` bytes, however long it takes, as long as bytes are `taken`.
async fn watch<T>(
    upload: impl Future<Output = T>,
    taken: &AtomicU64,
    length: u64,
    patience: Patience,
) -> Result<T, String> {
    let mut upload = std::pin::pin!(upload);
    loop {
        let before = taken.load(Ordering::Relaxed);
        let all = before >= length;
        let wait = if all { patience.answer } else { patience.stall };
        if let Ok(done) = tokio::time::timeout(wait, &mut upload).await {
            return Ok(done);
        }
        if taken.load(Ordering::Relaxed) == before {
            let seconds = wait.as_secs();
            return Err(if all {
                format!(
                    "all was sent, and no answer came for {seconds} seconds: publish again, what arrived is not sent twice"
                )
            } else {
                format!(
                    "{before} of {length} bytes were taken, and none more for {seconds} seconds: publish again"
                )
            });
        }
    }
}

/// Gives the pieces of a body to `take`, until it ends or more than `limit` bytes came. Each piece has a deadline.
async fn pieces(
    url: &Url,
    mut answer: Response,
    limit: u64,
    mut take: impl FnMut(&[u8]),
) -> Result<(), Failure> {
    let mut length = 0_u64;
    while length <= limit {
        let piece = tokio::time::timeout(STALL, answer.chunk()).await;
        let piece = piece.map_err(|_| network("GET", url, &"the answer stopped for too long"))?;
        let Some(piece) = piece.map_err(|error| network("GET", url, &error))? else { break };
        length += piece.len() as u64;
        take(&piece);
    }
    Ok(())
}

fn network(method: &'static str, url: &Url, error: &dyn std::fmt::Display) -> Failure {
    Failure::Network { method, url: url.to_string(), why: error.to_string() }
}

/// What a server that said no has to say, cut and without control characters: it goes to a terminal.
async fn refusal(method: &'static str, url: &Url, mut answer: Response) -> Failure {
    let status = answer.status().as_u16();
    let mut bytes = Vec::new();
    while let Ok(Ok(Some(piece))) = tokio::time::timeout(STALL, answer.chunk()).await {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MESSAGE_BYTES {
            bytes.truncate(MESSAGE_BYTES);
            break;
        }
    }
    let said: Option<Value> = serde_json::from_slice(&bytes).ok();
    let said = said.as_ref().and_then(|said| said.get("message")?.as_str());
    let text = said.map_or_else(|| String::from_utf8_lossy(&bytes).into_owned(), str::to_owned);
    let message = text.chars().filter(|c| !c.is_control()).take(400).collect();
    Failure::Server { method, url: url.to_string(), status, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_may_take_as_long_as_it_goes_on() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let check = |bytes: u64, looks: u64, expected: Result<(), &str>| {
            let (taken, mut looked) = (AtomicU64::new(0), 0);
            // Takes a byte whenever it is looked at, up to `bytes`, and ends after so many looks.
            let upload = std::future::poll_fn(|_| {
                looked += 1;
                if taken.load(Ordering::Relaxed) < bytes {
                    taken.fetch_add(1, Ordering::Relaxed);
                }
                if looked > looks { Poll::Ready(()) } else { Poll::Pending }
            });
            let moment = Duration::from_millis(1);
            let found =
                runtime.block_on(watch(upload, &taken, 50, Patience { stall: moment, answer: moment }));
            match (&found, expected) {
                (Ok(()), Ok(())) => {}
                (Err(found), Err(expected)) => assert!(found.starts_with(expected), "{found}"),
                _ => panic!("{bytes} bytes, {looks} looks: {found:?}"),
            }
        };
        // Far longer than any one wait.
        check(50, 50, Ok(()));
        check(50, 0, Ok(()));
        check(0, u64::MAX, Err("0 of 50 bytes"));
        check(7, u64::MAX, Err("7 of 50 bytes"));
        check(50, u64::MAX, Err("all was sent"));
    }

    #[test]
    fn what_is_taken_of_a_file_is_counted() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let length = path.metadata().unwrap().len();
        runtime.block_on(async {
            let taken = Arc::new(AtomicU64::new(0));
            let mut file =
                Counted { file: tokio::fs::File::open(path).await.unwrap(), taken: Arc::clone(&taken) };
            tokio::io::copy(&mut file, &mut tokio::io::sink()).await.unwrap();
            assert_eq!(taken.load(Ordering::Relaxed), length);
        });
    }
}
