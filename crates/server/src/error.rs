//! The one error of the HTTP interface: what happened, as a status, a stable code, and a sentence that says what to do.
//!
//! The body is always `{"code": …, "message": …}`. Faults of the machine are logged here, once; what a client did wrong
//! is in the access log. No message repeats what a client sent beyond 80 characters, and none names a path on disk.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::Digest;
use serde::Serialize;

use crate::store::StoreError;

/// Why a request was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("nothing is served under this path; objects lie below /apps/APP/")]
    NoSuchPath,
    #[error("this path does not take this method")]
    MethodNotAllowed,
    #[error("no app of this name is served here")]
    NoSuchApp,
    #[error("the app has no such object")]
    NoSuchObject,
    #[error("there is no such patch and none will be made; take the full artifact")]
    NoSuchPatch,
    #[error("publishing needs a token: send `Authorization: Bearer TOKEN`")]
    TokenMissing,
    #[error("the token is not known here, was revoked, or may not do this for this app")]
    TokenRefused,
    #[error("the body is longer than the {limit} bytes that are allowed")]
    TooLong { limit: u64 },
    #[error(
        "the uploads of this app that are not published yet would be more than {limit} bytes: publish or wait"
    )]
    OverQuota { limit: u64 },
    #[error("the body stopped for too long or ended early; send it again")]
    BodyCut,
    #[error("the bytes have SHA-256 {found}, not {expected}; nothing was kept")]
    WrongDigest { expected: Digest, found: Digest },
    #[error("the address must be /apps/APP/objects/SHA256 with 64 lower-case hexadecimal digits")]
    NoDigest,
    #[error("the body is not the JSON that is expected here: {0}")]
    Malformed(String),
    #[error("this server has no online keys for the app, so it cannot publish; see docs/OPERATING.md")]
    NoOnlineKeys,
    #[error("publishing was refused: {0}")]
    Refused(#[source] signing::Error),
    #[error("somebody else published in between: {0}; fetch the newest state and publish again")]
    Conflict(#[source] signing::Error),
    #[error(
        "publishing failed for a reason on the server's side, now in its log; it may have been published or not: publish again, which is safe"
    )]
    Signing(#[source] signing::Error),
    #[error("too many requests from this address; wait {} s", after.as_secs())]
    TooManyRequests { after: Duration },
    #[error("too many patches are waiting to be made; take the full artifact or wait {} s", after.as_secs())]
    QueueFull { after: Duration },
    #[error("the server could not answer in time; try again")]
    TooSlow,
    #[error("the server's disk refused; try again later")]
    Disk(#[from] std::io::Error),
    #[error(
        "the server's store refused or did not answer, its log says why; a publication may be visible or not: send it again, which is safe"
    )]
    Store(#[source] StoreError),
    #[error(
        "another server is publishing for this app; nothing was published by this request, send it again"
    )]
    Busy,
    #[error("a fault of the server, now in its log; try again later")]
    Bug,
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    message: String,
}

impl ApiError {
    /// Status and stable code.
    fn class(&self) -> (StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::NoSuchPath => (S::NOT_FOUND, "no-such-path"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method-not-allowed"),
            Self::NoSuchApp => (S::NOT_FOUND, "no-such-app"),
            Self::NoSuchObject => (S::NOT_FOUND, "no-such-object"),
            Self::NoSuchPatch => (S::NOT_FOUND, "no-such-patch"),
            Self::TokenMissing => (S::UNAUTHORIZED, "token-missing"),
            Self::TokenRefused => (S::FORBIDDEN, "token-refused"),
            Self::TooLong { .. } => (S::PAYLOAD_TOO_LARGE, "too-long"),
            Self::OverQuota { .. } => (S::PAYLOAD_TOO_LARGE, "over-quota"),
            Self::BodyCut => (S::REQUEST_TIMEOUT, "body-cut"),
            Self::WrongDigest { .. } => (S::UNPROCESSABLE_ENTITY, "wrong-digest"),
            Self::NoDigest => (S::BAD_REQUEST, "no-digest"),
            Self::Malformed(_) => (S::BAD_REQUEST, "malformed"),
            Self::NoOnlineKeys => (S::CONFLICT, "no-online-keys"),
            Self::Refused(_) => (S::UNPROCESSABLE_ENTITY, "refused"),
            Self::Conflict(_) => (S::CONFLICT, "conflict"),
            Self::Signing(_) => (S::SERVICE_UNAVAILABLE, "signing"),
            Self::TooManyRequests { .. } => (S::TOO_MANY_REQUESTS, "too-many-requests"),
            Self::QueueFull { .. } => (S::SERVICE_UNAVAILABLE, "queue-full"),
            Self::TooSlow => (S::SERVICE_UNAVAILABLE, "too-slow"),
            Self::Disk(_) => (S::SERVICE_UNAVAILABLE, "disk"),
            Self::Store(_) => (S::SERVICE_UNAVAILABLE, "store"),
            Self::Busy => (S::SERVICE_UNAVAILABLE, "busy"),
            Self::Bug => (S::INTERNAL_SERVER_ERROR, "bug"),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyRequests { after } | Self::QueueFull { after } => Some(*after),
            Self::Disk(_) | Self::TooSlow | Self::Signing(_) | Self::Store(_) | Self::Busy => {
                Some(Duration::from_secs(10))
            }
            _ => None,
        }
    }
}

impl From<signing::Error> for ApiError {
    /// By who must act. What only the operator can mend is not told to the publisher: it names files of this machine.
    fn from(error: signing::Error) -> Self {
        match error.fault() {
            _ if matches!(error, signing::Error::Exists { .. }) => Self::Signing(error),
            signing::Fault::Request => Self::Refused(error),
            signing::Fault::Conflict => Self::Conflict(error),
            signing::Fault::Machine => Self::Signing(error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.class();
        match &self {
            Self::Disk(error) => tracing::error!(%error, "the disk refused"),
            Self::Store(error) => tracing::error!(%error, "the store refused"),
            Self::Bug => tracing::error!("a request hit a bug"),
            Self::Signing(error) => tracing::error!(%error, "publishing failed here"),
            _ => {}
        }
        let body = Body { code, message: self.to_string() };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // An error is about this moment: no cache may repeat it to others.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if matches!(self, Self::TokenMissing) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_publication_does_not_claim_what_nobody_knows() {
        // The disk may refuse after the timestamp got its name.
        let error = signing::Error::Io {
            doing: "write",
            path: "metadata/timestamp.json".into(),
            source: std::io::ErrorKind::Other.into(),
        };
        let text = ApiError::from(error).to_string();
        assert!(text.contains("publish again") && !text.contains("nothing was published"), "{text}");
    }
}
