//! The journal's file: read once when a place is opened, then appended to, replaced, and removed at the end.

use std::ffi::OsStr;
use std::io::Write as _;

use super::error::{During as _, Error, synced};
use super::folder::{Folder, JOURNAL};
use super::journal::{self, Entry, Parsed, Progress};
use crate::error::Phase;

/// The longest journal that is read, in bytes; a longer one counts as torn there. An update writes less than 4 KiB.
const MAX_BYTES: u64 = 64 << 10;

/// The records in the file, and whether it can be appended to.
#[derive(Debug)]
pub(super) struct Journal {
    entries: Vec<Entry>,
    torn: bool,
}

impl Journal {
    /// Reads the journal; one that is absent is empty.
    pub(super) fn load(private: &Folder) -> Result<Self, Error> {
        let path = private.path().join(JOURNAL);
        let there = private.facts(OsStr::new(JOURNAL)).during(Phase::Setup, "look at", &path)?.is_some();
        let Parsed { entries, torn } =
            match private.read(JOURNAL, MAX_BYTES).during(Phase::Setup, "read", &path)? {
                Some(bytes) => journal::parse(&bytes, &path)?,
                // Too long, or no plain file: not ours, so it says nothing.
                None => Parsed { entries: Vec::new(), torn: there },
            };
        if torn {
            tracing::warn!(path = %path.display(), records = entries.len(), "the journal ends in a torn record");
        }
        // A file that says nothing is a leftover.
        let torn = torn || (there && entries.is_empty());
        Ok(Self { entries, torn })
    }

    /// What the records add up to.
    pub(super) fn progress(&self) -> Progress {
        Progress::of(&self.entries)
    }

    /// The file must be written anew.
    pub(super) fn is_torn(&self) -> bool {
        self.torn
    }

    /// Adds a record and waits until it is on the disk.
    pub(super) fn append(&mut self, private: &Folder, entry: &Entry, phase: Phase) -> Result<(), Error> {
        let mut entries = self.entries.clone();
        entries.push(entry.clone());
        if self.torn || self.entries.is_empty() {
            return self.replace(private, entries, phase);
        }
        // Until this is done, nobody knows how much of the line is in the file.
        self.torn = true;
        append_line(private, entry, phase)?;
        (self.torn, self.entries) = (false, entries);
        Ok(())
    }

    /// Replaces all records, in one step. No records: the file goes away.
    pub(super) fn replace(
        &mut self,
        private: &Folder,
        entries: Vec<Entry>,
        phase: Phase,
    ) -> Result<(), Error> {
        self.torn = true;
        if entries.is_empty() {
            let path = private.path().join(JOURNAL);
            private.remove(JOURNAL).during(phase, "remove", &path)?;
            synced(private.sync(), phase, private.path())?;
        } else {
            private.store(JOURNAL, journal::text(&entries).as_bytes(), phase)?;
        }
        (self.torn, self.entries) = (false, entries);
        Ok(())
    }
}

/// Appends one record to a journal that somebody else may be appending to: one write at the end of the file.
pub(super) fn append_line(private: &Folder, entry: &Entry, phase: Phase) -> Result<(), Error> {
    let path = private.path().join(JOURNAL);
    let mut file = private.open_end(JOURNAL).during(phase, "write", &path)?;
    file.write_all(journal::line(entry).as_bytes()).during(phase, "write", &path)?;
    synced(file.sync_all(), phase, &path)
}
