//! A name for every request, so that a log line, an answer and a person's report can be told to be about the same one.
//!
//! A proxy that the operator trusts may have given it one already (`X-Request-Id`); anybody else's is not believed, or one
//! client could hide among the lines of another. The answer carries it too.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header, in requests of trusted proxies and in all answers.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest that is taken from a proxy, in bytes.
const MAX_BYTES: usize = 64;

/// Gives out names.
pub(crate) struct RequestIds {
    /// Another one in every process.
    process: u32,
    next: AtomicU32,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        let random = std::hash::RandomState::new().build_hasher().finish();
        // Half of it is random enough: it only has to differ from the process before.
        Self { process: (random >> 32) as u32, next: AtomicU32::new(0) }
    }

    /// The name of a request that came with these headers.
    pub(crate) fn of(&self, headers: &HeaderMap, from_trusted_proxy: bool) -> RequestId {
        if from_trusted_proxy && let Some(given) = headers.get(HEADER).filter(|given| plain(given)) {
            return RequestId(given.clone());
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut text = *b"00000000-00000000";
        // Both fit, and what is written are ASCII characters.
        let _ = hex::encode_to_slice(self.process.to_be_bytes(), &mut text[..8]);
        let _ = hex::encode_to_slice(number.to_be_bytes(), &mut text[9..]);
        RequestId(HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("")))
    }
}

/// The name of a request, which can stand in a header and in a log line as it is.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn into_header(self) -> HeaderValue {
        self.0
    }
}

/// Whether it can stand in a log line as it is.
fn plain(value: &HeaderValue) -> bool {
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=MAX_BYTES).contains(&value.len()) && value.as_bytes().iter().all(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_names_requests() {
        let ids = RequestIds::new();
        let given = |text: &'static str| HeaderMap::from_iter([(HEADER, HeaderValue::from_static(text))]);
        assert_eq!(ids.of(&given("abc-1"), true).as_str(), "abc-1");
        for (text, trusted) in [("abc-1", false), ("", true), ("a b", true), ("a\"b", true)] {
            assert_eq!(ids.of(&given(text), trusted).as_str().len(), 17);
            assert_ne!(ids.of(&given(text), trusted).as_str(), text);
        }
        let [first, second] = [0; 2].map(|_| ids.of(&HeaderMap::new(), true));
        assert_ne!(first.as_str(), second.as_str());
    }
}
