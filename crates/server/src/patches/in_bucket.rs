//! Patches in a bucket that several servers share: who makes one claims it, and lists it when it is there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{AppId, Digest, MAX_INDEX_BYTES, PatchEntry, PatchIndex, object};
use tempfile::NamedTempFile;

use super::Key;
use super::maker::Made;
use super::shelf::MAX_LISTED;
use crate::object_name::{ObjectName, PatchName};
use crate::store::bucket::{Listed, Put};
use crate::store::claim::{self, Claimed};
use crate::store::{Commons, StoreError};

/// How often the index is read again because another server wrote it meanwhile.
const ATTEMPTS: usize = 16;

/// Artifacts that were fetched for the last patches: the next one is often for the same artifact, or from the same base. The files
/// go when nobody uses them and others came.
pub(super) struct Fetched {
    most: usize,
    files: Mutex<VecDeque<(Digest, Arc<NamedTempFile>)>>,
}

impl Fetched {
    /// At most so many files beside those in use.
    pub(super) fn new(most: usize) -> Self {
        Self { most, files: Mutex::default() }
    }

    /// A file with an artifact. Whoever reads it checks its digest.
    pub(super) async fn get(
        &self,
        commons: &Commons,
        sha256: &Digest,
        name: &str,
        scratch: &Path,
    ) -> Result<Arc<NamedTempFile>, StoreError> {
        let found = self.lock().iter().find(|(other, _)| other == sha256).map(|(_, file)| Arc::clone(file));
        let file = match found {
            Some(file) => file,
            None => Arc::new(claim::fetch(commons, name, scratch).await?),
        };
        let mut files = self.lock();
        files.retain(|(other, _)| other != sha256);
        files.push_back((*sha256, Arc::clone(&file)));
        while files.len() > self.most {
            files.pop_front();
        }
        Ok(file)
    }

