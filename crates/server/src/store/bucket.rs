//! The seam to the store: the few requests that the server makes of a bucket, each with a deadline, a limit and a count.
//!
//! Names are those of the object trees, with the app in front: `{app}/metadata/timestamp.json`. The library below sends a
//! request again when no answer came, so the answer to our own success can be "somebody was faster": every refused
//! condition is followed by a look at what lies there, and the same bytes count as ours.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use object_store::path::Path as Key;
use object_store::{
    Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion,
};

use crate::metrics::{Metrics, StoreLabels};

/// The most names that one listing gives: an app with more is broken.
const MAX_LISTED: usize = 200_000;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No answer in time.
    #[error("the store did not {doing} {name} within {} s", limit.as_secs())]
    TimedOut {
        /// What was asked, as a verb.
        doing: &'static str,
        /// Of which object.
        name: String,
        /// For how long it was waited.
        limit: Duration,
    },
    /// An error for an answer, or none.
    #[error("the store does not {doing} {name}: {source}")]
    Refused {
        /// What was asked, as a verb.
        doing: &'static str,
        /// Of which object.
        name: String,
        /// What the store says.
        source: Error,
    },
    /// An object is longer than anything that belongs there.
    #[error("{name} in the store is longer than {limit} bytes, so it is not what its name says")]
    TooLong {
        /// The object, or the folder whose listing is too long.
        name: String,
        /// The limit in bytes, or in names.
        limit: u64,
    },
    /// An object is not what belongs there.
    #[error("{name} in the store: {why}")]
    Malformed {
        /// The object.
        name: String,
        /// The rule that it breaks, and what to do.
        why: String,
    },
    /// The disk of this machine refused.
    #[error("the disk refused: {0}")]
    Disk(#[from] io::Error),
}

/// Which of its contents an object had when it was read: the store's ETag, without quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edition(String);

impl Edition {
    /// As text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

/// An object that was read whole.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) bytes: Bytes,
    pub(crate) edition: Edition,
}

/// How a conditional write ended.
#[derive(Debug)]
pub(crate) enum Put {
    /// These bytes lie there.
    Done(Edition),
    /// Others do: somebody was faster.
    Lost,
}

/// What is known of an object without reading it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// The name below the prefix.
    pub(crate) name: String,
    pub(crate) length: u64,
    pub(crate) edition: Edition,
    pub(crate) modified: Timestamp,
}

/// A bucket, or a folder in it.
#[derive(Debug)]
pub(crate) struct Bucket {
    store: Arc<dyn ObjectStore>,
    /// The same for what a store does in silence for a long time: copying, and putting pieces together.
    patient: Arc<dyn ObjectStore>,
    prefix: String,
    timeout: Duration,
    /// Whether this store wants ETags in conditions without their quotes. Found out by the probe.
    unquoted: AtomicBool,
    metrics: Arc<Metrics>,
}

