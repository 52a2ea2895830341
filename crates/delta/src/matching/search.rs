//! Walks along a piece of the artifact and proposes where in the base its bytes may come from.

use std::ops::Range;

use super::index::Index;
use super::{Costs, common};

/// That a shift may hold from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Proposal {
    /// From this place in the artifact on.
    pub(super) from: usize,
    /// What to add to a place in the artifact for the place in the base; wraps around for what is negative.
    pub(super) shift: usize,
}

/// With so many bytes that are the same, a shift is followed without looking for a better one.
const FOLLOW: usize = 32;
/// Shorter matches are not worth a proposal.
const SHORTEST: usize = 7;
/// So many shifts are remembered, the current one first.
const RECENT: usize = 4;
/// A match of this length makes its shift one to remember.
const CLEAR: usize = 16;
/// So far, at most, is a proposal extended towards the start.
const BACK: usize = 1 << 10;

/// Proposals for a piece of the artifact, sorted.
pub(super) fn propose(index: &Index, artifact: &[u8], range: Range<usize>, costs: &Costs) -> Vec<Proposal> {
    // Where a file did not change at all, nothing is searched.
    let proposals = vec![Proposal { from: range.start, shift: 0 }];
    let mut walk = Walk { index, artifact, range, costs, recent: [0; RECENT], proposals };
    walk.walk();
    walk.proposals.sort_unstable();
    walk.proposals.dedup();
    walk.proposals
}

struct Walk<'a> {
    index: &'a Index<'a>,
    artifact: &'a [u8],
    range: Range<usize>,
    costs: &'a Costs,
    recent: [usize; RECENT],
    proposals: Vec<Proposal>,
}

impl Walk<'_> {
    fn walk(&mut self) {
        let mut at = self.range.start;
        let mut missed = 0;
        while at < self.range.end {
            if let Some(length) = self.follow(at) {
                at += length;
                missed = 0;
                continue;
            }
            let text = self.artifact.get(at..).unwrap_or_default();
            let near = at.wrapping_add(self.recent[0]);
            let found = self.index.longest(text, near);
            if found.length < SHORTEST {
                missed += 1;
                at += 1 + missed / 16;
                continue;
            }
            missed = 0;
            let shift = found.position.wrapping_sub(at);
            self.propose(at, shift);
            if found.length >= CLEAR {
                self.remember(shift);
            }
            at += (found.length / 2).max(1);
        }
    }

    /// Follows one of the recent shifts where it matches well.
    fn follow(&mut self, at: usize) -> Option<usize> {
        for shift in self.recent {
            let same = self.same(at, shift);
            if same >= FOLLOW {
                if shift != self.recent[0] {
                    self.propose(at, shift);
                    self.remember(shift);
                }
                return Some(same);
            }
        }
        None
    }

    /// How many bytes are the same with this shift, within the piece.
    fn same(&self, at: usize, shift: usize) -> usize {
        let base = self.index.base().get(at.wrapping_add(shift)..).unwrap_or_default();
        common::prefix(base, self.artifact.get(at..self.range.end).unwrap_or_default())
    }

    /// Makes a shift the most recent one.
    fn remember(&mut self, shift: usize) {
        let place = self.recent.iter().position(|recent| *recent == shift).unwrap_or(RECENT - 1);
        if let Some(recent) = self.recent.get_mut(..=place) {
            recent.rotate_right(1);
        }
        self.recent[0] = shift;
    }

    /// Proposes a shift that holds at a place: from where on it is worth something.
    fn propose(&mut self, at: usize, shift: usize) {
        let start = self.range.start.max(at.saturating_sub(BACK));
        let (artifact, base) = (self.artifact, self.index.base());
        let place = at.wrapping_add(shift);
        let before = artifact.get(start..at).unwrap_or_default().iter().rev();
        let base_before = base.get(..place).unwrap_or_default().iter().rev();
        let (mut cost, mut least, mut back, mut differs) = (0, 0, 0, false);
        let limit = i64::from(self.costs.block + 20 * self.costs.seek);
        for (length, (left, right)) in (1..).zip(before.zip(base_before)) {
            common::count(1);
            if left != right {
                cost += i64::from(if differs { self.costs.next_difference } else { self.costs.difference });
            }
            differs = left != right;
            cost -= i64::from(self.costs.literal);
            if cost < least {
                (least, back) = (cost, length);
            } else if cost > least + limit {
                break;
            }
        }
        self.proposals.push(Proposal { from: at - back, shift });
    }
}
