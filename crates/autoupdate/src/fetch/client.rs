//! Asking, following redirects, and reading small answers.

use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, DATE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
    LOCATION, RETRY_AFTER,
};
use reqwest::{Response, StatusCode};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::address::{self, PublicOnly};
use super::body::Body;
use super::redirect::{self, Plain, Zone};
use super::{Error, Limits, Proxy, error, portal, proxy};

/// Settings of a client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// Deadlines and counts.
    pub limits: Limits,
    /// The proxy.
    pub proxy: Proxy,
}

/// What an answer must look like, to notice pages that pretend to be the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// A JSON object.
    Json,
    /// Bytes of any kind.
    Bytes,
}

/// A question for a small object.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The most bytes worth reading.
    pub limit: u64,
    /// What it must look like.
    pub expect: Expect,
    /// The entity tag of the stored copy; unchanged is answered by [`Small::NotModified`].
    pub etag: Option<&'a str>,
}

/// The answer to a question for a small object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Small {
    /// The object.
    Body {
        /// Its bytes.
        bytes: Bytes,
        /// Its entity tag, if the server has one.
        etag: Option<String>,
    },
    /// The stored copy is what the server has (304).
    NotModified,
    /// There is no such object (404, 410; 403 from buckets that hide what is missing).
    NotFound,
}

/// A question that has a body.
#[derive(Debug, Clone)]
pub struct Post<'a> {
    /// Its headers, names in lower case.
    pub headers: &'a [(&'static str, &'a str)],
    /// The body.
    pub body: Bytes,
    /// The most bytes of the answer worth reading.
    pub limit: u64,
    /// The header of the answer that is wanted, in lower case.
    pub wanted: &'static str,
    /// The statuses without a body, beside 200, that are answers.
    pub known: &'a [u16],
}

/// The answer to a question that has a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// 200, or one of the known statuses.
    pub status: u16,
    /// The wanted header, if it came and is text.
    pub header: Option<String>,
    /// The body; empty for other statuses than 200.
    pub bytes: Bytes,
}

/// Asks servers. Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limits: Limits,
    /// Whether an answer may have come through a proxy, so that its address says nothing about the server.
    proxy_possible: bool,
    /// For this machine: never through a proxy.
    loopback: Lazy,
    /// For the addresses that an enrolment names.
    named: Lazy,
    /// For the addresses that a public server redirects to.
    redirected: Lazy,
}

/// A client of the HTTP library that is made when it is first needed: each reads all certificate authorities.
#[derive(Debug)]
struct Lazy {
    proxy: Proxy,
    resolver: Option<PublicOnly>,
    made: OnceLock<reqwest::Client>,
}

impl Lazy {
    fn new(proxy: Proxy, resolver: Option<PublicOnly>) -> Self {
        Self { proxy, resolver, made: OnceLock::new() }
    }

    fn get(&self, limits: &Limits) -> Result<&reqwest::Client, Error> {
        if let Some(made) = self.made.get() {
            return Ok(made);
        }
        let client = build(limits, &self.proxy, self.resolver.as_ref())?;
        Ok(self.made.get_or_init(|| client))
    }
}

/// The head of an answer that arrived, after all redirects.
pub(super) struct Answer {
    pub(super) url: Url,
    pub(super) response: Response,
}

impl Client {
    /// A client with these settings.
    ///
    /// # Errors
    /// [`Error::BadProxy`] for a proxy that cannot be used.
    pub fn new(config: Config) -> Result<Self, Error> {
        // Process-wide and only once; whoever installed another provider before us keeps it.
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let Config { limits, proxy } = config;
        // Said here and not at the first request: a setting that cannot work is a fault of the setting.
        let _checked = proxy::apply(reqwest::Client::builder(), &proxy)?;
        let resolver = PublicOnly::except(proxy::hosts(&proxy));
        Ok(Self {
            shared: Arc::new(Shared {
                limits,
                proxy_possible: proxy::possible(&proxy),
                loopback: Lazy::new(Proxy::Off, None),
                named: Lazy::new(proxy.clone(), None),
                redirected: Lazy::new(proxy, Some(resolver)),
            }),
        })
    }

    /// The limits of this client.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Fetches a small object whole.
    ///
    /// # Errors
    /// [`Error`]; an answer of somebody in between is [`Error::Portal`].
    pub async fn small(&self, url: &Url, ask: Ask<'_>) -> Result<Small, Error> {
        let limit = self.shared.limits.small;
        let asked = tokio::time::timeout(limit, self.small_unhurried(url, ask));
        asked.await.unwrap_or_else(|_| Err(Error::Deadline { url: error::shown(url), limit }))
    }

