//! Which bases are still out there: from which artifacts clients ask for patches.
//!
//! It decides which patches are made first after a publication, and which old artifacts may go (`retention`). Rules:
//!
//! - only bytes that the tree holds are counted, so nobody can grow this by asking for what never was;
//! - a count fades, with a half-life of 30 days: what matters is who is out there now;
//! - it lies in `{data}/.state/{app}/demand.json`, written when the server looks after its apps and when it stops. A file that
//!   is lost or damaged costs the order of patches for a while, and puts off what `retention` would delete, because the file
//!   also says since when anybody has counted;
//! - servers that share a bucket tell each other ([`in_bucket`]), and each goes by what all have counted.

pub(crate) mod in_bucket;

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

struct Inside {
    counted: Counted,
    /// What other servers have not been told yet.
    news: Bases,
    changed: bool,
}

/// What was counted, by base.
type Bases = HashMap<Digest, Asked>;

/// What was counted, and since when.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counted {
    since: Timestamp,
    bases: Bases,
}

/// How often a base was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
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
        let read = read(&file);
        let changed = read.is_err();
        let counted = read.unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(file = %file.display(), %error, "what was asked for is counted anew");
            }
            Counted::begin(now)
        });
        // Whether others know of it nobody knows. When it was asked for can be said twice, how often cannot.
        let again = |(base, asked): (&Digest, &Asked)| (*base, Asked { count: 0.0, ..*asked });
        let news = counted.bases.iter().map(again).collect();
        Self { file, inside: Mutex::new(Inside { counted, news, changed }) }
    }

    /// Somebody asks for a patch from these bytes, which the tree holds.
    pub(crate) fn note(&self, base: &Digest, now: Timestamp) {
        let mut inside = self.lock();
        let once = Bases::from([(*base, Asked { count: 1.0, last: now })]);
        if add(&mut inside.counted.bases, &once) {
            inside.changed = true;
            add(&mut inside.news, &once);
        }
    }

    /// How much a base is asked for now; 0 for one that nobody asked for.
    pub(crate) fn of(&self, base: &Digest, now: Timestamp) -> f64 {
        self.lock().counted.bases.get(base).map_or(0.0, |asked| asked.faded(now))
    }

    /// All that was counted.
    pub(crate) fn counted(&self) -> Counted {
        self.lock().counted.clone()
    }

    /// Writes what was counted, if that changed. Bases for which `held` says no are left out. Blocks.
    pub(crate) fn save(&self, held: impl Fn(&Digest) -> bool) -> io::Result<()> {
        let text = {
            let mut inside = self.lock();
            if !inside.changed {
                return Ok(());
            }
            inside.counted.bases.retain(|base, _| held(base));
            inside.changed = false;
            inside.counted.to_bytes()?
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

impl Counted {
    fn begin(since: Timestamp) -> Self {
        Self { since, bases: Bases::new() }
    }

    /// Whether it is certain that nobody has asked for a base since `edge`: only if somebody has counted since before.
    pub(crate) fn is_forgotten(&self, base: &Digest, edge: Timestamp) -> bool {
        self.since <= edge && self.bases.get(base).is_none_or(|asked| asked.last < edge)
    }

    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let file: File = serde_json::from_slice(bytes)?;
        if file.format != FORMAT {
            return Err(io::Error::other(format!("format {} is not known here, only {FORMAT}", file.format)));
        }
        let bases = file.bases.into_iter().take(MAX_BASES).filter(|line| line.asked.count.is_finite());
        let bases = bases.map(|line| (line.base, line.asked)).collect();
        Ok(Self { since: file.since, bases })
    }

    fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bases: Vec<Line> =
            self.bases.iter().map(|(base, asked)| Line { base: *base, asked: *asked }).collect();
        bases.sort_unstable_by_key(|line| line.base);
        Ok(serde_json::to_vec(&File { format: FORMAT, since: self.since, bases })?)
    }
}

impl Asked {
    fn faded(&self, now: Timestamp) -> f64 {
        let seconds = now.duration_since(self.last).as_secs_f64().max(0.0);
        self.count * (-seconds / HALF_LIFE).exp2()
    }

    /// Both together.
    fn with(&self, other: &Self) -> Self {
        let last = self.last.max(other.last);
        Self { count: self.faded(last) + other.faded(last), last }
    }
}

/// Adds what was counted elsewhere, as far as there is room. True: that changed something.
fn add(bases: &mut Bases, more: &Bases) -> bool {
    let mut changed = false;
    for (base, asked) in more {
        let full = bases.len() >= MAX_BASES;
        match bases.get_mut(base) {
            // Nothing that is not known already.
            Some(known) if asked.count <= 0.0 && asked.last <= known.last => {}
            Some(known) => (*known, changed) = (known.with(asked), true),
            None if full => {}
            None => changed |= bases.insert(*base, *asked).is_none(),
        }
    }
    changed
}

fn read(file: &std::path::Path) -> io::Result<Counted> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Counted::parse(&bytes)
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
        assert!(again.counted().is_forgotten(&much, at(1)) && !again.counted().is_forgotten(&much, at(0)));
        assert!(
            !again.counted().is_forgotten(&little, at(30)) && again.counted().is_forgotten(&little, at(31))
        );
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        // Among so many are some that a quick reader of decimal numbers misses by the last bit.
        let base = |n: u32| Digest::of(&n.to_le_bytes());
        let asked = |n: u32| Asked { count: 1.0 + f64::from(n).sqrt() / 7.0, last: at(1) };
        let counted = Counted { since: at(0), bases: (0..1000).map(|n| (base(n), asked(n))).collect() };
        assert!(Counted::parse(&counted.to_bytes().unwrap()).unwrap() == counted);
    }

    #[test]
    fn nothing_is_forgotten_before_anybody_has_counted_for_so_long() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("demand.json");
        let base = Digest::of(b"base");
        std::fs::write(&file, "{\"format\": 9}").unwrap();
        let demand = Demand::open(file.clone(), at(50));
        assert!(
            !demand.counted().is_forgotten(&base, at(49)) && demand.counted().is_forgotten(&base, at(50))
        );
        demand.save(|_| true).unwrap();
        assert!(Demand::open(file, at(90)).counted().is_forgotten(&base, at(50)));
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
        assert!(demand.counted().is_forgotten(&Digest::of(b"another"), at(20_400)));
    }
}
