//! The control stream: both layouts, then the blocks.

use super::coder::Coder;
use super::mix::Tools;
use super::number::Numbers;
use crate::Error;
use crate::image::{Go, Kind, Layout, PageHashes, Region};
use crate::matching::Block;

/// The most regions of a layout.
pub(super) const REGIONS: u64 = 4096;

/// Kinds of numbers.
const LAYOUT: usize = 0;
const GAP: usize = 1;
const LENGTH: usize = 2;
const JUMP: usize = 3;
const TURN: usize = 4;
const KINDS: usize = 5;

/// So many of the last distances between base and artifact are remembered.
const SHIFTS: usize = 15;

/// What the control stream says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Control {
    pub(super) base: Layout,
    pub(super) artifact: Layout,
    /// The hashes in the artifact that are made anew from its pages.
    pub(super) pages: Option<PageHashes>,
    pub(super) blocks: Vec<Block>,
}

/// Codes the control stream, which has so many blocks.
pub(super) fn code<C: Coder>(
    tools: &mut Tools<C>,
    known: &Control,
    lengths: (u32, u32),
    count: u64,
) -> Result<Control, Error> {
    let mut coding = Coding { tools, numbers: Numbers::new(KINDS) };
    let base = coding.layout(&known.base, &Layout::default(), lengths.0)?;
    let artifact = coding.layout(&known.artifact, &base, lengths.1)?;
    let pages = coding.pages(known.pages, lengths.1)?;
    let blocks = coding.blocks(&known.blocks, lengths, count, pages)?;
    Ok(Control { base, artifact, pages, blocks })
}

struct Coding<'a, C> {
    tools: &'a mut Tools<C>,
    numbers: Numbers,
}

