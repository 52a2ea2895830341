//! Real programs, for which the format is made: exact, and small.

use std::num::NonZeroUsize;

use proptest::prelude::*;

use super::super::make;
use super::*;
use crate::image::signature;
use crate::programs::{Program, programs};
use crate::{Level, Options, bsdiff40};

fn options(level: Level, threads: usize) -> Options<'static> {
    Options { level, threads: NonZeroUsize::new(threads).unwrap(), ..Options::default() }
}

/// Makes a patch at the usual level, proves it, and gives its length.
fn length(base: &[u8], artifact: &[u8]) -> usize {
    let patch = make(base, artifact, &Options::default()).unwrap();
    run(&base.to_vec(), &patch, artifact).unwrap();
    patch.len()
}

fn is_whole(patch: &[u8]) -> bool {
    crate::info(patch).unwrap().streams.len() == 1
}

#[test]
fn programs_come_out_exactly_whatever_the_options() {
    for Program { name, base, artifact } in programs("programs_come_out_exactly_whatever_the_options") {
        for (base, artifact) in [(base, artifact), (artifact, base)] {
            for level in [Level::Fast, Level::Default, Level::Best] {
                let patch = make(base, artifact, &options(level, 1)).unwrap();
                run(base, &patch, artifact).unwrap();
                assert!(!is_whole(&patch), "{name} {level:?}");
                let other = make(base, artifact, &options(level, 2)).unwrap();
                assert!(patch == other, "{name} {level:?}: threads make no difference");
            }
        }
    }
}

#[test]
fn patches_of_programs_are_small() {
    for Program { name, base, artifact } in programs("patches_of_programs_are_small") {
        for (base, artifact) in [(base, artifact), (artifact, base)] {
            let ours = length(base, artifact);
            let classic = bsdiff40::make(base, artifact, &Options::default()).unwrap().len();
            println!("{name}: {ours} of {classic}");
            assert!(ours * 3 <= classic * 2, "{name}: {ours} bytes, bsdiff40 {classic}");
        }
    }
}

/// The hashes of the pages are made anew, so they cost nothing; where one is wrong they are bytes as any others.
#[test]
fn hashes_of_pages_cost_nothing() {
    for Program { name, base, artifact } in programs("hashes_of_pages_cost_nothing") {
        let Some(pages) = signature(artifact) else { continue };
        let good = length(base, artifact);
        let hash = pages.offset as usize + 32;
        let mut damaged = artifact.clone();
        damaged[hash] ^= 1;
        assert_eq!(signature(&damaged), None);
        let cost = length(base, &damaged) - good;
        let hashes = 32 * pages.count as usize;
        println!("{name}: {good} bytes, {cost} more for {hashes} bytes of hashes");
        // A page or two may be the same in both releases.
        assert!(cost > hashes / 2, "{name}");
    }
}

#[test]
fn pairs_with_nothing_in_common_are_whole() {
    let (one, two) = (noise(1, 1 << 20), noise(2, 1 << 20));
    let zeros = vec![0; 1 << 20];
    for (base, artifact, most) in [
        (&one, &two, two.len() + 1000),
        (&Vec::new(), &two, two.len() + 1000),
        (&one, &zeros, 1000),
        (&zeros, &one, one.len() + 1000),
    ] {
        let patch = make(base, artifact, &Options::default()).unwrap();
        assert!(is_whole(&patch));
        assert!(patch.len() < most);
        run(base, &patch, artifact).unwrap();
    }
}

#[test]
fn pairs_of_any_lengths() {
    let text: Vec<u8> =
        (0..80_000u32).flat_map(|at| (at / 7).wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let part = |from: usize, to: usize| text[from..to].to_vec();
    let files = [
        part(0, 0),
        part(0, 1),
        part(9, 16),
        part(0, 4095),
        part(1, 4097),
        part(4000, 70_000),
        part(0, 300_000),
        part(200_000, 200_100),
    ];
    for base in &files {
        for artifact in &files {
            let length = length(base, artifact);
            assert!(length < artifact.len() + 1000);
            if base == artifact {
                assert!(length < 1000, "{length} bytes say nothing");
            }
        }
    }
}

/// The head of a program is not a program, nor is one whose head is lost.
#[test]
fn files_that_are_almost_programs() {
    for Program { base, artifact, .. } in programs("files_that_are_almost_programs") {
        let long = base.len().min(60_000);
        let lost = base.iter().skip(64).take(60_000).copied().collect::<Vec<u8>>();
        let hurt = |at: usize| {
            let mut bytes = artifact.clone();
            bytes.truncate(60_000);
            bytes[at..at + 40].fill(0xff);
            bytes
        };
        for (base, artifact) in [
            (&base[..64], &artifact[..]),
            (&base[..long], &hurt(0x10)),
            (&lost, &hurt(0x40)),
            (&artifact[..], &base[..1000]),
        ] {
            length(base, artifact);
        }
    }
}

/// A change: what is done at a place, with how many bytes, and another place.
type Change = (u8, prop::sample::Index, usize, prop::sample::Index, u8);

fn changed(bytes: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (what, at, length, to, value) in changes {
        let at = at.index(bytes.len());
        let end = bytes.len().min(at + length);
        match what {
            0 => bytes.splice(at..at, noise((*value).into(), *length)).for_each(drop),
            1 => bytes.drain(at..end).for_each(drop),
            2 => bytes[at..end].fill(*value),
            3 => bytes[at..end].iter_mut().step_by(11).for_each(|byte| *byte = byte.wrapping_add(*value)),
            4 => {
                let moved: Vec<u8> = bytes.drain(at..end).collect();
                let to = to.index(bytes.len() + 1);
                bytes.splice(to..to, moved).for_each(drop);
            }
            _ => {
                let copy = bytes[at..end].to_vec();
                let to = to.index(bytes.len() + 1);
                bytes.splice(to..to, copy).for_each(drop);
            }
        }
        if bytes.is_empty() {
            bytes.push(*value);
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn changed_programs_come_out_exactly(
        which in any::<prop::sample::Index>(),
        both in any::<bool>(),
        old in prop::collection::vec(change(), 0..3),
        new in prop::collection::vec(change(), 0..6),
        level in prop::sample::select(vec![Level::Fast, Level::Default, Level::Best]),
    ) {
        let programs: Vec<_> = programs("changed_programs_come_out_exactly")
            .iter()
            .filter(|program| program.base.len() < 200_000)
            .collect();
        if !programs.is_empty() {
            let program = which.get(&programs);
            let base = changed(&program.base, &old);
            let artifact = changed(if both { &program.artifact } else { &program.base }, &new);
            let patch = make(&base, &artifact, &options(level, 1)).unwrap();
            run(&base, &patch, &artifact).unwrap();
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    (0..6u8, any::<prop::sample::Index>(), 0..3000usize, any::<prop::sample::Index>(), any::<u8>())
}
