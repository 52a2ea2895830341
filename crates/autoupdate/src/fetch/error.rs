//! What can go wrong on the way, split by who must act.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::Limits;
use super::address::NotPublic;
use crate::error::{Actor, Fault, Phase};

/// Why bytes did not come. URLs are without query: a redirect's may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name could not be looked up.
    #[error("the name of {url} could not be looked up")]
    Name {
        /// What was asked for.
        url: String,
    },
    /// No connection: refused, unreachable, or too slow to stand.
    #[error("no connection for {url}: {source}")]
    Connect {
        /// What was asked for.
        url: String,
        /// The cause.
        source: reqwest::Error,
    },
    /// The server could not prove who it is: an unknown authority, a wrong name, or somebody in between.
    #[error("the server of {url} could not prove who it is: {why}")]
    Tls {
        /// What was asked for.
        url: String,
        /// The rule that failed.
        why: String,
    },
    /// The proxy wants a name and password, or wrong ones are set.
    #[error("the proxy refused {url} (407): it wants a valid name and password")]
    ProxyRefused {
        /// What was asked for.
        url: String,
    },
    /// The answer broke off or is not HTTP.
    #[error("the answer for {url} broke off: {source}")]
    Broken {
        /// What was asked for.
        url: String,
        /// The cause.
        source: reqwest::Error,
    },
    /// The answer did not begin, or not end, in time.
    #[error("{url} took longer than {limit:?}")]
    Deadline {
        /// What was asked for.
        url: String,
        /// The limit.
        limit: Duration,
    },
    /// Fewer bytes than the minimum rate.
    #[error("{url} came to a stop: fewer than {minimum} bytes in {window:?}")]
    TooSlow {
        /// What was asked for.
        url: String,
        /// The least number of bytes.
        minimum: u64,
        /// The time for them.
        window: Duration,
    },
    /// Somebody else answered: a login page, an empty page, an answer to a question that was not asked.
    #[error("something between us and {url} answered instead of it: {sign}")]
    Portal {
        /// What was asked for.
        url: String,
        /// What gave it away.
        sign: &'static str,
    },
    /// A redirect that must not be followed.
    #[error("{from} redirects to {to}: {rule}")]
    Redirect {
        /// Who redirected.
        from: String,
        /// Where to.
        to: String,
        /// The rule that forbids it.
        rule: &'static str,
    },
    /// More bytes than the limit.
    #[error("{url} is longer than its limit of {limit} bytes")]
    TooLong {
        /// What was asked for.
        url: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// Another length than the signed one.
    #[error("{url} is {found} bytes long, not {expected}")]
    WrongLength {
        /// What was asked for.
        url: String,
        /// The length that it should have.
        expected: u64,
        /// The length that it has.
        found: u64,
    },
    /// A content coding that nobody asked for.
    #[error("{url} came with content coding {coding:?}, which was not asked for")]
    Coding {
        /// What was asked for.
        url: String,
        /// The coding.
        coding: String,
    },
    /// The object does not exist (404, 410; 403 from buckets that hide what is missing).
    #[error("{url} does not exist ({status})")]
    NotFound {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server is busy or makes the object (202, 429, 503).
    #[error("{url} is not ready ({status}){}", after(.retry_after.as_ref()))]
    Busy {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
        /// How long it asks to wait, clamped to the limit.
        retry_after: Option<Duration>,
    },
    /// Any other status.
    #[error("{url} answered with status {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// Somebody cancelled. What came stays in the spool.
    #[error("cancelled")]
    Cancelled,
    /// The spool could not be read or written.
    #[error("{}: {source}", path.display())]
    Spool {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The proxy setting is not usable.
    #[error("the proxy {proxy:?} cannot be used: it must be an http:// or https:// URL")]
    BadProxy {
        /// The setting, without name and password.
        proxy: String,
    },
    /// The HTTP library could not be set up.
    #[error("no HTTP client: {source}")]
    Client {
        /// The cause.
        source: reqwest::Error,
    },
}

fn after(retry: Option<&Duration>) -> String {
    retry.map(|time| format!(", ask again in {} s", time.as_secs())).unwrap_or_default()
}

impl Error {
    /// What it means: phase, who must act, stable code.
    #[must_use]
    pub fn fault(&self) -> Fault {
        use Actor::{Bug, Machine, Network, Repository};
        let net = |code| Fault::passing(code, Phase::Fetch, Network);
        match self {
            Self::Name { .. } => net("E-NET-DNS"),
            Self::Connect { .. } => net("E-NET-CONNECT"),
            Self::Tls { .. } => net("E-NET-TLS"),
            Self::ProxyRefused { .. } => Fault::lasting("E-NET-PROXY", Phase::Fetch, Machine),
            Self::Broken { .. } => net("E-NET-BROKEN"),
            Self::Deadline { .. } => net("E-NET-TIMEOUT"),
            Self::TooSlow { .. } => net("E-NET-SLOW"),
            Self::Portal { .. } => net("E-NET-PORTAL"),
            Self::Redirect { .. } => Fault::lasting("E-NET-REDIRECT", Phase::Fetch, Repository),
            Self::TooLong { .. } => Fault::passing("E-NET-TOO-LONG", Phase::Fetch, Repository),
            Self::WrongLength { .. } => Fault::passing("E-NET-LENGTH", Phase::Fetch, Repository),
            Self::Coding { .. } => Fault::passing("E-NET-CODING", Phase::Fetch, Repository),
            Self::NotFound { .. } => Fault::passing("E-NET-NOT-FOUND", Phase::Fetch, Repository),
            Self::Busy { .. } => Fault::passing("E-NET-BUSY", Phase::Fetch, Repository),
            Self::Status { .. } => Fault::passing("E-NET-STATUS", Phase::Fetch, Repository),
            Self::Cancelled => Fault::passing("E-NET-CANCELLED", Phase::Fetch, Machine),
            Self::Spool { source, .. } if is_full(source) => {
                Fault::passing("E-DISK-FULL", Phase::Fetch, Machine)
            }
            Self::Spool { .. } => Fault::lasting("E-DISK-SPOOL", Phase::Fetch, Machine),
            Self::BadProxy { .. } => Fault::lasting("E-NET-PROXY", Phase::Setup, Machine),
            Self::Client { .. } => Fault::lasting("E-NET-CLIENT", Phase::Setup, Bug),
        }
    }

    /// How long the server asked to wait before the next attempt, clamped.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A URL as errors show it: without query, fragment, name and password, and cut to 200 characters.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only for URLs that cannot have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.as_str().chars().take(200).collect()
}

/// What a request that brought no head means.
pub(super) fn of_request(asked: &Url, source: reqwest::Error, limits: &Limits) -> Error {
    let url = shown(asked);
    let source = source.without_url();
    if let Some(tls) = cause::<rustls::Error>(&source) {
        return Error::Tls { url, why: tls.to_string() };
    }
    if cause::<NotPublic>(&source).is_some() {
        let rule = "its name has no public address";
        return Error::Redirect { from: "a redirect".to_owned(), to: url, rule };
    }
    if source.is_dns() {
        return Error::Name { url };
    }
    if source.is_timeout() {
        return Error::Deadline { url, limit: limits.connect };
    }
    if !source.is_connect() {
        return Error::Broken { url, source };
    }
    // The only foreign error whose type is private; a test against a real proxy notices when its text changes.
    if causes(&source).any(|error| error.to_string().contains("proxy authorization required")) {
        return Error::ProxyRefused { url };
    }
    Error::Connect { url, source }
}

/// What a body that broke off means.
pub(super) fn of_body(asked: &Url, source: reqwest::Error) -> Error {
    Error::Broken { url: shown(asked), source: source.without_url() }
}

type Cause = dyn std::error::Error + 'static;

/// An error and what caused it, at most 16 deep.
fn causes(error: &Cause) -> impl Iterator<Item = &Cause> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let this = next?;
        // An I/O error does not show what it wraps as its source, so look inside.
        next = match this.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => this.source(),
        };
        Some(this)
    })
    .take(16)
}

fn cause<T: std::error::Error + 'static>(error: &Cause) -> Option<&T> {
    causes(error).find_map(|error| error.downcast_ref::<T>())
}
