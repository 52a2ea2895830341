//! Artifacts taken from elsewhere: what a server lists by itself in the delegated `ingest` role.
//!
//! It is the one way in which an online key adds bytes, so it does no more than it must:
//!
//! - only what `targets` lets the role list is written, and only if a client would see it;
//! - what is listed never changes its bytes: others under the same name are a conflict, told and left out;
//! - a version and platform that `targets` lists is the publisher's, and is left to them;
//! - nobody keeps this list by hand, so its oldest versions leave their channels, and then the list, by themselves.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use protocol::{Artifact, Channel, Digest, Platform, Urgency, Version, object};

use crate::batch::Batch;
use crate::document::{INGEST, RoleKeys, Targets};
use crate::envelope::Envelope;
use crate::release::{self, EditError, NewArtifact};
use crate::{Error, Objects, OnlineKeys, Renew, Tree, Validity, all_rollouts, complete, publication};

/// An artifact to be listed. Its bytes were uploaded, or lie in the tree already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingested {
    /// The version.
    pub version: Version,
    /// Where it runs.
    pub platform: Platform,
    /// The last part of its target path.
    pub file: String,
    /// The channels that offer it, beside those that offer it already.
    pub channels: Vec<Channel>,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// Their number.
    pub length: u64,
}

/// What [`ingest`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ingestion {
    /// The new version of the role; `None` if nothing changed.
    pub signed: Option<u64>,
    /// What is listed now of what was given.
    pub listed: Vec<Artifact>,
    /// What was left out, by target path, and the rule that it breaks.
    pub conflicts: Vec<(String, EditError)>,
    /// Versions that left a channel because it lists too many.
    pub closed: BTreeSet<Version>,
    /// Versions that left the list because it is too long.
    pub dropped: BTreeSet<Version>,
}

/// Lists artifacts: puts their bytes into the tree, then signs the role, a rollout for each new channel, the snapshot and the
/// timestamp. All of it is verified through `trust` as a client would before a byte is written. What is listed already, in
/// the same channels, changes nothing.
///
/// The caller makes sure that nobody else writes to the tree meanwhile.
///
/// # Errors
/// [`Error::NoDelegation`] where `targets` has no ingest role, [`Error::MissingObject`] and [`Error::DamagedObject`] for bytes
/// that are not as said, [`Error::Refused`] if a client would refuse the result, and those of [`crate::renew`].
pub fn ingest(
    tree: &Tree,
    objects: &dyn Objects,
    keys: &OnlineKeys,
    validity: &Validity,
    new: &[Ingested],
    now: Timestamp,
) -> Result<Ingestion, Error> {
    let mut batch = Batch::new(tree);
    let (targets, wanted) = delegation(&batch, keys)?;
    let mut list = list(&batch)?;
    let before = list.clone();
    let mut done = Ingestion::default();
    for one in new {
        let path = object::artifact_path(&one.version, one.platform, &one.file)?;
        match published(&targets, one).map_or_else(|| put(&mut list, tree, one), |error| Err(error.into())) {
            Ok(artifact) => done.listed.push(artifact),
            Err(Error::Edit(rule)) => done.conflicts.push((path, rule)),
            Err(error) => return Err(error),
        }
    }
    (done.closed, done.dropped) = release::shorten(&mut list, &pinned(tree)?)?;
    done.listed.retain(|artifact| list.targets.contains_key(&artifact.path));
    if list.targets == before.targets {
        return Ok(done);
    }
    let mine = |path: &String| done.listed.iter().any(|artifact| artifact.path == *path);
    let given = list.targets.clone().into_iter().filter(|(path, _)| mine(path)).collect();
    let given = Targets { targets: given, ..before.clone() };
    done.signed = Some(complete::sign_delegated(&mut batch, INGEST, list, keys, &wanted, validity, now)?);
    complete::online_roles(&mut batch, keys, validity, now, Renew::IfDue)?;
    let verified = batch.verify(now)?;
    for artifact in &done.listed {
        let seen = verified.target_in(trust::INGEST, &artifact.path);
        if seen.is_none_or(|seen| (seen.sha256, seen.length) != (artifact.sha256, artifact.length)) {
            let why = "the delegation to ingest has no pattern for it, so no client would see it".to_owned();
            return Err(Error::Malformed { what: artifact.path.clone(), why });
        }
    }
    // What was not listed before is hashed, also where something lies in its place: it is what another attempt left.
    for (sha256, names) in publication::find(objects, Some(&before), &given)? {
        objects.place(&sha256, &names)?;
    }
    batch.write()?;
    Ok(done)
}

