//! A publisher's repository: a folder with settings, keys and the public object tree.
//!
//! ```text
//! REPO/repository.toml         app, name, validity
//! REPO/keys/*.pem              offline keys: root, targets. Encrypted, 0600
//! REPO/keys/online/*.pem       snapshot, timestamp, rollout, ingest: this folder is what a server gets
//! REPO/draft.json              the next list of releases, not signed yet
//! REPO/public/                 the object tree; nothing private ever
//! REPO/.lock                   held while a command works
//! ```
//!
//! Edits go to the draft; [`Repository::sign`] signs it once, so that adding six platforms asks for one passphrase and
//! what will be published can be looked at before.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use protocol::{Artifact, Digest, object};

use crate::batch::Batch;
use crate::document::{Head, INGEST, ROLLOUT, Root, TOP_LEVEL, Targets};
use crate::draft::Draft;
use crate::envelope::{Envelope, signed};
use crate::{
    Error, KeyFile, OnlineKeys, Passphrase, Renew, Renewed, SecretKey, Settings, Tree, complete, disk,
    keyring,
};

/// Asks for the passphrase of a locked key file. `None` = there is none.
pub type Unlock<'u> = dyn FnMut(&KeyFile) -> Result<Option<Passphrase>, Error> + 'u;

/// How the keys of a new repository are protected, and which roles it has.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewKeys<'k> {
    /// Encrypts root and targets keys. `None` leaves them readable to whoever gets the files.
    pub offline: Option<&'k Passphrase>,
    /// Encrypts the online keys. `None` for a server that starts unattended.
    pub online: Option<&'k Passphrase>,
    /// No rollout role: every release is offered to everybody at once, for ever.
    pub without_rollout: bool,
    /// An ingest role: an online key may list artifacts of its own. It weakens what offline keys protect.
    pub with_ingest: bool,
}

/// What was signed and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The version of the targets.
    pub targets: u64,
    /// When they expire.
    pub expires: Timestamp,
    /// The online roles; `None` without online keys: a server signs them.
    pub online: Option<Renewed>,
}

/// A publisher's repository, locked while this value lives.
#[derive(Debug)]
pub struct Repository {
    pub(crate) folder: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) tree: Tree,
    _lock: disk::Lock,
}

impl Repository {
    /// Makes a repository: keys, root 1, empty targets, online roles. The folder must not be a repository yet.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::ShortPassphrase`], or if the disk fails.
    pub fn init(
        folder: &Path,
        settings: &Settings,
        keys: &NewKeys<'_>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let settings_file = folder.join(Settings::FILE);
        if disk::length(&settings_file)?.is_some() {
            return Err(Error::Exists { path: settings_file });
        }
        for passphrase in [keys.offline, keys.online].into_iter().flatten() {
            passphrase.check_new()?;
        }
        disk::make_folder(folder)?;
        let lock = disk::Lock::take(&folder.join(".lock"))?;
        disk::make_private_folder(&folder.join("keys/online"))?;

        let mut made = Vec::new();
        let delegated = [(ROLLOUT, !keys.without_rollout), (INGEST, keys.with_ingest)];
        for role in
            TOP_LEVEL.into_iter().chain(delegated.iter().filter(|(_, wanted)| *wanted).map(|(role, _)| *role))
        {
            let offline = keyring::is_offline(role);
            let passphrase = if offline { keys.offline } else { keys.online };
            let key = SecretKey::generate()?;
            KeyFile::create(&keyring::folder(folder, role).join(format!("{role}.pem")), &key, passphrase)?;
            made.push((role, key));
        }

        let validity = &settings.validity;
        let mut root = Root::empty(1, validity.expiry("root", now));
        let mut targets = Targets::empty(1, validity.expiry("targets", now));
        for (role, key) in &made {
            if TOP_LEVEL.contains(role) {
                root.add(role, &key.public());
            } else {
                targets.delegate(role, &key.public());
            }
        }
        let of = |wanted: &str| {
            made.iter().filter(|(role, _)| *role == wanted).map(|(_, key)| key).collect::<Vec<_>>()
        };
        let root = signed("root", &root, &of("root"))?;
        let targets = signed("targets", &targets, &of("targets"))?;
        let tree = Tree::create(&folder.join("public"), &settings.app, &root)?;
        let online = OnlineKeys::load(&folder.join("keys/online"), keys.online)?;
        let mut batch = Batch::new(&tree);
        batch.add("targets", 1, targets);
        complete::online_roles(&mut batch, &online, validity, now, Renew::IfDue)?;
        batch.verify(now)?;
        batch.write()?;
        // The settings come last: a folder is a repository when they are there.
        disk::write(&settings_file, settings.to_toml()?.as_bytes())?;
        Ok(Self { folder: folder.to_owned(), settings: settings.clone(), tree, _lock: lock })
    }

