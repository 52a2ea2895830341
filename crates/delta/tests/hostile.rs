//! Patches that lie, are damaged or mean harm: an error or the right artifact, nothing else, in bounded work.

mod support;

use std::io::Write as _;
use std::sync::LazyLock;

use autoupdate_delta as delta;
use bzip2::{Compression, write::BzEncoder};
use delta::Error;
use proptest::prelude::*;
use support::{FORMATS, apply, error_or_artifact, expected, make, next_release, program};

fn pair() -> (Vec<u8>, Vec<u8>) {
    let base = program(11, 900);
    let artifact = next_release(12, &base);
    (base, artifact)
}

/// A good patch for the pair in each format.
static PATCHES: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let (base, artifact) = pair();
    FORMATS.map(|id| make(id, &base, &artifact))
});

#[test]
fn a_cut_at_every_byte_is_noticed() {
    let (base, artifact) = pair();
    for id in FORMATS {
        let patch = make(id, &base, &artifact);
        for cut in 0..patch.len() {
            let error = error_or_artifact(id, &base, &patch[..cut], &artifact);
            assert!(error.is_some(), "{id} cut at {cut}");
        }
        let longer = [patch.as_slice(), b"\0"].concat();
        let error = error_or_artifact(id, &base, &longer, &artifact);
        assert!(matches!(error, Some(Error::TrailingBytes)), "{id}");
    }
}

#[test]
fn a_flip_of_every_byte_is_an_error_or_harmless() {
    let (base, artifact) = pair();
    for id in FORMATS {
        let mut patch = make(id, &base, &artifact);
        for at in 0..patch.len() {
            for bits in [0x01, 0x80, 0xff] {
                patch[at] ^= bits;
                error_or_artifact(id, &base, &patch, &artifact);
                patch[at] ^= bits;
            }
        }
        assert!(error_or_artifact(id, &base, &patch, &artifact).is_none());
    }
}

#[test]
fn other_bases_and_artifacts_are_refused() {
    let (base, artifact) = pair();
    for id in FORMATS {
        let patch = make(id, &base, &artifact);
        let mut changed = base.clone();
        changed.iter_mut().for_each(|byte| *byte ^= 1);
        let error = apply(id, &changed, patch.as_slice(), &expected(&artifact)).unwrap_err();
        // What rt1 reads depends on the base: with another one it may also run out of bits.
        let good = matches!(error, Error::WrongResult { .. })
            || id == "rt1" && matches!(error, Error::Malformed(_) | Error::TooLong { .. });
        assert!(good, "{id}: {error}");
        for other in [&artifact[1..], &[&artifact[..], b"x"].concat(), &[]] {
            let error = apply(id, &base, patch.as_slice(), &expected(other)).unwrap_err();
            assert!(matches!(error, Error::OtherArtifact { .. }), "{id}: {error}");
        }
    }
    for (id, other) in [("bsz1", "rt1"), ("rt1", "bsz1")] {
        let patch = make(id, &base, &artifact);
        let error = apply(id, &base[1..], patch.as_slice(), &expected(&artifact)).unwrap_err();
        assert!(matches!(error, Error::OtherBase { .. }), "{error}");
        let error = apply("bsdiff40", &base, patch.as_slice(), &expected(&artifact)).unwrap_err();
        assert!(matches!(error, Error::NoPatch), "{error}");
        let error = apply(other, &base, patch.as_slice(), &expected(&artifact)).unwrap_err();
        assert!(matches!(error, Error::OtherFormat { .. }), "{error}");
    }
    assert!(matches!(delta::info(&b"BSDIFF41 and more"[..]), Err(Error::NoPatch)));
}

fn bzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = BzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// A BSDIFF40 file of these numbers and blocks, as they are.
fn classic(lengths: [u64; 3], control: &[u8], difference: &[u8], extra: &[u8]) -> Vec<u8> {
    let lengths = lengths.map(u64::to_le_bytes).concat();
    [b"BSDIFF40", lengths.as_slice(), control, difference, extra].concat()
}

/// A BSDIFF40 file with these triples, taken as they are, and blocks of this content.
fn triples(artifact: u64, triples: &[[u64; 3]], difference: &[u8], extra: &[u8]) -> Vec<u8> {
    let control = bzip(&triples.iter().flatten().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>());
    let (difference, extra) = (bzip(difference), bzip(extra));
    classic([control.len() as u64, difference.len() as u64, artifact], &control, &difference, &extra)
}

const NEGATIVE: u64 = 1 << 63;

