//! Root ceremonies by files: how keys change hands without anybody's private key leaving its machine.
//!
//! 1. The publisher makes a draft: the next root with its changes, not signed. It is one file.
//! 2. Every holder gets a copy, looks at it, signs it on their own machine, and sends it back.
//! 3. The publisher puts the copies together. A root counts when enough keys of the root *before* it and enough of its
//!    own have signed (TUF specification 5.3.4); then it is verified, and everything else that its new keys must sign is
//!    signed again.
//!
//! A draft has the form of root metadata, so any TUF tool can show it.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use protocol::object;
use serde::Serialize;

use crate::batch::{Batch, is_signed};
use crate::document::{Head, RoleKeys, Root, TOP_LEVEL};
use crate::envelope::Envelope;
use crate::repository::Unlock;
use crate::{Error, KeyId, PublicKey, Renewed, Repository, SecretKey, disk, keyring};

/// What cannot be done in a ceremony.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CeremonyError {
    /// The root names only keys for the four top-level roles.
    #[error("{role:?} is no top-level role: root names keys for root, targets, snapshot and timestamp")]
    UnknownRole {
        /// The role.
        role: String,
    },
    /// A key that is not there, or whose id begins like another's.
    #[error("{prefix:?} names {found} keys of the {role} role, it must name one")]
    WhichKey {
        /// The role.
        role: String,
        /// What was given of the id.
        prefix: String,
        /// How many keys begin with it.
        found: usize,
    },
    /// More signatures asked for than there are keys, or none.
    #[error("the {role} role has {keys} keys, so {threshold} signatures cannot be asked for")]
    Threshold {
        /// The role.
        role: String,
        /// Its keys.
        keys: usize,
        /// The threshold.
        threshold: u64,
    },
    /// Copies of different drafts.
    #[error("these are copies of different drafts: they do not say the same")]
    OtherDraft,
    /// A key that the draft does not name for root; the root before may name it.
    #[error("the draft is root version {draft}, the repository needs version {next}")]
    NotNext {
        /// The draft's version.
        draft: u64,
        /// The version that follows the repository's.
        next: u64,
    },
    /// Releases that wait in the draft, where a key change would sign the list of releases.
    #[error(
        "a draft of the list of releases is pending, and changing this key would sign it: look at it with \
         `autoupdate diff`, then sign it with `autoupdate sign`, or delete draft.json in the repository"
    )]
    DraftPending,
    /// Too few signatures.
    #[error(
        "signed by {old} of {old_needed} needed keys of the old root and by {new} of {new_needed} of the new one"
    )]
    TooFew {
        /// Good signatures by keys of the root before.
        old: u64,
        /// How many it asks for.
        old_needed: u64,
        /// Good signatures by keys of the new root.
        new: u64,
        /// How many it asks for.
        new_needed: u64,
    },
}

/// A change of the keys that root names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootChange {
    /// One more key may sign for a role.
    Add {
        /// The role.
        role: String,
        /// The key.
        key: PublicKey,
    },
    /// A key may no longer sign for a role.
    Remove {
        /// The role.
        role: String,
        /// Its id, or enough of its beginning.
        key: String,
    },
    /// So many keys must sign for a role.
    Threshold {
        /// The role.
        role: String,
        /// How many.
        threshold: u64,
    },
}

/// How far a role's signatures are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// How many must sign.
    pub threshold: u64,
    /// Ids of keys that have signed.
    pub signed: Vec<String>,
    /// Ids of keys that may still sign.
    pub open: Vec<String>,
}

impl Progress {
    /// Whether enough have signed.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.signed.len() as u64 >= self.threshold
    }
}

/// How a role differs from the root before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleDifference {
    /// The role.
    pub role: String,
    /// How many keys had to sign.
    pub threshold_before: u64,
    /// How many must.
    pub threshold: u64,
    /// Ids of keys that may sign from now on.
    pub added: Vec<String>,
    /// Ids of keys that may no longer sign.
    pub removed: Vec<String>,
}

impl RoleDifference {
    /// Roles that differ; a role that is missing has no keys.
    fn between(before: &Root, after: &Root) -> Vec<Self> {
        let none = RoleKeys { keyids: Vec::new(), threshold: 0 };
        let names: BTreeSet<&String> = before.roles.keys().chain(after.roles.keys()).collect();
        let difference = |role: &String| {
            let of = |root: &'_ Root| root.roles.get(role).unwrap_or(&none).clone();
            let (old, new) = (of(before), of(after));
            let without = |keys: &RoleKeys, other: &RoleKeys| -> Vec<String> {
                keys.keyids.iter().filter(|id| !other.keyids.contains(id)).cloned().collect()
            };
            Self {
                role: role.clone(),
                threshold_before: old.threshold,
                threshold: new.threshold,
                added: without(&new, &old),
                removed: without(&old, &new),
            }
        };
        let differs = |found: &Self| {
            found.threshold_before != found.threshold || !(found.added.is_empty() && found.removed.is_empty())
        };
        names.into_iter().map(difference).filter(differs).collect()
    }
}

