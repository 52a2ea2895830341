//! Sections that overlap, that lie where they should not, and parts of them.

use super::super::regions::{Section, Sections, carve};
use super::super::{Kind, Region};

const BYTES: &[u8] = &[0; 1000];
const BASE: u64 = 0x1_4000_0000;

/// A section that is loaded as far from the base as it is in the file, and 0x1000.
fn section(offset: u64, length: u64, kind: Kind) -> Section {
    Section { address: BASE + 0x1000 + offset, size: length, offset, length, kind, anchor: 0 }
}

fn region(offset: u32, length: u32, kind: Kind) -> Region {
    Region { offset, length, place: 0x1000 + offset, size: length, kind, anchor: 0 }
}

fn regions(sections: &[Section]) -> Vec<Region> {
    let mut collected = Sections::new(BYTES, BASE).unwrap();
    sections.iter().for_each(|&section| collected.add(section).unwrap());
    collected.finish()
}

#[test]
fn bytes_belong_to_the_section_that_starts_first() {
    let sections = [
        section(500, 100, Kind::X86),
        section(100, 200, Kind::Words),
        section(250, 100, Kind::FrameIndex),
        section(120, 50, Kind::Frames),
        section(100, 150, Kind::Arm),
    ];
    let wanted = [
        region(100, 200, Kind::Words),
        // What it is relative to is gone.
        region(300, 50, Kind::Opaque),
        region(500, 100, Kind::X86),
    ];
    assert_eq!(regions(&sections), wanted);
    let mut other_order = sections;
    other_order.reverse();
    assert_eq!(regions(&other_order), wanted);
}

#[test]
fn what_has_no_bytes_in_the_file_comes_last() {
    let zeros =
        |address, size| Section { address: BASE + address, size, length: 0, ..section(77, 0, Kind::Opaque) };
    let sections = [zeros(0x9000, 50), zeros(0x7000, 60), section(10, 20, Kind::Words), zeros(0x8000, 0)];
    let empty = |place, size| Region { place, size, ..region(0, 0, Kind::Opaque) };
    assert_eq!(regions(&sections), [region(10, 20, Kind::Words), empty(0x7000, 60), empty(0x9000, 50)]);
}

#[test]
fn sections_out_of_reach_are_left_out_and_beyond_the_file_refused() {
    let below = Section { address: BASE - 1, ..section(0, 10, Kind::X86) };
    let above = Section { address: BASE + 0xffff_fff0, ..section(0, 16, Kind::X86) };
    let last = Section { address: BASE + 0xffff_ffef, ..section(0, 16, Kind::X86) };
    assert_eq!(regions(&[below, above, last]).len(), 1);
    let mut sections = Sections::new(BYTES, BASE).unwrap();
    assert!(sections.add(section(990, 10, Kind::X86)).is_some());
    assert!(sections.add(section(990, 11, Kind::X86)).is_none());
    assert!(sections.add(Section { offset: u64::MAX, ..section(0, 2, Kind::X86) }).is_none());
    assert!(sections.add(section(0, u64::MAX, Kind::X86)).is_none());
}

#[test]
fn there_is_a_free_page_behind_all_sections() {
    let mut sections = Sections::new(BYTES, BASE).unwrap();
    assert_eq!(sections.free_address(), Some(BASE));
    sections.add(section(100, 200, Kind::X86)).unwrap();
    sections.add(section(10, 20, Kind::Words)).unwrap();
    assert_eq!(sections.free_address(), Some(BASE + 0x2000));
    assert_eq!(sections.place(BASE + 0x2000), Some(0x2000));
    assert_eq!((sections.place(BASE - 1), sections.place(BASE + (1 << 32))), (None, None));
}

/// Symbols whose first ones belong to another section are no longer whole, and those of a part have no anchor.
#[test]
fn an_anchor_belongs_to_its_kind() {
    for kind in [Kind::Symbols, Kind::MachSymbols] {
        let symbols = Section { anchor: 0x1234, ..section(100, 96, kind) };
        assert_eq!(regions(&[symbols]), [Region { anchor: 0x1234, ..region(100, 96, kind) }]);
        let cut = [region(80, 30, Kind::Words), region(110, 86, Kind::Opaque)];
        assert_eq!(regions(&[symbols, section(80, 30, Kind::Words)]), cut);
    }
    let mut whole = vec![Region { anchor: 7, ..region(100, 90, Kind::Symbols) }];
    carve(&mut whole, 124..148, Kind::Words);
    assert_eq!(whole.iter().map(|region| region.anchor).collect::<Vec<_>>(), [7, 0, 7]);
}

#[test]
fn a_part_gets_a_kind_of_its_own() {
    let whole = Region { size: 900, ..region(100, 200, Kind::Words) };
    let carved = |part| {
        let mut regions = vec![region(0, 50, Kind::X86), whole, region(400, 50, Kind::X86)];
        carve(&mut regions, part, Kind::GoFunctions);
        regions[1..regions.len() - 1].to_vec()
    };
    let rest = Region { size: 840, ..region(160, 140, Kind::Words) };
    let middle = region(120, 40, Kind::GoFunctions);
    assert_eq!(carved(120..160), [region(100, 20, Kind::Words), middle, rest]);
    assert_eq!(carved(100..160), [region(100, 60, Kind::GoFunctions), rest]);
    let end = Region { size: 780, ..region(220, 80, Kind::GoFunctions) };
    assert_eq!(carved(220..300), [region(100, 120, Kind::Words), end]);
    assert_eq!(carved(100..300), [Region { kind: Kind::GoFunctions, ..whole }]);
    for outside in [90..110, 290..301, 350..360, 120..120] {
        assert_eq!(carved(outside), [whole]);
    }
}
