//! What we know about the program beside which it lies: `record.json`.
//!
//! - `sha256` and `version` are believed only while the program's file has that digest;
//! - `floor`, `bad` and `held` hold for the place, whatever is installed there now;
//! - replaced as a whole (temporary file, fsync, rename, fsync of the folder), so it is old or new, never torn;
//! - a record that cannot be read counts as none: it adds comfort and protection, and its loss must not stop updates.

use std::path::Path;

use protocol::{Digest, Version};
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::roll_back::RolledBack;

/// The format this code writes and the highest it reads.
const FORMAT: u32 = 1;

/// The longest record that is read, in bytes.
pub(super) const MAX_BYTES: u64 = 64 << 10;

/// The most digests kept in `bad`; the oldest go first. A publisher who needs more has other problems.
const MAX_BAD: usize = 128;

/// A program's bytes as they lie, or lay, on this disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// Length in bytes.
    pub length: u64,
    /// The version, if verified metadata ever named these bytes.
    pub version: Option<Version>,
}

/// The contents of `record.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Version of this format.
    pub(super) format: u32,
    /// The bytes to which `version` belongs.
    pub(super) sha256: Digest,
    /// Their version.
    pub(super) version: Option<Version>,
    /// The highest version ever committed here. Nothing below it is taken from a source.
    #[serde(default)]
    pub(super) floor: Option<Version>,
    /// Releases that failed their probation here.
    #[serde(default)]
    pub(super) bad: Vec<Digest>,
    /// The version that a person undid and does not want back for now.
    #[serde(default)]
    pub(super) held: Option<Version>,
    /// The bytes in `previous`, for a roll back by hand.
    #[serde(default)]
    pub(super) previous: Option<Kept>,
    /// A roll back that the program did itself at its start, until somebody tells the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) untold: Option<RolledBack>,
}

impl Record {
    /// A record that knows only what is installed.
    pub(super) fn new(sha256: Digest) -> Self {
        Self {
            format: FORMAT,
            sha256,
            version: None,
            floor: None,
            bad: Vec::new(),
            held: None,
            previous: None,
            untold: None,
        }
    }

    /// Reads a record. `None`: not readable, treated as absent.
    ///
    /// # Errors
    /// [`Error::Newer`] if a later version of this software wrote it: overwriting it would lose what it knows.
    pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Option<Self>, Error> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        match serde_json::from_slice::<Head>(bytes) {
            Ok(Head { format }) if format > FORMAT => Err(Error::Newer { path: path.to_owned(), format }),
            Ok(_) => Ok(serde_json::from_slice(bytes).ok()),
            Err(_) => Ok(None),
        }
    }

    /// The bytes to store.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Digests, versions and numbers: there is nothing in a record that JSON could refuse.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The version of the bytes `sha256`, if this record knows it.
    pub(super) fn version_of(&self, sha256: &Digest) -> Option<&Version> {
        let previous = || self.previous.as_ref().filter(|kept| kept.sha256 == *sha256)?.version.as_ref();
        if self.sha256 == *sha256 { self.version.as_ref() } else { previous() }
    }

    /// `new` lives: it is installed now, `old` can be rolled back to.
    pub(super) fn committed(mut self, old: &Kept, new: &Kept) -> Self {
        self.sha256 = new.sha256;
        self.version.clone_from(&new.version);
        self.floor = self.floor.max(new.version.clone());
        if self.held <= new.version {
            self.held = None;
        }
        self.previous = Some(old.clone());
        self.untold = None;
        self
    }

    /// `old` is back, nothing is kept to go back to.
    pub(super) fn rolled_back(mut self, old: &Kept) -> Self {
        self.sha256 = old.sha256;
        self.version.clone_from(&old.version);
        self.previous = None;
        self
    }

    /// The release `sha256` is never offered here again.
    pub(super) fn with_bad(mut self, sha256: Digest) -> Self {
        if !self.bad.contains(&sha256) {
            self.bad.push(sha256);
            let surplus = self.bad.len().saturating_sub(MAX_BAD);
            self.bad.drain(..surplus);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::install::RollBackReason;

    const GOLDEN: &[u8] = include_bytes!("../../fixtures/v1/install/record.json");

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    fn version(text: &str) -> Option<Version> {
        Some(Version::parse(text).unwrap())
    }

    fn golden() -> Record {
        Record {
            version: version("2.0.0"),
            floor: version("2.0.0"),
            bad: vec![digest("bad one"), digest("bad two")],
            held: version("3.0.0"),
            previous: Some(Kept { sha256: digest("old"), length: 3, version: version("1.0.0") }),
            ..Record::new(digest("new"))
        }
    }

    #[test]
    fn the_golden_file_of_format_1_is_read_and_written() {
        assert_eq!(Record::parse(GOLDEN, Path::new("record")).unwrap(), Some(golden()));
        assert_eq!(golden().to_bytes(), GOLDEN);
    }

    #[test]
    fn a_roll_back_that_nobody_told_is_kept() {
        const GOLDEN: &[u8] = include_bytes!("../../fixtures/v1/install/record-untold.json");
        let undone = Kept { sha256: digest("undone"), length: 6, version: version("2.1.0") };
        let restored = Kept { sha256: digest("new"), length: 3, version: version("2.0.0") };
        let untold = RolledBack { undone, restored, why: RollBackReason::Bad };
        let record = Record { untold: Some(untold), ..golden() };
        assert_eq!(Record::parse(GOLDEN, Path::new("record")).unwrap(), Some(record.clone()));
        assert_eq!(record.to_bytes(), GOLDEN);
    }

    #[test]
    fn what_cannot_be_read_counts_as_none_what_is_newer_does_not() {
        let check = |text: &str, expected: Result<bool, &str>| {
            let read = Record::parse(text.as_bytes(), Path::new("record"));
            let read = read.map(|record| record.is_some()).map_err(|error| error.fault().code);
            assert_eq!(read, expected, "{text}");
        };
        let least = format!(r#"{{"format":1,"sha256":"{}","version":null,"later":[]}}"#, digest("x"));
        check(&least, Ok(true));
        check("", Ok(false));
        check("null", Ok(false));
        check(&least[1..], Ok(false));
        check(&least.replace("null", "\"v1\""), Ok(false));
        check(&least.replace("\"format\":1", "\"format\":2"), Err("E-STATE-NEWER"));
    }

    #[test]
    fn bad_releases_are_kept_once_and_not_without_end() {
        let mut record = Record::new(digest("x"));
        for number in 0..MAX_BAD + 10 {
            record = record.with_bad(digest(&number.to_string())).with_bad(digest(&number.to_string()));
        }
        assert_eq!((record.bad.len(), record.bad.first()), (MAX_BAD, Some(&digest("10"))));
    }

    #[test]
    fn the_floor_never_sinks() {
        let kept = |text: &str| Kept { sha256: digest(text), length: 1, version: version(text) };
        let record = Record::new(digest("x")).committed(&kept("1.0.0"), &kept("2.0.0"));
        let record = record.committed(&kept("2.0.0"), &kept("1.5.0")).rolled_back(&kept("1.0.0"));
        assert_eq!(record.floor, version("2.0.0"));
    }
}
