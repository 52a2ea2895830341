//! Streams of any bytes behind good headers.

use std::io;

use proptest::prelude::*;

use super::*;

#[test]
fn a_cut_at_every_byte_is_noticed() {
    let (base, artifact, control) = small();
    let draft = Draft::new(&base, &artifact, control);
    let bytes = draft.bytes();
    for cut in 0..bytes.len() {
        let code = code_of(&base, &bytes[..cut], &artifact);
        assert_eq!(code, Some("E-PATCH-TRUNCATED"), "{cut}");
    }
}

#[test]
fn a_flip_of_every_bit_is_an_error_or_harmless() {
    let (base, artifact, control) = small();
    let draft = Draft::new(&base, &artifact, control);
    for at in 0..draft.control.len() + draft.content.len() {
        for bit in 0..8 {
            let mut draft = draft.clone();
            let bytes = match at.checked_sub(draft.control.len()) {
                None => &mut draft.control[at],
                Some(at) => &mut draft.content[at],
            };
            *bytes ^= 1 << bit;
            let _ = run(&base, &draft.bytes(), &artifact);
        }
    }
}

/// A base that stops being readable.
struct Breaks {
    bytes: Vec<u8>,
    from: u64,
}

impl ReadAt for Breaks {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        if offset + buf.len() as u64 > self.from {
            return Err(io::Error::other("a bad sector"));
        }
        self.bytes.read_exact_at(buf, offset)
    }

    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

#[test]
fn a_base_that_cannot_be_read_is_said_to_be_so() {
    let base = noise(4, 50_000);
    let artifact = [&base[..], b"and more"].concat();
    let control = Control { blocks: vec![block(0, 0, 50_000)], ..Control::default() };
    let patch = Draft::new(&base, &artifact, control).bytes();
    for from in [0, 1, 4095, 4096 + 63, 20_000, 49_999] {
        let broken = Breaks { bytes: base.clone(), from };
        let error = run(&broken, &patch, &artifact).unwrap_err();
        assert!(matches!(error, Error::ReadBase(_)), "{from}: {error}");
    }
    run(&Breaks { bytes: base, from: 50_000 }, &patch, &artifact).unwrap();
}

/// The table of functions is looked at beyond the chunk that is asked for: that may fail, too.
#[test]
fn a_table_that_cannot_be_read_is_said_to_be_so() {
    let base = noise(4, 50_000);
    let region = region(Kind::GoFunctions, 0, 50_000);
    let layout = Layout { base: 0, regions: vec![region], go: Go { count: 6000, ..Go::default() } };
    let control = Control { base: layout, blocks: vec![block(0, 0, 1000)], ..Control::default() };
    let artifact = base[..1000].to_vec();
    let patch = Draft::new(&base, &artifact, control).bytes();
    run(&base, &patch, &artifact).unwrap();
    let broken = Breaks { bytes: base, from: 10_000 };
    assert!(matches!(run(&broken, &patch, &artifact), Err(Error::ReadBase(_))));
}

/// A base that is shorter than it says.
#[test]
fn a_base_that_shrinks_is_said_to_be_so() {
    struct Shrinks(Vec<u8>);
    impl ReadAt for Shrinks {
        fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
            self.0.read_exact_at(buf, offset)
        }
        fn len(&self) -> u64 {
            50_000
        }
    }
    let base = noise(4, 50_000);
    let control = Control { blocks: vec![block(0, 0, 50_000)], ..Control::default() };
    let patch = Draft::new(&base, &base, control).bytes();
    let error = run(&Shrinks(base[..30_000].to_vec()), &patch, &base).unwrap_err();
    assert!(matches!(&error, Error::ReadBase(why) if why.kind() == io::ErrorKind::UnexpectedEof), "{error}");
}

/// A pointer that is off from the largest negative number: a decoder that computes with what it does not know yet
/// stumbles here.
#[test]
fn pointers_at_the_ends_of_64_bits() {
    let pointers: Vec<u64> = (0..64).map(|at| 0x2000 + at * 8).collect();
    let base: Vec<u8> = pointers.iter().flat_map(|pointer| pointer.to_le_bytes()).collect();
    let layout = |base| {
        let data = Region { place: 0x2000, ..region(Kind::Words, 0, 512) };
        Layout { base, regions: vec![data], go: Go::default() }
    };
    for start in [1 << 63, (1 << 63) - 0x2000, (1 << 63) - 0x2008, u64::MAX, u64::MAX - 0x2000, 1 << 60] {
        for off in [0, 5, 5, 1 << 60, (1 << 60) + 1, 1 << 61, 1 << 62, 1 << 63, u64::MAX] {
            let artifact: Vec<u8> = pointers
                .iter()
                .flat_map(|pointer| start.wrapping_add(*pointer).wrapping_add(off).to_le_bytes())
                .collect();
            let control = Control {
                base: layout(0),
                artifact: layout(start),
                pages: None,
                blocks: vec![block(0, 0, 512)],
            };
            let draft = Draft::new(&base, &artifact, control);
            run(&base, &draft.bytes(), &artifact).unwrap();
        }
    }
}

/// A number from near the ends of ranges.
fn edge() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => 0..9000u32,
        1 => (0..3u32).prop_map(|off| u32::MAX - off),
        1 => (0..3u32).prop_map(|off| (1 << 31) - 1 + off),
        1 => any::<u32>(),
    ]
}

