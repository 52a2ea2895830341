//! Who gets a release when: the signed `rollout/{channel}.json`.
//!
//! It can delay or withdraw what `targets` signed. It can never add anything: it names no bytes.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::{AppId, Channel, Hasher, Invalid, Os, Version};

/// The longest rollout file that is read, in bytes.
pub const MAX_ROLLOUT_BYTES: u64 = 256 << 10;

/// A share of 10,000. Never a float: two clients must agree to the last bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct BasisPoints(u16);

impl BasisPoints {
    /// Everybody.
    pub const ALL: Self = Self(10_000);
    /// Nobody.
    pub const NONE: Self = Self(0);

    /// A share of 10,000.
    ///
    /// # Errors
    /// [`Invalid`] above 10,000.
    pub fn new(share: u16) -> Result<Self, Invalid> {
        if share <= 10_000 {
            Ok(Self(share))
        } else {
            Err(Invalid::new(
                "share",
                &share.to_string(),
                "it must be 0 to 10000 basis points (10000 = everybody)",
            ))
        }
    }

    /// The number, 0 to 10,000.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for BasisPoints {
    type Error = Invalid;
    fn try_from(share: u16) -> Result<Self, Invalid> {
        Self::new(share)
    }
}

impl From<BasisPoints> for u16 {
    fn from(share: BasisPoints) -> Self {
        share.0
    }
}

/// Machines below an operating system version are held at one release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OsPin {
    /// The operating system.
    pub os: Os,
    /// Systems whose version is below this one are pinned, as that system counts it, for example `15.0.0`.
    pub below: String,
    /// The only version that they may take.
    pub version: Version,
}

/// The rollout of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRollout {
    /// The share of installations that is offered the version.
    pub basis_points: BasisPoints,
    /// Mixed into the bucket, so that the same machines are not always first. At most 64 characters.
    pub salt: String,
    /// Offered to nobody for now, not even by hand.
    #[serde(default)]
    pub halted: bool,
    /// Offered to nobody, and those who have it go back.
    #[serde(default)]
    pub recalled: bool,
}

impl ReleaseRollout {
    /// The bucket of an installation, 0 to 9,999: the first eight bytes of SHA-256(installation id ‖ salt), read as a
    /// big-endian number, modulo 10,000. An installation takes the version when its bucket is below the share.
    #[must_use]
    pub fn bucket(&self, installation_id: &str) -> u16 {
        let mut hasher = Hasher::new();
        hasher.update(installation_id.as_bytes());
        hasher.update(self.salt.as_bytes());
        let digest = hasher.finish();
        let head = digest.as_bytes().iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        u16::try_from(head % 10_000).unwrap_or(u16::MAX)
    }
}

/// `rollout/{channel}.json`. A version that is not named is offered to everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Format version, 1.
    pub format: u32,
    /// The app: must equal the one asked for.
    pub app: AppId,
    /// The channel: must equal the one asked for.
    pub channel: Channel,
    /// Version to rollout.
    #[serde(default)]
    pub releases: BTreeMap<Version, ReleaseRollout>,
    /// Pins of old operating systems. Those of systems that this program does not know are left out when it is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "known_pins")]
    pub os_pins: Vec<OsPin>,
}

/// A pin of a system that came later says nothing about this machine: it must not take the whole rollout away. A pin of a
/// known system with anything else wrong is still an error, because ignoring it would offer what must be held back.
fn known_pins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OsPin>, D::Error> {
    let entries = Vec::<Value>::deserialize(deserializer)?;
    let known =
        |entry: &Value| entry.get("os").and_then(Value::as_str).is_none_or(|os| Os::parse(os).is_ok());
    let pin = |entry| serde_json::from_value(entry).map_err(D::Error::custom);
    entries.into_iter().filter(known).map(pin).collect()
}

impl Rollout {
    /// The format version that this code writes and reads.
    pub const FORMAT: u32 = 1;