/// What a holder should look at before signing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DraftSummary {
    /// The root's version.
    pub version: u64,
    /// When it will expire.
    pub expires: Timestamp,
    /// Per role: how many keys must sign, and their ids.
    pub roles: Vec<(String, u64, Vec<String>)>,
    /// Per role that changes: how it differs from the root before, where that is known.
    pub changes: Option<Vec<RoleDifference>>,
    /// Signatures by keys of this root.
    pub new: Progress,
    /// Signatures by keys of the root before, where that is known.
    pub old: Option<Progress>,
}

/// The next root, on its way to enough signatures.
#[derive(Debug, Clone)]
pub struct RootDraft {
    envelope: Envelope,
    root: Root,
}

const WHAT: &str = "the root draft";

impl RootDraft {
    /// Reads a draft or a copy of one.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is none or an id is not that of its key, [`Error::TooLong`] above the limit for roots.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = disk::read(path, trust::LIMITS.root_bytes)?;
        let envelope = Envelope::parse(WHAT, &bytes)?;
        let root: Root = envelope.document(WHAT)?;
        root.check_ids(WHAT)?;
        Ok(Self { envelope, root })
    }

    /// Writes it.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        disk::write(path, &self.envelope.to_bytes(WHAT)?)
    }

    /// Adds a signature. Whether the new root itself names the key: a key that only the old root names signs too.
    ///
    /// # Errors
    /// Never for a draft that could be read.
    pub fn sign(&mut self, key: &SecretKey) -> Result<bool, Error> {
        self.envelope.sign(WHAT, key)?;
        let id = key.public().id();
        Ok(self.root.role("root")?.keyids.iter().any(|known| known == id.as_str()))
    }

    /// Takes over the signatures of another copy.
    ///
    /// # Errors
    /// [`CeremonyError::OtherDraft`] if the copy does not say the same.
    pub fn merge(&mut self, copy: &Self) -> Result<(), Error> {
        if self.envelope.signed != copy.envelope.signed {
            return Err(CeremonyError::OtherDraft.into());
        }
        let have: BTreeSet<String> =
            self.envelope.signatures.iter().map(|signature| signature.keyid.clone()).collect();
        let new = copy.envelope.signatures.iter().filter(|signature| !have.contains(&signature.keyid));
        self.envelope.signatures.extend(new.cloned());
        Ok(())
    }

    /// What it says and who has signed; with the root before it, `before`, also whether that root's keys have.
    fn summary_after(&self, before: Option<&Root>) -> Result<DraftSummary, Error> {
        let progress = |root: &Root| -> Result<Progress, Error> {
            let role = root.role("root")?;
            let good: BTreeSet<KeyId> = self.envelope.good(WHAT, role, &root.keys)?;
            let (signed, open) =
                role.keyids.iter().cloned().partition(|id| good.iter().any(|good| good.as_str() == id));
            Ok(Progress { threshold: role.threshold, signed, open })
        };
        let role = |name: &&str| {
            let keys = self.root.role(name)?;
            Ok::<_, Error>(((*name).to_owned(), keys.threshold, keys.keyids.clone()))
        };
        Ok(DraftSummary {
            version: self.root.head.version,
            expires: self.root.head.expires,
            roles: TOP_LEVEL.iter().map(role).collect::<Result<_, _>>()?,
            changes: before.map(|before| RoleDifference::between(before, &self.root)),
            new: progress(&self.root)?,
            old: before.map(progress).transpose()?,
        })
    }

    /// What it says and who has signed, as far as can be seen without the repository.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a role is missing.
    pub fn summary(&self) -> Result<DraftSummary, Error> {
        self.summary_after(None)
    }

    fn apply(&mut self, change: &RootChange) -> Result<(), Error> {
        let (RootChange::Add { role, .. }
        | RootChange::Remove { role, .. }
        | RootChange::Threshold { role, .. }) = change;
        if !TOP_LEVEL.contains(&role.as_str()) {
            return Err(CeremonyError::UnknownRole { role: role.clone() }.into());
        }
        match change {
            RootChange::Add { role, key } => self.root.add(role, key),
            RootChange::Remove { role, key } => {
                let keys = self.root.role(role)?.keyids.clone();
                let named: Vec<&String> = keys.iter().filter(|id| id.starts_with(key.as_str())).collect();
                let (&[gone], Some(entry)) = (&named[..], self.root.roles.get_mut(role)) else {
                    let (role, prefix, found) = (role.clone(), key.clone(), named.len());
                    return Err(CeremonyError::WhichKey { role, prefix, found }.into());
                };
                entry.keyids.retain(|id| id != gone);
            }
            RootChange::Threshold { role, threshold } => {
                if let Some(entry) = self.root.roles.get_mut(role) {
                    entry.threshold = *threshold;
                }
            }
        }
        Ok(())
    }
}

