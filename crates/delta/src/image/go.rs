//! Go's function table, whatever container it is in.
//!
//! Source: the Go distribution. `runtime/symtab.go` has the header (`pcHeader`), the table of functions (`functab`),
//! the record of a function (`_func`, in `runtime/runtime2.go`) and what knows them all (`moduledata`);
//! `cmd/link/internal/ld/pcln.go` writes them. The format is that of Go 1.20 and later.

use std::ops::Range;

use super::bytes::{half, slice, word};
use super::go_module::Module;
use super::regions::{at_place, carve, carve_anchored, offsets};
use super::{Go, Kind, Layout, Region};

/// How the header starts: a magic number, two zeros, the least size of an instruction (masked out here: 1 or 4), the
/// size of a pointer.
const MAGIC: u64 = 0x0800_0000_ffff_fff1;
const MAGIC_MASK: u64 = 0xff00_ffff_ffff_ffff;

/// Tables that are tried. There is one in a program; a file made to waste our time has many.
const MOST_TRIES: usize = 4;

/// The bytes of the header, without padding.
const HEADER: usize = 72;

/// The bytes of a function's record before its lists.
const RECORD: usize = 44;

/// What is in the list of a function's data where it has none of that sort.
const NONE: u32 = u32::MAX;

/// Finds the function table. Tells where it is, and cuts it out of the region that it is in.
pub(super) fn find(bytes: &[u8], layout: &mut Layout) {
    let found = candidates(bytes, &layout.regions)
        .take(MOST_TRIES)
        .find_map(|(region, start)| Found::read(bytes, layout, &region, start));
    let Some(found) = found else { return };
    let Found { header, start, end, units, files, links, go } = found;
    layout.go = go;
    let regions = &mut layout.regions;
    // The other tables between the header and the functions are names, lines and the like: nothing that moves.
    carve(regions, header..start, Kind::Opaque);
    carve_anchored(regions, units, Kind::Anchored, files);
    carve(regions, start..end, Kind::GoFunctions);
    for (places, kind) in [(go.data..go.data_end, Kind::GoData), (links, Kind::Anchored)] {
        if let Some(part) = offsets(regions, places).filter(|part| is_data(regions, part)) {
            carve_anchored(regions, part, kind, if kind == Kind::Anchored { go.types } else { 0 });
        }
    }
    if let Some(part) = offsets_within(regions, go.types..go.types_end) {
        carve(regions, part, Kind::GoTypes);
    }
}

/// Whether this part of the file is still what the container calls data.
fn is_data(regions: &[Region], part: &Range<u32>) -> bool {
    let holder = regions
        .iter()
        .find(|region| region.offset <= part.start && part.start - region.offset < region.length);
    holder.is_some_and(|holder| matches!(holder.kind, Kind::Opaque | Kind::Words | Kind::Fixups))
}

/// Where a header may start: the region, and the offset in the file.
fn candidates<'a>(bytes: &'a [u8], regions: &'a [Region]) -> impl Iterator<Item = (Region, u32)> + 'a {
    let data =
        regions.iter().filter(|region| matches!(region.kind, Kind::Opaque | Kind::Words | Kind::Fixups));
    data.filter(|region| region.length > 0).flat_map(|region| {
        let first = region.offset.next_multiple_of(8);
        let words = slice(bytes, first..region.offset + region.length).unwrap_or_default().chunks_exact(8);
        words.enumerate().filter_map(move |(index, bytes)| {
            let start = first + 8 * index as u32;
            (word(bytes, 0)? & MAGIC_MASK == MAGIC).then_some((*region, start))
        })
    })
}

/// A function table whose every entry was looked at.
struct Found {
    /// Where the header starts in the file.
    header: u32,
    /// Where the table of functions starts in the file.
    start: u32,
    /// Where the last record of a function ends in the file.
    end: u32,
    /// Where the table of compilation units is in the file.
    units: Range<u32>,
    /// The place of the table of files, which its words are relative to.
    files: u32,
    /// The places of the list of types.
    links: Range<u32>,
    /// The places.
    go: Go,
}

