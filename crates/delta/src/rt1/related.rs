//! Whether two files have anything in common: a quick look, before the long one.

use crate::matching::Known;

/// Files up to here are always looked at, in bytes.
const SMALL: usize = 256 << 10;
/// So many places of the artifact are tried.
const TRIES: usize = 4096;

/// False where not one of thousands of places of the artifact has bytes of the base: packed or encrypted files, or
/// files that have nothing to do with each other.
pub(super) fn related(base: &[u8], artifact: &[u8]) -> bool {
    if artifact.len() <= SMALL || base.is_empty() {
        return true;
    }
    let known = Known::new(base);
    let found = |at: usize| {
        let bytes = artifact.get(at..artifact.len().min(at + known.reach())).unwrap_or_default();
        known.found(bytes).next().is_some()
    };
    let step = (artifact.len() / TRIES).max(known.reach());
    let hits = (0..artifact.len()).step_by(step).filter(|at| found(*at)).count();
    // One in a thousand may be chance: the same tables, headers, texts.
    hits * 1000 > artifact.len() / step
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::noise;

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
