//! What `make` writes, `apply` turns into the artifact: for any pair, and however the bytes arrive.

mod support;

use std::io::{self, Read};

use autoupdate_delta as delta;
use delta::{Error, Limits};
use proptest::prelude::*;
use support::{FORMATS, apply, expected, format, make, next_release, program};

fn check(base: &[u8], artifact: &[u8]) {
    let mut raw = Vec::new();
    bsdiff::diff(base, artifact, &mut raw).unwrap();
    let mut oracle = Vec::new();
    bsdiff::patch(base, &mut raw.as_slice(), &mut oracle).unwrap();
    for id in FORMATS {
        let patch = make(id, base, artifact);
        assert_eq!(apply(id, base, patch.as_slice(), &expected(artifact)).unwrap(), oracle, "{id}");
    }
}

#[test]
fn empty_identical_and_unlike_pairs() {
    let (one, two) = (program(1, 5_000), program(2, 3_000));
    for base in [&[][..], b"x", &one, &two] {
        for artifact in [&[][..], b"x", &one, &two] {
            check(base, artifact);
        }
    }
}

#[test]
fn pairs_of_several_segments() {
    let base = program(3, 1_300_000);
    check(&base, &next_release(4, &base));
    check(&base, &vec![0; 1 << 20]);
    check(&base[..100], &vec![7; (1 << 20) + 1]);
}

/// Edits as a strategy: where, how many bytes go, which come.
fn edited(base: &[u8], edits: Vec<(prop::sample::Index, usize, Vec<u8>)>) -> Vec<u8> {
    let mut artifact = base.to_vec();
    for (at, gone, come) in edits {
        let at = at.index(artifact.len() + 1);
        let end = (at + gone).min(artifact.len());
        artifact.splice(at..end, come);
    }
    artifact
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, Vec<u8>)>> {
    prop::collection::vec(
        (any::<prop::sample::Index>(), 0..200usize, prop::collection::vec(any::<u8>(), 0..200)),
        0..8,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn edited_random_bytes(base in prop::collection::vec(any::<u8>(), 0..4_000), edits in edits()) {
        check(&base, &edited(&base, edits));
    }

    #[test]
    fn edited_programs(seed: u64, length in 0..9_000usize, edits in edits()) {
        let base = program(seed, length);
        check(&base, &edited(&base, edits));
    }

    #[test]
    fn few_letters(base in prop::collection::vec(0..3u8, 0..600), artifact in prop::collection::vec(0..3u8, 0..600)) {
        check(&base, &artifact);
    }
}

/// Gives one byte at a time, with interruptions.
struct Drip<'a>(&'a [u8], bool);

impl Read for Drip<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let one = buf.len().min(1);
        self.0.read(&mut buf[..one])
    }
}

#[test]
fn a_patch_may_come_in_drops() {
    let base = program(5, 20_000);
    let artifact = next_release(6, &base);
    for id in FORMATS {
        let patch = make(id, &base, &artifact);
        assert_eq!(apply(id, &base, Drip(&patch, false), &expected(&artifact)).unwrap(), artifact);
    }
}

/// Fails instead of ending.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("cable"))
    }
}

impl io::Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl delta::ReadAt for Broken {
    fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
        Err(io::Error::other("disk"))
    }

    fn len(&self) -> u64 {
        20_000
    }
}

#[test]
fn errors_say_whose_they_are() {
    let base = program(5, 20_000);
    let artifact = next_release(6, &base);
    let want = expected(&artifact);
    for id in FORMATS {
        let patch = make(id, &base, &artifact);
        let cut = patch[..patch.len() / 2].chain(Broken);
        assert!(matches!(apply(id, &base, cut, &want), Err(Error::ReadPatch(_))));
        assert!(matches!(apply(id, &Broken, patch.as_slice(), &want), Err(Error::ReadBase(_))));
        let full = delta::apply(&format(id), &base, patch.as_slice(), Broken, &want, &Limits::default());
        assert!(matches!(full, Err(Error::WriteOut(error)) if error.kind() == io::ErrorKind::StorageFull));
        assert!(matches!(delta::make(&format(id), &base, &artifact, Broken), Err(Error::WriteOut(_))));
    }
}

#[test]
fn headers_say_what_they_are() {
    let base = program(5, 20_000);
    let artifact = next_release(6, &base);
    for id in delta::MAKEABLE {
        assert!(delta::APPLICABLE.contains(id));
        let mut patch = Vec::new();
        let made = delta::make(&format(id), &base, &artifact, &mut patch).unwrap();
        let info = delta::info(patch.as_slice()).unwrap();
        assert_eq!(info.format.as_str(), *id);
        assert_eq!(info.artifact_length, artifact.len() as u64);
        assert_eq!(info.memory, made.memory);
        assert!(info.base.is_none_or(|base| base.length == 20_000));
        // Exactly what the header says is enough, one byte less is refused before anything is written.
        let run = |memory, out: &mut Vec<u8>| {
            let limits = Limits { memory };
            delta::apply(&format(id), &base, patch.as_slice(), out, &expected(&artifact), &limits)
        };
        run(made.memory, &mut Vec::new()).unwrap();
        let mut out = Vec::new();
        let refused = run(made.memory - 1, &mut out);
        assert!(matches!(refused, Err(Error::Memory { needed, .. }) if needed == made.memory));
        assert!(out.is_empty());
    }
    let unknown = delta::make(&format("rt9"), &base, &artifact, io::sink());
    assert!(matches!(unknown, Err(Error::UnknownFormat(id)) if id.as_str() == "rt9"));
}