    async fn small_unhurried(&self, url: &Url, ask: Ask<'_>) -> Result<Small, Error> {
        let mut headers = HeaderMap::new();
        let etag = ask.etag.and_then(|etag| HeaderValue::from_str(etag).ok());
        let conditional = etag.is_some();
        if let Some(etag) = etag {
            headers.insert(IF_NONE_MATCH, etag);
        }
        let answer = self.get(url, &headers).await?;
        match answer.response.status().as_u16() {
            200 => {}
            304 if conditional => return Ok(Small::NotModified),
            403 | 404 | 410 => return Ok(Small::NotFound),
            _ => return Err(self.refusal(&answer)),
        }
        let etag = answer.response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).map(str::to_owned);
        let bytes = self.whole(answer, ask.limit, ask.expect).await?;
        Ok(Small::Body { bytes, etag })
    }

    /// Asks a question that has a body, and reads the answer whole.
    ///
    /// # Errors
    /// [`Error`]; an answer of somebody in between is [`Error::Portal`].
    pub async fn post(&self, url: &Url, post: &Post<'_>) -> Result<Posted, Error> {
        let limit = self.shared.limits.small;
        let asked = tokio::time::timeout(limit, self.post_unhurried(url, post));
        asked.await.unwrap_or_else(|_| Err(Error::Deadline { url: error::shown(url), limit }))
    }

    async fn post_unhurried(&self, url: &Url, post: &Post<'_>) -> Result<Posted, Error> {
        let named = post.headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
        });
        let answer = self.send(url, &named.collect(), Some(&post.body)).await?;
        let status = answer.response.status().as_u16();
        let header = answer.response.headers().get(post.wanted);
        let header = header.and_then(|value| value.to_str().ok()).map(str::to_owned);
        match status {
            200 => {}
            known if post.known.contains(&known) => {
                return Ok(Posted { status, header, bytes: Bytes::new() });
            }
            _ => return Err(self.refusal(&answer)),
        }
        let bytes = self.whole(answer, post.limit, Expect::Json).await?;
        Ok(Posted { status, header, bytes })
    }

    /// The whole body of an answer.
    async fn whole(&self, answer: Answer, limit: u64, expect: Expect) -> Result<Bytes, Error> {
        let url = error::shown(&answer.url);
        let mut body = Body::new(answer, limit, &self.shared.limits, self.shared.limits.small)?;
        let mut bytes = Vec::new();
        while let Some(piece) = body.next().await? {
            bytes.extend_from_slice(&piece);
        }
        match portal::in_body(&bytes, expect) {
            Some(sign) => Err(Error::Portal { url, sign }),
            None => Ok(bytes.into()),
        }
    }

    /// Sends a GET and follows redirects, until the head of a final answer is here. Answers of somebody in between, as
    /// far as the head gives them away, and content codings are refused here.
    pub(super) async fn get(&self, url: &Url, headers: &HeaderMap) -> Result<Answer, Error> {
        self.send(url, headers, None).await
    }

    /// The same, as a POST if there is a body. Only redirects that mean the same question again carry a body on.
    async fn send(&self, url: &Url, headers: &HeaderMap, body: Option<&Bytes>) -> Result<Answer, Error> {
        let limits = &self.shared.limits;
        let deadline = Instant::now() + limits.first_byte;
        let plain = Plain::of(url);
        let (mut next, mut zone, mut redirects) = (url.clone(), None, 0);
        let mut asked_again = false;
        loop {
            let client = match zone {
                _ if redirect::is_loopback(&next) => &self.shared.loopback,
                Some(Zone::Public) => &self.shared.redirected,
                Some(Zone::Private) | None => &self.shared.named,
            };
            let client = client.get(limits)?;
            let request = match body {
                Some(body) => client.post(next.clone()).body(body.clone()),
                None => client.get(next.clone()),
            };
            let request = request.headers(headers.clone());
            let response = match timeout_at(deadline, request.send()).await {
                Ok(Ok(response)) => response,
                Ok(Err(source)) => match error::of_request(&next, source, limits) {
                    // A server may close a connection that waits in the pool at any time, also at the very moment at
                    // which it is used again: such a request was never looked at (RFC 9112, 9.3.1).
                    Error::Broken { .. } if !asked_again => {
                        asked_again = true;
                        continue;
                    }
                    error => return Err(error),
                },
                Err(_) => return Err(Error::Deadline { url: error::shown(&next), limit: limits.first_byte }),
            };
            if !is_redirect(response.status()) {
                check_head(&next, &response, headers)?;
                return Ok(Answer { url: next, response });
            }
            let location =
                response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let refuse = |rule| Error::Redirect {
                from: error::shown(&next),
                to: redirect::shown(&next, location),
                rule,
            };
            if body.is_some() && !matches!(response.status().as_u16(), 307 | 308) {
                return Err(refuse("a question with a body is passed on by 307 or 308 alone"));
            }
            if redirects == limits.redirects {
                return Err(refuse("too many redirects"));
            }
            let from = self.zone_of(&next, &response);
            let to = redirect::target(&next, location, from, plain).map_err(refuse)?;
            // Once public, always public: nobody out there may send us back in.
            zone = Some(if zone == Some(Zone::Public) { Zone::Public } else { from });
            redirects += 1;
            next = to;
        }
    }

    /// Where an answer came from. Unknown counts as public, which is the stricter.
    fn zone_of(&self, url: &Url, response: &Response) -> Zone {
        let address = match url.host() {
            Some(url::Host::Ipv4(ip)) => Some(ip.into()),
            Some(url::Host::Ipv6(ip)) => Some(ip.into()),
            _ if redirect::is_loopback(url) || !self.shared.proxy_possible => {
                response.remote_addr().map(|address| address.ip())
            }
            _ => None,
        };
        match address {
            Some(ip) if !address::is_public(ip) => Zone::Private,
            _ => Zone::Public,
        }
    }

    /// What an answer without the object means.
    pub(super) fn refusal(&self, answer: &Answer) -> Error {
        let url = error::shown(&answer.url);
        match answer.response.status().as_u16() {
            status @ (403 | 404 | 410) => Error::NotFound { url, status },
            407 => Error::ProxyRefused { url },
            status @ (202 | 429 | 503) => {
                let wait = retry_after(answer.response.headers());
                Error::Busy {
                    url,
                    status,
                    retry_after: wait.map(|time| time.min(self.shared.limits.retry_after)),
                }
            }
            status => Error::Status { url, status },
        }
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn check_head(url: &Url, response: &Response, asked: &HeaderMap) -> Result<(), Error> {
    let headers = response.headers();
    if let Some(sign) = portal::in_head(response.status(), headers, asked.contains_key(IF_NONE_MATCH)) {
        return Err(Error::Portal { url: error::shown(url), sign });
    }
    match headers.get(CONTENT_ENCODING) {
        Some(coding) if response.status().is_success() && coding.as_bytes() != b"identity" => {
            let coding = String::from_utf8_lossy(coding.as_bytes()).chars().take(40).collect();
            Err(Error::Coding { url: error::shown(url), coding })
        }
        _ => Ok(()),
    }
}

/// How long an answer asks to wait: seconds, or a date compared with the answer's own date, so that our clock does not
/// matter. At least one second.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date =
                |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp().as_second());
            let now = date(headers.get(DATE)?.to_str().ok()?)?;
            u64::try_from(date(text)?.saturating_sub(now)).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds.max(1)))
}

