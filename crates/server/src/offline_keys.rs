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
use signing::Passphrase;

use crate::object_name::{ObjectName, of_file};

/// Key files are small; larger files are not looked into.
const MAX_KEY_FILE: u64 = 16 << 10;
/// The longest root that is looked at, in bytes.
const MAX_ROOT: u64 = 1 << 20;
/// How deep folders are searched.
const MAX_DEPTH: usize = 12;
/// What every private key in PEM has, encrypted or not.
const MARK: &str = "PRIVATE KEY-----";

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
    /// A key that may be one of an offline role.
    #[error(
        "{} holds a private key that cannot be identified, so it may be the key of an offline role (an online key has \
         mode 0600, is alone in its file, and has its `id:` line or a passphrase in `keys_passphrase_file`)",
        file.display()
    )]
    Unidentified {
        /// The file.
        file: PathBuf,
    },
}

/// Searches the data folder and the key folder. The passphrase is that of the online keys. Blocks.
pub(crate) fn search(
    data: &Path,
    keys: Option<&Path>,
    passphrase: Option<&Passphrase>,
    apps: &[AppId],
) -> io::Result<Vec<Found>> {
    let mut offline = BTreeSet::new();
    for app in apps {
        offline_ids(&data.join(app.as_str()), &mut offline)?;
    }
    let mut found = Vec::new();
    walk(data, 0, &mut BTreeSet::new(), &mut |file| {
        if private_key(file).is_some() {
            found.push(Found::InData { file: file.to_owned() });
        }
    })?;
    if let Some(keys) = keys {
        walk(keys, 0, &mut BTreeSet::new(), &mut |file| {
            found.extend(private_key(file).and_then(|text| judge(file, &text, passphrase, &offline)));
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

/// Visits every file that is small enough for a key. Links are followed, because whoever reads the key would follow them
/// too; a folder that was seen is not entered again, so links in a circle end.
fn walk(
    folder: &Path,
    depth: usize,
    seen: &mut BTreeSet<PathBuf>,
    visit: &mut impl FnMut(&Path),
) -> io::Result<()> {
    let entries = match std::fs::canonicalize(folder) {
        Ok(real) if !seen.insert(real.clone()) => return Ok(()),
        Ok(real) => std::fs::read_dir(real)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = folder.join(entry?.file_name());
        // What is gone meanwhile, and a link to nothing, holds no key.
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        if metadata.is_dir() && depth < MAX_DEPTH {
            walk(&path, depth + 1, seen, visit)?;
        } else if metadata.is_file() && metadata.len() <= MAX_KEY_FILE {
            visit(&path);
        }
    }
    Ok(())
}

/// The text of a file that holds a private key. Its mode does not matter: a key that others may read too is no better.
fn private_key(file: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(file).and_then(|file| file.take(MAX_KEY_FILE).read_to_end(&mut bytes)).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    text.contains(MARK).then_some(text)
}

/// By what the key is, where that can be known; by the name of the file; and what cannot be known counts as found.
fn judge(
    file: &Path,
    text: &str,
    passphrase: Option<&Passphrase>,
    offline: &BTreeSet<String>,
) -> Option<Found> {
    let name = file.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let by_name = [trust::ROOT, trust::TARGETS].iter().any(|role| {
        name.strip_prefix(role).is_some_and(|rest| rest.starts_with(['.', '-']) || rest.is_empty())
    });
    let claimed: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("id: ")).map(str::trim).collect();
    let alone = text.matches("-----BEGIN ").count() == 1;
    let id = match (alone, claimed.as_slice()) {
        (true, [] | [_]) => identified(file, passphrase).or_else(|| claimed.first().map(ToString::to_string)),
        _ => None,
    };
    if by_name || claimed.iter().copied().chain(id.as_deref()).any(|id| offline.contains(id)) {
        return Some(Found::Offline { file: file.to_owned() });
    }
    id.is_none().then(|| Found::Unidentified { file: file.to_owned() })
}

/// The id of the only key of a file, if the file may be used as a key.
fn identified(file: &Path, passphrase: Option<&Passphrase>) -> Option<String> {
    let key = signing::KeyFile::open(file).ok()?;
    let public = match key.public() {
        Some(public) => public.clone(),
        None => key.unlock(Some(passphrase?)).ok()?.public(),
    };
    Some(public.id().as_str().to_owned())
}
