//! The journal: the only truth about what is in progress.
//!
//! One header line, then one line per record: the first 16 hexadecimal digits of the SHA-256 of the JSON, a space, the
//! JSON. A record is appended with one write and synced before the next step begins. Reading stops at the first line
//! that is incomplete or does not fit its checksum: what follows a torn line was never relied upon.
//!
//! Records, and what they mean for the next start:
//!
//! | record | written | meaning |
//! |---|---|---|
//! | `staged` | after the stage is on the disk | the stage waits; it belongs to the program with the digest `base` |
//! | `activating` | before the old bytes are touched | see what is in place, then finish or undo |
//! | `activated` | after new and old bytes are on the disk under their names | the fresh version is on probation |
//! | `started`, `confirmed` | by the fresh version itself | it was started; it works |
//! | `committing` | before the record changes | complete the commit |
//! | `rolling-back` | before the fresh bytes are touched | complete the roll back |
//!
//! The end of whatever was in progress is that the file is removed.
//!
//! Layout: types, [`Progress`] (what the records add up to), text form. The file itself: `journal_file.rs`.

use std::path::Path;

use jiff::Timestamp;
use protocol::{Digest, Health, Version};
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::record::Kept;

/// The format this code writes and the only one it reads.
const FORMAT: u32 = 1;

/// What the header line begins with.
const HEADER: &str = "autoupdate-journal ";

/// The most starts that are remembered.
const MAX_STARTS_KEPT: usize = 16;

/// Verified new bytes that wait to be put in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// The version that was signed.
    pub version: Version,
    /// SHA-256, as signed.
    pub sha256: Digest,
    /// Length in bytes, as signed.
    pub length: u64,
}

impl Staged {
    /// The same bytes, once they lie in place.
    pub(super) fn kept(&self) -> Kept {
        Kept { sha256: self.sha256, length: self.length, version: Some(self.version.clone()) }
    }
}

/// A fresh version that has yet to prove that it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probation {
    /// The bytes before.
    pub from: Kept,
    /// The bytes now in place.
    pub to: Staged,
    /// How it proves that it lives.
    pub health: Health,
    /// When the new bytes were put in place.
    pub since: Timestamp,
    /// When it was started since, as far as it told us.
    pub starts: Vec<Timestamp>,
    /// It said that it works.
    pub confirmed: bool,
}

/// Why a version is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollBackReason {
    /// It did not prove that it lives. Its digest joins `bad`: it is never offered here again.
    Bad,
    /// A person wants the previous version. The undone version is held.
    ByPerson,
    /// Whether it lives could not be found out, through no fault of its own. Nothing is remembered.
    Unproven,
    /// The publisher recalled it. Nothing is remembered: the publisher's rollout says when it is offered again.
    Recalled,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub(super) enum Entry {
    Staged { staged: Staged, base: Digest },
    Activating { from: Kept, to: Staged, health: Health, at: Timestamp },
    Activated,
    Started { at: Timestamp },
    Confirmed { sha256: Digest },
    Committing,
    RollingBack { undone: Kept, restored: Kept, why: RollBackReason },
}

/// What the records add up to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Progress {
    #[default]
    Nothing,
    Staged {
        staged: Staged,
        base: Digest,
    },
    Activating(Probation),
    Probation(Probation),
    Committing(Probation),
    RollingBack {
        undone: Kept,
        restored: Kept,
        why: RollBackReason,
    },
}

impl Progress {
    /// Adds the records up. A record that makes no sense where it stands changes nothing.
    pub(super) fn of(entries: &[Entry]) -> Self {
        entries.iter().fold(Self::Nothing, Self::after)
    }

    fn after(self, entry: &Entry) -> Self {
        match (self, entry) {
            (Self::Nothing | Self::Staged { .. }, Entry::Staged { staged, base }) => {
                Self::Staged { staged: staged.clone(), base: *base }
            }
            (Self::Staged { staged, .. }, Entry::Activating { from, to, health, at }) if staged == *to => {
                Self::Activating(Probation {
                    from: from.clone(),
                    to: to.clone(),
                    health: health.clone(),
                    since: *at,
                    starts: Vec::new(),
                    confirmed: false,
                })
            }
            (Self::Activating(probation), Entry::Activated) => Self::Probation(probation),
            (Self::Probation(mut probation), Entry::Started { at }) => {
                if probation.starts.len() < MAX_STARTS_KEPT {
                    probation.starts.push(*at);
                }
                Self::Probation(probation)
            }
            (Self::Probation(mut probation), Entry::Confirmed { sha256 }) => {
                probation.confirmed |= probation.to.sha256 == *sha256;
                Self::Probation(probation)
            }
            (Self::Probation(probation), Entry::Committing) => Self::Committing(probation),
            (Self::Nothing | Self::Probation(_), Entry::RollingBack { undone, restored, why }) => {
                Self::RollingBack { undone: undone.clone(), restored: restored.clone(), why: *why }
            }
            (
                progress @ (Self::Nothing
                | Self::Staged { .. }
                | Self::Activating(_)
                | Self::Probation(_)
                | Self::Committing(_)
                | Self::RollingBack { .. }),
                Entry::Staged { .. }
                | Entry::Activating { .. }
                | Entry::Activated
                | Entry::Started { .. }
                | Entry::Confirmed { .. }
                | Entry::Committing
                | Entry::RollingBack { .. },
            ) => progress,
        }
    }

