//! Hostile `bsz1` patches, and steps that no maker would take against the oracle.

use std::io;

use proptest::prelude::*;
use protocol::{Digest, FormatId};

use super::zstream::{Packer, window_log};
use super::{CONTROL, PACKED_EXTRA, ROLES, SEGMENT, memory, varint, write};
use crate::container::{CODEC_ZSTD, Header, Role, Stream};
use crate::steps::Step;
use crate::{Error, Expected, Identity, Limits, apply};

const BASE: &[u8] = b"0123456789";
const ARTIFACT: &[u8] = b"0123new!89";

/// A patch that can be spoilt before it is written down.
struct Draft {
    header: Header,
    /// Per segment and stream: the declared plain length, the declared packed length, the packed bytes.
    segments: Vec<[(u32, u32, Vec<u8>); 3]>,
    tail: Vec<u8>,
}

impl Draft {
    /// A patch with these plain pieces, per segment: control, difference, extra.
    fn new(segments: &[[Vec<u8>; 3]]) -> Self {
        let plain = |stream: usize| segments.iter().map(|segment| segment[stream].len() as u64).sum::<u64>();
        let mut streams = [0, 1, 2].map(|stream| Stream {
            role: ROLES[stream],
            codec: CODEC_ZSTD,
            window_log: window_log(plain(stream)),
            plain: plain(stream),
            packed: 0,
        });
        let mut packers = [0, 1, 2].map(|stream| Packer::new(plain(stream)).unwrap());
        let mut drafts = Vec::new();
        for (at, segment) in segments.iter().enumerate() {
            drafts.push([0, 1, 2].map(|stream| {
                let packed = packers[stream].pack(&segment[stream], at + 1 == segments.len()).unwrap();
                streams[stream].packed += packed.len() as u64;
                (segment[stream].len() as u32, packed.len() as u32, packed)
            }));
        }
        let header = Header {
            format: bsz1(),
            base: Identity { length: BASE.len() as u64, sha256: Digest::of(BASE) },
            artifact: Identity { length: ARTIFACT.len() as u64, sha256: Digest::of(ARTIFACT) },
            memory: memory(&streams),
            streams: streams.to_vec(),
        };
        Self { header, segments: drafts, tail: Vec::new() }
    }

    /// The good patch from [`BASE`] to [`ARTIFACT`], in two segments.
    fn good() -> Self {
        Self::new(&[
            [control(&[(0, 4, 2)]), vec![0; 4], b"ne".to_vec()],
            [control(&[(0, 0, 2), (4, 2, 0)]), vec![0; 2], b"w!".to_vec()],
        ])
    }

    /// A patch of one segment with these steps.
    fn steps(steps: &[(i64, u64, u64)], difference: usize, extra: usize) -> Self {
        Self::new(&[[control(steps), vec![0; difference], vec![b'x'; extra]]])
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.to_bytes();
        for segment in &self.segments {
            for (plain, packed, _) in segment {
                bytes.extend(plain.to_le_bytes());
                bytes.extend(packed.to_le_bytes());
            }
            for (_, _, packed) in segment {
                bytes.extend(packed);
            }
        }
        bytes.extend(&self.tail);
        bytes
    }
}

fn bsz1() -> FormatId {
    FormatId::parse("bsz1").unwrap()
}