/// What [`Repository::accept_root`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedRoot {
    /// The root's version.
    pub version: u64,
    /// The targets' new version, where their keys changed.
    pub targets: Option<u64>,
    /// The online roles; `None` without online keys: a server signs them after the next `publish`.
    pub online: Option<Renewed>,
}

impl Repository {
    /// The next root with these changes and a new expiry, not signed.
    ///
    /// # Errors
    /// [`Error::Ceremony`] for a change that makes no sense.
    pub fn draft_root(&self, changes: &[RootChange], now: Timestamp) -> Result<RootDraft, Error> {
        let mut root = Batch::new(&self.tree).root()?;
        let version = root.head.version + 1;
        root.head = Head::new("root", version, self.settings.validity.expiry("root", now));
        let mut draft = RootDraft { envelope: Envelope::new(WHAT, &root)?, root };
        for change in changes {
            draft.apply(change)?;
        }
        for (name, role) in &draft.root.roles {
            if !(1..=role.keyids.len() as u64).contains(&role.threshold) {
                let (role, keys, threshold) = (name.clone(), role.keyids.len(), role.threshold);
                return Err(CeremonyError::Threshold { role, keys, threshold }.into());
            }
        }
        draft.root.drop_unused_keys();
        draft.envelope = Envelope::new(WHAT, &draft.root)?;
        Ok(draft)
    }

    /// Signs a draft with the root keys that lie in this repository: those of the root before, and its own.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`] and whatever reading keys gives.
    pub fn sign_root(&self, draft: &mut RootDraft, unlock: &mut Unlock<'_>) -> Result<(), Error> {
        let before = Batch::new(&self.tree).root()?;
        let mut wanted = before.role("root")?.clone();
        wanted.keyids.extend(draft.root.role("root")?.keyids.iter().cloned());
        wanted.threshold = wanted.keyids.len() as u64;
        for key in keyring::available(&self.folder.join("keys"), &wanted, unlock)? {
            draft.envelope.sign(WHAT, &key)?;
        }
        Ok(())
    }

    /// What a draft says, and how far the signatures of the old and the new root's keys are.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a role is missing.
    pub fn root_progress(&self, draft: &RootDraft) -> Result<DraftSummary, Error> {
        draft.summary_after(Some(&Batch::new(&self.tree).root()?))
    }

    /// Refuses while a draft of the list of releases is pending: for whatever would sign it by the way.
    ///
    /// # Errors
    /// [`CeremonyError::DraftPending`], or if the draft cannot be read.
    pub fn check_no_draft(&self) -> Result<(), Error> {
        if self.has_draft()? { Err(CeremonyError::DraftPending.into()) } else { Ok(()) }
    }

    /// Takes a root that has enough signatures: signs what its new keys must sign again, verifies the whole as a client
    /// would from the first root on, and writes it.
    ///
    /// # Errors
    /// [`CeremonyError::NotNext`], [`CeremonyError::TooFew`], [`CeremonyError::DraftPending`], [`Error::NoKey`] if a new key is not here,
    /// [`Error::Refused`].
    pub fn accept_root(
        &self,
        draft: &RootDraft,
        unlock: &mut Unlock<'_>,
        now: Timestamp,
    ) -> Result<AcceptedRoot, Error> {
        let mut batch = Batch::new(&self.tree);
        let (version, next) = (draft.root.head.version, batch.root()?.head.version + 1);
        if version != next {
            return Err(CeremonyError::NotNext { draft: version, next }.into());
        }
        draft.root.check_ids(WHAT)?;
        let summary = self.root_progress(draft)?;
        let old = summary.old.unwrap_or_else(|| summary.new.clone());
        if !(old.is_reached() && summary.new.is_reached()) {
            return Err(CeremonyError::TooFew {
                old: old.signed.len() as u64,
                old_needed: old.threshold,
                new: summary.new.signed.len() as u64,
                new_needed: summary.new.threshold,
            }
            .into());
        }
        let mut envelope = draft.envelope.clone();
        // Strangers' and bad signatures would stay in every client's store for ever.
        let good: BTreeSet<&String> = old.signed.iter().chain(&summary.new.signed).collect();
        envelope.signatures.retain(|signature| good.contains(&signature.keyid));
        envelope.signatures.sort_by(|a, b| a.keyid.cmp(&b.keyid));
        batch.add("root", version, envelope.to_bytes(&object::metadata("root", version))?);

        let missing = || Error::NoRepository { path: self.folder.clone(), missing: "signed targets" };
        let (_, bytes) = batch.newest("targets")?.ok_or_else(missing)?;
        let mut targets = None;
        if !is_signed("targets", &bytes, draft.root.role("targets")?, &draft.root.keys)? {
            // What nobody has looked at must not be signed by the way.
            self.check_no_draft()?;
            self.sign_targets(&mut batch, unlock, now)?;
            targets = Some(batch.targets()?.head.version);
        }
        let online = self.complete(&mut batch, unlock, now)?;
        batch.write()?;
        Ok(AcceptedRoot { version, targets, online })
    }
}