/// Regions that may be said: sorted, apart, inside of 9,000 bytes.
fn regions() -> impl Strategy<Value = Vec<Region>> {
    let one = (1..4000u32, 0..100u32, edge(), edge(), 0..14u64, edge());
    prop::collection::vec(one, 0..8).prop_map(|list| {
        let mut end = 0u32;
        let mut regions: Vec<Region> = Vec::new();
        for (length, gap, place, more, kind, anchor) in list {
            let offset = end + gap;
            if offset + length > 9000 {
                break;
            }
            end = offset + length;
            let place = place.min(u32::MAX - length);
            let size = length + more.min(u32::MAX - length - place);
            // There is one table of functions.
            let second = |region: &Region| region.kind == Kind::GoFunctions;
            let kind = Kind::from_number(kind).filter(|_| kind != 8 || !regions.iter().any(second));
            let kind = kind.unwrap_or(Kind::Words);
            regions.push(Region { offset, length, place, size, kind, anchor });
        }
        regions
    })
}

fn layout() -> impl Strategy<Value = Layout> {
    let base = prop_oneof![any::<u64>(), edge().prop_map(u64::from)];
    let go = prop::array::uniform11(edge());
    (base, regions(), go).prop_map(|(base, regions, go)| {
        let [text, functions, count, names, units, counters, types, types_end, rodata, data, data_end] = go;
        let count = count.min(5000);
        let go =
            Go { text, functions, count, names, units, counters, types, types_end, rodata, data, data_end };
        Layout { base, regions, go }
    })
}

fn blocks() -> impl Strategy<Value = Vec<Block>> {
    prop::collection::vec((0..9000u32, 0..50u32, 1..3000u32), 0..12).prop_map(|list| {
        let mut end = 0;
        let mut blocks = Vec::new();
        for (base, gap, length) in list {
            let length = length.min(9000 - base).min(9000u32.saturating_sub(end + gap));
            if length > 0 {
                blocks.push(block(base, end + gap, length));
                end += gap + length;
            }
        }
        blocks
    })
}

/// Bytes with many references of any kind among them: small words, opcodes, pointers.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        edge().prop_map(|word| word.to_le_bytes().to_vec()),
        edge().prop_map(|word| [&[0xe8][..], &word.to_le_bytes()].concat()),
        (edge(), edge()).prop_map(|(low, high)| [low.to_le_bytes(), (high % 3).to_le_bytes()].concat()),
        any::<[u8; 4]>().prop_map(|bytes| bytes.to_vec()),
        Just(vec![0; 8]),
        Just(vec![0xff; 4]),
    ];
    prop::collection::vec(part, 100..400)
        .prop_map(|parts| parts.concat().into_iter().cycle().take(9000).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Anything that can be said is understood.
    #[test]
    fn what_the_encoder_says_the_decoder_understands(
        base in bytes(),
        artifact in bytes(),
        old in layout(),
        new in layout(),
        blocks in blocks(),
        same in any::<bool>(),
    ) {
        let new = if same { old.clone() } else { new };
        let control = Control { base: old, artifact: new, pages: None, blocks };
        let draft = Draft::new(&base, &artifact, control);
        let result = run(&base, &draft.bytes(), &artifact);
        prop_assert!(result.is_ok(), "{result:?}");
    }

    /// Whatever follows a good control stream.
    #[test]
    fn any_content_is_survived(
        base in bytes(),
        old in layout(),
        new in layout(),
        blocks in blocks(),
        content in prop::collection::vec(any::<u8>(), 8..3000),
        calm in any::<bool>(),
    ) {
        let artifact = vec![0; 9000];
        let control = Control { base: old, artifact: new, pages: None, blocks };
        let mut draft = Draft::new(&base, &artifact, control);
        // Zeros are what the model thinks most of, so it goes on for long.
        draft.content = if calm { vec![0xff; content.len()] } else { content };
        draft.header.streams[1].packed = draft.content.len() as u64;
        let _ = run(&base, &draft.bytes(), &artifact);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    /// Whatever both streams are.
    #[test]
    fn any_streams_are_survived(
        control in prop::collection::vec(any::<u8>(), 8..300),
        content in prop::collection::vec(any::<u8>(), 8..300),
        start in prop::collection::vec(prop_oneof![Just(0u8), Just(0xffu8), any::<u8>()], 0..8),
        blocks in 0..1000u64,
    ) {
        let (base, artifact, _) = small();
        let control: Vec<u8> = start.iter().copied().chain(control.into_iter().skip(start.len())).collect();
        let mut draft = Draft::of_streams(&base, &artifact, blocks, LEARNED, control, content);
        draft.header.base.sha256 = Digest::of(&base);
        let error = run(&base, &draft.bytes(), &artifact);
        prop_assert!(error.is_err());
    }

    /// A good control stream that was hurt: most of it is believed.
    #[test]
    fn hurt_control_streams_are_survived(
        hurt in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..3),
        paged in any::<bool>(),
    ) {
        let (base, artifact, mut control) = small();
        control.pages = paged.then_some(PageHashes { offset: 1213, count: 0, page: 4096, limit: 0 });
        let mut draft = Draft::new(&base, &artifact, control);
        for (at, byte) in hurt {
            let at = at.index(draft.control.len());
            draft.control[at] = byte;
        }
        let _ = run(&base, &draft.bytes(), &artifact);
    }
}
