//! What every file must look like before the verifier sees it. Nothing here needs a trusted key: it only says no.

use std::collections::{BTreeMap, BTreeSet};

use sigstore_tuf::{
    Delegations, Key, MetaFile, Metadata, Role, RoleKeys, Root, Snapshot, Targets, Timestamp,
};

use crate::crypto::{self, Crypto};
use crate::{
    DelegationFlaw, Error, Flaw, INGEST, KeyFlaw, LIMITS, ROLLOUT, ROOT, SNAPSHOT, TARGETS, TIMESTAMP, json,
};

/// The file of a pin is named like this inside timestamp and snapshot.
pub(crate) fn pin_name(role: &str) -> String {
    format!("{role}.json")
}

/// Checks a root and gives it parsed, unverified.
pub(crate) fn root(bytes: &[u8], crypto: Crypto) -> Result<Metadata<Root>, Error> {
    let metadata = envelope::<Root>(ROOT, bytes)?;
    let root = metadata.signed();
    at_most(ROOT, "roles", root.roles.len(), LIMITS.roles)?;
    keys(ROOT, &root.keys, crypto)?;
    for role in [ROOT, TIMESTAMP, SNAPSHOT, TARGETS] {
        if root.role(role).is_none() {
            return Err(Error::malformed(ROOT, Flaw::MissingRole));
        }
    }
    for role in root.roles.values() {
        role_keys(ROOT, role)?;
    }
    Ok(metadata)
}

/// Checks a timestamp.
pub(crate) fn timestamp(bytes: &[u8]) -> Result<Metadata<Timestamp>, Error> {
    let metadata = envelope::<Timestamp>(TIMESTAMP, bytes)?;
    pins(TIMESTAMP, &metadata.signed().meta)?;
    if metadata.signed().snapshot_meta().is_none() {
        return Err(Error::malformed(TIMESTAMP, Flaw::MissingRole));
    }
    Ok(metadata)
}

/// Checks a snapshot.
pub(crate) fn snapshot(bytes: &[u8]) -> Result<Metadata<Snapshot>, Error> {
    let metadata = envelope::<Snapshot>(SNAPSHOT, bytes)?;
    pins(SNAPSHOT, &metadata.signed().meta)?;
    Ok(metadata)
}

/// Checks the targets file of `role`, delegated or not.
pub(crate) fn targets(role: &str, bytes: &[u8], crypto: Crypto) -> Result<Metadata<Targets>, Error> {
    let metadata = envelope::<Targets>(role, bytes)?;
    if let Some(block) = &metadata.signed().delegations {
        delegations(role, block, crypto)?;
    }
    Ok(metadata)
}

/// Size, strict JSON, nothing unsigned, signatures counted, version in range.
fn envelope<T: Role>(role: &str, bytes: &[u8]) -> Result<Metadata<T>, Error> {
    let limit = LIMITS.bytes_of(role);
    if bytes.len() as u64 > limit {
        return Err(Error::TooLong { role: role.to_owned(), limit });
    }
    json::check(bytes).map_err(|flaw| Error::malformed(role, flaw))?;
    only_signed_fields(bytes).map_err(|flaw| Error::malformed(role, flaw))?;
    let metadata = Metadata::<T>::from_slice(bytes).map_err(|error| Error::from_verifier(role, error))?;
    at_most(role, "signatures", metadata.signatures().len(), LIMITS.signatures)?;
    let mut ids = BTreeSet::new();
    if !metadata.signatures().iter().all(|signature| ids.insert(&signature.keyid)) {
        return Err(Error::malformed(role, Flaw::DuplicateSignature));
    }
    let lower_hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !metadata.signatures().iter().all(|signature| lower_hex(&signature.sig)) {
        return Err(Error::malformed(role, Flaw::SignatureText));
    }
    version(role, metadata.signed().version())?;
    Ok(metadata)
}

/// Refuses fields that no signature covers: beside `signed` and `signatures`, and inside a signature.
fn only_signed_fields(bytes: &[u8]) -> Result<(), Flaw> {
    let value: serde_json::Value = serde_json::from_slice(bytes)
        .map_err(|error| Flaw::Json { line: error.line(), column: error.column() })?;
    let has_only = |value: &serde_json::Value, fields: [&str; 2]| {
        value.as_object().is_none_or(|object| object.keys().all(|key| fields.contains(&key.as_str())))
    };
    let signatures = value.get("signatures").and_then(serde_json::Value::as_array);
    let clean = has_only(&value, ["signed", "signatures"])
        && signatures.is_none_or(|all| all.iter().all(|one| has_only(one, ["keyid", "sig"])));
    if clean { Ok(()) } else { Err(Flaw::Unsigned) }
}

fn version(role: &str, version: u64) -> Result<(), Error> {
    if (1..=LIMITS.version).contains(&version) { Ok(()) } else { Err(Error::malformed(role, Flaw::Version)) }
}

fn at_most(role: &str, what: &'static str, count: usize, limit: usize) -> Result<(), Error> {
    if count <= limit { Ok(()) } else { Err(Error::TooMany { role: role.to_owned(), what, limit }) }
}

