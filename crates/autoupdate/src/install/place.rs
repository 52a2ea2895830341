//! A program's place on disk: what is known about it, and the lock that makes it ours for a while.
//!
//! Stage, activation, roll back and probation are further methods of [`Place`], in files of their own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use protocol::{Digest, Rights, Version};

use super::error::{During as _, Error};
use super::folder::{Folder, Kind, LOCK, Lock, check_access};
use super::ground::{Ground, Seen, read_record, sweep};
use super::holder::Holder;
use super::journal::{Probation, Progress};
use super::journal_file::Journal;
use super::preflight::check_keeper;
use super::record::{Kept, Record};
use super::recover::recover;
use super::resolve::Spot;
use super::roll_back::RolledBack;
use crate::error::Phase;

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
    /// What should be there: the bytes that were last put here, or known here, and their version.
    pub recorded: Option<Recorded>,
}

/// Bytes whose version is on record, whether they are still there or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// The version.
    pub version: Version,
}

/// What can be seen of a place without its lock. Whoever holds the lock may change it at any moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    /// What is installed.
    pub installed: Installed,
    /// The bytes that a roll back would put back, if any are kept.
    pub previous: Option<Kept>,
    /// Something has begun and has not come to its end: a version on probation, a step that its process did not finish, a roll
    /// back of which nobody was told.
    pub unfinished: bool,
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

/// A program's place on disk, locked for this process until it is dropped.
#[derive(Debug)]
pub struct Place {
    pub(super) ground: Ground,
    pub(super) journal: Journal,
    pub(super) progress: Progress,
    record: Option<Record>,
    seen: Seen,
    installed: Installed,
    recovered: Recovered,
    pub(super) rights: Rights,
    /// Free again when this is dropped.
    _lock: Lock,
}

impl Place {
    /// Looks at what is installed at `path`. Takes no lock, writes nothing, creates nothing.
    ///
    /// # Errors
    /// The path cannot be resolved safely, or the file cannot be read.
    pub fn inspect(path: &Path) -> Result<Installed, Error> {
        Ok(Self::glance(path)?.installed)
    }

    /// As [`Self::inspect`], with what can be seen beside the program.
    ///
    /// # Errors
    /// As [`Self::inspect`].
    pub fn glance(path: &Path) -> Result<Glance, Error> {
        let spot = Spot::find(path)?;
        let missing = || Error::Missing { path: path.to_owned() };
        let (_, seen) = spot.see(None, Phase::Setup)?.ok_or_else(missing)?;
        let private = match spot.private(false) {
            // Somebody else's program: what its owner knows about it is private.
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::PermissionDenied => None,
            private => private?,
        };
        let (record, progress) = match private {
            Some(private) => (read_record(&private)?, Journal::load(&private)?.progress()),
            None => (None, Progress::Nothing),
        };
        let untold = record.as_ref().is_some_and(|record| record.untold.is_some());
        Ok(Glance {
            installed: describe(&spot.path, &seen, record.as_ref(), &progress),
            previous: kept_previous(&progress, record.as_ref()).cloned(),
            unfinished: match progress {
                Progress::Nothing | Progress::Staged { .. } => untold,
                Progress::Activating(_)
                | Progress::Probation(_)
                | Progress::Committing(_)
                | Progress::RollingBack { .. } => true,
            },
        })
    }

    /// Takes the lock of the program at `path`, and finishes or undoes what a dead process left.
    ///
    /// # Errors
    /// [`Error::Locked`] at once if another updater is at work; everything unsafe about path, folder or private folder.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let phase = Phase::Setup;
        let spot = Spot::find(path)?;
        let missing = || Error::Missing { path: path.to_owned() };
        let there = spot.folder.facts(&spot.name).during(phase, "look at", &spot.path)?;
        if there.is_some_and(|facts| facts.kind != Kind::File) {
            return Err(Error::NotAFile { path: spot.path });
        }
        // Before it is said that another user could do it, and before anything is made there.
        if there.is_some() && !spot.has_private() {
            check_keeper(&spot.path)?;
        }
        check_access(&spot.folder, there.as_ref().map(|facts| (spot.path.as_path(), facts)))?;
        let private = spot.private(there.is_some())?.ok_or_else(missing)?;
        let lock = take_lock(&private, &spot.path)?;
        sweep(&private);
        let mut journal = Journal::load(&private)?;
        let mut record = read_record(&private)?;
        let ground = Ground { spot, private: Arc::new(private) };

