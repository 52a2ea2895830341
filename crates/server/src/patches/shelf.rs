//! The patches on disk, their index files, and the order in which they leave.
//!
//! A patch lies at `{data}/{app}/patches/{artifact}/{base}.{format}` under its final name only when it is whole and
//! was applied once. `index.json` beside it lists what is there; it is written after a patch came and before one goes,
//! so a client that reads it finds what it names, or a 404 and another route. Pairs that are no gain are remembered in
//! `{data}/.state/{app}/useless.json`, so that a restart does not try them again; with the length that was too little for
//! them, so that one with a larger `largest_percent` does. Format 1 did not say that length, nor whether only the cache had been
//! too small: what it remembers is forgotten, and tried once more.

use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use protocol::{AppId, Digest, FormatId, MAX_INDEX_BYTES, PatchEntry, PatchIndex, object};
use serde::{Deserialize, Serialize};

use super::Key;
use super::maker::Made;
use crate::disk;
use crate::object_name::{ObjectName, PatchName, of_file};

/// The most patches that an index lists: they fit into its 64 KiB.
pub(super) const MAX_LISTED: usize = 256;
/// The most pairs of an app that are remembered as no gain.
const MAX_USELESS: usize = 10_000;
/// The longest state file that is read, in bytes.
const MAX_STATE: u64 = 4 << 20;

/// All patches of all apps.
pub(crate) struct Shelf {
    data: PathBuf,
    capacity: u64,
    inside: Mutex<Inside>,
    /// Held while index files are written, so that an older list never replaces a newer one.
    writer: Mutex<()>,
}

#[derive(Default)]
struct Inside {
    patches: HashMap<Key, Lying>,
    /// Those in `bsdiff40`, as old Lantern clients call them.
    ids: HashMap<Digest, Vec<Key>>,
    /// With the length in bytes that each would exceed.
    useless: BTreeMap<AppId, BTreeMap<PatchName, u64>>,
    bytes: u64,
    tick: u64,
}

struct Lying {
    made: Made,
    used: u64,
    lease: Arc<()>,
}