fn build(limits: &Limits, proxy: &Proxy, resolver: Option<&PublicOnly>) -> Result<reqwest::Client, Error> {
    let builder = || {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("autoupdate/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(limits.connect)
            .http1_max_headers(limits.headers)
            .http2_max_header_list_size(32 << 10)
            .pool_max_idle_per_host(2)
            .pool_idle_timeout(Duration::from_secs(30));
        let builder = proxy::apply(builder, proxy)?;
        Ok(match resolver {
            Some(resolver) => builder.dns_resolver(resolver.clone()),
            None => builder,
        })
    };
    // A machine without any certificate authorities can still update over plain loopback http; every https connection
    // then fails for want of an authority, which is the truth.
    builder()?
        .build()
        .or_else(|_| builder()?.tls_certs_only([]).build().map_err(|source| Error::Client { source }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let check = |retry: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, retry.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            retry_after(&headers).map(|time| time.as_secs())
        };
        let now = Some("Mon, 23 Nov 2026 10:00:00 GMT");
        for (retry, date, expected) in [
            ("120", None, Some(120)),
            ("0", None, Some(1)),
            ("Mon, 23 Nov 2026 10:02:00 GMT", now, Some(120)),
            ("Mon, 23 Nov 2026 09:00:00 GMT", now, Some(1)),
            ("Mon, 23 Nov 2026 10:02:00 GMT", None, None),
            ("soon", now, None),
            ("-5", now, None),
            ("99999999999999999999", now, None),
        ] {
            assert_eq!(check(retry, date), expected, "{retry}");
        }
    }
}
