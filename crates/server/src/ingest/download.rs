//! Fetches one asset into a file: whole, of the length and digest that GitHub lists, or not at all.
//!
//! A connection that is cut is gone on with (`Range`, `If-Range`), if the server says that it is still the same file; else the
//! file is begun anew. Attempts that bring nothing new are few, and all together have a deadline. What is fetched has no name in
//! the folder of anybody: a process that dies leaves nothing that looks like an asset.

use std::path::Path;
use std::time::Duration;

use protocol::{Digest, Hasher};
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use signing::Passphrase;
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use super::github::{Api, Asset, SourceError};
use super::rate::Rate;
use crate::shared::Clock;

/// Attempts in a row that bring nothing new.
const ATTEMPTS: u32 = 4;
/// The pause before another attempt, doubled each time.
const PAUSE: Duration = Duration::from_millis(250);

/// Why an asset was not fetched. All of these may be otherwise at the next attempt.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("the server answers {0}")]
    Status(StatusCode),
    #[error("it has {found} bytes, GitHub lists {listed}")]
    Length { listed: u64, found: u64 },
    #[error("its SHA-256 is {found}, GitHub lists {listed:?}")]
    Digest { listed: String, found: Digest },
    #[error("the connection was cut after {at} bytes, again and again: {source}")]
    Cut { at: u64, source: reqwest::Error },
    #[error("it took longer than {} s", .0.as_secs())]
    Deadline(Duration),
    #[error("the disk refused: {0}")]
    Disk(#[from] std::io::Error),
}

impl FetchError {
    /// As a label of a metric.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::Source(SourceError::Limited { .. }) => "rate-limited",
            Self::Source(_) | Self::Status(_) => "not-given",
            Self::Length { .. } => "wrong-length",
            Self::Digest { .. } => "wrong-digest",
            Self::Cut { .. } => "cut",
            Self::Deadline(_) => "deadline",
            Self::Disk(_) => "disk",
        }
    }

    /// Whether the next attempt may bring what this one did not.
    fn may_pass(&self) -> bool {
        match self {
            Self::Cut { .. } | Self::Source(SourceError::Network { .. }) => true,
            Self::Status(status) => status.is_server_error(),
            _ => false,
        }
    }
}

/// An asset as GitHub lists it.
pub(crate) struct Fetched {
    pub(crate) file: NamedTempFile,
    pub(crate) sha256: Digest,
}

/// How assets are fetched.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) api: &'a Api,
    pub(crate) token: Option<&'a Passphrase>,
    pub(crate) rate: &'a Rate,
    pub(crate) clock: &'a Clock,
    /// A folder on the file system of the trees.
    pub(crate) scratch: &'a Path,
    /// For one asset, with all attempts.
    pub(crate) deadline: Duration,
}

/// What there is of an asset.
struct Part {
    file: File,
    hasher: Hasher,
    length: u64,
    /// By which the server knows whether the rest is of the same file.
    etag: Option<HeaderValue>,
}