fn control(steps: &[(i64, u64, u64)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (seek, add, copy) in steps {
        varint::put_signed(&mut bytes, *seek);
        varint::put(&mut bytes, *add);
        varint::put(&mut bytes, *copy);
    }
    bytes
}

fn run(patch: &[u8]) -> Result<(), Error> {
    let mut out = Vec::new();
    let expected = Expected { length: ARTIFACT.len() as u64, sha256: Digest::of(ARTIFACT) };
    let result = apply(&bsz1(), BASE, patch, &mut out, &expected, &Limits::default());
    assert!(out.len() <= ARTIFACT.len());
    assert!(result.is_err() || out == ARTIFACT);
    result
}

fn check(name: &str, draft: &Draft, code: &str) {
    let error = run(&draft.bytes()).expect_err(name);
    assert_eq!(error.code(), code, "{name}: {error}");
}

#[test]
fn the_good_patch_is_good() {
    run(&Draft::good().bytes()).unwrap();
}

#[test]
fn hostile_headers_are_refused() {
    let check = |name: &str, code: &str, spoil: &dyn Fn(&mut Header)| {
        let mut draft = Draft::good();
        spoil(&mut draft.header);
        check(name, &draft, code);
    };
    check("another format", "E-PATCH-FORMAT", &|h| h.format = FormatId::parse("rt1").unwrap());
    for length in [0, 9, 11, 1 << 62, 1 << 63, u64::MAX] {
        check("artifact length", "E-PATCH-ARTIFACT", &|h| h.artifact.length = length);
        check("base length", "E-PATCH-BASE", &|h| h.base.length = length);
    }
    check("artifact hash", "E-PATCH-ARTIFACT", &|h| h.artifact.sha256 = Digest::of(b"x"));
    for memory in [129 << 20, 1 << 63, u64::MAX] {
        check("memory above the limit", "E-PATCH-MEMORY", &|h| h.memory = memory);
    }
    for memory in [0, 1, 120 << 20] {
        check("memory that is not what it takes", "E-PATCH-MALFORMED", &|h| h.memory = memory);
    }
    for stream in 0..3 {
        for log in [0, 9, 24, 31, 63, 64, 255] {
            check("window", "E-PATCH-MALFORMED", &|h| h.streams[stream].window_log = log);
        }
        check("codec", "E-PATCH-MALFORMED", &|h| h.streams[stream].codec = 2);
        for length in [0, 1, 1 << 62, u64::MAX] {
            check("plain length", "E-PATCH-MALFORMED", &|h| h.streams[stream].plain = length);
            check("packed length", "E-PATCH-MALFORMED", &|h| h.streams[stream].packed = length);
        }
    }
    check("sums that overflow", "E-PATCH-MALFORMED", &|h| {
        h.streams[1].plain = u64::MAX;
        h.streams[2].plain = 11;
    });
    check("roles in another order", "E-PATCH-MALFORMED", &|h| h.streams.swap(0, 1));
    check("a role twice", "E-PATCH-MALFORMED", &|h| h.streams[2].role = Role::DIFFERENCE);
    check("two streams", "E-PATCH-MALFORMED", &|h| h.streams.truncate(2));
    check("four streams", "E-PATCH-MALFORMED", &|h| h.streams.push(h.streams[0]));
    check("33 streams", "E-PATCH-MALFORMED", &|h| h.streams = vec![h.streams[0]; 33]);
}

#[test]
fn hostile_segments_are_refused() {
    let check = |name: &str, code: &str, spoil: &dyn Fn(&mut Draft)| {
        let mut draft = Draft::good();
        spoil(&mut draft);
        check(name, &draft, code);
    };
    check("trailing bytes", "E-PATCH-TRAILING", &|d| d.tail.push(0));
    check("a third segment", "E-PATCH-TRAILING", &|d| d.tail = vec![0; 24]);
    check("a segment missing", "E-PATCH-TRUNCATED", &|d| drop(d.segments.pop()));
    check("the second segment first", "E-PATCH-MALFORMED", &|d| d.segments.swap(0, 1));
    check("a segment twice", "E-PATCH-MALFORMED", &|d| d.segments[1] = d.segments[0].clone());
    check("an empty segment", "E-PATCH-MALFORMED", &|d| {
        d.segments.insert(1, [0, 1, 2].map(|_| (0, 0, Vec::new())));
    });
    let add = |length: &mut u32, more| *length = length.saturating_add(more);
    for stream in 0..3 {
        for more in [1, SEGMENT, u32::MAX - 8] {
            check("plain longer than declared", "E-PATCH-MALFORMED", &|d| {
                add(&mut d.segments[0][stream].0, more);
            });
            check("packed longer than declared", "E-PATCH-MALFORMED", &|d| {
                add(&mut d.segments[0][stream].1, more);
            });
        }
        check("plain shorter", "E-PATCH-MALFORMED", &|d| d.segments[0][stream].0 -= 1);
        check("packed shorter", "E-PATCH-MALFORMED", &|d| d.segments[0][stream].1 -= 1);
        check("a hole", "E-PATCH-MALFORMED", &|d| d.segments[1][stream] = (0, 0, Vec::new()));
        check("no zstd", "E-PATCH-MALFORMED", &|d| d.segments[0][stream].2.fill(0x55));
    }
    check("a segment above its limit", "E-PATCH-MALFORMED", &|d| {
        d.segments[0][1].0 = SEGMENT;
        d.segments[0][2].0 = 1;
    });
    check("a packed piece above its limit", "E-PATCH-MALFORMED", &|d| {
        d.header.streams[1].packed = 1 << 40;
        d.segments[0][1].1 = PACKED_EXTRA + 5;
    });
    check("control above its limit", "E-PATCH-MALFORMED", &|d| {
        d.header.streams[0].plain = 1 << 40;
        d.header.streams[0].window_log = 23;
        d.header.memory = memory(&[d.header.streams[0], d.header.streams[1], d.header.streams[2]]);
        d.segments[0][0].0 = CONTROL + 1;
    });
}

#[test]
fn hostile_steps_are_refused() {
    let check = |name: &str, draft: &Draft| check(name, draft, "E-PATCH-MALFORMED");
    check("a step that gives nothing", &Draft::steps(&[(0, 0, 0), (0, 10, 0)], 10, 0));
    check("a million of them", &Draft::new(&[[vec![0; CONTROL as usize], vec![0; 10], Vec::new()]]));
    check("a seek before the base", &Draft::steps(&[(-1, 10, 0)], 10, 0));
    check("a seek behind the base", &Draft::steps(&[(11, 10, 0)], 10, 0));
    check("an end behind the base", &Draft::steps(&[(1, 10, 0)], 10, 0));
    check("the furthest seek", &Draft::steps(&[(i64::MAX, 10, 0)], 10, 0));
    check("the furthest seek back", &Draft::steps(&[(i64::MIN, 10, 0)], 10, 0));
    check("seeks that overflow", &Draft::steps(&[(i64::MAX, 0, 5), (i64::MAX, 0, 5)], 0, 10));
    check("seeks back that overflow", &Draft::steps(&[(-1, 0, 5), (i64::MIN, 0, 5)], 0, 10));
    check("less than the segment has", &Draft::steps(&[(0, 9, 0)], 10, 0));
    check("more extra than there is", &Draft::steps(&[(0, 4, 6)], 5, 5));
    check("a cut step", &Draft::new(&[[vec![0, 10], vec![0; 10], Vec::new()]]));
    check("an endless number", &Draft::new(&[[vec![0xff; 99], vec![0; 10], Vec::new()]]));
    let too_long = Draft::steps(&[(0, 4, u64::MAX)], 5, 5);
    assert!(matches!(run(&too_long.bytes()), Err(Error::TooLong { expected: 10 })));
    let wrong = Draft::steps(&[(0, 0, 10)], 0, 10);
    assert!(matches!(run(&wrong.bytes()), Err(Error::WrongResult { .. })));
}

#[test]
fn a_bomb_is_noticed_at_its_first_byte_too_much() {
    let zeros = vec![0; 64 << 20];
    let mut packer = Packer::new(zeros.len() as u64).unwrap();
    let packed = packer.pack(&zeros, true).unwrap();
    for stream in 0..3 {
        let mut draft = Draft::steps(&[(0, 5, 5)], 5, 5);
        let (_, declared, bytes) = &mut draft.segments[0][stream];
        (*declared, *bytes) = (packed.len() as u32, packed.clone());
        draft.header.streams[stream].packed = packed.len() as u64;
        draft.header.streams[stream].window_log = 23;
        let streams = &draft.header.streams;
        draft.header.memory = memory(&[streams[0], streams[1], streams[2]]);
        check("a bomb", &draft, "E-PATCH-MALFORMED");
    }
}

/// Steps that stay inside of a base of `base` bytes, far from what a maker finds.
fn steps(base: usize) -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    let step =
        (0..base, 0..base, 0..300usize).prop_map(move |(at, add, copy)| (at, add.min(base - at), copy));
    prop::collection::vec(step, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_steps_mean_what_the_oracle_says(
        base in prop::collection::vec(any::<u8>(), 200),
        wild in steps(200),
        artifact_seed: u8,
    ) {
        let total: usize = wild.iter().map(|(_, add, copy)| add + copy).sum();
        let artifact: Vec<u8> = (0..total).map(|at| (at * 7) as u8 ^ artifact_seed).collect();
        let (mut steps, mut raw, mut position, mut given) = (Vec::new(), Vec::new(), 0, 0);
        let first = wild.first().map_or(0, |(at, ..)| *at);
        // The oracle seeks after a step: a first seek is a step of its own.
        raw.extend([0, 0, first as u64].map(u64::to_le_bytes).concat());
        for (index, (at, add, copy)) in wild.iter().copied().enumerate() {
            if add + copy > 0 {
                let seek = at as i64 - position;
                steps.push(Step { seek, add: add as u64, copy: copy as u64 });
                position = (at + add) as i64;
            }
            let next = wild.get(index + 1).map_or(at + add, |(at, ..)| *at);
            let seek_after = next as i64 - (at + add) as i64;
            let sign = if seek_after < 0 { 1 << 63 } else { 0 };
            raw.extend([add as u64, copy as u64, seek_after.unsigned_abs() | sign].map(u64::to_le_bytes).concat());
            raw.extend((0..add).map(|i| artifact[given + i].wrapping_sub(base[at + i])));
            raw.extend(&artifact[given + add..given + add + copy]);
            given += add + copy;
        }
        let mut oracle = Vec::new();
        bsdiff::patch(&base, &mut raw.as_slice(), &mut oracle).unwrap();
        prop_assert_eq!(&oracle, &artifact);

        let patch = write(&steps, &base, &artifact).unwrap();
        let expected = Expected { length: total as u64, sha256: Digest::of(&artifact) };
        let mut out = Vec::new();
        apply(&bsz1(), &base, patch.as_slice(), &mut out, &expected, &Limits::default()).unwrap();
        prop_assert_eq!(out, oracle);
    }
}

#[test]
fn segments_end_when_their_steps_are_full() {
    // Steps of one byte with far seeks: the control piece is full long before the artifact's share is.
    let base: Vec<u8> = (0..100_000u32).map(|at| (at % 251) as u8).collect();
    let count = 200_000;
    let places = (0..count).map(|at: u64| (at * 77_777) % 100_000);
    let artifact: Vec<u8> = places.clone().map(|at| base[at as usize]).collect();
    let mut position = 0;
    let steps: Vec<Step> = places
        .map(|at| {
            let seek = at as i64 - position;
            position = at as i64 + 1;
            Step { seek, add: 1, copy: 0 }
        })
        .collect();
    let patch = write(&steps, &base, &artifact).unwrap();
    let expected = Expected { length: count, sha256: Digest::of(&artifact) };
    apply(&bsz1(), &base, patch.as_slice(), io::sink(), &expected, &Limits::default()).unwrap();
}
