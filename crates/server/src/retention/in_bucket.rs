//! The same where several servers share the artifacts in a bucket.
//!
//! Another server may publish, or be asked, at the same moment, and a store deletes whatever it is told to. So nothing is gone at once:
//!
//! - who deletes has the app's lease, as who signs has, and goes by the metadata and the artifacts that the bucket has then, and by what
//!   all servers have counted;
//! - an artifact is first set aside, as a copy below `{app}/.leaving/`, then deleted under its name;
//! - then the timestamp is looked at again. If somebody published meanwhile (who has a lease may be stopped for an hour, and go on),
//!   all that went comes back;
//! - what was set aside stays for a day. Until then it comes back if metadata lists it, or if somebody has asked for it after all: by
//!   then servers have told what they had counted, and whoever died in the middle is finished by the others;
//! - patches from or to what is not there any more go, once they are in no index. They are listed before the artifacts, so none of them is
//!   to one that is just coming.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protocol::{AppId, Digest, object};
use signing::Tree;

use super::{Surplus, choose, edge};
use crate::app::App;
use crate::blocking;
use crate::catalog::Catalog;
use crate::catalog::load::load;
use crate::config::{Config, Retention};
use crate::demand::{self, Counted};
use crate::metrics::Metrics;
use crate::object_name::{ObjectName, PatchName};
use crate::patches::in_bucket as patches;
use crate::renewal;
use crate::server::StartError;
use crate::shared::{Clock, Shared};
use crate::store::bucket::{Edition, Listed, Unless};
use crate::store::lease::{Lease, Taken};
use crate::store::{Commons, MAX_METADATA, StoreError, follow, writer};

/// For how long an artifact is set aside. Longer than servers take to tell each other what they have counted.
const ASIDE: Duration = Duration::from_secs(86_400);
/// The most artifacts that go with one lease: whoever publishes waits for it.
const AT_ONCE: usize = 8;
/// What follows the name of an artifact in those of its compressed twins.
const TWINS: [&str; 2] = [".zst", ".bz2"];

/// Where artifacts are looked through.
struct Yard<'a> {
    commons: &'a Commons,
    app: &'a AppId,
    /// A copy of the metadata.
    folder: &'a Path,
    settings: &'a Retention,
    /// For one copy within the store.
    limit: Duration,
}

/// What lies in the bucket while it has one timestamp.
struct View {
    timestamp: Edition,
    catalog: Catalog,
    /// Of all artifacts and their twins, by name.
    lengths: BTreeMap<String, u64>,
    aside: Vec<Listed>,
    patches: Vec<(PatchName, Listed)>,
    /// What may go, with the name of each.
    surplus: Vec<(String, Surplus)>,
}

/// Deletes what nobody needs, in every app of the bucket, beside its servers.
pub(super) async fn gc(config: &Config, clock: Clock, dry_run: bool) -> Result<Vec<Surplus>, StartError> {
    let disk = |source| StartError::Disk { folder: std::env::temp_dir(), source };
    let scratch = tempfile::tempdir().map_err(disk)?;
    let commons = Commons::reach(config, &Arc::new(Metrics::new()), &clock, scratch.path()).await?;
    let Some(commons) = commons else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for app in commons.copy_all().await? {
        let folder = scratch.path().join(app.as_str());
        let (settings, limit) = (&config.retention, config.publish.timeout);
        let yard = Yard { commons: &commons, app: &app, folder: &folder, settings, limit };
        // Nobody has counted: nothing is known to be forgotten.
        let Some(counted) = demand::in_bucket::read(&commons, &app).await? else { continue };
        if dry_run {
            let view = yard.look(&counted, clock()).await?;
            all.extend(view.into_iter().flat_map(|view| view.surplus).map(|(_, one)| one));
            continue;
        }
        loop {
            let lease = match writer::take(&commons, &app, 2 * commons.terms.life).await? {
                Taken::Mine(lease) => lease,
                Taken::Theirs { owner, until } => return Err(StartError::Busy { app, owner, until }),
            };
            let round = async {
                commons.copy(&app).await?;
                yard.round(&lease, &counted, clock()).await
            };
            let outcome = round.await;
            lease.release(None).await;
            let Round { gone, .. } = outcome?;
            if gone.is_empty() {
                break;
            }
            all.extend(gone);
        }
    }
    Ok(all)
}

