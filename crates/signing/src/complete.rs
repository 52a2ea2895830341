//! Signing the online roles, so that a batch becomes a repository that a client can walk: delegated roles, then the
//! snapshot that pins them, then the timestamp that pins the snapshot.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use protocol::{Channel, Rollout, object};
use serde_json::Value;
use trust::LIMITS;

use crate::batch::{Batch, is_signed};
use crate::document::{
    Document, Head, INGEST, Pin, ROLLOUT, RoleKeys, Snapshot, Target, Targets, TimestampFile,
};
use crate::envelope::{Envelope, signed};
use crate::online::{OnlineKeys, Renew, Renewed};
use crate::{Error, Validity};

/// Signs what is due or no longer fits, and adds it to the batch.
pub(crate) fn online_roles(
    batch: &mut Batch<'_>,
    keys: &OnlineKeys,
    validity: &Validity,
    now: Timestamp,
    reason: Renew,
) -> Result<Renewed, Error> {
    let root = batch.root()?;
    keys.check_offline(&root)?;
    let delegated = delegated_roles(batch, keys, validity, now)?;
    let snapshot = snapshot(batch, keys, validity, now, reason)?;
    let timestamp = timestamp(batch, keys, validity, now, reason)?;
    let next = next_renewal(batch, validity, now)?;
    Ok(Renewed { delegated, snapshot, timestamp, next })
}

/// When a third of the first life is gone.
pub(crate) fn next_renewal(
    batch: &Batch<'_>,
    validity: &Validity,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    let Some((_, timestamp)) = batch.timestamp()? else { return Ok(now) };
    let mut next = renewal_of("timestamp", &timestamp.head, validity);
    let targets = batch.targets()?;
    let delegated = [ROLLOUT, INGEST].into_iter().filter(|role| targets.delegation(role).is_some());
    for role in delegated.chain(["snapshot"]) {
        let Some((version, bytes)) = batch.newest(role)? else { return Ok(now) };
        let what = object::metadata(role, version);
        let Ok(head) = Envelope::parse(&what, &bytes).and_then(|envelope| envelope.document::<Head>(&what))
        else {
            return Ok(now);
        };
        next = next.min(renewal_of(role, &head, validity));
    }
    Ok(next)
}

/// Expiry minus two thirds of the life.
fn renewal_of(role: &str, head: &Head, validity: &Validity) -> Timestamp {
    let life = SignedDuration::try_from(validity.of(role)).unwrap_or(SignedDuration::MAX);
    head.expires.saturating_sub(life - life / 3).unwrap_or(Timestamp::MIN)
}

/// The version of an online role that follows `previous`: also after a backup was restored, where `previous` is one
/// that clients have seen long ago.
pub(crate) fn next_version(previous: Option<u64>, now: Timestamp) -> u64 {
    let minutes = u64::try_from(now.as_second() / 60).unwrap_or_default();
    previous.map_or(1, |version| version.saturating_add(1)).max(minutes)
}

/// A file of a role on disk: where it is good, it may stay.
struct Present<D> {
    document: D,
    good: bool,
}

/// The newest file of a role; not good if it is due or its signatures do not fit. `None` if there is none or it is damaged
/// (then its version is still counted by [`newest_version`]).
fn present<D: Document>(
    batch: &Batch<'_>,
    role: &str,
    (wanted, known): (&RoleKeys, &BTreeMap<String, Value>),
    validity: &Validity,
    now: Timestamp,
) -> Result<Option<Present<D>>, Error> {
    let Some((version, bytes)) = batch.newest(role)? else { return Ok(None) };
    let what = object::metadata(role, version);
    let document: Result<D, Error> =
        Envelope::parse(&what, &bytes).and_then(|envelope| envelope.document(&what));
    let Ok(document) = document else { return Ok(None) };
    let fresh = renewal_of(role, document.head(), validity) > now;
    let behind = batch.is_behind(role, version, &bytes) || pinned(batch, role)? > Some(version);
    let good = fresh && !behind && is_signed(&what, &bytes, wanted, known)?;
    Ok(Some(Present { document, good }))
}

