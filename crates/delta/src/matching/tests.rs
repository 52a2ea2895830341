//! Whatever the files are, blocks keep their rules.

use std::num::NonZeroUsize;

use proptest::prelude::*;

use super::*;

const COSTS: Costs =
    Costs { block: 256, seek: 16, gap: 96, literal: 58, difference: 144, next_difference: 96 };

fn with_threads(threads: usize, base: &[u8], artifact: &[u8]) -> Vec<Block> {
    let threads = NonZeroUsize::new(threads).unwrap();
    blocks(base, artifact, &COSTS, &Options { threads, ..Options::default() }).unwrap()
}

/// The cost of an artifact made from blocks, which must keep all rules.
fn cost(base: &[u8], artifact: &[u8], blocks: &[Block]) -> u64 {
    let (mut end, mut cost) = (0, 0);
    let mut base_end = 0usize;
    for block in blocks {
        let [from, at, length] = [block.base, block.artifact, block.length].map(|number| number as usize);
        assert!(at >= end, "{block:?} starts before {end}");
        assert!(length > 0 && at + length <= artifact.len() && from + length <= base.len(), "{block:?}");
        let seek_bits = usize::BITS - from.abs_diff(base_end).leading_zeros();
        base_end = from + length;
        cost += u64::from(COSTS.block + COSTS.seek * seek_bits);
        cost += (at - end) as u64 * u64::from(COSTS.literal);
        cost += if at > end { u64::from(COSTS.gap) } else { 0 };
        end = at + length;
        let mut differs = false;
        for (left, right) in artifact[at..end].iter().zip(&base[from..from + length]) {
            if left != right {
                cost += u64::from(if differs { COSTS.next_difference } else { COSTS.difference });
            }
            differs = left != right;
        }
    }
    cost + (artifact.len() - end) as u64 * u64::from(COSTS.literal)
}

/// Checks the rules, and that it does not cost more than no blocks at all.
fn check(base: &[u8], artifact: &[u8]) -> Vec<Block> {
    let blocks = with_threads(1, base, artifact);
    let all = artifact.len() as u64 * u64::from(COSTS.literal) + u64::from(COSTS.gap);
    assert!(cost(base, artifact, &blocks) <= all);
    blocks
}

/// Bytes that look random.
fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn empty_files() {
    assert_eq!(check(b"", b""), []);
    assert_eq!(check(b"", b"something"), []);
    assert_eq!(check(b"something", b""), []);
}

#[test]
fn a_file_is_one_block_of_itself_across_pieces() {
    let file = noise(1, 3 * PIECE + 17);
    let length = u32::try_from(file.len()).unwrap();
    assert_eq!(check(&file, &file), [Block { base: 0, artifact: 0, length }]);
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let base = noise(2, 3 * PIECE);
    let mut artifact = [&base[PIECE / 3..], b"something new", &base[..PIECE]].concat();
    artifact.iter_mut().step_by(1_001).for_each(|byte| *byte ^= 1);
    let one = with_threads(1, &base, &artifact);
    assert!(one.len() < 10, "{}", one.len());
    for threads in [2, 3, 9] {
        assert_eq!(with_threads(threads, &base, &artifact), one);
    }
}

#[test]
fn work_is_bounded_when_files_repeat_themselves() {
    let length = PIECE + 10_000;
    let zeros = vec![0; length];
    let periodic = |period: usize| noise(3, period).into_iter().cycle().take(length).collect::<Vec<u8>>();
    let mut spoiled = zeros.clone();
    spoiled.iter_mut().step_by(7).for_each(|byte| *byte = 1);
    let mut noisy = zeros.clone();
    noisy
        .iter_mut()
        .zip(noise(4, length))
        .filter(|(_, noise)| *noise < 40)
        .for_each(|(byte, noise)| *byte = noise);
    let (mut fibonacci, mut before) = (vec![1], vec![0]);
    while fibonacci.len() < length {
        let next = [fibonacci.as_slice(), &before].concat();
        before = std::mem::replace(&mut fibonacci, next);
    }
    let files =
        [zeros, periodic(2), periodic(255), periodic(5_000), spoiled, noisy, fibonacci, noise(5, length)];
    for (number, base) in files.iter().enumerate() {
        for (other, artifact) in files.iter().enumerate() {
            common::work::take();
            check(base, artifact);
            let work = common::work::take() / artifact.len();
            assert!(work < 250, "{work} steps per byte for {number} and {other}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_files(base in prop::collection::vec(any::<u8>(), 0..300), artifact in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&base, &artifact);
    }

    #[test]
    fn few_letters(base in prop::collection::vec(0..3u8, 0..600), artifact in prop::collection::vec(0..3u8, 0..600)) {
        check(&base, &artifact);
    }

    #[test]
    fn pieces_in_another_order(seed: u32, cuts in prop::collection::vec((0..4_000usize, 0..900usize, any::<u8>()), 0..12)) {
        let base = noise(seed, 4_000);
        let mut artifact = Vec::new();
        for (start, length, byte) in cuts {
            artifact.extend(&base[start..(start + length).min(base.len())]);
            artifact.push(byte);
        }
        check(&base, &artifact);
    }
}
