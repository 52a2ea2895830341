//! Whose request it is, and how many of them: the address of a client, and its budget.
//!
//! Rules: the address is the peer's, unless the peer is a proxy that the operator trusts; then it is the last entry of
//! `X-Forwarded-For` that is no trusted proxy (entries before it were written by the client and prove nothing). One
//! IPv6 client can have a whole /64, so that is one address here. The table of budgets is bounded: what is full again
//! is forgotten, and when nothing is, the newcomer is refused rather than the memory grown.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use tokio::time::Instant;

/// The most addresses with a budget that is not full.
const MAX_ADDRESSES: usize = 100_000;

/// The address that limits count for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Client(pub(crate) IpAddr);

impl Client {
    /// The client behind a connection and its headers.
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> Self {
        let peer = peer.to_canonical();
        if !trusted.contains(&peer) {
            return Self(peer);
        }
        let lines: Vec<&str> =
            headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
        let entries = lines.iter().flat_map(|line| line.split(',')).rev();
        for entry in entries {
            match entry.trim().parse::<IpAddr>().map(|address| address.to_canonical()) {
                Ok(address) if trusted.contains(&address) => {}
                Ok(address) => return Self(address),
                Err(_) => break,
            }
        }
        Self(peer)
    }

    /// What limits count for.
    pub(crate) fn group(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        }
    }
}

/// A budget of requests per address: so many at once, so many per second after that.
pub(crate) struct Budgets {
    per_second: u32,
    burst: u32,
    table: Mutex<HashMap<IpAddr, Budget>>,
}

struct Budget {
    left: f64,
    at: Instant,
}

impl Budgets {
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second, burst, table: Mutex::new(HashMap::new()) }
    }

    /// Takes one request from the budget of an address, or says how long to wait.
    pub(crate) fn take(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        if self.per_second == 0 {
            return Ok(());
        }
        let (per_second, burst) = (f64::from(self.per_second), f64::from(self.burst));
        let refilled = |budget: &Budget| {
            (budget.left + now.saturating_duration_since(budget.at).as_secs_f64() * per_second).min(burst)
        };
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= MAX_ADDRESSES && !table.contains_key(&address) {
            table.retain(|_, budget| refilled(budget) < burst);
            if table.len() >= MAX_ADDRESSES {
                return Err(Duration::from_secs(60));
            }
        }
        let budget = table.entry(address).or_insert(Budget { left: burst, at: now });
        budget.left = refilled(budget);
        budget.at = now;
        if budget.left >= 1.0 {
            budget.left -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - budget.left) / per_second))
    }
}

/// How many connections each address holds.
#[derive(Default)]
pub(crate) struct Connections {
    held: Mutex<HashMap<IpAddr, usize>>,
}

impl Connections {
    /// Counts one more connection of an address. False: it has as many as it may.
    pub(crate) fn enter(&self, address: IpAddr, most: usize) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(address).or_insert(0);
        if *count >= most {
            return false;
        }
        *count += 1;
        true
    }

    /// Counts one connection less.
    pub(crate) fn leave(&self, address: IpAddr) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                held.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_trusted_proxies_speak_for_others() {
        let trusted = [ip("127.0.0.1"), ip("10.0.0.1")];
        for (peer, forwarded, expected) in [
            ("9.9.9.9", &["1.1.1.1"][..], "9.9.9.9"),
            ("127.0.0.1", &["1.1.1.1"], "1.1.1.1"),
            ("::ffff:127.0.0.1", &["1.1.1.1"], "1.1.1.1"),
            ("127.0.0.1", &["6.6.6.6, 1.1.1.1, 10.0.0.1"], "1.1.1.1"),
            ("127.0.0.1", &["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
            ("127.0.0.1", &["1.1.1.1, nonsense"], "127.0.0.1"),
            ("127.0.0.1", &["10.0.0.1"], "127.0.0.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            for line in forwarded {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            assert_eq!(
                Client::of(ip(peer), &headers, &trusted),
                Client(ip(expected)),
                "{peer} {forwarded:?}"
            );
        }
    }

    #[test]
    fn a_client_with_a_whole_network_is_one_client() {
        assert_eq!(Client(ip("2001:db8::1")).group(), Client(ip("2001:db8::ffff:1")).group());
        assert_ne!(Client(ip("2001:db8::1")).group(), Client(ip("2001:db8:0:1::1")).group());
    }

    #[test]
    fn a_budget_empties_and_fills() {
        let (budgets, begin) = (Budgets::new(2, 3), Instant::now());
        let take = |after: u64| budgets.take(ip("1.1.1.1"), begin + Duration::from_millis(after));
        assert_eq!([take(0), take(0), take(0)], [Ok(()); 3]);
        assert_eq!(take(0), Err(Duration::from_millis(500)));
        assert_eq!(budgets.take(ip("1.1.1.2"), begin), Ok(()));
        assert_eq!(take(500), Ok(()));
        assert!(take(500).is_err());
        assert_eq!([take(3_600_000), take(3_600_000), take(3_600_000)], [Ok(()); 3]);
        assert!(take(3_600_000).is_err());
    }

    #[test]
    fn connections_are_counted_per_address() {
        let connections = Connections::default();
        assert!(connections.enter(ip("1.1.1.1"), 1));
        assert!(!connections.enter(ip("1.1.1.1"), 1));
        assert!(connections.enter(ip("1.1.1.2"), 1));
        connections.leave(ip("1.1.1.1"));
        assert!(connections.enter(ip("1.1.1.1"), 1));
    }
}
