//! Where the bytes of targets lie that a publication lists: on this disk, or elsewhere behind the same few questions.

use std::path::Path;

use protocol::Digest;

use crate::{Error, Tree, disk};

/// The bytes of a tree's targets, and those that wait to be published.
pub trait Objects {
    /// The length of an object of the tree; `None` if it is not there.
    ///
    /// # Errors
    /// If it cannot be looked at.
    fn length(&self, name: &str) -> Result<Option<u64>, Error>;

    /// SHA-256 and length of an object of the tree, from its bytes; `None` if it is not there.
    ///
    /// # Errors
    /// If it cannot be read.
    fn digest(&self, name: &str) -> Result<Option<(Digest, u64)>, Error>;

    /// SHA-256 and length of what was uploaded under this SHA-256; `None` if nothing was.
    ///
    /// # Errors
    /// If it cannot be read.
    fn uploaded(&self, sha256: &Digest) -> Result<Option<(Digest, u64)>, Error>;

    /// Puts an upload in its places in the tree.
    ///
    /// # Errors
    /// If it cannot be written.
    fn place(&self, sha256: &Digest, names: &[String]) -> Result<(), Error>;
}

/// Everything on this disk: the tree, and a folder of uploads that are named by their SHA-256.
#[derive(Debug, Clone, Copy)]
pub struct OnDisk<'a> {
    tree: &'a Tree,
    incoming: &'a Path,
}

impl<'a> OnDisk<'a> {
    /// The objects of a tree, and a folder of uploads.
    #[must_use]
    pub fn new(tree: &'a Tree, incoming: &'a Path) -> Self {
        Self { tree, incoming }
    }
}

impl Objects for OnDisk<'_> {
    fn length(&self, name: &str) -> Result<Option<u64>, Error> {
        disk::length(&self.tree.path(name)?)
    }

    fn digest(&self, name: &str) -> Result<Option<(Digest, u64)>, Error> {
        disk::digest(&self.tree.path(name)?)
    }

    fn uploaded(&self, sha256: &Digest) -> Result<Option<(Digest, u64)>, Error> {
        disk::digest(&self.incoming.join(sha256.to_string()))
    }

    fn place(&self, sha256: &Digest, names: &[String]) -> Result<(), Error> {
        let upload = self.incoming.join(sha256.to_string());
        if let Some((last, others)) = names.split_last() {
            for other in others {
                disk::copy(&upload, &self.tree.path(other)?)?;
            }
            disk::move_into(&upload, &self.tree.path(last)?)?;
        }
        Ok(())
    }
}
