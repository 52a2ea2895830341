//! A folder as a value.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use protocol::Digest;

use super::is_root;

/// What lies in a folder: names, bytes but those of the lock, permissions, owners, and which names are one file. No times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(Vec<Item>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    name: PathBuf,
    mode: u32,
    owner: (u32, u32),
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Folder,
    Bytes(Vec<u8>),
    /// Another name of the file that is the item of this number.
    Same(usize),
}

impl Snapshot {
    /// Reads a folder.
    ///
    /// # Errors
    /// If something in it cannot be read.
    pub fn of(folder: &Path) -> Result<Self> {
        let mut items: Vec<Item> = Vec::new();
        let mut files = BTreeMap::new();
        let mut open = vec![PathBuf::new()];
        while let Some(name) = open.pop() {
            let path = folder.join(&name);
            let facts = fs::symlink_metadata(&path)?;
            let what = if facts.is_dir() {
                for entry in fs::read_dir(&path)? {
                    open.push(name.join(entry?.file_name()));
                }
                open.sort();
                What::Folder
            } else if let Some(first) = files.get(&facts.ino()) {
                What::Same(*first)
            } else {
                files.insert(facts.ino(), items.len());
                // Who held the lock last differs from run to run, and nobody reads it from a lock that is free.
                What::Bytes(if name.ends_with("lock") { Vec::new() } else { fs::read(&path)? })
            };
            items.push(Item { name, mode: facts.mode() & 0o7777, owner: (facts.uid(), facts.gid()), what });
        }
        Ok(Self(items))
    }

    /// Makes the same folder again, at a path where there is none.
    ///
    /// # Errors
    /// The disk.
    pub fn restore(&self, folder: &Path) -> Result<()> {
        for item in &self.0 {
            let path =
                if item.name.as_os_str().is_empty() { folder.to_owned() } else { folder.join(&item.name) };
            match &item.what {
                What::Folder => fs::DirBuilder::new().mode(item.mode).create(&path)?,
                What::Bytes(bytes) => fs::write(&path, bytes)?,
                What::Same(first) => {
                    fs::hard_link(folder.join(&self.0[*first].name), &path)?;
                    continue;
                }
            }
            if is_root() {
                std::os::unix::fs::chown(&path, Some(item.owner.0), Some(item.owner.1))?;
            }
            fs::set_permissions(&path, Permissions::from_mode(item.mode))?;
        }
        Ok(())
    }

    /// A short name of this state: the same for the same state.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(format!("{:?}", self.0).as_bytes())
    }
}
