//! An app's object tree on a disk: `metadata/`, `targets/`, `patches/`, under the names of `protocol::object`.
//!
//! Objects are immutable but for `metadata/timestamp.json`, and a name is only ever visible with all its bytes. What
//! is newest is read from the file names: a metadata file is written after everything it refers to, so the highest
//! version on disk is whole, also after a crash.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use protocol::{AppId, Artifact, Digest, object};
use trust::{Crypto, Stored};

use crate::batch::Batch;
use crate::document::Root;
use crate::envelope::Envelope;
use crate::{Error, disk};

/// An app's object tree. Cheap to clone: it holds names only.
#[derive(Debug, Clone)]
pub struct Tree {
    folder: PathBuf,
    app: AppId,
}

impl Tree {
    /// Makes the tree of an app that begins with this root, the root that clients pin. Where there is a tree already it
    /// must begin with the same root.
    ///
    /// # Errors
    /// [`Error::Refused`] if the root does not sign itself, [`Error::Exists`] if the tree has another root of that version.
    pub fn create(folder: &Path, app: &AppId, root: &[u8]) -> Result<Self, Error> {
        let refused = |why| Error::Refused { object: "the root".to_owned(), why };
        // Expiry does not matter here: a server may be rebuilt years after its first root.
        let crypto = Crypto::ed25519().map_err(refused)?;
        trust::begin(crypto, root, &Stored::default(), Timestamp::MIN).map_err(refused)?;
        let version = Envelope::parse("the root", root)?.document::<Root>("the root")?.head.version;
        let tree = Self::new(folder, app);
        let name = object::metadata("root", version);
        if tree.newest("root")?.is_some() && tree.read(&name, trust::LIMITS.root_bytes)?.is_none() {
            return Err(Error::Exists { path: tree.folder });
        }
        tree.put_new(&name, root)?;
        Ok(tree)
    }

    /// The tree of an app in a folder.
    ///
    /// # Errors
    /// [`Error::NoRepository`] if it holds no root metadata.
    pub fn open(folder: &Path, app: &AppId) -> Result<Self, Error> {
        let tree = Self::new(folder, app);
        if tree.newest("root")?.is_none() {
            return Err(Error::NoRepository { path: folder.to_owned(), missing: "metadata/{N}.root.json" });
        }
        Ok(tree)
    }

    pub(crate) fn new(folder: &Path, app: &AppId) -> Self {
        Self { folder: folder.to_owned(), app: app.clone() }
    }

    /// The app.
    #[must_use]
    pub fn app(&self) -> &AppId {
        &self.app
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of an object.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that could leave the folder.
    pub fn path(&self, name: &str) -> Result<PathBuf, Error> {
        for segment in name.split('/') {
            // A consistent-snapshot name is a SHA-256, a dot and a file name, so it may be longer than a file name.
            let plain = segment
                .split_once('.')
                .filter(|(head, _)| head.len() == 64)
                .map_or(segment, |(_, tail)| tail);
            object::check_file_name(plain)?;
        }
        Ok(self.folder.join(name))
    }

    /// Reads an object of at most `limit` bytes; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read or is longer.
    pub fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        disk::read_if_there(&self.path(name)?, limit)
    }

    /// Writes an object that is not there yet. One that is there with the same bytes is left alone.
    ///
    /// # Errors
    /// [`Error::Exists`] if it is there with other bytes, or if the disk fails.
    pub fn put_new(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path(name)?;
        match disk::digest(&path)? {
            Some((sha256, _)) if sha256 == Digest::of(bytes) => Ok(()),
            Some(_) => Err(Error::Exists { path }),
            None => disk::write(&path, bytes),
        }
    }

    /// The highest version of a role's metadata on disk; `None` if there is none.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn newest(&self, role: &str) -> Result<Option<u64>, Error> {
        Ok(self.versions(role)?.last().copied())
    }

    /// All versions of a role's metadata on disk, ascending.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn versions(&self, role: &str) -> Result<Vec<u64>, Error> {
        let suffix = format!(".{role}.json");
        let names = disk::names(&self.folder.join("metadata"))?;
        let mut versions: Vec<u64> =
            names.iter().filter_map(|name| name.strip_suffix(&suffix)?.parse().ok()).collect();
        versions.sort_unstable();
        Ok(versions)
    }

    /// The artifacts that the newest targets list; none before the first publication. Nothing is verified: for the tree's
    /// own keeper.
    ///
    /// # Errors
    /// If they cannot be read or are damaged.
    pub fn artifacts(&self) -> Result<Vec<Artifact>, Error> {
        match self.newest("targets")? {
            Some(_) => Ok(Batch::new(self).targets()?.artifacts()),
            None => Ok(Vec::new()),
        }
    }

    /// Writes the compressed twin of an artifact beside it, one zstd frame, unless that would not be smaller. The twin is
    /// not signed: whoever decodes it compares the result with the artifact's length and SHA-256. Its length in bytes.
    ///
    /// # Errors
    /// If the artifact is not there or the disk fails.
    pub fn write_twin(&self, artifact: &Artifact) -> Result<Option<u64>, Error> {
        let from = self.path(&object::target(&artifact.path, &artifact.sha256)?)?;
        let to = self.path(&object::compressed_target(&artifact.path, &artifact.sha256)?)?;
        disk::compress(&from, &to, artifact.length)
    }

    /// Copies the tree into another folder, from which any web server can serve it: objects first, then metadata in the
    /// order in which it is referred to, the timestamp last. A client that reads meanwhile sees the old state or the new.
    /// Objects that are there with the right length stay.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub fn copy_to(&self, folder: &Path) -> Result<Copied, Error> {
        let mut copied = Copied { files: 0, bytes: 0 };
        for name in disk::files_below(&self.folder.join("targets"))? {
            let (from, to) = (self.folder.join("targets").join(&name), folder.join("targets").join(&name));
            if disk::length(&to)? != disk::length(&from)? {
                copied.count(disk::copy(&from, &to)?.1);
            }
        }
        let rank = |name: &String| {
            ["root.json", "targets.json", "snapshot.json", "timestamp.json"]
                .iter()
                .position(|last| name.ends_with(last))
                // Delegated roles are referred to by the snapshot.
                .map_or(3, |at| [1, 2, 4, 5].get(at).copied().unwrap_or(3))
        };
        let mut names = disk::names(&self.folder.join("metadata"))?;
        names.retain(|name| !name.starts_with('.'));
        names.sort_by_key(|name| (rank(name), name.clone()));
        for name in names {
            let (from, to) = (self.folder.join("metadata").join(&name), folder.join("metadata").join(&name));
            if disk::digest(&to)? != disk::digest(&from)? {
                copied.count(disk::copy(&from, &to)?.1);
            }
        }
        Ok(copied)
    }
}

/// What [`Tree::copy_to`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Copied {
    fn count(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}
