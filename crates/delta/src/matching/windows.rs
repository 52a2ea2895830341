//! Which part of a large base to sort for which part of the artifact, when memory is not enough for all of it.
//!
//! The artifact is cut into stretches. A quick look counts, for each stretch, which parts of the base have bytes of it
//! (every so many bytes of the base a window of bytes is remembered); the stretch is then matched with the part of the
//! base that has the most. Files of releases keep their order, mostly, so a part of the right length is nearly as good
//! as the whole.

use std::ops::Range;

use super::known::Known;

/// The suffixes of the base take so many bytes of memory for each of its bytes, rounded up.
const PER_BYTE: u64 = 5;
/// The shortest part of a base that is worth sorting, in bytes.
const SHORTEST: usize = 1 << 20;
/// A part of the base is cut into so many shares, and begins with one.
const SHARES: usize = 16;

/// What to match with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pairing {
    /// The part of the base.
    pub(super) base: Range<usize>,
    /// The part of the artifact.
    pub(super) artifact: Range<usize>,
}

/// Parts of the artifact, in order and without gaps, each with a part of the base that fits into `memory` when it is
/// sorted.
pub(super) fn pair(base: &[u8], artifact: &[u8], memory: u64) -> Vec<Pairing> {
    let length = usize::try_from(memory / PER_BYTE).unwrap_or(usize::MAX).max(SHORTEST);
    if base.len() <= length {
        return vec![Pairing { base: 0..base.len(), artifact: 0..artifact.len() }];
    }
    let stretch = length / 2;
    let share = length / SHARES;
    let known = Known::new(base);
    let starts = (0..artifact.len()).step_by(stretch);
    let pairing = |start: usize| {
        let part = start..artifact.len().min(start + stretch);
        let mut hits = vec![0u64; base.len().div_ceil(share)];
        for at in known.found(artifact.get(part.clone()).unwrap_or_default()) {
            if let Some(hits) = hits.get_mut(at / share) {
                *hits += 1;
            }
        }
        // Of runs with as many hits the one that is nearest to where the stretch is itself.
        let here = (part.start + part.len() / 2).saturating_sub(length / 2) / share;
        let runs = hits.len().saturating_sub(SHARES - 1).max(1);
        let sum = |run: usize| hits.iter().skip(run).take(SHARES).sum::<u64>();
        let best = (0..runs).max_by_key(|run| (sum(*run), usize::MAX - run.abs_diff(here))).unwrap_or(0);
        let from = best * share;
        Pairing { base: from..base.len().min(from + length), artifact: part }
    };
    starts.map(pairing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::noise;

    #[test]
    fn stretches_meet_what_they_come_from() {
        let base = noise(1, 6 << 20);
        // Two halves that changed their places.
        let artifact = [&base[3 << 20..], &base[..3 << 20]].concat();
        assert_eq!(pair(&base, &artifact, 1 << 30).len(), 1);
        let pairs = pair(&base, &artifact, 10 << 20);
        let mut end = 0;
        for Pairing { base: from, artifact: part } in &pairs {
            assert_eq!(part.start, end);
            end = part.end;
            assert!(from.len() <= 2 << 20 && from.end <= base.len());
            let middle = part.start + part.len() / 2;
            assert!(from.contains(&((middle + (3 << 20)) % (6 << 20))), "{part:?} with {from:?}");
        }
        assert_eq!(end, artifact.len());
        assert_eq!(pair(&base, &[], 10 << 20), []);
    }
}
