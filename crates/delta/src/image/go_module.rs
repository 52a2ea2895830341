//! What Go's runtime knows of a program: `moduledata`.
//!
//! Source: `moduledata` in `runtime/symtab.go` of the Go distribution, and `cmd/link/internal/ld/symtab.go`, which
//! writes it. It consists of words; its first ones are the same since Go 1.20, later ones came and went.

use std::ops::Range;

use super::bytes::{slice, word};
use super::regions::at_place;
use super::{Kind, Layout, Region};

/// Which word is the start of the code.
const TEXT: usize = 22;

/// Which word is the start of types: the first one that is of interest and not the same in all versions.
const TYPES: usize = 37;

/// Words of a list.
const LIST: usize = 3;

/// As many pieces as code is in, at most. It is one, but for huge programs on some machines.
const MOST_PIECES: u64 = 4096;

/// Which words hold what, in one range of versions.
struct Version {
    /// The end of types.
    types_end: usize,
    /// The start of read-only data. What follows is the start of data of functions and, if `data_end` says so, its end.
    rodata: usize,
    /// Whether the end of the data of functions is known.
    data_end: bool,
    /// The list of the pieces of code, as pointer, length and capacity.
    pieces: usize,
    /// Whether the list of types follows.
    links: bool,
}

/// All that are known, each of which contradicts the words of the others.
const VERSIONS: [Version; 3] = [
    // Go 1.20 to 1.25.
    Version { types_end: 38, rodata: 39, data_end: false, pieces: 41, links: true },
    // Go 1.26.
    Version { types_end: 38, rodata: 39, data_end: true, pieces: 42, links: true },
    // Go 1.27: types have the length of their descriptors before their end, and the part for interfaces behind it.
    Version { types_end: 39, rodata: 42, data_end: true, pieces: 45, links: false },
];

/// The words of `moduledata` in a file.
pub(super) struct Module<'a> {
    words: &'a [u8],
    /// How the region stores pointers.
    kind: Kind,
    base: u64,
}

/// What 32-bit words of types and of the data of functions are relative to, as places.
#[derive(Debug, Clone, Default)]
pub(super) struct Bases {
    /// From the start of types to their end.
    pub(super) types: Range<u32>,
    /// The start of read-only data.
    pub(super) rodata: u32,
    /// From the start of the data of functions to its end, or to the start of its last piece where that is all that is
    /// known.
    pub(super) data: Range<u32>,
    /// The list of types by their distance from the start of types; empty from Go 1.27 on.
    pub(super) links: Range<u32>,
}

impl<'a> Module<'a> {
    /// Finds it by its first words: pointers to the header of the function table and to the names, given as places.
    /// None too where pointers are not in the file but only among the relocations.
    pub(super) fn find(bytes: &'a [u8], layout: &Layout, header: u32, names: u32) -> Option<Self> {
        let data = layout.regions.iter().filter(|region| matches!(region.kind, Kind::Words | Kind::Fixups));
        data.filter(|region| region.length > 0).find_map(|region| {
            let first = region.offset.next_multiple_of(8);
            let words = slice(bytes, first..region.offset + region.length)?;
            let all = Self { words, kind: region.kind, base: layout.base };
            let starts =
                |&index: &usize| all.pointer(index) == Some(header) && all.pointer(index + 1) == Some(names);
            let start = (0..words.len() / 8).find(starts)?;
            Some(Self { words: words.get(8 * start..)?, ..all })
        })
    }

    /// Where the code starts.
    pub(super) fn text(&self) -> Option<u32> {
        self.pointer(TEXT)
    }

    /// The bases, if it is of a known version and all of them lie in the program. `last` is where the last piece of the
    /// data of functions starts, counted from the start of that data.
    pub(super) fn bases(&self, regions: &[Region], last: u32) -> Option<Bases> {
        VERSIONS.iter().find_map(|version| self.bases_of(version, regions, last))
    }

    fn bases_of(&self, version: &Version, regions: &[Region], last: u32) -> Option<Bases> {
        let inside = |index| self.pointer(index).filter(|&place| at_place(regions, place).is_some());
        let (types, rodata, data) = (inside(TYPES)?, inside(version.rodata)?, inside(version.rodata + 1)?);
        inside(version.pieces)?;
        self.list(version.pieces).filter(|count| (1..=MOST_PIECES).contains(count))?;
        let end = |index, start| self.pointer(index).filter(|&end| end >= start && is_reached(regions, end));
        let types = types..end(version.types_end, types)?;
        let data_end = match version.data_end {
            true => end(version.rodata + 2, data)?,
            false => data.checked_add(last).filter(|&end| is_reached(regions, end))?,
        };
        let links = version.links.then(|| self.words(version.pieces + LIST)).flatten();
        let bases = Bases { types, rodata, data: data..data_end, links: links.unwrap_or(0..0) };
        (last <= data_end - data).then_some(bases)
    }

    /// The places of a list of words of 32 bits.
    fn words(&self, index: usize) -> Option<Range<u32>> {
        let (start, length) = (self.pointer(index)?, self.list(index)?);
        let end = start.checked_add(u32::try_from(length.checked_mul(4)?).ok()?)?;
        Some(start..end)
    }

    /// The length of a list, given by its pointer's index; None if its capacity is another one.
    fn list(&self, index: usize) -> Option<u64> {
        let (length, capacity) = (self.number(index + 1)?, self.number(index + 2)?);
        (length == capacity).then_some(length)
    }

    fn number(&self, index: usize) -> Option<u64> {
        word(self.words, index.checked_mul(8)?)
    }

    /// The place that a pointer points to. Chained pointers have it in their low 36 bits, as an address or as a place.
    fn pointer(&self, index: usize) -> Option<u32> {
        let (pointer, chained) = (self.number(index)?, self.kind == Kind::Fixups);
        let address = if chained { pointer & ((1 << 36) - 1) } else { pointer };
        let place = match address.checked_sub(self.base) {
            Some(place) => place,
            None if chained => address,
            None => return None,
        };
        u32::try_from(place).ok()
    }
}

/// Whether the place is not behind the end of all that is in the file.
fn is_reached(regions: &[Region], place: u32) -> bool {
    let stored = regions.iter().filter(|region| region.length > 0);
    stored.map(|region| region.place + region.length).max().is_some_and(|end| place <= end)
}
