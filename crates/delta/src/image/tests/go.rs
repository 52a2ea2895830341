//! Function tables of Go, written here as its linker does.

use proptest::prelude::*;

use super::super::go::find;
use super::super::{Go, Kind, Layout, Region};
use super::check;

const BASE: u64 = 0x40_0000;
const CODE: Region =
    Region { offset: 0x40, length: 0x1000, place: 0x1000, size: 0x1000, kind: Kind::X86, anchor: 0 };
/// Where the data starts in the file, and how far behind that it is loaded.
const DATA: u32 = 0x1040;
const SHIFT: u32 = 0x2000;
/// Where the header starts in the file.
const HEADER: u32 = DATA + 0x60;
/// Where the tables are, counted from the header on: names, units, files, counters, functions.
const TABLES: [u64; 5] = [72, 100, 120, 140, 200];
const COUNT: u32 = 5;
/// The bytes of the table and its records.
const LENGTH: u32 = 8 * COUNT + 4 + COUNT * (44 + 4 * 2 + 4 * 3);

/// A program with code at `text`, which its header says, or its `moduledata`, or none of them.
fn program(text_in_header: bool, text_in_module: Option<u64>) -> (Vec<u8>, Layout) {
    let mut bytes = vec![0x90; HEADER as usize];
    bytes.extend(0x0801_0000_ffff_fff1_u64.to_le_bytes());
    let text = if text_in_header { BASE + 0x1010 } else { 0 };
    for field in [u64::from(COUNT), 3, text].into_iter().chain(TABLES) {
        bytes.extend(field.to_le_bytes());
    }
    bytes.resize(HEADER as usize + TABLES[4] as usize, b'n');
    let record = |index: u32| 8 * COUNT + 4 + 64 * index;
    for index in 0..COUNT {
        bytes.extend((0x100 * index).to_le_bytes());
        bytes.extend(record(index).to_le_bytes());
    }
    bytes.extend((0x100 * COUNT).to_le_bytes());
    for index in 0..COUNT {
        let fields = [0x100 * index, 7, 8, 0, 11, 12, 13, 2, 1, 99];
        fields.iter().for_each(|field| bytes.extend(field.to_le_bytes()));
        bytes.extend([0, 0, 0, 3]);
        (0..5_u32).for_each(|item| bytes.extend(item.to_le_bytes()));
    }
    bytes.extend(vec![0xcc; 0x30]);
    bytes.resize(bytes.len().next_multiple_of(8), 0xcc);
    if let Some(text) = text_in_module {
        let header = BASE + u64::from(HEADER + SHIFT);
        bytes.extend(header.to_le_bytes());
        bytes.extend((header + TABLES[0]).to_le_bytes());
        (2..22_u64).for_each(|word| bytes.extend(word.to_le_bytes()));
        bytes.extend(text.to_le_bytes());
    }
    let length = bytes.len() as u32 - DATA;
    let data =
        Region { offset: DATA, length, place: DATA + SHIFT, size: length, kind: Kind::Words, anchor: 0 };
    (bytes, Layout { base: BASE, regions: vec![CODE, data], go: Go::default() })
}

#[test]
fn the_table_is_a_region_of_its_own() {
    let (bytes, mut layout) = program(true, None);
    find(&bytes, &mut layout);
    check(&layout, &bytes);
    let kinds: Vec<_> = layout.regions.iter().map(|region| (region.offset, region.kind)).collect();
    let functions = HEADER + TABLES[4] as u32;
    let wanted = [
        (CODE.offset, Kind::X86),
        (DATA, Kind::Words),
        (HEADER, Kind::Opaque),
        (HEADER + TABLES[1] as u32, Kind::Anchored),
        (HEADER + TABLES[2] as u32, Kind::Opaque),
        (functions, Kind::GoFunctions),
        (functions + LENGTH, Kind::Words),
    ];
    assert_eq!(kinds, wanted);
    let at = |table: usize| HEADER + SHIFT + TABLES[table] as u32;
    // Units refer to files.
    assert_eq!(layout.regions[3].anchor, at(2));
    let go = Go {
        text: 0x1010,
        functions: at(4),
        count: COUNT,
        names: at(0),
        units: at(1),
        counters: at(3),
        ..Go::default()
    };
    assert_eq!(layout.go, go);
}

#[test]
fn the_start_of_the_code_is_in_the_header_or_the_module_or_guessed() {
    let text = |in_header, in_module| {
        let (bytes, mut layout) = program(in_header, in_module);
        find(&bytes, &mut layout);
        layout.go.text
    };
    assert_eq!(text(true, Some(BASE + 0x1020)), 0x1010);
    assert_eq!(text(false, Some(BASE + 0x1020)), 0x1020);
    assert_eq!(text(false, None), CODE.place);
}

#[test]
fn chained_pointers_of_the_module_are_followed() {
    let pointer = |place: u64, address: bool| (7 << 40) | if address { BASE + place } else { place };
    for address in [true, false] {
        let (mut bytes, mut layout) = program(false, Some(0));
        layout.regions[1].kind = Kind::Fixups;
        let module = bytes.len() - 8 * 23;
        let header = u64::from(HEADER + SHIFT);
        for (index, place) in [(0, header), (1, header + TABLES[0]), (22, 0x1030)] {
            bytes[module + 8 * index..][..8].copy_from_slice(&pointer(place, address).to_le_bytes());
        }
        find(&bytes, &mut layout);
        assert_eq!(layout.go.text, 0x1030);
    }
}

