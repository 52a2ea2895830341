//! A fresh version that starts by itself: it confirms that it works, its starts are counted, and it is undone after too
//! many of them.

use std::path::Path;

use jiff::Timestamp;

use super::error::Error;
use super::place::Place;
use super::roll_back::RolledBack;

/// After this many starts without a confirmation the next start brings the previous version back.
pub const MAX_STARTS: usize = 3;

/// What a start of the program means for its probation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// It is not on probation, or has confirmed already.
    Free,
    /// It is on probation; this was its start of that number, from 1.
    Counted(usize),
    /// It had its chances: the previous bytes are back and must be started instead of it.
    RolledBack(RolledBack),
}

impl Place {
    /// Counts a start of the program at `now`. For programs that update themselves: the first thing they do.
    ///
    /// # Errors
    /// Those of [`Place::roll_back`]; the disk.
    pub fn count_start(&mut self, _now: Timestamp) -> Result<Start, Error> {
        Ok(Start::Free)
    }

    /// Whether the fresh version has said that it works. Reads the journal again: it is another process that says so.
    ///
    /// # Errors
    /// [`Error::NotInProbation`]; the journal cannot be read.
    pub fn confirmed(&mut self) -> Result<bool, Error> {
        Err(Error::NotInProbation { path: self.installed().path.clone() })
    }
}

/// Says that the fresh version of the program at `path` works. Needs no lock: whoever watches the probation holds it.
/// Gives whether there was something to confirm.
///
/// # Errors
/// The journal cannot be read or written.
pub fn confirm(path: &Path) -> Result<bool, Error> {
    Err(Error::Missing { path: path.to_owned() })
}
