//! The two folders of a place and what lies in them: looking, and carrying out what [`super::recover`] decided.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::sync::Arc;

use protocol::Digest;

use super::activate;
use super::error::{During as _, Error, synced};
use super::folder::{Facts, Folder, JOURNAL, KEEP, Kind, PREVIOUS, RECORD, STAGE, facts_of};
use super::journal::Progress;
use super::journal_file::Journal;
use super::record::{self, Kept, Record};
use super::recover::{Action, Disk, Found, Name};
use super::resolve::Spot;
use crate::error::Phase;

/// How often the program is looked at when it changes while we look.
const SEE_TRIES: usize = 4;

/// The program's folder and the private folder beside it.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) spot: Spot,
    pub(super) private: Arc<Folder>,
}

/// The program's bytes, and the facts by which a later change is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) sha256: Digest,
    pub(super) facts: Facts,
}

/// What a file in the private folder must be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) sha256: &'a Digest,
    pub(super) length: u64,
    /// For the stage: it must have this mode and owner, and no second name.
    pub(super) like: Option<&'a Facts>,
}

impl Spot {
    /// Opens the program and hashes what is behind the descriptor, unless the facts say that it is what was `seen`
    /// before. `None`: it is missing.
    pub(super) fn see(&self, seen: Option<Seen>, phase: Phase) -> Result<Option<(File, Seen)>, Error> {
        for _ in 0..SEE_TRIES {
            match self.see_once(seen, phase) {
                // Whoever looks without the lock may meet an update that just gives the file its second name.
                Err(Error::Changed { .. }) => {}
                other => return other,
            }
        }
        Err(Error::Changed { path: self.path.clone() })
    }

    fn see_once(&self, seen: Option<Seen>, phase: Phase) -> Result<Option<(File, Seen)>, Error> {
        match self.folder.facts(&self.name).during(phase, "look at", &self.path)? {
            None => return Ok(None),
            Some(facts) if facts.kind != Kind::File => {
                return Err(Error::NotAFile { path: self.path.clone() });
            }
            Some(_) => {}
        }
        let file = match self.folder.open_file(&self.name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.during(phase, "open", &self.path)?,
        };
        let facts = facts_of(&file).during(phase, "look at", &self.path)?;
        if let Some(seen) = seen
            && seen.facts == facts
        {
            return Ok(Some((file, seen)));
        }
        if facts.kind != Kind::File {
            return Err(Error::NotAFile { path: self.path.clone() });
        }
        let (sha256, length) =
            Digest::of_reader((&file).take(facts.length)).during(phase, "read", &self.path)?;
        if length != facts.length || facts_of(&file).during(phase, "look at", &self.path)? != facts {
            return Err(Error::Changed { path: self.path.clone() });
        }
        Ok(Some((file, Seen { sha256, facts })))
    }
}

impl Ground {
    /// Opens a file of the private folder and checks that what is behind the descriptor is as expected.
    ///
    /// # Errors
    /// [`Error::UnsafeFile`], [`Error::WrongLength`], [`Error::WrongHash`]; the disk.
    pub(super) fn verified(
        &self,
        name: &str,
        expected: &Expected<'_>,
        phase: Phase,
    ) -> Result<(File, Facts), Error> {
        let path = self.private.path().join(name);
        let wrong = |why| Error::UnsafeFile { path: path.clone(), why };
        let there = self.private.facts(OsStr::new(name)).during(phase, "look at", &path)?;
        if there.is_none_or(|facts| facts.kind != Kind::File) {
            return Err(wrong("it is no plain file"));
        }
        let file = self.private.open_file(OsStr::new(name)).during(phase, "open", &path)?;
        let facts = facts_of(&file).during(phase, "look at", &path)?;
        if facts.kind != Kind::File {
            return Err(wrong("it is no plain file"));
        }
        if let Some(like) = expected.like {
            if facts.links != 1 {
                return Err(wrong("it has a second name"));
            }
            if (facts.uid, facts.gid) != (like.uid, like.gid) {
                return Err(wrong("it does not have the program's owner"));
            }
            if facts.mode != like.mode {
                return Err(wrong("it does not have the program's permissions"));
            }
        }
        if facts.length != expected.length {
            return Err(Error::WrongLength { expected: expected.length, actual: facts.length });
        }
        let (actual, length) =
            Digest::of_reader((&file).take(expected.length)).during(phase, "read", &path)?;
        if length != expected.length {
            return Err(Error::WrongLength { expected: expected.length, actual: length });
        }
        if actual != *expected.sha256 {
            return Err(Error::WrongHash { expected: *expected.sha256, actual });
        }
        Ok((file, facts))
    }

