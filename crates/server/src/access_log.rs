//! One line per request, written when its answer has ended: only then is known how much of it was sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

use crate::request_id::RequestId;

/// What is known of a request before its answer is sent.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: RequestId,
    pub(crate) address: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) begun: Instant,
    /// The bytes that the whole body has; None: nobody knows before its end.
    pub(crate) length: Option<u64>,
}

/// A body that is counted while it is sent.
#[derive(Debug)]
pub(crate) struct Counted {
    body: Body,
    bytes: u64,
    whole: bool,
    entry: Entry,
}

impl Counted {
    /// The same body; its line comes when it is dropped, however that comes about.
    pub(crate) fn wrap(body: Body, entry: Entry) -> Body {
        Body::new(Self { body, bytes: 0, whole: false, entry })
    }
}

impl hyper::body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Poll::Ready(None) => self.whole = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Entry { id, address, method, path, status, begun, length } = &self.entry;
        let (bytes, seconds) = (self.bytes, begun.elapsed().as_secs_f64());
        // A body whose length was announced is not asked for its end: it is whole when so much of it was taken.
        let cut = !self.whole && *length != Some(bytes);
        tracing::info!(target: "access", id = id.as_str(), address, method, path, status, bytes, cut, seconds, "answered");
    }
}
