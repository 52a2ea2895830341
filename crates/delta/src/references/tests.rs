//! References that are known to be there, and what is promised of all that are found.

#[path = "../../tests/images/mod.rs"]
mod images;

use std::collections::BTreeMap;

use proptest::prelude::*;
use protocol::Digest;

use super::{Anchor, CHUNK, Finder, MARGIN, Reference, View};
use crate::image::{Go, Kind, Layout, Region, read};
use images::images;

/// All references, found chunk by chunk, with what is promised of them.
fn find(bytes: &[u8], layout: &Layout) -> Vec<Reference> {
    let finder = Finder::new(layout);
    let whole = View { bytes, start: 0 };
    let (mut all, mut found) = (Vec::new(), Vec::new());
    for from in (0..bytes.len()).step_by(CHUNK as usize) {
        let start = from.saturating_sub(MARGIN as usize);
        let end = bytes.len().min(from + (CHUNK + MARGIN) as usize);
        let view = View { bytes: &bytes[start..end], start: start as u32 };
        finder.find(from as u32, view, &mut |offset| whole.word(offset), &mut found);
        for reference in &found {
            let end = reference.offset as usize + reference.width();
            assert!(reference.offset as usize >= from && end <= from + CHUNK as usize, "in the chunk");
            let inside = |region: &Region| {
                region.offset <= reference.offset && end <= (region.offset + region.length) as usize
            };
            assert!(layout.regions.iter().any(inside), "in one region: {reference:?}");
        }
        all.append(&mut found);
    }
    let apart = |pair: &[Reference]| pair[0].offset + pair[0].width() as u32 <= pair[1].offset;
    assert!(all.windows(2).all(apart), "sorted and apart");
    all
}

