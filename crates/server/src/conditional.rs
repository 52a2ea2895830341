//! Conditional and partial requests (RFC 9110, sections 13 and 14), as a pure function of headers, ETag and length.
//!
//! Rules: every object has a strong ETag. A range is answered only when it is a single one and, with `If-Range`, only
//! when the ETag is the very same; else the whole object is sent, as the RFC allows. So a download that is resumed
//! after the object changed starts over instead of mixing two objects.

use axum::http::{HeaderMap, HeaderValue, header};

/// How an object is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 200 with all bytes.
    Whole,
    /// 304: the client has these bytes.
    NotModified,
    /// 206 with so many bytes from an offset. Never empty.
    Part { offset: u64, length: u64 },
    /// 416: the range begins behind the end.
    Unsatisfiable,
}

/// Decides the answer for an object of `length` bytes; `etag` with its quotes.
pub(crate) fn decide(headers: &HeaderMap, etag: &str, length: u64) -> Answer {
    if headers.get_all(header::IF_NONE_MATCH).iter().any(|value| lists(value, etag)) {
        return Answer::NotModified;
    }
    let Some(range) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Answer::Whole;
    };
    if headers.get(header::IF_RANGE).is_some_and(|value| value.as_bytes() != etag.as_bytes()) {
        return Answer::Whole;
    }
    part(range, length)
}

/// Whether `If-None-Match` names the ETag. The comparison is weak: a proxy may have marked ours `W/`.
fn lists(value: &HeaderValue, etag: &str) -> bool {
    let Ok(text) = value.to_str() else { return false };
    text.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
}

/// One `bytes=` range. Several ranges, other units and nonsense mean the whole object.
fn part(range: &str, length: u64) -> Answer {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|spec| spec.trim().split_once('-'))
    else {
        return Answer::Whole;
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(first) || !digits(last) {
        return Answer::Whole;
    }
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), last) => {
            if first >= length {
                return Answer::Unsatisfiable;
            }
            match last {
                Ok(last) if last < first => Answer::Whole,
                // No last byte, or one beyond u64: to the end.
                Err(_) => Answer::Part { offset: first, length: length - first },
                Ok(last) => Answer::Part { offset: first, length: last.min(length - 1) - first + 1 },
            }
        }
        (Err(_), Ok(suffix)) if first.is_empty() => match suffix.min(length) {
            0 => Answer::Unsatisfiable,
            suffix => Answer::Part { offset: length - suffix, length: suffix },
        },
        _ => Answer::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(header::HeaderName, &str)], expected: Answer) {
        let map = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        assert_eq!(decide(&map, "\"e\"", 10), expected, "{headers:?}");
    }

    #[test]
    fn if_none_match() {
        for yes in ["\"e\"", "W/\"e\"", "*", "\"x\", \"e\"", "\"x\",W/\"e\""] {
            check(&[(header::IF_NONE_MATCH, yes)], Answer::NotModified);
            check(&[(header::IF_NONE_MATCH, yes), (header::RANGE, "bytes=0-1")], Answer::NotModified);
        }
        for no in ["\"x\"", "e", "", "W/\"x\"", "\"e"] {
            check(&[(header::IF_NONE_MATCH, no)], Answer::Whole);
        }
    }

    #[test]
    fn ranges() {
        let part = |offset, length| Answer::Part { offset, length };
        for (range, expected) in [
            ("bytes=0-9", part(0, 10)),
            ("bytes=0-0", part(0, 1)),
            ("bytes=4-", part(4, 6)),
            ("bytes=9-", part(9, 1)),
            ("bytes=4-99", part(4, 6)),
            ("bytes=4-99999999999999999999999", part(4, 6)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-99", part(0, 10)),
            ("bytes=-0", Answer::Unsatisfiable),
            ("bytes=10-", Answer::Unsatisfiable),
            ("bytes=10-11", Answer::Unsatisfiable),
            ("bytes=5-4", Answer::Whole),
            ("bytes=0-1,4-5", Answer::Whole),
            ("bytes=-", Answer::Whole),
            ("bytes=99999999999999999999999-", Answer::Whole),
            ("bytes=+1-2", Answer::Whole),
            ("lines=0-1", Answer::Whole),
            ("bytes", Answer::Whole),
        ] {
            check(&[(header::RANGE, range)], expected);
        }
    }

    #[test]
    fn if_range_must_be_the_very_same() {
        check(
            &[(header::RANGE, "bytes=4-"), (header::IF_RANGE, "\"e\"")],
            Answer::Part { offset: 4, length: 6 },
        );
        for other in ["\"x\"", "W/\"e\"", "Mon, 23 Nov 2026 10:00:00 GMT"] {
            check(&[(header::RANGE, "bytes=4-"), (header::IF_RANGE, other)], Answer::Whole);
        }
    }

    #[test]
    fn an_empty_object_has_no_part() {
        let map = [(header::RANGE, "bytes=0-".parse().unwrap())].into_iter().collect();
        assert_eq!(decide(&map, "\"e\"", 0), Answer::Unsatisfiable);
    }
}
