//! Noticing that somebody else answered: hotel login pages, provider notices, proxies that are "helpful".
//!
//! Such an answer says nothing about the repository. It is "no connection", and no state changes because of it.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use super::Expect;

/// What gives the head of an answer away, if anything.
pub(super) fn in_head(status: StatusCode, headers: &HeaderMap, conditional: bool) -> Option<&'static str> {
    match status.as_u16() {
        511 => Some("status 511, network authentication required"),
        304 if !conditional => Some("304 although nothing is stored"),
        200 | 206 if is_web_page(headers) => Some("a web page"),
        _ => None,
    }
}

/// What gives the beginning of a body away, if anything. `bytes` is empty only if the whole body is.
pub(super) fn in_body(bytes: &[u8], expect: Expect) -> Option<&'static str> {
    if bytes.is_empty() {
        return Some("an empty answer");
    }
    match expect {
        // Metadata is an object; whatever else is JSON is for the verifier to refuse.
        Expect::Json if first_visible(bytes) == Some(b'<') => Some("a web page"),
        Expect::Json | Expect::Bytes => None,
    }
}

fn first_visible(bytes: &[u8]) -> Option<u8> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    text.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

fn is_web_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(kind.as_str(), "text/html" | "application/xhtml+xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_that_give_themselves_away() {
        let head = |status: u16, kind: &str, conditional| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
            in_head(StatusCode::from_u16(status).unwrap(), &headers, conditional).is_some()
        };
        for (status, kind, conditional, portal) in [
            (200, "text/html", false, true),
            (200, "Text/HTML; charset=utf-8", false, true),
            (206, "application/xhtml+xml", false, true),
            (200, "application/json", false, false),
            (200, "", false, false),
            (511, "application/json", false, true),
            (304, "", false, true),
            (304, "", true, false),
            // A real server's page for a missing object is a web page, too.
            (404, "text/html", false, false),
        ] {
            assert_eq!(head(status, kind, conditional), portal, "{status} {kind}");
        }
    }

    #[test]
    fn bodies_that_give_themselves_away() {
        for (bytes, expect, portal) in [
            (&b"<html>"[..], Expect::Json, true),
            (b"\xef\xbb\xbf \r\n<!DOCTYPE html>", Expect::Json, true),
            (b"{}", Expect::Json, false),
            (b"<a real program may begin so>", Expect::Bytes, false),
            (b"", Expect::Json, true),
            (b"", Expect::Bytes, true),
        ] {
            assert_eq!(in_body(bytes, expect).is_some(), portal, "{bytes:?}");
        }
    }
}
