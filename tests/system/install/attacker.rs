//! Somebody on the same machine swaps what the installer is about to use with links to files that are none of its
//! business. Whatever comes of the update: those files stay as they are.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Mutex;

use anyhow::{Result, ensure};

use autoupdate_tests::sweep::{Scenario, Scene, Sweep, fast_folder, steps};
use autoupdate_tests::{binary, exhaustive, program};

use super::STRANGER;

/// So often an update is tried. Many are refused at once, because the attacker is faster.
const TRIES: usize = 2500;

/// The same in the long form.
const MANY_TRIES: usize = 20_000;

/// Files that nobody may touch, and a yard with the folder of the program in it.
struct Ground {
    folder: tempfile::TempDir,
    before: BTreeMap<PathBuf, Vec<i64>>,
}

/// What an attacker swaps with a link.
struct Swap {
    /// The attacker stands in it: whatever others swap, it is the real one.
    folder: PathBuf,
    name: &'static str,
    with: PathBuf,
    /// Whose process it is, if not ours.
    by: Option<u32>,
}

/// Processes that attack until they are dropped.
struct Attackers(Vec<Child>);

#[test]
fn another_user_swaps_the_folder() -> Result<()> {
    if super::no_strangers("another-user-swaps")? {
        return Ok(());
    }
    let ground = Ground::new()?;
    // The program's folder is ours, but it lies in one of theirs: they may move it away and put a link there.
    chown(ground.yard(), Some(STRANGER), Some(STRANGER))?;
    let attackers = ground
        .attack(&[Swap { by: Some(STRANGER), ..Swap::of(&ground.yard(), "apps", &ground.canary()) }])?;
    let (done, refused) = ground.update("attacker: swaps of the folder by another user")?;
    drop(attackers);
    ground.put_back(&ground.scene().apps())?;
    ensure!(done > 0 && !refused.is_empty(), "{done} done, {refused:?}: there was no fight");
    let mut law = Scenario::NEXT.law(&ground.scene());
    law.may_be = ["2.0.0", "3.0.0", "4.0.0"].map(program).to_vec();
    law.after_the_next_start()?;
    ground.is_untouched()
}

/// Whoever had the right to swap the program itself could do without us; then nothing protects the program. But with our
/// rights nothing is done to any other file. The links are a stranger's: a link of our own is a path that we chose.
#[test]
fn everything_is_swapped() -> Result<()> {
    if super::no_strangers("everything-is-swapped")? {
        return Ok(());
    }
    for (number, what) in ["the folder", "the program", "the stage", "the private folder"].iter().enumerate()
    {
        fight(&format!("attacker: swaps of {what}"), |ground| vec![ground.swaps().swap_remove(number)])?;
    }
    fight("attacker: swaps of all four", Ground::swaps)
}

fn fight(name: &str, swaps: impl Fn(&Ground) -> Vec<Swap>) -> Result<()> {
    let ground = Ground::new()?;
    let attackers = ground.attack(&swaps(&ground))?;
    let (done, refused) = ground.update(name)?;
    drop(attackers);
    ensure!(!refused.is_empty(), "{done} done: there was no fight");
    ground.is_untouched()
}

