//! A state to begin with, a verb, and a folder in which it happens.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};
use autoupdate::install::Place;

use super::{Law, Snapshot, steps};

/// Who owns the program, if we may give it away: somebody else than us, so that the owner must be carried over.
const OWNER: u32 = 12_345;

/// The permissions of the program: none that a new file would have by chance.
const MODE: u32 = 0o751;

/// What happens, and in which state of things.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// For people.
    pub name: &'static str,
    /// The version in place before, and the one that the verb puts in place.
    pub versions: [&'static str; 2],
    /// File systems without hard links: strace refuses each.
    pub without_links: bool,
    /// The verb of `install-step`, and its words after the program.
    verb: &'static [&'static str],
    prepare: fn(&Path) -> Result<()>,
}

impl Scenario {
    /// The first update of a program: nothing is known about it yet.
    pub const FIRST: Self = Self {
        name: "first update",
        versions: ["1.0.0", "2.0.0"],
        without_links: false,
        verb: &["update"],
        prepare: |_| Ok(()),
    };
    /// A later update: there is a record, and a previous version that makes room.
    pub const NEXT: Self = Self {
        name: "update",
        versions: ["2.0.0", "3.0.0"],
        without_links: false,
        verb: &["update"],
        prepare: committed,
    };
    /// The same where the old bytes must be copied.
    pub const COPYING: Self = Self { name: "update without hard links", without_links: true, ..Self::NEXT };
    /// The end of a bad probation.
    pub const BAD: Self = Self {
        name: "roll back of a bad version",
        versions: ["2.0.0", "1.0.0"],
        without_links: false,
        verb: &["roll-back", "bad"],
        prepare: |program| {
            let mut place = named(program)?;
            steps::stage(&mut place, &self::program("2.0.0"), "2.0.0")?;
            Ok(steps::activate(&mut place)?)
        },
    };
    /// A person goes back, while a newer version lies ready.
    pub const BY_PERSON: Self = Self {
        name: "roll back by a person",
        versions: ["2.0.0", "1.0.0"],
        without_links: false,
        verb: &["roll-back", "by-person"],
        prepare: |program| {
            committed(program)?;
            Ok(steps::stage(&mut steps::open(program)?, &self::program("3.0.0"), "3.0.0")?)
        },
    };
    /// All of them.
    pub const ALL: [Self; 5] = [Self::FIRST, Self::NEXT, Self::COPYING, Self::BAD, Self::BY_PERSON];

    /// The words of `install-step` in this scene.
    #[must_use]
    pub fn words(&self, scene: &Scene) -> Vec<String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let [verb, more @ ..] = self.verb else { return Vec::new() };
        let mut words = vec![(*verb).to_owned(), text(&scene.program())];
        if *verb == "update" {
            words.extend([text(&scene.new_bytes()), self.versions[1].to_owned()]);
        }
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words
    }

    /// Installs the program in an empty folder and does what came before.
    ///
    /// # Errors
    /// The disk.
    pub fn prepare_in(&self, folder: &Path) -> Result<Scene> {
        let scene = Scene { folder: folder.to_owned(), _keep: None };
        fs::create_dir(scene.apps())?;
        fs::write(scene.new_bytes(), program(self.versions[1]))?;
        fs::write(scene.program(), program("1.0.0"))?;
        fs::set_permissions(scene.program(), Permissions::from_mode(MODE))?;
        if is_root() {
            std::os::unix::fs::chown(scene.program(), Some(OWNER), Some(OWNER))?;
        }
        (self.prepare)(&scene.program()).with_context(|| format!("preparing: {}", self.name))?;
        Ok(scene)
    }

    /// The same in a folder of its own, as a value.
    ///
    /// # Errors
    /// The disk.
    pub fn prepared(&self) -> Result<Snapshot> {
        let folder = tempfile::tempdir_in(fast_folder())?;
        Snapshot::of(&self.prepare_in(&folder.path().canonicalize()?)?.apps())
    }

    /// What must hold in a scene of this scenario.
    #[must_use]
    pub fn law(&self, scene: &Scene) -> Law {
        let owner = if is_root() { Some(OWNER) } else { None };
        Law { program: scene.program(), may_be: self.versions.map(program).to_vec(), mode: MODE, owner }
    }
}

fn named(program: &Path) -> Result<Place> {
    let mut place = steps::open(program)?;
    steps::prepare(&mut place, &[])?;
    Ok(place)
}

fn committed(program: &Path) -> Result<()> {
    Ok(steps::update(&mut named(program)?, &self::program("2.0.0"), "2.0.0")?)
}

/// A folder with a program in `apps`, and beside it the bytes of an update.
#[derive(Debug)]
pub struct Scene {
    folder: PathBuf,
    _keep: Option<tempfile::TempDir>,
}

impl Scene {
    /// A scene of its own that begins like this.
    ///
    /// # Errors
    /// The disk.
    pub fn from(state: &Snapshot, scenario: &Scenario) -> Result<Self> {
        let keep = tempfile::tempdir_in(fast_folder())?;
        let scene = Self { folder: keep.path().canonicalize()?, _keep: Some(keep) };
        scene.begin(state, scenario)?;
        Ok(scene)
    }

    /// Makes the scene in an empty folder.
    pub(super) fn begin(&self, state: &Snapshot, scenario: &Scenario) -> Result<()> {
        state.restore(&self.apps())?;
        Ok(fs::write(self.new_bytes(), program(scenario.versions[1]))?)
    }

    /// A scene that is there already.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), _keep: None }
    }

    /// The folder of the program.
    #[must_use]
    pub fn apps(&self) -> PathBuf {
        self.folder.join("apps")
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.apps().join("app")
    }

    /// Whether the program is this version.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn holds(&self, version: &'static str) -> Result<bool> {
        Ok(fs::read(self.program())? == program(version))
    }

    /// The words of `install-step` that only start as the next run does.
    #[must_use]
    pub fn recover(&self) -> Vec<String> {
        vec!["recover".to_owned(), self.program().to_string_lossy().into_owned()]
    }

    /// What an update brings.
    #[must_use]
    pub fn new_bytes(&self) -> PathBuf {
        self.folder.join("new")
    }
}

/// The program of this version, made once: thousands of points want it.
#[must_use]
pub(super) fn program(version: &'static str) -> Vec<u8> {
    static MADE: Mutex<BTreeMap<&str, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(version).or_insert_with(|| crate::program(version)).clone()
}

/// A folder in memory if there is one: the sweeps ask what the calls do, not how fast a disk is.
#[must_use]
pub fn fast_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// Whether this process may give files away and mount.
#[must_use]
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