    /// The fewest records that add up to this.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let activation = |p: &Probation| {
            vec![
                Entry::Staged { staged: p.to.clone(), base: p.from.sha256 },
                Entry::Activating {
                    from: p.from.clone(),
                    to: p.to.clone(),
                    health: p.health.clone(),
                    at: p.since,
                },
            ]
        };
        let probation = |p: &Probation| {
            let mut entries = activation(p);
            entries.push(Entry::Activated);
            entries.extend(p.starts.iter().map(|at| Entry::Started { at: *at }));
            entries.extend(p.confirmed.then_some(Entry::Confirmed { sha256: p.to.sha256 }));
            entries
        };
        match self {
            Self::Nothing => Vec::new(),
            Self::Staged { staged, base } => vec![Entry::Staged { staged: staged.clone(), base: *base }],
            Self::Activating(p) => activation(p),
            Self::Probation(p) => probation(p),
            Self::Committing(p) => {
                let mut entries = probation(p);
                entries.push(Entry::Committing);
                entries
            }
            Self::RollingBack { undone, restored, why } => {
                vec![Entry::RollingBack { undone: undone.clone(), restored: restored.clone(), why: *why }]
            }
        }
    }

    /// The version of the bytes `sha256`, if what is in progress names it.
    pub(super) fn version_of(&self, sha256: &Digest) -> Option<&Version> {
        let of = |kept: &'_ Kept| kept.sha256 == *sha256;
        match self {
            Self::Nothing => None,
            Self::Staged { staged, .. } => (staged.sha256 == *sha256).then_some(&staged.version),
            Self::Activating(p) | Self::Probation(p) | Self::Committing(p) => {
                if p.to.sha256 == *sha256 {
                    Some(&p.to.version)
                } else {
                    p.from.version.as_ref().filter(|_| of(&p.from))
                }
            }
            Self::RollingBack { undone, restored, .. } => {
                [undone, restored].into_iter().find(|kept| of(kept))?.version.as_ref()
            }
        }
    }
}

/// What a journal's text holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) entries: Vec<Entry>,
    /// Something in it is torn, so it must be written anew before anything is appended.
    pub(super) torn: bool,
}

/// Reads a journal's text as far as it is whole.
///
/// # Errors
/// [`Error::Newer`] for another format, and for a record with a good checksum that this code does not know.
pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Parsed, Error> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').map(whole_line);
    let mut parsed = Parsed::default();
    match lines.next() {
        None => return Ok(parsed),
        Some(header) => match header.and_then(|line| line.strip_prefix(HEADER)).map(str::parse::<u32>) {
            Some(Ok(FORMAT)) => {}
            Some(Ok(format)) => return Err(Error::Newer { path: path.to_owned(), format }),
            Some(Err(_)) | None => return Ok(Parsed { torn: true, ..parsed }),
        },
    }
    for line in lines {
        let Some(json) = line.and_then(checked) else {
            parsed.torn = true;
            break;
        };
        match serde_json::from_str(json) {
            Ok(entry) => parsed.entries.push(entry),
            Err(_) => return Err(Error::Newer { path: path.to_owned(), format: FORMAT }),
        }
    }
    Ok(parsed)
}

/// The text of a whole journal.
pub(super) fn text(entries: &[Entry]) -> String {
    entries.iter().fold(format!("{HEADER}{FORMAT}\n"), |text, entry| text + &line(entry))
}

/// The text of one record.
pub(super) fn line(entry: &Entry) -> String {
    // Digests, versions, paths-free health rules: there is nothing in a record that JSON could refuse.
    let json = serde_json::to_string(entry).unwrap_or_default();
    format!("{} {json}\n", checksum(&json))
}

fn whole_line(line: &[u8]) -> Option<&str> {
    std::str::from_utf8(line.strip_suffix(b"\n")?).ok()
}

fn checked(line: &str) -> Option<&str> {
    let (sum, json) = line.split_once(' ')?;
    (sum == checksum(json)).then_some(json)
}

fn checksum(json: &str) -> String {
    let mut digits = Digest::of(json.as_bytes()).to_string();
    digits.truncate(16);
    digits
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
