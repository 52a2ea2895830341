//! From the newest root over timestamp and snapshot to targets (TUF specification 5.4 to 5.6).
//!
//! What was stored is loaded as a floor first, expired or not; then every file that is *used* is verified at `now`, whether
//! it was received or stored. Crashes between two files are normal: the floor of a stored snapshot counts even where the
//! stored timestamp is already ahead of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sigstore_tuf::{MetaFile, Metadata, Role, Root, Snapshot, TrustedMetadataSet};

use crate::{
    Crypto, Dropped, Error, Flaw, Keep, LIMITS, SNAPSHOT, Stored, TARGETS, TIMESTAMP, Verified, Wanted, check,
};

/// What every stage carries.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    pub(crate) crypto: Crypto,
    pub(crate) set: TrustedMetadataSet,
    pub(crate) stored: Stored,
    pub(crate) now: Timestamp,
    pub(crate) dropped: Vec<Dropped>,
}

impl Walk {
    /// Notes that a stored file does not count.
    pub(crate) fn note(&mut self, role: &str, why: Error) {
        self.dropped.push(Dropped { role: role.to_owned(), why });
    }

    /// What to fetch for a pinned role.
    pub(crate) fn wanted(&self, role: &str, pin: &MetaFile) -> Wanted {
        let limit = LIMITS.bytes_of(role);
        Wanted {
            role: role.to_owned(),
            version: self.set.root().consistent_snapshot.then_some(pin.version),
            limit: pin.length.map_or(limit, |length| length.min(limit)),
        }
    }
}

/// Fails if `file` is expired at `now`. The instant of expiry itself counts as expired (TUF: expires must be higher).
pub(crate) fn unexpired(file: &impl Role, role: &str, now: Timestamp) -> Result<(), Error> {
    let expires = file.expires();
    if expires > now { Ok(()) } else { Err(Error::Expired { role: role.to_owned(), expires }) }
}

/// Expecting the timestamp.
#[derive(Debug, Clone)]
pub struct AwaitTimestamp {
    walk: Walk,
    floor: Option<Snapshot>,
}

impl AwaitTimestamp {
    /// Loads the floors under the newest root. `first` is the root with which this walk began.
    pub(crate) fn new(mut walk: Walk, first: &Root) -> Self {
        let bare = walk.set.clone();
        let (mut floor, mut replaced) = (None, lost_a_key(first, walk.set.root()));
        if let Some(bytes) = walk.stored.timestamp.take() {
            match load_timestamp_floor(&mut walk.set, &bytes) {
                Ok(()) => walk.stored.timestamp = Some(bytes),
                Err(why) => {
                    replaced |=
                        is_by_a_replaced_key(&why, check::timestamp(&bytes), TIMESTAMP, walk.set.root());
                    walk.note(TIMESTAMP, why);
                }
            }
        }
        if let Some(bytes) = walk.stored.snapshot.take() {
            match snapshot_floor(walk.set.root(), &bytes) {
                Ok(snapshot) => {
                    // The verifier holds the floor too where timestamp and snapshot belong together. Where they do not
                    // (a crash between the two), only `floor` does.
                    let _ = walk.set.update_snapshot(&bytes, Timestamp::MIN);
                    floor = Some(snapshot);
                    walk.stored.snapshot = Some(bytes);
                }
                Err(why) => {
                    replaced |=
                        is_by_a_replaced_key(&why, check::snapshot(&bytes), SNAPSHOT, walk.set.root());
                    walk.note(SNAPSHOT, why);
                }
            }
        }
        if replaced {
            // TUF 5.3.11: whoever had the old online keys may have signed any version, so versions start anew.
            for (role, file) in
                [(TIMESTAMP, walk.stored.timestamp.take()), (SNAPSHOT, walk.stored.snapshot.take())]
            {
                if file.is_some() {
                    walk.note(role, Error::KeyReplaced { role: role.to_owned() });
                }
            }
            (walk.set, floor) = (bare, None);
        }
        Self { walk, floor }
    }

