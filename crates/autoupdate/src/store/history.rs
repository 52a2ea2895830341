//! What happened on this machine: one JSON line per event, newest last, bounded.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use jiff::Timestamp;
use protocol::{AppId, Digest, Version};
use serde::{Deserialize, Serialize};

use super::lock::Lock;
use super::{Error, atomic};

/// The version of a line that this code writes.
const FORMAT: u32 = 1;
/// When the file is longer, its older half goes. In bytes; about 2,000 events.
const MAX_BYTES: u64 = 512 << 10;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A new version proved that it lives.
    Updated {
        /// The version before, if it was known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Version>,
        /// The version now.
        to: Version,
        /// The route of its bytes, for example `patch bsz1`.
        route: String,
        /// Bytes that were fetched.
        bytes_fetched: u64,
        /// Bytes that a full download would have been.
        full_bytes: u64,
        /// From the start of the download to the commit, in seconds.
        seconds: u64,
        /// It was the version that should have been there, in place of damaged bytes.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        repaired: bool,
        /// SHA-256 before.
        sha256_before: Digest,
        /// SHA-256 after.
        sha256_after: Digest,
    },
    /// The previous version came back.
    RolledBack {
        /// The version that went.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Version>,
        /// The version that came back, if it was known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Version>,
        /// Why, as a stable word such as `probe-failed` or `by-person`.
        why: String,
    },
    /// An attempt failed.
    Failed {
        /// The version that was wanted, if it got that far.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<Version>,
        /// The stable code.
        code: String,
        /// The text that the log had.
        text: String,
    },
    /// A route was given up for the next one.
    FellBack {
        /// The version.
        version: Version,
        /// The route that was given up.
        route: String,
        /// The stable code.
        code: String,
    },
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The app.
    pub app: AppId,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

#[derive(Serialize)]
struct Line<'a> {
    format: u32,
    #[serde(flatten)]
    entry: &'a Entry,
}

/// The history file.
#[derive(Debug, Clone)]
pub struct History {
    path: PathBuf,
}

impl History {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Adds a line and syncs it.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn append(&self, entry: &Entry) -> Result<(), Error> {
        let failed = |source| Error::write(&self.path, source);
        // A line that is added while another process shortens the file would be lost.
        let _lock = Lock::of(&self.path)?;
        self.shorten()?;
        let json = serde_json::to_string(&Line { format: FORMAT, entry });
        let line = json.map_err(|error| failed(io::Error::other(error)))?;
        let mut options = fs::OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path).map_err(failed)?;
        // A line break first: after a power cut the last line may be half, and must not swallow this one.
        file.write_all(format!("\n{line}\n").as_bytes()).and_then(|()| file.sync_data()).map_err(failed)
    }

    /// The last `count` events, oldest first. Lines that are damaged or of a newer format are left out.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn last(&self, count: usize) -> Result<Vec<Entry>, Error> {
        // Twice the length: an append may pass the limit by one line before the next one shortens the file.
        let Some(bytes) = atomic::read(&self.path, 2 * MAX_BYTES)? else { return Ok(Vec::new()) };
        let text = String::from_utf8_lossy(&bytes);
        let mut entries: Vec<_> = text.lines().rev().filter_map(parse).take(count).collect();
        entries.reverse();
        Ok(entries)
    }

    /// Drops the older half of a file that has become too long.
    fn shorten(&self) -> Result<(), Error> {
        let long = fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() > MAX_BYTES);
        if !long {
            return Ok(());
        }
        let Some(bytes) = atomic::read(&self.path, 2 * MAX_BYTES)? else { return Ok(()) };
        let later = bytes.get(bytes.len() / 2..).unwrap_or_default();
        // Begin at a whole line.
        let begin = later.iter().position(|byte| *byte == b'\n').map_or(later.len(), |at| at + 1);
        atomic::write(&self.path, later.get(begin..).unwrap_or_default())
    }
}

fn parse(line: &str) -> Option<Entry> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let version: Version = serde_json::from_str(line).ok()?;
    if version.format != FORMAT {
        return None;
    }
    serde_json::from_str(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(second: i64, code: &str) -> Entry {
        Entry {
            at: Timestamp::from_second(second).unwrap(),
            app: AppId::parse("demo").unwrap(),
            event: Event::Failed { version: None, code: code.to_owned(), text: "no".to_owned() },
        }
    }

    #[test]
    fn damaged_and_foreign_lines_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::at(folder.path().join("h/history.jsonl"));
        assert_eq!(history.last(10).unwrap(), []);
        history.append(&entry(1, "E-A")).unwrap();
        let mut file = fs::OpenOptions::new().append(true).open(&history.path).unwrap();
        file.write_all(b"{\"format\":2,\"new\":true}\n\xff\xfe\n{\"format\":1,\"at\":\"20").unwrap();
        history.append(&entry(2, "E-B")).unwrap();
        assert_eq!(history.last(10).unwrap(), [entry(1, "E-A"), entry(2, "E-B")]);
        assert_eq!(history.last(1).unwrap(), [entry(2, "E-B")]);
    }

    #[test]
    fn the_file_stays_bounded_and_keeps_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::at(folder.path().join("history.jsonl"));
        let long = "x".repeat(60 << 10);
        for second in 0..30 {
            history.append(&entry(second, &long)).unwrap();
        }
        assert!(fs::metadata(&history.path).unwrap().len() < 2 * MAX_BYTES);
        let last = history.last(3).unwrap();
        assert_eq!(last.iter().map(|entry| entry.at.as_second()).collect::<Vec<_>>(), [27, 28, 29]);
    }

    #[test]
    fn many_may_append_at_once_and_no_new_line_is_lost() {
        const WRITERS: i64 = 4;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.jsonl");
        // What all of them write in one round is less than what is kept when the file is shortened.
        let long = "x".repeat(30 << 10);
        for round in 0..12 {
            std::thread::scope(|scope| {
                for writer in 0..WRITERS {
                    let (history, long) = (History::at(path.clone()), &long);
                    scope.spawn(move || history.append(&entry(round * WRITERS + writer, long)).unwrap());
                }
            });
            let last = History::at(path.clone()).last(WRITERS as usize).unwrap();
            let mut seconds: Vec<_> = last.iter().map(|entry| entry.at.as_second()).collect();
            seconds.sort_unstable();
            assert_eq!(seconds, (round * WRITERS..(round + 1) * WRITERS).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_golden_file_of_format_1_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::at(folder.path().join("history.jsonl"));
        fs::write(&history.path, include_str!("../../fixtures/v1/history.jsonl")).unwrap();
        let entries = history.last(10).unwrap();
        assert_eq!(entries.len(), 5, "{entries:?}");
        for entry in entries {
            history.append(&entry).unwrap();
        }
        let text = fs::read_to_string(&history.path).unwrap();
        let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines[..5], lines[5..], "what is written today is what format 1 was");
    }
}
