//! Sizes and shares as people write and read them.

/// A number of bytes: `1048576`, `64MiB`, `2 GiB`.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit.trim() {
        "" | "B" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let bytes = factor.and_then(|factor| number.parse::<u64>().ok()?.checked_mul(factor));
    bytes.ok_or_else(|| "it must be a number of bytes such as 1048576, 64MiB or 2GiB".to_owned())
}

/// How much of `whole` a part is, in basis points; `None` of nothing.
pub(super) fn basis_points(part: u64, whole: u64) -> Option<u64> {
    let points = (u128::from(part) * 10_000).checked_div(u128::from(whole))?;
    Some(u64::try_from(points).unwrap_or(u64::MAX))
}

/// `4.12 %`.
pub(super) fn percent(basis_points: u64) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let good =
            [("0", 0), ("7", 7), ("1 B", 1), ("3KiB", 3 << 10), ("64MiB", 64 << 20), ("2 GiB", 2 << 30)];
        for (text, expected) in good {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        for bad in ["", "MiB", "-1", "1 MB", "1.5GiB", "1gib", "99999999999GiB", "18446744073709551616"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shares() {
        assert_eq!(basis_points(412, 10_000).map(percent).as_deref(), Some("4.12 %"));
        assert_eq!(basis_points(u64::MAX, 1), Some(u64::MAX));
        assert_eq!(basis_points(1, 0), None);
        assert_eq!(percent(10_007), "100.07 %");
    }
}
