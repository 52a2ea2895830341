//! A lease: one object that says who may work on something, and until when.
//!
//! It saves work and never guards anything: a holder may be stopped for an hour and go on. What is guarded is guarded by
//! a condition on the write itself. So a wrong clock costs time or a lost race, and nothing else. Rules:
//!
//! - absent: create it with epoch 1; free or expired: update it with the epoch after its own; held: wait or give up;
//! - every body carries a new nonce, because equal bodies have equal ETags;
//! - the holder renews it after each third of its life, and frees it at the end; who dies lets it expire;
//! - it is never deleted, so epochs only rise.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::bucket::{Bucket, Edition, Put, StoreError};
use super::nonce;
use crate::shared::Clock;

/// The format version that this code writes and reads.
const FORMAT: u32 = 1;
/// The longest lease object that is read, in bytes.
const MAX_BYTES: u64 = 4 << 10;
/// How often somebody who waits looks again, at the longest.
const LOOK: Duration = Duration::from_secs(1);

/// Who takes leases, and on what terms.
#[derive(Clone)]
pub(crate) struct Terms {
    /// Whom the others see.
    pub(crate) owner: String,
    pub(crate) life: Duration,
    pub(crate) clock: Clock,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Document {
    format: u32,
    epoch: u64,
    owner: String,
    nonce: String,
    /// None: it is free.
    expires_at: Option<Timestamp>,
    /// What the last holder left for all who come after: see [`Lease::release`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remark: Option<u64>,
}

/// A lease that is held. Dropped without [`Self::release`] it expires.
pub(crate) struct Lease {
    bucket: Arc<Bucket>,
    name: String,
    held: Arc<Mutex<Held>>,
    renewal: JoinHandle<()>,
}

struct Held {
    document: Document,
    edition: Edition,
    /// Until when nobody else takes it, by our own clock.
    until: Instant,
    lost: bool,
}

/// What came of the wish for a lease.
pub(crate) enum Taken {
    /// It is ours.
    Mine(Lease),
    /// Somebody else has it.
    Theirs { owner: String, until: Timestamp },
}

/// Takes a lease, and waits for it at most so long if somebody else has it.
pub(crate) async fn take(
    bucket: &Arc<Bucket>,
    name: &str,
    terms: &Terms,
    patience: Duration,
) -> Result<Taken, StoreError> {
    let deadline = Instant::now() + patience;
    loop {
        let theirs = match once(bucket, name, terms).await? {
            Taken::Mine(lease) => return Ok(Taken::Mine(lease)),
            Taken::Theirs { owner, until } => (owner, until),
        };
        let (owner, until) = theirs;
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Taken::Theirs { owner, until });
        }
        let expires = Duration::try_from(until.duration_since((terms.clock)())).unwrap_or_default();
        // Not all in the same moment.
        let look = LOOK.mul_f64(0.25 + 0.75 * super::fraction());
        tokio::time::sleep(look.min(left).min(expires.max(LOOK / 20))).await;
    }
}

async fn once(bucket: &Arc<Bucket>, name: &str, terms: &Terms) -> Result<Taken, StoreError> {
    let (now, until) = ((terms.clock)(), Instant::now() + terms.life);
    let found = bucket.get(name, MAX_BYTES).await?;
    let (before, edition) = match &found {
        None => (None, None),
        Some(read) => (Some(parse(name, &read.bytes)?), Some(&read.edition)),
    };
    if let Some(Document { owner, expires_at: Some(until), .. }) = &before
        && *until > now
    {
        return Ok(Taken::Theirs { owner: owner.clone(), until: *until });
    }
    let document = Document {
        format: FORMAT,
        epoch: before.as_ref().map_or(0, |before| before.epoch).saturating_add(1),
        owner: terms.owner.clone(),
        nonce: nonce(),
        expires_at: Some(after(now, terms.life)),
        remark: before.and_then(|before| before.remark),
    };
    match put(bucket, name, &document, edition).await? {
        Put::Done(edition) => {
            let held = Held { document, edition, until, lost: false };
            Ok(Taken::Mine(Lease::begin(bucket, name, terms, held)))
        }
        // Who was faster has it now; how long, the next look says.
        Put::Lost => Ok(Taken::Theirs { owner: "somebody".to_owned(), until: after(now, terms.life) }),
    }
}

