//! GitHub's REST interface: the list of releases, page by page, and nothing else.
//!
//! Rules: every answer has a limit of bytes and a deadline; what we know is asked for with its ETag, so that nothing new costs
//! nothing of the rate limit; the token goes to the configured address alone, also when a page or a redirect names another one.

use std::sync::Once;
use std::time::Duration;

use jiff::Timestamp;
use protocol::SourceUrl;
use reqwest::header::{ACCEPT, AUTHORIZATION, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, LINK};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use signing::Passphrase;
use tokio::time::Instant;
use url::Url;

use super::rate::Rate;
use super::state::Page;
use crate::config::RepositoryName;

/// The version of the interface that is meant.
const API_VERSION: &str = "2022-11-28";
/// Releases on a page: the most that GitHub gives.
const PER_PAGE: usize = 100;
/// The longest page, in bytes: a hundred releases with as many words as GitHub lets one have.
const MAX_PAGE: u64 = 16 << 20;
/// The longest ETag that is kept, in bytes.
const MAX_ETAG: usize = 256;
/// For one page.
const PAGE_DEADLINE: Duration = Duration::from_secs(60);
/// For a connection.
const CONNECT_DEADLINE: Duration = Duration::from_secs(15);
/// The longest time without a byte.
const STALL: Duration = Duration::from_secs(30);
/// The most redirects of one request.
const MAX_REDIRECTS: usize = 5;

/// A release as GitHub lists it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Release {
    pub(crate) id: u64,
    pub(crate) tag_name: String,
    #[serde(default)]
    pub(crate) draft: bool,
    #[serde(default)]
    pub(crate) prerelease: bool,
    #[serde(default)]
    pub(crate) assets: Vec<Asset>,
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Asset {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// `uploaded`, once it is whole.
    pub(crate) state: Option<String>,
    pub(crate) size: u64,
    /// `sha256:…`; assets from before 2025 have none.
    pub(crate) digest: Option<String>,
    pub(crate) browser_download_url: String,
}

/// The list of releases.
#[derive(Debug)]
pub(crate) enum Listing {
    /// As it was.
    Unchanged,
    /// New.
    New {
        releases: Vec<Release>,
        pages: Vec<Page>,
        /// Whether these are all: there may be more pages than are read.
        whole: bool,
    },
}

/// Why GitHub gave no list, or no asset.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("GitHub's rate limit is reached: nothing is asked for {} s", pause.as_secs())]
    Limited { pause: Duration },
    #[error("GitHub answers 401: the token of `token_file` is not good (any more)")]
    Token,
    #[error("GitHub answers {0}: there is no such repository, or only for who has a token")]
    NoRepository(StatusCode),
    #[error("{url} answers {status}")]
    Status { url: String, status: StatusCode },
    #[error("{url} cannot be asked: {source}")]
    Network { url: String, source: reqwest::Error },
    #[error("a page of the list of releases is longer than {limit} bytes")]
    TooLong { limit: u64 },
    #[error("a page of the list of releases is not what GitHub gives: {0}")]
    Malformed(serde_json::Error),
    #[error("a page of the list of releases names the next one at {0}, which is another server")]
    Elsewhere(String),
    #[error("GitHub names {0:?} as its address, which is none to fetch from: it must be https")]
    Address(String),
    #[error("the token: {0}")]
    TokenFile(#[source] signing::Error),
}

/// One server, asked about one repository.
pub(crate) struct Api {
    base: SourceUrl,
    repository: RepositoryName,
    /// Follows redirects within the server alone.
    asks: reqwest::Client,
    /// Follows them to where assets lie.
    fetches: reqwest::Client,
}

