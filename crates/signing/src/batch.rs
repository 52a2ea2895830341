//! New objects that are not written yet, seen together with those on disk.
//!
//! Everything that is published at once is first put together here, then verified as a client would see it, and only then
//! written, in the order in which it was added.
//!
//! Which root is the newest, `trust` decides and not the names of files: one that does not follow from the first root of
//! the tree, step by step, is as if it were not there.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use protocol::object;
use serde_json::Value;
use trust::{LIMITS, Roots, Stored, Verified};

use crate::document::{Document, Head, Pin, RoleKeys, Root, Snapshot, Targets, TimestampFile};
use crate::envelope::{Envelope, signed};
use crate::walk::{WalkError, walk, walk_targets};
use crate::{Error, SecretKey, Tree, disk};

/// A tree and what is about to be written to it.
#[derive(Clone)]
pub(crate) struct Batch<'t> {
    pub(crate) tree: &'t Tree,
    new: Vec<(String, Vec<u8>)>,
    versions: BTreeMap<String, u64>,
    /// The newest root on disk that verifies; read when it is first asked for.
    trusted_root: OnceCell<u64>,
    /// What clients have seen where this will be served: the floor of every role. Empty where the tree itself is served.
    served: BTreeMap<String, Pin>,
}

impl<'t> Batch<'t> {
    pub(crate) fn new(tree: &'t Tree) -> Self {
        Self {
            tree,
            new: Vec::new(),
            versions: BTreeMap::new(),
            trusted_root: OnceCell::new(),
            served: BTreeMap::new(),
        }
    }

    /// Takes what is served elsewhere as the floor of every role. Only what the newest root's keys signed counts: no client
    /// remembers anything else, and a damaged file must not push versions up.
    pub(crate) fn above(mut self, served: &Stored) -> Result<Self, Error> {
        let root = self.root()?;
        let signed = |role: &str, bytes: &Option<Vec<u8>>| -> Result<Option<(Envelope, Vec<u8>)>, Error> {
            let Some(bytes) = bytes else { return Ok(None) };
            let Ok(envelope) = Envelope::parse(role, bytes) else { return Ok(None) };
            let good = envelope.reaches(role, root.role(role)?, &root.keys).unwrap_or(false);
            Ok(good.then(|| (envelope, bytes.clone())))
        };
        if let Some((envelope, bytes)) = signed("timestamp", &served.timestamp)? {
            let version = envelope.document::<Head>(object::TIMESTAMP)?.version;
            self.served.insert("timestamp".to_owned(), Pin::of(version, &bytes));
        }
        if let Some((envelope, bytes)) = signed("snapshot", &served.snapshot)? {
            let snapshot: Snapshot = envelope.document("the served snapshot")?;
            self.served.insert("snapshot".to_owned(), Pin::of(snapshot.head.version, &bytes));
            let role = |(name, pin): (String, Pin)| Some((name.strip_suffix(".json")?.to_owned(), pin));
            self.served.extend(snapshot.meta.into_iter().filter_map(role));
        }
        Ok(self)
    }

    /// The pins of what is served elsewhere, by role.
    pub(crate) fn served(&self) -> &BTreeMap<String, Pin> {
        &self.served
    }

    /// Whether clients have seen a later version of a role than this one, or the same with other bytes.
    pub(crate) fn is_behind(&self, role: &str, version: u64, bytes: &[u8]) -> bool {
        let behind =
            |pin: &Pin| version < pin.version || version == pin.version && *pin != Pin::of(version, bytes);
        self.served.get(role).is_some_and(behind)
    }

    /// Adds an object that is no metadata.
    pub(crate) fn add_object(&mut self, name: String, bytes: Vec<u8>) {
        self.new.push((name, bytes));
    }

    /// Adds a version of a role's metadata.
    pub(crate) fn add(&mut self, role: &str, version: u64, bytes: Vec<u8>) {
        self.versions.insert(role.to_owned(), version);
        let name =
            if role == "timestamp" { object::TIMESTAMP.to_owned() } else { object::metadata(role, version) };
        self.new.push((name, bytes));
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.new.is_empty()
    }

    /// The newest version of a role, with its bytes.
    pub(crate) fn newest(&self, role: &str) -> Result<Option<(u64, Vec<u8>)>, Error> {
        let version = match self.versions.get(role) {
            Some(version) => Some(*version),
            None if role == "root" => self.trusted_root()?,
            None => self.tree.newest(role)?,
        };
        let Some(version) = version else { return Ok(None) };
        let bytes = self.read(&object::metadata(role, version), limit_of(role))?;
        Ok(bytes.map(|bytes| (version, bytes)))
    }