impl Bucket {
    /// `timeout` is for one request about a small object; `patient` is the same store with more time.
    pub(crate) fn new(
        store: Arc<dyn ObjectStore>,
        patient: Arc<dyn ObjectStore>,
        prefix: &str,
        timeout: Duration,
        metrics: Arc<Metrics>,
    ) -> Self {
        let unquoted = AtomicBool::new(false);
        Self { store, patient, prefix: prefix.to_owned(), timeout, unquoted, metrics }
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(super) fn set_unquoted(&self, unquoted: bool) {
        self.unquoted.store(unquoted, Ordering::Relaxed);
    }

    /// Reads an object of at most `limit` bytes; None if there is none.
    pub(crate) async fn get(&self, name: &str, limit: u64) -> Result<Option<Read>, StoreError> {
        self.get_unless(name, None, limit).await.map(|found| match found {
            Unless::Other(read) => Some(read),
            Unless::Same | Unless::Absent => None,
        })
    }

    /// Reads an object unless it is still that edition.
    pub(crate) async fn get_unless(
        &self,
        name: &str,
        known: Option<&Edition>,
        limit: u64,
    ) -> Result<Unless, StoreError> {
        let options =
            GetOptions { if_none_match: known.map(|known| self.condition(known)), ..GetOptions::default() };
        let reading = async {
            let found = match self.store.get_opts(&self.key(name), options).await {
                Ok(found) => found,
                Err(Error::NotFound { .. }) => return Ok(Unless::Absent),
                Err(Error::NotModified { .. }) => return Ok(Unless::Same),
                Err(source) => return Err(refused("read", name)(source)),
            };
            if found.meta.size > limit {
                return Err(StoreError::TooLong { name: name.to_owned(), limit });
            }
            let edition = edition(found.meta.e_tag.clone(), name)?;
            if known == Some(&edition) {
                return Ok(Unless::Same);
            }
            let (mut pieces, mut bytes) = (found.into_stream(), BytesMut::new());
            while let Some(piece) = pieces.next().await {
                bytes.extend_from_slice(&piece.map_err(refused("read", name))?);
                if bytes.len() as u64 > limit {
                    return Err(StoreError::TooLong { name: name.to_owned(), limit });
                }
            }
            Ok(Unless::Other(Read { bytes: bytes.freeze(), edition }))
        };
        let outcome = self.in_time("read", name, reading).await;
        self.count("read", &outcome, |found| match found {
            Unless::Other(_) => "done",
            Unless::Same => "unchanged",
            Unless::Absent => "absent",
        });
        outcome
    }

    /// Writes an object that is not there yet.
    pub(crate) async fn create(&self, name: &str, bytes: Bytes) -> Result<Put, StoreError> {
        self.put("create", name, bytes, PutMode::Create).await
    }

    /// Replaces an object that is still that edition.
    pub(crate) async fn update(&self, name: &str, bytes: Bytes, from: &Edition) -> Result<Put, StoreError> {
        let from = UpdateVersion { e_tag: Some(self.condition(from)), version: None };
        self.put("update", name, bytes, PutMode::Update(from)).await
    }

    async fn put(
        &self,
        doing: &'static str,
        name: &str,
        bytes: Bytes,
        mode: PutMode,
    ) -> Result<Put, StoreError> {
        let options = PutOptions { mode, ..PutOptions::default() };
        let sent = bytes.clone();
        let putting = async {
            match self.store.put_opts(&self.key(name), sent.into(), options).await {
                Ok(done) => Ok(Some(done.e_tag)),
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(None),
                Err(source) => Err(refused(doing, name)(source)),
            }
        };
        let outcome = match self.in_time(doing, name, putting).await {
            Ok(Some(e_tag)) => edition(e_tag, name).map(Put::Done),
            Ok(None) => self.compare(name, &bytes).await,
            Err(error) => Err(error),
        };
        self.count(doing, &outcome, |put| match put {
            Put::Done(_) => "done",
            Put::Lost => "lost",
        });
        outcome
    }

    /// After a condition that was refused: are these our bytes after all?
    async fn compare(&self, name: &str, bytes: &Bytes) -> Result<Put, StoreError> {
        Ok(match self.get(name, bytes.len() as u64).await {
            Ok(Some(read)) if read.bytes == *bytes => Put::Done(read.edition),
            Ok(_) | Err(StoreError::TooLong { .. }) => Put::Lost,
            Err(error) => return Err(error),
        })
    }

    /// Looks at an object; None if there is none.
    pub(crate) async fn head(&self, name: &str) -> Result<Option<Listed>, StoreError> {
        let looking = async {
            match self.store.head(&self.key(name)).await {
                Ok(meta) => self.listed(meta).map(Some),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(source) => Err(refused("look at", name)(source)),
            }
        };
        let outcome = self.in_time("look at", name, looking).await;
        self.count("look", &outcome, |found| if found.is_some() { "done" } else { "absent" });
        outcome
    }

    /// The bytes of an object, or of a part of it. Every pause is bounded by the client's read timeout.
    pub(crate) async fn open(
        &self,
        name: &str,
        part: Option<std::ops::Range<u64>>,
    ) -> Result<Option<BoxStream<'static, io::Result<Bytes>>>, StoreError> {
        let options = GetOptions { range: part.map(GetRange::Bounded), ..GetOptions::default() };
        let opening = async {
            match self.store.get_opts(&self.key(name), options).await {
                Ok(found) => Ok(Some(found.into_stream())),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(source) => Err(refused("read", name)(source)),
            }
        };
        let outcome = self.in_time("read", name, opening).await;
        self.count("open", &outcome, |found| if found.is_some() { "done" } else { "absent" });
        Ok(outcome?.map(|pieces| pieces.map(|piece| piece.map_err(io::Error::other)).boxed()))
    }

    /// Everything below a folder, by name.
    pub(crate) async fn list(&self, folder: &str) -> Result<Vec<Listed>, StoreError> {
        let listing = async {
            let (mut pages, mut found) = (self.store.list(Some(&self.key(folder))), Vec::new());
            while let Some(meta) = tokio::time::timeout(self.timeout, pages.next()).await.map_err(|_| {
                StoreError::TimedOut { doing: "list", name: folder.to_owned(), limit: self.timeout }
            })? {
                if found.len() >= MAX_LISTED {
                    return Err(StoreError::TooLong { name: folder.to_owned(), limit: MAX_LISTED as u64 });
                }
                found.push(self.listed(meta.map_err(refused("list", folder))?)?);
            }
            found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            Ok(found)
        };
        let outcome = listing.await;
        self.count("list", &outcome, |_| "done");
        outcome
    }

