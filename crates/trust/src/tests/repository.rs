//! A tiny signed repository in memory, made of plain values so that a test can break whatever it wants.

use std::collections::BTreeMap;

use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sigstore_tuf::canonical_json;

/// File name to bytes.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

type Edit = Box<dyn Fn(&mut Value)>;
type EditBytes = Box<dyn Fn(Vec<u8>) -> Vec<u8>>;

/// The signing key that grows from one number.
pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// Its public half as metadata writes it.
pub(crate) fn public(key: &SigningKey) -> Value {
    key_value(&hex::encode(key.verifying_key().as_bytes()))
}

pub(crate) fn key_value(public: &str) -> Value {
    json!({ "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": public } })
}

/// The id under which a key is listed. Ids are opaque; these are short for the sake of reading failures.
pub(crate) fn id(key: &SigningKey) -> String {
    format!("id-{}", &hex::encode(key.verifying_key().as_bytes())[..8])
}

/// Who signs a role, how, and until when.
#[derive(Clone)]
pub(crate) struct Party {
    /// The listed keys.
    pub(crate) keys: Vec<SigningKey>,
    /// Signatures needed.
    pub(crate) threshold: usize,
    /// Who signs; the listed keys unless a test says otherwise.
    pub(crate) signers: Option<Vec<SigningKey>>,
    pub(crate) version: u64,
    pub(crate) expires: String,
}

impl Party {
    fn new(seeds: &[u8], expires: &str) -> Self {
        let keys: Vec<_> = seeds.iter().map(|seed| key(*seed)).collect();
        Self { threshold: keys.len(), keys, signers: None, version: 1, expires: expires.to_owned() }
    }

    fn role(&self) -> Value {
        json!({ "keyids": self.keys.iter().map(id).collect::<Vec<_>>(), "threshold": self.threshold })
    }
}

/// The repository. Change its fields, then take [`Self::files`].
pub(crate) struct Repository {
    /// Older roots, as they were published.
    pub(crate) old_roots: Files,
    pub(crate) parties: BTreeMap<&'static str, Party>,
    pub(crate) consistent: bool,
    /// Target path to entry, by role.
    pub(crate) listed: BTreeMap<&'static str, BTreeMap<String, Value>>,
    /// The delegations of targets, in order.
    pub(crate) delegated: Vec<(&'static str, Vec<&'static str>)>,
    /// Changes to the `signed` object of a role before it is signed.
    pub(crate) edit_signed: BTreeMap<&'static str, Edit>,
    /// Changes to the finished file of a role; pins above it follow.
    pub(crate) edit_file: BTreeMap<&'static str, EditBytes>,
}

impl Default for Repository {
    /// Root 2 of 2, everything else 1 of 1; one release in targets, one in ingest, a rollout.
    fn default() -> Self {
        let parties = BTreeMap::from([
            ("root", Party::new(&[1, 2], "2031-01-01T00:00:00Z")),
            ("targets", Party::new(&[3], "2030-08-01T00:00:00Z")),
            ("snapshot", Party::new(&[4], "2030-06-08T00:00:00Z")),
            ("timestamp", Party::new(&[5], "2030-06-04T00:00:00Z")),
            ("rollout", Party::new(&[6], "2030-06-07T00:00:00Z")),
            ("ingest", Party::new(&[7], "2030-06-30T00:00:00Z")),
        ]);
        let rollout = protocol::Rollout::open(super::app(), super::stable());
        let mut repository = Self {
            old_roots: Files::new(),
            parties,
            consistent: true,
            listed: BTreeMap::new(),
            delegated: vec![("rollout", vec!["rollout/*.json"]), ("ingest", vec!["releases/*/*/*"])],
            edit_signed: BTreeMap::new(),
            edit_file: BTreeMap::new(),
        };
        repository.list("targets", "releases/1.0.0/linux-x86_64/demo", release("1.0.0", "linux-x86_64"));
        repository.list("ingest", "releases/1.1.0/linux-x86_64/demo", release("1.1.0", "linux-x86_64"));
        let bytes = serde_json::to_vec(&rollout).unwrap();
        repository.list("rollout", "rollout/stable.json", entry(&bytes, None));
        repository
    }
}

/// A target's entry for these bytes.
pub(crate) fn entry(bytes: &[u8], custom: Option<Value>) -> Value {
    let mut entry =
        json!({ "length": bytes.len(), "hashes": { "sha256": protocol::Digest::of(bytes).to_string() } });
    if let Some(custom) = custom {
        entry["custom"] = custom;
    }
    entry
}

/// An artifact's entry whose bytes are its version.
pub(crate) fn release(version: &str, platform: &str) -> Value {
    let (os, arch) = platform.split_once('-').unwrap();
    let custom = json!({ "app": "demo", "version": version, "channels": ["stable"], "os": os, "arch": arch });
    entry(version.as_bytes(), Some(custom))
}

impl Repository {
    pub(crate) fn party(&mut self, role: &str) -> &mut Party {
        self.parties.get_mut(role).unwrap()
    }

    pub(crate) fn list(&mut self, role: &'static str, path: &str, entry: Value) {
        self.listed.entry(role).or_default().insert(path.to_owned(), entry);
    }