    /// Opens a repository and locks it.
    ///
    /// # Errors
    /// [`Error::NoRepository`], [`Error::Locked`], [`Error::Settings`].
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let settings_file = folder.join(Settings::FILE);
        if disk::length(&settings_file)?.is_none() {
            return Err(Error::NoRepository { path: folder.to_owned(), missing: Settings::FILE });
        }
        let lock = disk::Lock::take(&folder.join(".lock"))?;
        let settings = Settings::read(&settings_file)?;
        let tree = Tree::open(&folder.join("public"), &settings.app)?;
        Ok(Self { folder: folder.to_owned(), settings, tree, _lock: lock })
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its public object tree.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The folder whose files a server gets.
    #[must_use]
    pub fn online_folder(&self) -> PathBuf {
        self.folder.join("keys/online")
    }

    /// The first root, which enrolments pin: its file and SHA-256.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn first_root(&self) -> Result<(PathBuf, Digest), Error> {
        let first = self.tree.versions("root")?.first().copied().unwrap_or(1);
        let path = self.tree.path(&object::metadata("root", first))?;
        let bytes = disk::read(&path, trust::LIMITS.root_bytes)?;
        Ok((path, Digest::of(&bytes)))
    }

    /// The list of releases as it will be published next: the draft where there is one.
    ///
    /// # Errors
    /// If it cannot be read, or the draft was made from another version.
    pub fn artifacts(&self) -> Result<Vec<Artifact>, Error> {
        Ok(self.targets()?.artifacts())
    }

    /// Every target of the newest signed list, notes included: its path and SHA-256.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn objects(&self) -> Result<Vec<(String, Digest)>, Error> {
        let targets = self.signed_targets()?.targets;
        targets.into_iter().map(|(path, target)| Ok((path.clone(), target.sha256(&path)?))).collect()
    }

    /// Whether there is a draft that waits to be signed.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn has_draft(&self) -> Result<bool, Error> {
        Ok(Draft::of(self)?.is_some())
    }

    /// Throws the draft away.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn discard_draft(&self) -> Result<(), Error> {
        Draft::remove(self)
    }

    /// Puts a file into the tree, without listing it. Gives its SHA-256 and length.
    pub(crate) fn put_object(&self, path: &str, from: &Path) -> Result<(Digest, u64), Error> {
        let found = disk::digest(from)?.ok_or_else(|| {
            Error::io("read", from)(std::io::Error::new(std::io::ErrorKind::NotFound, "no such file"))
        })?;
        let place = self.tree.path(&object::target(path, &found.0)?)?;
        if disk::digest(&place)? != Some(found) {
            let copied = disk::copy(from, &place)?;
            if copied != found {
                disk::remove(&place)?;
                return Err(Error::Changing { path: from.to_owned() });
            }
        }
        Ok(found)
    }

    /// Signs the draft, or without one the same list again with a new expiry; then the online roles if their keys are here.
    /// What is written was read by `trust` as a client would before.
    ///
    /// # Errors
    /// [`Error::NoKey`], [`Error::WrongPassphrase`], [`Error::Refused`], or if the disk fails.
    pub fn sign(&self, unlock: &mut Unlock<'_>, now: Timestamp) -> Result<Signed, Error> {
        let mut batch = Batch::new(&self.tree);
        let expires = self.sign_targets(&mut batch, unlock, now)?;
        let online = self.complete(&mut batch, unlock, now)?;
        let targets = batch.targets()?.head.version;
        batch.write()?;
        self.discard_draft()?;
        Ok(Signed { targets, expires, online })
    }

    /// Renews the online roles.
    ///
    /// # Errors
    /// [`Error::NoKey`] where their keys are elsewhere, else as [`crate::renew`].
    pub fn refresh(&self, unlock: &mut Unlock<'_>, now: Timestamp, reason: Renew) -> Result<Renewed, Error> {
        let mut batch = Batch::new(&self.tree);
        let renewed = self.complete_here(&mut batch, unlock, now, reason)?;
        batch.write()?;
        Ok(renewed)
    }

    /// As [`Self::refresh`] of what is due, before it is copied to a place that serves `served` and may have been renewed there:
    /// every online role comes after what clients have seen, and the whole is verified as one of them would.
    ///
    /// # Errors
    /// As [`Self::refresh`].
    pub fn refresh_above(
        &self,
        served: &trust::Stored,
        unlock: &mut Unlock<'_>,
        now: Timestamp,
    ) -> Result<Renewed, Error> {
        let mut batch = Batch::new(&self.tree).above(served)?;
        let renewed = self.complete_here(&mut batch, unlock, now, Renew::IfDue)?;
        batch.verify_after(served, now)?;
        batch.write()?;
        Ok(renewed)
    }

    /// The online keys, `None` if there are none here.
    ///
    /// # Errors
    /// As [`OnlineKeys::load`].
    pub fn online_keys(&self, unlock: &mut Unlock<'_>) -> Result<Option<OnlineKeys>, Error> {
        let keys = OnlineKeys::load_with(&self.online_folder(), unlock)?;
        Ok((!keys.is_empty()).then_some(keys))
    }

    /// Hands a role that `targets` delegates to another key. The draft has it; it counts once that is signed.
    ///
    /// # Errors
    /// If the draft cannot be read or written.
    pub fn delegate(&self, role: &'static str, key: &crate::PublicKey) -> Result<(), Error> {
        self.edit(|targets| {
            targets.delegate(role, key);
            Ok(())
        })
    }

    /// Adds the next version of the targets to a batch; when they expire.
    pub(crate) fn sign_targets(
        &self,
        batch: &mut Batch<'_>,
        unlock: &mut Unlock<'_>,
        now: Timestamp,
    ) -> Result<Timestamp, Error> {
        let mut targets = self.targets()?;
        let root = batch.root()?;
        let keys = keyring::unlock(&self.folder.join("keys"), "targets", root.role("targets")?, unlock)?;
        let version = self.tree.newest("targets")?.unwrap_or_default() + 1;
        targets.head = Head::new("targets", version, self.settings.validity.expiry("targets", now));
        batch.add("targets", version, signed("targets", &targets, &keys.iter().collect::<Vec<_>>())?);
        Ok(targets.head.expires)
    }

    /// Makes a batch whole and verifies it: with the online keys, or in a rehearsal where a server has them. A new key
    /// that waits here for the way to the server makes no set.
    pub(crate) fn complete(
        &self,
        batch: &mut Batch<'_>,
        unlock: &mut Unlock<'_>,
        now: Timestamp,
    ) -> Result<Option<Renewed>, Error> {
        let offline = batch.clone();
        match self.complete_here(batch, unlock, now, Renew::IfDue) {
            Ok(renewed) => Ok(Some(renewed)),
            Err(Error::NoKey { .. }) => {
                *batch = offline;
                batch.rehearse(now)?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn complete_here(
        &self,
        batch: &mut Batch<'_>,
        unlock: &mut Unlock<'_>,
        now: Timestamp,
        reason: Renew,
    ) -> Result<Renewed, Error> {
        let keys = OnlineKeys::load_with(&self.online_folder(), unlock)?;
        let renewed = complete::online_roles(batch, &keys, &self.settings.validity, now, reason)?;
        batch.verify(now)?;
        Ok(renewed)
    }

    pub(crate) fn targets(&self) -> Result<Targets, Error> {
        match Draft::of(self)? {
            Some(draft) => Ok(draft.targets),
            None => self.signed_targets(),
        }
    }

    /// The newest signed list.
    pub(crate) fn signed_targets(&self) -> Result<Targets, Error> {
        Batch::new(&self.tree).targets()
    }

    /// What this repository has to publish: all its roots, and its newest targets. `replaces` is the version that the
    /// server has now.
    ///
    /// # Errors
    /// If something cannot be read.
    pub fn publication(&self, replaces: u64) -> Result<crate::Publication, Error> {
        let mut roots = Vec::new();
        let newest = Batch::new(&self.tree).root()?.head.version;
        for version in self.tree.versions("root")?.into_iter().filter(|version| *version <= newest) {
            let name = object::metadata("root", version);
            roots.extend(self.tree.read(&name, trust::LIMITS.root_bytes)?);
        }
        let missing = || Error::NoRepository { path: self.folder.clone(), missing: "signed targets" };
        let (_, targets) = Batch::new(&self.tree).newest("targets")?.ok_or_else(missing)?;
        // What goes out is what was verified when it was signed; here only that it is still readable.
        Envelope::parse("targets", &targets)?;
        Ok(crate::Publication { format: crate::Publication::FORMAT, replaces, roots, targets })
    }
}
