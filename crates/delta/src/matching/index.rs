//! The sorted suffixes of the base, and the search for the longest match in them.
//!
//! A search in a suffix array of a large file waits for memory at every step. So the first eight bytes of every 32nd
//! suffix stand in an array of their own, which fits into the cache: most steps of a search are done there.

use std::cmp::Ordering;
use std::io;

use libsais::SuffixArrayConstruction;

use super::common;
use crate::Error;

/// So many searches go on side by side.
pub(super) const LANES: usize = 8;
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

/// What to search for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Query<'a> {
    /// Bytes of the artifact; nothing is found for none.
    pub(super) text: &'a [u8],
    /// Where in the base a match would be welcome.
    pub(super) near: usize,
}

/// A search in the suffixes.
struct Lane<'a> {
    text: &'a [u8],
    near: usize,
    /// The suffixes before this one are below the text.
    low: usize,
    /// This suffix and those behind it are above the text.
    high: usize,
    /// How many bytes the suffix before `low` has in common with the text.
    low_same: usize,
    /// How many bytes the suffix at `high` has in common with the text.
    high_same: usize,
    /// The longest match so far.
    found: Match,
    /// The rank of its suffix.
    rank: usize,
}

impl<'a> Lane<'a> {
    fn new(query: Query<'a>) -> Self {
        let text = query.text.get(..LONGEST).unwrap_or(query.text);
        let found = Match { position: 0, length: 0 };
        Self { text, near: query.near, low: 0, high: 0, low_same: 0, high_same: 0, found, rank: 0 }
    }

    fn middle(&self) -> usize {
        self.low.midpoint(self.high)
    }

    /// How many bytes the suffix in the middle certainly has in common with the text.
    fn known(&self) -> usize {
        self.low_same.min(self.high_same)
    }

    /// Takes in how the suffix in the middle compares.
    fn step(&mut self, start: usize, same: usize, order: Ordering) {
        let middle = self.middle();
        if same > self.found.length {
            (self.found, self.rank) = (Match { position: start, length: same }, middle);
        }
        match order {
            Ordering::Less => (self.low, self.low_same) = (middle + 1, same),
            Ordering::Greater => (self.high, self.high_same) = (middle, same),
            Ordering::Equal => self.low = self.high,
        }
    }
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