impl Ground {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir_in(fast_folder())?;
        // Strangers must come through, and find the program they run.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let ground = Self { folder, before: BTreeMap::new() };
        fs::create_dir(ground.yard())?;
        Scenario::NEXT.prepare_in(&ground.yard())?;
        fs::create_dir_all(ground.canary().join("private"))?;
        fs::set_permissions(ground.canary().join("private"), Permissions::from_mode(0o700))?;
        for name in ["app", "stage", "private/stage", "private/journal", "private/lock"] {
            fs::write(ground.canary().join(name), name)?;
        }
        // By another process: a program that we have open to write cannot be started, nor while another thread starts one.
        let copied = Command::new("cp").arg(binary("install-step")?).arg(ground.folder.path()).status()?;
        ensure!(copied.success(), "no attacker");
        let before = ground.canaries()?;
        Ok(Self { before, ..ground })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap_or_else(|_| self.folder.path().to_owned())
    }

    fn yard(&self) -> PathBuf {
        self.path().join("yard")
    }

    fn canary(&self) -> PathBuf {
        self.path().join("canary")
    }

    fn scene(&self) -> Scene {
        Scene::at(&self.yard())
    }

    fn swaps(&self) -> Vec<Swap> {
        let (apps, canary) = (self.scene().apps(), self.canary());
        vec![
            Swap::of(&self.yard(), "apps", &canary),
            Swap::of(&apps, "app", &canary.join("app")),
            Swap::of(&apps.join(".app.autoupdate"), "stage", &canary.join("stage")),
            Swap::of(&apps, ".app.autoupdate", &canary.join("private")),
        ]
    }

    fn attack(&self, swaps: &[Swap]) -> Result<Attackers> {
        let mut attackers = Attackers(Vec::new());
        // They begin together, when this is closed: what one swaps, the next could not stand in any more.
        let (input, _hold) = std::io::pipe()?;
        for Swap { folder, name, with, by } in swaps {
            let mut command = Command::new(self.path().join("install-step"));
            command
                .args(["attack", name])
                .arg(with)
                .arg(STRANGER.to_string())
                .current_dir(folder)
                .stdin(input.try_clone()?);
            if let Some(uid) = by {
                command.uid(*uid).gid(*uid);
            }
            attackers.0.push(command.spawn()?);
        }
        Ok(attackers)
    }

    /// How many were done, and why the others were not.
    fn update(&self, name: &str) -> Result<(usize, BTreeMap<String, usize>)> {
        let tries = if exhaustive() { MANY_TRIES } else { TRIES };
        let refused = Mutex::new(BTreeMap::new());
        let versions = ["3.0.0", "4.0.0"].map(|version| (version, program(version)));
        let at = self.scene().program();
        let one = |number: &usize| -> Result<(), steps::Failed> {
            let mut place = steps::open(&at)?;
            if place.probation().is_some() {
                steps::commit(&mut place)?;
            }
            let (version, bytes) = &versions[number % 2];
            steps::update(&mut place, bytes, version)
        };
        let mut sweep = Sweep::begin(name);
        let numbers: Vec<usize> = (0..tries).collect();
        let done = sweep.each(
            &numbers,
            Some(1),
            |number| format!("update {number}"),
            |number| {
                let failed = one(number).err();
                if let (Some(failed), Ok(mut refused)) = (&failed, refused.lock()) {
                    *refused.entry(format!("{} {}", failed.step, failed.error.fault().code)).or_default() +=
                        1;
                }
                self.is_untouched()?;
                Ok(failed.is_none())
            },
        );
        let refused = refused.into_inner()?;
        let done = done.into_iter().filter(|done| *done).count();
        println!("{done} of {tries} updates were done, the others refused: {refused:?}");
        sweep.end()?;
        Ok((done, refused))
    }

    /// Where the attacker was stopped in the middle.
    fn put_back(&self, what: &Path) -> Result<()> {
        let mut aside = what.as_os_str().to_owned();
        aside.push(".aside");
        if Path::new(&aside).exists() {
            let _ = fs::remove_file(what);
            fs::rename(aside, what)?;
        }
        Ok(())
    }

    fn is_untouched(&self) -> Result<()> {
        ensure!(self.canaries()? == self.before, "files outside were changed");
        Ok(())
    }

    /// Nobody can set the change time of a file: where it is the same, nothing was done to it.
    fn canaries(&self) -> Result<BTreeMap<PathBuf, Vec<i64>>> {
        let (mut found, mut open) = (BTreeMap::new(), vec![self.canary()]);
        while let Some(path) = open.pop() {
            let facts = fs::symlink_metadata(&path)?;
            if facts.is_dir() {
                open.extend(fs::read_dir(&path)?.flatten().map(|entry| entry.path()));
            }
            found.insert(path, vec![facts.ctime(), facts.ctime_nsec(), facts.mtime(), facts.mtime_nsec()]);
        }
        Ok(found)
    }
}

impl Swap {
    fn of(folder: &Path, name: &'static str, with: &Path) -> Self {
        Self { folder: folder.to_owned(), name, with: with.to_owned(), by: None }
    }
}

impl Drop for Attackers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
