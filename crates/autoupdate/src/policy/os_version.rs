//! Versions of operating systems, as those systems count them.
//!
//! They are no semantic versions: `10.15`, `6.1.0-13-amd64` and `10.0.22631.3007` all occur. What counts is the dotted
//! number at the beginning; what follows it (a vendor's suffix) has no order.

use std::cmp::Ordering;

/// The dotted number at the beginning of `text`, at most 8 parts; `None` if there is none.
fn parts(text: &str) -> Option<Vec<u64>> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number = text.get(..end)?.trim_end_matches('.');
    number.split('.').take(8).map(|part| part.parse().ok()).collect()
}

/// The order of two versions; a missing part counts as 0, so that `10.15` equals `10.15.0`. `None` if one is no version.
#[must_use]
pub fn compare(left: &str, right: &str) -> Option<Ordering> {
    let (mut left, mut right) = (parts(left)?, parts(right)?);
    let length = left.len().max(right.len());
    left.resize(length, 0);
    right.resize(length, 0);
    Some(left.cmp(&right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leading_number_decides() {
        for (left, right, expected) in [
            ("10.15", "10.15.0", Some(Ordering::Equal)),
            ("10.9", "10.15", Some(Ordering::Less)),
            ("6.1.0-13-amd64", "6.1", Some(Ordering::Equal)),
            ("6.12.3-generic", "6.2", Some(Ordering::Greater)),
            ("10.0.22631.3007", "10.0.22000", Some(Ordering::Greater)),
            ("15.", "15", Some(Ordering::Equal)),
            ("", "1", None),
            ("Sequoia", "15", None),
            ("1..2", "1", None),
            ("99999999999999999999999", "1", None),
        ] {
            assert_eq!(compare(left, right), expected, "{left} {right}");
        }
    }
}