#[test]
fn classic_patches_of_other_writers_are_understood() {
    let base = b"0123456789";
    let check = |patch: &[u8], artifact: &[u8]| {
        let error = error_or_artifact("bsdiff40", base, patch, artifact);
        assert!(error.is_none(), "{error:?}");
    };
    check(&triples(4, &[[0, 0, 6], [4, 0, 0]], &[0; 4], b""), b"6789");
    check(&triples(6, &[[4, 0, NEGATIVE | 4], [2, 0, 0]], &[0; 6], b""), b"012301");
    check(&triples(6, &[[2, 2, NEGATIVE], [2, 0, 0]], &[0, 1, 0, 0], b"ab"), b"02ab23");
    // Outside of the base there are zeros, at both ends.
    check(&triples(4, &[[0, 0, 8], [4, 0, 0]], &[1; 4], b""), &[b'9', b'9' + 1, 1, 1]);
    check(&triples(4, &[[0, 0, NEGATIVE | 2], [4, 0, 0]], &[1; 4], b""), &[1, 1, b'1', b'2']);
    // Blocks of no bytes at all.
    check(&classic([0, 0, 0], b"", b"", b""), b"");
    let control = bzip(&[3u64, 0, 0].map(u64::to_le_bytes).concat());
    let difference = bzip(&[0; 3]);
    check(&classic([control.len() as u64, difference.len() as u64, 3], &control, &difference, b""), b"012");
    let control = bzip(&[0u64, 3, 0].map(u64::to_le_bytes).concat());
    check(&classic([control.len() as u64, 0, 3], &control, b"", &bzip(b"new")), b"new");
}

#[test]
fn hostile_classic_patches_are_refused() {
    let (base, artifact) = (b"0123456789", b"0123");
    let good = || (bzip(&[4u64, 0, 0].map(u64::to_le_bytes).concat()), bzip(&[0; 4]), bzip(b""));
    let with_lengths = |change: &dyn Fn([u64; 3]) -> [u64; 3]| {
        let (control, difference, extra) = good();
        classic(change([control.len() as u64, difference.len() as u64, 4]), &control, &difference, &extra)
    };
    assert!(error_or_artifact("bsdiff40", base, &with_lengths(&|lengths| lengths), artifact).is_none());
    let check = |name: &str, patch: Vec<u8>, code: &str| {
        let error = error_or_artifact("bsdiff40", base, &patch, artifact);
        assert_eq!(error.map(|error| error.code()), Some(code), "{name}");
    };
    check("no bytes", Vec::new(), "E-PATCH-TRUNCATED");
    check("31 bytes", with_lengths(&|lengths| lengths)[..31].to_vec(), "E-PATCH-TRUNCATED");
    let huge = [(1 << 62, "E-PATCH-MEMORY"), (64 << 30, "E-PATCH-MEMORY"), (100 << 20, "E-PATCH-TRUNCATED")];
    for (length, code) in huge {
        check("control length", with_lengths(&|[_, d, n]| [length, d, n]), code);
        check("difference length", with_lengths(&|[c, _, n]| [c, length, n]), code);
    }
    check(
        "lengths that overflow",
        with_lengths(&|[_, _, n]| [NEGATIVE - 1, NEGATIVE - 1, n]),
        "E-PATCH-MEMORY",
    );
    for negative in [NEGATIVE, NEGATIVE | 5, u64::MAX] {
        check("control length", with_lengths(&|[_, d, n]| [negative, d, n]), "E-PATCH-MALFORMED");
        check("difference length", with_lengths(&|[c, _, n]| [c, negative, n]), "E-PATCH-MALFORMED");
        check("artifact length", with_lengths(&|[c, d, _]| [c, d, negative]), "E-PATCH-MALFORMED");
    }
    for length in [0, 3, 5, 1 << 47, 1 << 61] {
        check("artifact length", with_lengths(&|[c, d, _]| [c, d, length]), "E-PATCH-ARTIFACT");
    }
    check("control ends early", triples(4, &[[3, 0, 0]], &[0; 3], b""), "E-PATCH-MALFORMED");
    check("difference ends early", triples(4, &[[4, 0, 0]], &[0; 3], b""), "E-PATCH-MALFORMED");
    check("extra ends early", triples(4, &[[0, 4, 0]], b"", b"012"), "E-PATCH-MALFORMED");
    check("more triples", triples(4, &[[4, 0, 0], [0, 0, 0]], &[0; 4], b""), "E-PATCH-TRAILING");
    check("more difference", triples(4, &[[4, 0, 0]], &[0; 5], b""), "E-PATCH-TRAILING");
    check("more extra", triples(4, &[[4, 0, 0]], &[0; 4], b"x"), "E-PATCH-TRAILING");
    for count in [5, u64::MAX >> 1, 1 << 40] {
        check("add too long", triples(4, &[[count, 0, 0]], &[0; 9], b""), "E-PATCH-TOO-LONG");
        check("copy too long", triples(4, &[[0, count, 0]], b"", b"012345678"), "E-PATCH-TOO-LONG");
        check("the second", triples(4, &[[1, 0, 0], [count, 0, 0]], &[0; 9], b""), "E-PATCH-TOO-LONG");
    }
    for count in [NEGATIVE, NEGATIVE | 5, u64::MAX] {
        check("negative add", triples(4, &[[count, 4, 0]], b"", b"0123"), "E-PATCH-MALFORMED");
        check("negative copy", triples(4, &[[4, count, 0]], &[0; 4], b""), "E-PATCH-MALFORMED");
    }
    let (most, least) = (NEGATIVE - 1, u64::MAX);
    check("seek far on", triples(4, &[[0, 0, most], [4, 0, 0]], &[0; 4], b""), "E-PATCH-MALFORMED");
    check(
        "seek too far on",
        triples(4, &[[0, 0, most], [0, 0, most], [4, 0, 0]], &[0; 4], b""),
        "E-PATCH-MALFORMED",
    );
    check("seek far back", triples(4, &[[0, 0, least], [4, 0, 0]], &[0; 4], b""), "E-PATCH-RESULT");
    check(
        "seek too far back",
        triples(4, &[[0, 0, least], [0, 0, least], [4, 0, 0]], &[0; 4], b""),
        "E-PATCH-MALFORMED",
    );
    check("endless empty steps", triples(4, &vec![[0, 0, 0]; 2_000_000], b"", b""), "E-PATCH-MALFORMED");
    let (control, difference, extra) = good();
    let lengths = [control.len() as u64, difference.len() as u64, 4];
    let twice = |block: &[u8]| [block, block].concat();
    check(
        "control twice",
        classic([lengths[0] * 2, lengths[1], 4], &twice(&control), &difference, &extra),
        "E-PATCH-TRAILING",
    );
    check(
        "difference twice",
        classic([lengths[0], lengths[1] * 2, 4], &control, &twice(&difference), &extra),
        "E-PATCH-TRAILING",
    );
    check("extra twice", classic(lengths, &control, &difference, &twice(&extra)), "E-PATCH-TRAILING");
    check("no bzip2", classic([3, lengths[1], 4], b"raw", &difference, &extra), "E-PATCH-MALFORMED");
}