/// How many there are of each sort.
fn count(references: &[Reference]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for Reference { form, anchor, .. } in references {
        let name =
            if *anchor == Anchor::Image { format!("{form:?}") } else { format!("{form:?} {anchor:?}") };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

/// The images that golden patches are made of have every sort of reference, many times.
#[test]
fn images_have_references_of_every_sort() {
    let wanted: &[(&str, &[&str])] = &[
        ("elf-x86_64", &["Relative", "Absolute", "Anchored Region", "Anchored Stated"]),
        ("elf-aarch64", &["Branch26", "Branch19", "Page", "PageOffset", "Relative", "Absolute"]),
        ("pe-x86_64", &["Relative", "Absolute", "Anchored"]),
        (
            "macho-arm64",
            &["Branch26", "Branch19", "Page", "PageOffset", "Fixup", "Anchored Stated", "Absolute"],
        ),
        (
            "go-elf-x86_64",
            &[
                "Relative",
                "Absolute",
                "Anchored GoText",
                "Anchored GoFunctions",
                "Anchored GoNames",
                "Anchored GoCounters",
                "Anchored GoUnits",
                "Anchored GoData",
                "Anchored GoTypes",
                "Anchored GoRodata",
                "Anchored Stated",
            ],
        ),
    ];
    for (image, (name, sorts)) in images().iter().zip(wanted) {
        assert_eq!(image.name, *name);
        for bytes in [&image.base, &image.artifact] {
            let counts = count(&find(bytes, &read(bytes).unwrap()));
            println!("{name}: {counts:?}");
            for sort in *sorts {
                assert!(counts.get(*sort).is_some_and(|count| *count >= 20), "{name} {sort}: {counts:?}");
            }
        }
    }
}

/// What was found when the format was frozen, for each release: how many, and the SHA-256 of their lines. A difference here
/// is a difference between an old patch and a new decoder, and is never right, unless [`read`] sees other regions: what a
/// maker says of a layout is free.
const FROZEN: &[(&str, [(usize, &str); 2])] = &[
    (
        "elf-x86_64",
        [
            (1551, "90a8d2252259706f27db79299813fef5f644eeaf0fdb574f78c1699b2b49588b"),
            (1636, "0b9d750a79a769e6ea9e1db4b83df787c8a76a7232cf2aa3f7547f366f9c7255"),
        ],
    ),
    (
        "elf-aarch64",
        [
            (1852, "ce991611766d5276dcf803da2ca777a87077a4a1e70614c0576addcb1373b85b"),
            (1946, "f65551d29e966d81cfefd36672bc9a5692afe5a2466269f40e949058bf25fcd7"),
        ],
    ),
    (
        "pe-x86_64",
        [
            (1070, "e16adaad24214da4dfd7eca7aaade10f29d2fc9b25343f6280a279714e8c0976"),
            (1128, "d3f6f3ed2b9c502f521f99e6bbeeca93dbbda960db0fd5bd79c571c9d6f45f8a"),
        ],
    ),
    (
        "macho-arm64",
        [
            (1252, "2632d4e5f3f2a9263081500043c15768d87e413145e094a5b7343a1828c72775"),
            (1310, "261bf89a12363f1d5338a91fc9d659f48695470baec3d056d4460c3347e62b80"),
        ],
    ),
    (
        "go-elf-x86_64",
        [
            (2954, "8bb6840362a12245ac6e80ce437effbe3726124215a417058549a31f9337581e"),
            (3081, "0a37410e563ec2e896c9f0511962b6b9299b0e86b4910dc7f9f196d00964a844"),
        ],
    ),
];

#[test]
fn references_are_those_of_the_frozen_format() {
    for (image, (name, frozen)) in images().iter().zip(FROZEN) {
        let found = [&image.base, &image.artifact].map(|bytes| {
            let references = find(bytes, &read(bytes).unwrap());
            let line = |reference: &Reference| {
                let Reference { offset, form, bias, anchor, target } = reference;
                format!("{offset} {} {bias} {} {target}\n", *form as u8, *anchor as u8)
            };
            let lines: String = references.iter().map(line).collect();
            (references.len(), Digest::of(lines.as_bytes()).to_string())
        });
        let found = found.each_ref().map(|(count, digest)| (*count, digest.as_str()));
        assert_eq!((image.name, found), (*name, *frozen));
    }
    assert_eq!(FROZEN.len(), images().len());
}

/// All kinds of regions are in the images.
#[test]
fn images_have_regions_of_every_kind() {
    let layouts: Vec<Layout> = images().iter().map(|image| read(&image.base).unwrap()).collect();
    for number in 0..14 {
        let kind = Kind::from_number(number);
        let has = |layout: &&Layout| layout.regions.iter().any(|region| Some(region.kind) == kind);
        assert!(layouts.iter().any(|layout| has(&layout)), "{kind:?}");
    }
}

fn word() -> impl Strategy<Value = u32> {
    prop_oneof![
        6 => 0..20_000u32,
        2 => (0..3000u32).prop_map(u32::wrapping_neg),
        1 => Just(u32::MAX),
        1 => any::<u32>(),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        word().prop_map(|word| word.to_le_bytes().to_vec()),
        word().prop_map(|word| u64::from(word).to_le_bytes().to_vec()),
        word().prop_map(|word| [&[0xe8][..], &word.to_le_bytes()].concat()),
        word().prop_map(|word| [&[0x48, 0x8b, 0x05][..], &word.to_le_bytes()].concat()),
        (0..1u32 << 26).prop_map(|word| (0x9400_0000 | word).to_le_bytes().to_vec()),
        (0..9u32, 0..32u32)
            .prop_map(|(page, register)| (0x9000_0000 | page << 5 | register).to_le_bytes().to_vec()),
        (0..4096u32, 0..32u32)
            .prop_map(|(low, register)| (0x9100_0000 | low << 10 | register << 5).to_le_bytes().to_vec()),
        any::<[u8; 3]>().prop_map(|bytes| bytes.to_vec()),
    ];
    prop::collection::vec(part, 1..1500).prop_map(|parts| parts.concat().repeat(3))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Whatever the bytes and the layout: in order, apart, each in one chunk and one region.
    #[test]
    fn references_are_sorted_and_apart(
        bytes in bytes(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0..14u64, word(), word()), 0..6),
        go in prop::array::uniform11(word()),
    ) {
        let mut ends: Vec<u32> = cuts.iter().map(|(at, ..)| at.index(bytes.len() + 1) as u32).collect();
        ends.sort_unstable();
        let mut regions = Vec::new();
        let mut offset = 0;
        for (end, (_, kind, place, anchor)) in ends.into_iter().zip(cuts) {
            let length = end - offset;
            if length > 0 {
                let (place, kind) = (place.min(u32::MAX - length), Kind::from_number(kind).unwrap());
                regions.push(Region { offset, length, place, size: length, kind, anchor });
            }
            offset = end;
        }
        let [text, functions, count, names, units, counters, types, types_end, rodata, data, data_end] = go;
        let count = count % 3000;
        let go = Go { text, functions, count, names, units, counters, types, types_end, rodata, data, data_end };
        find(&bytes, &Layout { base: 0, regions, go });
    }
}
