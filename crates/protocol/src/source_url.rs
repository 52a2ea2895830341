//! Where an app's objects lie: the one place that says which URLs are acceptable at all.

use std::fmt;

use url::{Host, Url};

use crate::{AppId, Invalid};

/// The base URL of a source; an app's objects are below `{base}/apps/{app}/`.
///
/// `https` always; `http` only to a loopback address, or where a machine-owned enrolment says so.
/// No user name or password, no query, no fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceUrl(Url);

impl SourceUrl {
    /// Parses a base URL.
    ///
    /// # Errors
    /// [`Invalid`] for another scheme, plain `http` beyond loopback without `allow_http`, and URLs with credentials,
    /// a query or a fragment.
    pub fn parse(text: &str, allow_http: bool) -> Result<Self, Invalid> {
        let invalid = |rule| Invalid::new("source", text, rule);
        let mut url = admitted("source", text, allow_http)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("it must not have a query or fragment"));
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self(url))
    }

    /// The URL of an object of an app; `name` is one of [`crate::object`]'s names.
    #[must_use]
    pub fn object(&self, app: &AppId, name: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}apps/{app}/{name}", self.0.path()));
        url
    }

    /// The base URL itself; its path ends in `/`.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

/// The address of one download, as a signed answer names it: by the rules of [`SourceUrl`], but with any path and query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadUrl(Url);

impl DownloadUrl {
    /// The longest that is accepted, in bytes.
    const MAX_BYTES: usize = 4096;

    /// Parses an address.
    ///
    /// # Errors
    /// [`Invalid`] for another scheme, plain `http` beyond loopback without `allow_http`, URLs with credentials, and URLs longer
    /// than 4,096 bytes.
    pub fn parse(text: &str, allow_http: bool) -> Result<Self, Invalid> {
        if text.len() > Self::MAX_BYTES {
            return Err(Invalid::new("download", text, "it must be at most 4096 bytes long"));
        }
        admitted("download", text, allow_http).map(Self)
    }

    /// The URL.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

/// The rules that hold for every address: who may be asked, and how.
fn admitted(what: &'static str, text: &str, allow_http: bool) -> Result<Url, Invalid> {
    let invalid = |rule| Invalid::new(what, text, rule);
    let url =
        Url::parse(text).map_err(|_| invalid("it must be a URL such as https://updates.example.org/"))?;
    match url.scheme() {
        "https" => {}
        "http" if allow_http || is_loopback(&url) => {}
        "http" => return Err(invalid("http is only allowed to a loopback address: use https")),
        _ => return Err(invalid("the scheme must be https")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("it must not hold a user name or password"));
    }
    Ok(url)
}

/// Whether plain http to this URL stays on this machine. Host names are not looked up: only `localhost` counts.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl fmt::Display for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl serde::Serialize for SourceUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_or_loopback() {
        for good in [
            "https://x.org",
            "https://x.org/a/b",
            "http://127.0.0.1:80/",
            "http://[::1]:8/",
            "http://localhost",
        ] {
            assert!(SourceUrl::parse(good, false).is_ok(), "{good}");
        }
        for bad in [
            "http://x.org",
            "http://10.0.0.1/",
            "http://localhost.x.org/",
            "ftp://x.org/",
            "file:///etc/",
            "x.org",
            "https://u:p@x.org/",
            "https://x.org/?q",
            "https://x.org/#f",
            "http://127.0.0.1.nip.io/",
        ] {
            assert!(SourceUrl::parse(bad, false).is_err(), "{bad}");
        }
        assert!(SourceUrl::parse("http://10.0.0.1/", true).is_ok());
        assert!(SourceUrl::parse("file:///etc/", true).is_err());
    }

    #[test]
    fn a_download_may_have_a_query_and_nothing_else_that_a_source_may_not() {
        for good in ["https://x.org/a.bz2?sig=1", "http://127.0.0.1:9/x", "https://x.org"] {
            assert_eq!(DownloadUrl::parse(good, false).unwrap().as_url(), &Url::parse(good).unwrap());
        }
        for bad in ["", "http://x.org/a", "ftp://x.org/", "file:///etc/passwd", "https://u:p@x.org/", "/a"] {
            assert!(DownloadUrl::parse(bad, false).is_err(), "{bad}");
        }
        assert!(DownloadUrl::parse("http://x.org/a", true).is_ok());
        assert!(DownloadUrl::parse(&format!("https://x.org/{}", "a".repeat(5000)), false).is_err());
    }

    #[test]
    fn objects_lie_below_the_app() {
        let source = SourceUrl::parse("https://x.org/up", false).unwrap();
        let url = source.object(&AppId::parse("a").unwrap(), "metadata/timestamp.json");
        assert_eq!(url.as_str(), "https://x.org/up/apps/a/metadata/timestamp.json");
    }
}
