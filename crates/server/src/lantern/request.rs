//! The question of an old client: its body and its nonce, read as its own server read them.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::num::IntErrorKind;
use std::ops::Deref;

use axum::http::HeaderMap;
use serde::Deserialize;

/// The header with the number that an answer is signed with.
const NONCE: &str = "x-message-nonce";

/// What a client says about itself. Whatever it leaves away or calls null is empty.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Request<'a> {
    /// Never looked at, but where it is no whole number the body is malformed.
    #[serde(default, rename = "version")]
    _version: Option<i64>,
    #[serde(default, borrow)]
    app_version: Option<Text<'a>>,
    #[serde(default, borrow)]
    os_version: Option<Text<'a>>,
    #[serde(default, borrow)]
    checksum: Option<Text<'a>>,
    #[serde(default, borrow)]
    tags: Option<BTreeMap<Text<'a>, Option<Text<'a>>>>,
    #[serde(default, borrow, rename = "app_id")]
    _app_id: Option<Text<'a>>,
    #[serde(default, borrow, rename = "user_id")]
    _user_id: Option<Text<'a>>,
}

/// A text as it stands in the body, copied only where something in it is escaped. Inside of other types serde copies every `Cow`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        self
    }
}

impl<'a> Request<'a> {
    /// Reads a body: one JSON object, or null; what follows it is not looked at. None: it is none.
    pub(super) fn parse(body: &'a [u8]) -> Option<Self> {
        // An array of the values in order would be taken for an object.
        if !matches!(body.trim_ascii_start().first(), Some(b'{' | b'n')) {
            return None;
        }
        let mut reader = serde_json::Deserializer::from_slice(body);
        Option::<Self>::deserialize(&mut reader).ok().map(Option::unwrap_or_default)
    }

    pub(super) fn app_version(&self) -> &str {
        self.app_version.as_deref().unwrap_or_default()
    }

    pub(super) fn os_version(&self) -> &str {
        self.os_version.as_deref().unwrap_or_default()
    }

    pub(super) fn checksum(&self) -> &str {
        self.checksum.as_deref().unwrap_or_default()
    }

    /// The tag `os`, in Go's names.
    pub(super) fn os(&self) -> &str {
        self.tag("os")
    }

    /// The tag `arch`, in Go's names.
    pub(super) fn arch(&self) -> &str {
        self.tag("arch")
    }

    fn tag(&self, name: &str) -> &str {
        self.tags.as_ref().and_then(|tags| tags.get(name)?.as_deref()).unwrap_or_default()
    }
}

/// The nonce of a request: the number in its header, at the limit of 64 bits if it is beyond, 0 if there is none.
pub(super) fn nonce(headers: &HeaderMap) -> i64 {
    let text = headers.get(NONCE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.trim().parse().unwrap_or_else(|error: std::num::ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => i64::MAX,
        IntErrorKind::NegOverflow => i64::MIN,
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces() {
        let header = |text: &str| [(NONCE.parse().unwrap(), text.parse().unwrap())].into_iter().collect();
        for (text, expected) in [
            ("5906575297079450552", 5_906_575_297_079_450_552),
            ("0", 0),
            ("-7", -7),
            ("+7", 7),
            ("007", 7),
            (" 7 ", 7),
            ("9223372036854775807", i64::MAX),
            ("9223372036854775808", i64::MAX),
            ("99999999999999999999999", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-9223372036854775809", i64::MIN),
            ("", 0),
            ("-", 0),
            ("1.5", 0),
            ("0x7", 0),
            ("seven", 0),
            ("1_000", 0),
        ] {
            assert_eq!(nonce(&header(text)), expected, "{text:?}");
        }
        assert_eq!(nonce(&HeaderMap::new()), 0);
    }

    #[test]
    fn bodies() {
        let full = br#"{"version":1,"app_id":"","app_version":"7.1.0","os_version":"6.1.0","user_id":"","checksum":"ab",
            "tags":{"arch":"amd64","channel":"stable","os":"linux"},"os":"ignored","more":{"a":[1]}} and more"#;
        let request = Request::parse(full).unwrap();
        assert_eq!(
            [request.os(), request.arch(), request.app_version(), request.os_version(), request.checksum()],
            ["linux", "amd64", "7.1.0", "6.1.0", "ab"]
        );
        for empty in ["null", "{}", r#"{"tags":null}"#, r#"{"tags":{"os":null}}"#, r#"{"os":"linux"} x"#] {
            let request = Request::parse(empty.as_bytes()).unwrap_or_else(|| panic!("{empty}"));
            assert_eq!([request.os(), request.app_version()], ["", ""], "{empty}");
        }
        let escaped = Request::parse(br#"{"app_version":"\u0037.1.0"}"#).unwrap();
        assert_eq!(escaped.app_version(), "7.1.0");
        let copied = |text: &Option<Text<'_>>| matches!(text, Some(Text(Cow::Owned(_))));
        assert!(copied(&escaped.app_version));
        assert!(!copied(&request.app_version) && !copied(&request.checksum));
        assert!(request.tags.unwrap().into_iter().all(|(key, value)| !copied(&Some(key)) && !copied(&value)));
        for bad in [
            "",
            " ",
            "x",
            "[]",
            "7",
            "\"x\"",
            "{",
            r#"{"version":"1"}"#,
            r#"{"version":1.5}"#,
            r#"{"app_version":7}"#,
            r#"{"app_id":7}"#,
            r#"{"user_id":[]}"#,
            r#"{"tags":[]}"#,
            r#"{"tags":{"os":7}}"#,
            r#"{"tags":{"other":7}}"#,
        ] {
            assert!(Request::parse(bad.as_bytes()).is_none(), "{bad}");
        }
        // However deep: it takes no stack.
        for (key, good) in [("unknown", true), ("tags", false)] {
            let deep = format!("{{\"{key}\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
            assert_eq!(Request::parse(deep.as_bytes()).is_some(), good, "{key}");
        }
    }
}
