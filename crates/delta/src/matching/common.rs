//! How much two rows of bytes have in common, compared eight bytes at a time.

const WORD: usize = 8;

/// How many bytes are the same at the start.
pub(super) fn prefix(left: &[u8], right: &[u8]) -> usize {
    let (left_words, right_words) = (left.as_chunks::<WORD>().0, right.as_chunks::<WORD>().0);
    let mut same = 0;
    for (left, right) in left_words.iter().zip(right_words) {
        let differ = u64::from_le_bytes(*left) ^ u64::from_le_bytes(*right);
        if differ != 0 {
            return same + (differ.trailing_zeros() / 8) as usize;
        }
        same += WORD;
    }
    let (left, right) = (left.get(same..).unwrap_or_default(), right.get(same..).unwrap_or_default());
    same + left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

#[cfg(test)]
mod tests {
    use super::*;

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
