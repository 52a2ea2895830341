//! What a server, or `autoupdate refresh`, does alone: keep the online roles fresh.
//!
//! Online keys lie unattended on a machine that the network can reach, so they can only say what is newest and hold a
//! release back. A key of `root` or `targets` in the same folder would undo that: the folder is refused.

use std::path::Path;

use jiff::Timestamp;

use crate::{Error, Passphrase, Tree, Validity};

/// The keys of the online roles: `snapshot`, `timestamp`, and where they are delegated `rollout` and `ingest`.
#[derive(Debug)]
pub struct OnlineKeys {
    _private: (),
}

impl OnlineKeys {
    /// Loads every `*.pem` of a folder. A file is named after its role: `snapshot.pem`, or `snapshot-2.pem` for the
    /// next key that waits beside it for a rotation.
    ///
    /// # Errors
    /// [`Error::OfflineKey`] for a file of another role, [`Error::Readable`] if others may read one,
    /// [`Error::PassphraseNeeded`] and [`Error::WrongPassphrase`] for encrypted ones.
    pub fn load(folder: &Path, passphrase: Option<&Passphrase>) -> Result<Self, Error> {
        let _ = (folder, passphrase);
        Ok(Self { _private: () })
    }
}

/// Why the online roles are signed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renew {
    /// Only what has lived a third of its life, or no longer fits the root or the files on disk.
    IfDue,
    /// Whatever their age.
    Changed,
}

/// What [`renew`] signed: the new version of each role, `None` where the old one stayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// Delegated roles that were signed, by name.
    pub delegated: Vec<(String, u64)>,
    /// The snapshot.
    pub snapshot: Option<u64>,
    /// The timestamp.
    pub timestamp: Option<u64>,
    /// When the next renewal is due.
    pub next: Timestamp,
}

/// Signs the online roles again where it is needed, verifies the result as a client would, and writes it, the timestamp
/// last. Versions are `max(previous + 1, minutes since 1970)`, so that a tree restored from a backup moves forward.
///
/// # Errors
/// [`Error::NoKey`] if a key is missing, [`Error::OfflineKey`] if the root names one of `keys` for `root` or `targets`,
/// [`Error::Refused`] if a client would not accept the result, for example because root or targets have expired.
pub fn renew(
    tree: &Tree,
    keys: &OnlineKeys,
    validity: &Validity,
    now: Timestamp,
    reason: Renew,
) -> Result<Renewed, Error> {
    let _ = (tree, keys, validity, reason);
    Ok(Renewed { delegated: Vec::new(), snapshot: None, timestamp: None, next: now })
}

/// When the next renewal is due: in the past or `now` if something must be signed at once.
///
/// # Errors
/// If the tree cannot be read.
pub fn due(tree: &Tree, validity: &Validity, now: Timestamp) -> Result<Timestamp, Error> {
    let _ = (tree, validity);
    Ok(now)
}
