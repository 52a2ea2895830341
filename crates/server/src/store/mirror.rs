//! Copies of an app's metadata: one that is served, and one that is signed on.
//!
//! A bucket holds what a disk holds, under the same names, and the same rule makes it whole at every moment: what is
//! referred to is written first, the timestamp last. So a copy reads the timestamp first, then the list of names: whatever
//! that timestamp leads to is in the list. Rollouts' rules are copied with the metadata; other targets stay in the bucket.
//!
//! The served copy only grows, and its timestamp never goes back. The copy for signing is exact: what the bucket does not
//! have was signed by somebody who lost, or died, and goes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use protocol::{AppId, MAX_ROLLOUT_BYTES, object};

use super::bucket::{Bucket, Edition, Listed, Read, StoreError};
use crate::object_name::ObjectName;
use crate::{blocking, disk};

/// The longest metadata that is copied, in bytes.
pub(crate) const MAX_METADATA: u64 = 2 << 20;
/// Objects that are fetched at the same time.
const SIDE_BY_SIDE: usize = 8;
/// Where the copied objects lie.
pub(super) const FOLDERS: [&str; 2] = ["targets/rollout", "metadata"];

/// Which edition of which object a copy for signing has; empty when nobody knows.
pub(crate) type Known = BTreeMap<String, Edition>;

/// What the bucket had when it was copied.
pub(crate) struct Mirrored {
    pub(super) timestamp: Option<Read>,
    /// Without the timestamp.
    pub(super) names: Known,
}

/// What became of the copy that is served.
pub(crate) struct Served {
    /// The timestamp that the bucket has.
    pub(crate) edition: Option<Edition>,
    /// The bucket has an older timestamp than was served from here: it was restored from a backup.
    pub(crate) behind: bool,
}

/// Brings the copy that is served up to date.
pub(crate) async fn served(bucket: &Bucket, app: &AppId, folder: &Path) -> Result<Served, StoreError> {
    let timestamp = bucket.get(&format!("{app}/{}", object::TIMESTAMP), MAX_METADATA).await?;
    let (mut missing, at) = (names(bucket, app).await?, folder.to_owned());
    let missing = on_disk(move || {
        missing.retain(|(name, listed)| {
            let there = std::fs::metadata(at.join(name)).ok().map(|metadata| metadata.len());
            there != Some(listed.length)
        });
        Ok(missing)
    });
    fetch(bucket, app, folder, missing.await?).await?;
    let edition = timestamp.as_ref().map(|read| read.edition.clone());
    let place = folder.join(object::TIMESTAMP);
    let here = read_if_there(place.clone()).await?;
    let behind = match (&here, &timestamp) {
        // Nobody is shown two bodies of one version either.
        (Some(here), Some(there)) if *here != there.bytes => version(here) >= version(&there.bytes),
        (Some(_), Some(_)) => false,
        (Some(_), None) => true,
        (None, _) => false,
    };
    if let Some(read) = timestamp
        && !behind
        && here.as_deref() != Some(&read.bytes[..])
    {
        write(place, read.bytes).await?;
    }
    Ok(Served { edition, behind })
}

/// Makes the copy for signing what the bucket has now.
pub(crate) async fn exact(
    bucket: &Bucket,
    app: &AppId,
    folder: &Path,
    known: Known,
) -> Result<Mirrored, StoreError> {
    let timestamp = bucket.get(&format!("{app}/{}", object::TIMESTAMP), MAX_METADATA).await?;
    let listed = names(bucket, app).await?;
    let names: Known = listed.iter().map(|(name, listed)| (name.clone(), listed.edition.clone())).collect();
    let (at, wanted) = (folder.to_owned(), names.clone());
    let missing = on_disk(move || {
        for name in local(&at)? {
            if known.get(&name).is_none_or(|edition| wanted.get(&name) != Some(edition)) {
                disk::remove(&at.join(name))?;
            }
        }
        Ok(listed.into_iter().filter(|(name, _)| !at.join(name).exists()).collect())
    });
    fetch(bucket, app, folder, missing.await?).await?;
    let place = folder.join(object::TIMESTAMP);
    match &timestamp {
        Some(read) => write(place, read.bytes.clone()).await?,
        None => disk::remove(&place)?,
    }
    Ok(Mirrored { timestamp, names })
}