        let progress = journal.progress();
        let (disk, seen) = ground.look(&progress, journal.is_torn(), record.as_ref(), None, phase)?;
        let plan = recover(&progress, &disk);
        let recovered = plan.outcome;
        if !plan.actions.is_empty() {
            tracing::info!(path = %ground.spot.path.display(), did = ?plan.actions, "cleaning up after an earlier run");
        }
        ground.carry_out(plan.actions, &mut journal, &mut record, phase)?;

        let (_, seen) = ground.spot.see(seen, phase)?.ok_or_else(missing)?;
        let progress = journal.progress();
        let installed = describe(&ground.spot.path, &seen, record.as_ref(), &progress);
        let rights = Rights::default();
        Ok(Self { ground, journal, progress, record, seen, installed, recovered, rights, _lock: lock })
    }

    /// What [`Self::open`] found and did.
    #[must_use]
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// Says what becomes of special rights of the program's file: its administrator decides that. Refused until this is called.
    #[must_use]
    pub fn with_rights(self, rights: Rights) -> Self {
        Self { rights, ..self }
    }

    /// What is installed.
    #[must_use]
    pub fn installed(&self) -> &Installed {
        &self.installed
    }

    /// Remembers that verified metadata named the installed bytes `version`.
    ///
    /// # Errors
    /// [`Error::Unfinished`] during a probation; the record could not be stored.
    pub fn set_version(&mut self, version: &Version) -> Result<(), Error> {
        if self.installed.version.as_ref() == Some(version) {
            return Ok(());
        }
        match self.progress {
            Progress::Nothing | Progress::Staged { .. } => {}
            Progress::Activating(_)
            | Progress::Probation(_)
            | Progress::Committing(_)
            | Progress::RollingBack { .. } => {
                return Err(Error::Unfinished { path: self.installed.path.clone() });
            }
        }
        let sha256 = self.installed.sha256;
        self.change_record(|record| Record { sha256, version: Some(version.clone()), ..record })
    }

    /// Holds a version (it is not wanted for now), or lets the held one go.
    ///
    /// # Errors
    /// The record could not be stored.
    pub fn set_held(&mut self, version: Option<&Version>) -> Result<(), Error> {
        self.change_record(|record| Record { held: version.cloned(), ..record })
    }

    /// The release is never offered here again.
    pub(super) fn blame(&mut self, sha256: Digest) -> Result<(), Error> {
        self.change_record(|record| record.with_bad(sha256))
    }

    /// Leaves word of a roll back for whoever talks to the person.
    ///
    /// # Errors
    /// The record could not be stored.
    pub(crate) fn leave_word(&mut self, done: &RolledBack) -> Result<(), Error> {
        self.change_record(|record| Record { untold: Some(done.clone()), ..record })
    }

    /// Takes the word that a roll back left, if there is any.
    ///
    /// # Errors
    /// The record could not be stored.
    pub(crate) fn take_word(&mut self) -> Result<Option<RolledBack>, Error> {
        let word = self.record.as_ref().and_then(|record| record.untold.clone());
        if word.is_some() {
            self.change_record(|record| Record { untold: None, ..record })?;
        }
        Ok(word)
    }

    /// The installed bytes, read-only: the base of a patch.
    ///
    /// # Errors
    /// [`Error::Changed`] if they are not those of [`Self::installed`].
    pub fn base(&self) -> Result<File, Error> {
        let (file, seen) = (self.ground.spot.see(Some(self.seen), Phase::Apply)?)
            .ok_or_else(|| Error::Missing { path: self.installed.path.clone() })?;
        if seen.sha256 != self.installed.sha256 {
            return Err(Error::Changed { path: self.installed.path.clone() });
        }
        rewind(&file).during(Phase::Apply, "read", &self.installed.path)?;
        Ok(file)
    }

    /// The fresh version that has yet to prove that it lives, if there is one.
    #[must_use]
    pub fn probation(&self) -> Option<&Probation> {
        match &self.progress {
            Progress::Probation(probation) => Some(probation),
            Progress::Nothing
            | Progress::Staged { .. }
            | Progress::Activating(_)
            | Progress::Committing(_)
            | Progress::RollingBack { .. } => None,
        }
    }

    /// The bytes that [`Self::roll_back`] would put back, if any are kept.
    #[must_use]
    pub fn can_roll_back(&self) -> Option<&Kept> {
        kept_previous(&self.progress, self.record.as_ref())
    }

    /// Does whatever the journal now asks for: the end of every step that is more than one write.
    pub(super) fn settle(&mut self, phase: Phase) -> Result<Recovered, Error> {
        self.progress = self.journal.progress();
        let (disk, seen) = self.ground.look(
            &self.progress,
            self.journal.is_torn(),
            self.record.as_ref(),
            Some(self.seen),
            phase,
        )?;
        let plan = recover(&self.progress, &disk);
        self.ground.carry_out(plan.actions, &mut self.journal, &mut self.record, phase)?;
        self.progress = self.journal.progress();
        let seen = (self.ground.spot.see(seen, phase)?)
            .ok_or_else(|| Error::Missing { path: self.installed.path.clone() })?
            .1;
        self.adopt(seen);
        Ok(plan.outcome)
    }

    /// These bytes are in place now.
    pub(super) fn adopt(&mut self, seen: Seen) {
        self.seen = seen;
        self.installed = describe(&self.ground.spot.path, &seen, self.record.as_ref(), &self.progress);
    }

    /// Whether the program is still the one that was seen last. If not, what was in progress is settled for what is
    /// there.
    pub(super) fn check_unchanged(&mut self, phase: Phase) -> Result<(), Error> {
        let path = self.installed.path.clone();
        let seen = self.ground.spot.see(Some(self.seen), phase)?;
        match seen {
            Some((_, seen)) if seen.sha256 == self.installed.sha256 => {
                self.adopt(seen);
                Ok(())
            }
            _ => {
                self.settle(phase)?;
                Err(Error::Changed { path })
            }
        }
    }

    fn change_record(&mut self, change: impl FnOnce(Record) -> Record) -> Result<(), Error> {
        let before = self.record.clone();
        let after = change(before.clone().unwrap_or_else(|| Record::new(self.installed.sha256)));
        if before.as_ref() != Some(&after) {
            self.ground.private.store(super::folder::RECORD, &after.to_bytes(), Phase::Setup)?;
        }
        self.record = Some(after);
        self.adopt(self.seen);
        Ok(())
    }
}