/// The zeros of a bomb: 16 MiB in less than a thousand bytes.
const BOMB: u64 = 16 << 20;

/// A bomb behind a header that promises four bytes: it must stop there, whatever the compressed data would go on to give.
#[test]
fn a_classic_bomb_stops_at_the_expected_length() {
    let zeros = vec![0; BOMB as usize];
    for patch in [
        triples(4, &[[BOMB, 0, 0]], &zeros, b""),
        triples(4, &[[0, BOMB, 0]], b"", &zeros),
        triples(4, &[[4, 0, 0]], &zeros, b""),
        triples(4, &[[4, 0, 0]], &[0; 4], &zeros),
    ] {
        assert!(patch.len() < 1_000);
        let error = error_or_artifact("bsdiff40", b"0123456789", &patch, b"0123").unwrap();
        assert!(matches!(error, Error::TooLong { .. } | Error::TrailingBytes), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn damaged_patches_never_panic(
        which in 0..3usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0..6usize, prop::collection::vec(any::<u8>(), 0..6)), 1..5),
    ) {
        let (base, artifact) = pair();
        let id = FORMATS[which];
        let mut patch = PATCHES[which].clone();
        for (at, gone, come) in damage {
            let at = at.index(patch.len() + 1);
            let end = (at + gone).min(patch.len());
            patch.splice(at..end, come);
        }
        error_or_artifact(id, &base, &patch, &artifact);
        let _ = delta::info(patch.as_slice());
    }

    #[test]
    fn any_bytes_never_panic(magic in 0..3usize, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let magic: &[u8] = [&b"BSDIFF40"[..], b"\x8faupatch\x01\0", b""][magic];
        let patch = [magic, &bytes].concat();
        let _ = delta::info(patch.as_slice());
        for id in FORMATS {
            error_or_artifact(id, b"base", &patch, b"artifact");
        }
    }

    #[test]
    fn any_triples_never_panic(
        steps in prop::collection::vec([number(), number(), number()], 0..6),
        length in 0..40u64,
        difference in prop::collection::vec(any::<u8>(), 0..40),
        extra in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let artifact = vec![0; length as usize];
        error_or_artifact("bsdiff40", b"0123456789", &triples(length, &steps, &difference, &extra), &artifact);
    }
}

/// Numbers where mistakes live.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0..12u64,
        1 => (0..12u64).prop_map(|number| NEGATIVE | number),
        1 => (0..3u64).prop_map(|number| u64::MAX - number),
        1 => (0..3u64).prop_map(|number| NEGATIVE - 1 - number),
        1 => any::<u64>(),
    ]
}
