//! Control streams that say what cannot be: layouts, pages, blocks.

use super::*;

/// Says this in a control stream; the base is 20,000 bytes long, the artifact 30,000.
fn error(known: Control) -> String {
    let (base, artifact) = (noise(2, 20_000), noise(3, 30_000));
    let draft = Draft::new(&base, &artifact, known);
    match run(&base, &draft.bytes(), &artifact) {
        Ok(()) => "none".into(),
        Err(error) => error.to_string(),
    }
}

const LAYOUT: &str = "the patch is malformed: a layout that is none";
const BLOCK: &str = "the patch is malformed: a block that is none";

fn with_regions(regions: &[Region]) -> [Control; 2] {
    let layout = Layout { base: 7, regions: regions.to_vec(), go: Go::default() };
    [
        Control { base: layout.clone(), ..Control::default() },
        Control { artifact: layout, ..Control::default() },
    ]
}

#[test]
fn regions_are_sorted_apart_and_inside() {
    let check = |regions: &[Region], wanted: [&str; 2]| {
        assert_eq!(with_regions(regions).map(error), wanted, "{regions:?}");
    };
    let data = |offset, length| region(Kind::Opaque, offset, length);
    let empty = |place, size| Region { offset: 0, length: 0, place, size, kind: Kind::X86, anchor: 0 };
    let good = ["none"; 2];
    let bad = [LAYOUT; 2];
    check(&[data(0, 10), data(10, 10), data(19_999, 1), empty(0, u32::MAX), empty(5, 0)], good);
    check(&[empty(9, 3), data(0, 10)], bad);
    check(&[data(0, 10), empty(9, 3), data(20, 10)], bad);
    check(&[data(10, 10), data(0, 10)], bad);
    check(&[data(0, 10), data(9, 10)], bad);
    check(&[data(0, 10), data(0, 10)], bad);
    check(&[data(0, 20_001)], [LAYOUT, "none"]);
    check(&[data(20_000, 1)], [LAYOUT, "none"]);
    check(&[data(30_000, 1)], bad);
    check(&[data(0, 30_001)], bad);
    check(&[data(u32::MAX, 1)], bad);
    check(&[data(0, u32::MAX)], bad);
    check(&[Region { size: 9, ..data(0, 10) }], bad);
    check(&[Region { size: u32::MAX, ..data(1, 10) }], bad);
    check(&[Region { place: u32::MAX, ..data(0, 10) }], bad);
    check(&[Region { place: u32::MAX - 10, ..data(0, 10) }], good);
    check(&[empty(2, u32::MAX - 1)], bad);
    // As many as there may be, and one more.
    let many: Vec<Region> = (0..4097).map(|at| data(at * 4, 4)).collect();
    check(&many[..4096], good);
    check(&many, bad);
}

#[test]
fn numbers_beyond_32_bits() {
    // The first numbers of the stream, one of which is too large.
    for (numbers, wanted) in [
        (&[1 << 32, 0][..], LAYOUT),
        (&[0, 1 << 32], LAYOUT),
        (&[(1 << 62) - 2, 0], LAYOUT),
        (&[1 << 63, 0], "the patch is malformed: a number that is too large"),
        (&[0, 0, 4097], LAYOUT),
        (&[0, 0, 1 << 40], LAYOUT),
    ] {
        let mut tools = Tools::new(Encoder::new());
        let mut coding = Numbers::new(5);
        for (at, number) in numbers.iter().enumerate() {
            let _ = coding.code(&mut tools, *number, 0, [u32::from(at == 2), 0]);
        }
        let control = tools.coder.finish();
        let (base, artifact) = (noise(2, 20_000), noise(3, 30_000));
        let draft = Draft::of_streams(&base, &artifact, 0, LEARNED, control, vec![0; 8]);
        let error = run(&base, &draft.bytes(), &artifact).unwrap_err().to_string();
        assert_eq!(error, wanted, "{numbers:?}");
    }
}

#[test]
fn pages_lie_behind_what_they_hash() {
    let check = |offset, page, limit, wanted: &str| {
        let pages = Some(PageHashes { offset, count: 0, page, limit });
        assert_eq!(error(Control { pages, ..Control::default() }), wanted, "{offset} {page} {limit}");
    };
    // The artifact holds other bytes there.
    let wrong = "the patch gave a file with SHA-256";
    let (base, artifact) = (noise(2, 20_000), noise(3, 30_000));
    let pages = PageHashes { offset: 20_480, count: 5, page: 4096, limit: 20_000 };
    let draft = Draft::new(&base, &artifact, Control { pages: Some(pages), ..Control::default() });
    assert!(run(&base, &draft.bytes(), &artifact).unwrap_err().to_string().starts_with(wrong));
    for page in [0, 1, 512, 2048, 4095, 4097, 6000, 1 << 17, 1 << 31, u32::MAX] {
        check(20_480, page, 20_000, LAYOUT);
    }
    check(19_999, 4096, 20_000, LAYOUT);
    check(30_000, 4096, 20_000, LAYOUT);
    check(29_841, 4096, 20_000, LAYOUT);
    check(30_001, 4096, 0, LAYOUT);
    check(u32::MAX, 4096, u32::MAX, LAYOUT);
    check(u32::MAX, 1 << 16, 0, LAYOUT);
    // No pages at all.
    check(30_000, 4096, 0, "none");
    check(0, 1 << 16, 0, "none");
}