impl Lease {
    fn begin(bucket: &Arc<Bucket>, name: &str, terms: &Terms, held: Held) -> Self {
        let held = Arc::new(Mutex::new(held));
        let renewing = keep(Arc::clone(bucket), name.to_owned(), terms.clone(), Arc::clone(&held));
        let renewal = tokio::spawn(renewing);
        Self { bucket: Arc::clone(bucket), name: name.to_owned(), held, renewal }
    }

    /// The number of this holder: each one has a greater one than all before.
    pub(crate) async fn epoch(&self) -> u64 {
        self.held.lock().await.document.epoch
    }

    /// Whether nobody else can have it now. That is no guard: who asks may be stopped before the next step.
    pub(crate) async fn is_held(&self) -> bool {
        let held = self.held.lock().await;
        !held.lost && Instant::now() < held.until
    }

    /// What an earlier holder left for all who come after.
    pub(crate) async fn remark(&self) -> Option<u64> {
        self.held.lock().await.document.remark
    }

    /// Gives it back, with something that all who come after should know; None leaves what is there.
    pub(crate) async fn release(self, remark: Option<u64>) {
        // Waited for, so that no renewal is cut in its middle.
        let mut held = self.held.lock().await;
        self.renewal.abort();
        if held.lost {
            return;
        }
        let document = Document {
            nonce: nonce(),
            expires_at: None,
            remark: remark.or(held.document.remark),
            ..held.document.clone()
        };
        match put(&self.bucket, &self.name, &document, Some(&held.edition)).await {
            Ok(Put::Done(_)) => {}
            Ok(Put::Lost) => {
                self.bucket.metrics().store_lost_leases.inc();
            }
            Err(error) => tracing::warn!(lease = self.name, %error, "a lease is not given back: it expires"),
        }
        held.lost = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Renews a lease until it is lost or given back.
async fn keep(bucket: Arc<Bucket>, name: String, terms: Terms, held: Arc<Mutex<Held>>) {
    let mut ticks = tokio::time::interval(terms.life / 3);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let mut held = held.lock().await;
        let expires_at = Some(after((terms.clock)(), terms.life));
        let until = Instant::now() + terms.life;
        let document = Document { nonce: nonce(), expires_at, ..held.document.clone() };
        match put(&bucket, &name, &document, Some(&held.edition)).await {
            Ok(Put::Done(edition)) => (held.document, held.edition, held.until) = (document, edition, until),
            Ok(Put::Lost) => {
                tracing::warn!(
                    lease = name,
                    epoch = held.document.epoch,
                    "a lease was lost to somebody else"
                );
                bucket.metrics().store_lost_leases.inc();
                held.lost = true;
                return;
            }
            Err(error) => tracing::warn!(lease = name, %error, "a lease was not renewed, and is tried again"),
        }
    }
}

async fn put(
    bucket: &Bucket,
    name: &str,
    document: &Document,
    edition: Option<&Edition>,
) -> Result<Put, StoreError> {
    let malformed =
        |error: serde_json::Error| StoreError::Malformed { name: name.to_owned(), why: error.to_string() };
    let bytes = Bytes::from(serde_json::to_vec(document).map_err(malformed)?);
    match edition {
        None => bucket.create(name, bytes).await,
        Some(edition) => bucket.update(name, bytes, edition).await,
    }
}

fn parse(name: &str, bytes: &[u8]) -> Result<Document, StoreError> {
    let wrong = |why: String| StoreError::Malformed { name: name.to_owned(), why };
    let document: Document = serde_json::from_slice(bytes)
        .map_err(|error| wrong(format!("it is no lease ({error}): delete it while no server runs")))?;
    if document.format != FORMAT {
        let why = format!("it has format {}, this program knows {FORMAT}: update it", document.format);
        return Err(wrong(why));
    }
    Ok(document)
}

fn after(now: Timestamp, life: Duration) -> Timestamp {
    let life = SignedDuration::try_from(life).unwrap_or(SignedDuration::MAX);
    now.saturating_add(life).unwrap_or(Timestamp::MAX)
}
