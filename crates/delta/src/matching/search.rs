//! Walks along a piece of the artifact and proposes where in the base its bytes may come from.

use std::array;
use std::ops::Range;

use super::index::{Index, LANES, Match, Query};
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
const FOLLOW: usize = 16;
/// So many bytes that differ are passed over without a search, where the shift matches well before and behind them.
const CHANGE: usize = 8;
/// What is well, behind them.
const AFTER: usize = 16;
/// Shorter matches are not worth a proposal.
const SHORTEST: usize = 7;
/// So many shifts are remembered, the current one first.
const RECENT: usize = 4;
/// A match of this length makes its shift one to remember.
const CLEAR: usize = 16;
/// So far, at most, is a proposal extended towards the start.
const BACK: usize = 1 << 10;

/// Proposals for a piece of the artifact, sorted.
///
/// Several walks go along parts of the piece, so that their searches go on side by side.
pub(super) fn propose(index: &Index, artifact: &[u8], range: Range<usize>, costs: &Costs) -> Vec<Proposal> {
    let part = range.len().div_ceil(LANES);
    let mut walks: [Walk; LANES] = array::from_fn(|lane| {
        let [at, end] = [lane, lane + 1].map(|lane| range.end.min(range.start + lane * part));
        Walk {
            index,
            artifact,
            start: range.start,
            at,
            end,
            costs,
            missed: 0,
            recent: [0; RECENT],
            proposals: Vec::new(),
        }
    });
    loop {
        let queries = walks.each_mut().map(Walk::query);
        if queries.iter().all(|query| query.text.is_empty()) {
            break;
        }
        for (walk, found) in walks.iter_mut().zip(index.longest(queries)) {
            walk.take(found);
        }
    }
    // Where a file did not change at all, nothing is searched.
    let mut proposals = vec![Proposal { from: range.start, shift: 0 }];
    proposals.extend(walks.into_iter().flat_map(|walk| walk.proposals));
    proposals.sort_unstable();
    proposals.dedup();
    proposals
}

/// A walk along a part of a piece.
struct Walk<'a> {
    index: &'a Index<'a>,
    artifact: &'a [u8],
    /// Where the piece starts.
    start: usize,
    /// Where the walk is.
    at: usize,
    /// Where it ends.
    end: usize,
    costs: &'a Costs,
    /// So many searches found nothing of use.
    missed: usize,
    recent: [usize; RECENT],
    proposals: Vec<Proposal>,
}

impl<'a> Walk<'a> {
    /// What to search for next; no text when the walk is at its end.
    fn query(&mut self) -> Query<'a> {
        while self.at < self.end {
            let Some(length) = self.follow(self.at) else { break };
            self.at += length;
            self.missed = 0;
            self.at += self.change(self.at).unwrap_or(0);
        }
        if self.at >= self.end {
            return Query::default();
        }
        let text = self.artifact.get(self.at..).unwrap_or_default();
        Query { text, near: self.at.wrapping_add(self.recent[0]) }
    }

    /// Takes in what was found for the last query.
    fn take(&mut self, found: Match) {
        let at = self.at;
        if at >= self.end {
            return;
        }
        if found.length < SHORTEST {
            self.missed += 1;
            self.at += 1 + self.missed / 8;
            return;
        }
        self.missed = 0;
        let shift = found.position.wrapping_sub(at);
        self.propose(at, shift);
        if found.length >= CLEAR {
            self.remember(shift);
        }
        self.at += (found.length / 2).max(1);
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

    /// How many bytes differ before the current shift matches well again, after it did so before.
    fn change(&self, at: usize) -> Option<usize> {
        (1..=CHANGE).find(|length| self.same(at + length, self.recent[0]) >= AFTER)
    }

    /// How many bytes are the same with this shift, within the piece.
    fn same(&self, at: usize, shift: usize) -> usize {
        let base = self.index.base().get(at.wrapping_add(shift)..).unwrap_or_default();
        common::prefix(base, self.artifact.get(at..self.end).unwrap_or_default())
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
        let start = self.start.max(at.saturating_sub(BACK));
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