fn delegated_roles(
    batch: &mut Batch<'_>,
    keys: &OnlineKeys,
    validity: &Validity,
    now: Timestamp,
) -> Result<Vec<(String, u64)>, Error> {
    let targets = batch.targets()?;
    let mut renewed = Vec::new();
    for role in [ROLLOUT, INGEST] {
        let Some((delegation, delegations)) = targets.delegation(role) else { continue };
        let present: Option<Present<Targets>> =
            present(batch, role, (&delegation.keys, &delegations.keys), validity, now)?;
        let mut new = match &present {
            Some(present) => present.document.clone(),
            // What it listed is nowhere else: an empty list in its place would lose releases.
            None if role == INGEST => crate::ingest::list(batch)?,
            None => Targets::empty(0, now),
        };
        if role == ROLLOUT {
            open_missing_channels(batch, &targets, &mut new)?;
        }
        if present.as_ref().is_some_and(|present| present.good && present.document == new) {
            continue;
        }
        let version = sign_delegated(batch, role, new, keys, &delegation.keys, validity, now)?;
        renewed.push((role.to_owned(), version));
    }
    Ok(renewed)
}

/// Signs a new version of a delegated role.
pub(crate) fn sign_delegated(
    batch: &mut Batch<'_>,
    role: &str,
    mut document: Targets,
    keys: &OnlineKeys,
    wanted: &RoleKeys,
    validity: &Validity,
    now: Timestamp,
) -> Result<u64, Error> {
    let version = next_version(newest_version(batch, role)?, now);
    document.head = Head::new("targets", version, validity.expiry(role, now));
    let bytes = signed(role, &document, &keys.of(role, wanted)?)?;
    batch.add(role, version, bytes);
    Ok(version)
}

/// The highest version of a role that is known, whatever its file holds, here or where it is served.
fn newest_version(batch: &Batch<'_>, role: &str) -> Result<Option<u64>, Error> {
    let here = match batch.newest(role)? {
        Some((version, _)) => Some(version),
        None => batch.tree.newest(role)?,
    };
    Ok(here.max(pinned(batch, role)?).max(batch.served().get(role).map(|pin| pin.version)))
}

/// The version of a role that clients have seen: also of a file that somebody deleted.
fn pinned(batch: &Batch<'_>, role: &str) -> Result<Option<u64>, Error> {
    let Some((_, bytes)) = batch.newest("snapshot")? else { return Ok(None) };
    let snapshot = Envelope::parse("snapshot", &bytes)
        .and_then(|envelope| envelope.document::<Snapshot>("snapshot"))
        .ok();
    Ok(snapshot.and_then(|snapshot| Some(snapshot.meta.get(&format!("{role}.json"))?.version)))
}

/// Clients take no word about a channel for "offer nothing", so every channel in use gets an open rollout.
fn open_missing_channels(
    batch: &mut Batch<'_>,
    targets: &Targets,
    rollouts: &mut Targets,
) -> Result<(), Error> {
    let mut artifacts = targets.artifacts();
    if targets.delegation(INGEST).is_some() {
        artifacts.extend(crate::ingest::list(batch)?.artifacts());
    }
    let used = artifacts.iter().flat_map(|artifact| artifact.release.channels.iter().cloned());
    let channels: BTreeSet<Channel> = used.chain([Channel::default()]).collect();
    for channel in channels {
        if !rollouts.targets.contains_key(&object::rollout_path(&channel)) {
            let open = Rollout::open(batch.tree.app().clone(), channel);
            put_rollout(batch, rollouts, &open)?;
        }
    }
    Ok(())
}

/// Lists a channel's rollout and adds its object.
pub(crate) fn put_rollout(
    batch: &mut Batch<'_>,
    rollouts: &mut Targets,
    rollout: &Rollout,
) -> Result<(), Error> {
    let path = object::rollout_path(&rollout.channel);
    let bytes = serde_json::to_vec(rollout)
        .map_err(|error| Error::Malformed { what: path.clone(), why: error.to_string() })?;
    if bytes.len() as u64 > protocol::MAX_ROLLOUT_BYTES {
        return Err(Error::TooLong { what: path, limit: protocol::MAX_ROLLOUT_BYTES });
    }
    let sha256 = protocol::Digest::of(&bytes);
    let name = object::target(&path, &sha256)?;
    rollouts.targets.insert(path, Target::new(&sha256, bytes.len() as u64, None));
    batch.add_object(name, bytes);
    Ok(())
}

