//! Where one part of an executable refers to another: found by rules on bytes, without a disassembler.
//!
//! The rules are frozen with the `rt1` format: a decoder finds in the base exactly what the maker found. A field that
//! is no reference but looks like one costs a few bits of the patch, nothing else.
//!
//! Work is done chunk by chunk: what a chunk holds depends on nothing but its bytes, a few bytes around it, and the
//! layout. A reference that crosses the end of its chunk or region is none.

mod arm;
mod go;
mod go_data;
mod go_types;
mod symbols;
#[cfg(test)]
mod tests;
mod words;
mod x86;

pub(crate) use arm::pages;
pub(crate) use go::anchor_place;
pub(crate) use words::{FIXUP, fixup_target};

use crate::image::{Kind, Layout, Region};

/// The length of a chunk in bytes. Chunks start at multiples of it in the file.
pub(crate) const CHUNK: u32 = 4 << 10;
/// So many bytes before and after a chunk are looked at as well.
pub(crate) const MARGIN: u32 = 64;

/// How a field is encoded. The numbers are frozen: they choose contexts of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Form {
    /// 32 bits, signed, relative to the field's own place plus `bias`: x86-64 displacements, `.eh_frame`.
    Relative = 0,
    /// 64 bits, absolute.
    Absolute = 1,
    /// The low 36 bits of 64, relative to the image's base or absolute.
    Fixup = 2,
    /// 32 bits, relative to the anchor.
    Anchored = 3,
    /// AArch64 `B` and `BL`: 26 bits of words.
    Branch26 = 4,
    /// AArch64 `B.cond`, `CBZ`, `CBNZ`: 19 bits of words.
    Branch19 = 5,
    /// AArch64 `ADRP`: 21 bits of pages of 4 KiB.
    Page = 6,
    /// The 12 bits within a page of the instruction that goes with an `ADRP`, shifted by `bias`.
    PageOffset = 7,
}

/// What an [`Form::Anchored`] field is relative to, and which table it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Anchor {
    /// The image's base.
    Image = 0,
    /// The start of the field's region.
    Region = 1,
    /// Go: the start of the code.
    GoText = 2,
    /// Go: the function table.
    GoFunctions = 3,
    /// Go: the names.
    GoNames = 4,
    /// Go: the program counter tables.
    GoCounters = 5,
    /// Go: the compilation units, counted in entries; a space of its own.
    GoUnits = 6,
    /// Go: the data of functions.
    GoData = 7,
    /// Go: the types, with their names.
    GoTypes = 8,
    /// Go: the read-only data.
    GoRodata = 9,
    /// What the field's region says.
    Stated = 10,
}

/// A reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Where its field starts in the file.
    pub(crate) offset: u32,
    /// How the field is encoded.
    pub(crate) form: Form,
    /// See [`Form`].
    pub(crate) bias: u8,
    /// See [`Anchor`].
    pub(crate) anchor: Anchor,
    /// What it refers to: a place, or a number in a space of its own.
    pub(crate) target: u32,
}

impl Reference {
    /// Whether the target is a place, and not a number in a space of its own.
    pub(crate) fn is_place(&self) -> bool {
        self.anchor != Anchor::GoUnits
    }

    /// The target with its space, so that no two are the same.
    pub(crate) fn key(&self) -> u64 {
        let space = match self.anchor {
            Anchor::GoUnits => 1,
            _ => 0,
        };
        space << 32 | u64::from(self.target)
    }

    /// The length of the field in bytes.
    pub(crate) fn width(&self) -> usize {
        match self.form {
            Form::Absolute | Form::Fixup => 8,
            _ => 4,
        }
    }
}

/// Bytes of a file around a chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// The bytes.
    pub(crate) bytes: &'a [u8],
    /// Where the first one is in the file.
    pub(crate) start: u32,
}

impl View<'_> {
    /// The byte at a place in the file; 0 outside.
    fn byte(&self, offset: u32) -> u8 {
        let at = offset.wrapping_sub(self.start) as usize;
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The little-endian word of 32 bits at a place in the file; 0 outside.
    pub(crate) fn word(&self, offset: u32) -> u32 {
        let at = offset.wrapping_sub(self.start) as usize;
        self.bytes
            .get(at..)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    /// The little-endian word of 64 bits at a place in the file; 0 outside.
    pub(crate) fn long(&self, offset: u32) -> u64 {
        let at = offset.wrapping_sub(self.start) as usize;
        self.bytes
            .get(at..)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }
}

/// Finds the references of one layout.
#[derive(Debug, Clone)]
pub(crate) struct Finder<'a> {
    layout: &'a Layout,
    /// The places where code is: from, to; sorted and apart.
    code: Vec<(u32, u32)>,
    /// All places: from, to.
    all: (u32, u32),
}