    /// Lets targets delegate to one more role, with a key of its own.
    pub(crate) fn delegate(&mut self, role: &'static str, seed: u8, paths: &[&'static str]) {
        self.parties.insert(role, Party::new(&[seed], "2030-06-30T00:00:00Z"));
        self.delegated.push((role, paths.to_vec()));
    }

    /// Changes the `signed` object of a role before it is signed.
    pub(crate) fn edit(&mut self, role: &'static str, edit: impl Fn(&mut Value) + 'static) {
        self.edit_signed.insert(role, Box::new(edit));
    }

    /// Changes the finished envelope of a role.
    pub(crate) fn edit_envelope(&mut self, role: &'static str, edit: impl Fn(&mut Value) + 'static) {
        self.edit_bytes(role, move |bytes| {
            let mut value = serde_json::from_slice(&bytes).unwrap();
            edit(&mut value);
            serde_json::to_vec(&value).unwrap()
        });
    }

    /// Changes the finished bytes of a role.
    pub(crate) fn edit_bytes(&mut self, role: &'static str, edit: impl Fn(Vec<u8>) -> Vec<u8> + 'static) {
        self.edit_file.insert(role, Box::new(edit));
    }

    /// A version later of these roles; what stands above them follows.
    pub(crate) fn bump(&mut self, roles: &[&str]) {
        for role in roles {
            self.party(role).version += 1;
        }
    }

    /// Publishes the next root: `change` it, and both the old and the new keys sign.
    pub(crate) fn next_root(&mut self, change: impl FnOnce(&mut Self)) {
        let old = self.parties["root"].clone();
        self.old_roots.insert(format!("{}.root.json", old.version), self.root());
        change(self);
        let root = self.party("root");
        root.version = old.version + 1;
        let mut signers = old.keys;
        signers.extend(root.keys.clone());
        signers.sort_by_key(id);
        signers.dedup_by_key(|key| id(key));
        root.signers = Some(signers);
    }

    /// One published file.
    pub(crate) fn file(&self, name: &str) -> Vec<u8> {
        self.files()[name].clone()
    }

    /// The newest root.
    pub(crate) fn root(&self) -> Vec<u8> {
        let party = &self.parties["root"];
        let top = ["root", "targets", "snapshot", "timestamp"];
        let keys: BTreeMap<_, _> =
            top.iter().flat_map(|role| &self.parties[role].keys).map(|key| (id(key), public(key))).collect();
        let roles: BTreeMap<_, _> = top.iter().map(|role| (*role, self.parties[role].role())).collect();
        let rest = json!({ "consistent_snapshot": self.consistent, "keys": keys, "roles": roles });
        self.sign("root", "root", party, rest)
    }

    /// All files, signed now.
    pub(crate) fn files(&self) -> Files {
        let mut files = self.old_roots.clone();
        let mut publish = |role: &str, bytes: &[u8]| {
            let version = self.parties[role].version;
            let versioned = role == "root" || (self.consistent && role != "timestamp");
            let name = if versioned { format!("{version}.{role}.json") } else { format!("{role}.json") };
            files.insert(name, bytes.to_vec());
            pin(version, bytes)
        };
        publish("root", &self.root());
        let mut pins = BTreeMap::new();
        for (role, _) in &self.delegated {
            let rest = json!({ "targets": self.listed.get(role).cloned().unwrap_or_default() });
            let bytes = self.sign(role, "targets", &self.parties[role], rest);
            pins.insert(format!("{role}.json"), publish(role, &bytes));
        }
        let keys: BTreeMap<_, _> = self
            .delegated
            .iter()
            .flat_map(|(role, _)| &self.parties[role].keys)
            .map(|key| (id(key), public(key)))
            .collect();
        let roles = self.delegated.iter().map(|(role, paths)| {
            let mut value = self.parties[role].role();
            value["name"] = json!(role);
            value["terminating"] = json!(true);
            value["paths"] = json!(paths);
            value
        });
        let mut rest = json!({ "targets": self.listed["targets"] });
        if !self.delegated.is_empty() {
            rest["delegations"] = json!({ "keys": keys, "roles": roles.collect::<Vec<_>>() });
        }
        let targets = self.sign("targets", "targets", &self.parties["targets"], rest);
        pins.insert("targets.json".to_owned(), publish("targets", &targets));
        let snapshot = self.sign("snapshot", "snapshot", &self.parties["snapshot"], json!({ "meta": pins }));
        let meta = json!({ "meta": { "snapshot.json": publish("snapshot", &snapshot) } });
        let timestamp = self.sign("timestamp", "timestamp", &self.parties["timestamp"], meta);
        publish("timestamp", &timestamp);
        files
    }

    fn sign(&self, role: &str, kind: &str, party: &Party, mut signed: Value) -> Vec<u8> {
        signed["_type"] = json!(kind);
        signed["spec_version"] = json!("1.0.31");
        signed["version"] = json!(party.version);
        signed["expires"] = json!(party.expires);
        if let Some(edit) = self.edit_signed.get(role) {
            edit(&mut signed);
        }
        let file = envelope(&signed, party.signers.as_ref().unwrap_or(&party.keys));
        let bytes = serde_json::to_vec(&file).unwrap();
        self.edit_file.get(role).map_or_else(|| bytes.clone(), |edit| edit(bytes.clone()))
    }
}

/// A signed file.
pub(crate) fn envelope(signed: &Value, signers: &[SigningKey]) -> Value {
    let message = canonical_json::to_canonical_bytes(signed).unwrap();
    let signature = |key: &SigningKey| {
        let sig = hex::encode(key.sign(&message).to_bytes());
        json!({ "keyid": id(key), "sig": sig })
    };
    json!({ "signatures": signers.iter().map(signature).collect::<Vec<_>>(), "signed": signed })
}

fn pin(version: u64, bytes: &[u8]) -> Value {
    let hashes = json!({ "sha256": protocol::Digest::of(bytes).to_string() });
    json!({ "version": version, "length": bytes.len(), "hashes": hashes })
}
