//! Fetching a large object into the spool, from its start or from where the last attempt stopped.
//!
//! A part is only continued if it is known to be of the same object under the same strong entity tag: the server is
//! asked with `Range` and `If-Range`, and its answer must be the range that was asked for. Anything else starts over.

use std::fs::File;
use std::io::{Seek, SeekFrom};

use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_RANGE, RANGE};
use reqwest::{Response, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::body::Body;
use super::client::Answer;
use super::spool::{About, Feed};
use super::{Client, Error, Follow, SpoolFile, error};

/// How long an object may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// Exactly so many bytes: the signed length.
    Exactly(u64),
    /// At most so many bytes.
    AtMost(u64),
}

impl Length {
    fn limit(self) -> u64 {
        match self {
            Self::Exactly(length) | Self::AtMost(length) => length,
        }
    }
}

/// What to download and where to keep it.
#[derive(Debug, Clone, Copy)]
pub struct Download<'a> {
    /// The object's URL.
    pub url: &'a Url,
    /// The object's name below its app: the same at every source, so that another source can continue a part.
    pub object: &'a str,
    /// Its place in the spool.
    pub file: &'a SpoolFile,
    /// Its length.
    pub length: Length,
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Bytes in the spool, those of earlier attempts included.
    pub bytes: u64,
    /// Bytes that came over the wire in this attempt.
    pub fetched: u64,
    /// Bytes in all, if known.
    pub total: Option<u64>,
}

/// A download whose head is here. [`Self::follow`] reads it while [`Self::run`] drives it.
#[derive(Debug)]
pub struct Transfer {
    url: Url,
    place: SpoolFile,
    file: File,
    feed: Feed,
    /// `None`: all bytes were here already.
    body: Option<Body>,
    length: Length,
    received: Received,
}

impl Client {
    /// Asks for an object, or for what is missing of it, up to the head of the answer.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Busy`] if the object is being made.
    pub async fn download(&self, what: &Download<'_>) -> Result<Transfer, Error> {
        let mut file = what.file.open()?;
        if let Some((about, have)) = continuable(what, &file)? {
            if about.total == Some(have) {
                return Transfer::new(what, file, None, have, 0, Some(have));
            }
            let answer = self.get(what.url, &range(&about.etag, have)).await?;
            match continues(&answer.response, &about, have, what.length) {
                Continues::Yes { total } => {
                    file.seek(SeekFrom::End(0)).map_err(|source| what.file.failed(source))?;
                    what.file.set_about(&About::new(what.object, &about.etag, Some(total)))?;
                    let body = self.body(answer, what.length.limit().saturating_sub(have))?;
                    return Transfer::new(what, file, Some(body), have, 0, Some(total));
                }
                Continues::Whole => return self.start_over(what, file, answer),
                Continues::Complete => {
                    return Transfer::new(what, file, None, have, 0, Some(have));
                }
                Continues::StartOver => {
                    tracing::debug!(object = what.object, "the part cannot be continued; starting over");
                }
                Continues::Refused => return Err(self.refusal(&answer)),
            }
        }
        let answer = self.get(what.url, &HeaderMap::new()).await?;
        if answer.response.status() != StatusCode::OK {
            return Err(self.refusal(&answer));
        }
        self.start_over(what, file, answer)
    }

    /// Empties the part and begins anew with a whole answer.
    fn start_over(&self, what: &Download<'_>, mut file: File, answer: Answer) -> Result<Transfer, Error> {
        let total = answer.response.content_length();
        if let (Length::Exactly(expected), Some(found)) = (what.length, total)
            && found < expected
        {
            return Err(Error::WrongLength { url: error::shown(what.url), expected, found });
        }
        let etag = strong_etag(&answer.response);
        // In this order: a crash in between must not leave old bytes under a new name.
        what.file.forget_about()?;
        let emptied = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0)));
        emptied.map_err(|source| what.file.failed(source))?;
        if let Some(etag) = etag {
            what.file.set_about(&About::new(what.object, &etag, total))?;
        }
        let body = self.body(answer, what.length.limit())?;
        Transfer::new(what, file, Some(body), 0, 0, total)
    }

    fn body(&self, answer: Answer, limit: u64) -> Result<Body, Error> {
        let limits = self.limits();
        Body::new(answer, limit, limits, limits.download)
    }
}

impl Transfer {
    fn new(
        what: &Download<'_>,
        file: File,
        body: Option<Body>,
        bytes: u64,
        fetched: u64,
        total: Option<u64>,
    ) -> Result<Self, Error> {
        let feed = Feed::default();
        feed.received(bytes);
        let received = Received { bytes, fetched, total };
        let (url, place) = (what.url.clone(), what.file.clone());
        Ok(Self { url, place, file, feed, body, length: what.length, received })
    }

    /// A reader of the whole object, from its start; blocking.
    ///
    /// # Errors
    /// [`Error::Spool`].
    pub fn follow(&self) -> Result<Follow, Error> {
        self.place.follow(&self.feed)
    }

