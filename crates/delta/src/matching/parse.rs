//! The cheapest way through a piece of the artifact.
//!
//! For every byte there is a small set of shifts that may hold, and for each of them the least cost of a way that
//! ends with it; beside them, the cost of the best way that ends with a literal byte. From one byte to the next, a
//! way goes on as it is, or takes another shift, for the price of a block. Where the best way goes on without a
//! difference and no other one is near, bytes are skipped eight at a time.

use std::ops::Range;

use super::search::Proposal;
use super::{Block, Costs, append, common};

/// So many shifts are kept at a time.
const SHIFTS: usize = 8;
/// More than any way costs.
const INFINITE: u32 = u32::MAX / 2;
/// No node.
const NONE: u32 = u32::MAX;

/// The blocks of the cheapest way through a piece of the artifact; their shifts are all proposed ones.
pub(super) fn parse(
    base: &[u8],
    artifact: &[u8],
    range: Range<usize>,
    proposals: &[Proposal],
    costs: &Costs,
) -> Vec<Block> {
    let literal =
        Way { shift: None, cost: 0, start: range.start, before: NONE, node: NONE, differs: false, used: 0 };
    let mut parse = Parse { base, artifact, costs, ways: vec![literal], best: 0, nodes: Vec::new() };
    let mut proposals = proposals.iter().peekable();
    let mut at = range.start;
    while at < range.end {
        while let Some(proposal) = proposals.next_if(|proposal| proposal.from <= at) {
            parse.add(at, proposal.shift);
        }
        parse.step(at);
        at += 1;
        let next = proposals.peek().map_or(range.end, |proposal| proposal.from.min(range.end));
        at += parse.skip(at, next);
    }
    parse.blocks(range.end)
}

/// The cheapest way to here that ends with a shift, or with literal bytes.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// The shift; nothing for literal bytes.
    shift: Option<usize>,
    cost: u32,
    /// Since which place in the artifact.
    start: usize,
    /// The node of what was before.
    before: u32,
    /// The node that stands for this way, if another one branched off from it.
    node: u32,
    /// Whether the last byte differs.
    differs: bool,
    /// When it was the best way, or proposed.
    used: usize,
}

impl Way {
    /// What it costs to take this way.
    fn entry(&self, costs: &Costs) -> u32 {
        if self.shift.is_some() { costs.block } else { costs.gap }
    }
}

/// A part of a way that was left for another one.
#[derive(Debug, Clone, Copy)]
struct Node {
    shift: Option<usize>,
    start: usize,
    before: u32,
}

struct Parse<'a> {
    base: &'a [u8],
    artifact: &'a [u8],
    costs: &'a Costs,
    /// The first one is that of literal bytes.
    ways: Vec<Way>,
    /// Which of the ways is the cheapest.
    best: usize,
    nodes: Vec<Node>,
}

impl Parse<'_> {
    /// Takes up a shift, instead of the one that is the least use.
    fn add(&mut self, at: usize, shift: usize) {
        let known = self.ways.iter_mut().find(|way| way.shift == Some(shift));
        if let Some(way) = known {
            way.used = at;
            return;
        }
        let way = Way {
            shift: Some(shift),
            cost: INFINITE,
            start: at,
            before: NONE,
            node: NONE,
            differs: false,
            used: at,
        };
        if self.ways.len() <= SHIFTS {
            self.ways.push(way);
            return;
        }
        let best = self.best;
        let dormant = self.least() + self.costs.block;
        let worst = self.ways.iter_mut().enumerate().skip(1).filter(|(index, _)| *index != best);
        if let Some((_, worst)) = worst.min_by_key(|(_, way)| (way.cost < dormant, way.used)) {
            *worst = way;
        }
    }

    fn least(&self) -> u32 {
        self.ways.get(self.best).map_or(0, |way| way.cost)
    }

    /// One byte.
    fn step(&mut self, at: usize) {
        let least = self.least();
        let before = self.node(self.best);
        let byte = self.artifact.get(at);
        let (mut best, mut best_cost) = (0, INFINITE);
        for (index, way) in self.ways.iter_mut().enumerate() {
            let from = least + way.entry(self.costs);
            if way.cost > from {
                *way = Way { cost: from, start: at, before, node: NONE, differs: false, ..*way };
            }
            match way.shift.map(|shift| self.base.get(at.wrapping_add(shift))) {
                None => way.cost += self.costs.literal,
                Some(None) => way.cost = INFINITE,
                Some(there) if there == byte => way.differs = false,
                Some(_) => {
                    way.cost += if way.differs { self.costs.next_difference } else { self.costs.difference };
                    way.differs = true;
                }
            }
            if way.cost < best_cost {
                (best, best_cost) = (index, way.cost);
            }
        }
        self.best = best;
        if let Some(way) = self.ways.get_mut(best) {
            way.used = at;
        }
    }

    /// How many bytes follow that all ways which count give without a difference, up to a limit.
    fn skip(&mut self, at: usize, limit: usize) -> usize {
        let (least, costs) = (self.least(), self.costs);
        let counts = |way: &Way| way.cost < least + way.entry(costs);
        let mut rest = self.artifact.get(at..limit).unwrap_or_default();
        for way in self.ways.iter().filter(|way| counts(way)) {
            let Some(shift) = way.shift.filter(|_| !way.differs) else { return 0 };
            let base = self.base.get(at.wrapping_add(shift)..).unwrap_or_default();
            let same = common::prefix(rest, base);
            if same < 8 {
                return 0;
            }
            rest = rest.get(..same).unwrap_or_default();
        }
        // The others are as well begun after these bytes.
        for way in self.ways.iter_mut().filter(|way| !counts(way)) {
            way.cost = INFINITE;
        }
        rest.len()
    }

    /// The node that stands for a way.
    fn node(&mut self, index: usize) -> u32 {
        let Some(way) = self.ways.get_mut(index) else { return NONE };
        if way.node == NONE {
            way.node = u32::try_from(self.nodes.len()).unwrap_or(NONE);
            self.nodes.push(Node { shift: way.shift, start: way.start, before: way.before });
        }
        way.node
    }

    /// The blocks of the best way, which ends here.
    fn blocks(mut self, end: usize) -> Vec<Block> {
        let mut node = self.node(self.best);
        let (mut parts, mut end) = (Vec::new(), end);
        while let Some(part) = self.nodes.get(node as usize) {
            if let Some(shift) = part.shift {
                parts.push((part.start, end, shift));
            }
            (end, node) = (part.start, part.before);
        }
        let mut blocks = Vec::with_capacity(parts.len());
        for (start, end, shift) in parts.into_iter().rev().filter(|(start, end, _)| start < end) {
            let [base, artifact, length] = [start.wrapping_add(shift), start, end - start]
                .map(|number| u32::try_from(number).unwrap_or(0));
            append(&mut blocks, Block { base, artifact, length });
        }
        blocks
    }
}
