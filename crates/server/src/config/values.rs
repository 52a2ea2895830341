//! Sizes, times and shares as people write them, with the rule in the error.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A number of bytes; in the file a number, or a text such as `64 MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

impl ByteSize {
    /// So many bytes.
    #[must_use]
    pub const fn bytes(count: u64) -> Self {
        Self(count)
    }

    /// So many gibibytes.
    #[must_use]
    pub const fn gib(count: u64) -> Self {
        Self(count.saturating_mul(1 << 30))
    }

    /// The number of bytes.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor: u64 = match unit.trim() {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "TiB" => 1 << 40,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(factor).map(Self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Text(String),
        }
        let rule = "it must be a number of bytes or a text such as \"64 MiB\" (B, KiB, MiB, GiB, TiB)";
        match Written::deserialize(deserializer) {
            Ok(Written::Number(count)) => Ok(Self(count)),
            Ok(Written::Text(text)) => Self::parse(&text).ok_or_else(|| D::Error::custom(rule)),
            Err(_) => Err(D::Error::custom(rule)),
        }
    }
}

/// A time such as `10s`, `5m`, `7d`: 1 second to 10 years.
pub(super) fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let rule = "it must be a time such as \"10s\", \"5m\" or \"7d\", at least 1 second and at most 10 years";
    let time = humantime::parse_duration(&String::deserialize(deserializer)?)
        .map_err(|error| D::Error::custom(format_args!("{rule}: {error}")))?;
    if (1..=10 * 366 * 86_400).contains(&time.as_secs()) { Ok(time) } else { Err(D::Error::custom(rule)) }
}

/// 1 to 100 percent.
pub(super) fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    match u8::deserialize(deserializer)? {
        value @ 1..=100 => Ok(value),
        _ => Err(D::Error::custom("it must be 1 to 100")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("7", Some(7)), ("64 MiB", Some(64 << 20)), ("2GiB", Some(2 << 30)), ("1 B", Some(1))]
                .into_iter()
                .chain(["", "MiB", "-1", "1 MB", "1.5 GiB", "99999999999999 TiB"].map(|text| (text, None)))
        {
            assert_eq!(ByteSize::parse(text).map(ByteSize::get), bytes, "{text}");
        }
    }
}