/// An address in the data, which is loaded as one piece.
const fn data(offset: u32) -> u64 {
    BASE + (DATA + SHIFT + offset) as u64
}

/// A program whose `moduledata` has these words from the start of types on.
fn program_with_bases(words: &[u64]) -> (Vec<u8>, Layout) {
    let (mut bytes, mut layout) = program(false, Some(BASE + 0x1020));
    bytes.extend([0; 8 * (37 - 23)]);
    words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
    let length = bytes.len() as u32 - DATA;
    (layout.regions[1].length, layout.regions[1].size) = (length, length);
    (bytes, layout)
}

/// How many pieces of code there are, then lists of types and of interfaces.
const LISTS: [u64; 8] = [1, 1, data(0x50), 3, 3, data(0x5c), 4, 4];

#[test]
fn the_module_says_what_types_and_data_of_functions_are_relative_to() {
    let (types, types_end, rodata) = (data(0x10), data(0x20), data(8));
    let (start, end, pieces) = (data(0x30), data(0x40), data(0x48));
    let go_1_25 = [&[types, types_end, rodata, start, pieces], &LISTS[..]].concat();
    let go_1_26 = [&[types, types_end, rodata, start, end, pieces], &LISTS[..]].concat();
    let go_1_27 = [&[types, 7, types_end, 8, 2, rodata, start, end, pieces], &LISTS[..2]].concat();
    let place = |address| (address - BASE) as u32;
    // Without an end there is the start of the last piece that a record refers to.
    for (words, end) in [(go_1_25, place(start) + 4), (go_1_26, place(end)), (go_1_27, place(end))] {
        let (bytes, mut layout) = program_with_bases(&words);
        find(&bytes, &mut layout);
        check(&layout, &bytes);
        let wanted = [place(types), place(types_end), place(rodata), place(start), end];
        assert_eq!((layout.go.text, bases(&layout)), (0x1020, wanted), "{words:x?}");
        let found = |kind| layout.regions.iter().find(move |region| region.kind == kind).copied();
        let functions_data = found(Kind::GoData).unwrap();
        assert_eq!(functions_data.place..functions_data.place + functions_data.length, place(start)..end);
        // Go 1.27 has no list of types. That of units comes behind the data.
        let links = found(Kind::Anchored).filter(|region| region.offset < HEADER);
        let wanted =
            Region { offset: DATA + 0x50, length: 12, place: place(data(0x50)), size: 12, ..functions_data };
        let wanted = Region { kind: Kind::Anchored, anchor: place(types), ..wanted };
        assert_eq!(links, (words.len() != 11).then_some(wanted), "{words:x?}");
    }
}

fn bases(layout: &Layout) -> [u32; 5] {
    let Go { types, types_end, rodata, data, data_end, .. } = layout.go;
    [types, types_end, rodata, data, data_end]
}

#[test]
fn bases_that_cannot_be_are_not_believed() {
    let good = [data(0x10), data(0x20), data(8), data(0x30), data(0x40), data(0x48), 1, 1];
    let outside = BASE + 0x10_0000;
    for (index, wrong) in [
        (0, outside),
        (0, data(0x21)),
        (1, data(0xf)),
        (1, outside),
        (2, 0),
        (3, outside),
        (3, data(0x41)),
        (4, outside),
        (5, BASE - 1),
        (6, 2),
        // No place for the last piece of data that a record refers to.
        (4, data(0x33)),
    ] {
        let mut words = good;
        words[index] = wrong;
        let (bytes, mut layout) = program_with_bases(&words);
        find(&bytes, &mut layout);
        assert_eq!(layout.go.text, 0x1020);
        assert_eq!(bases(&layout), [0; 5], "{index} {wrong:x}");
    }
    let (bytes, mut layout) = program_with_bases(&good);
    find(&bytes, &mut layout);
    assert!(layout.go.types > 0);
}

/// Whatever one byte of the tables becomes.
#[test]
fn tables_that_contradict_themselves_are_not_believed() {
    let (bytes, layout) = program(true, None);
    let functions = (HEADER as u64 + TABLES[4]) as usize;
    // The second function's code, its record, what the record says of its code, the number of a record's lists.
    for at in
        [functions + 11, functions + 12, functions + 8 * 5 + 4 + 64 + 1, functions + 8 * 5 + 4 + 4 * 64 + 30]
    {
        let (mut bytes, mut layout) = (bytes.clone(), layout.clone());
        bytes[at] ^= 0x40;
        let before = layout.clone();
        find(&bytes, &mut layout);
        assert_eq!(layout, before, "{at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn changed_tables_are_survived(
        changes in prop::collection::vec((HEADER..HEADER + 0x300, any::<u8>()), 1..6),
        module in any::<bool>(),
        length in 0..3000_usize,
    ) {
        let (mut bytes, mut layout) = program(!module, module.then_some(BASE + 0x1000));
        for (at, value) in changes {
            if let Some(byte) = bytes.get_mut(at as usize) {
                *byte = value;
            }
        }
        // Ends early in half of the cases.
        let end = bytes.len().min(HEADER as usize + 2 * length).max(DATA as usize + 8);
        bytes.truncate(end);
        layout.regions[1].length = end as u32 - DATA;
        find(&bytes, &mut layout);
        check(&layout, &bytes);
    }
}
