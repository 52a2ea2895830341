//! A file system in memory that is full, but for as much as is wanted.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;

use super::disk::{done, folder, unmount};
use super::{Scenario, Scene};

/// What room is counted in.
const PAGE: u64 = 4096;

/// What is scarce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scarce {
    /// Room for bytes, in pages.
    Pages(u64),
    /// Room for files.
    Files(usize),
}

/// A mounted file system with a scene in it. Unmounted when it is dropped.
#[derive(Debug)]
pub struct Narrow {
    folder: TempDir,
}

impl Narrow {
    /// Prepares the scenario, then leaves just so much room.
    ///
    /// # Errors
    /// If nothing can be mounted.
    pub fn with(scenario: &Scenario, left: Scarce) -> Result<Self> {
        let narrow = Self { folder: folder()? };
        std::fs::create_dir(narrow.place())?;
        let options = "size=3m,nr_inodes=64";
        done(Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(narrow.place()))?;
        std::fs::create_dir(narrow.filling())?;
        scenario.prepare_in(&narrow.place())?;
        match left {
            Scarce::Pages(left) => narrow.fill_but(left)?,
            Scarce::Files(left) => narrow.crowd_but(left)?,
        }
        Ok(narrow)
    }

    /// The scene in it.
    #[must_use]
    pub fn scene(&self) -> Scene {
        Scene::at(&self.place())
    }

    /// There is room again.
    ///
    /// # Errors
    /// If what filled it cannot be removed.
    pub fn widen(&self) -> Result<()> {
        Ok(std::fs::remove_dir_all(self.filling())?)
    }

    fn fill_but(&self, left: u64) -> Result<()> {
        let mut file = File::create(self.filling().join("bytes"))?;
        let mut pages = 0;
        while file.write_all(&[0; PAGE as usize]).is_ok() {
            pages += 1;
        }
        ensure!(pages > left, "only {pages} pages to fill");
        Ok(file.set_len((pages - left) * PAGE)?)
    }

    fn crowd_but(&self, left: usize) -> Result<()> {
        let name = |number: usize| self.filling().join(number.to_string());
        let made = (0..).take_while(|number| File::create(name(*number)).is_ok()).count();
        ensure!(made > left, "only {made} files to make");
        (0..left).try_for_each(|number| Ok(std::fs::remove_file(name(number))?))
    }

    fn filling(&self) -> PathBuf {
        self.place().join("filling")
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }
}

impl Drop for Narrow {
    fn drop(&mut self) {
        unmount(&self.place());
    }
}