impl<C: Coder> Coding<'_, C> {
    fn number(&mut self, number: u64, kind: usize, contexts: [u32; 2]) -> Result<u64, Error> {
        self.numbers.code(self.tools, number, kind, contexts)
    }

    /// A number of 32 bits as the difference to another one.
    fn moved(&mut self, number: u32, from: u32, field: u32) -> Result<u32, Error> {
        let off = i64::from(number) - i64::from(from);
        let off = self.numbers.signed(self.tools, off, LAYOUT, [field, 0])?;
        u32::try_from(i64::from(from).wrapping_add(off)).map_err(|_| BAD_LAYOUT)
    }

    fn layout(&mut self, known: &Layout, like: &Layout, length: u32) -> Result<Layout, Error> {
        let high = self.number(known.base >> 32, LAYOUT, [0, 0])?;
        let low = self.number(known.base & 0xffff_ffff, LAYOUT, [0, 0])?;
        let base = u32::try_from(high).ok().zip(u32::try_from(low).ok()).ok_or(BAD_LAYOUT)?;
        let base = u64::from(base.0) << 32 | u64::from(base.1);
        let count = self.number(known.regions.len() as u64, LAYOUT, [1, 0])?;
        if count > REGIONS {
            return Err(BAD_LAYOUT);
        }
        let mut regions: Vec<Region> = Vec::new();
        let nothing = Region { offset: 0, length: 0, place: 0, size: 0, kind: Kind::Opaque, anchor: 0 };
        for at in 0..count as usize {
            let known = known.regions.get(at).copied().unwrap_or(nothing);
            let like = like.regions.get(at).copied();
            let before = regions.last().copied().unwrap_or(nothing);
            let kind =
                self.number(known.kind as u64, LAYOUT, [2, like.map_or(99, |like| like.kind as u32)])?;
            let kind = Kind::from_number(kind).ok_or(BAD_LAYOUT)?;
            // Lengths are like those of the other file; a region starts where the one before ended, or a bit later.
            let (end, top) =
                (before.offset.saturating_add(before.length), before.place.saturating_add(before.size));
            let like = like.unwrap_or(nothing);
            let region_length = self.moved(known.length, like.length, 3)?;
            let offset = if region_length > 0 { self.moved(known.offset, end, 4)? } else { 0 };
            let place = self.moved(
                known.place,
                if region_length > 0 && before.length > 0 {
                    before.place.wrapping_add(offset.wrapping_sub(before.offset))
                } else {
                    top
                },
                5,
            )?;
            let size = self.moved(known.size, region_length, 6)?;
            let anchor = self.moved(known.anchor, 0, 8)?;
            let sorted = match (before.length, region_length) {
                (_, 0) => true,
                (0, _) => regions.is_empty(),
                _ => offset >= end,
            };
            let fits = size >= region_length
                && place.checked_add(size).is_some()
                && u64::from(offset) + u64::from(region_length) <= u64::from(length);
            if !sorted || !fits {
                return Err(BAD_LAYOUT);
            }
            let second = |region: &Region| region.kind == kind && kind == Kind::GoFunctions;
            if regions.iter().any(second) {
                return Err(BAD_LAYOUT);
            }
            regions.push(Region { offset, length: region_length, place, size, kind, anchor });
        }
        let mut go = Go::default();
        for (field, known, like) in [
            (&mut go.text, known.go.text, like.go.text),
            (&mut go.functions, known.go.functions, like.go.functions),
            (&mut go.count, known.go.count, like.go.count),
            (&mut go.names, known.go.names, like.go.names),
            (&mut go.units, known.go.units, like.go.units),
            (&mut go.counters, known.go.counters, like.go.counters),
            (&mut go.types, known.go.types, like.go.types),
            (&mut go.types_end, known.go.types_end, like.go.types_end),
            (&mut go.rodata, known.go.rodata, like.go.rodata),
            (&mut go.data, known.go.data, like.go.data),
            (&mut go.data_end, known.go.data_end, like.go.data_end),
        ] {
            *field = self.moved(known, like, 7)?;
        }
        Ok(Layout { base, regions, go })
    }

    fn pages(&mut self, known: Option<PageHashes>, length: u32) -> Result<Option<PageHashes>, Error> {
        let there = self.number(known.is_some().into(), LAYOUT, [9, 0])?;
        if there == 0 {
            return Ok(None);
        }
        let known = known.unwrap_or(PageHashes { offset: 0, count: 0, page: 0, limit: 0 });
        let mut field = |number: u32| {
            let number = self.number(number.into(), LAYOUT, [10, 0])?;
            u32::try_from(number).map_err(|_| BAD_LAYOUT)
        };
        let (offset, page, limit) = (field(known.offset)?, field(known.page)?, field(known.limit)?);
        let count = limit.checked_div(page).map_or(0, |count| count + u32::from(!limit.is_multiple_of(page)));
        let end = u64::from(offset) + u64::from(count) * 32;
        let sizes = page.is_power_of_two() && (1 << 12..=1 << 16).contains(&page);
        if there != 1 || !sizes || limit > offset || end > length.into() {
            return Err(BAD_LAYOUT);
        }
        Ok(Some(PageHashes { offset, count, page, limit }))
    }

    fn blocks(
        &mut self,
        known: &[Block],
        lengths: (u32, u32),
        count: u64,
        pages: Option<PageHashes>,
    ) -> Result<Vec<Block>, Error> {
        let mut blocks = Vec::new();
        let room = usize::try_from(count).map(|count| blocks.try_reserve_exact(count));
        room.ok().and_then(Result::ok).ok_or(BAD_BLOCK)?;
        let mut known = known.iter();
        let (mut base, mut artifact) = (0u32, 0u32);
        // How far the artifact is ahead of the base: the last distances, the newest first.
        let mut shifts = [0i64; SHIFTS];
        let mut last = [0u32; 3];
        for _ in 0..count {
            let given = known.next().copied().unwrap_or(Block { base: 0, artifact: 0, length: 1 });
            let gap = self.number(given.artifact.wrapping_sub(artifact).into(), GAP, [last[0], last[2]])?;
            let start = u32::try_from(gap).ok().and_then(|gap| artifact.checked_add(gap)).ok_or(BAD_BLOCK)?;
            let gap_bits = bits(gap);
            let shift = i64::from(given.artifact) - i64::from(given.base);
            let turn = shifts.iter().position(|recent| *recent == shift).map_or(SHIFTS, |at| at);
            let turn = self.number(turn as u64, TURN, [last[2], gap_bits])?;
            let turn = usize::try_from(turn).ok().filter(|turn| *turn <= SHIFTS).ok_or(BAD_BLOCK)?;
            let at = match shifts.get(turn) {
                Some(shift) => {
                    let at = i64::from(start) - shift;
                    shifts.get_mut(..=turn).ok_or(BAD_BLOCK)?.rotate_right(1);
                    at
                }
                None => {
                    let jump = i64::from(given.base) - i64::from(base);
                    let jump = self.numbers.signed(self.tools, jump, JUMP, [gap_bits, last[0]])?;
                    let at = i64::from(base).wrapping_add(jump);
                    shifts.rotate_right(1);
                    shifts[0] = i64::from(start) - at;
                    at
                }
            };
            let at = u32::try_from(at).map_err(|_| BAD_BLOCK)?;
            let turn = turn.min(15) as u32;
            let length = self.number(u64::from(given.length) - 1, LENGTH, [last[1], turn])?;
            let length =
                u32::try_from(length).ok().and_then(|length| length.checked_add(1)).ok_or(BAD_BLOCK)?;
            base = at.checked_add(length).filter(|end| *end <= lengths.0).ok_or(BAD_BLOCK)?;
            artifact = start.checked_add(length).filter(|end| *end <= lengths.1).ok_or(BAD_BLOCK)?;
            if pages.is_some_and(|pages| start < pages.end() && artifact > pages.offset) {
                return Err(BAD_BLOCK);
            }
            last = [gap_bits, bits(length.into()), turn];
            blocks.push(Block { base: at, artifact: start, length });
        }
        Ok(blocks)
    }
}

fn bits(number: u64) -> u32 {
    64 - number.leading_zeros()
}

const BAD_LAYOUT: Error = Error::Malformed("a layout that is none");
const BAD_BLOCK: Error = Error::Malformed("a block that is none");
