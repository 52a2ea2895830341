//! When the metadata of an app expires, role by role, as a client would meet it: the newest root, the timestamp, the
//! snapshot that it names, and every role that the snapshot names.
//!
//! One expired role is enough for every client to say "cannot verify", and only the online ones are renewed here. So all
//! are looked at. Signatures are not: whoever signs and whoever reads the catalog verifies them.

use std::collections::BTreeMap;
use std::io::Read as _;

use jiff::Timestamp;
use protocol::object;
use serde_json::Value;
use signing::Tree;

use crate::disk;
use crate::object_name::{ObjectName, of_file};

/// The longest metadata that is looked at, in bytes.
const MAX_METADATA: u64 = 2 << 20;
/// The most roles of one app that are looked at: they become labels of a metric.
const MAX_ROLES: usize = 16;

/// When each role expires; None: its metadata is missing or cannot be read. Without a timestamp nothing is published
/// yet, and the root is all there is. Blocks.
pub(crate) fn of_roles(tree: &Tree) -> BTreeMap<String, Option<Timestamp>> {
    let mut roles = BTreeMap::new();
    let mut look = |role: &str, name: Option<String>| {
        let signed = name.and_then(|name| signed(tree, &name));
        let expires = signed.as_ref().and_then(|signed| signed.get("expires")?.as_str()?.parse().ok());
        roles.insert(role.to_owned(), expires);
        signed
    };
    let numbered = |role: &str, version| object::metadata(role, version);
    look(trust::ROOT, tree.newest(trust::ROOT).ok().flatten().map(|version| numbered(trust::ROOT, version)));
    if !tree.folder().join(object::TIMESTAMP).exists() {
        return roles;
    }
    let timestamp = look(trust::TIMESTAMP, Some(object::TIMESTAMP.to_owned()));
    let named = named(timestamp.as_ref()).remove(trust::SNAPSHOT);
    let snapshot = look(trust::SNAPSHOT, named.map(|version| numbered(trust::SNAPSHOT, version)));
    for (role, version) in self::named(snapshot.as_ref()).into_iter().take(MAX_ROLES) {
        look(&role, Some(numbered(&role, version)));
    }
    roles
}

/// The roles that a timestamp or snapshot names, with their versions.
pub(crate) fn named(signed: Option<&Value>) -> BTreeMap<String, u64> {
    let meta = signed.and_then(|signed| signed.get("meta")?.as_object());
    let entries = meta.into_iter().flatten().filter_map(|(file, entry)| {
        let (role, version) = (file.strip_suffix(".json")?, entry.get("version")?.as_u64()?);
        Some((role.to_owned(), version))
    });
    entries.collect()
}

/// The signed part of a metadata file; None: it is missing or cannot be read. Blocks.
pub(crate) fn signed(tree: &Tree, name: &str) -> Option<Value> {
    // A name that comes from a file is a name only if it would be one in a request.
    let (ObjectName::Timestamp | ObjectName::Metadata { .. }) = of_file(name.as_ref())? else { return None };
    let (file, _) = disk::open(&tree.folder().join(name)).ok()??;
    let mut bytes = Vec::new();
    file.take(MAX_METADATA).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice::<Value>(&bytes).ok()?.get_mut("signed").map(Value::take)
}