impl Installed {
    /// The installed bytes as something that can be kept.
    #[must_use]
    pub fn kept(&self) -> Kept {
        Kept { sha256: self.sha256, length: self.length, version: self.version.clone() }
    }
}

/// The bytes that a roll back would put back, if any are kept.
fn kept_previous<'a>(progress: &'a Progress, record: Option<&'a Record>) -> Option<&'a Kept> {
    match progress {
        Progress::Probation(probation) => Some(&probation.from),
        Progress::Nothing | Progress::Staged { .. } => record?.previous.as_ref(),
        Progress::Activating(_) | Progress::Committing(_) | Progress::RollingBack { .. } => None,
    }
}

fn describe(path: &Path, seen: &Seen, record: Option<&Record>, progress: &Progress) -> Installed {
    let version = (record.and_then(|record| record.version_of(&seen.sha256)))
        .or_else(|| progress.version_of(&seen.sha256));
    Installed {
        path: path.to_owned(),
        length: seen.facts.length,
        sha256: seen.sha256,
        mode: seen.facts.mode,
        uid: seen.facts.uid,
        gid: seen.facts.gid,
        version: version.cloned(),
        floor: record.and_then(|record| record.floor.clone()),
        bad: record.map(|record| record.bad.clone()).unwrap_or_default(),
        held: record.and_then(|record| record.held.clone()),
        recorded: record
            .and_then(|record| Some(Recorded { sha256: record.sha256, version: record.version.clone()? })),
    }
}

fn take_lock(private: &Folder, program: &Path) -> Result<Lock, Error> {
    let path = private.path().join(LOCK);
    match private.lock(LOCK).during(Phase::Setup, "lock", &path)? {
        Some(mut lock) => {
            // It is only told to people; without it the lock is as good.
            let _untold = lock.sign(&Holder::ourselves().to_string());
            Ok(lock)
        }
        None => Err(Error::Locked { path: program.to_owned(), holder: Holder::of(private) }),
    }
}

fn rewind(mut file: &File) -> std::io::Result<()> {
    std::io::Seek::rewind(&mut file)
}
