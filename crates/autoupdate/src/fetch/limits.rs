//! Every number of this room, and the attack or fault that it stops.

use std::time::Duration;

/// Limits of all requests of a client. The defaults suit a slow mobile network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands, TLS included. Stops black holes.
    pub connect: Duration,
    /// From the request to the end of the answer's head, redirects included. Stops servers that accept and say nothing.
    pub first_byte: Duration,
    /// For a whole small answer (metadata, index). Stops an answer that drips.
    pub small: Duration,
    /// For a whole download in one attempt. The spool keeps what came, so the next attempt goes on.
    pub download: Duration,
    /// A body must bring at least [`Self::minimum`] bytes in each of these. Stops stalls and dripping.
    pub window: Duration,
    /// See [`Self::window`]. In bytes.
    pub minimum: u64,
    /// Redirects that are followed. Stops loops.
    pub redirects: usize,
    /// Header lines of an answer. Stops header floods; the length of a head is bounded by the HTTP library (400 KiB).
    pub headers: usize,
    /// The longest wait that a server may ask for with `Retry-After`. Stops "come back next year".
    pub retry_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            first_byte: Duration::from_secs(30),
            small: Duration::from_secs(60),
            download: Duration::from_secs(6 * 3600),
            window: Duration::from_secs(30),
            minimum: 2 << 10,
            redirects: 5,
            headers: 64,
            retry_after: Duration::from_secs(3600),
        }
    }
}