#[test]
fn right_hashes_are_made_and_blocks_stay_away_from_them() {
    let base = noise(2, 20_000);
    let pages = PageHashes { offset: 16_384, count: 4, page: 4096, limit: 16_000 };
    let mut artifact = base.clone();
    artifact[5] ^= 1;
    for index in 0..4 {
        let hash = Digest::of(&artifact[4096 * index..16_000.min(4096 * (index + 1))]);
        artifact[16_384 + 32 * index..][..32].copy_from_slice(hash.as_bytes());
    }
    let run_with = |blocks: Vec<Block>| {
        let control = Control { pages: Some(pages), blocks, ..Control::default() };
        run(&base, &Draft::new(&base, &artifact, control).bytes(), &artifact)
    };
    run_with(vec![]).unwrap();
    run_with(vec![block(0, 0, 16_384), block(16_512, 16_512, 3488)]).unwrap();
    for blocks in [
        vec![block(0, 0, 16_385)],
        vec![block(16_511, 16_511, 1)],
        vec![block(0, 0, 16_384), block(16_400, 16_400, 20)],
        vec![block(0, 0, 20_000)],
    ] {
        assert_eq!(run_with(blocks.clone()).unwrap_err().to_string(), BLOCK, "{blocks:?}");
    }
}

#[test]
fn blocks_are_inside_and_in_order() {
    let check = |blocks: &[Block], wanted: &str| {
        let control = Control { blocks: blocks.to_vec(), ..Control::default() };
        assert_eq!(error(control), wanted, "{blocks:?}");
    };
    check(&[block(0, 0, 1), block(0, 1, 1), block(19_999, 29_999, 1)], "none");
    check(&[block(0, 0, 20_000)], "none");
    check(&[block(0, 0, 20_001)], BLOCK);
    check(&[block(1, 0, 20_000)], BLOCK);
    check(&[block(20_000, 0, 1)], BLOCK);
    check(&[block(0, 30_000, 1)], BLOCK);
    check(&[block(0, 29_999, 2)], BLOCK);
    check(&[block(u32::MAX, 0, 1)], BLOCK);
    check(&[block(0, u32::MAX, 1)], BLOCK);
    check(&[block(0, 0, u32::MAX)], BLOCK);
    check(&[block(u32::MAX, u32::MAX, u32::MAX)], BLOCK);
    // Not in order: the distance to the one before is no number of 32 bits.
    check(&[block(0, 10, 5), block(0, 14, 1)], BLOCK);
    check(&[block(0, 10, 5), block(0, 0, 1)], BLOCK);
    // As many as the header says, not one more or less.
    let (base, artifact) = (noise(2, 20_000), noise(3, 30_000));
    let blocks = vec![block(0, 100, 5), block(0, 200, 5)];
    let draft = Draft::new(&base, &artifact, Control { blocks, ..Control::default() });
    for count in [0, 1, 3, 1000, 30_000] {
        let mut draft = draft.clone();
        draft.header.streams[0].plain = count;
        draft.header.memory = memory(&draft.header.streams);
        assert_eq!(code_of(&base, &draft.bytes(), &artifact), Some("E-PATCH-MALFORMED"), "{count}");
    }
}

/// Whatever the layouts say, references that they make up do no harm.
#[test]
fn every_kind_in_every_place() {
    let (base, artifact) = (noise(2, 20_000), noise(3, 30_000));
    let largest = Go {
        text: u32::MAX,
        functions: u32::MAX,
        count: 5000,
        names: u32::MAX,
        units: u32::MAX,
        counters: u32::MAX,
        types: u32::MAX,
        types_end: u32::MAX,
        rodata: u32::MAX,
        data: u32::MAX,
        data_end: u32::MAX,
    };
    for number in 0..14 {
        let kind = Kind::from_number(number).unwrap();
        for (place, size, anchor, go, start) in [
            (0, 20_000, 0, Go::default(), 0),
            (0, u32::MAX, u32::MAX, largest, u64::MAX),
            (u32::MAX - 20_000, 20_000, 1 << 31, largest, 1 << 63),
            (1 << 31, 20_000, 7, Go { types_end: 1 << 20, units: 1 << 20, count: 300, ..Go::default() }, 0),
        ] {
            for offset in [0, 4093] {
                let part = Region { offset, length: 15_000, place, size, kind, anchor };
                let layout = Layout { base: start, regions: vec![part], go };
                let blocks = vec![block(0, 0, 19_000), block(100, 19_000, 5_000)];
                let control = Control { base: layout.clone(), artifact: layout, pages: None, blocks };
                run(&base, &Draft::new(&base, &artifact, control).bytes(), &artifact).unwrap();
            }
        }
    }
    assert_eq!(Kind::from_number(14), None);
}
