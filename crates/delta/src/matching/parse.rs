//! The cheapest way through a piece of the artifact.
//!
//! For every byte there is a set of shifts that may hold, and for each of them the least cost of a way that ends
//! with it; beside them, the cost of the best way that ends with a literal byte. From one byte to the next, a way
//! goes on as it is, or begins anew from the best one, for the price of a block.
//!
//! Most bytes need less than that. A shift that is not worth more than beginning anew sleeps until some bytes in a
//! row are the same with it. And where all ways that are awake go on without a difference, these bytes are skipped,
//! eight at a time.

use std::ops::Range;

use super::search::Proposal;
use super::{Block, Costs, append, common};

/// So many shifts are kept at a time.
const SHIFTS: usize = 32;
/// A shift sleeps until a run of bytes is the same with it; so far is looked for one.
const AHEAD: usize = 48;
/// So many bytes must be without a difference for skipping them.
const SKIP: usize = 8;
/// What a way costs that is not begun yet, and will be with the next byte: more than any other way.
const INFINITE: u32 = u32::MAX / 2;
/// What a way costs that is to begin anew where that is worth it.
const TOO_MUCH: u32 = INFINITE - 1;
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
    let literal = Way { shift: None, cost: 0, ..Way::new(range.start) };
    let mut parse = Parse {
        base,
        artifact,
        costs,
        awake: vec![literal],
        best: 0,
        asleep: Vec::with_capacity(SHIFTS),
        wake: usize::MAX,
        nodes: Vec::new(),
    };
    let mut proposals = proposals.iter().peekable();
    let mut at = range.start;
    while at < range.end {
        while let Some(proposal) = proposals.next_if(|proposal| proposal.from <= at) {
            parse.add(at, proposal.shift);
        }
        parse.rouse(at);
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
    /// A way of literal bytes that is not begun yet.
    fn new(at: usize) -> Self {
        Self { shift: None, cost: INFINITE, start: at, before: NONE, node: NONE, differs: false, used: at }
    }
}

/// A shift that is not worth trying before a place.
#[derive(Debug, Clone, Copy)]
struct Sleeper {
    shift: usize,
    wake: usize,
    used: usize,
}

/// What it costs to leave the best way for another one.
struct Entry<'a> {
    costs: &'a Costs,
    /// The cost of the best way.
    least: u32,
    /// The shift that would give a block which goes on in the base where the best way's last one ended.
    shift: usize,
}

impl Entry<'_> {
    fn cost(&self, way: &Way) -> u32 {
        self.least
            + match way.shift {
                None => self.costs.gap,
                Some(shift) => {
                    let distance = shift.wrapping_sub(self.shift).cast_signed().unsigned_abs();
                    self.costs.block + self.costs.seek * (usize::BITS - distance.leading_zeros())
                }
            }
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
    /// The ways that may become the best one. The first is that of literal bytes.
    awake: Vec<Way>,
    /// Which of them is the cheapest.
    best: usize,
    asleep: Vec<Sleeper>,
    /// When the first of the sleepers wakes, or earlier.
    wake: usize,
    nodes: Vec<Node>,
}

impl<'a> Parse<'a> {
    /// Takes up a shift, instead of the one that is the least use.
    fn add(&mut self, at: usize, shift: usize) {
        if let Some(way) = self.awake.iter_mut().find(|way| way.shift == Some(shift)) {
            way.used = at;
            return;
        }
        self.wake = at;
        let sleeper = Sleeper { shift, wake: at, used: at };
        if let Some(known) = self.asleep.iter_mut().find(|sleeper| sleeper.shift == shift) {
            *known = sleeper;
        } else if self.awake.len() + self.asleep.len() <= SHIFTS {
            self.asleep.push(sleeper);
        } else if let Some(oldest) = self.asleep.iter_mut().min_by_key(|sleeper| sleeper.used) {
            *oldest = sleeper;
        } else {
            let ways = self.awake.iter().enumerate().skip(1).filter(|(index, _)| *index != self.best);
            if let Some((worst, _)) = ways.max_by_key(|(_, way)| way.cost) {
                self.awake[worst] = Way { shift: Some(shift), ..Way::new(at) };
            }
        }
    }