    /// A rollout that holds nothing back.
    #[must_use]
    pub fn open(app: AppId, channel: Channel) -> Self {
        Self { format: Self::FORMAT, app, channel, releases: BTreeMap::new(), os_pins: Vec::new() }
    }

    /// Parses the bytes of a verified target and checks that they are for this app and channel.
    ///
    /// # Errors
    /// [`Invalid`] for bytes that are no rollout, another format, another app or another channel.
    pub fn parse(bytes: &[u8], app: &AppId, channel: &Channel) -> Result<Self, Invalid> {
        let invalid = |value: &str, rule| Invalid::new("rollout", value, rule);
        let rollout: Self = serde_json::from_slice(bytes)
            .map_err(|error| invalid(&error.to_string(), "it must be a rollout in JSON"))?;
        if rollout.format != Self::FORMAT {
            return Err(invalid(&rollout.format.to_string(), "only format 1 is known: update this program"));
        }
        if &rollout.app != app {
            return Err(invalid(rollout.app.as_str(), "it is the rollout of another app"));
        }
        if &rollout.channel != channel {
            return Err(invalid(rollout.channel.as_str(), "it is the rollout of another channel"));
        }
        if rollout.releases.values().any(|release| release.salt.len() > 64) {
            return Err(invalid("salt", "it must be at most 64 characters long"));
        }
        Ok(rollout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_frozen() {
        // Computed once with another implementation of SHA-256. They must never change: rollouts would be drawn anew.
        for (id, salt, bucket) in
            [("id-1", "salt", 2931), ("", "", 1652), ("a", "7.2.0", 833), ("b", "7.2.0", 6583)]
        {
            let rollout = ReleaseRollout {
                basis_points: BasisPoints::ALL,
                salt: salt.to_owned(),
                halted: false,
                recalled: false,
            };
            assert_eq!(rollout.bucket(id), bucket, "{id} {salt}");
        }
    }

    #[test]
    fn a_pin_of_a_system_that_came_later_is_left_out() {
        let (app, channel) = (AppId::parse("one").unwrap(), Channel::default());
        let mac = r#"{"os": "macos", "below": "11.0", "version": "7.1.0"}"#;
        let check = |pins: &[&str], expected: Option<usize>| {
            let text = format!(
                r#"{{"format": 1, "app": "one", "channel": "stable", "os_pins": [{}]}}"#,
                pins.join(", ")
            );
            let rollout = Rollout::parse(text.as_bytes(), &app, &channel);
            assert_eq!(rollout.as_ref().ok().map(|rollout| rollout.os_pins.len()), expected, "{rollout:?}");
        };
        check(&[], Some(0));
        check(&[mac], Some(1));
        check(&[r#"{"os": "harmony", "below": "5", "version": "7.1.0"}"#, mac], Some(1));
        check(&[r#"{"os": "harmony", "until": {"build": [5]}}"#], Some(0));
        for broken in [
            r#"{"os": "macos", "below": "11.0", "version": "new"}"#,
            r#"{"os": "macos", "version": "7.1.0"}"#,
            r#"{"below": "11.0", "version": "7.1.0"}"#,
            r#"{"os": 5, "below": "11.0", "version": "7.1.0"}"#,
            "7",
        ] {
            check(&[broken, mac], None);
        }
    }

    #[test]
    fn a_rollout_of_another_app_channel_or_format_is_refused() {
        let (app, channel) = (AppId::parse("one").unwrap(), Channel::default());
        let good = Rollout::open(app.clone(), channel.clone());
        let bytes = serde_json::to_vec(&good).unwrap();
        assert_eq!(Rollout::parse(&bytes, &app, &channel), Ok(good.clone()));
        assert!(Rollout::parse(&bytes, &AppId::parse("two").unwrap(), &channel).is_err());
        assert!(Rollout::parse(&bytes, &app, &Channel::parse("beta").unwrap()).is_err());
        let newer = serde_json::to_vec(&Rollout { format: 2, ..good }).unwrap();
        assert!(Rollout::parse(&newer, &app, &channel).is_err());
        assert!(serde_json::from_str::<BasisPoints>("10001").is_err());
    }
}