impl Way<'_> {
    /// Fetches an asset. Its listed size is a limit that the caller has looked at.
    pub(crate) async fn fetch(&self, asset: &Asset) -> Result<Fetched, FetchError> {
        let file = tempfile::Builder::new().prefix("asset-").tempfile_in(self.scratch)?;
        let mut part =
            Part { file: File::from_std(file.reopen()?), hasher: Hasher::new(), length: 0, etag: None };
        let end = Instant::now() + self.deadline;
        let (mut longest, mut in_vain) = (0, 0);
        loop {
            let error = match timeout_at(end, self.attempt(asset, &mut part)).await {
                Ok(Ok(())) => break,
                Ok(Err(error)) if error.may_pass() => error,
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(FetchError::Deadline(self.deadline)),
            };
            in_vain = if part.length > longest { 0 } else { in_vain + 1 };
            longest = longest.max(part.length);
            if in_vain == ATTEMPTS {
                return Err(error);
            }
            tracing::debug!(asset = asset.name, at = part.length, %error, "fetching goes on");
            let pause = PAUSE.saturating_mul(1 << in_vain);
            tokio::time::sleep_until(end.min(Instant::now() + pause)).await;
        }
        part.file.flush().await?;
        let sha256 = part.hasher.finish();
        match asset.digest.as_deref().and_then(|digest| digest.strip_prefix("sha256:")) {
            Some(listed) if !listed.eq_ignore_ascii_case(&sha256.to_string()) => {
                Err(FetchError::Digest { listed: listed.chars().take(64).collect(), found: sha256 })
            }
            _ => Ok(Fetched { file, sha256 }),
        }
    }

    /// Fetches what is missing.
    async fn attempt(&self, asset: &Asset, part: &mut Part) -> Result<(), FetchError> {
        // With a token the interface is asked, whose limit may have been reached by another app.
        if let Some(pause) = self.rate.pause(Instant::now()).filter(|_| self.token.is_some()) {
            return Err(SourceError::Limited { pause }.into());
        }
        let mut more = HeaderMap::new();
        if let Some(etag) = part.etag.clone().filter(|_| part.length > 0) {
            let range = HeaderValue::try_from(format!("bytes={}-", part.length));
            more.extend(range.ok().map(|range| (RANGE, range)));
            more.insert(IF_RANGE, etag);
        }
        let response = self.api.fetch(asset, self.token, more).await?;
        let (status, headers) = (response.status(), response.headers());
        // Where assets lie is another server than the one whose limit it is, but with a token the first answer is of that.
        if let Some(pause) = self.rate.note(status, headers, Instant::now(), (self.clock)()) {
            return Err(SourceError::Limited { pause }.into());
        }
        match status {
            StatusCode::PARTIAL_CONTENT if is_the_rest(headers, part.length, asset.size) => {}
            StatusCode::OK => {
                let strong = headers.get(ETAG).filter(|etag| !etag.as_bytes().starts_with(b"W/")).cloned();
                part.begin_anew(strong).await?;
                if let Some(found) = response.content_length().filter(|length| *length != asset.size) {
                    return Err(FetchError::Length { listed: asset.size, found });
                }
            }
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                // Not the rest that was asked for: from the beginning at the next attempt.
                part.begin_anew(None).await?;
                return Err(FetchError::Status(StatusCode::BAD_GATEWAY));
            }
            status => return Err(FetchError::Status(status)),
        }
        part.take(response, asset.size).await
    }
}

impl Part {
    async fn begin_anew(&mut self, etag: Option<HeaderValue>) -> Result<(), FetchError> {
        self.file.flush().await?;
        self.file.set_len(0).await?;
        self.file.rewind().await?;
        (self.hasher, self.length, self.etag) = (Hasher::new(), 0, etag);
        Ok(())
    }

    /// Takes what an answer brings.
    async fn take(&mut self, mut response: Response, listed: u64) -> Result<(), FetchError> {
        loop {
            let piece = match response.chunk().await {
                Ok(piece) => piece,
                // Without its address, which may hold a signature that lets in.
                Err(source) => return Err(FetchError::Cut { at: self.length, source: source.without_url() }),
            };
            let Some(piece) = piece else { break };
            let length = self.length + piece.len() as u64;
            if length > listed {
                return Err(FetchError::Length { listed, found: length });
            }
            self.file.write_all(&piece).await?;
            self.hasher.update(&piece);
            self.length = length;
        }
        if self.length == listed { Ok(()) } else { Err(FetchError::Length { listed, found: self.length }) }
    }
}

/// Whether a part is the rest that was asked for: `bytes {begin}-{size - 1}/{size}`.
fn is_the_rest(headers: &HeaderMap, begin: u64, size: u64) -> bool {
    let expected = format!("bytes {begin}-{}/{size}", size.saturating_sub(1));
    begin > 0 && headers.get(CONTENT_RANGE).is_some_and(|range| range.as_bytes() == expected.as_bytes())
}
