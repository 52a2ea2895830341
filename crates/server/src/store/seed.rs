//! The first look at a bucket: which apps it has, and those that only this machine has.
//!
//! The bucket is the truth. An app that it does not have is sent there as it lies in the data directory, so that a server
//! moves to a bucket by naming it; two that send the same are as good as one, and two different apps of one name are refused.

use std::path::{MAIN_SEPARATOR, Path};

use bytes::Bytes;
use protocol::{AppId, object};
use signing::Tree;

use super::bucket::{Bucket, Put, StoreError};
use super::{mirror, transfer};
use crate::object_name::{ObjectName, of_file};
use crate::{app, disk};

/// The folders of a tree that are sent; patches are made anew.
const SENT: &str = "targets";
/// Where the rules of rollouts lie: they are sent with the metadata.
const RULES: &str = "targets/rollout/";

/// Why the first copy was not made.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The store or the disk refused.
    #[error("the first copy of the store: {0}")]
    Store(#[from] StoreError),
    /// Two repositories of one name.
    #[error(
        "app {app}: {name} here is not the one in the store, so these are two different repositories. If the store's is right, move \
         the folder of the app out of `data`; if not, use another prefix in `store`"
    )]
    Another {
        /// The app.
        app: AppId,
        /// The first name that differs.
        name: String,
    },
    /// Something was published here and not there.
    #[error(
        "app {app}: {name} lies here and not in the store: this server published by itself, or the store was restored from a backup. \
         Publish that again to the store, and move the folder of the app out of `data`, from where it is copied anew"
    )]
    Ahead {
        /// The app.
        app: AppId,
        /// The name that the store lacks.
        name: String,
    },
    /// A tree of this disk.
    #[error("the tree of an app: {0}")]
    Tree(#[source] signing::Error),
}

/// Brings bucket and data directory together.
pub(crate) async fn seed(bucket: &Bucket, data: &Path) -> Result<(), SeedError> {
    tokio::fs::create_dir_all(data).await.map_err(StoreError::from)?;
    for id in app::list(data).map_err(StoreError::from)? {
        let folder = data.join(id.as_str());
        if !has(bucket, &id).await? {
            send(bucket, &id, &folder).await?;
        }
        compare(bucket, &id, &folder).await?;
    }
    copy_all(bucket, data).await?;
    Ok(())
}

/// Copies the metadata of every app that the bucket has; which these are.
pub(super) async fn copy_all(bucket: &Bucket, data: &Path) -> Result<Vec<AppId>, StoreError> {
    let mut apps = Vec::new();
    for name in bucket.folders().await? {
        let Ok(id) = AppId::parse(&name) else { continue };
        if has(bucket, &id).await? {
            mirror::served(bucket, &id, &data.join(id.as_str())).await?;
            apps.push(id);
        }
    }
    Ok(apps)
}

async fn has(bucket: &Bucket, id: &AppId) -> Result<bool, StoreError> {
    Ok(bucket.head(&format!("{id}/{}", object::metadata(trust::ROOT, 1))).await?.is_some())
}

/// Sends a tree: targets, then metadata in the order in which it is referred to, then the first root, by which others know
/// that the app is there, then the timestamp. What a dead process sent stays and is gone on from.
async fn send(bucket: &Bucket, id: &AppId, folder: &Path) -> Result<(), SeedError> {
    tracing::info!(app = %id, "the store does not have this app yet: sending it");
    for name in targets(folder).await?.iter().filter(|name| !name.starts_with(RULES)) {
        let to = format!("{id}/{name}");
        let length = tokio::fs::metadata(folder.join(name)).await.map_err(StoreError::from)?.len();
        if bucket.head(&to).await?.is_none_or(|there| there.length != length) {
            transfer::upload(bucket, &folder.join(name), &to).await?;
        }
    }
    let first = object::metadata(trust::ROOT, 1);
    let at = folder.to_owned();
    let mut names = mirror::on_disk(move || mirror::local(&at)).await?;
    names.retain(|name| *name != first);
    names.extend([first, object::TIMESTAMP.to_owned()]);
    for name in names {
        let bytes = match tokio::fs::read(folder.join(&name)).await {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(StoreError::from(error).into()),
        };
        let lost = matches!(bucket.create(&format!("{id}/{name}"), bytes).await?, Put::Lost);
        // Another server that sent the same may have gone on already.
        if lost && name != object::TIMESTAMP {
            return Err(SeedError::Another { app: id.clone(), name });
        }
    }
    Ok(())
}

/// The first root and the newest targets that lie here must be in the bucket: they were signed offline and would be lost. Older
/// ones may be gone from there: a server that was off for a long time has what was swept meanwhile.
async fn compare(bucket: &Bucket, id: &AppId, folder: &Path) -> Result<(), SeedError> {
    let newest =
        Tree::open(folder, id).and_then(|tree| tree.newest(trust::TARGETS)).map_err(SeedError::Tree)?;
    let mut wanted = vec![object::metadata(trust::ROOT, 1)];
    if let Some(version) = newest {
        let name = object::metadata(trust::TARGETS, version);
        let there = newest_targets(bucket, id).await?;
        if there.is_none_or(|there| there < version) {
            return Err(SeedError::Ahead { app: id.clone(), name });
        }
        wanted.push(name);
    }
    for name in wanted {
        let here = tokio::fs::read(folder.join(&name)).await.map_err(StoreError::from)?;
        let there = bucket.get(&format!("{id}/{name}"), mirror::MAX_METADATA).await?;
        if there.is_some_and(|there| there.bytes != here) {
            return Err(SeedError::Another { app: id.clone(), name });
        }
    }
    Ok(())
}

async fn newest_targets(bucket: &Bucket, id: &AppId) -> Result<Option<u64>, StoreError> {
    let front = format!("{id}/");
    let listed = bucket.list(&format!("{id}/metadata")).await?;
    let version = |name: &str| match ObjectName::parse(name.strip_prefix(&front)?)? {
        ObjectName::Metadata { role, version } if role == trust::TARGETS => Some(version),
        _ => None,
    };
    Ok(listed.iter().filter_map(|one| version(&one.name)).max())
}

/// The targets of a tree, as names.
async fn targets(folder: &Path) -> Result<Vec<String>, StoreError> {
    let folder = folder.to_owned();
    let files = mirror::on_disk(move || Ok(disk::files_below(&folder, SENT)?)).await?;
    let named = files.iter().filter_map(|file| match of_file(file)? {
        name @ ObjectName::Target { .. } => Some(name.as_path().to_str()?.replace(MAIN_SEPARATOR, "/")),
        _ => None,
    });
    Ok(named.collect())
}
