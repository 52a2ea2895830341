//! From the sections of a container to regions: sorted, apart from each other, inside the file.

use std::ops::Range;

use super::{Kind, Region};

/// More sections than this, and a file is no program that is worth a look. Linked programs have about thirty.
const MOST_SECTIONS: usize = 1024;

/// Files up to here, so that sums of an offset and a few bytes never overflow: 4 GiB less a page.
const LARGEST_FILE: u32 = u32::MAX - 4096;

/// A section as its container describes it: nothing in it is checked.
#[derive(Clone, Copy)]
pub(super) struct Section {
    /// Where it is loaded.
    pub(super) address: u64,
    /// How many bytes it has there; [`Self::length`] counts if that is more.
    pub(super) size: u64,
    /// Where it starts in the file.
    pub(super) offset: u64,
    /// How many bytes of it are in the file.
    pub(super) length: u64,
    /// What is in it.
    pub(super) kind: Kind,
    /// See [`Region::anchor`].
    pub(super) anchor: u32,
}

/// Collects sections.
pub(super) struct Sections {
    base: u64,
    file: u32,
    list: Vec<Region>,
}

impl Sections {
    /// For a file of these bytes whose places are relative to `base`. None for a file above [`LARGEST_FILE`].
    pub(super) fn new(bytes: &[u8], base: u64) -> Option<Self> {
        let file = u32::try_from(bytes.len()).ok().filter(|&length| length <= LARGEST_FILE)?;
        Some(Self { base, file, list: Vec::new() })
    }

    /// Takes a section in. One that is empty, or loaded where 32 bits do not reach, is left out.
    /// None if it reaches beyond the end of the file, or if there are too many: then the file is broken.
    pub(super) fn add(&mut self, section: Section) -> Option<()> {
        if section.offset.checked_add(section.length)? > u64::from(self.file) && section.length > 0 {
            return None;
        }
        let size = section.size.max(section.length);
        let Some(place) = section.address.checked_sub(self.base) else { return Some(()) };
        if size == 0 || place.checked_add(size).is_none_or(|end| end > u64::from(u32::MAX)) {
            return Some(());
        }
        if self.list.len() == MOST_SECTIONS {
            return None;
        }
        self.list.push(Region {
            offset: if section.length == 0 { 0 } else { u32::try_from(section.offset).ok()? },
            length: u32::try_from(section.length).ok()?,
            place: u32::try_from(place).ok()?,
            size: u32::try_from(size).ok()?,
            kind: section.kind,
            anchor: section.anchor,
        });
        Some(())
    }

    /// The address of the first page behind all that was added before: for a table of the file that is not loaded.
    /// None if there is no such address.
    pub(super) fn free_address(&self) -> Option<u64> {
        const PAGE: u64 = 4096;
        let end = self.list.iter().map(|region| u64::from(region.place) + u64::from(region.size)).max();
        self.base.checked_add(end.unwrap_or(0).next_multiple_of(PAGE))
    }

    /// The place that this address is; None if 32 bits do not reach it.
    pub(super) fn place(&self, address: u64) -> Option<u32> {
        u32::try_from(address.checked_sub(self.base)?).ok()
    }

    /// The regions. Where two overlap in the file, the one that starts first keeps the bytes, of two that start
    /// together the longer one; the other keeps what lies behind.
    pub(super) fn finish(mut self) -> Vec<Region> {
        self.list.sort_by_key(|region| {
            (
                region.length == 0,
                region.offset,
                u32::MAX - region.length,
                region.place,
                region.size,
                region.kind,
            )
        });
        let mut end = 0;
        for region in &mut self.list {
            if region.length > 0 {
                cut_head(region, end);
                end = end.max(region.offset + region.length);
            }
        }
        // A piece whose bytes all belong to others is not there at all, whatever it would have in memory.
        self.list.retain(|region| region.size > 0);
        self.list
    }
}

/// Takes away what lies before `end` in the file; all of it, if nothing else is left.
fn cut_head(region: &mut Region, end: u32) {
    let taken = end.saturating_sub(region.offset);
    if taken == 0 {
        return;
    }
    if taken >= region.length {
        (region.length, region.size) = (0, 0);
        return;
    }
    region.offset += taken;
    region.length -= taken;
    region.place += taken;
    region.size -= taken;
    if matches!(region.kind, Kind::FrameIndex | Kind::Symbols | Kind::MachSymbols) {
        // What its words are, or are relative to, depends on a start that is gone.
        (region.kind, region.anchor) = (Kind::Opaque, 0);
    }
}

/// Gives a part of the file, which must lie in one region, a kind of its own. Nothing happens if it lies in none.
pub(super) fn carve(regions: &mut Vec<Region>, part: Range<u32>, kind: Kind) {
    carve_anchored(regions, part, kind, 0);
}

/// [`carve`], with the anchor that goes with the kind.
pub(super) fn carve_anchored(regions: &mut Vec<Region>, part: Range<u32>, kind: Kind, anchor: u32) {
    let holds = |region: &Region| {
        region.offset <= part.start && part.end - region.offset <= region.length && region.length > 0
    };
    if part.is_empty() {
        return;
    }
    let Some(index) = regions.iter().position(holds) else { return };
    let whole = regions[index];
    let end = whole.offset + whole.length;
    let mut pieces: Vec<Region> = [
        (whole.offset..part.start, whole),
        (part.clone(), Region { kind, anchor, ..whole }),
        (part.end..end, whole),
    ]
    .into_iter()
    .filter(|(range, _)| !range.is_empty())
    .map(|(range, piece)| {
        let length = range.end - range.start;
        let place = whole.place + (range.start - whole.offset);
        Region { offset: range.start, length, place, size: length, ..piece }
    })
    .collect();
    if let Some(last) = pieces.last_mut() {
        last.size += whole.size - whole.length;
    }
    regions.splice(index..=index, pieces);
}

/// Where in the file these places are, if one region holds all of them.
pub(super) fn offsets(regions: &[Region], places: Range<u32>) -> Option<Range<u32>> {
    let region = at_place(regions, places.start)?;
    let length = places.end.checked_sub(places.start)?;
    let start = region.offset + (places.start - region.place);
    (length <= region.length - (start - region.offset)).then(|| start..start + length)
}

/// The region that holds this place in the file, if any.
pub(super) fn at_place(regions: &[Region], place: u32) -> Option<&Region> {
    regions.iter().find(|region| region.place <= place && place - region.place < region.length)
}