    /// Looks at everything that matters for `progress`. Hashes only what does.
    pub(super) fn look(
        &self,
        progress: &Progress,
        torn: bool,
        record: Option<&Record>,
        seen: Option<Seen>,
        phase: Phase,
    ) -> Result<(Disk, Option<Seen>), Error> {
        let seen = self.spot.see(seen, phase)?.map(|(_, seen)| seen);
        let like = seen.as_ref().map(|seen| &seen.facts);
        let (stage, old, back) = match progress {
            Progress::Nothing | Progress::Probation(_) | Progress::Committing(_) => (None, None, None),
            Progress::Staged { staged, .. } => (Some(staged.kept()), None, None),
            // Before the rename the stage must be like the program; afterwards there is none.
            Progress::Activating(p) => (Some(p.to.kept()), Some(&p.from), Some(&p.from)),
            Progress::RollingBack { restored, .. } => (None, None, Some(restored)),
        };
        let disk = Disk {
            target: seen.map(|seen| seen.sha256),
            stage: self.found(STAGE, stage.as_ref(), like, phase)?,
            keep: self.found(KEEP, old, None, phase)?,
            previous: self.found(PREVIOUS, back, None, phase)?,
            record: record.cloned(),
            torn,
        };
        Ok((disk, seen))
    }

    fn found(
        &self,
        name: &str,
        expected: Option<&Kept>,
        like: Option<&Facts>,
        phase: Phase,
    ) -> Result<Found, Error> {
        let path = self.private.path().join(name);
        if self.private.facts(OsStr::new(name)).during(phase, "look at", &path)?.is_none() {
            return Ok(Found::Absent);
        }
        let Some(kept) = expected else { return Ok(Found::Unread) };
        let expected = Expected { sha256: &kept.sha256, length: kept.length, like };
        match self.verified(name, &expected, phase) {
            Ok(_) => Ok(Found::Bytes(kept.sha256)),
            Err(Error::UnsafeFile { .. } | Error::WrongLength { .. } | Error::WrongHash { .. }) => {
                Ok(Found::Unsafe)
            }
            Err(error) => Err(error),
        }
    }

    /// Does what was decided, in order. `journal` and `record` are what is on the disk afterwards.
    pub(super) fn carry_out(
        &self,
        actions: Vec<Action>,
        journal: &mut Journal,
        record: &mut Option<Record>,
        phase: Phase,
    ) -> Result<(), Error> {
        for action in actions {
            match action {
                Action::Remove(name) => {
                    let path = self.private.path().join(name.file());
                    activate::discard(&self.private, name.file()).during(phase, "remove", &path)?;
                }
                Action::KeepBecomesPrevious => self.keep_becomes_previous(phase)?,
                Action::PutBack(name, kept) => self.put_back(name.file(), &kept, phase)?,
                Action::Sync => self.sync(phase)?,
                Action::Record(new) => {
                    self.private.store(RECORD, &new.to_bytes(), phase)?;
                    *record = Some(*new);
                }
                Action::Journal(entries) => journal.replace(&self.private, entries, phase)?,
            }
        }
        Ok(())
    }

    /// The old bytes get their lasting name.
    pub(super) fn keep_becomes_previous(&self, phase: Phase) -> Result<(), Error> {
        let path = self.private.path().join(PREVIOUS);
        activate::make_way(&self.private, PREVIOUS).during(phase, "replace", &path)?;
        self.private.rename(KEEP, &self.private, OsStr::new(PREVIOUS)).during(phase, "rename", &path)?;
        // If both were names of one file, the rename did nothing.
        activate::discard(&self.private, KEEP).during(phase, "remove", &path)
    }

    /// Puts old bytes back in place, after checking that they are the old bytes.
    pub(super) fn put_back(&self, name: &str, kept: &Kept, phase: Phase) -> Result<(), Error> {
        let expected = Expected { sha256: &kept.sha256, length: kept.length, like: None };
        let (file, facts) = self.verified(name, &expected, phase)?;
        activate::exchange(self, name, &file, &facts, phase)
    }

    /// Waits until both folders are on the disk.
    pub(super) fn sync(&self, phase: Phase) -> Result<(), Error> {
        synced(self.spot.folder.sync(), phase, self.spot.folder.path())?;
        synced(self.private.sync(), phase, self.private.path())
    }
}

/// Reads the record; one that cannot be read counts as none.
pub(super) fn read_record(private: &Folder) -> Result<Option<Record>, Error> {
    let path = private.path().join(RECORD);
    let Some(bytes) = private.read(RECORD, record::MAX_BYTES).during(Phase::Setup, "read", &path)? else {
        return Ok(None);
    };
    let record = Record::parse(&bytes, &path)?;
    if record.is_none() {
        tracing::warn!(path = %path.display(), "the record is damaged: version and floor are unknown");
    }
    Ok(record)
}

impl Name {
    fn file(self) -> &'static str {
        match self {
            Self::Stage => STAGE,
            Self::Keep => KEEP,
            Self::Previous => PREVIOUS,
        }
    }
}

/// Removes what a dead process or a system that cannot remove running programs left. Best effort: it is tried at every
/// start, and none of it is ever read.
pub(super) fn sweep(private: &Folder) {
    for name in [RECORD, JOURNAL] {
        let _ = private.remove(&format!("{name}.new"));
    }
    activate::sweep(private);
}
