//! Whether two files have anything in common: a quick look, before the long one.

use std::collections::HashSet;

/// Files up to here are always looked at, in bytes.
const SMALL: usize = 256 << 10;
/// The bytes of a window.
const WINDOW: usize = 16;
/// So many places of the artifact are tried.
const TRIES: usize = 4096;
/// The base's windows that are remembered, at most.
const WINDOWS: usize = 1 << 20;

/// False where not one of thousands of places of the artifact has bytes of the base: packed or encrypted files, or
/// files that have nothing to do with each other.
pub(super) fn related(base: &[u8], artifact: &[u8]) -> bool {
    if artifact.len() <= SMALL || base.len() < WINDOW {
        return true;
    }
    // Every so many bytes a window of the base is known; a place that has it finds it within as many bytes.
    let stride = WINDOW.max(base.len() / WINDOWS);
    let windows: HashSet<u64> =
        (0..=base.len() - WINDOW).step_by(stride).filter_map(|at| hash(base.get(at..at + WINDOW)?)).collect();
    let found = |at: usize| {
        (at..at + stride).any(|at| {
            let window = artifact.get(at..at + WINDOW).and_then(hash);
            window.is_some_and(|window| windows.contains(&window))
        })
    };
    let step = (artifact.len() / TRIES).max(stride);
    let hits = (0..artifact.len()).step_by(step).filter(|at| found(*at)).count();
    // One in a thousand may be chance: the same tables, headers, texts.
    hits * 1000 > artifact.len() / step
}

/// A number for a window; none for one of a single byte, which says nothing.
fn hash(window: &[u8]) -> Option<u64> {
    let (words, _) = window.as_chunks::<8>();
    let [low, high] = words else { return None };
    let (low, high) = (u64::from_le_bytes(*low), u64::from_le_bytes(*high));
    let single = low == high && low.rotate_left(8) == low;
    (!single).then_some(low.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ high.rotate_left(32))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that look random.
    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    #[test]
    fn a_hundredth_is_enough_and_chance_is_not() {
        let (one, two) = (noise(1, 2 << 20), noise(2, 2 << 20));
        assert!(related(&one, &one));
        assert!(!related(&one, &two));
        assert!(!related(&[0; 1 << 20], &[1; 1 << 20]));
        let mut some = two.clone();
        some[1_000_000..1_040_000].copy_from_slice(&one[7..40_007]);
        assert!(related(&one, &some));
        assert!(related(&[], &two[..1000]));
    }
}
