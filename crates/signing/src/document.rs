//! What is signed: the four roles of TUF 1.0 and delegated targets. Fields that we do not know are kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, Unit};
use protocol::{Artifact, Digest, Release};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::envelope::canonical;
use crate::{Error, PublicKey};

/// The version of the TUF specification that these documents follow.
const SPEC_VERSION: &str = "1.0.31";

/// Roles that every repository has, in the order in which `init` makes their keys.
pub(crate) const TOP_LEVEL: [&str; 4] = ["root", "targets", "snapshot", "timestamp"];

/// The delegated role that decides who gets a release when.
pub(crate) const ROLLOUT: &str = "rollout";
/// The delegated role whose online key signs artifacts taken from elsewhere.
pub(crate) const INGEST: &str = "ingest";

/// What each document begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    #[serde(rename = "_type")]
    pub(crate) kind: String,
    pub(crate) spec_version: String,
    pub(crate) version: u64,
    /// Whole seconds: other TUF clients read no fraction.
    pub(crate) expires: Timestamp,
}

impl Head {
    pub(crate) fn new(kind: &str, version: u64, expires: Timestamp) -> Self {
        let expires = expires.round(Unit::Second).unwrap_or(expires);
        Self { kind: kind.to_owned(), spec_version: SPEC_VERSION.to_owned(), version, expires }
    }
}

/// A document with a head.
pub(crate) trait Document: Serialize + DeserializeOwned {
    fn head(&self) -> &Head;
}

macro_rules! document {
    ($($name:ident),+) => { $(impl Document for $name { fn head(&self) -> &Head { &self.head } })+ };
}
document!(Root, Targets, Snapshot, TimestampFile);

/// Which keys sign for a role, and how many of them must.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoleKeys {
    pub(crate) keyids: Vec<String>,
    pub(crate) threshold: u64,
}

/// `{N}.root.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Root {
    #[serde(flatten)]
    pub(crate) head: Head,
    pub(crate) consistent_snapshot: bool,
    pub(crate) keys: BTreeMap<String, Value>,
    pub(crate) roles: BTreeMap<String, RoleKeys>,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, Value>,
}

impl Root {
    /// A root that names no keys yet.
    pub(crate) fn empty(version: u64, expires: Timestamp) -> Self {
        Self {
            head: Head::new("root", version, expires),
            consistent_snapshot: true,
            keys: BTreeMap::new(),
            roles: BTreeMap::new(),
            rest: BTreeMap::new(),
        }
    }

    /// The keys of a role.
    pub(crate) fn role(&self, name: &str) -> Result<&RoleKeys, Error> {
        self.roles.get(name).ok_or_else(|| Error::Malformed {
            what: format!("{}.root.json", self.head.version),
            why: format!("it names no keys for the {name} role"),
        })
    }

    /// Refuses a root in which a key goes by the id of another, or an id has no key (TUF 4.2: the id is the SHA-256 of the
    /// key's canonical form). People compare ids and verifiers use keys, so both must be the same.
    pub(crate) fn check_ids(&self, what: &str) -> Result<(), Error> {
        let wrong = |why: String| Error::Malformed { what: what.to_owned(), why };
        for (id, key) in &self.keys {
            let real = Digest::of(&canonical(what, key)?).to_string();
            if real != *id {
                return Err(wrong(format!(
                    "it lists a key under the id {id}, but the id of that key is {real}: do not sign it"
                )));
            }
        }
        for (role, keys) in &self.roles {
            if let Some(id) = keys.keyids.iter().find(|id| !self.keys.contains_key(*id)) {
                return Err(wrong(format!(
                    "it names {id} for the {role} role, but holds no such key: do not sign it"
                )));
            }
        }
        Ok(())
    }

    /// Lets a key sign for a role.
    pub(crate) fn add(&mut self, role: &str, key: &PublicKey) {
        let id = key.id().to_string();
        let entry = self.roles.entry(role.to_owned());
        let keys = entry.or_insert_with(|| RoleKeys { keyids: Vec::new(), threshold: 1 });
        if !keys.keyids.contains(&id) {
            keys.keyids.push(id.clone());
        }
        self.keys.insert(id, key.to_json());
    }

    /// Forgets the keys that no role names any more.
    pub(crate) fn drop_unused_keys(&mut self) {
        let used: BTreeSet<String> =
            self.roles.values().flat_map(|role| role.keyids.iter().cloned()).collect();
        self.keys.retain(|id, _| used.contains(id));
    }
}

