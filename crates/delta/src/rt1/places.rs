//! Where in the artifact is what a reference of the base refers to?

use super::learned::Learned;
use crate::image::{Layout, Region};
use crate::matching::Block;
use crate::references::Reference;

/// How a target was found, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Source {
    /// An earlier reference had the same target.
    Learned = 0,
    /// A block holds it.
    Block = 1,
    /// It moved like its neighbour.
    Near = 2,
}

/// Maps targets of the base to targets of the artifact.
pub(super) struct Places<'a> {
    /// The artifact's layout.
    layout: &'a Layout,
    base: Addresses<'a>,
    artifact: Addresses<'a>,
    /// By their place in the base.
    blocks: Vec<Block>,
    /// For each stretch of the base the number of blocks that start before it.
    starts: Vec<u32>,
    learned: Learned,
}

/// Offsets and places of one file.
pub(super) struct Addresses<'a> {
    /// By offset.
    regions: &'a [Region],
    /// Indices of regions with bytes, by place.
    by_place: Vec<usize>,
}

impl<'a> Addresses<'a> {
    pub(super) fn new(layout: &'a Layout) -> Self {
        let filled = |at: &usize| layout.regions.get(*at).is_some_and(|region| region.length > 0);
        let mut by_place: Vec<usize> = (0..layout.regions.len()).filter(filled).collect();
        by_place.sort_by_key(|at| layout.regions.get(*at).map(|region| region.place));
        Self { regions: &layout.regions, by_place }
    }

    /// The region that holds a byte of the file.
    pub(super) fn region(&self, offset: u32) -> Option<&'a Region> {
        let after = self.regions.partition_point(|region| region.length > 0 && region.offset <= offset);
        let region = self.regions.get(after.checked_sub(1)?)?;
        (offset - region.offset < region.length).then_some(region)
    }

    /// Where a byte of the file is loaded; outside of all regions a number that is hardly a place.
    pub(super) fn place(&self, offset: u32) -> u32 {
        match self.region(offset) {
            Some(region) => region.place.wrapping_add(offset - region.offset),
            None => offset ^ 0x8000_0000,
        }
    }

    /// Which byte of the file is loaded there.
    pub(super) fn offset(&self, place: u32) -> Option<u32> {
        let before = |at: &usize| self.regions.get(*at).is_some_and(|region| region.place <= place);
        let after = self.by_place.partition_point(before);
        let region = self.regions.get(*self.by_place.get(after.checked_sub(1)?)?)?;
        let within = place - region.place;
        (within < region.length).then(|| region.offset + within)
    }
}

impl<'a> Places<'a> {
    pub(super) fn new(base: &'a Layout, artifact: &'a Layout, blocks: &[Block], log: u8) -> Self {
        let mut blocks = blocks.to_vec();
        blocks.sort_unstable_by_key(|block| (block.base, block.artifact));
        Self {
            layout: artifact,
            base: Addresses::new(base),
            artifact: Addresses::new(artifact),
            starts: starts(&blocks),
            blocks,
            learned: Learned::new(log),
        }
    }

    /// The artifact's layout.
    pub(super) fn layout(&self) -> &'a Layout {
        self.layout
    }

    /// The artifact's offsets and places.
    pub(super) fn artifact(&self) -> &Addresses<'a> {
        &self.artifact
    }

    /// Remembers what a target has become.
    pub(super) fn learn(&mut self, reference: &Reference, became: u32) {
        self.learned.insert(reference, became);
    }

    /// What a target has probably become.
    pub(super) fn find(&self, reference: &Reference) -> (u32, Source) {
        let target = reference.target;
        if let Some(became) = self.learned.get(reference) {
            return (became, Source::Learned);
        }
        let mut near = (0, u32::MAX);
        if reference.is_place()
            && let Some(offset) = self.base.offset(target)
        {
            match self.block(offset) {
                Ok(offset) => return (self.artifact.place(offset), Source::Block),
                Err((shift, distance)) => {
                    near = (self.artifact.place(offset.wrapping_add(shift)).wrapping_sub(target), distance);
                }
            }
        }
        if let Some(learned) = self.learned.near(reference)
            && learned.1 < near.1
        {
            near = learned;
        }
        (target.wrapping_add(near.0), Source::Near)
    }

    /// What a target has become, if a block holds it.
    pub(super) fn in_block(&self, target: u32) -> Option<u32> {
        let offset = self.block(self.base.offset(target)?).ok()?;
        Some(self.artifact.place(offset))
    }

    /// Where a byte of the base is in the artifact, or by how much its nearest neighbour moved, and how far that is.
    fn block(&self, offset: u32) -> Result<u32, (u32, u32)> {
        let stretch = (offset >> STRETCH) as usize;
        let [from, to] = [stretch, stretch + 1]
            .map(|at| self.starts.get(at).map_or(self.blocks.len(), |start| *start as usize));
        let within = self.blocks.get(from..to).unwrap_or_default();
        let after = from + within.partition_point(|block| block.base <= offset);
        let start = after.saturating_sub(6);
        let candidates = self.blocks.get(start..after).unwrap_or_default();
        let holds = |block: &&Block| offset - block.base < block.length;
        if let Some(block) = candidates.iter().filter(holds).max_by_key(|block| block.length) {
            return Ok(offset - block.base + block.artifact);
        }
        let shift = |block: &Block| block.artifact.wrapping_sub(block.base);
        let mut near = (0, u32::MAX);
        if let Some(block) = candidates.last() {
            near = (shift(block), offset - block.base - block.length);
        }
        if let Some(block) = self.blocks.get(after)
            && block.base - offset < near.1
        {
            near = (shift(block), block.base - offset);
        }
        Err(near)
    }
}

/// The bytes of a stretch, as a logarithm.
const STRETCH: u32 = 12;

/// See [`Places::starts`].
fn starts(blocks: &[Block]) -> Vec<u32> {
    let last = blocks.last().map_or(0, |block| block.base >> STRETCH);
    let mut starts = Vec::with_capacity(last as usize + 1);
    for (at, block) in (0..).zip(blocks) {
        let stretch = (block.base >> STRETCH) as usize;
        if stretch >= starts.len() {
            starts.resize(stretch + 1, at);
        }
    }
    starts
}