impl Found {
    fn read(bytes: &[u8], layout: &Layout, region: &Region, header: u32) -> Option<Self> {
        let all = slice(bytes, header..region.offset + region.length)?;
        // Numbers of functions and files, start of the code; then where five tables are, from the header on.
        let field = |index: usize| word(all, 8 + 8 * index).and_then(|field| u32::try_from(field).ok());
        let count = field(0)?;
        let [names, units, files, counters, functions] =
            [field(3)?, field(4)?, field(5)?, field(6)?, field(7)?];
        if (functions as usize) < HEADER || functions % 4 != 0 {
            return None;
        }
        let table = Table { bytes: all.get(functions as usize..)?, count: count as usize };
        let Checked { code, length, last } = table.check()?;
        let place = region.place + (header - region.offset);
        let at = |offset: u32| place.checked_add(offset);
        let module = Module::find(bytes, layout, place, at(names)?);
        let text = match word(all, 24)? {
            // Go 1.26 and later leave it out of the header.
            0 => module.as_ref().and_then(Module::text).or_else(|| largest_code(&layout.regions))?,
            text => u32::try_from(text.checked_sub(layout.base)?).ok()?,
        };
        let holder = at_place(&layout.regions, text).filter(|holder| is_code(holder))?;
        if code > holder.size - (text - holder.place) {
            return None;
        }
        let start = header.checked_add(functions)?;
        let end = start.checked_add(length)?;
        let bases = module.as_ref().and_then(|module| module.bases(&layout.regions, last));
        let bases = bases.unwrap_or_default();
        let go = Go {
            text,
            functions: at(functions)?,
            count,
            names: at(names)?,
            units: at(units)?,
            counters: at(counters)?,
            types: bases.types.start,
            types_end: bases.types.end,
            rodata: bases.rodata,
            data: bases.data.start,
            data_end: bases.data.end,
        };
        Some(Self {
            header,
            start,
            end,
            units: header.checked_add(units)?..header.checked_add(files)?,
            files: at(files)?,
            links: bases.links,
            go,
        })
    }
}

/// Where places are in the file, as far as one region has them and it holds data that may be anything.
fn offsets_within(regions: &[Region], places: Range<u32>) -> Option<Range<u32>> {
    let region =
        at_place(regions, places.start).filter(|region| matches!(region.kind, Kind::Opaque | Kind::Words))?;
    let start = region.offset + (places.start - region.place);
    let end =
        start.saturating_add(places.end.saturating_sub(places.start)).min(region.offset + region.length);
    (start < end && places.start > 0).then_some(start..end)
}

/// What was seen when going through a function table.
struct Checked {
    /// The bytes of the code of all functions.
    code: u32,
    /// The bytes of the table with the records.
    length: u32,
    /// The last piece of data of functions that a record refers to, counted from the start of that data.
    last: u32,
}

/// The table of functions and the records behind it.
struct Table<'a> {
    bytes: &'a [u8],
    count: usize,
}

impl Table<'_> {
    /// Goes through all functions: their code is in order, their records are behind the table, in order and apart,
    /// and each says the same about its code as the table does.
    fn check(&self) -> Option<Checked> {
        let mut last = 0;
        let mut end = self.count.checked_mul(8)?.checked_add(4)?;
        if self.count == 0 || end > self.bytes.len() {
            return None;
        }
        for index in 0..self.count {
            let code = half(self.bytes, 8 * index)?;
            let record = half(self.bytes, 8 * index + 4)? as usize;
            let next = half(self.bytes, 8 * index + 8)?;
            if next < code || record < end || half(self.bytes, record)? != code {
                return None;
            }
            let lists = half(self.bytes, record + 28)? as usize;
            let pointers = usize::from(*self.bytes.get(record + 43)?);
            end = lists.checked_add(pointers)?.checked_mul(4)?.checked_add(record + RECORD)?;
            let pointers = self.bytes.get(end - 4 * pointers..end)?.chunks_exact(4);
            let pointers = pointers.filter_map(|pointer| half(pointer, 0)).filter(|&pointer| pointer != NONE);
            last = pointers.fold(last, u32::max);
        }
        Some(Checked { code: half(self.bytes, 8 * self.count)?, length: u32::try_from(end).ok()?, last })
    }
}

fn largest_code(regions: &[Region]) -> Option<u32> {
    regions
        .iter()
        .filter(|region| is_code(region))
        .max_by_key(|region| region.length)
        .map(|region| region.place)
}

fn is_code(region: &Region) -> bool {
    matches!(region.kind, Kind::X86 | Kind::Arm)
}
