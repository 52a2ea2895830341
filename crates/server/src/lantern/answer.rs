//! What old clients are answered: the body with an update, and errors as bare words.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use protocol::{Digest, Version};
use serde::Serialize;

/// The body of an answer with an update. The order of the fields is that of the original.
#[derive(Serialize)]
pub(super) struct Update<'a> {
    /// Always `auto`; clients do not look at it.
    pub(super) initiative: &'static str,
    /// Where the whole artifact is.
    pub(super) url: &'a str,
    /// Where the patch is, if there is one.
    pub(super) patch_url: &'a str,
    /// `bsdiff` where there is a patch.
    pub(super) patch_type: &'static str,
    pub(super) version: &'a Version,
    /// Of the artifact, not compressed.
    pub(super) checksum: &'a Digest,
    /// Over the artifact, not compressed.
    pub(super) signature: &'a str,
}

impl Update<'_> {
    /// The bytes of the body, as Go writes JSON: what means something in HTML is escaped.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = serde_json::to_string(self)?;
        for (plain, escaped) in [
            ('&', "\\u0026"),
            ('<', "\\u003c"),
            ('>', "\\u003e"),
            ('\u{2028}', "\\u2028"),
            ('\u{2029}', "\\u2029"),
        ] {
            // Outside of strings JSON has none of these.
            if text.contains(plain) {
                text = text.replace(plain, escaped);
            }
        }
        Ok(text.into_bytes())
    }
}

/// An answer that is a status and its words.
pub(super) fn bare(status: StatusCode) -> Response {
    text(status, status.canonical_reason().unwrap_or_default())
}

/// The answer about a path that is not there, in Go's words.
pub(super) fn no_page() -> Response {
    let mut response = text(StatusCode::NOT_FOUND, "404 page not found\n");
    // A patch that is not there may come.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn text(status: StatusCode, words: &'static str) -> Response {
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    (status, [(header::CONTENT_TYPE, plain)], words).into_response()
}

/// Makes an error of ours bare words: these clients do not read it.
pub(crate) fn in_plain_words(response: Response) -> Response {
    let ours = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let status = response.status();
    if !ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let words = bare(status);
    parts.headers.remove(header::CONTENT_LENGTH);
    for (name, value) in words.headers() {
        parts.headers.insert(name, value.clone());
    }
    Response::from_parts(parts, Body::new(words.into_body()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_written_as_go_writes_it() {
        let update = Update {
            initiative: "auto",
            url: "http://x/?a=<1>&b=\"\u{2028}é",
            patch_url: "",
            patch_type: "",
            version: &Version::parse("7.4.0").unwrap(),
            checksum: &Digest::of(b""),
            signature: "ab",
        };
        let expected = concat!(
            r#"{"initiative":"auto","url":"http://x/?a=\u003c1\u003e\u0026b=\"\u2028é","patch_url":"","patch_type":"","#,
            r#""version":"7.4.0","checksum":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","#,
            r#""signature":"ab"}"#
        );
        assert_eq!(String::from_utf8(update.to_bytes().unwrap()).unwrap(), expected);
    }
}
