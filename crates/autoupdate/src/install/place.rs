//! A program's place on disk.

use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use protocol::{Artifact, Digest, Health, Version};

use super::error::Error;
use super::journal::{Probation, RollBackReason, Staged};
use super::preflight::Need;
use super::roll_back::{Committed, RolledBack};
use super::stage::StageWriter;

/// What is installed in a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The program's real path: links are resolved.
    pub path: PathBuf,
    /// Length in bytes.
    pub length: u64,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Permission bits, for example `0o755`; 0 where the system has none.
    pub mode: u32,
    /// Owner's user id; 0 where the system has none.
    pub uid: u32,
    /// Group id; 0 where the system has none.
    pub gid: u32,
    /// The version; `None` if nobody who can be believed has named it yet.
    pub version: Option<Version>,
    /// The highest version ever committed here: nothing below it may be taken from a source.
    pub floor: Option<Version>,
    /// Releases that failed their probation here: never to be offered again.
    pub bad: Vec<Digest>,
    /// The version that a person undid and does not want back for now.
    pub held: Option<Version>,
}

/// What [`Place::open`] found and did about what an earlier process left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered {
    /// Nothing was in progress, or a verified stage waits to be activated.
    Nothing,
    /// An unfinished step was taken back: the program is the one from before.
    Undone,
    /// An unfinished commit was completed.
    Finished,
    /// A fresh version is in place and has yet to prove that it lives.
    InProbation(Probation),
    /// An unfinished roll back was completed.
    RolledBack(RolledBack),
    /// Somebody else put other bytes in place; what was in progress is void.
    Replaced,
    /// A roll back had begun, but the previous bytes are damaged: the fresh version stays.
    CannotRollBack,
}

/// A program's place on disk, locked for this process.
#[derive(Debug)]
pub struct Place {
    installed: Installed,
    recovered: Recovered,
}

impl Place {
    /// Looks at what is installed at `path`. Takes no lock, writes nothing, creates nothing.
    ///
    /// # Errors
    /// The path cannot be resolved safely, or the file cannot be read.
    pub fn inspect(path: &Path) -> Result<Installed, Error> {
        Err(Error::Missing { path: path.to_owned() })
    }

    /// Takes the lock of the program at `path`, and finishes or undoes what a dead process left.
    ///
    /// # Errors
    /// [`Error::Locked`] at once if another updater is at work; everything unsafe about path, folder or private folder.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Err(Error::Missing { path: path.to_owned() })
    }

    /// What [`Self::open`] found and did.
    #[must_use]
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// What is installed.
    #[must_use]
    pub fn installed(&self) -> &Installed {
        &self.installed
    }

    /// Remembers that verified metadata named the installed bytes `version`.
    ///
    /// # Errors
    /// The record could not be stored.
    pub fn set_version(&mut self, _version: &Version) -> Result<(), Error> {
        Ok(())
    }

    /// Holds a version (it is not wanted for now), or lets the held one go.
    ///
    /// # Errors
    /// The record could not be stored.
    pub fn set_held(&mut self, _version: Option<&Version>) -> Result<(), Error> {
        Ok(())
    }

    /// Looks for everything that would stop the update later, before any byte is fetched.
    ///
    /// # Errors
    /// The first obstacle, with its remedy.
    pub fn preflight(&self, _need: &Need) -> Result<(), Error> {
        Ok(())
    }

    /// The installed bytes, read-only: the base of a patch.
    ///
    /// # Errors
    /// [`Error::Changed`] if they are not those of [`Self::installed`].
    pub fn base(&self) -> Result<File, Error> {
        Err(Error::Changed { path: self.installed.path.clone() })
    }

    /// Begins a new stage; one that was there before is thrown away.
    ///
    /// # Errors
    /// [`Error::Unfinished`] during a probation; the disk.
    pub fn begin_stage(&mut self, _artifact: &Artifact) -> Result<StageWriter, Error> {
        Err(Error::Changed { path: self.installed.path.clone() })
    }

    /// Ends the stage: length and digest must be the signed ones; mode, owner and attributes become the program's.
    ///
    /// # Errors
    /// [`Error::WrongLength`], [`Error::WrongHash`], the disk. The stage is then gone.
    pub fn finish_stage(&mut self, _writer: StageWriter) -> Result<Staged, Error> {
        Err(Error::Changed { path: self.installed.path.clone() })
    }

    /// The verified stage, if there is one. It survives restarts.
    #[must_use]
    pub fn staged(&self) -> Option<&Staged> {
        None
    }

    /// Throws the stage away, if there is one.
    ///
    /// # Errors
    /// The disk.
    pub fn discard_stage(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Puts the stage in place. The fresh version is then on probation until [`Self::commit`] or [`Self::roll_back`].
    ///
    /// # Errors
    /// Whatever they are, the program is then the one from before.
    pub fn activate(&mut self, _health: &Health, _now: Timestamp) -> Result<Probation, Error> {
        Err(Error::Changed { path: self.installed.path.clone() })
    }

    /// The fresh version that has yet to prove that it lives, if there is one.
    #[must_use]
    pub fn probation(&self) -> Option<&Probation> {
        None
    }

    /// Ends a good probation: the floor rises, the previous bytes are kept for a roll back by hand.
    ///
    /// # Errors
    /// [`Error::NotInProbation`], [`Error::Changed`], the disk.
    pub fn commit(&mut self) -> Result<Committed, Error> {
        Err(Error::Changed { path: self.installed.path.clone() })
    }

    /// Puts the previous bytes back, after checking their digest.
    ///
    /// # Errors
    /// [`Error::NoPrevious`], [`Error::PreviousDamaged`], [`Error::Changed`], the disk.
    pub fn roll_back(&mut self, _why: RollBackReason) -> Result<RolledBack, Error> {
        Err(Error::Changed { path: self.installed.path.clone() })
    }

    /// The bytes that [`Self::roll_back`] would put back, if any are kept.
    #[must_use]
    pub fn can_roll_back(&self) -> Option<&super::Kept> {
        None
    }
}