    /// The timestamp. Ask for it only if it changed (conditional GET) where [`Self::has_stored`].
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        Wanted { role: TIMESTAMP.to_owned(), version: None, limit: LIMITS.timestamp_bytes }
    }

    /// Whether a stored timestamp verifies, so that [`Self::not_modified`] has something to stand on.
    #[must_use]
    pub fn has_stored(&self) -> bool {
        self.walk.set.timestamp().is_some()
    }

    /// Takes the timestamp (TUF 5.4). With the version of the stored one, the stored one stays and there is nothing to
    /// keep.
    ///
    /// # Errors
    /// If it does not verify, is expired, or goes back behind the stored one.
    pub fn received(mut self, bytes: &[u8]) -> Result<(AwaitSnapshot, Option<Keep>), Error> {
        check::timestamp(bytes)?;
        let keep = match self.walk.set.update_timestamp(bytes, self.walk.now) {
            Ok(()) => Some(Keep::new(TIMESTAMP, bytes)),
            Err(sigstore_tuf::Error::EqualVersion { .. }) => None,
            Err(error) => return Err(Error::from_verifier(TIMESTAMP, error)),
        };
        Ok((self.on()?, keep))
    }

    /// The source says that the timestamp did not change. That is no freshness: the stored one must be unexpired at `now`.
    ///
    /// # Errors
    /// [`Error::NotStored`] if no stored one verifies, [`Error::Expired`].
    pub fn not_modified(self) -> Result<AwaitSnapshot, Error> {
        self.on()
    }

    /// Stored files that do not count, so far.
    #[must_use]
    pub fn dropped(&self) -> &[Dropped] {
        &self.walk.dropped
    }

    fn on(self) -> Result<AwaitSnapshot, Error> {
        let Self { walk, floor } = self;
        let timestamp =
            walk.set.timestamp().ok_or_else(|| Error::NotStored { role: TIMESTAMP.to_owned() })?;
        unexpired(timestamp, TIMESTAMP, walk.now)?;
        let pin = timestamp.snapshot_meta().cloned();
        let pin = pin.ok_or_else(|| Error::NotPinned { role: SNAPSHOT.to_owned() })?;
        if let Some(floor) = &floor {
            not_below(SNAPSHOT, floor.version, pin.version)?;
        }
        let mut stage = AwaitSnapshot { walk, floor, pin, ready: None };
        if let Some(bytes) = &stage.walk.stored.snapshot {
            stage.ready = stage.verified(bytes).ok();
        }
        Ok(stage)
    }
}

/// A stored timestamp as the floor of versions, expired or not.
fn load_timestamp_floor(set: &mut TrustedMetadataSet, bytes: &[u8]) -> Result<(), Error> {
    check::timestamp(bytes)?;
    set.update_timestamp(bytes, Timestamp::MIN).map_err(|error| Error::from_verifier(TIMESTAMP, error))
}

/// A stored snapshot as the floor of versions: signed for this root, whatever timestamp says about it.
fn snapshot_floor(root: &Root, bytes: &[u8]) -> Result<Snapshot, Error> {
    let snapshot = check::snapshot(bytes)?;
    let role = root.role(SNAPSHOT).ok_or_else(|| Error::malformed(crate::ROOT, Flaw::MissingRole))?;
    snapshot
        .verify_threshold(&root.keys, role, SNAPSHOT)
        .map_err(|error| Error::from_verifier(SNAPSHOT, error))?;
    Ok(snapshot.into_signed())
}

/// Whether timestamp or snapshot lost a key between two roots.
fn lost_a_key(first: &Root, last: &Root) -> bool {
    let keys = |root: &Root, role: &str| -> BTreeSet<String> {
        let ids = root.role(role).map(|role| role.keyids.clone()).unwrap_or_default();
        ids.iter().filter_map(|id| root.keys.get(id)).map(|key| key.keyval.public.clone()).collect()
    };
    [TIMESTAMP, SNAPSHOT].iter().any(|role| !keys(first, role).is_subset(&keys(last, role)))
}

/// Whether a stored file fails because a key that signed it is listed no more: an earlier check replaced it, and did not get
/// further than root. A file that is merely damaged names listed keys.
fn is_by_a_replaced_key<T: Role>(
    why: &Error,
    file: Result<Metadata<T>, Error>,
    role: &str,
    root: &Root,
) -> bool {
    let listed = |id: &String| root.role(role).is_some_and(|role| role.keyids.contains(id));
    matches!(why, Error::Signature { .. })
        && file.is_ok_and(|file| file.signatures().iter().any(|signature| !listed(&signature.keyid)))
}

fn not_below(role: &str, trusted: u64, new: u64) -> Result<(), Error> {
    if new < trusted { Err(Error::Rollback { role: role.to_owned(), trusted, new }) } else { Ok(()) }
}

/// Expecting the snapshot that timestamp pins.
#[derive(Debug, Clone)]
pub struct AwaitSnapshot {
    walk: Walk,
    floor: Option<Snapshot>,
    pin: MetaFile,
    ready: Option<TrustedMetadataSet>,
}

impl AwaitSnapshot {
    /// The snapshot; `None` if the stored one is the pinned one and unexpired: then call [`Self::stored`].
    #[must_use]
    pub fn wanted(&self) -> Option<Wanted> {
        self.ready.is_none().then(|| self.walk.wanted(SNAPSHOT, &self.pin))
    }

