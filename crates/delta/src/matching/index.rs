//! The sorted suffixes of the base, and the search for the longest match in them.
//!
//! A search in a suffix array of a large file waits for memory at every step. So the first eight bytes of every 32nd
//! suffix stand in an array of their own, which fits into the cache: most steps of a search are done there.

use std::cmp::Ordering;
use std::io;

use libsais::SuffixArrayConstruction;

use super::common;
use crate::Error;

/// One suffix of so many has its first bytes in [`Index::keys`].
const SAMPLE: usize = 32;
/// So many values have the first two bytes.
const HEADS: usize = 1 << 16;
/// The most bytes of a match that a search compares. Longer matches go on where this one ends.
const LONGEST: usize = 4 << 10;
/// So many neighbours on each side are looked at for one that is nearer and as long.
const NEIGHBOURS: usize = 32;

/// A file, sorted.
pub(super) struct Index<'a> {
    base: &'a [u8],
    /// Where suffixes start, in the order of the suffixes.
    suffixes: Vec<i32>,
    /// The first eight bytes of every 32nd suffix.
    keys: Vec<u64>,
    /// For each value of the first two bytes, how many keys are below it; and how many there are.
    heads: Vec<u32>,
}

/// A place in the base where bytes of the artifact are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    /// Where it starts in the base.
    pub(super) position: usize,
    /// How many bytes are the same.
    pub(super) length: usize,
}

impl<'a> Index<'a> {
    /// Sorts a file that is not empty.
    pub(super) fn new(base: &'a [u8]) -> Result<Self, Error> {
        let failed = |error| {
            Error::Match(match error {
                libsais::LibsaisError::OutOfMemory => io::ErrorKind::OutOfMemory.into(),
                _ => io::ErrorKind::Other.into(),
            })
        };
        if base.len() > libsais::LIBSAIS_I32_OUTPUT_MAXIMUM_SIZE {
            return Err(Error::Match(io::ErrorKind::FileTooLarge.into()));
        }
        let sorting = SuffixArrayConstruction::for_text(base).in_owned_buffer32().single_threaded();
        let suffixes = sorting.run().map_err(failed)?.into_vec();
        let keys: Vec<u64> = suffixes.iter().step_by(SAMPLE).map(|start| key(tail(base, *start))).collect();
        let mut heads = Vec::with_capacity(HEADS + 2);
        for (below, key) in (0..).zip(&keys) {
            heads.resize(heads.len().max(head(*key) + 1), below);
        }
        heads.resize(HEADS + 1, u32::try_from(keys.len()).unwrap_or(u32::MAX));
        Ok(Self { base, suffixes, keys, heads })
    }

    /// The file.
    pub(super) fn base(&self) -> &'a [u8] {
        self.base
    }

    /// The longest match of the start of `text`; of several ones that are as long, one that is near to `near`.
    pub(super) fn longest(&self, text: &[u8], near: usize) -> Match {
        let text = text.get(..LONGEST).unwrap_or(text);
        let first = key(text);
        let [from, to] =
            [head(first), head(first) + 1].map(|head| self.heads.get(head).map_or(0, |at| *at as usize));
        let keys = self.keys.get(from..to).unwrap_or_default();
        let before = from + keys.partition_point(|key| *key < first);
        let keys = self.keys.get(before..to).unwrap_or_default();
        let after = if keys.first() == Some(&first) {
            before + keys.partition_point(|key| *key == first)
        } else {
            before
        };
        // The suffix at `low` is below the text, or the first one; that at `high` is above it, or past the last one.
        let mut low = before.saturating_sub(1) * SAMPLE;
        let mut high = (after * SAMPLE).min(self.suffixes.len());
        let (mut low_same, mut high_same) = (0, 0);
        let mut best = (Match { position: 0, length: 0 }, low);
        while low < high {
            let middle = low.midpoint(high);
            let (same, order) = self.compare(middle, text, low_same.min(high_same));
            if same > best.0.length {
                best = (Match { position: self.start(middle), length: same }, middle);
            }
            match order {
                Ordering::Less => (low, low_same) = (middle + 1, same),
                Ordering::Greater => (high, high_same) = (middle, same),
                Ordering::Equal => break,
            }
        }
        self.nearest(text, best, near)
    }

    /// Looks among the neighbours of a match for one that is as long, and nearer.
    ///
    /// Those that are as long stand together. A neighbour that is not nearer is not compared, because that would be
    /// a wait for memory; so one that is nearer and shorter ends the search, and nothing else does.
    fn nearest(&self, text: &[u8], (found, rank): (Match, usize), near: usize) -> Match {
        if found.length == 0 || found.length == LONGEST {
            return found;
        }
        let text = text.get(..found.length).unwrap_or(text);
        let mut best = found;
        let mut look = |start: &i32| {
            common::count(1);
            let position = *start as usize;
            if position.abs_diff(near) >= best.position.abs_diff(near) {
                return true;
            }
            let same = common::prefix(tail(self.base, *start), text) == text.len();
            if same {
                best.position = position;
            }
            same
        };
        let before = self.suffixes.get(rank.saturating_sub(NEIGHBOURS)..rank).unwrap_or_default();
        let _ = before.iter().rev().all(&mut look);
        let after = self.suffixes.get(rank + 1..).unwrap_or_default();
        let _ = after.iter().take(NEIGHBOURS).all(&mut look);
        best
    }

    /// How many bytes the suffix of a rank has in common with the text, and how it compares. So many bytes are known
    /// to be the same.
    fn compare(&self, rank: usize, text: &[u8], known: usize) -> (usize, Ordering) {
        let suffix = self.base.get(self.start(rank) + known..).unwrap_or_default();
        let rest = text.get(known..).unwrap_or_default();
        let same = common::prefix(suffix, rest);
        let order = match (suffix.get(same), rest.get(same)) {
            (_, None) => Ordering::Equal,
            (suffix, text) => suffix.cmp(&text),
        };
        (known + same, order)
    }

    /// Where the suffix of a rank starts.
    fn start(&self, rank: usize) -> usize {
        self.suffixes.get(rank).map_or(0, |start| *start as usize)
    }
}

fn tail(base: &[u8], start: i32) -> &[u8] {
    base.get(start as usize..).unwrap_or_default()
}

/// The first two bytes of a key.
fn head(key: u64) -> usize {
    (key >> 48) as usize
}

/// The first eight bytes as a number that sorts like them; what is missing counts as zero.
fn key(text: &[u8]) -> u64 {
    if let Some(first) = text.first_chunk() {
        return u64::from_be_bytes(*first);
    }
    let mut first = [0; 8];
    first.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(first)
}
