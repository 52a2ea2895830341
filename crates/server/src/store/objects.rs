//! The bytes of targets and uploads in the bucket, for whoever accepts a publication.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use protocol::{AppId, Digest};
use signing::{Error, Objects};
use tokio::runtime::Handle;

use super::bucket::{Bucket, StoreError};
use super::{incoming, transfer};

/// Asked on a thread that may block, of a runtime that goes on.
pub(crate) struct InBucket {
    bucket: Arc<Bucket>,
    app: AppId,
    runtime: Handle,
    /// For one copy within the store.
    limit: Duration,
    /// The lengths of all targets, listed when the first one is asked for.
    lengths: OnceLock<BTreeMap<String, u64>>,
    placed: Mutex<BTreeSet<Digest>>,
}

impl InBucket {
    /// For one attempt to publish, called on a thread of the runtime.
    pub(crate) fn new(bucket: &Arc<Bucket>, app: &AppId, limit: Duration) -> Self {
        Self {
            bucket: Arc::clone(bucket),
            app: app.clone(),
            runtime: Handle::current(),
            limit,
            lengths: OnceLock::new(),
            placed: Mutex::default(),
        }
    }

    /// The uploads that lie in the tree now and need not wait any more.
    pub(crate) fn placed(&self) -> BTreeSet<Digest> {
        self.placed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wait<T>(
        &self,
        doing: &'static str,
        name: &str,
        request: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Error> {
        let io = |error| Error::Io { doing, path: name.into(), source: io::Error::other(error) };
        self.runtime.block_on(request).map_err(io)
    }
}

impl Objects for InBucket {
    fn length(&self, name: &str) -> Result<Option<u64>, Error> {
        let lengths = match self.lengths.get() {
            Some(lengths) => lengths,
            None => {
                let folder = format!("{}/targets", self.app);
                let listed = self.wait("list", &folder, self.bucket.list(&folder))?;
                self.lengths.get_or_init(|| listed.into_iter().map(|one| (one.name, one.length)).collect())
            }
        };
        Ok(lengths.get(&format!("{}/{name}", self.app)).copied())
    }

    fn digest(&self, name: &str) -> Result<Option<(Digest, u64)>, Error> {
        let name = format!("{}/{name}", self.app);
        self.wait("read", &name, transfer::digest(&self.bucket, &name))
    }

    /// An upload gets its name when its bytes were hashed, so the name is believed.
    fn uploaded(&self, sha256: &Digest) -> Result<Option<(Digest, u64)>, Error> {
        let name = incoming(&self.app, sha256);
        let found = self.wait("look at", &name, self.bucket.head(&name))?;
        Ok(found.map(|found| (*sha256, found.length)))
    }

    fn place(&self, sha256: &Digest, names: &[String]) -> Result<(), Error> {
        let from = incoming(&self.app, sha256);
        for name in names {
            let to = format!("{}/{name}", self.app);
            self.wait("copy", &to, self.bucket.copy(&from, &to, self.limit))?;
        }
        self.placed.lock().unwrap_or_else(PoisonError::into_inner).insert(*sha256);
        Ok(())
    }
}
