//! Which addresses are public, and a name look-up that gives no others.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether an address is reachable from everywhere: not this machine, not its link, not a private network, not
/// reserved. Addresses that embed an IPv4 address are judged by that one.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b); // RFC 6598, carrier-grade NAT
    let benchmark = a == 198 && (18..20).contains(&b); // RFC 2544
    let protocols = a == 192 && b == 0 && c == 0; // RFC 6890
    !(a == 0
        || a >= 240
        || shared
        || benchmark
        || protocols
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match (a, b) {
        // Mapped and compatible (RFC 4291), translated (RFC 6052), 6to4 (RFC 3056).
        (0, 0) if (c, d, e) == (0, 0, 0) && (f == 0xffff || f == 0) => {
            !ip.is_loopback() && !ip.is_unspecified() && is_public_v4(v4(g, h))
        }
        (0x64, 0xff9b) => is_public_v4(v4(g, h)),
        (0x2002, _) => is_public_v4(v4(b, c)),
        // Teredo, documentation, and whatever else is special in 2001::/23.
        (0x2001, 0..0x200 | 0xdb8) => false,
        // Everything global is in 2000::/3; the rest is link-local, unique-local, multicast or reserved.
        _ => (0x2000..0x4000).contains(&a),
    }
}

/// Looks names up and drops every address that is not public. For requests that follow a public server's redirect:
/// without this a name of the server's choice could point into the local network.
#[derive(Debug, Clone)]
pub(super) struct PublicOnly {
    /// Names that are looked up unfiltered: those of the proxies, which usually are in the local network.
    proxies: Arc<BTreeSet<String>>,
}

impl PublicOnly {
    pub(super) fn except(proxies: BTreeSet<String>) -> Self {
        Self { proxies: Arc::new(proxies) }
    }
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_ascii_lowercase();
        let exempt = self.proxies.contains(&name);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let kept: Vec<_> =
                found.into_iter().filter(|address| exempt || is_public(address.ip())).collect();
            if kept.is_empty() {
                return Err(io::Error::other(NotPublic).into());
            }
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

/// A name of a redirect has no public address.
#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
pub(super) struct NotPublic;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_everybody_reaches_are_public() {
        for public in
            ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00::1", "64:ff9b::101:101", "::ffff:1.1.1.1"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::7f00:1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[tokio::test]
    async fn a_name_that_points_into_this_machine_has_no_address() {
        let resolver = PublicOnly::except(BTreeSet::new());
        assert!(resolver.resolve("localhost".parse().unwrap()).await.is_err());
        let exempt = PublicOnly::except(BTreeSet::from(["localhost".to_owned()]));
        assert!(exempt.resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
