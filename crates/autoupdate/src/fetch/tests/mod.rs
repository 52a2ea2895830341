//! Every guarantee of this room against a real peer on loopback.

mod hostile;
pub(crate) mod peer;
mod proxies;
mod resume;
mod small;

use std::time::Duration;

use super::*;

/// Limits that a test can wait for.
pub(crate) fn quick() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_secs(2),
        small: Duration::from_secs(5),
        download: Duration::from_secs(10),
        window: Duration::from_secs(1),
        minimum: 64,
        retry_after: Duration::from_secs(600),
        ..Limits::default()
    }
}

pub(crate) fn client() -> Client {
    Client::new(Config { limits: quick(), proxy: Proxy::Off }).unwrap()
}

/// The stable code of what went wrong.
fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().fault().code
}

/// A URL whose name no resolver knows, without asking the network: a label may have 63 characters.
fn unknown() -> url::Url {
    url::Url::parse(&format!("http://{}.invalid/x", "x".repeat(64))).unwrap()
}
