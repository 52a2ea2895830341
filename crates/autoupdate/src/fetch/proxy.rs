//! Which proxy, if any: the environment's (and on macOS and Windows the system's), none, or a set one.

use std::collections::BTreeSet;
use std::fmt;

use reqwest::{ClientBuilder, NoProxy};
use url::Url;

use super::Error;

/// The proxy of a client. Requests to loopback addresses never go through one: they would leave the machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Proxy {
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment, else the operating system's setting.
    #[default]
    System,
    /// None, whatever the environment says.
    Off,
    /// This one for everything but the hosts in `except`.
    Set {
        /// Its URL; may hold a name and password.
        url: ProxyUrl,
        /// Hosts, domains (`.corp.example`) and networks (`10.0.0.0/8`) that are reached directly, separated by commas.
        except: String,
    },
}

/// The URL of a proxy: `http` or `https`. Never shown with its password.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(Url);

impl ProxyUrl {
    /// Parses it.
    ///
    /// # Errors
    /// [`Error::BadProxy`] for anything but an `http` or `https` URL with a host.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Self(url)),
            Ok(url) => Err(Error::BadProxy { proxy: without_password(url) }),
            Err(_) => Err(Error::BadProxy { proxy: "(no URL)".to_owned() }),
        }
    }

    /// The URL, with its password.
    pub(super) fn as_url(&self) -> &Url {
        &self.0
    }
}

/// The variables that the HTTP library reads.
const VARIABLES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Gives a client its proxy.
pub(super) fn apply(builder: ClientBuilder, proxy: &Proxy) -> Result<ClientBuilder, Error> {
    Ok(match proxy {
        Proxy::System => builder,
        Proxy::Off => builder.no_proxy(),
        Proxy::Set { url, except } => {
            let set = reqwest::Proxy::all(url.as_url().clone());
            let set = set.map_err(|_| Error::BadProxy { proxy: url.to_string() })?;
            builder.proxy(set.no_proxy(NoProxy::from_string(except)))
        }
    })
}

/// Whether a request may go through a proxy. Only on Linux is the environment all there is.
pub(super) fn possible(proxy: &Proxy) -> bool {
    match proxy {
        Proxy::Off => false,
        Proxy::Set { .. } => true,
        Proxy::System => {
            !cfg!(target_os = "linux") || VARIABLES.iter().any(|name| std::env::var_os(name).is_some())
        }
    }
}

/// The host names of all proxies that a client may use, in lower case.
pub(super) fn hosts(proxy: &Proxy) -> BTreeSet<String> {
    let host = |url: &Url| url.host_str().map(str::to_ascii_lowercase);
    match proxy {
        Proxy::Off => BTreeSet::new(),
        Proxy::Set { url, .. } => host(url.as_url()).into_iter().collect(),
        Proxy::System => (VARIABLES.iter().filter_map(|name| std::env::var(name).ok()))
            .filter_map(|text| {
                // `proxy:3128` without a scheme is usual there.
                let text = if text.contains("://") { text } else { format!("http://{text}") };
                host(&Url::parse(&text).ok()?)
            })
            .collect(),
    }
}

fn without_password(mut url: Url) -> String {
    // Both fail only for URLs that cannot have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_password(self.0.clone()))
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
