//! The search for keys that must not be here.
//!
//! A root or targets key in reach of a process that the network can talk to would turn every break-in into a break-in
//! on every user's machine. So before it opens its port, the server looks through its data and key folders: no private
//! key may lie among the files that are served, and none of the keys that any root in the tree names for `root` or
//! `targets` may lie anywhere.

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use protocol::AppId;

use crate::object_name::{ObjectName, of_file};

/// Key files are small; larger files are not looked into.
const MAX_KEY_FILE: u64 = 16 << 10;
/// The longest root that is looked at, in bytes.
const MAX_ROOT: u64 = 1 << 20;
/// How deep folders are searched.
const MAX_DEPTH: usize = 12;

/// A key where none may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Found {
    /// A private key among served files.
    #[error("{} is a private key among the files that are served", file.display())]
    InData {
        /// The file.
        file: PathBuf,
    },
    /// A key of an offline role.
    #[error("{} is the key of an offline role (root or targets)", file.display())]
    Offline {
        /// The file.
        file: PathBuf,
    },
}

/// Searches the data folder and the key folder. Blocks.
pub(crate) fn search(data: &Path, keys: Option<&Path>, apps: &[AppId]) -> io::Result<Vec<Found>> {
    let mut offline = BTreeSet::new();
    for app in apps {
        offline_ids(&data.join(app.as_str()), &mut offline)?;
    }
    let mut found = Vec::new();
    walk(data, 0, &mut |file| {
        if is_private_key(file) {
            found.push(Found::InData { file: file.to_owned() });
        }
    })?;
    if let Some(keys) = keys {
        walk(keys, 0, &mut |file| {
            if is_private_key(file) && is_offline(file, &offline) {
                found.push(Found::Offline { file: file.to_owned() });
            }
        })?;
    }
    Ok(found)
}

/// The key ids that the roots of a tree name for `root` and `targets`.
fn offline_ids(folder: &Path, ids: &mut BTreeSet<String>) -> io::Result<()> {
    let metadata = Path::new("metadata");
    for entry in std::fs::read_dir(folder.join(metadata))? {
        let name = metadata.join(entry?.file_name());
        if !matches!(of_file(&name), Some(ObjectName::Metadata { role, .. }) if role == trust::ROOT) {
            continue;
        }
        let mut bytes = Vec::new();
        std::fs::File::open(folder.join(&name))?.take(MAX_ROOT).read_to_end(&mut bytes)?;
        let Ok(root) = serde_json::from_slice::<serde_json::Value>(&bytes) else { continue };
        for role in [trust::ROOT, trust::TARGETS] {
            let list = root
                .get("signed")
                .and_then(|signed| signed.get("roles")?.get(role)?.get("keyids")?.as_array());
            ids.extend(list.into_iter().flatten().filter_map(|id| id.as_str().map(str::to_owned)));
        }
    }
    Ok(())
}

fn walk(folder: &Path, depth: usize, visit: &mut impl FnMut(&Path)) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < MAX_DEPTH {
            walk(&entry.path(), depth + 1, visit)?;
        } else if kind.is_file() && entry.metadata()?.len() <= MAX_KEY_FILE {
            visit(&entry.path());
        }
    }
    Ok(())
}

fn is_private_key(file: &Path) -> bool {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(file).and_then(|file| file.take(MAX_KEY_FILE).read_to_end(&mut bytes));
    let marks = [&b"PRIVATE KEY-----"[..]];
    read.is_ok() && marks.iter().any(|mark| bytes.windows(mark.len()).any(|window| window == *mark))
}

/// By what the key is, where its file says it; else by the name of the file.
fn is_offline(file: &Path, offline: &BTreeSet<String>) -> bool {
    let stem = file.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let by_name = [trust::ROOT, trust::TARGETS].iter().any(|role| {
        stem.strip_prefix(role).is_some_and(|rest| rest.starts_with(['.', '-']) || rest.is_empty())
    });
    let public = signing::KeyFile::open(file).ok().and_then(|key| key.public().map(signing::PublicKey::id));
    by_name || public.is_some_and(|id| offline.contains(id.as_str()))
}
