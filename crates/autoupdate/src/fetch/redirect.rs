//! Where a redirect may lead. Pure: the address that answered is an argument.
//!
//! A redirect is the server's word, and the server is not trusted to make this machine talk to itself or to its
//! neighbours: router pages, cloud metadata services, developer servers.

use url::{Host, Url};

use super::address;

/// Where an answer came from, as far as redirects are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    /// This machine or its private network: a redirect may stay there.
    Private,
    /// Anywhere else, and everything that is unknown: a redirect must lead to a public address.
    Public,
}

/// Whether plain http may be used, decided by the first URL, which the source's rules have admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    /// The first URL was `https`.
    Never,
    /// The first URL was `http` to a loopback address.
    Loopback,
    /// The first URL was `http` to somewhere else: a machine-owned enrolment allows it.
    Anywhere,
}

impl Plain {
    /// What the first URL of a request allows.
    pub(super) fn of(first: &Url) -> Self {
        match first.scheme() {
            "http" if is_loopback(first) => Self::Loopback,
            "http" => Self::Anywhere,
            _ => Self::Never,
        }
    }
}

/// The URL of a redirect from `from` to `location`, or the rule that forbids it. Names are not looked up here: where
/// `zone` is public, the caller's resolver gives only public addresses.
pub(super) fn target(from: &Url, location: &str, zone: Zone, plain: Plain) -> Result<Url, &'static str> {
    if location.len() > 4096 {
        return Err("the address is longer than 4096 bytes");
    }
    let to = from.join(location).map_err(|_| "it is not a URL")?;
    match (to.scheme(), from.scheme()) {
        ("https", _) => {}
        ("http", "https") => return Err("never from https to http"),
        ("http", _) if plain == Plain::Anywhere || (plain == Plain::Loopback && is_loopback(&to)) => {}
        ("http", _) => return Err("http is not allowed there"),
        _ => return Err("the scheme must be https"),
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err("it holds a user name or password");
    }
    if zone == Zone::Public && !may_be_public(&to) {
        return Err("it leads from a public server into this machine or its network");
    }
    Ok(to)
}

/// A redirect's address as errors show it.
pub(super) fn shown(from: &Url, location: &str) -> String {
    from.join(location).map_or_else(|_| location.chars().take(80).collect(), |url| super::error::shown(&url))
}

/// Whether a URL names this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => is_localhost(name),
        None => false,
    }
}

/// RFC 6761: `localhost` and everything below it is this machine.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

fn may_be_public(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => address::is_public(ip.into()),
        Some(Host::Ipv6(ip)) => address::is_public(ip.into()),
        Some(Host::Domain(name)) => !is_localhost(name),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, location: &str, zone: Zone) -> Result<String, &'static str> {
        let from = Url::parse(from).unwrap();
        target(&from, location, zone, Plain::of(&from)).map(String::from)
    }

    #[test]
    fn from_a_public_server_only_to_public_https() {
        for good in
            ["https://cdn.example.net/x", "/other", "//cdn.example.net/x", "https://93.184.216.34/x", "?q=1"]
        {
            assert!(check("https://x.org/a", good, Zone::Public).is_ok(), "{good}");
        }
        for bad in [
            "http://x.org/a",
            "http://127.0.0.1/",
            "file:///etc/passwd",
            "data:text/html,x",
            "ftp://x.org/",
            "javascript:alert(1)",
            "https://localhost/",
            "https://a.localhost./",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://10.1.2.3/",
            "https://192.168.1.1/",
            "https://172.16.0.1/",
            "https://169.254.169.254/latest/",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://u:p@x.org/",
            "https://",
            "http://[",
        ] {
            assert!(check("https://x.org/a", bad, Zone::Public).is_err(), "{bad}");
        }
        assert!(check("https://x.org/", &"a".repeat(5000), Zone::Public).is_err());
    }

    #[test]
    fn plain_http_stays_where_it_was_allowed() {
        let loopback = "http://127.0.0.1:8000/a";
        assert!(check(loopback, "http://127.0.0.1:9000/", Zone::Private).is_ok());
        assert!(check(loopback, "https://x.org/", Zone::Private).is_ok());
        assert!(check(loopback, "http://10.0.0.1/", Zone::Private).is_err());
        assert!(check(loopback, "http://x.org/", Zone::Private).is_err());
        // A machine-owned enrolment allows http to this host, so its redirects may be http, but not into the machine.
        assert!(check("http://x.org/", "http://y.org/", Zone::Public).is_ok());
        assert!(check("http://x.org/", "http://127.0.0.1/", Zone::Public).is_err());
        assert!(check("http://updates.corp/", "http://10.0.0.1/", Zone::Private).is_ok());
    }

    #[test]
    fn https_is_never_left_even_if_the_first_url_was_plain() {
        let from = Url::parse("https://x.org/").unwrap();
        assert!(target(&from, "http://x.org/", Zone::Public, Plain::Anywhere).is_err());
    }
}