fn snapshot(
    batch: &mut Batch<'_>,
    keys: &OnlineKeys,
    validity: &Validity,
    now: Timestamp,
    reason: Renew,
) -> Result<Option<u64>, Error> {
    let root = batch.root()?;
    let wanted = root.role("snapshot")?;
    let present: Option<Present<Snapshot>> = present(batch, "snapshot", (wanted, &root.keys), validity, now)?;
    // A role that was pinned once stays pinned: clients refuse a snapshot that forgets one (TUF 5.5.5).
    let mut meta = present.as_ref().map(|present| present.document.meta.clone()).unwrap_or_default();
    let targets = batch.targets()?;
    let delegated = [ROLLOUT, INGEST].into_iter().filter(|role| targets.delegation(role).is_some());
    for role in delegated.chain(["targets"]) {
        if let Some((version, bytes)) = batch.newest(role)? {
            meta.insert(format!("{role}.json"), Pin::of(version, &bytes));
        }
    }
    for (role, pin) in
        batch.served().iter().filter(|(role, _)| !["timestamp", "snapshot"].contains(&role.as_str()))
    {
        // A role that is delegated no more: nothing here signs it, and what is served stays pinned.
        let name = format!("{role}.json");
        if batch.newest(role)?.is_none() && meta.get(&name).is_none_or(|there| there.version < pin.version) {
            meta.insert(name, pin.clone());
        }
    }
    let stays = |present: &Present<Snapshot>| present.good && present.document.meta == meta;
    if reason == Renew::IfDue && present.as_ref().is_some_and(stays) {
        return Ok(None);
    }
    let version = next_version(newest_version(batch, "snapshot")?, now);
    let head = Head::new("snapshot", version, validity.expiry("snapshot", now));
    let document = Snapshot { head, meta, rest: BTreeMap::new() };
    let bytes = signed("snapshot", &document, &keys.of("snapshot", wanted)?)?;
    batch.add("snapshot", version, bytes);
    Ok(Some(version))
}

fn timestamp(
    batch: &mut Batch<'_>,
    keys: &OnlineKeys,
    validity: &Validity,
    now: Timestamp,
    reason: Renew,
) -> Result<Option<u64>, Error> {
    let root = batch.root()?;
    let wanted = root.role("timestamp")?;
    let Some((version, bytes)) = batch.newest("snapshot")? else { return Ok(None) };
    let meta = BTreeMap::from([("snapshot.json".to_owned(), Pin::of(version, &bytes))]);
    let present = batch.timestamp()?;
    if let Some((envelope, document)) = &present {
        let bytes = batch.read(object::TIMESTAMP, LIMITS.timestamp_bytes)?.unwrap_or_default();
        let fresh = renewal_of("timestamp", &document.head, validity) > now
            && !batch.is_behind("timestamp", document.head.version, &bytes);
        let good =
            fresh && document.meta == meta && envelope.reaches(object::TIMESTAMP, wanted, &root.keys)?;
        if good && reason == Renew::IfDue {
            return Ok(None);
        }
    }
    let here = present.map(|(_, document)| document.head.version);
    let version = next_version(here.max(batch.served().get("timestamp").map(|pin| pin.version)), now);
    let head = Head::new("timestamp", version, validity.expiry("timestamp", now));
    let document = TimestampFile { head, meta, rest: BTreeMap::new() };
    let bytes = signed(object::TIMESTAMP, &document, &keys.of("timestamp", wanted)?)?;
    if bytes.len() as u64 > LIMITS.timestamp_bytes {
        return Err(Error::TooLong { what: object::TIMESTAMP.to_owned(), limit: LIMITS.timestamp_bytes });
    }
    batch.add("timestamp", version, bytes);
    Ok(Some(version))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn versions_only_go_forward(previous in 0..1_u64 << 62, second in -100_000_000_000_i64..100_000_000_000) {
            let now = Timestamp::from_second(second).unwrap();
            let next = next_version(Some(previous), now);
            prop_assert!(next > previous);
            // Whoever knows only an old version, after a restore, still comes after everything signed before this minute.
            let later = now.saturating_add(SignedDuration::from_mins(1)).unwrap();
            prop_assert!(second < 0 || next_version(None, later) > next_version(None, now));
        }

        #[test]
        fn renewal_is_due_after_a_third_of_the_life(seconds in 3_u64..1_000_000_000) {
            let mut validity = Validity::default();
            validity.set("timestamp", std::time::Duration::from_secs(seconds));
            let now = Timestamp::UNIX_EPOCH;
            let head = Head::new("timestamp", 1, validity.expiry("timestamp", now));
            let due = renewal_of("timestamp", &head, &validity).duration_since(now).as_secs_f64();
            prop_assert!((due - seconds as f64 / 3.0).abs() < 1.0, "{due}");
        }
    }
}