    /// The folders directly below the prefix.
    pub(crate) async fn folders(&self) -> Result<Vec<String>, StoreError> {
        let prefix = (!self.prefix.is_empty()).then(|| Key::from(self.prefix.as_str()));
        let listing = async {
            let found = self.store.list_with_delimiter(prefix.as_ref()).await;
            let found = found.map_err(refused("list", &self.prefix))?;
            Ok(found.common_prefixes.iter().filter_map(|key| key.filename().map(str::to_owned)).collect())
        };
        let outcome = self.in_time("list", &self.prefix, listing).await;
        self.count("list", &outcome, |_| "done");
        outcome
    }

    /// Copies an object within the store.
    pub(crate) async fn copy(&self, from: &str, to: &str, limit: Duration) -> Result<(), StoreError> {
        let copying = async { self.patient.copy(&self.key(from), &self.key(to)).await };
        let outcome = match tokio::time::timeout(limit, copying).await {
            Ok(done) => done.map_err(refused("copy", from)),
            Err(_) => Err(StoreError::TimedOut { doing: "copy", name: from.to_owned(), limit }),
        };
        self.count("copy", &outcome, |()| "done");
        outcome
    }

    /// Deletes an object; that there is none is fine.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), StoreError> {
        let deleting = async {
            match self.store.delete(&self.key(name)).await {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                Err(source) => Err(refused("delete", name)(source)),
            }
        };
        let outcome = self.in_time("delete", name, deleting).await;
        self.count("delete", &outcome, |()| "done");
        outcome
    }

    /// For whoever sends a large object in pieces: the store, the key, and the time for one piece.
    pub(super) fn raw(&self, name: &str) -> (&dyn ObjectStore, Key, Duration) {
        (&*self.patient, self.key(name), self.timeout)
    }

    pub(super) fn count<T>(
        &self,
        operation: &'static str,
        outcome: &Result<T, StoreError>,
        word: impl FnOnce(&T) -> &'static str,
    ) {
        let outcome = outcome.as_ref().map_or("failed", word);
        self.metrics.store_requests.get_or_create(&StoreLabels { operation, outcome }).inc();
    }

    async fn in_time<T>(
        &self,
        doing: &'static str,
        name: &str,
        request: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let limit = self.timeout;
        let late = |_| StoreError::TimedOut { doing, name: name.to_owned(), limit };
        tokio::time::timeout(limit, request).await.map_err(late)?
    }

    fn key(&self, name: &str) -> Key {
        if self.prefix.is_empty() { Key::from(name) } else { Key::from(format!("{}/{name}", self.prefix)) }
    }

    fn listed(&self, meta: object_store::ObjectMeta) -> Result<Listed, StoreError> {
        let name = meta.location.as_ref();
        let name = name.strip_prefix(self.prefix.as_str()).unwrap_or(name);
        let name = name.strip_prefix('/').unwrap_or(name).to_owned();
        let edition = edition(meta.e_tag, &name)?;
        let modified =
            Timestamp::from_millisecond(meta.last_modified.timestamp_millis()).unwrap_or(Timestamp::MAX);
        Ok(Listed { name, length: meta.size, edition, modified })
    }

    fn condition(&self, edition: &Edition) -> String {
        match self.unquoted.load(Ordering::Relaxed) {
            true => edition.text().to_owned(),
            false => format!("\"{}\"", edition.text()),
        }
    }
}

/// What lies there, for whoever knows an edition.
#[derive(Debug)]
pub(crate) enum Unless {
    Absent,
    Same,
    Other(Read),
}

fn edition(e_tag: Option<String>, name: &str) -> Result<Edition, StoreError> {
    let why = "the store gives no ETag, without which servers cannot share it: use another store";
    let e_tag = e_tag.map(|text| Edition(text.trim_matches('"').to_owned()));
    e_tag.ok_or_else(|| StoreError::Malformed { name: name.to_owned(), why: why.to_owned() })
}

pub(super) fn refused(doing: &'static str, name: &str) -> impl Fn(Error) -> StoreError {
    let name = name.to_owned();
    move |source| StoreError::Refused { doing, name: name.clone(), source }
}
