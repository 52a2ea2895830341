//! The first step: from the pinned root to the newest one (TUF specification 5.3).

use jiff::Timestamp;
use sigstore_tuf::{Root, TrustedMetadataSet};

use crate::chain::{AwaitTimestamp, Walk, unexpired};
use crate::{Crypto, Dropped, Error, Keep, LIMITS, ROOT, Stored, Wanted, check};

/// Starts a check at the fixed time `now`.
///
/// The walk begins at the stored root if that is signed by its own keys and not older than the pinned one, else at the
/// pinned one. That the stored root descends from the pinned one was verified when it was kept and cannot be seen from it
/// any more: so the store must belong to one pinned root (key it by that root's SHA-256) and to the user whose programs
/// are updated.
///
/// # Errors
/// [`Error::PinnedRoot`] if the pinned root does not verify by itself. Stored files never fail this.
pub fn begin(crypto: Crypto, pinned_root: &[u8], stored: &Stored, now: Timestamp) -> Result<Roots, Error> {
    let pinned = trusted(pinned_root, crypto).map_err(|error| Error::PinnedRoot(Box::new(error)))?;
    let (mut set, mut dropped, mut stored) = (pinned, Vec::new(), stored.clone());
    if let Some(bytes) = stored.root.take() {
        match trusted(&bytes, crypto) {
            // The pinned root wins a tie: it may have been pinned anew after a disaster.
            Ok(newer) if newer.root().version > set.root().version => set = newer,
            Ok(_) => {}
            Err(why) => dropped.push(Dropped { role: ROOT.to_owned(), why }),
        }
    }
    let first = set.root().clone();
    Ok(Roots { walk: Walk { crypto, set, stored, now, dropped }, first, steps: 0 })
}

/// A root that is signed by its own keys.
fn trusted(bytes: &[u8], crypto: Crypto) -> Result<TrustedMetadataSet, Error> {
    check::root(bytes, crypto)?;
    TrustedMetadataSet::from_root(bytes).map_err(|error| Error::from_verifier(ROOT, error))
}

/// Walking from root to root. Ask [`Self::wanted`], fetch, give the bytes to [`Self::received`], until the next root is not
/// there (404) or nothing is wanted; then [`Self::finish`].
#[derive(Debug, Clone)]
pub struct Roots {
    walk: Walk,
    first: Root,
    steps: u32,
}

impl Roots {
    /// The next root; `None` after [`crate::Limits::root_steps`] of them, the next check goes on from there.
    #[must_use]
    pub fn wanted(&self) -> Option<Wanted> {
        let version = self.walk.set.root().version.checked_add(1)?;
        let more = self.steps < LIMITS.root_steps;
        more.then(|| Wanted { role: ROOT.to_owned(), version: Some(version), limit: LIMITS.root_bytes })
    }

    /// Takes the next root: signed by the keys of the one before and by its own, its version one higher (TUF 5.3.4,
    /// 5.3.5). Its expiry does not matter here: a client that was offline for long must get through (5.3.10 comes last).
    ///
    /// # Errors
    /// If it does not verify; the trusted root stays what it was.
    pub fn received(&mut self, bytes: &[u8]) -> Result<Keep, Error> {
        if self.wanted().is_none() {
            let limit = LIMITS.root_steps as usize;
            return Err(Error::TooMany { role: ROOT.to_owned(), what: "steps", limit });
        }
        check::root(bytes, self.walk.crypto)?;
        self.walk.set.update_root(bytes).map_err(|error| Error::from_verifier(ROOT, error))?;
        self.steps += 1;
        Ok(Keep::new(ROOT, bytes))
    }

    /// No newer root: the last one must be unexpired at `now` (TUF 5.3.10), and stored files must verify under it.
    ///
    /// # Errors
    /// [`Error::Expired`].
    pub fn finish(self) -> Result<AwaitTimestamp, Error> {
        unexpired(self.walk.set.root(), ROOT, self.walk.now)?;
        Ok(AwaitTimestamp::new(self.walk, &self.first))
    }

    /// Stored files that do not count, so far.
    #[must_use]
    pub fn dropped(&self) -> &[Dropped] {
        &self.walk.dropped
    }
}