    /// Wakes the sleepers whose time has come.
    fn rouse(&mut self, at: usize) {
        if at < self.wake {
            return;
        }
        self.wake = usize::MAX;
        let (base, artifact, awake) = (self.base, self.artifact, &mut self.awake);
        let wake = &mut self.wake;
        self.asleep.retain_mut(|sleeper| {
            if sleeper.wake <= at {
                let asleep = run_ahead(base, artifact, at, sleeper.shift);
                if asleep == 0 {
                    awake.push(Way { shift: Some(sleeper.shift), used: sleeper.used, ..Way::new(at) });
                    return false;
                }
                sleeper.wake = at + asleep;
            }
            *wake = sleeper.wake.min(*wake);
            true
        });
    }

    fn entry(&self, at: usize) -> Entry<'a> {
        let (mut least, mut next) = (0, 0);
        if let Some(way) = self.awake.get(self.best) {
            least = way.cost;
            next = match way.shift {
                Some(shift) => at.wrapping_add(shift),
                // Literal bytes follow a block, or start the piece: what was before is taken to be unchanged.
                None => {
                    let before = self.nodes.get(way.before as usize).and_then(|node| node.shift);
                    way.start.wrapping_add(before.unwrap_or(0))
                }
            };
        }
        Entry { costs: self.costs, least, shift: next.wrapping_sub(at) }
    }

    /// One byte.
    fn step(&mut self, at: usize) {
        common::count(self.awake.len());
        let entry = self.entry(at);
        let before = self.node(self.best);
        let byte = self.artifact.get(at);
        let (mut best, mut best_cost, mut kept) = (0, INFINITE, 0);
        for index in 0..self.awake.len() {
            let mut way = self.awake[index];
            let from = entry.cost(&way);
            if way.cost > from {
                if let Some(shift) = way.shift {
                    let asleep =
                        if way.cost == INFINITE { 0 } else { run_ahead(self.base, self.artifact, at, shift) };
                    if asleep > 0 {
                        let sleeper = Sleeper { shift, wake: at + asleep, used: way.used };
                        self.wake = self.wake.min(sleeper.wake);
                        self.asleep.push(sleeper);
                        continue;
                    }
                }
                way = Way { cost: from, start: at, before, node: NONE, differs: false, ..way };
            }
            match way.shift.map(|shift| self.base.get(at.wrapping_add(shift))) {
                None => way.cost += self.costs.literal,
                Some(None) => way.cost = INFINITE - 1,
                Some(there) if there == byte => way.differs = false,
                Some(_) => {
                    way.cost += if way.differs { self.costs.next_difference } else { self.costs.difference };
                    way.differs = true;
                }
            }
            if way.cost < best_cost {
                (best, best_cost) = (kept, way.cost);
            }
            self.awake[kept] = way;
            kept += 1;
        }
        self.awake.truncate(kept);
        self.best = best;
        self.awake[best].used = at;
    }

    /// How many bytes follow that all ways which count give without a difference, up to a limit.
    fn skip(&mut self, at: usize, limit: usize) -> usize {
        let entry = self.entry(at);
        let counts = |way: &Way| way.cost < entry.cost(way);
        let mut rest = self.artifact.get(at..limit).unwrap_or_default();
        for way in self.awake.iter().filter(|way| counts(way)) {
            let Some(shift) = way.shift.filter(|_| !way.differs) else { return 0 };
            let base = self.base.get(at.wrapping_add(shift)..).unwrap_or_default();
            let same = common::prefix(rest, base);
            if same < SKIP {
                return 0;
            }
            rest = rest.get(..same).unwrap_or_default();
        }
        // The others are as well begun after these bytes.
        for way in self.awake.iter_mut().filter(|way| !counts(way)) {
            way.cost = TOO_MUCH;
        }
        rest.len()
    }

    /// The node that stands for a way.
    fn node(&mut self, index: usize) -> u32 {
        let Some(way) = self.awake.get_mut(index) else { return NONE };
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

/// How many bytes it takes until a run of bytes is the same with a shift, or until looking again is worth it.
fn run_ahead(base: &[u8], artifact: &[u8], at: usize, shift: usize) -> usize {
    let base = base.get(at.wrapping_add(shift)..).unwrap_or_default();
    let artifact = artifact.get(at..).unwrap_or_default();
    if base.is_empty() {
        return AHEAD;
    }
    common::run(artifact.get(..AHEAD).unwrap_or(artifact), base.get(..AHEAD).unwrap_or(base))
}