/// Keeps a patch on disk while it is being sent.
#[derive(Debug, Clone)]
pub(crate) struct Lease(#[expect(dead_code, reason = "held, never looked at")] Arc<()>);

#[derive(Serialize, Deserialize)]
struct Useless {
    format: u32,
    patches: Vec<UselessPatch>,
}

#[derive(Serialize, Deserialize)]
struct UselessPatch {
    patch: String,
    /// In bytes.
    longer_than: u64,
}

impl Shelf {
    /// Reads what lies on disk, and deletes what a dead process left half made and what `capacity` bytes cannot hold any more.
    pub(crate) fn open(data: &Path, apps: &[AppId], capacity: u64) -> io::Result<Self> {
        let mut inside = Inside::default();
        let mut found = Vec::new();
        for app in apps {
            found.extend(lying(&data.join(app.as_str()), app)?);
            inside.useless.insert(app.clone(), read_useless(&state_file(data, app)));
        }
        // The time of the last use is not on disk; the age is the next best.
        found.sort_by_key(|(_, _, age)| *age);
        for (key, made, _) in found {
            inside.put(key, made);
        }
        let (inside, writer) = (Mutex::new(inside), Mutex::new(()));
        let shelf = Self { data: data.to_owned(), capacity, inside, writer };
        shelf.make_room(None)?;
        Ok(shelf)
    }

    /// The bytes of all patches.
    pub(crate) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// Whether the patch is there.
    pub(crate) fn has(&self, key: &Key) -> bool {
        self.lock().patches.contains_key(key)
    }

    /// The patches that old Lantern clients call so: more than one where several apps have the same pair.
    pub(crate) fn with_id(&self, id: &Digest) -> Vec<Key> {
        self.lock().ids.get(id).cloned().unwrap_or_default()
    }

    /// Whether the patch is there, and nobody deleted its file by hand.
    pub(crate) fn lies(&self, key: &Key) -> bool {
        self.has(key) && self.path(key).exists()
    }

    /// Marks a patch as used now and keeps it on disk for as long as the lease lives. None: it is not there.
    pub(crate) fn lease(&self, key: &Key) -> Option<Lease> {
        let mut inside = self.lock();
        inside.tick += 1;
        let tick = inside.tick;
        let lying = inside.patches.get_mut(key)?;
        lying.used = tick;
        Some(Lease(Arc::clone(&lying.lease)))
    }

    /// Whether the patch is known to be longer than `longest` bytes, so no gain.
    pub(crate) fn is_useless(&self, key: &Key, longest: u64) -> bool {
        let inside = self.lock();
        let known = inside.useless.get(&key.app).and_then(|names| names.get(&key.name));
        known.is_some_and(|longer_than| longest <= *longer_than)
    }

    /// Remembers that a patch is longer than `longest` bytes, so no gain.
    pub(crate) fn set_useless(&self, key: &Key, longest: u64) -> io::Result<()> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let patches: Vec<UselessPatch> = {
            let mut inside = self.lock();
            let names = inside.useless.entry(key.app.clone()).or_default();
            if names.len() >= MAX_USELESS {
                names.clear();
            }
            names.insert(key.name.clone(), longest);
            let entry = |(name, longer_than): (&PatchName, &u64)| UselessPatch {
                patch: object::patch(&name.artifact, &name.base, &name.format),
                longer_than: *longer_than,
            };
            names.iter().map(entry).collect()
        };
        let bytes = serde_json::to_vec(&Useless { format: 2, patches })?;
        disk::write(&state_file(&self.data, &key.app), &bytes)
    }

    /// Gives a finished patch its name, lists it, and makes room for it. False: it is larger than the whole shelf.
    pub(crate) fn publish(
        &self,
        key: &Key,
        temporary: tempfile::NamedTempFile,
        made: Made,
    ) -> io::Result<bool> {
        if made.length > self.capacity {
            return Ok(false);
        }
        let path = self.path(key);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
            disk::sync_folder(folder)?;
        }
        disk::persist(temporary, &path)?;
        self.lock().put(key.clone(), made);
        self.write_index(&key.app, &key.name.artifact)?;
        self.make_room(Some(key))?;
        Ok(true)
    }

    /// Deletes the least recently used patches until all fit. Those being sent stay, and so does `newest`.
    fn make_room(&self, newest: Option<&Key>) -> io::Result<()> {
        let leaving = {
            let mut inside = self.lock();
            let mut order: Vec<(u64, Key)> = (inside.patches.iter())
                .filter(|(key, lying)| newest != Some(*key) && Arc::strong_count(&lying.lease) == 1)
                .map(|(key, lying)| (lying.used, key.clone()))
                .collect();
            order.sort_unstable();
            let mut leaving = Vec::new();
            for (_, key) in order {
                if inside.bytes <= self.capacity {
                    break;
                }
                inside.take(&key);
                leaving.push(key);
            }
            leaving
        };
        let indexes: BTreeSet<(&AppId, &Digest)> =
            leaving.iter().map(|key| (&key.app, &key.name.artifact)).collect();
        for (app, artifact) in indexes {
            self.write_index(app, artifact)?;
        }
        for key in &leaving {
            disk::remove(&self.path(key))?;
        }
        Ok(())
    }

    fn write_index(&self, app: &AppId, artifact: &Digest) -> io::Result<()> {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = {
            let inside = self.lock();
            let mut entries: Vec<PatchEntry> = (inside.patches.iter())
                .filter(|(key, _)| key.app == *app && key.name.artifact == *artifact)
                .map(|(key, lying)| PatchEntry {
                    base: key.name.base,
                    format: key.name.format.clone(),
                    length: lying.made.length,
                    memory: lying.made.memory,
                })
                .collect();
            entries.sort_unstable_by(|a, b| (a.base, &a.format).cmp(&(b.base, &b.format)));
            entries.truncate(MAX_LISTED);
            entries
        };
        let path = self.data.join(app.as_str()).join(object::patch_index(artifact));
        if entries.is_empty() {
            return disk::remove(&path);
        }
        disk::write(&path, &serde_json::to_vec(&PatchIndex::new(entries))?)
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.data.join(key.app.as_str()).join(key.name.as_path())
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn put(&mut self, key: Key, made: Made) {
        self.take(&key);
        self.tick += 1;
        self.bytes += made.length;
        if let Some(id) = old_id(&key) {
            self.ids.entry(id).or_default().push(key.clone());
        }
        self.patches.insert(key, Lying { made, used: self.tick, lease: Arc::new(()) });
    }

    fn take(&mut self, key: &Key) {
        if let Some(lying) = self.patches.remove(key) {
            self.bytes -= lying.made.length;
            if let Some(hash_map::Entry::Occupied(mut same)) = old_id(key).map(|id| self.ids.entry(id)) {
                same.get_mut().retain(|other| other != key);
                if same.get().is_empty() {
                    same.remove();
                }
            }
        }
    }
}

