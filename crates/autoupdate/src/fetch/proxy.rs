//! Which proxy, if any: the environment's (and on macOS and Windows the system's), none, or a set one.

use std::fmt;

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
