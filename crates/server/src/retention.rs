//! Which old artifacts nobody needs any more, not even as bases of patches; and their deletion.
//!
//! An artifact goes only if all of this is so:
//!
//! - no verified metadata lists its bytes, as a release of anything;
//! - of its platform there are as many newer versions as should be kept;
//! - nobody has asked for a patch from it for so long, and somebody has counted for so long (`demand`).
//!
//! What cannot be verified is no reason to delete: then the catalog is empty, and nothing goes. Release notes stay, they are
//! small; patches from what went leave as the least recently used ones do.
//!
//! Layout: this file for trees of this disk, [`in_bucket`] for those that several servers share.

pub(crate) mod in_bucket;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use protocol::{AppId, Digest, Platform, Version};

use crate::app::App;
use crate::catalog::{Catalog, Held};
use crate::config::{Config, Retention};
use crate::data_lock::DataLock;
use crate::demand::Counted;
use crate::disk;
use crate::server::{StartError, examine};
use crate::shared::Clock;

/// An artifact that nobody needs any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surplus {
    /// The app.
    pub app: AppId,
    /// The version.
    pub version: Version,
    /// The platform.
    pub platform: Platform,
    /// The file, relative to the app's folder. On a bucket, its name there.
    pub file: PathBuf,
    /// What it and its compressed twins take, in bytes.
    pub bytes: u64,
}

/// Deletes what a configuration says nobody needs, in every app, or with `dry_run` only says what that is.
///
/// # Errors
/// [`StartError`]: without `dry_run` also if a server works there, which does this by itself. On a bucket servers may go on working.
pub async fn gc(config: &Config, clock: Clock, dry_run: bool) -> Result<Vec<Surplus>, StartError> {
    if config.store.is_some() {
        return in_bucket::gc(config, clock, dry_run).await;
    }
    let now = clock();
    let disk = |source| StartError::Disk { folder: config.data.clone(), source };
    let _lock = if dry_run { None } else { Some(DataLock::take(&config.data)?) };
    let mut all = Vec::new();
    for app in examine(config)?.apps {
        app.reload(now);
        let surplus = surplus(&app, &config.retention, now);
        if !dry_run {
            delete(&app, &surplus).map_err(disk)?;
        }
        all.extend(surplus);
    }
    Ok(all)
}

/// Deletes what nobody needs of one app. True: something went. The caller is the tree's only writer.
pub(crate) fn sweep(app: &App, settings: &Retention, now: Timestamp) -> io::Result<bool> {
    let surplus = surplus(app, settings, now);
    for one in &surplus {
        tracing::info!(app = %app.id, version = %one.version, platform = %one.platform, bytes = one.bytes,
            "deletes an artifact that nobody has asked for");
    }
    delete(app, &surplus)?;
    Ok(!surplus.is_empty())
}

fn surplus(app: &App, settings: &Retention, now: Timestamp) -> Vec<Surplus> {
    let catalog = app.catalog();
    let found = choose(&catalog, &app.demand.counted(), settings, now);
    let length = |file: &PathBuf| std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    let each = found.into_iter().map(|held| Surplus {
        app: app.id.clone(),
        version: held.version.clone(),
        platform: held.platform,
        file: held.file.clone(),
        bytes: files(app, held).iter().map(length).sum(),
    });
    each.collect()
}

/// The artifacts of a catalog that may go.
fn choose<'a>(
    catalog: &'a Catalog,
    counted: &Counted,
    settings: &Retention,
    now: Timestamp,
) -> Vec<&'a Held> {
    if settings.versions == 0 {
        return Vec::new();
    }
    let edge = edge(settings, now);
    let mut versions: BTreeMap<Platform, BTreeSet<&Version>> = BTreeMap::new();
    for (_, held) in catalog.held() {
        versions.entry(held.platform).or_default().insert(&held.version);
    }
    let newest = |held: &Held| {
        let newer =
            versions.get(&held.platform).into_iter().flatten().filter(|version| **version > &held.version);
        newer.take(settings.versions).count() < settings.versions
    };
    let goes = |digest: &Digest, held: &Held| {
        !catalog.lists(digest) && !newest(held) && counted.is_forgotten(digest, edge)
    };
    catalog.held().filter(|(digest, held)| goes(digest, held)).map(|(_, held)| held).collect()
}

/// Who was asked for last before this is forgotten.
fn edge(settings: &Retention, now: Timestamp) -> Timestamp {
    let asked = SignedDuration::try_from(settings.asked).unwrap_or(SignedDuration::MAX);
    now.saturating_sub(asked).unwrap_or(Timestamp::MIN)
}

fn delete(app: &App, surplus: &[Surplus]) -> io::Result<()> {
    for one in surplus {
        for file in twins(app.tree.folder().join(&one.file)) {
            disk::remove(&file)?;
            // A folder that still holds something stays.
            for folder in file.ancestors().skip(1).take(2) {
                let _ = std::fs::remove_dir(folder);
            }
        }
    }
    Ok(())
}

fn files(app: &App, held: &Held) -> Vec<PathBuf> {
    twins(app.tree.folder().join(&held.file))
}

/// A file and its compressed twins: these first, because without the other they would be taken for artifacts.
fn twins(file: PathBuf) -> Vec<PathBuf> {
    let twin = |ending: &str| {
        let mut twin = file.clone().into_os_string();
        twin.push(ending);
        PathBuf::from(twin)
    };
    vec![twin(".zst"), twin(".bz2"), file]
}