    /// The newest document of a role that must be there.
    pub(crate) fn document<D: Document>(&self, role: &'static str) -> Result<D, Error> {
        let missing = || Error::NoRepository { path: self.tree.folder().to_owned(), missing: role };
        let (version, bytes) = self.newest(role)?.ok_or_else(missing)?;
        let what = object::metadata(role, version);
        Envelope::parse(&what, &bytes)?.document(&what)
    }

    /// The newest root of the tree that verifies; `None` in a tree without roots.
    fn trusted_root(&self) -> Result<Option<u64>, Error> {
        if self.tree.newest("root")?.is_none() {
            return Ok(None);
        }
        if let Some(version) = self.trusted_root.get() {
            return Ok(Some(*version));
        }
        let version = self.roots()?.1;
        Ok(Some(*self.trusted_root.get_or_init(|| version)))
    }

    /// The walk over the roots, at the newest one that verifies, and its version. A stranger's file behind it ends the walk:
    /// it may be replaced by the root that belongs there.
    pub(crate) fn roots(&self) -> Result<(Roots, u64), Error> {
        let first = self.first_root()?;
        // Expiry does not matter yet: `finish` looks at it where a client would.
        let mut roots = trust::begin(crypto()?, &first, &Stored::default(), Timestamp::MIN)
            .map_err(refused("the first root"))?;
        let mut version =
            Envelope::parse("the first root", &first)?.document::<Head>("the first root")?.version;
        while let Some(wanted) = roots.wanted() {
            let next = version + 1;
            let Some(bytes) = self.read(&object::metadata("root", next), wanted.limit)? else { break };
            if roots.received(&bytes).is_err() {
                break;
            }
            version = next;
        }
        Ok((roots, version))
    }

    /// The newest root.
    pub(crate) fn root(&self) -> Result<Root, Error> {
        self.document("root")
    }

    /// The newest targets.
    pub(crate) fn targets(&self) -> Result<Targets, Error> {
        self.document("targets")
    }

    /// The timestamp, `None` if there is none or it is damaged: it is made anew from the rest.
    pub(crate) fn timestamp(&self) -> Result<Option<(Envelope, TimestampFile)>, Error> {
        let Some(bytes) = self.read(object::TIMESTAMP, LIMITS.timestamp_bytes)? else { return Ok(None) };
        let parsed = Envelope::parse(object::TIMESTAMP, &bytes)
            .and_then(|envelope| Ok((envelope.document(object::TIMESTAMP)?, envelope)));
        Ok(parsed.ok().map(|(document, envelope)| (envelope, document)))
    }

