//! What a publisher hands to a server: new roots and the new signed list of releases. The body of `POST targets`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use protocol::{Artifact, Digest, object};
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, refused};
use crate::document::{Root, Target, Targets};
use crate::envelope::Envelope;
use crate::release::check_artifact;
use crate::{Error, Objects, OnDisk, OnlineKeys, Renew, Tree, Validity, complete, disk};

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

/// Takes a publication: signs the online roles over it, verifies the whole through `trust` as a client would, then checks
/// that the bytes of every target listed are in the tree or in `incoming` (files named by their SHA-256, which are moved
/// into the tree), and writes it: objects, roots, targets, rollout, snapshot, timestamp.
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
    accept_from(tree, keys, validity, &OnDisk::new(tree, incoming), publication, now)
}

/// As [`accept`], with the bytes of the targets wherever `objects` has them. Metadata and rollouts are still written to `tree`.
///
/// # Errors
/// As [`accept`], and those of `objects`.
pub fn accept_from(
    tree: &Tree,
    keys: &OnlineKeys,
    validity: &Validity,
    objects: &dyn Objects,
    publication: &Publication,
    now: Timestamp,
) -> Result<Accepted, Error> {
    let what = "the publication";
    let malformed = |why: &str| Error::Malformed { what: what.to_owned(), why: why.to_owned() };
    if publication.format != Publication::FORMAT {
        return Err(malformed("only format 1 is known: update this program"));
    }
    let mut batch = Batch::new(tree);
    let before = batch.newest("targets")?;
    let new_roots = add_roots(&mut batch, &publication.roots)?;
    let new: Targets = targets_of(publication)?;
    let old: Option<Targets> = match &before {
        Some((_, bytes)) => Some(Envelope::parse("targets", bytes)?.document("targets")?),
        None => None,
    };
    let same = before.as_ref().is_some_and(|(_, bytes)| *bytes == publication.targets);
    let published = before.map_or(0, |(version, _)| version);
    let (given, replaces) = (new.head.version, publication.replaces);
    if !same && (published != replaces || given <= published) {
        return Err(Error::Conflict { published, given, replaces });
    }
    for artifact in new.artifacts() {
        check_artifact(&artifact, tree.app())?;
    }
    if !same {
        batch.add("targets", given, publication.targets.clone());
    }
    complete::online_roles(&mut batch, keys, validity, now, Renew::IfDue)?;
    let accepted = Accepted {
        root: batch.root()?.head.version,
        targets: given,
        unchanged: same && new_roots == 0,
        added: added(old.as_ref(), &new),
    };
    if !batch.is_empty() {
        batch.verify(now)?;
        // Only now: hashing what an unsigned list names would be work that anybody could order.
        let moves = if same { BTreeMap::new() } else { find(objects, old.as_ref(), &new)? };
        for (sha256, places) in &moves {
            objects.place(sha256, places)?;
        }
        batch.write()?;
    }
    Ok(accepted)
}

/// The objects that the targets of a publication name and that neither the tree nor `incoming` has. Nothing is verified.
///
/// # Errors
/// [`Error::Malformed`] if the targets are no targets.
pub fn missing(tree: &Tree, incoming: &Path, publication: &Publication) -> Result<Vec<Digest>, Error> {
    let mut missing = BTreeSet::new();
    for (path, target) in &targets_of(publication)?.targets {
        let sha256 = target.sha256(path)?;
        let here = disk::length(&tree.path(&object::target(path, &sha256)?)?)? == Some(target.length);
        if !here && disk::length(&incoming.join(sha256.to_string()))?.is_none() {
            missing.insert(sha256);
        }
    }
    Ok(missing.into_iter().collect())
}

fn targets_of(publication: &Publication) -> Result<Targets, Error> {
    let (what, limit) = ("the published targets", trust::LIMITS.targets_bytes);
    if publication.targets.len() as u64 > limit {
        return Err(Error::TooLong { what: what.to_owned(), limit });
    }
    Envelope::parse(what, &publication.targets)?.document(what)
}

