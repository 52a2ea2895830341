//! What is read of real programs, compared with what is known about them; and of broken ones.

mod broken;
mod go;
mod regions;
mod signature;
mod symbols;

use std::fs;
use std::process::Command;

use super::{Kind, Layout, Region, read};
use crate::programs::source::{MARK, functions};
use crate::programs::{Program, Release, programs};

/// Both releases of all programs, with their names.
fn files(test: &str) -> impl Iterator<Item = (&'static str, Release, &'static [u8])> {
    programs(test).iter().flat_map(|Program { name, base, artifact }| {
        [(*name, Release::First, base.as_slice()), (*name, Release::Next, artifact.as_slice())]
    })
}

fn region_at(layout: &Layout, place: u64) -> Option<&Region> {
    layout.regions.iter().find(|region| {
        u64::from(region.place) <= place && place < u64::from(region.place) + u64::from(region.size)
    })
}

fn is_code_at(layout: &Layout, place: u64) -> bool {
    region_at(layout, place).is_some_and(|region| matches!(region.kind, Kind::X86 | Kind::Arm))
}

fn word32(bytes: &[u8], offset: u32) -> u32 {
    u32::from_le_bytes(bytes[offset as usize..][..4].try_into().unwrap())
}

/// All that is promised of a layout.
fn check(layout: &Layout, bytes: &[u8]) {
    let (stored, empty): (Vec<&Region>, Vec<&Region>) =
        layout.regions.iter().partition(|region| region.length > 0);
    assert_eq!(layout.regions.iter().take(stored.len()).collect::<Vec<_>>(), stored, "empty ones come last");
    assert!(stored.windows(2).all(|pair| pair[0].offset + pair[0].length <= pair[1].offset), "apart");
    assert!(stored.last().is_none_or(|last| last.offset as usize + last.length as usize <= bytes.len()));
    assert!(empty.windows(2).all(|pair| pair[0].place <= pair[1].place), "by place");
    for region in &layout.regions {
        assert!(region.size > 0 && region.size >= region.length, "{region:?}");
        assert!(region.place.checked_add(region.size).is_some(), "{region:?}");
        assert_eq!(region.kind == Kind::GoFunctions, layout.go.count > 0 && is_go_table(layout, region));
        assert!(
            region.anchor == 0 || matches!(region.kind, Kind::Symbols | Kind::MachSymbols | Kind::Anchored)
        );
    }
    assert!(layout.go.types <= layout.go.types_end);
    assert!(layout.go.data <= layout.go.data_end || layout.go.data_end == 0);
}

fn is_go_table(layout: &Layout, region: &Region) -> bool {
    region.place == layout.go.functions
}

#[test]
fn every_program_has_a_layout() {
    for (name, release, bytes) in files("every_program_has_a_layout") {
        let layout = read(bytes).unwrap_or_else(|| panic!("{name} {release:?}"));
        check(&layout, bytes);
        let code = if name.contains("arm64") || name.contains("aarch64") { Kind::Arm } else { Kind::X86 };
        if name != "rust" {
            let bytes_of =
                |kind| layout.regions.iter().filter(|r| r.kind == kind).map(|r| r.length).sum::<u32>();
            assert!(bytes_of(code) > 20_000, "{name}: {layout:?}");
            assert!(bytes_of(Kind::Words) > 1_000, "{name}: {layout:?}");
            assert_eq!(layout.go, super::Go::default());
        }
        // The same wherever the bytes lie in memory.
        let shifted: Vec<u8> = [0].iter().chain(bytes).copied().collect();
        assert_eq!(read(&shifted[1..]), Some(layout));
    }
}

#[test]
fn pointers_of_a_table_lead_to_code() {
    let absolute = ["elf-x86_64-fixed", "pe-x86_64", "macho-arm64", "macho-x86_64"];
    for (name, release, bytes) in files("pointers_of_a_table_lead_to_code") {
        if !absolute.contains(&name) {
            continue;
        }
        let layout = read(bytes).unwrap();
        let mark = bytes.windows(8).position(|window| window == MARK.to_le_bytes()).unwrap();
        let table = layout
            .regions
            .iter()
            .find(|region| region.offset as usize <= mark && mark < (region.offset + region.length) as usize);
        assert_eq!((table.unwrap().kind, mark % 8), (Kind::Words, 0), "{name}");
        let pointers = bytes[mark + 8..].chunks_exact(8).take(functions(release));
        let mut places: Vec<u64> =
            pointers.map(|pointer| u64::from_le_bytes(pointer.try_into().unwrap()) - layout.base).collect();
        assert!(places.iter().all(|&place| is_code_at(&layout, place)), "{name}");
        places.dedup();
        assert_eq!(places.len(), functions(release), "{name}");
    }
}