    /// An object, the new one where there is one.
    pub(crate) fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        match self.new.iter().rev().find(|(new, _)| new == name) {
            Some((_, bytes)) => Ok(Some(bytes.clone())),
            None => self.tree.read(name, limit),
        }
    }

    /// Walks the whole as a client would, from the first root of the tree, with what is on disk now as its memory.
    pub(crate) fn verify(&self, now: Timestamp) -> Result<Verified, Error> {
        let root = self.first_root()?;
        walk(&root, &self.stored()?, now, |name, limit| self.read(name, limit)).map_err(stopped)
    }

    /// As [`Self::verify`], for a client that has seen what is served elsewhere.
    pub(crate) fn verify_after(&self, served: &Stored, now: Timestamp) -> Result<(), Error> {
        // With the newest root in its store a client forgets nothing that it need not forget.
        let root = self.newest("root")?.map(|(_, bytes)| bytes);
        let stored = Stored { root, ..served.clone() };
        walk(&self.first_root()?, &stored, now, |name, limit| self.read(name, limit))
            .map(|_| ())
            .map_err(stopped)
    }

    /// As [`Self::verify`] where the online keys are elsewhere: everything that was signed with offline keys is read under a
    /// throw-away root that names the same keys for `targets`, and throw-away keys for the online roles.
    pub(crate) fn rehearse(&self, now: Timestamp) -> Result<(), Error> {
        let mut roots =
            trust::begin(crypto()?, &self.first_root()?, &Stored::default(), now).map_err(refused("root"))?;
        while let Some(wanted) = roots.wanted() {
            let name = object::metadata("root", wanted.version.unwrap_or(1));
            let Some(bytes) = self.read(&name, wanted.limit)? else { break };
            roots.received(&bytes).map_err(refused(&name))?;
        }
        roots.finish().map_err(refused("root"))?;

        let stand_in = SecretKey::generate()?;
        let mut root = self.root()?;
        root.head.version = 1;
        for role in ["root", "snapshot", "timestamp"] {
            root.roles.remove(role);
            root.add(role, &stand_in.public());
        }
        root.drop_unused_keys();
        let mut files = BTreeMap::from([(object::metadata("root", 1), signed("root", &root, &[&stand_in])?)]);
        let expires = root.head.expires;
        let missing = || Error::NoRepository { path: self.tree.folder().to_owned(), missing: "targets" };
        let (version, targets) = self.newest("targets")?.ok_or_else(missing)?;
        let document: Targets = self.targets()?;
        let mut meta = BTreeMap::from([("targets.json".to_owned(), Pin::of(version, &targets))]);
        files.insert(object::metadata("targets", version), targets);
        // What an online key says about delegated roles is not here; the delegations themselves were checked.
        for role in document.delegations.iter().flat_map(|delegations| &delegations.roles) {
            meta.insert(format!("{}.json", role.name), Pin { version: 1, length: None, hashes: None });
        }
        let snapshot = Snapshot { head: Head::new("snapshot", 1, expires), meta, rest: BTreeMap::new() };
        let snapshot = signed("snapshot", &snapshot, &[&stand_in])?;
        let meta = BTreeMap::from([("snapshot.json".to_owned(), Pin::of(1, &snapshot))]);
        files.insert(object::metadata("snapshot", 1), snapshot);
        let timestamp =
            TimestampFile { head: Head::new("timestamp", 1, expires), meta, rest: BTreeMap::new() };
        files.insert(object::TIMESTAMP.to_owned(), signed("timestamp", &timestamp, &[&stand_in])?);
        let root = files.get(&object::metadata("root", 1)).cloned().unwrap_or_default();
        walk_targets(&root, &Stored::default(), now, |name, _| Ok::<_, Error>(files.get(name).cloned()))
            .map(|_| ())
            .map_err(stopped)
    }

    /// The first root of the tree, or of the batch.
    fn first_root(&self) -> Result<Vec<u8>, Error> {
        let first =
            self.tree.versions("root")?.first().copied().or_else(|| self.versions.get("root").copied());
        let name = object::metadata("root", first.unwrap_or(1));
        let missing = || Error::NoRepository { path: self.tree.folder().to_owned(), missing: "root" };
        self.read(&name, LIMITS.root_bytes)?.ok_or_else(missing)
    }

    /// What a client that read the tree a moment ago remembers.
    fn stored(&self) -> Result<Stored, Error> {
        let read = |role: &str| -> Result<Option<Vec<u8>>, Error> {
            let Some(version) = self.tree.newest(role)? else { return Ok(None) };
            self.tree.read(&object::metadata(role, version), limit_of(role))
        };
        Ok(Stored {
            root: None,
            timestamp: self.tree.read(object::TIMESTAMP, LIMITS.timestamp_bytes)?,
            snapshot: read("snapshot")?,
            targets: read("targets")?,
            delegated: BTreeMap::new(),
        })
    }

    /// Writes everything, in the order in which it was added.
    pub(crate) fn write(self) -> Result<(), Error> {
        for (name, bytes) in self.new {
            // Metadata that a crash left behind is not visible to any client and may be replaced.
            disk::write(&self.tree.path(&name)?, &bytes)?;
        }
        Ok(())
    }
}

/// Whether enough keys of a role signed this file of it.
pub(crate) fn is_signed(
    what: &str,
    bytes: &[u8],
    role: &RoleKeys,
    keys: &BTreeMap<String, Value>,
) -> Result<bool, Error> {
    Envelope::parse(what, bytes)?.reaches(what, role, keys)
}

/// An error of a walk as one of ours.
fn stopped(error: WalkError<Error>) -> Error {
    match error {
        WalkError::Read(error) => error,
        WalkError::Missing(what) => Error::Malformed { what, why: "it is missing".to_owned() },
        WalkError::Refused { object, why } => Error::Refused { object, why },
    }
}

pub(crate) fn refused(object: &str) -> impl FnOnce(trust::Error) -> Error + use<> {
    let object = object.to_owned();
    move |why| Error::Refused { object, why }
}

fn crypto() -> Result<trust::Crypto, Error> {
    trust::Crypto::ed25519().map_err(refused("this process"))
}

/// The longest file of a role, in bytes.
fn limit_of(role: &str) -> u64 {
    match role {
        "root" => LIMITS.root_bytes,
        "timestamp" => LIMITS.timestamp_bytes,
        "snapshot" => LIMITS.snapshot_bytes,
        "targets" => LIMITS.targets_bytes,
        _ => LIMITS.delegated_bytes,
    }
}