/// Deletes what nobody needs of one app, some of it at a time, unless somebody else has its lease. `counted` is what all servers have
/// counted. True: there is more to do soon.
pub(crate) async fn sweep(
    shared: &Arc<Shared>,
    commons: &Arc<Commons>,
    app: &Arc<App>,
    counted: &Counted,
) -> Result<bool, StoreError> {
    let (settings, limit) = (&shared.config.retention, shared.config.publish.timeout);
    let yard = Yard { commons, app: &app.id, folder: app.tree.folder(), settings, limit };
    let (catalog, aside) = (app.catalog(), yard.aside().await?);
    let due = |one: &Listed| yard.fate(one, &catalog, counted, shared.now()) != Fate::Stays;
    if choose(&catalog, counted, settings, shared.now()).is_empty() && !aside.iter().any(due) {
        return Ok(false);
    }
    let lease = match writer::take(commons, &app.id, Duration::ZERO).await? {
        Taken::Mine(lease) => lease,
        // It is at it, or died at it.
        Taken::Theirs { .. } => return Ok(true),
    };
    let round = async {
        if follow::copy(shared, commons, app).await? {
            return Ok(Round::default());
        }
        yard.round(&lease, counted, shared.now()).await
    };
    let outcome = round.await;
    lease.release(None).await;
    let Round { gone, changed } = outcome?;
    if changed {
        follow::copy(shared, commons, app).await?;
    }
    Ok(gone.len() >= AT_ONCE)
}

/// What came of a round.
#[derive(Default)]
struct Round {
    gone: Vec<Surplus>,
    /// The bucket holds other artifacts than before.
    changed: bool,
}

/// What becomes of something that was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    ComesBack,
    Goes,
    Stays,
}