impl Api {
    pub(crate) fn new(base: SourceUrl, repository: RepositoryName) -> Result<Self, reqwest::Error> {
        // Process-wide and only once; whoever installed another provider before us keeps it.
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let loopback = base.as_url().scheme() == "http";
        let build = |policy: Policy| {
            let builder = reqwest::Client::builder()
                .user_agent(concat!("autoupdate-server/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT_DEADLINE)
                .read_timeout(STALL)
                .referer(false)
                .redirect(policy);
            // This machine is never behind a proxy.
            if loopback { builder.no_proxy().build() } else { builder.build() }
        };
        let origin = base.as_url().origin();
        let within = Policy::custom(move |attempt| {
            if attempt.previous().len() > MAX_REDIRECTS || attempt.url().origin() != origin {
                return attempt.stop();
            }
            attempt.follow()
        });
        let anywhere = Policy::custom(move |attempt| {
            let good = attempt.url().scheme() == "https"
                || loopback
                    && SourceUrl::parse(attempt.url().origin().ascii_serialization().as_str(), false).is_ok();
            if attempt.previous().len() > MAX_REDIRECTS || !good {
                return attempt.stop();
            }
            attempt.follow()
        });
        Ok(Self { asks: build(within)?, fetches: build(anywhere)?, base, repository })
    }

    /// The list of releases, of at most so many pages. Pages that are as `known` cost nothing; if all are, it is unchanged.
    pub(crate) async fn list(
        &self,
        known: &[Page],
        most: usize,
        token: Option<&Passphrase>,
        rate: &Rate,
        clock: impl Fn() -> Timestamp,
    ) -> Result<Listing, SourceError> {
        let mut unchanged = !known.is_empty();
        for page in known {
            let url = Url::parse(&page.url).unwrap_or_else(|_| self.first_page());
            match self.page(&url, Some(&page.etag), token, rate, clock()).await? {
                None => {}
                Some(_) => {
                    unchanged = false;
                    break;
                }
            }
        }
        if unchanged {
            return Ok(Listing::Unchanged);
        }
        // All of them, so that all are of one moment.
        let (mut releases, mut pages) = (Vec::<Release>::new(), Vec::new());
        let mut next = Some(self.first_page());
        while let Some(url) = next.take_if(|_| pages.len() < most) {
            let Some(page) = self.page(&url, None, token, rate, clock()).await? else { break };
            pages.push(Page { url: url.into(), etag: page.etag });
            // A release that comes while we read moves others to the next page: they are listed twice.
            let new = page.releases.into_iter();
            releases.extend(
                new.filter(|new| releases.iter().all(|there| there.id != new.id)).collect::<Vec<_>>(),
            );
            next = page.next;
        }
        // Without an ETag nothing can be asked for conditionally.
        let pages = if pages.iter().any(|page| page.etag.is_empty()) { Vec::new() } else { pages };
        Ok(Listing::New { releases, pages, whole: next.is_none() })
    }

    /// One page; None: it is as it was.
    async fn page(
        &self,
        url: &Url,
        etag: Option<&str>,
        token: Option<&Passphrase>,
        rate: &Rate,
        clock: Timestamp,
    ) -> Result<Option<OnePage>, SourceError> {
        // A page that a state file or an answer named: the token must go nowhere else.
        if url.origin() != self.base.as_url().origin() {
            return Err(SourceError::Elsewhere(shown(url)));
        }
        if let Some(pause) = rate.pause(Instant::now()) {
            return Err(SourceError::Limited { pause });
        }
        let mut headers = self.headers("application/vnd.github+json", token);
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            headers.insert(IF_NONE_MATCH, etag);
        }
        let network =
            |source: reqwest::Error| SourceError::Network { url: shown(url), source: source.without_url() };
        let request = self.asks.get(url.clone()).headers(headers).timeout(PAGE_DEADLINE);
        let mut response = request.send().await.map_err(network)?;
        let status = response.status();
        if let Some(pause) = rate.note(status, response.headers(), Instant::now(), clock) {
            return Err(SourceError::Limited { pause });
        }
        match status.as_u16() {
            200 => {}
            304 if etag.is_some() => return Ok(None),
            401 => return Err(SourceError::Token),
            403 | 404 | 451 => return Err(SourceError::NoRepository(status)),
            _ => return Err(SourceError::Status { url: shown(url), status }),
        }
        let next = next_page(response.headers(), url);
        let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok());
        let etag = etag.filter(|etag| etag.len() <= MAX_ETAG).unwrap_or_default().to_owned();
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(network)? {
            if bytes.len() as u64 + piece.len() as u64 > MAX_PAGE {
                return Err(SourceError::TooLong { limit: MAX_PAGE });
            }
            bytes.extend_from_slice(&piece);
        }
        let releases: Vec<Release> = serde_json::from_slice(&bytes).map_err(SourceError::Malformed)?;
        Ok(Some(OnePage { releases, etag, next }))
    }

