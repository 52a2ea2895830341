//! Deletes metadata that the server keeps writing and that no client can ask for any more.
//!
//! Every renewal, publication and change of a rollout leaves a snapshot and role files. Clients learn names from each other: the
//! timestamp names a snapshot, the snapshot names role files, a rollout names its rules. So the rules are:
//!
//! - a snapshot stays while an unexpired timestamp may name it: that ends when the one after it is as old as timestamps live.
//!   The one that the timestamp names now stays, and so do the newest few, for people who look;
//! - a role file stays while a snapshot that stays names it, or if it is newer than what is named now;
//! - rules of rollouts stay while a rollout that stays names them, or while they are young;
//! - roots stay for ever, a client may be years behind; artifacts stay, they are bases of patches.
//!
//! Snapshots go first, then what only they named: dying in between leaves nothing that names what is missing, and the next
//! sweep comes to the same result. What cannot be read stops the sweep: nothing is deleted on a guess.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protocol::{Digest, object};
use serde_json::Value;
use signing::Tree;

use crate::object_name::{ObjectName, of_file};
use crate::{disk, expiry};

/// For how long everything stays that was replaced, at least: the longest life that a timestamp has by default, on any host.
const KEEP: Duration = Duration::from_secs(30 * 86_400);
/// How many of the newest snapshots stay whatever their age.
const NEWEST: usize = 3;
/// The roles whose files a snapshot names.
const NAMED: [&str; 3] = [trust::TARGETS, trust::ROLLOUT, trust::INGEST];

/// Why nothing, or not all, was deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SweepError {
    #[error("{0} cannot be read, so nobody knows what it names: restore it, or publish again")]
    Unreadable(String),
    #[error(transparent)]
    Tree(#[from] signing::Error),
    #[error("the disk refused: {0}")]
    Disk(#[from] std::io::Error),
}

/// Deletes; returns how many files went. `life` is how long the timestamps of this server live. The caller is the tree's only
/// writer.
pub(crate) fn sweep(tree: &Tree, life: Duration, now: Timestamp) -> Result<usize, SweepError> {
    let keep = SignedDuration::try_from(life.max(KEEP)).unwrap_or(SignedDuration::MAX);
    let edge = now.saturating_sub(keep).unwrap_or(Timestamp::MIN);
    let snapshots = tree.versions(trust::SNAPSHOT)?;
    let (staying, going) = split(&snapshots, edge);
    if going.is_empty() {
        return Ok(0);
    }
    let timestamp = read(tree, object::TIMESTAMP)?;
    let current = expiry::named(Some(&timestamp)).remove(trust::SNAPSHOT);
    let unreadable = || SweepError::Unreadable(object::TIMESTAMP.to_owned());
    let current = current.ok_or_else(unreadable)?;
    let staying: BTreeSet<u64> = staying.iter().copied().chain([current]).collect();

    let mut named: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let mut newest = BTreeMap::new();
    for version in &staying {
        let snapshot = read(tree, &object::metadata(trust::SNAPSHOT, *version))?;
        let roles = expiry::named(Some(&snapshot));
        for (role, version) in &roles {
            named.entry(role.clone()).or_default().insert(*version);
        }
        if *version == current {
            newest = roles;
        }
    }
    let mut files: Vec<String> = (going.iter().filter(|version| !staying.contains(version)))
        .map(|version| object::metadata(trust::SNAPSHOT, *version))
        .collect();
    for role in NAMED {
        // A role that is not named now: nothing says what of it is old.
        let Some(now_named) = newest.get(role) else { continue };
        let stays = |version: &u64| {
            version >= now_named || named.get(role).is_some_and(|named| named.contains(version))
        };
        let versions = tree.versions(role)?;
        files.extend(
            versions.iter().filter(|version| !stays(version)).map(|version| object::metadata(role, *version)),
        );
    }
    for file in &files {
        disk::remove(&tree.path(file)?)?;
    }
    Ok(files.len() + sweep_rules(tree, edge)?)
}

/// The versions of snapshots that stay and those that were replaced before `edge`, both ascending.
///
/// A version is at least the minute of 1970 in which it was signed, so the next one says when this one was replaced, at the
/// latest; also after the files were copied to another disk.
fn split(versions: &[u64], edge: Timestamp) -> (&[u64], &[u64]) {
    let edge = u64::try_from(edge.as_second() / 60).unwrap_or_default();
    let old = versions.iter().skip(1).take_while(|next| **next < edge).count();
    let (going, staying) = versions.split_at(old.min(versions.len().saturating_sub(NEWEST)));
    (staying, going)
}

/// Deletes rules that no rollout of the tree names and that were written before `edge`: whoever publishes into the tree
/// writes rules first.
fn sweep_rules(tree: &Tree, edge: Timestamp) -> Result<usize, SweepError> {
    let mut named = BTreeSet::new();
    for version in tree.versions(trust::ROLLOUT)? {
        let rollout = read(tree, &object::metadata(trust::ROLLOUT, version))?;
        let targets = rollout.get("targets").and_then(Value::as_object).into_iter().flatten();
        let digest = |target: &Value| Digest::parse(target.get("hashes")?.get("sha256")?.as_str()?).ok();
        named.extend(targets.filter_map(|(_, target)| digest(target)));
    }
    if named.is_empty() {
        // Rules are not a delegated role's here, so it is not for us to say which are old.
        return Ok(0);
    }
    let mut swept = 0;
    let entries = match std::fs::read_dir(tree.folder().join("targets/rollout")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        let name = std::path::Path::new("targets/rollout").join(entry.file_name());
        let Some(ObjectName::Target { sha256, .. }) = of_file(&name) else { continue };
        let written = Timestamp::try_from(entry.metadata()?.modified()?).unwrap_or(Timestamp::MAX);
        if !named.contains(&sha256) && written < edge {
            disk::remove(&entry.path())?;
            swept += 1;
        }
    }
    Ok(swept)
}

fn read(tree: &Tree, name: &str) -> Result<Value, SweepError> {
    expiry::signed(tree, name).ok_or_else(|| SweepError::Unreadable(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At minute 1000, of snapshots of these minutes, these go.
    fn check(versions: &[u64], gone: &[u64]) {
        let edge = Timestamp::from_second(1000 * 60).unwrap();
        let (staying, going) = split(versions, edge);
        assert_eq!(going, gone, "{versions:?}");
        assert_eq!([going, staying].concat(), versions);
    }

    #[test]
    fn a_snapshot_goes_when_the_one_after_it_is_old() {
        check(&[], &[]);
        check(&[1], &[]);
        check(&[1, 2, 3], &[]);
        check(&[1, 2, 3, 4, 5], &[1, 2]);
        // Signed long ago, replaced a moment ago: somebody may still ask for it.
        check(&[1, 1000, 1001, 1002, 1003], &[]);
        check(&[1, 2, 1001, 1002, 1003, 1004], &[1]);
        check(&[1, 999, 1001, 1002, 1003, 1004], &[1]);
        // A clock that was ahead once keeps more, never less.
        check(&[1, 9000, 9001, 9002, 9003], &[]);
    }
}