impl Yard<'_> {
    /// Looks at what lies there. None: the copy is not what the bucket has now, or says nothing that could be relied on.
    async fn look(&self, counted: &Counted, now: Timestamp) -> Result<Option<View>, StoreError> {
        let bucket = &self.commons.bucket;
        let Some(read) = bucket.get(&self.name(object::TIMESTAMP), MAX_METADATA).await? else {
            return Ok(None);
        };
        let patches = patches::lying(self.commons, self.app).await?;
        let aside = self.aside().await?;
        let front = self.name("");
        let artifacts = bucket.list(&self.name("targets/releases")).await?.into_iter();
        let lengths: BTreeMap<String, u64> = artifacts
            .filter_map(|one| Some((one.name.strip_prefix(&front)?.to_owned(), one.length)))
            .collect();
        let (folder, app) = (self.folder.to_owned(), self.app.clone());
        let names: Vec<String> = lengths.keys().cloned().collect();
        let reading = move || catalog(&folder, &app, &read.bytes, &names, now);
        let Some(catalog) = blocking::run(reading).await.flatten() else { return Ok(None) };
        let surplus = choose(&catalog, counted, self.settings, now).into_iter().filter_map(|held| {
            let name = held.file.to_str()?.to_owned();
            let twins = TWINS.iter().filter_map(|twin| lengths.get(&format!("{name}{twin}")));
            let bytes = lengths.get(&name).into_iter().chain(twins).sum();
            let surplus = Surplus {
                app: self.app.clone(),
                version: held.version.clone(),
                platform: held.platform,
                file: held.file.clone(),
                bytes,
            };
            Some((name, surplus))
        });
        let surplus = surplus.collect();
        Ok(Some(View { timestamp: read.edition, catalog, lengths, aside, patches, surplus }))
    }

    /// Puts in order what was set aside, and sets aside some of what may go.
    async fn round(&self, lease: &Lease, counted: &Counted, now: Timestamp) -> Result<Round, StoreError> {
        match self.look(counted, now).await? {
            Some(view) => self.act(lease, view, counted, now).await,
            None => Ok(Round::default()),
        }
    }

    async fn act(
        &self,
        lease: &Lease,
        view: View,
        counted: &Counted,
        now: Timestamp,
    ) -> Result<Round, StoreError> {
        let mut changed = false;
        for one in &view.aside {
            let Some(name) = one.name.strip_prefix(&self.name_aside("")) else { continue };
            match self.fate(one, &view.catalog, counted, now) {
                Fate::ComesBack if !view.lengths.contains_key(name) => {
                    self.bring_back(name).await?;
                    changed = true;
                }
                // Of what lies under its name, too, its deletion was cut: it goes anew, or stays.
                Fate::ComesBack | Fate::Goes => self.commons.bucket.delete(&one.name).await?,
                Fate::Stays => {}
            }
        }
        let mut gone = Vec::new();
        for (name, surplus) in view.surplus.iter().take(AT_ONCE) {
            if !lease.is_held().await {
                break;
            }
            tracing::info!(app = %self.app, version = %surplus.version, platform = %surplus.platform, bytes = surplus.bytes,
                "deletes an artifact that nobody has asked for");
            self.set_aside(name, &view.lengths).await?;
            gone.push((name.as_str(), surplus.clone()));
        }
        if !gone.is_empty() && self.was_published(&view.timestamp).await? {
            tracing::warn!(app = %self.app, "another server published meanwhile: what was deleted comes back");
            for (name, _) in gone {
                self.bring_back(name).await?;
            }
            return Ok(Round { gone: Vec::new(), changed: true });
        }
        let names: BTreeSet<&str> = gone.iter().map(|(name, _)| *name).collect();
        self.sweep_patches(view.patches, &view.lengths, &names).await?;
        changed |= !gone.is_empty();
        Ok(Round { gone: gone.into_iter().map(|(_, surplus)| surplus).collect(), changed })
    }

    /// What becomes of something that was set aside.
    fn fate(&self, one: &Listed, catalog: &Catalog, counted: &Counted, now: Timestamp) -> Fate {
        let name = one.name.strip_prefix(&self.name_aside("")).and_then(ObjectName::parse);
        let Some(ObjectName::Target { sha256, .. }) = name else { return Fate::Stays };
        if catalog.lists(&sha256) || !counted.is_forgotten(&sha256, edge(self.settings, now)) {
            return Fate::ComesBack;
        }
        let since = now.saturating_sub(SignedDuration::try_from(ASIDE).unwrap_or_default());
        if since.is_ok_and(|since| one.modified < since) { Fate::Goes } else { Fate::Stays }
    }

    async fn set_aside(&self, name: &str, lengths: &BTreeMap<String, u64>) -> Result<(), StoreError> {
        let (bucket, from, to) = (&self.commons.bucket, self.name(name), self.name_aside(name));
        bucket.copy(&from, &to, self.limit).await?;
        let copied = bucket.head(&to).await?.map(|copy| copy.length);
        if copied.is_none() || copied != lengths.get(name).copied() {
            let why = "its copy is not as long as it is, so it stays".to_owned();
            return Err(StoreError::Malformed { name: from, why });
        }
        // Twins first: without the other they would be taken for artifacts.
        for twin in TWINS.map(|twin| format!("{name}{twin}")) {
            if lengths.contains_key(&twin) {
                bucket.delete(&self.name(&twin)).await?;
            }
        }
        bucket.delete(&from).await
    }

    async fn bring_back(&self, name: &str) -> Result<(), StoreError> {
        let (bucket, aside) = (&self.commons.bucket, self.name_aside(name));
        bucket.copy(&aside, &self.name(name), self.limit).await?;
        tracing::info!(app = %self.app, name, "an artifact that was deleted comes back: it is listed, or was asked for");
        bucket.delete(&aside).await
    }

    async fn was_published(&self, since: &Edition) -> Result<bool, StoreError> {
        let name = self.name(object::TIMESTAMP);
        let now = self.commons.bucket.get_unless(&name, Some(since), MAX_METADATA).await?;
        Ok(!matches!(now, Unless::Same))
    }

    /// Deletes patches from or to what is not there.
    async fn sweep_patches(
        &self,
        patches: Vec<(PatchName, Listed)>,
        lengths: &BTreeMap<String, u64>,
        gone: &BTreeSet<&str>,
    ) -> Result<(), StoreError> {
        let is_there = |name: &&String| {
            let twin_of = TWINS.iter().filter_map(|twin| name.strip_suffix(twin));
            !gone.contains(name.as_str()) && !twin_of.into_iter().any(|name| gone.contains(name))
        };
        let digest = |name: &String| match ObjectName::parse(name)? {
            ObjectName::Target { sha256, .. } => Some(sha256),
            _ => None,
        };
        let there: BTreeSet<Digest> = lengths.keys().filter(is_there).filter_map(digest).collect();
        let leaving = patches
            .into_iter()
            .filter(|(name, _)| !there.contains(&name.base) || !there.contains(&name.artifact));
        let count = patches::remove(self.commons, self.app, leaving.collect()).await?;
        if count > 0 {
            tracing::info!(app = %self.app, count, "deleted patches from and to what is not there any more");
        }
        Ok(())
    }

    async fn aside(&self) -> Result<Vec<Listed>, StoreError> {
        self.commons.bucket.list(&format!("{}/{FOLDER}", self.app)).await
    }

    fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.app)
    }

    fn name_aside(&self, name: &str) -> String {
        format!("{}/{FOLDER}/{name}", self.app)
    }
}

/// Where artifacts are set aside.
const FOLDER: &str = ".leaving";

/// What a copy of the metadata says, if it is that of this timestamp and nobody's half-finished work. Blocks.
fn catalog(
    folder: &Path,
    app: &AppId,
    timestamp: &[u8],
    names: &[String],
    now: Timestamp,
) -> Option<Catalog> {
    let here = std::fs::read(folder.join(object::TIMESTAMP)).ok()?;
    let tree = Tree::open(folder, app).ok()?;
    if here != timestamp || renewal::unfinished(&tree) {
        return None;
    }
    load(folder, app, now, Some(names))
        .inspect_err(
            |error| tracing::warn!(%app, %error, "the tree cannot be verified, so nothing is deleted"),
        )
        .ok()
}

#[cfg(all(test, unix))]
#[path = "in_bucket_tests.rs"]
mod tests;
