//! The only way to read an answer's body: with a limit on its bytes, a minimum rate and a deadline.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::client::Answer;
use super::{Error, Limits, error};

/// A body that is being read.
#[derive(Debug)]
pub(super) struct Body {
    url: Url,
    response: reqwest::Response,
    /// Bytes that may still come.
    left: u64,
    limit: u64,
    window: Duration,
    minimum: u64,
    window_end: Instant,
    window_bytes: u64,
    deadline: Instant,
    whole: Duration,
}

impl Body {
    /// The body of an answer of at most `limit` bytes, to be read within `whole`. One that announces more is refused
    /// unread.
    pub(super) fn new(answer: Answer, limit: u64, limits: &Limits, whole: Duration) -> Result<Self, Error> {
        let Answer { url, response } = answer;
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(Error::TooLong { url: error::shown(&url), limit });
        }
        let now = Instant::now();
        Ok(Self {
            url,
            response,
            left: limit,
            limit,
            window: limits.window,
            minimum: limits.minimum,
            window_end: now + limits.window,
            window_bytes: 0,
            deadline: now + whole,
            whole,
        })
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let wait = self.window_end.min(self.deadline);
            let piece = match timeout_at(wait, self.response.chunk()).await {
                Ok(piece) => piece.map_err(|source| error::of_body(&self.url, source))?,
                Err(_) => {
                    self.next_window()?;
                    continue;
                }
            };
            let Some(piece) = piece else { return Ok(None) };
            let length = piece.len() as u64;
            self.left = match self.left.checked_sub(length) {
                Some(left) => left,
                None => return Err(Error::TooLong { url: error::shown(&self.url), limit: self.limit }),
            };
            self.window_bytes += length;
            // Also when bytes are always ready, or a drip just faster than the wait would never be measured.
            if Instant::now() >= wait {
                self.next_window()?;
            }
            return Ok(Some(piece));
        }
    }

    fn next_window(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        if now >= self.deadline {
            return Err(Error::Deadline { url: error::shown(&self.url), limit: self.whole });
        }
        if self.window_bytes < self.minimum {
            let (minimum, window) = (self.minimum, self.window);
            return Err(Error::TooSlow { url: error::shown(&self.url), minimum, window });
        }
        self.window_bytes = 0;
        self.window_end = now + self.window;
        Ok(())
    }
}
