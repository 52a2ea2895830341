//! PE32+, the programs of Windows.
//!
//! Source: Microsoft's "PE Format" (headers, sections, data directories) and "x64 exception handling" (`.pdata` and
//! the unwind information that it points to).

use std::ops::Range;

use object::LittleEndian as LE;
use object::pe::{self, ImageDosHeader, ImageNtHeaders64, ImageSectionHeader};
use object::read::pe::{DataDirectories, ImageNtHeaders as _, ImageOptionalHeader as _};

use super::bytes::{half, slice};
use super::regions::{Section, Sections, at_place, carve};
use super::{Kind, Layout, Region};

/// Directories that consist of words relative to the image's base.
const RELATIVE: &[usize] = &[
    pe::IMAGE_DIRECTORY_ENTRY_EXPORT,
    pe::IMAGE_DIRECTORY_ENTRY_IMPORT,
    pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION,
    pe::IMAGE_DIRECTORY_ENTRY_DEBUG,
    pe::IMAGE_DIRECTORY_ENTRY_IAT,
    pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT,
];

/// Bytes of an entry of the exception directory for x86-64: where a function starts, where it ends, its unwind
/// information.
const FUNCTION: u32 = 12;

/// The layout of a PE file for 64 bits; None for anything else.
pub(super) fn read(bytes: &[u8]) -> Option<Layout> {
    let mut offset = ImageDosHeader::parse(bytes).ok()?.nt_headers_offset().into();
    let (headers, directories) = ImageNtHeaders64::parse(bytes, &mut offset).ok()?;
    let code = match headers.file_header().machine.get(LE) {
        pe::IMAGE_FILE_MACHINE_AMD64 => Kind::X86,
        pe::IMAGE_FILE_MACHINE_ARM64 => Kind::Arm,
        _ => return None,
    };
    let base = headers.optional_header().image_base();
    let mut sections = Sections::new(bytes, base)?;
    for section in headers.sections(bytes, offset).ok()?.iter() {
        let (raw, virtual_size) = (section.size_of_raw_data.get(LE), section.virtual_size.get(LE));
        sections.add(Section {
            address: base.checked_add(section.virtual_address.get(LE).into())?,
            size: virtual_size.into(),
            offset: section.pointer_to_raw_data.get(LE).into(),
            // What the file has beyond the virtual size is padding.
            length: (if virtual_size == 0 { raw } else { raw.min(virtual_size) }).into(),
            kind: kind(section, code),
            anchor: 0,
        })?;
    }
    let mut regions = sections.finish();
    for &directory in RELATIVE {
        if let Some(part) = file_range(&directories, directory, &regions) {
            carve_data(&mut regions, part);
        }
    }
    if code == Kind::X86
        && let Some(part) = unwind_information(bytes, &directories, &regions)
    {
        carve_data(&mut regions, part);
    }
    Some(Layout { base, regions, ..Layout::default() })
}

fn kind(section: &ImageSectionHeader, code: Kind) -> Kind {
    let flags = section.characteristics.get(LE);
    match section.raw_name() {
        _ if flags.contains(pe::IMAGE_SCN_MEM_EXECUTE) => code,
        b".pdata" | b".xdata" | b".idata" | b".edata" => Kind::ImageRelative,
        b".reloc" | b".rsrc" => Kind::Opaque,
        _ => Kind::Words,
    }
}

/// Where a directory is in the file.
fn file_range(directories: &DataDirectories<'_>, index: usize, regions: &[Region]) -> Option<Range<u32>> {
    let (place, size) = directories.get(index)?.address_range();
    let region = at_place(regions, place)?;
    let start = region.offset + (place - region.place);
    let end = start.checked_add(size)?;
    (end <= region.offset + region.length).then_some(start..end)
}

/// Says that a part of the data is relative to the image's base. Parts of code stay what they are.
fn carve_data(regions: &mut Vec<Region>, part: Range<u32>) {
    let holder = regions
        .iter()
        .find(|region| region.offset <= part.start && part.start - region.offset < region.length);
    if holder.is_some_and(|region| region.kind == Kind::Words) {
        carve(regions, part, Kind::ImageRelative);
    }
}

/// Where the unwind information is in the file that the exception directory points to. Linkers put it together with
/// what it refers to in turn, and often into `.rdata`, where it is a piece among others.
fn unwind_information(
    bytes: &[u8],
    directories: &DataDirectories<'_>,
    regions: &[Region],
) -> Option<Range<u32>> {
    let functions = file_range(directories, pe::IMAGE_DIRECTORY_ENTRY_EXCEPTION, regions)?;
    let places = slice(bytes, functions)?.chunks_exact(FUNCTION as usize).filter_map(|entry| half(entry, 8));
    // An odd place says that it is of another entry.
    let places = places.filter(|place| place % 4 == 0 && *place > 0);
    let (first, last) =
        places.fold((u32::MAX, 0), |(first, last), place| (first.min(place), last.max(place)));
    let region = at_place(regions, first)?;
    let start = region.offset + (first - region.place);
    let last = region.offset.checked_add(last.checked_sub(region.place)?)?;
    let end = last.checked_add(unwind_length(bytes, last)?)?;
    (end <= region.offset + region.length).then_some(start..end)
}

/// How many bytes the unwind information has that starts here in the file: 4, 2 for each code, of which there is an
/// even number, and by its flags 12 for the function that it continues, or 4 for a handler.
fn unwind_length(bytes: &[u8], offset: u32) -> Option<u32> {
    let [flags, _prologue, codes, _frame] = half(bytes, usize::try_from(offset).ok()?)?.to_le_bytes();
    // Above the 3 bits of the version: 1 and 2 for handlers, 4 for a continuation.
    let rest = match flags >> 3 {
        0 => 0,
        1..=3 => 4,
        _ => FUNCTION,
    };
    Some(4 + 2 * u32::from(codes).next_multiple_of(2) + rest)
}