    /// Begins to fetch an asset: from where everybody fetches it, or with a token as that lets.
    pub(crate) async fn fetch(
        &self,
        asset: &Asset,
        token: Option<&Passphrase>,
        more: HeaderMap,
    ) -> Result<Response, SourceError> {
        let public = || Url::parse(&asset.browser_download_url).ok();
        // Private repositories give nothing under the public address.
        let (url, mut headers) = match token {
            Some(_) => {
                let path = format!("repos/{}/releases/assets/{}", self.repository.as_str(), asset.id);
                (self.base.as_url().join(&path).ok(), self.headers("application/octet-stream", token))
            }
            None => (public(), HeaderMap::new()),
        };
        let elsewhere = || SourceError::Address(asset.browser_download_url.chars().take(200).collect());
        let url = url.ok_or_else(elsewhere)?;
        let good = url.scheme() == "https"
            || url.scheme() == self.base.as_url().scheme() && SourceUrl::parse(url.as_str(), false).is_ok();
        if !good {
            return Err(elsewhere());
        }
        headers.extend(more);
        let network =
            |source: reqwest::Error| SourceError::Network { url: shown(&url), source: source.without_url() };
        self.fetches.get(url.clone()).headers(headers).send().await.map_err(network)
    }

    fn first_page(&self) -> Url {
        let mut url = self.base.as_url().clone();
        url.set_path(&format!("{}repos/{}/releases", self.base.as_url().path(), self.repository.as_str()));
        url.set_query(Some(&format!("per_page={PER_PAGE}&page=1")));
        url
    }

    fn headers(&self, accept: &'static str, token: Option<&Passphrase>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        headers.insert("x-github-api-version", HeaderValue::from_static(API_VERSION));
        let bearer = token.and_then(|token| HeaderValue::try_from(format!("Bearer {}", token.expose())).ok());
        if let Some(mut bearer) = bearer {
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        headers
    }
}

struct OnePage {
    releases: Vec<Release>,
    etag: String,
    next: Option<Url>,
}

/// The address behind `rel="next"` (RFC 8288).
fn next_page(headers: &HeaderMap, of: &Url) -> Option<Url> {
    let lines = headers.get_all(LINK).iter().filter_map(|line| line.to_str().ok());
    let mut links = lines.flat_map(|line| line.split(','));
    links.find_map(|link| {
        let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let next = parameters.split(';').any(|one| matches!(one.trim(), "rel=\"next\"" | "rel=next"));
        next.then(|| of.join(address).ok()).flatten()
    })
}

/// An address for people: without a query, which may hold a signature that lets in.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.as_str().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_one_that_is_called_so() {
        let of = Url::parse("https://api.github.com/repos/o/r/releases").unwrap();
        let check = |link: &str, expected: Option<&str>| {
            let headers = HeaderMap::from_iter([(LINK, link.parse().unwrap())]);
            assert_eq!(next_page(&headers, &of).as_ref().map(Url::as_str), expected, "{link}");
        };
        let (two, last) = ("https://api.github.com/x?page=2", "https://api.github.com/x?page=9");
        check(&format!("<{two}>; rel=\"next\", <{last}>; rel=\"last\""), Some(two));
        check(&format!("<{last}>; rel=\"last\", <{two}>; title=x; rel=next"), Some(two));
        check(&format!("<{last}>; rel=\"last\""), None);
        check("nonsense, <", None);
        check("</x?page=2>; rel=\"next\"", Some(two));
    }

    #[test]
    fn the_list_is_asked_for_below_the_base() {
        let page = |base: &str| {
            let base = SourceUrl::parse(base, false).unwrap();
            let repository = toml::from_str::<crate::config::Github>("app = \"a\"\nrepository = \"o/r\"")
                .unwrap()
                .repository;
            Api::new(base, repository).unwrap().first_page().to_string()
        };
        let tail = "repos/o/r/releases?per_page=100&page=1";
        assert_eq!(page("https://api.github.com"), format!("https://api.github.com/{tail}"));
        assert_eq!(page("https://ghe.example.org/api/v3"), format!("https://ghe.example.org/api/v3/{tail}"));
    }
}