    /// How far it is.
    #[must_use]
    pub fn received(&self) -> Received {
        self.received
    }

    /// Receives the rest. Whatever ends it, the bytes received so far stay in the spool.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn run(
        self,
        cancel: &CancellationToken,
        mut progress: impl FnMut(Received),
    ) -> Result<Received, Error> {
        let Self { url, place, file, feed, body, length, mut received } = self;
        progress(received);
        if let Some(mut body) = body {
            let mut file = tokio::fs::File::from_std(file);
            loop {
                let piece = tokio::select! {
                    biased;
                    () = cancel.cancelled() => return Err(Error::Cancelled),
                    piece = body.next() => piece?,
                };
                let Some(piece) = piece else { break };
                let written = async {
                    file.write_all(&piece).await?;
                    file.flush().await
                };
                written.await.map_err(|source| place.failed(source))?;
                received.bytes += piece.len() as u64;
                received.fetched += piece.len() as u64;
                feed.received(received.bytes);
                progress(received);
            }
        }
        if received.bytes == 0 && length != Length::Exactly(0) {
            return Err(Error::Portal { url: error::shown(&url), sign: "an empty answer" });
        }
        match length {
            Length::Exactly(expected) if received.bytes != expected => {
                let found = received.bytes;
                return Err(Error::WrongLength { url: error::shown(&url), expected, found });
            }
            Length::Exactly(_) | Length::AtMost(_) => {}
        }
        feed.complete();
        Ok(received)
    }
}

/// What the part holds, if it can be continued: what it belongs to and its length.
fn continuable(what: &Download<'_>, file: &File) -> Result<Option<(About, u64)>, Error> {
    let have = file.metadata().map_err(|source| what.file.failed(source))?.len();
    let Some(about) = what.file.about() else { return Ok(None) };
    let fits = have > 0
        && about.object == what.object
        && have <= about.total.unwrap_or(u64::MAX).min(what.length.limit());
    Ok(fits.then_some((about, have)))
}

fn range(etag: &str, have: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    // Both texts are our own: an entity tag that came in a header can go out in one.
    if let (Ok(range), Ok(etag)) =
        (HeaderValue::from_str(&format!("bytes={have}-")), HeaderValue::from_str(etag))
    {
        headers.insert(RANGE, range);
        headers.insert(IF_RANGE, etag);
    }
    headers
}

/// What an answer to a request for the rest means.
#[derive(Debug, PartialEq, Eq)]
enum Continues {
    /// The rest that was asked for.
    Yes {
        /// Length of the whole object in bytes.
        total: u64,
    },
    /// The whole object from its start: it changed, or the server knows no ranges.
    Whole,
    /// Nothing is missing.
    Complete,
    /// Something that does not fit: ask again for the whole object.
    StartOver,
    /// Neither.
    Refused,
}

fn continues(response: &Response, about: &About, have: u64, length: Length) -> Continues {
    let headers = response.headers();
    let range = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let same_tag = headers.get(ETAG).is_none_or(|tag| tag.as_bytes() == about.etag.as_bytes());
    match response.status().as_u16() {
        200 => Continues::Whole,
        206 => match parse_range(range) {
            Some((first, last, total))
                if same_tag
                    && first == have
                    && last.checked_add(1) == Some(total)
                    && about.total.is_none_or(|known| known == total)
                    && fits(total, length)
                    && response.content_length().is_none_or(|rest| rest == total - have) =>
            {
                Continues::Yes { total }
            }
            _ => Continues::StartOver,
        },
        416 if same_tag && range == format!("bytes */{have}") => Continues::Complete,
        416 => Continues::StartOver,
        _ => Continues::Refused,
    }
}

fn fits(total: u64, length: Length) -> bool {
    match length {
        Length::Exactly(expected) => total == expected,
        Length::AtMost(limit) => total <= limit,
    }
}

/// `bytes first-last/total`, with first ≤ last < total.
fn parse_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let number =
        |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let (first, last, total) = (number(first)?, number(last)?, number(total)?);
    (first <= last && last < total).then_some((first, last, total))
}

/// The entity tag of an answer, if equal tags mean equal bytes.
fn strong_etag(response: &Response) -> Option<String> {
    let tag = response.headers().get(ETAG)?.to_str().ok()?;
    let quoted = tag.len() >= 2 && tag.len() <= 512 && tag.starts_with('"') && tag.ends_with('"');
    quoted.then(|| tag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_and_sane_content_range_counts() {
        for (text, expected) in [
            ("bytes 5-9/10", Some((5, 9, 10))),
            ("bytes 0-0/1", Some((0, 0, 1))),
            ("bytes 5-9/*", None),
            ("bytes 9-5/10", None),
            ("bytes 5-10/10", None),
            ("bytes +5-9/10", None),
            ("bytes -5-9/10", None),
            ("bytes 5-9/99999999999999999999", None),
            ("items 5-9/10", None),
            ("", None),
        ] {
            assert_eq!(parse_range(text), expected, "{text}");
        }
    }
}
