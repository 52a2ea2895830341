//! A quick look at what two files have in common, before the long one: some windows of the base, and where they are.

use std::collections::HashMap;

/// The bytes of a window.
const WINDOW: usize = 16;
/// So many windows of the base are remembered, at most.
const WINDOWS: usize = 1 << 20;

/// Windows of the base.
pub(crate) struct Known {
    /// Where windows are, by what they hold.
    places: HashMap<u64, u32>,
    /// One window begins every so many bytes.
    stride: usize,
}

impl Known {
    /// Remembers windows of `base`.
    pub(crate) fn new(base: &[u8]) -> Self {
        let stride = WINDOW.max(base.len() / WINDOWS);
        let windows = (0u32..).step_by(stride).zip(base.windows(WINDOW).step_by(stride));
        let places = windows.filter_map(|(at, window)| Some((hash(window)?, at))).collect();
        Self { places, stride }
    }

    /// The bytes after which a place that goes on like the base has met a window for certain.
    pub(crate) fn reach(&self) -> usize {
        self.stride + WINDOW
    }

    /// Where in the base windows of these bytes are known.
    pub(crate) fn found<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        bytes.windows(WINDOW).filter_map(|window| self.places.get(&hash(window)?).map(|at| *at as usize))
    }
}

/// A number for a window; none for one of a single byte, which says nothing.
fn hash(window: &[u8]) -> Option<u64> {
    let (words, _) = window.as_chunks::<8>();
    let [low, high] = words else { return None };
    let (low, high) = (u64::from_le_bytes(*low), u64::from_le_bytes(*high));
    let single = low == high && low.rotate_left(8) == low;
    (!single).then_some(low.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ high.rotate_left(32))
}

/// Bytes that look random, for tests.
#[cfg(test)]
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}
