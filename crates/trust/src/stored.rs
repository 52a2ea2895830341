//! Plain data between this room and whoever fetches and stores.

use std::collections::BTreeMap;

use crate::Error;

/// The metadata files kept from earlier checks, as bytes. They are verified again before they count for anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// The latest kept root.
    pub root: Option<Vec<u8>>,
    /// The latest kept timestamp.
    pub timestamp: Option<Vec<u8>>,
    /// The latest kept snapshot.
    pub snapshot: Option<Vec<u8>>,
    /// The latest kept top-level targets.
    pub targets: Option<Vec<u8>>,
    /// The latest kept delegated targets, by role name.
    pub delegated: BTreeMap<String, Vec<u8>>,
}

impl Stored {
    /// Puts kept bytes in their place, as a store that reads its own files back would.
    pub fn keep(&mut self, keep: Keep) {
        match keep.role.as_str() {
            crate::ROOT => self.root = Some(keep.bytes),
            crate::TIMESTAMP => self.timestamp = Some(keep.bytes),
            crate::SNAPSHOT => self.snapshot = Some(keep.bytes),
            crate::TARGETS => self.targets = Some(keep.bytes),
            _ => {
                self.delegated.insert(keep.role, keep.bytes);
            }
        }
    }
}

/// Verified bytes that the store must keep under this role, in the order in which they are given: a crash between two of
/// them then never leaves a file behind that the kept ones before it do not support.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// The role. Safe as a file name: letters, digits, `.`, `_` and `-`, not beginning with a dot, at most 64 bytes.
    pub role: String,
    /// The bytes as received.
    pub bytes: Vec<u8>,
}

impl Keep {
    pub(crate) fn new(role: &str, bytes: &[u8]) -> Self {
        Self { role: role.to_owned(), bytes: bytes.to_vec() }
    }
}

/// The metadata file that is needed next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The role; safe as in [`Keep::role`].
    pub role: String,
    /// The version in the file's name: `{version}.{role}.json`. `None`: the name is `{role}.json` (timestamp, and
    /// everything but root in a repository without consistent snapshots).
    pub version: Option<u64>,
    /// The most bytes worth reading. One more is already refused.
    pub limit: u64,
}

/// A stored file that was not used because it did not verify. For the store to set aside, and for one log line.
#[derive(Debug, Clone)]
pub struct Dropped {
    /// The role under which it was stored.
    pub role: String,
    /// Why it does not count.
    pub why: Error,
}
