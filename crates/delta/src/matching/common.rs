//! How much two rows of bytes have in common, compared eight bytes at a time.

const WORD: usize = 8;

/// How many bytes are the same at the start.
pub(super) fn prefix(left: &[u8], right: &[u8]) -> usize {
    let (left_words, right_words) = (left.as_chunks::<WORD>().0, right.as_chunks::<WORD>().0);
    let mut same = 0;
    count(1);
    for (left, right) in left_words.iter().zip(right_words) {
        let differ = u64::from_le_bytes(*left) ^ u64::from_le_bytes(*right);
        if differ != 0 {
            return same + (differ.trailing_zeros() / 8) as usize;
        }
        count(1);
        same += WORD;
    }
    let (left, right) = (left.get(same..).unwrap_or_default(), right.get(same..).unwrap_or_default());
    same + left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

/// So many bytes in a row are a run.
pub(super) const RUN: usize = 2;

/// Where a run of bytes starts that are the same; where to go on looking, if there is none.
///
/// A run that is cut by the end of the shorter row is one.
pub(super) fn run(left: &[u8], right: &[u8]) -> usize {
    let mut from = 0;
    loop {
        count(1);
        let rest = (left.get(from..).unwrap_or_default(), right.get(from..).unwrap_or_default());
        let (Some(left), Some(right)) = (rest.0.first_chunk(), rest.1.first_chunk()) else {
            break;
        };
        let differ = u64::from_le_bytes(*left) ^ u64::from_le_bytes(*right);
        // The top bit of each byte that is the same, and of those that another one follows.
        let low = 0x7f7f_7f7f_7f7f_7f7f;
        let same = !(((differ & low) + low) | differ | low);
        let runs = same & (same >> 8);
        if runs != 0 {
            return from + (runs.trailing_zeros() / 8) as usize;
        }
        from += WORD - RUN + 1;
    }
    let rest = (left.get(from..).unwrap_or_default(), right.get(from..).unwrap_or_default());
    let mut length = 0;
    for (at, (left, right)) in (from..).zip(rest.0.iter().zip(rest.1)) {
        length = if left == right { length + 1 } else { 0 };
        if length == RUN {
            return at + 1 - RUN;
        }
    }
    left.len().min(right.len()) - length
}

/// Counts work, for tests that it is bounded: nobody's clock is.
#[cfg(not(test))]
pub(super) fn count(_: usize) {}

#[cfg(test)]
pub(super) use work::count;

#[cfg(test)]
pub(super) mod work {
    use std::cell::Cell;

    thread_local! {
        static WORK: Cell<usize> = const { Cell::new(0) };
    }

    pub(in crate::matching) fn count(steps: usize) {
        WORK.set(WORK.get() + steps);
    }

    /// What this thread has done since it was asked last.
    pub(in crate::matching) fn take() -> usize {
        WORK.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_anywhere() {
        for length in 0..30 {
            for start in 0..length {
                for run_length in 1..=length - start {
                    let left = vec![7; length];
                    let mut right = vec![9; length];
                    right[start..start + run_length].fill(7);
                    let at_end = start + run_length == length;
                    let wanted = if run_length >= RUN || at_end { start } else { length };
                    assert_eq!(run(&left, &right), wanted, "{length} {start} {run_length}");
                }
            }
            assert_eq!(run(&vec![1; length], &vec![2; length]), length);
        }
    }

    #[test]
    fn prefixes_of_any_length() {
        let text: Vec<u8> = (0..40).collect();
        for length in 0..40 {
            for same in 0..=length {
                let mut other = text[..length].to_vec();
                if let Some(byte) = other.get_mut(same) {
                    *byte ^= 0x80;
                }
                assert_eq!(prefix(&text, &other), same);
                assert_eq!(prefix(&other, &text), same);
            }
        }
    }
}