#[test]
fn the_index_of_frames_leads_to_code_and_frames() {
    for (name, release, bytes) in files("the_index_of_frames_leads_to_code_and_frames") {
        let Some(layout) = read(bytes).filter(|_| name.starts_with("elf")) else { continue };
        let index = layout.regions.iter().find(|region| region.kind == Kind::FrameIndex);
        let Some(index) = index else {
            assert_eq!(name, "elf-x86_64-fixed");
            continue;
        };
        let count = word32(bytes, index.offset + 8);
        assert!(count as usize >= functions(release) && index.length == 12 + 8 * count, "{name}");
        for entry in 0..count {
            let words = [12, 16].map(|field| word32(bytes, index.offset + field + 8 * entry));
            let [code, frame] = words.map(|word| u64::from(index.place.wrapping_add(word)));
            assert!(is_code_at(&layout, code), "{name} {code:x}");
            assert_eq!(region_at(&layout, frame).unwrap().kind, Kind::Frames, "{name} {frame:x}");
        }
    }
}

#[test]
fn functions_of_windows_lead_to_code_and_unwind_information() {
    for (name, release, bytes) in files("functions_of_windows_lead_to_code_and_unwind_information") {
        let Some(layout) = read(bytes).filter(|_| name.starts_with("pe")) else { continue };
        let relative: Vec<_> =
            layout.regions.iter().filter(|region| region.kind == Kind::ImageRelative).collect();
        // The unwind information is in the middle of `.rdata`, the list of functions a section of its own.
        let [information, list] = relative[..] else { panic!("{relative:?}") };
        assert!(list.length as usize / 12 >= functions(release) / 2);
        for entry in 0..list.length / 12 {
            let [start, end, unwind] =
                [0, 4, 8].map(|field| u64::from(word32(bytes, list.offset + 12 * entry + field)));
            assert!(start < end && is_code_at(&layout, start) && is_code_at(&layout, end - 1));
            assert_eq!(region_at(&layout, unwind), Some(information));
            let version =
                bytes[information.offset as usize + unwind as usize - information.place as usize] & 7;
            assert_eq!(version, 1);
        }
    }
}

#[test]
fn chained_pointers_are_told_from_plain_ones() {
    const LC_DYLD_INFO_ONLY: [u8; 4] = 0x8000_0022_u32.to_le_bytes();
    const LC_DYLD_CHAINED_FIXUPS: [u8; 4] = 0x8000_0034_u32.to_le_bytes();
    for (name, _, bytes) in files("chained_pointers_are_told_from_plain_ones") {
        if !name.starts_with("macho") {
            continue;
        }
        let plain = read(bytes).unwrap();
        let command = bytes.windows(4).position(|window| window == LC_DYLD_INFO_ONLY).unwrap();
        let mut bytes = bytes.to_vec();
        bytes[command..][..4].copy_from_slice(&LC_DYLD_CHAINED_FIXUPS);
        let chained = read(&bytes).unwrap();
        let differences: Vec<_> =
            plain.regions.iter().zip(&chained.regions).filter(|(a, b)| a != b).collect();
        assert!(!differences.is_empty());
        for (plain, chained) in differences {
            assert_eq!((plain.kind, chained.kind), (Kind::Words, Kind::Fixups));
        }
    }
}

/// Binutils' readelf, which comes with gcc, agrees about every section.
#[test]
fn sections_are_where_readelf_sees_them() {
    let test = "sections_are_where_readelf_sees_them";
    if Command::new("readelf").arg("--version").output().is_err() {
        println!("SKIP {test}: the program readelf is missing (Debian package binutils)");
        assert!(std::env::var("CI").as_deref() != Ok("true"), "readelf must be installed on CI");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, _, bytes) in files(test).filter(|(_, _, bytes)| bytes.starts_with(b"\x7fELF")) {
        let layout = read(bytes).unwrap();
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        let output = Command::new("readelf").env("LC_ALL", "C").arg("-SW").arg(&file).output().unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let mut count = 0;
        // `[ 1] .interp  PROGBITS  0000000000000238 000238 00001c 00   A  0   0  1`
        for line in output.lines().filter_map(|line| line.split_once(']')) {
            let fields: Vec<&str> = line.1.split_whitespace().collect();
            let [section, kind, address, offset, size, _, flags, ..] = fields[..] else { continue };
            let number = |text| u64::from_str_radix(text, 16).ok();
            let (Some(address), Some(offset), Some(size)) = (number(address), number(offset), number(size))
            else {
                continue;
            };
            if !flags.contains('A') || size == 0 || (kind == "NOBITS" && flags.contains('T')) {
                continue;
            }
            count += 1;
            let region =
                region_at(&layout, address - layout.base).unwrap_or_else(|| panic!("{name}: {section}"));
            let stored = if kind == "NOBITS" { (0, 0) } else { (offset, size) };
            let found = (u64::from(region.offset), u64::from(region.length));
            assert_eq!((found, u64::from(region.size)), (stored, size), "{name}: {section}");
            assert_eq!(flags.contains('X'), is_code_at(&layout, address - layout.base), "{name}: {section}");
        }
        assert!(count >= 5, "{name}: {output}");
        let unloaded = if output.contains(".symtab") { 2 } else { 0 };
        assert_eq!(layout.regions.len(), count + unloaded, "{name}: {output}\n{layout:?}");
    }
}