    /// Takes the snapshot (TUF 5.5).
    ///
    /// # Errors
    /// If it is not the pinned one, does not verify, is expired, or a role in it goes back or is gone.
    pub fn received(self, bytes: &[u8]) -> Result<(AwaitTargets, Keep), Error> {
        let set = self.verified(bytes)?;
        Ok((AwaitTargets::new(Walk { set, ..self.walk })?, Keep::new(SNAPSHOT, bytes)))
    }

    /// Goes on with the stored snapshot.
    ///
    /// # Errors
    /// [`Error::NotStored`] where [`Self::wanted`] wants one.
    pub fn stored(self) -> Result<AwaitTargets, Error> {
        let set = self.ready.ok_or_else(|| Error::NotStored { role: SNAPSHOT.to_owned() })?;
        AwaitTargets::new(Walk { set, ..self.walk })
    }

    /// Stored files that do not count, so far.
    #[must_use]
    pub fn dropped(&self) -> &[Dropped] {
        &self.walk.dropped
    }

    fn verified(&self, bytes: &[u8]) -> Result<TrustedMetadataSet, Error> {
        let new = check::snapshot(bytes)?;
        let mut set = self.walk.set.clone();
        set.update_snapshot(bytes, self.walk.now).map_err(|error| Error::from_verifier(SNAPSHOT, error))?;
        unexpired(new.signed(), SNAPSHOT, self.walk.now)?;
        // TUF 5.5.5, also against a stored snapshot that the verifier could not load beside the stored timestamp.
        let none = BTreeMap::new();
        for (name, known) in self.floor.as_ref().map_or(&none, |floor| &floor.meta) {
            let offered = new.signed().meta.get(name).map_or(0, |pin| pin.version);
            not_below(name.strip_suffix(".json").unwrap_or(name), known.version, offered)?;
        }
        Ok(set)
    }
}

/// Expecting the top-level targets that snapshot pins.
#[derive(Debug, Clone)]
pub struct AwaitTargets {
    walk: Walk,
    pin: MetaFile,
    ready: Option<TrustedMetadataSet>,
}

impl AwaitTargets {
    fn new(walk: Walk) -> Result<Self, Error> {
        let pin = walk.set.snapshot().and_then(|snapshot| snapshot.meta.get(&check::pin_name(TARGETS)));
        let pin = pin.cloned().ok_or_else(|| Error::NotPinned { role: TARGETS.to_owned() })?;
        let mut stage = Self { walk, pin, ready: None };
        if let Some(bytes) = stage.walk.stored.targets.take() {
            match stage.verified(&bytes) {
                Ok(set) => stage.ready = Some(set),
                // An older file is no fault; one that is no metadata at all is worth a note.
                Err(why @ (Error::Malformed { .. } | Error::TooLong { .. })) => stage.walk.note(TARGETS, why),
                Err(_) => {}
            }
            stage.walk.stored.targets = Some(bytes);
        }
        Ok(stage)
    }

    /// The targets; `None` if the stored ones are the pinned ones and unexpired: then call [`Self::stored`].
    #[must_use]
    pub fn wanted(&self) -> Option<Wanted> {
        self.ready.is_none().then(|| self.walk.wanted(TARGETS, &self.pin))
    }

    /// Takes the targets (TUF 5.6).
    ///
    /// # Errors
    /// If they are not the pinned ones, do not verify, or are expired.
    pub fn received(self, bytes: &[u8]) -> Result<(Verified, Keep), Error> {
        let set = self.verified(bytes)?;
        Ok((Verified::new(Walk { set, ..self.walk }), Keep::new(TARGETS, bytes)))
    }

    /// Goes on with the stored targets.
    ///
    /// # Errors
    /// [`Error::NotStored`] where [`Self::wanted`] wants them.
    pub fn stored(self) -> Result<Verified, Error> {
        let set = self.ready.ok_or_else(|| Error::NotStored { role: TARGETS.to_owned() })?;
        Ok(Verified::new(Walk { set, ..self.walk }))
    }

    /// Stored files that do not count, so far.
    #[must_use]
    pub fn dropped(&self) -> &[Dropped] {
        &self.walk.dropped
    }

    fn verified(&self, bytes: &[u8]) -> Result<TrustedMetadataSet, Error> {
        let new = check::targets(TARGETS, bytes, self.walk.crypto)?;
        let mut set = self.walk.set.clone();
        set.update_targets(bytes, self.walk.now).map_err(|error| Error::from_verifier(TARGETS, error))?;
        unexpired(new.signed(), TARGETS, self.walk.now)?;
        Ok(set)
    }
}