fn old_id(key: &Key) -> Option<Digest> {
    let name = &key.name;
    (name.format.as_str() == FormatId::BSDIFF40).then(|| crate::lantern::patch_id(&name.base, &name.artifact))
}

fn state_file(data: &Path, app: &AppId) -> PathBuf {
    data.join(".state").join(app.as_str()).join("useless.json")
}

/// A state file that cannot be read costs work, never more: pairs are tried again.
fn read_useless(path: &Path) -> BTreeMap<PatchName, u64> {
    use io::Read as _;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MAX_STATE).read_to_end(&mut bytes));
    let Ok(Useless { format: 2, patches }) =
        read.map_err(drop).and_then(|_| serde_json::from_slice(&bytes).map_err(drop))
    else {
        return BTreeMap::new();
    };
    patches
        .iter()
        .filter_map(|one| match ObjectName::parse(&one.patch)? {
            ObjectName::Patch(name) => Some((name, one.longer_than)),
            _ => None,
        })
        .collect()
}

/// The patches of an app on disk, with their age. Temporary files are deleted.
fn lying(folder: &Path, app: &AppId) -> io::Result<Vec<(Key, Made, SystemTime)>> {
    let mut found = Vec::new();
    for artifact in children(&folder.join("patches"))? {
        let mut memory: BTreeMap<PatchName, u64> = BTreeMap::new();
        let relative = |file: &Path| file.strip_prefix(folder).ok().and_then(of_file);
        let files = children(&artifact)?;
        for file in &files {
            if let Some(ObjectName::PatchIndex { artifact }) = relative(file) {
                memory = listed_memory(file, artifact);
            }
        }
        for file in &files {
            let Some(ObjectName::Patch(name)) = relative(file) else {
                if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".tmp-")) {
                    disk::remove(file)?;
                }
                continue;
            };
            let Some((opened, metadata)) = disk::open(file)? else { continue };
            let needs =
                memory.get(&name).copied().or_else(|| delta::info(opened).ok().map(|info| info.memory));
            // A file that is no patch is not ours to list or to delete.
            let Some(memory) = needs else { continue };
            let age = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            found.push((Key { app: app.clone(), name }, Made { length: metadata.len(), memory }, age));
        }
    }
    Ok(found)
}

fn listed_memory(index: &Path, artifact: Digest) -> BTreeMap<PatchName, u64> {
    use io::Read as _;
    let mut bytes = Vec::new();
    let read =
        std::fs::File::open(index).and_then(|file| file.take(MAX_INDEX_BYTES + 1).read_to_end(&mut bytes));
    let index = read.ok().and_then(|_| PatchIndex::parse(&bytes).ok());
    let entries = index.map(|index| index.patches).unwrap_or_default();
    entries
        .into_iter()
        .map(|entry| (PatchName { artifact, base: entry.base, format: entry.format }, entry.memory))
        .collect()
}