/// A file that a snapshot or timestamp vouches for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pin {
    pub(crate) version: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) hashes: Option<BTreeMap<String, String>>,
}

impl Pin {
    pub(crate) fn of(version: u64, bytes: &[u8]) -> Self {
        let hashes = BTreeMap::from([("sha256".to_owned(), Digest::of(bytes).to_string())]);
        Self { version, length: Some(bytes.len() as u64), hashes: Some(hashes) }
    }
}

/// `{N}.snapshot.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    #[serde(flatten)]
    pub(crate) head: Head,
    pub(crate) meta: BTreeMap<String, Pin>,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, Value>,
}

/// `timestamp.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TimestampFile {
    #[serde(flatten)]
    pub(crate) head: Head,
    pub(crate) meta: BTreeMap<String, Pin>,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, Value>,
}

/// A target: the bytes that a path names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) length: u64,
    pub(crate) hashes: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) custom: Option<Value>,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, Value>,
}

impl Target {
    pub(crate) fn new(sha256: &Digest, length: u64, custom: Option<Value>) -> Self {
        let hashes = BTreeMap::from([("sha256".to_owned(), sha256.to_string())]);
        Self { length, hashes, custom, rest: BTreeMap::new() }
    }

    /// The SHA-256 of the bytes.
    pub(crate) fn sha256(&self, path: &str) -> Result<Digest, Error> {
        let hash = self
            .hashes
            .get("sha256")
            .ok_or_else(|| Error::Malformed { what: path.to_owned(), why: "it has no SHA-256".to_owned() })?;
        Ok(Digest::parse(hash)?)
    }
}

/// Who else may sign targets, and which.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Delegations {
    pub(crate) keys: BTreeMap<String, Value>,
    pub(crate) roles: Vec<DelegatedRole>,
}

/// One delegation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DelegatedRole {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) keys: RoleKeys,
    pub(crate) terminating: bool,
    #[serde(default)]
    pub(crate) paths: Vec<String>,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, Value>,
}

/// `{N}.targets.json`, and the delegated `{N}.rollout.json` and `{N}.ingest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Targets {
    #[serde(flatten)]
    pub(crate) head: Head,
    pub(crate) targets: BTreeMap<String, Target>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) delegations: Option<Delegations>,
    #[serde(flatten)]
    pub(crate) rest: BTreeMap<String, Value>,
}

impl Targets {
    pub(crate) fn empty(version: u64, expires: Timestamp) -> Self {
        Self {
            head: Head::new("targets", version, expires),
            targets: BTreeMap::new(),
            delegations: None,
            rest: BTreeMap::new(),
        }
    }

    /// The artifacts among the targets; notes and whatever else has no `custom` release are left out.
    pub(crate) fn artifacts(&self) -> Vec<Artifact> {
        let artifact = |(path, target): (&String, &Target)| {
            let release = Release::deserialize(target.custom.as_ref()?).ok()?;
            Some(Artifact {
                path: path.clone(),
                length: target.length,
                sha256: target.sha256(path).ok()?,
                release,
            })
        };
        self.targets.iter().filter_map(artifact).collect()
    }

    /// A delegation by name.
    pub(crate) fn delegation(&self, name: &str) -> Option<(&DelegatedRole, &Delegations)> {
        let delegations = self.delegations.as_ref()?;
        Some((delegations.roles.iter().find(|role| role.name == name)?, delegations))
    }

    /// Delegates to one key, in place of the keys that the role had.
    pub(crate) fn delegate(&mut self, name: &str, key: &PublicKey) {
        let paths = match name {
            ROLLOUT => vec!["rollout/*.json".to_owned()],
            _ => vec!["releases/*/*/*".to_owned()],
        };
        let delegations = self.delegations.get_or_insert_default();
        delegations.roles.retain(|role| role.name != name);
        let keys = RoleKeys { keyids: vec![key.id().to_string()], threshold: 1 };
        let (name, terminating) = (name.to_owned(), true);
        // Rollout first: a client that looks for a path asks the delegations in order.
        let at = if name == ROLLOUT { 0 } else { delegations.roles.len() };
        delegations.roles.insert(at, DelegatedRole { name, keys, terminating, paths, rest: BTreeMap::new() });
        delegations.keys.insert(key.id().to_string(), key.to_json());
        let used: BTreeSet<&String> = delegations.roles.iter().flat_map(|role| &role.keys.keyids).collect();
        let unused: Vec<String> = delegations.keys.keys().filter(|id| !used.contains(id)).cloned().collect();
        for id in unused {
            delegations.keys.remove(&id);
        }
    }
}