/// Adds the roots that the tree does not have yet; how many. Each is verified before anything else reads it: whoever may
/// upload is not trusted with roots. One that the tree has must be the same bytes, and the others must follow it one by one.
fn add_roots(batch: &mut Batch<'_>, roots: &[Vec<u8>]) -> Result<usize, Error> {
    let (mut walk, mut known) = batch.roots()?;
    let mut new = 0;
    for bytes in roots {
        let what = "a published root";
        let root: Root = Envelope::parse(what, bytes)?.document(what)?;
        let version = root.head.version;
        let name = object::metadata("root", version);
        if version <= known {
            // Roots before the first one of this tree are not here to compare with, and nothing reads them.
            if batch.read(&name, trust::LIMITS.root_bytes)?.is_some_and(|there| there != *bytes) {
                return Err(Error::RootConflict { version });
            }
            continue;
        }
        let next = known + 1;
        if version != next {
            let why = format!(
                "version {next} must come next, this is version {version}: send every root from {next} on"
            );
            return Err(Error::Malformed { what: what.to_owned(), why });
        }
        root.check_ids(&name)?;
        walk.received(bytes).map_err(refused(&name))?;
        batch.add("root", version, bytes.clone());
        (known, new) = (version, new + 1);
    }
    Ok(new)
}

/// Finds the bytes of every target: which upload goes to which places in the tree. What was published before is there
/// already and only its length is looked at; what is new is hashed, an upload once however often it is listed.
pub(crate) fn find(
    objects: &dyn Objects,
    old: Option<&Targets>,
    new: &Targets,
) -> Result<BTreeMap<Digest, Vec<String>>, Error> {
    let mut moves: BTreeMap<Digest, Vec<String>> = BTreeMap::new();
    let mut uploads: BTreeMap<Digest, Option<(Digest, u64)>> = BTreeMap::new();
    for (path, target) in &new.targets {
        let sha256 = target.sha256(path)?;
        let place = object::target(path, &sha256)?;
        let listed = old.and_then(|old| old.targets.get(path)).is_some_and(|old| old.hashes == target.hashes);
        let right = |found: Option<(Digest, u64)>| found == Some((sha256, target.length));
        let lies = if listed {
            objects.length(&place)? == Some(target.length)
        } else {
            right(objects.digest(&place)?)
        };
        if lies {
            continue;
        }
        let found = match uploads.get(&sha256) {
            Some(found) => *found,
            None => *uploads.entry(sha256).or_insert(objects.uploaded(&sha256)?),
        };
        match found {
            None => return Err(Error::MissingObject { path: path.clone(), sha256 }),
            found if right(found) => moves.entry(sha256).or_default().push(place),
            Some(_) => return Err(Error::DamagedObject { path: path.clone(), sha256 }),
        }
    }
    Ok(moves)
}

fn added(old: Option<&Targets>, new: &Targets) -> Vec<Artifact> {
    let was = |path: &str| -> Option<&Target> { old?.targets.get(path) };
    new.artifacts().into_iter().filter(|artifact| was(&artifact.path).is_none()).collect()
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Has one upload, and counts how often it is hashed.
    struct One {
        sha256: Digest,
        hashed: Cell<u32>,
    }

    impl Objects for One {
        fn length(&self, _: &str) -> Result<Option<u64>, Error> {
            Ok(None)
        }

        fn digest(&self, _: &str) -> Result<Option<(Digest, u64)>, Error> {
            Ok(None)
        }

        fn uploaded(&self, sha256: &Digest) -> Result<Option<(Digest, u64)>, Error> {
            self.hashed.set(self.hashed.get() + 1);
            Ok((*sha256 == self.sha256).then_some((self.sha256, 5)))
        }

        fn place(&self, _: &Digest, _: &[String]) -> Result<(), Error> {
            Ok(())
        }
    }

    #[test]
    fn an_upload_is_hashed_once_however_often_it_is_listed() {
        let one = One { sha256: Digest::of(b"bytes"), hashed: Cell::new(0) };
        let mut new = Targets::empty(2, Timestamp::UNIX_EPOCH);
        for number in 0..100 {
            new.targets.insert(format!("notes/{number}.md"), Target::new(&one.sha256, 5, None));
        }
        let moves = find(&one, None, &new).unwrap();
        let places: Vec<usize> = moves.values().map(Vec::len).collect();
        assert_eq!((one.hashed.get(), places), (1, vec![100]));
    }
}
