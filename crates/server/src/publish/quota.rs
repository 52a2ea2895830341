//! How much may lie in the upload areas: what lies there, plus what is on its way.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use protocol::AppId;

use crate::store::{self, Commons, StoreError};

/// What is on its way, per app.
#[derive(Default)]
pub(crate) struct Quotas {
    coming: Arc<Mutex<BTreeMap<AppId, u64>>>,
}

/// Room for one upload, given back when dropped.
pub(crate) struct Room {
    coming: Arc<Mutex<BTreeMap<AppId, u64>>>,
    app: AppId,
    bytes: u64,
}

impl Quotas {
    /// Takes room for `bytes` beside the `lying` ones. None: there is not so much.
    pub(crate) fn take(&self, app: &AppId, lying: u64, bytes: u64, limit: u64) -> Option<Room> {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = coming.entry(app.clone()).or_insert(0);
        let sum = lying.checked_add(*mine)?.checked_add(bytes)?;
        if sum > limit {
            return None;
        }
        *mine += bytes;
        Some(Room { coming: Arc::clone(&self.coming), app: app.clone(), bytes })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut coming = self.coming.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = coming.get_mut(&self.app) {
            *mine = mine.saturating_sub(self.bytes);
        }
    }
}

/// The bytes of finished uploads in an upload area. What is still being written is counted by its [`Room`].
pub(crate) fn lying(folder: &Path) -> std::io::Result<u64> {
    let mut sum = 0_u64;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !is_temporary(&entry) {
            // One that was published meanwhile is gone and takes no room.
            sum = sum.saturating_add(entry.metadata().map_or(0, |metadata| metadata.len()));
        }
    }
    Ok(sum)
}

/// Deletes uploads that nobody published for `keep`, and with `temporary` also what a dead process left half written.
pub(crate) fn sweep(folder: &Path, keep: Duration, temporary: bool) -> std::io::Result<usize> {
    let mut swept = 0;
    let now = SystemTime::now();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok();
        let old = age.and_then(|modified| now.duration_since(modified).ok()).is_some_and(|age| age > keep);
        if old || (temporary && is_temporary(&entry)) {
            crate::disk::remove(&entry.path())?;
            swept += 1;
        }
    }
    Ok(swept)
}

/// The bytes of uploads that wait in the bucket, whichever server took them.
pub(crate) async fn lying_in_bucket(commons: &Commons, app: &AppId) -> Result<u64, StoreError> {
    let listed = commons.bucket.list(&store::incoming_folder(app)).await?;
    Ok(listed.iter().fold(0, |sum, one| sum.saturating_add(one.length)))
}

/// Deletes uploads in the bucket that nobody published for `keep`.
pub(crate) async fn sweep_bucket(
    commons: &Commons,
    app: &AppId,
    keep: Duration,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let keep = SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX);
    let edge = now.saturating_sub(keep).unwrap_or(Timestamp::MIN);
    let mut swept = 0;
    for old in commons.bucket.list(&store::incoming_folder(app)).await? {
        if old.modified < edge {
            commons.bucket.delete(&old.name).await?;
            swept += 1;
        }
    }
    Ok(swept)
}

fn is_temporary(entry: &std::fs::DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_there_and_what_comes_counts_together() {
        let (quotas, app) = (Quotas::default(), AppId::parse("one").unwrap());
        let first = quotas.take(&app, 10, 50, 100).unwrap();
        assert!(quotas.take(&app, 10, 41, 100).is_none());
        let second = quotas.take(&app, 10, 40, 100).unwrap();
        assert!(quotas.take(&AppId::parse("two").unwrap(), 0, 100, 100).is_some());
        drop(first);
        assert!(quotas.take(&app, 60, 0, 100).is_some());
        assert!(quotas.take(&app, 60, 1, 100).is_none());
        drop(second);
        assert!(quotas.take(&app, u64::MAX, 1, 100).is_none());
    }

    #[test]
    fn sweeping_takes_the_old_and_the_half_written() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", ".tmp-b"] {
            std::fs::write(folder.path().join(name), "12345").unwrap();
        }
        assert_eq!(lying(folder.path()).unwrap(), 5);
        let hour = Duration::from_secs(3600);
        assert_eq!(sweep(folder.path(), hour, false).unwrap(), 0);
        assert_eq!(sweep(folder.path(), hour, true).unwrap(), 1);
        assert_eq!(sweep(folder.path(), Duration::ZERO, false).unwrap(), 1);
    }
}