    /// Forgets all: one of them may be damaged.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Digest, Arc<NamedTempFile>)>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of a patch.
pub(crate) fn name(key: &Key) -> String {
    let name = &key.name;
    format!("{}/{}", key.app, object::patch(&name.artifact, &name.base, &name.format))
}

fn index_name(key: &Key) -> String {
    format!("{}/{}", key.app, object::patch_index(&key.name.artifact))
}

/// Claims a patch. One that is there and in no index was made by a server that died before it listed it: it is listed now.
pub(super) async fn claim(
    commons: &Commons,
    key: &Key,
    longest: u64,
    scratch: &Path,
) -> Result<Claimed, StoreError> {
    let claimed = claim::claim(commons, &name(key), longest).await?;
    if matches!(claimed, Claimed::There) && !is_listed(commons, key).await? {
        let Some(lease) = claim::take(commons, &name(key)).await? else { return Ok(Claimed::Elsewhere) };
        let patch = claim::fetch(commons, &name(key), scratch).await?;
        let length = patch.as_file().metadata()?.len();
        if let Ok(info) = delta::info(patch.reopen()?) {
            list(commons, key, Made { length, memory: info.memory }).await?;
        }
        lease.release(None).await;
    }
    Ok(claimed)
}

/// Gives a finished patch its name, and lists it.
pub(super) async fn publish(
    commons: &Commons,
    key: &Key,
    temporary: NamedTempFile,
    made: Made,
) -> Result<(), StoreError> {
    let length = claim::publish(commons, &name(key), temporary).await?;
    list(commons, key, Made { length, ..made }).await
}

async fn is_listed(commons: &Commons, key: &Key) -> Result<bool, StoreError> {
    let Some(read) = commons.bucket.get(&index_name(key), MAX_INDEX_BYTES).await? else { return Ok(false) };
    let index = PatchIndex::parse(&read.bytes).map(|index| index.patches).unwrap_or_default();
    Ok(index.iter().any(|entry| is_of(entry, key)))
}

fn is_of(entry: &PatchEntry, key: &Key) -> bool {
    entry.base == key.name.base && entry.format == key.name.format
}

/// Lists a patch.
async fn list(commons: &Commons, key: &Key, made: Made) -> Result<(), StoreError> {
    let (base, format) = (key.name.base, key.name.format.clone());
    let entry = PatchEntry { base, format, length: made.length, memory: made.memory };
    change_index(commons, &index_name(key), |entries| {
        entries.retain(|other| !is_of(other, key));
        // Some base or other makes room.
        entries.truncate(MAX_LISTED - 1);
        entries.push(entry.clone());
    })
    .await
}

/// Changes an index. Others may do so in the same moment: nobody's change is lost.
async fn change_index(
    commons: &Commons,
    name: &str,
    change: impl Fn(&mut Vec<PatchEntry>),
) -> Result<(), StoreError> {
    let wrong = |why: String| StoreError::Malformed { name: name.to_owned(), why };
    for _ in 0..ATTEMPTS {
        let read = commons.bucket.get(name, MAX_INDEX_BYTES).await?;
        // A damaged one says nothing that could be kept.
        let old = read.as_ref().and_then(|read| PatchIndex::parse(&read.bytes).ok());
        let mut entries = old.map(|index| index.patches).unwrap_or_default();
        change(&mut entries);
        entries.sort_unstable_by(|a, b| (a.base, &a.format).cmp(&(b.base, &b.format)));
        let bytes =
            serde_json::to_vec(&PatchIndex::new(entries)).map_err(|error| wrong(error.to_string()))?;
        let put = match &read {
            None => commons.bucket.create(name, bytes.into()).await?,
            Some(read) => commons.bucket.update(name, bytes.into(), &read.edition).await?,
        };
        if let Put::Done(_) = put {
            return Ok(());
        }
    }
    Err(wrong(format!("other servers wrote it {ATTEMPTS} times in a row")))
}

/// What lies in the bucket after [`sweep`].
pub(crate) struct Swept {
    /// Patches that went.
    pub(crate) count: usize,
    /// The bytes of those that stay.
    pub(crate) bytes: u64,
}

/// Deletes patches until all have at most `capacity` bytes: first those to artifacts that nobody is offered, then the oldest. A
/// store does not say what was used last. Several servers may do it at the same time.
pub(crate) async fn sweep(
    commons: &Commons,
    app: &AppId,
    capacity: u64,
    offered: &BTreeSet<Digest>,
) -> Result<Swept, StoreError> {
    let mut lying = lying(commons, app).await?;
    let mut bytes: u64 = lying.iter().fold(0, |sum, (_, one)| sum.saturating_add(one.length));
    lying.sort_by_key(|(name, one)| (offered.contains(&name.artifact), one.modified));
    let mut leaving = Vec::new();
    for (name, one) in lying {
        if bytes <= capacity {
            break;
        }
        bytes = bytes.saturating_sub(one.length);
        leaving.push((name, one));
    }
    Ok(Swept { count: remove(commons, app, leaving).await?, bytes })
}

/// The patches of an app.
pub(crate) async fn lying(commons: &Commons, app: &AppId) -> Result<Vec<(PatchName, Listed)>, StoreError> {
    let front = format!("{app}/");
    let named = |name: &str| match ObjectName::parse(name.strip_prefix(&front)?)? {
        ObjectName::Patch(name) => Some(name),
        _ => None,
    };
    let listed = commons.bucket.list(&format!("{app}/patches")).await?.into_iter();
    Ok(listed.filter_map(|one| Some((named(&one.name)?, one))).collect())
}

/// Deletes patches; how many.
pub(crate) async fn remove(
    commons: &Commons,
    app: &AppId,
    leaving: Vec<(PatchName, Listed)>,
) -> Result<usize, StoreError> {
    let count = leaving.len();
    let mut artifacts: BTreeMap<Digest, Vec<(PatchName, Listed)>> = BTreeMap::new();
    for (name, one) in leaving {
        artifacts.entry(name.artifact).or_default().push((name, one));
    }
    for (artifact, patches) in artifacts {
        let goes = |entry: &PatchEntry| {
            patches.iter().any(|(name, _)| entry.base == name.base && entry.format == name.format)
        };
        // Not listed any more before it goes, so that nobody is led to what is not there.
        let index = format!("{app}/{}", object::patch_index(&artifact));
        change_index(commons, &index, |entries| entries.retain(|entry| !goes(entry))).await?;
        for (_, one) in &patches {
            commons.bucket.delete(&one.name).await?;
        }
    }
    Ok(count)
}
