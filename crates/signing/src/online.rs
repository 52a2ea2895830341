//! What a server, or `autoupdate refresh`, does alone: keep the online roles fresh.
//!
//! Online keys lie unattended on a machine that the network can reach, so they can only say what is newest and hold a
//! release back. A key of `root` or `targets` in the same folder would undo that: the folder is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::batch::Batch;
use crate::document::{INGEST, ROLLOUT, RoleKeys, Root};
use crate::repository::Unlock;
use crate::{Error, KeyFile, Passphrase, SecretKey, Tree, Validity, complete, disk, keyring};

/// The roles whose keys may lie on a server.
const ONLINE: [&str; 4] = ["snapshot", "timestamp", ROLLOUT, INGEST];

/// The keys of the online roles: `snapshot`, `timestamp`, and where they are delegated `rollout` and `ingest`.
#[derive(Debug)]
pub struct OnlineKeys {
    folder: PathBuf,
    keys: Vec<(String, PathBuf, SecretKey)>,
}

impl OnlineKeys {
    /// Loads every `*.pem` of a folder. A file is named after its role: `snapshot.pem`, or `snapshot-2.pem` for the
    /// next key that waits beside it for a rotation. Public parts (`*.pub.pem`) are skipped.
    ///
    /// # Errors
    /// [`Error::OfflineKey`] for a file of another role, [`Error::Readable`] if others may read one,
    /// [`Error::PassphraseNeeded`] and [`Error::WrongPassphrase`] for encrypted ones.
    pub fn load(folder: &Path, passphrase: Option<&Passphrase>) -> Result<Self, Error> {
        Self::load_with(folder, &mut |_| Ok(passphrase.cloned()))
    }

    /// As [`Self::load`], with a passphrase for each file.
    pub(crate) fn load_with(folder: &Path, unlock: &mut Unlock<'_>) -> Result<Self, Error> {
        let mut keys = Vec::new();
        for name in disk::names(folder)? {
            let Some(stem) = name.strip_suffix(".pem").filter(|stem| !stem.ends_with(".pub")) else {
                continue;
            };
            let path = folder.join(&name);
            let role = stem.split_once('-').map_or(stem, |(role, _)| role).to_owned();
            if !ONLINE.contains(&role.as_str()) {
                return Err(Error::OfflineKey { path, role });
            }
            let key = keyring::open(&KeyFile::open(&path)?, unlock)?;
            keys.push((role, path, key));
        }
        Ok(Self { folder: folder.to_owned(), keys })
    }

    /// Whether there is no key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Keys that sign for a role, enough of them for its threshold.
    pub(crate) fn of(&self, role: &str, wanted: &RoleKeys) -> Result<Vec<&SecretKey>, Error> {
        let fits = |key: &&SecretKey| wanted.keyids.iter().any(|id| id == key.public().id().as_str());
        // By id, not by the name of the file: one key may serve two roles, and a name can lie.
        let found: BTreeMap<_, _> = self
            .keys
            .iter()
            .map(|(_, _, key)| key)
            .filter(fits)
            .map(|key| (key.public().id(), key))
            .collect();
        if (found.len() as u64) < wanted.threshold {
            let short: Vec<&str> = wanted.keyids.iter().filter_map(|id| id.get(..8)).collect();
            return Err(Error::NoKey {
                role: role.to_owned(),
                folder: self.folder.clone(),
                wanted: short.join(", "),
            });
        }
        Ok(found.into_values().collect())
    }

    /// Refuses keys that the root names for an offline role, whatever their file is called.
    pub(crate) fn check_offline(&self, root: &Root) -> Result<(), Error> {
        for (_, path, key) in &self.keys {
            let id = key.public().id();
            for role in ["root", "targets"] {
                if root.role(role)?.keyids.iter().any(|offline| offline == id.as_str()) {
                    return Err(Error::OfflineKey { path: path.clone(), role: role.to_owned() });
                }
            }
        }
        Ok(())
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

/// Signs the online roles again where it is needed, verifies the result as a client would, also where nothing was due, and
/// writes it, the timestamp last. Versions are `max(previous + 1, minutes since 1970)`, so that a tree restored from a backup moves forward.
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
    let mut batch = Batch::new(tree);
    let renewed = complete::online_roles(&mut batch, keys, validity, now, reason)?;
    // Also where nothing is due: "nothing was due" must not be said of a tree that no client accepts.
    batch.verify(now)?;
    batch.write()?;
    Ok(renewed)
}

/// When the next renewal is due: `now` or earlier if something must be signed at once.
///
/// # Errors
/// If the tree cannot be read.
pub fn due(tree: &Tree, validity: &Validity, now: Timestamp) -> Result<Timestamp, Error> {
    complete::next_renewal(&Batch::new(tree), validity, now)
}
