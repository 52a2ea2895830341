//! Finding the keys of a role in a folder, by what the files say about themselves, and unlocking no more than needed.

use std::path::{Path, PathBuf};

use crate::document::RoleKeys;
use crate::repository::Unlock;
use crate::{Error, KeyFile, SecretKey, disk};

/// Whether a role's key must stay away from servers.
pub(crate) fn is_offline(role: &str) -> bool {
    ["root", "targets"].contains(&role)
}

/// Where a repository keeps the keys of a role.
pub(crate) fn folder(repository: &Path, role: &str) -> PathBuf {
    repository.join(if is_offline(role) { "keys" } else { "keys/online" })
}

/// The private keys in a folder, locked, public parts (`*.pub.pem`) left out.
pub(crate) fn files(folder: &Path) -> Result<Vec<KeyFile>, Error> {
    let private = |name: &String| name.ends_with(".pem") && !name.ends_with(".pub.pem");
    disk::names(folder)?
        .iter()
        .filter(|name| private(name))
        .map(|name| KeyFile::open(&folder.join(name)))
        .collect()
}

/// Unlocks one file.
pub(crate) fn open(file: &KeyFile, unlock: &mut Unlock<'_>) -> Result<SecretKey, Error> {
    let passphrase = if file.is_encrypted() { unlock(file)? } else { None };
    file.unlock(passphrase.as_ref())
}

/// Unlocks all keys of a role that are in a folder, at most as many as its threshold asks for.
pub(crate) fn available(
    folder: &Path,
    wanted: &RoleKeys,
    unlock: &mut Unlock<'_>,
) -> Result<Vec<SecretKey>, Error> {
    let mut keys: Vec<SecretKey> = Vec::new();
    for file in files(folder)? {
        let fits = |key: &crate::PublicKey| wanted.keyids.iter().any(|id| id == key.id().as_str());
        // A file without our first lines must be opened to know which key it is.
        if keys.len() as u64 >= wanted.threshold || !file.public().is_none_or(fits) {
            continue;
        }
        let key = open(&file, unlock)?;
        if fits(&key.public()) && !keys.iter().any(|there| there.public() == key.public()) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// As [`available`], but enough of them to sign for the role.
pub(crate) fn unlock(
    folder: &Path,
    role: &str,
    wanted: &RoleKeys,
    unlock: &mut Unlock<'_>,
) -> Result<Vec<SecretKey>, Error> {
    let keys = available(folder, wanted, unlock)?;
    if (keys.len() as u64) < wanted.threshold {
        let short: Vec<&str> = wanted.keyids.iter().filter_map(|id| id.get(..8)).collect();
        return Err(Error::NoKey {
            role: role.to_owned(),
            folder: folder.to_owned(),
            wanted: short.join(", "),
        });
    }
    Ok(keys)
}
