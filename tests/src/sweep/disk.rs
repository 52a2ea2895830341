//! File systems of our own in sparse images, whose power can be cut.
//!
//! The cut is the file systems' own shutdown call without a flush of their log (`EXT4_IOC_SHUTDOWN` and
//! `XFS_IOC_GOINGDOWN` are one number), made by `xfs_io`: from then on nothing reaches the image any more, and the next
//! mount sees what a disk would hold after a power cut.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};
use tempfile::TempDir;

use super::{Scenario, Scene, Snapshot, fast_folder, is_root};
use crate::{poll_until, run};

/// What the folders of our disks begin with; the number of the process follows.
const PREFIX: &str = "autoupdate-disk-";

/// A file system and how it is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As most systems mount it: a rename over a file waits for the new bytes (`auto_da_alloc`).
    Ext4,
    /// Without that help.
    Ext4Bare,
    /// xfs has no such help.
    Xfs,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ext4, Self::Ext4Bare, Self::Xfs];

    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Ext4Bare => "ext4 noauto_da_alloc",
            Self::Xfs => "xfs",
        }
    }

    fn make(self, image: &Path) -> Result<()> {
        let (size, make) = match self {
            Self::Ext4 | Self::Ext4Bare => (32 << 20, ["mkfs.ext4", "-q", "-F"]),
            // Smaller is refused.
            Self::Xfs => (300 << 20, ["mkfs.xfs", "-q", "-f"]),
        };
        std::fs::File::create(image)?.set_len(size)?;
        done(Command::new(make[0]).args(&make[1..]).arg(image))
    }

    fn options(self) -> &'static str {
        match self {
            Self::Ext4 => "loop,commit=1",
            Self::Ext4Bare => "loop,commit=1,noauto_da_alloc",
            // The copies of one image all have its number.
            Self::Xfs => "loop,nouuid",
        }
    }
}

/// An image with a scene in it, to be copied.
#[derive(Debug)]
pub struct Template {
    kind: Kind,
    folder: TempDir,
}

/// A mounted copy. Unmounted when it is dropped.
#[derive(Debug)]
pub struct Disk {
    kind: Kind,
    folder: TempDir,
    mounted: bool,
}

impl Template {
    /// Makes a file system and a scene in it that begins like this.
    ///
    /// # Errors
    /// If there is no such file system here, or it may not be mounted.
    pub fn of(kind: Kind, state: &Snapshot, scenario: &Scenario) -> Result<Self> {
        let template = Self { kind, folder: folder()? };
        let mut disk = Disk { kind, folder: folder()?, mounted: false };
        kind.make(&disk.image())?;
        disk.mount()?;
        Scene::at(&disk.place()).begin(state, scenario)?;
        disk.unmount();
        // Zeros that a file system wrote into its log take room; here they become holes.
        done(Command::new("cp").arg("--sparse=always").args([disk.image(), template.image()]))?;
        Ok(template)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }
}

impl Disk {
    /// A mounted copy of a template.
    ///
    /// # Errors
    /// If it cannot be mounted.
    pub fn from(template: &Template) -> Result<Self> {
        let mut disk = Self { kind: template.kind, folder: folder()?, mounted: false };
        done(Command::new("cp").arg("--sparse=always").args([template.image(), disk.image()]))?;
        disk.mount()?;
        Ok(disk)
    }

    /// The scene on it.
    #[must_use]
    pub fn scene(&self) -> Scene {
        Scene::at(&self.place())
    }

    /// Where it is mounted.
    #[must_use]
    pub fn place(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    /// Cuts the power and gives it again: what is mounted then is what reached the disk.
    ///
    /// # Errors
    /// If the file system cannot be shut down or mounted again.
    pub fn cut(&mut self) -> Result<()> {
        done(Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(self.place()))?;
        let dead = std::fs::write(self.place().join("after-the-cut"), "").is_err();
        ensure!(dead, "the file system was not shut down");
        self.unmount();
        self.mount()
    }

    fn mount(&mut self) -> Result<()> {
        std::fs::create_dir_all(self.place())?;
        done(Command::new("mount").args(["-o", self.kind.options()]).args([self.image(), self.place()]))?;
        self.mounted = true;
        Ok(())
    }

    fn unmount(&mut self) {
        unmount(&self.place());
        self.mounted = false;
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            unmount(&self.place());
        }
    }
}

/// Why there can be no disks here, if so. Unmounts what a killed run left.
#[must_use]
pub fn no_disks() -> Option<String> {
    if !is_root() {
        return Some("only root may mount".to_owned());
    }
    clear_after_the_dead();
    let tried = Kind::ALL.into_iter().map(|kind| {
        let mut disk = Disk { kind, folder: folder()?, mounted: false };
        kind.make(&disk.image())?;
        disk.mount()?;
        disk.cut()
    });
    tried.collect::<Result<Vec<_>>>().err().map(|error| format!("{error:#}"))
}

fn clear_after_the_dead() {
    for entry in std::fs::read_dir(fast_folder()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()) else { continue };
        if !Path::new("/proc").join(pid).exists() {
            let _ = Command::new("umount").args(["-q", "-l"]).arg(entry.path().join("mounted")).status();
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

pub(super) fn folder() -> Result<TempDir> {
    let prefix = format!("{PREFIX}{}-", std::process::id());
    Ok(tempfile::Builder::new().prefix(&prefix).tempdir_in(fast_folder())?)
}

/// Unmounts, if need be as soon as nobody uses it any more.
pub(super) fn unmount(place: &Path) {
    let unmount = |more: &[&str]| done(Command::new("umount").args(more).arg(place));
    // A process that another thread just starts has our files open until it runs.
    if poll_until("the disk to be unmounted", || unmount(&[]).ok()).is_err() {
        let _ = unmount(&["-l"]);
    }
}

pub(super) fn done(command: &mut Command) -> Result<()> {
    let answer = run(command)?;
    match answer.code {
        Some(0) => Ok(()),
        _ => bail!("{command:?}: {}{}", answer.out, answer.err),
    }
}
