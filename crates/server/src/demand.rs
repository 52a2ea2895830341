//! Which bases are still out there: from which artifacts clients ask for patches.
//!
//! It decides which patches are made first after a publication, and which old artifacts may go (`retention`). Rules:
//!
//! - only bytes that the tree holds are counted, so nobody can grow this by asking for what never was;
//! - a count fades, with a half-life of 30 days: what matters is who is out there now;
//! - it lies in `{data}/.state/{app}/demand.json`, written when the server looks after its apps and when it stops. A file that
//!   is lost or damaged costs the order of patches for a while, and puts off what `retention` would delete, because the file
//!   also says since when anybody has counted.

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use protocol::Digest;
use serde::{Deserialize, Serialize};

use crate::disk;

/// The format version that is written and read.
const FORMAT: u32 = 1;
/// In this time a count loses half of its weight, in seconds.
const HALF_LIFE: f64 = 30.0 * 86_400.0;
/// The most bases that are counted: as many as a catalog holds.
const MAX_BASES: usize = 20_000;
/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 8 << 20;

/// The demand for the bases of one app.
pub(crate) struct Demand {
    file: PathBuf,
    inside: Mutex<Inside>,
}

#[derive(Debug, Clone, PartialEq)]
struct Inside {
    since: Timestamp,
    bases: HashMap<Digest, Asked>,
    changed: bool,
}

/// How often a base was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Asked {
    /// The faded count, as of `last`.
    count: f64,
    /// When it was asked for last.
    last: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct File {
    format: u32,
    since: Timestamp,
    bases: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    base: Digest,
    #[serde(flatten)]
    asked: Asked,
}

impl Demand {
    /// Reads what was counted, or begins now. Blocks.
    pub(crate) fn open(file: PathBuf, now: Timestamp) -> Self {
        let inside = read(&file).unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(file = %file.display(), %error, "what was asked for is counted anew");
            }
            Inside { since: now, bases: HashMap::new(), changed: true }
        });
        Self { file, inside: Mutex::new(inside) }
    }

    /// Somebody asks for a patch from these bytes, which the tree holds.
    pub(crate) fn note(&self, base: &Digest, now: Timestamp) {
        let mut inside = self.lock();
        if inside.bases.len() >= MAX_BASES && !inside.bases.contains_key(base) {
            return;
        }
        inside.changed = true;
        let asked = inside.bases.entry(*base).or_insert(Asked { count: 0.0, last: now });
        asked.count = asked.faded(now) + 1.0;
        asked.last = asked.last.max(now);
    }

    /// How much a base is asked for now; 0 for one that nobody asked for.
    pub(crate) fn of(&self, base: &Digest, now: Timestamp) -> f64 {
        self.lock().bases.get(base).map_or(0.0, |asked| asked.faded(now))
    }

    /// Whether it is certain that nobody has asked for a base since `edge`: only if somebody has counted since before.
    pub(crate) fn is_forgotten(&self, base: &Digest, edge: Timestamp) -> bool {
        let inside = self.lock();
        inside.since <= edge && inside.bases.get(base).is_none_or(|asked| asked.last < edge)
    }

    /// Writes what was counted, if that changed. Bases for which `held` says no are left out. Blocks.
    pub(crate) fn save(&self, held: impl Fn(&Digest) -> bool) -> io::Result<()> {
        let text = {
            let mut inside = self.lock();
            if !inside.changed {
                return Ok(());
            }
            inside.bases.retain(|base, _| held(base));
            inside.changed = false;
            let mut bases: Vec<Line> =
                inside.bases.iter().map(|(base, asked)| Line { base: *base, asked: *asked }).collect();
            bases.sort_unstable_by_key(|line| line.base);
            serde_json::to_vec(&File { format: FORMAT, since: inside.since, bases })?
        };
        let written = disk::write(&self.file, &text);
        if written.is_err() {
            self.lock().changed = true;
        }
        written
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked {
    fn faded(&self, now: Timestamp) -> f64 {
        let seconds = now.duration_since(self.last).as_secs_f64().max(0.0);
        self.count * (-seconds / HALF_LIFE).exp2()
    }
}

fn read(file: &std::path::Path) -> io::Result<Inside> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let file: File = serde_json::from_slice(&bytes)?;
    if file.format != FORMAT {
        return Err(io::Error::other(format!("format {} is not known here, only {FORMAT}", file.format)));
    }
    let bases = file.bases.into_iter().take(MAX_BASES).filter(|line| line.asked.count.is_finite());
    let bases = bases.map(|line| (line.base, line.asked)).collect();
    Ok(Inside { since: file.since, bases, changed: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    #[test]
    fn counts_fade_and_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/demand.json");
        let [much, little, gone] = ["much", "little", "gone"].map(|text| Digest::of(text.as_bytes()));
        let demand = Demand::open(file.clone(), at(0));
        for _ in 0..8 {
            demand.note(&much, at(0));
        }
        demand.note(&little, at(30));
        demand.note(&gone, at(30));
        assert!((demand.of(&much, at(60)) - 2.0).abs() < 1e-9);
        assert!((demand.of(&little, at(60)) - 0.5).abs() < 1e-9);
        demand.save(|base| *base != gone).unwrap();
        let again = Demand::open(file, at(100));
        assert!((again.of(&much, at(60)) - 2.0).abs() < 1e-9);
        assert!(again.of(&gone, at(60)) == 0.0);
        // Counted since day 0.
        assert!(again.is_forgotten(&much, at(1)) && !again.is_forgotten(&much, at(0)));
        assert!(!again.is_forgotten(&little, at(30)) && again.is_forgotten(&little, at(31)));
    }

    #[test]
    fn nothing_is_forgotten_before_anybody_has_counted_for_so_long() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("demand.json");
        let base = Digest::of(b"base");
        std::fs::write(&file, "{\"format\": 9}").unwrap();
        let demand = Demand::open(file.clone(), at(50));
        assert!(!demand.is_forgotten(&base, at(49)) && demand.is_forgotten(&base, at(50)));
        demand.save(|_| true).unwrap();
        assert!(Demand::open(file, at(90)).is_forgotten(&base, at(50)));
    }

    #[test]
    fn format_1_is_read_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("demand.json");
        let golden = include_str!("../fixtures/v1/demand.json");
        std::fs::write(&file, golden).unwrap();
        let demand = Demand::open(file, at(21_000));
        let base = Digest::of(b"the first base");
        assert!((demand.of(&base, at(20_500)) - 3.5).abs() < 1e-9, "{}", demand.of(&base, at(20_500)));
        assert!(demand.is_forgotten(&Digest::of(b"another"), at(20_400)));
    }
}
