//! The two ends of a probation: commit and roll back. Also the roll back that a person asks for later.
//!
//! Both only announce in the journal what is to happen; then [`super::recover`] decides and carries out, as it would
//! after a crash.

use std::ffi::OsStr;

use serde::{Deserialize, Serialize};

use super::error::{During as _, Error};
use super::folder::PREVIOUS;
use super::ground::Expected;
use super::journal::{Entry, Progress, RollBackReason, Staged};
use super::place::{Place, Recovered};
use super::record::Kept;
use crate::error::Phase;

/// A version proved that it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The bytes before, kept for a roll back by hand.
    pub from: Kept,
    /// The bytes now installed.
    pub to: Staged,
}

/// A version was undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledBack {
    /// The bytes that were undone.
    pub undone: Kept,
    /// The bytes now installed.
    pub restored: Kept,
    /// Why.
    pub why: RollBackReason,
}

impl Place {
    /// Ends a good probation: the floor rises, the previous bytes are kept for a roll back by hand.
    ///
    /// # Errors
    /// [`Error::NotInProbation`], [`Error::Changed`], the disk. An interrupted commit is completed at the next start.
    pub fn commit(&mut self) -> Result<Committed, Error> {
        let path = self.installed().path.clone();
        let Some(probation) = self.probation().cloned() else {
            return Err(Error::NotInProbation { path });
        };
        self.check_unchanged(Phase::Probation)?;
        self.journal.append(&self.ground.private, &Entry::Committing, Phase::Probation)?;
        match self.settle(Phase::Probation)? {
            Recovered::Finished => Ok(Committed { from: probation.from, to: probation.to }),
            Recovered::Nothing
            | Recovered::Undone
            | Recovered::InProbation(_)
            | Recovered::RolledBack(_)
            | Recovered::Replaced
            | Recovered::CannotRollBack => Err(Error::Changed { path }),
        }
    }

    /// Puts the previous bytes back, after checking their digest. A stage is thrown away.
    ///
    /// # Errors
    /// [`Error::NoPrevious`], [`Error::PreviousDamaged`], [`Error::Changed`], the disk. An interrupted roll back is
    /// completed at the next start.
    pub fn roll_back(&mut self, why: RollBackReason) -> Result<RolledBack, Error> {
        let phase = Phase::RollBack;
        let path = self.installed().path.clone();
        let restored = match &self.progress {
            Progress::Nothing | Progress::Staged { .. } | Progress::Probation(_) => {
                self.can_roll_back().cloned()
            }
            Progress::Activating(_) | Progress::Committing(_) | Progress::RollingBack { .. } => {
                return Err(Error::Unfinished { path });
            }
        };
        let Some(restored) = restored else { return Err(Error::NoPrevious { path }) };
        self.ground.spot.check_unmoved(&self.ground.private)?;
        self.check_unchanged(phase)?;
        self.check_previous(&restored)?;
        self.discard_stage()?;
        let undone = self.installed().kept();
        let begun = Entry::RollingBack { undone, restored, why };
        self.journal.append(&self.ground.private, &begun, phase)?;
        match self.settle(phase)? {
            Recovered::RolledBack(done) => Ok(done),
            Recovered::CannotRollBack => Err(Error::PreviousDamaged { path }),
            Recovered::Nothing
            | Recovered::Undone
            | Recovered::Finished
            | Recovered::InProbation(_)
            | Recovered::Replaced => Err(Error::Changed { path }),
        }
    }

    fn check_previous(&self, restored: &Kept) -> Result<(), Error> {
        let path = self.installed().path.clone();
        let there = (self.ground.private.facts(OsStr::new(PREVIOUS))).during(
            Phase::RollBack,
            "look at the previous version of",
            &path,
        )?;
        if there.is_none() {
            return Err(Error::NoPrevious { path });
        }
        let expected = Expected { sha256: &restored.sha256, length: restored.length, like: None };
        match self.ground.verified(PREVIOUS, &expected, Phase::RollBack) {
            Ok(_) => Ok(()),
            Err(Error::UnsafeFile { .. } | Error::WrongLength { .. } | Error::WrongHash { .. }) => {
                Err(Error::PreviousDamaged { path })
            }
            Err(error) => Err(error),
        }
    }
}
