//! The patches and packed twins of old clients where several servers share them in a bucket.
//!
//! Checks come in crowds and must not wait for a store, so what was seen there is remembered:
//!
//! - what is not there for as long as servers do not look for each other's news (`s3.follow`, a minute at most), what is there for a minute, and of a patch
//!   for longer whether old clients survive it, until there is another one under its name;
//! - one look at a time for each object, however many ask, and so many looks at the same time;
//! - who asks waits for a look that is under way, but not for longer than it says, counted from the beginning of the look: while the
//!   store does not answer, only the first to ask lose that time;
//! - to be looked into, a patch is fetched into a file that is gone afterwards, a few at a time.

use std::collections::HashMap;
use std::io::BufReader;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::{MAX_REMEMBERED, lock};
use crate::blocking;
use crate::patches::{Key, in_bucket};
use crate::store::bucket::Edition;
use crate::store::{Commons, StoreError, claim};

/// For how long what is there is believed to be there, and the longest that what is not is believed not to be.
const BELIEVED: Duration = Duration::from_secs(60);
/// The most looks at the same time. Who asks for more is not waited with.
const MAX_LOOKS: usize = 64;
/// The most patches that are fetched at the same time to be looked into.
const MAX_FETCHED: usize = 2;

/// How something stands that an old client may be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// It is there, and fit for them.
    Fit,
    /// It is there, and would do harm.
    Unfit,
    /// It is not there.
    Absent,
    /// It cannot be told now.
    Unknown,
}

/// What is looked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The name in the bucket.
    name: String,
    /// The length in bytes of the artifact that a patch leads to; None: it is no patch.
    leads_to: Option<u64>,
}

impl Wanted {
    /// A patch to an artifact of so many bytes.
    pub(super) fn patch(key: &Key, length: u64) -> Self {
        Self { name: in_bucket::name(key), leads_to: Some(length) }
    }

    /// A packed twin, by its name in the bucket.
    pub(super) fn twin(name: String) -> Self {
        Self { name, leads_to: None }
    }
}

/// What was seen of the bucket.
pub(super) struct Sights {
    commons: Arc<Commons>,
    /// For what is fetched.
    scratch: PathBuf,
    inside: Mutex<Inside>,
    /// Told when a look has ended.
    looked: Notify,
    fetching: Semaphore,
}

#[derive(Default)]
struct Inside {
    seen: HashMap<String, Seen>,
    /// The looks that are under way, and when they began.
    looking: HashMap<String, Instant>,
}

struct Seen {
    sight: Sight,
    /// Of what; None: of nothing.
    edition: Option<Edition>,
    /// When it must be looked at again.
    until: Instant,
}

impl Sights {
    pub(super) fn new(commons: Arc<Commons>, scratch: &Path) -> Arc<Self> {
        Arc::new(Self {
            commons,
            scratch: scratch.to_owned(),
            inside: Mutex::default(),
            looked: Notify::new(),
            fetching: Semaphore::new(MAX_FETCHED),
        })
    }

    /// The bucket that is looked at.
    pub(super) fn commons(&self) -> &Commons {
        &self.commons
    }

    /// How something stands. Waits for it at most so long.
    pub(super) async fn see(self: &Arc<Self>, wanted: &Wanted, patience: Duration) -> Sight {
        let entered = Instant::now();
        loop {
            let mut looked = pin!(self.looked.notified());
            // From here on nothing is missed.
            looked.as_mut().enable();
            let began = {
                let mut inside = lock(&self.inside);
                let now = Instant::now();
                if let Some(seen) = inside.seen.get(&wanted.name).filter(|seen| now < seen.until) {
                    return seen.sight;
                }
                match inside.looking.get(&wanted.name) {
                    Some(began) => *began,
                    None if inside.looking.len() >= MAX_LOOKS => return Sight::Unknown,
                    None => {
                        inside.looking.insert(wanted.name.clone(), now);
                        tokio::spawn(Arc::clone(self).look(wanted.clone()));
                        now
                    }
                }
            };
            let deadline = began.min(entered) + patience;
            if tokio::time::timeout_at(deadline, looked).await.is_err() {
                return Sight::Unknown;
            }
        }
    }

    /// Something may have come: what was not there is looked for again.
    pub(super) fn hope(&self, wanted: &Wanted) {
        let mut inside = lock(&self.inside);
        if inside.seen.get(&wanted.name).is_some_and(|seen| seen.sight == Sight::Absent) {
            inside.seen.remove(&wanted.name);
        }
    }

    async fn look(self: Arc<Self>, wanted: Wanted) {
        let looking = AssertUnwindSafe(self.found(&wanted)).catch_unwind().await;
        let outcome = looking.unwrap_or_else(|_| {
            self.commons.bucket.metrics().panics.inc();
            Err(std::io::Error::other("a bug: looking at it panicked").into())
        });
        let (sight, edition) = outcome.unwrap_or_else(|error| {
            tracing::warn!(name = wanted.name, %error, "an old Lantern client cannot be sent there now");
            (Sight::Unknown, None)
        });
        let life = if edition.is_some() { BELIEVED } else { self.commons.follow.min(BELIEVED) };
        let seen = Seen { sight, edition, until: Instant::now() + life };
        let mut inside = lock(&self.inside);
        inside.looking.remove(&wanted.name);
        if inside.seen.len() >= MAX_REMEMBERED {
            inside.seen.clear();
        }
        inside.seen.insert(wanted.name, seen);
        drop(inside);
        self.looked.notify_waiters();
    }

    async fn found(&self, wanted: &Wanted) -> Result<(Sight, Option<Edition>), StoreError> {
        let Some(there) = self.commons.bucket.head(&wanted.name).await? else {
            return Ok((Sight::Absent, None));
        };
        let known = lock(&self.inside).seen.get(&wanted.name).and_then(|seen| {
            // Of what could not be told nothing was remembered.
            (seen.edition.as_ref() == Some(&there.edition)).then_some(seen.sight)
        });
        let sight = match (known, wanted.leads_to) {
            (Some(known), _) => known,
            (None, None) => Sight::Fit,
            (None, Some(length)) if there.length > length => {
                tracing::warn!(
                    name = wanted.name,
                    "longer than what it leads to: not given to old Lantern clients"
                );
                Sight::Unfit
            }
            (None, Some(length)) => self.check(&wanted.name, length).await?,
        };
        Ok((sight, Some(there.edition)))
    }

    /// Whether old clients survive a patch to an artifact of so many bytes.
    async fn check(&self, name: &str, length: u64) -> Result<Sight, StoreError> {
        let _place = self.fetching.acquire().await;
        let patch = claim::fetch(&self.commons, name, &self.scratch).await?;
        let checking = move || Ok(delta::check_bsdiff40(BufReader::new(patch.reopen()?), length));
        let stopping = || std::io::Error::other("the server is stopping");
        let checked: std::io::Result<_> = blocking::run(checking).await.unwrap_or_else(|| Err(stopping()));
        Ok(match checked? {
            Ok(()) => Sight::Fit,
            Err(error) => {
                tracing::warn!(name, %error, "not given to old Lantern clients");
                Sight::Unfit
            }
        })
    }
}