/// The objects of an app that are copied, without the timestamp, in the order in which they may be written.
async fn names(bucket: &Bucket, app: &AppId) -> Result<Vec<(String, Listed)>, StoreError> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        for listed in bucket.list(&format!("{app}/{folder}")).await? {
            let Some(name) = listed.name.strip_prefix(app.as_str()).and_then(|name| name.strip_prefix('/'))
            else {
                continue;
            };
            // Whatever else somebody put there is nobody's business.
            if let Some(ObjectName::Metadata { .. } | ObjectName::Target { .. }) = ObjectName::parse(name) {
                found.push((name.to_owned(), listed));
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| (rank(a), a).cmp(&(rank(b), b)));
    Ok(found)
}

/// The files of a copy, without the timestamp, in the order in which they may be written. Blocks.
pub(super) fn local(folder: &Path) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    for part in FOLDERS {
        let entries = match std::fs::read_dir(folder.join(part)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        for entry in entries {
            let Ok(file) = entry?.file_name().into_string() else { continue };
            let name = format!("{part}/{file}");
            if let Some(ObjectName::Metadata { .. } | ObjectName::Target { .. }) = ObjectName::parse(&name) {
                found.push(name);
            }
        }
    }
    found.sort_by(|a, b| (rank(a), a).cmp(&(rank(b), b)));
    Ok(found)
}

/// What is referred to comes before what refers to it.
fn rank(name: &str) -> usize {
    if name.starts_with("targets/") {
        return 0;
    }
    let order = [".root.json", ".targets.json", ".snapshot.json"];
    match order.iter().position(|end| name.ends_with(end)) {
        Some(place) => [1, 2, 4].get(place).copied().unwrap_or(3),
        // Delegated roles, to which the snapshot refers.
        None => 3,
    }
}

async fn fetch(
    bucket: &Bucket,
    app: &AppId,
    folder: &Path,
    missing: Vec<(String, Listed)>,
) -> Result<(), StoreError> {
    let reading = missing.into_iter().map(|(name, listed)| async move {
        let limit = if name.starts_with("targets/") { MAX_ROLLOUT_BYTES } else { MAX_METADATA };
        let read = bucket.get(&format!("{app}/{name}"), limit).await?;
        Ok::<_, StoreError>((name, listed.modified, read))
    });
    let mut reads = stream::iter(reading).buffered(SIDE_BY_SIDE);
    while let Some((name, modified, read)) = reads.try_next().await? {
        // Old metadata may be swept between list and look.
        let Some(read) = read else { continue };
        let place = folder.join(name);
        // With its age: who sweeps the copy asks for it.
        on_disk(move || {
            disk::write(&place, &read.bytes)?;
            Ok(std::fs::File::options().write(true).open(&place)?.set_modified(modified.into())?)
        })
        .await?;
    }
    Ok(())
}

async fn write(place: PathBuf, bytes: Bytes) -> Result<(), StoreError> {
    on_disk(move || Ok(disk::write(&place, &bytes)?)).await
}

/// Does something that blocks.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    blocking::run(work).await.unwrap_or_else(|| Err(stopping().into()))
}

async fn read_if_there(place: PathBuf) -> Result<Option<Vec<u8>>, StoreError> {
    match tokio::fs::read(place).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn stopping() -> std::io::Error {
    std::io::Error::other("the server is stopping")
}

/// The version in a timestamp; None comes before all.
fn version(bytes: &[u8]) -> Option<u64> {
    let file: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    file.get("signed")?.get("version")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_referred_to_is_written_first() {
        let digest = protocol::Digest::of(b"x");
        let rules = format!("targets/rollout/{digest}.stable.json");
        let order = [
            rules.as_str(),
            "metadata/2.root.json",
            "metadata/7.targets.json",
            "metadata/9.ingest.json",
            "metadata/9.rollout.json",
            "metadata/9.snapshot.json",
        ];
        let mut mixed = order;
        mixed.reverse();
        mixed.sort_by_key(|name| (rank(name), *name));
        assert_eq!(mixed, order);
    }

    #[test]
    fn versions_of_timestamps_are_compared_as_numbers() {
        let file = |version: u64| format!("{{\"signed\":{{\"version\":{version}}}}}").into_bytes();
        assert!(version(&file(10)) > version(&file(9)));
        assert!(version(&file(1)) > version(b"damaged"));
    }
}
