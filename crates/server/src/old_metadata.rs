//! Deletes what the server itself signed and no client can ask for any more.
//!
//! Every renewal leaves a snapshot, and every change of a rollout a role file and its rules. A client learns their names from the
//! timestamp and the snapshot, and fetches them within the minutes that its check may take; so what was replaced long enough ago
//! is not asked for by anybody. Roots and targets are never deleted: a client may be years behind, and they are few.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use protocol::object;
use signing::Tree;

use crate::disk;

/// For how long a file is kept that a newer one has replaced: much longer than a check, than a proxy keeps a timestamp, and
/// than a night in which somebody wants to look.
const KEEP: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How many of the newest files of a role are kept whatever their age.
const NEWEST: usize = 3;
/// The roles that this server signs and that have versions in their names.
const ROLES: [&str; 2] = [trust::SNAPSHOT, "rollout"];
/// The longest role file that is looked at, in bytes.
const MAX_ROLE: u64 = 8 << 20;

/// Deletes; returns how many files went. In this order: role files, then rules that no remaining one names, so that dying
/// in between leaves nothing that refers to something missing.
pub(crate) fn sweep(tree: &Tree, now: SystemTime) -> Result<usize, signing::Error> {
    let mut swept = 0;
    for role in ROLES {
        let mut versions = tree.versions(role)?;
        versions.sort_unstable();
        versions.truncate(versions.len().saturating_sub(NEWEST));
        for version in versions {
            swept += remove_if_old(&tree.path(&object::metadata(role, version))?, now);
        }
    }
    let named = named_rules(tree)?;
    for file in files(&tree.folder().join("targets").join("rollout")) {
        let sha256 =
            file.file_name().and_then(|name| name.to_str()?.split_once('.')).map(|(sha256, _)| sha256);
        if sha256.is_some_and(|sha256| !named.contains(sha256)) {
            swept += remove_if_old(&file, now);
        }
    }
    Ok(swept)
}

/// The text of every role file that may name rules: their digests stand in it.
fn named_rules(tree: &Tree) -> Result<String, signing::Error> {
    let mut text = String::new();
    for role in [trust::TARGETS, "rollout"] {
        for version in tree.versions(role)? {
            if let Some(bytes) = tree.read(&object::metadata(role, version), MAX_ROLE)? {
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }
    Ok(text)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect()
}

/// 1 if it is gone. What cannot be deleted is in nobody's way, and is tried again.
fn remove_if_old(file: &Path, now: SystemTime) -> usize {
    let age = || -> io::Result<Duration> {
        Ok(now.duration_since(file.metadata()?.modified()?).unwrap_or_default())
    };
    let done = match age() {
        Ok(age) if age > KEEP => disk::remove(file).map(|()| 1),
        Ok(_) => Ok(0),
        Err(error) => Err(error),
    };
    done.unwrap_or_else(|error| {
        tracing::warn!(file = %file.display(), %error, "old metadata cannot be deleted");
        0
    })
}
