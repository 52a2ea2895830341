//! A fresh version that starts by itself: it confirms that it works, its starts are counted, and it is undone after too
//! many of them.

use std::path::Path;

use jiff::Timestamp;
use protocol::Health;

use super::error::Error;
use super::journal::{Entry, Probation, Progress, RollBackReason};
use super::journal_file::{Journal, append_line};
use super::place::Place;
use super::resolve::Spot;
use super::roll_back::RolledBack;
use crate::error::Phase;

/// After this many starts without a confirmation the next start brings the previous version back.
pub const MAX_STARTS: usize = 3;

/// How often a confirmation is written again when the journal was replaced at that very moment.
const CONFIRM_TRIES: usize = 3;

/// What a start of the program means for its probation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// It is not on probation, or has confirmed already, or does not have to.
    Free,
    /// It is on probation; this was its start of that number, from 1.
    Counted(usize),
    /// It had its chances: the previous bytes are back and must be started instead of it.
    RolledBack(RolledBack),
}

impl Place {
    /// Counts a start of the program at `now`. For programs that update themselves: the first thing they do.
    ///
    /// Only an update whose health rule is [`Health::Confirm`] is counted; others are watched from outside.
    ///
    /// # Errors
    /// Those of [`Place::roll_back`] and [`Place::commit`]; the disk.
    pub fn count_start(&mut self, now: Timestamp) -> Result<Start, Error> {
        let Some(probation) = self.probation() else { return Ok(Start::Free) };
        if !matches!(probation.health, Health::Confirm(_)) {
            return Ok(Start::Free);
        }
        if self.confirmed()? {
            self.commit()?;
            return Ok(Start::Free);
        }
        let starts = self.probation().map_or(0, |probation| probation.starts.len());
        // Only starts count, no time: whoever starts it once, ends it at once and comes back a week later has given it
        // one chance.
        if starts >= MAX_STARTS {
            return self.roll_back(RollBackReason::Bad).map(Start::RolledBack);
        }
        self.note_start(now)?;
        Ok(Start::Counted(starts + 1))
    }

    /// Writes down that the fresh version was started at `now`, or is about to be. Whoever takes over from a watcher that died
    /// knows by this that there was something to watch.
    ///
    /// # Errors
    /// [`Error::NotInProbation`]; the disk.
    pub fn note_start(&mut self, now: Timestamp) -> Result<(), Error> {
        if self.probation().is_none() {
            return Err(Error::NotInProbation { path: self.installed().path.clone() });
        }
        let entry = Entry::Started { at: now };
        self.journal.append(&self.ground.private, &entry, Phase::Probation)?;
        self.progress = self.journal.progress();
        Ok(())
    }

    /// Whether the fresh version has said that it works. Reads the journal again: it is another process that says so.
    ///
    /// # Errors
    /// [`Error::NotInProbation`]; the journal cannot be read.
    pub fn confirmed(&mut self) -> Result<bool, Error> {
        let Some(probation) = self.probation() else {
            return Err(Error::NotInProbation { path: self.installed().path.clone() });
        };
        if probation.confirmed {
            return Ok(true);
        }
        let read = Journal::load(&self.ground.private)?;
        let said = matches!(read.progress(), Progress::Probation(Probation { confirmed: true, .. }));
        if said {
            self.journal = read;
            self.progress = self.journal.progress();
        }
        Ok(said)
    }
}

/// Says that the fresh version of the program at `path` works. Gives whether there was something to confirm.
///
/// Whoever watches the probation holds the lock, so this only adds a record to the journal, and the watcher commits.
/// If nobody watches, it also commits.
///
/// # Errors
/// The journal cannot be read or written; those of [`Place::open`] but [`Error::Locked`].
pub fn confirm(path: &Path) -> Result<bool, Error> {
    match Place::open(path) {
        Ok(mut place) => {
            let Some(sha256) = place.probation().map(|probation| probation.to.sha256) else {
                return Ok(false);
            };
            place.journal.append(&place.ground.private, &Entry::Confirmed { sha256 }, Phase::Probation)?;
            place.progress = place.journal.progress();
            place.commit().map(|_| true)
        }
        Err(Error::Locked { .. }) => confirm_to_watcher(path),
        Err(error) => Err(error),
    }
}

fn confirm_to_watcher(path: &Path) -> Result<bool, Error> {
    let spot = Spot::find(path)?;
    let Some(private) = spot.private(false)? else { return Ok(false) };
    for tried in 0..=CONFIRM_TRIES {
        match Journal::load(&private)?.progress() {
            Progress::Probation(probation) if probation.confirmed => return Ok(true),
            Progress::Probation(probation) if tried < CONFIRM_TRIES => {
                let entry = Entry::Confirmed { sha256: probation.to.sha256 };
                append_line(&private, &entry, Phase::Probation)?;
            }
            Progress::Probation(_) => break,
            // The watcher ended it meanwhile: committed, if we had a part in it.
            Progress::Nothing | Progress::Committing(_) => return Ok(tried > 0),
            Progress::Staged { .. } | Progress::Activating(_) | Progress::RollingBack { .. } => {
                return Ok(false);
            }
        }
    }
    Err(Error::Unfinished { path: spot.path })
}