    /// For each query the longest match of the start of its text; of several ones that are as long, one that is near.
    ///
    /// The searches go on side by side, so that one need not wait for memory after the other.
    pub(super) fn longest(&self, queries: [Query<'_>; LANES]) -> [Match; LANES] {
        let mut lanes = self.narrow(queries);
        loop {
            let starts = lanes.each_ref().map(|lane| self.start(lane.middle()));
            let mut words = [0; LANES];
            for ((word, start), lane) in words.iter_mut().zip(starts).zip(&lanes) {
                *word = word_at(self.base, start + lane.known());
            }
            let mut searching = false;
            for ((word, start), lane) in words.into_iter().zip(starts).zip(&mut lanes) {
                if lane.low < lane.high {
                    searching = true;
                    let (same, order) = self.compare(start, lane.text, lane.known(), word);
                    lane.step(start, same, order);
                }
            }
            if !searching {
                return lanes.map(|lane| self.nearest(&lane));
            }
        }
    }

    /// Where the searches start: what the keys say.
    fn narrow<'q>(&self, queries: [Query<'q>; LANES]) -> [Lane<'q>; LANES] {
        let firsts = queries.each_ref().map(|query| key(query.text));
        let head_at = |head: usize| self.heads.get(head).map_or(0, |at| *at as usize);
        let mut ranges = firsts.map(|first| (head_at(head(first)), head_at(head(first) + 1)));
        let ends = ranges.map(|(_, end)| end);
        while ranges.iter().any(|(low, high)| low < high) {
            for ((low, high), first) in ranges.iter_mut().zip(firsts) {
                let middle = low.midpoint(*high);
                match self.keys.get(middle) {
                    _ if low >= high => {}
                    Some(key) if *key < first => *low = middle + 1,
                    _ => *high = middle,
                }
            }
        }
        let mut lanes = queries.map(Lane::new);
        for (((lane, (start, _)), end), first) in lanes.iter_mut().zip(ranges).zip(ends).zip(firsts) {
            let same = self.keys.get(start..end).unwrap_or_default();
            let mut after = start;
            if same.first() == Some(&first) {
                after += same.partition_point(|key| *key == first);
            }
            if !lane.text.is_empty() {
                lane.low = start.saturating_sub(1) * SAMPLE;
                lane.high = (after * SAMPLE + 1).min(self.suffixes.len());
            }
        }
        lanes
    }

    /// Looks among the neighbours of a match for one that is as long, and nearer.
    ///
    /// Those that are as long stand together. A neighbour that is not nearer is not compared, because that would be
    /// a wait for memory; so one that is nearer and shorter ends the search, and nothing else does.
    fn nearest(&self, lane: &Lane) -> Match {
        let Lane { found, rank, near, .. } = *lane;
        if found.length == 0 || found.length == LONGEST {
            return found;
        }
        let text = lane.text.get(..found.length).unwrap_or(lane.text);
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

    /// How many bytes a suffix has in common with the text, and how it compares. So many bytes are known to be the
    /// same, and the eight bytes that follow in the suffix.
    fn compare(&self, start: usize, text: &[u8], known: usize, word: u64) -> (usize, Ordering) {
        let suffix = self.base.get(start + known..).unwrap_or_default();
        let rest = text.get(known..).unwrap_or_default();
        let differ = word ^ word_at(text, known);
        if differ != 0 && suffix.len() >= 8 && rest.len() >= 8 {
            common::count(1);
            let order = word.swap_bytes().cmp(&(word ^ differ).swap_bytes());
            return (known + (differ.trailing_zeros() / 8) as usize, order);
        }
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

/// Eight bytes as they stand; zero, where there are fewer.
fn word_at(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.map_or(0, |word| u64::from_le_bytes(*word))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(base: &[u8], texts: [&[u8]; LANES], near: usize) {
        let found = Index::new(base).unwrap().longest(texts.map(|text| Query { text, near }));
        for (found, text) in found.into_iter().zip(texts) {
            let longest = (0..base.len()).map(|start| common::prefix(&base[start..], text)).max();
            assert_eq!(found.length, longest.unwrap().min(LONGEST), "{text:?}");
            assert_eq!(text[..found.length], base[found.position..found.position + found.length]);
        }
    }

    #[test]
    fn the_nearest_of_the_longest() {
        let base = b"abcdefgh-abcdefgh-abcdefgh!".repeat(2);
        let index = Index::new(&base).unwrap();
        for near in 0..base.len() {
            let found = index.longest([Query { text: b"abcdefgh?", near }; LANES])[0];
            let distance = [0, 9, 18, 27, 36, 45].into_iter().map(|start: usize| start.abs_diff(near)).min();
            assert_eq!(Some(found.position.abs_diff(near)), distance, "{near}");
            assert_eq!(found.length, 8);
        }
    }

    #[test]
    fn long_matches_are_cut() {
        let base = vec![5; 3 * LONGEST];
        check(&base, [&base; LANES], 0);
    }

    proptest! {
        #[test]
        fn as_long_as_there_are(
            base in prop::collection::vec(0..4u8, 1..400),
            texts in prop::array::uniform8(prop::collection::vec(0..4u8, 0..40)),
            near in 0..500usize,
        ) {
            check(&base, texts.each_ref().map(Vec::as_slice), near);
        }

        #[test]
        fn pieces_of_the_base(
            base in prop::collection::vec(any::<u8>(), 100..2_000),
            starts in prop::array::uniform8(any::<prop::sample::Index>()),
        ) {
            check(&base, starts.map(|start| &base[start.index(base.len())..]), 0);
        }
    }
}