impl<'a> Finder<'a> {
    /// For files of this layout.
    pub(crate) fn new(layout: &'a Layout) -> Self {
        let range = |region: &Region| (region.place, region.place.saturating_add(region.size));
        let code = |region: &&Region| matches!(region.kind, Kind::X86 | Kind::Arm);
        let mut merged: Vec<(u32, u32)> = Vec::new();
        let mut ranges: Vec<_> = layout.regions.iter().filter(code).map(range).collect();
        ranges.sort_unstable();
        for (from, to) in ranges {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        let low = layout.regions.iter().map(|region| range(region).0).min().unwrap_or(0);
        let high = layout.regions.iter().map(|region| range(region).1).max().unwrap_or(0);
        Self { layout, code: merged, all: (low, high) }
    }

    /// The references in the chunk that starts at `start`, by offset, none over another. `view` has the chunk's bytes
    /// and [`MARGIN`] bytes around it, as far as the file goes; `read` reads any word of 32 bits of the file.
    pub(crate) fn find(
        &self,
        start: u32,
        view: View<'_>,
        read: &mut dyn FnMut(u32) -> u32,
        found: &mut Vec<Reference>,
    ) {
        found.clear();
        let end = start.saturating_add(CHUNK);
        let first = self.layout.regions.partition_point(|region| {
            region.length > 0 && region.offset.saturating_add(region.length) <= start
        });
        for region in self.layout.regions.iter().skip(first) {
            if region.length == 0 || region.offset >= end {
                break;
            }
            let from = region.offset.max(start);
            let to = region.offset.saturating_add(region.length).min(end);
            let piece = Piece { region, from, to };
            match region.kind {
                Kind::Opaque => {}
                Kind::X86 => x86::find(self, piece, view, found),
                Kind::Arm => arm::find(self, piece, view, found),
                Kind::Words => words::absolute(self, piece, view, found),
                Kind::Fixups => words::fixups(self, piece, view, found),
                Kind::Frames => words::frames(self, piece, view, found),
                Kind::FrameIndex => words::frame_index(piece, view, found),
                Kind::ImageRelative => words::image_relative(self, piece, view, found),
                Kind::Symbols => symbols::elf(self, piece, view, found),
                Kind::MachSymbols => symbols::mach(self, piece, view, found),
                Kind::Anchored => words::anchored(piece, view, found),
                Kind::GoData => go_data::find(self.layout, piece, view, found),
                Kind::GoTypes => go_types::find(self, piece, view, found),
                Kind::GoFunctions => go::find(self.layout, piece, view, read, found),
            }
        }
    }

    /// Whether code is there.
    fn is_code(&self, place: u32) -> bool {
        let after = self.code.partition_point(|(from, _)| *from <= place);
        after.checked_sub(1).and_then(|at| self.code.get(at)).is_some_and(|(_, to)| place < *to)
    }

    /// Where the last code ends.
    fn code_end(&self) -> u32 {
        self.code.last().map_or(0, |(_, to)| *to)
    }

    /// Whether anything is there.
    fn is_place(&self, place: u32) -> bool {
        (self.all.0..self.all.1).contains(&place)
    }
}

/// The part of a region that is in a chunk.
#[derive(Debug, Clone, Copy)]
struct Piece<'a> {
    region: &'a Region,
    from: u32,
    to: u32,
}

impl Piece<'_> {
    /// Where a byte of the file is loaded.
    fn place(&self, offset: u32) -> u32 {
        self.region.place.wrapping_add(offset).wrapping_sub(self.region.offset)
    }

    /// The offsets of the words of `width` bytes that are aligned in the file and lie within.
    fn aligned(&self, width: u32) -> impl Iterator<Item = u32> + use<> {
        let first = self.from.next_multiple_of(width);
        let last = (self.to.saturating_sub(first) / width).saturating_mul(width);
        (first..first.saturating_add(last)).step_by(width as usize)
    }
}