fn children(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    struct Room {
        folder: tempfile::TempDir,
        app: AppId,
    }

    impl Room {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap(), app: AppId::parse("one").unwrap() }
        }

        fn shelf(&self, capacity: u64) -> Shelf {
            Shelf::open(self.folder.path(), std::slice::from_ref(&self.app), capacity).unwrap()
        }

        fn key(&self, base: &str) -> Key {
            let name = PatchName {
                artifact: Digest::of(b"artifact"),
                base: Digest::of(base.as_bytes()),
                format: FormatId::parse("bsz1").unwrap(),
            };
            Key { app: self.app.clone(), name }
        }

        fn put(&self, shelf: &Shelf, base: &str, length: usize) -> bool {
            let mut file = tempfile::NamedTempFile::new_in(self.folder.path()).unwrap();
            file.write_all(&vec![7; length]).unwrap();
            shelf.publish(&self.key(base), file, Made { length: length as u64, memory: 5 }).unwrap()
        }

        fn listed(&self) -> Vec<Digest> {
            let path = self.folder.path().join("one").join(object::patch_index(&Digest::of(b"artifact")));
            let Ok(bytes) = std::fs::read(path) else { return Vec::new() };
            PatchIndex::parse(&bytes).unwrap().patches.iter().map(|entry| entry.base).collect()
        }

        fn check(&self, shelf: &Shelf, expected: &[&str]) {
            let mut bases: Vec<Digest> = expected.iter().map(|base| self.key(base).name.base).collect();
            bases.sort_unstable();
            assert_eq!(self.listed(), bases, "{expected:?}");
            for base in ["a", "b", "c", "d"] {
                let there = expected.contains(&base);
                assert_eq!(shelf.has(&self.key(base)), there, "{base}");
                assert_eq!(shelf.path(&self.key(base)).exists(), there, "{base}");
            }
        }
    }

    #[test]
    fn the_least_recently_used_leaves_but_never_what_is_being_sent() {
        let room = Room::new();
        let shelf = room.shelf(100);
        for base in ["a", "b", "c"] {
            assert!(room.put(&shelf, base, 30));
        }
        room.check(&shelf, &["a", "b", "c"]);
        let sending = shelf.lease(&room.key("a")).unwrap();
        assert!(shelf.lease(&room.key("b")).is_some());
        room.put(&shelf, "d", 30);
        room.check(&shelf, &["a", "b", "d"]);
        let also = shelf.lease(&room.key("b")).unwrap();
        room.put(&shelf, "c", 60);
        room.check(&shelf, &["a", "b", "c"]);
        assert_eq!(shelf.bytes(), 120, "all else is being sent");
        drop((sending, also));
        room.put(&shelf, "d", 30);
        assert!(shelf.bytes() <= 100);
        assert!(!room.put(&shelf, "a", 101), "larger than the shelf");
    }

    #[test]
    fn a_restart_finds_what_was_there_and_sweeps_what_was_half_made() {
        let room = Room::new();
        {
            let shelf = room.shelf(100);
            room.put(&shelf, "a", 30);
            room.put(&shelf, "b", 30);
            shelf.set_useless(&room.key("c"), 80).unwrap();
        }
        let folder = room.folder.path().join("one/patches").join(Digest::of(b"artifact").to_string());
        std::fs::write(folder.join(".tmp-x"), "half").unwrap();
        let shelf = room.shelf(100);
        room.check(&shelf, &["a", "b"]);
        assert_eq!(shelf.bytes(), 60);
        assert!(shelf.is_useless(&room.key("c"), 80) && !shelf.is_useless(&room.key("a"), 80));
        assert!(shelf.is_useless(&room.key("c"), 50) && !shelf.is_useless(&room.key("c"), 81));
        assert!(!folder.join(".tmp-x").exists());
    }

    #[test]
    fn a_start_with_a_smaller_shelf_keeps_what_fits() {
        let room = Room::new();
        let shelf = room.shelf(100);
        for base in ["a", "b", "c"] {
            room.put(&shelf, base, 30);
        }
        for (capacity, left) in [(90, &["a", "b", "c"][..]), (89, &["b", "c"]), (30, &["c"]), (29, &[])] {
            let shelf = room.shelf(capacity);
            room.check(&shelf, left);
            assert_eq!(shelf.bytes(), 30 * left.len() as u64);
        }
    }

    #[test]
    fn a_damaged_state_file_is_no_obstacle() {
        let room = Room::new();
        let file = state_file(room.folder.path(), &room.app);
        disk::write(&file, b"{\"format\":1,\"patches\":[7").unwrap();
        assert!(!room.shelf(100).is_useless(&room.key("a"), 0));
    }

    #[test]
    fn every_format_of_the_state_file_is_read_for_ever() {
        let room = Room::new();
        let file = state_file(room.folder.path(), &room.app);
        for (golden, longest, useless) in [
            // It did not say why: tried once more.
            (include_str!("../../fixtures/v1/useless.json"), 0, false),
            (include_str!("../../fixtures/v2/useless.json"), 160_000, true),
            (include_str!("../../fixtures/v2/useless.json"), 160_001, false),
        ] {
            disk::write(&file, golden.as_bytes()).unwrap();
            let shelf = room.shelf(100);
            assert_eq!(shelf.is_useless(&room.key("a"), longest), useless, "{longest} {golden}");
        }
        room.shelf(100).set_useless(&room.key("a"), 160_000).unwrap();
        let written = std::fs::read_to_string(&file).unwrap();
        assert_eq!(written, include_str!("../../fixtures/v2/useless.json").trim_end());
    }
}