fn pins(role: &str, pins: &BTreeMap<String, MetaFile>) -> Result<(), Error> {
    pins.values().try_for_each(|pin| version(role, pin.version))
}

/// Schemes from the list, public parts that parse, no weak key, no key under two ids.
fn keys(role: &str, keys: &BTreeMap<String, Key>, crypto: Crypto) -> Result<(), Error> {
    at_most(role, "keys", keys.len(), LIMITS.keys)?;
    let mut seen = BTreeSet::new();
    for (id, key) in keys {
        let refuse = |flaw| Error::Key { role: role.to_owned(), key_id: Error::cut(id), flaw };
        at_most(role, "bytes in a key id", id.len(), LIMITS.name_bytes)?;
        let public = public(key, crypto).map_err(refuse)?;
        if !seen.insert(public) {
            return Err(refuse(KeyFlaw::Duplicate));
        }
    }
    Ok(())
}

/// The raw public key, the same whatever way it is written.
fn public(key: &Key, crypto: Crypto) -> Result<Vec<u8>, KeyFlaw> {
    if !crypto.accepts(&key.scheme) {
        return Err(KeyFlaw::Scheme);
    }
    if key.scheme == "ed25519" {
        let mut public = [0; 32];
        let lower = !key.keyval.public.bytes().any(|b| b.is_ascii_uppercase());
        if key.keytype != "ed25519" {
            return Err(KeyFlaw::Scheme);
        }
        if !lower || hex::decode_to_slice(&key.keyval.public, &mut public).is_err() {
            return Err(KeyFlaw::Unreadable);
        }
        return if crypto::is_strong(&public) { Ok(public.to_vec()) } else { Err(KeyFlaw::Weak) };
    }
    Ok(key.verification_key().map_err(|_| KeyFlaw::Unreadable)?.as_bytes().to_vec())
}

fn role_keys(role: &str, keys: &RoleKeys) -> Result<(), Error> {
    at_most(role, "key ids in a role", keys.keyids.len(), LIMITS.keys)?;
    let distinct: BTreeSet<_> = keys.keyids.iter().collect();
    if distinct.len() != keys.keyids.len() || !(1..=distinct.len()).contains(&keys.threshold) {
        return Err(Error::malformed(role, Flaw::Threshold));
    }
    Ok(())
}

fn delegations(role: &str, block: &Delegations, crypto: Crypto) -> Result<(), Error> {
    at_most(role, "delegations", block.roles.len(), LIMITS.delegations)?;
    keys(role, &block.keys, crypto)?;
    let mut names = BTreeSet::new();
    for delegated in &block.roles {
        let refuse =
            |flaw| Error::Delegation { role: role.to_owned(), delegated: Error::cut(&delegated.name), flaw };
        name(&delegated.name).map_err(refuse)?;
        if !names.insert(&delegated.name) {
            return Err(refuse(DelegationFlaw::Duplicate));
        }
        if [ROLLOUT, INGEST].contains(&role)
            || ([ROLLOUT, INGEST].contains(&delegated.name.as_str()) && role != TARGETS)
        {
            return Err(refuse(DelegationFlaw::Onwards));
        }
        role_keys(role, &delegated.role_keys())?;
        let paths = delegated.paths.as_deref().unwrap_or_default();
        at_most(role, "paths in a delegation", paths.len(), LIMITS.patterns)?;
        for path in paths {
            at_most(role, "bytes in a path pattern", path.len(), LIMITS.name_bytes)?;
        }
        // Patterns are parsed while matching, and an early match would hide a broken one: none of them matches this.
        delegated.matches_path("\0").map_err(|_| refuse(DelegationFlaw::Pattern))?;
        let within: fn(&str) -> bool = match delegated.name.as_str() {
            ROLLOUT => is_rollout_pattern,
            INGEST => is_release_pattern,
            _ => continue,
        };
        if delegated.path_hash_prefixes.is_some() || !paths.iter().all(|path| within(path)) {
            return Err(refuse(DelegationFlaw::Reach));
        }
    }
    Ok(())
}

/// Delegated names become file names, so they are as narrow as those.
fn name(name: &str) -> Result<(), DelegationFlaw> {
    let top_level = [ROOT, TIMESTAMP, SNAPSHOT, TARGETS].contains(&name);
    if top_level || name.len() > 64 || protocol::object::check_file_name(name).is_err() {
        return Err(DelegationFlaw::Name);
    }
    Ok(())
}

/// `rollout/*.json` or less. The first segment is compared as text: a pattern there could mean other folders.
fn is_rollout_pattern(pattern: &str) -> bool {
    matches!(pattern.split('/').collect::<Vec<_>>()[..], ["rollout", file] if file.ends_with(".json"))
}

/// `releases/*/*/*` or less.
fn is_release_pattern(pattern: &str) -> bool {
    matches!(pattern.split('/').collect::<Vec<_>>()[..], ["releases", _, _, _])
}