/// What the ingest role lists; nothing before its first version. Nothing is verified: for the tree's own keeper.
///
/// # Errors
/// If it cannot be read or is damaged.
pub fn ingested(tree: &Tree) -> Result<Vec<Artifact>, Error> {
    Ok(list(&Batch::new(tree))?.artifacts())
}

/// Whether [`ingest`] has what it needs: a published list that delegates to the role, and keys for it and what it must sign besides.
///
/// # Errors
/// What is missing: [`Error::NoRepository`], [`Error::NoDelegation`], [`Error::NoKey`], [`Error::OfflineKey`].
pub fn can_ingest(tree: &Tree, keys: &OnlineKeys) -> Result<(), Error> {
    let batch = Batch::new(tree);
    let (_, wanted) = delegation(&batch, keys)?;
    keys.of(INGEST, &wanted)?;
    let root = batch.root()?;
    for role in ["snapshot", "timestamp"] {
        keys.of(role, root.role(role)?)?;
    }
    list(&batch)?;
    Ok(())
}

/// The published list, and the keys that it delegates the role to.
fn delegation(batch: &Batch<'_>, keys: &OnlineKeys) -> Result<(Targets, RoleKeys), Error> {
    keys.check_offline(&batch.root()?)?;
    let targets = batch.targets()?;
    let (role, _) = targets.delegation(INGEST).ok_or(Error::NoDelegation { role: INGEST })?;
    let wanted = role.keys.clone();
    Ok((targets, wanted))
}

/// The newest list of the role; empty before the first one. One that cannot be read is no empty one.
pub(crate) fn list(batch: &Batch<'_>) -> Result<Targets, Error> {
    let Some((version, bytes)) = batch.newest(INGEST)? else {
        return Ok(Targets::empty(0, Timestamp::UNIX_EPOCH));
    };
    let what = object::metadata(INGEST, version);
    let list = Envelope::parse(&what, &bytes).and_then(|envelope| envelope.document(&what));
    list.map_err(|_| {
        let why = "restore it from a backup, or delete it to go on with the list before it".to_owned();
        Error::Malformed { what, why }
    })
}

/// The rule that an artifact breaks because the publisher lists the version for the platform.
fn published(targets: &Targets, one: &Ingested) -> Option<EditError> {
    let theirs = targets.artifacts().into_iter().find(|artifact| {
        (&artifact.release.version, artifact.release.platform()) == (&one.version, one.platform)
    })?;
    let (version, platform, path) = (one.version.clone(), one.platform, theirs.path);
    Some(EditError::SecondArtifact { version, platform, path })
}

fn put(list: &mut Targets, tree: &Tree, one: &Ingested) -> Result<Artifact, Error> {
    let artifact = NewArtifact {
        version: one.version.clone(),
        platform: one.platform,
        file: one.file.clone(),
        sha256: one.sha256,
        length: one.length,
        channels: one.channels.clone(),
        min_os: None,
        urgency: Urgency::Normal,
        notes: BTreeMap::new(),
    };
    release::add(list, tree.app(), &artifact)
}

/// Versions that old operating systems are held at.
fn pinned(tree: &Tree) -> Result<BTreeSet<Version>, Error> {
    let pins = all_rollouts(tree)?.into_iter().flat_map(|rollout| rollout.os_pins);
    Ok(pins.map(|pin| pin.version).collect())
}
