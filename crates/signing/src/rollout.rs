//! Who gets a release when: changes of the signed `rollout/{channel}.json`.

use jiff::Timestamp;
use protocol::{
    BasisPoints, Channel, MAX_ROLLOUT_BYTES, Os, OsPin, ReleaseRollout, Rollout, Version, object,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::batch::Batch;
use crate::document::{ROLLOUT, Targets};
use crate::envelope::Envelope;
use crate::{Error, OnlineKeys, Renew, Tree, Validity, complete};

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
    let mut batch = Batch::new(tree);
    keys.check_offline(&batch.root()?)?;
    let targets = batch.targets()?;
    let (delegation, _) = targets.delegation(ROLLOUT).ok_or(Error::NoDelegation { role: ROLLOUT })?;
    let mut rollouts = rollouts(&batch, now)?;
    let mut rollout = read_whole(&batch, &rollouts, channel)?;
    apply(&mut rollout, change);
    complete::put_rollout(&mut batch, &mut rollouts, &rollout)?;
    complete::sign_delegated(&mut batch, ROLLOUT, rollouts, keys, &delegation.keys, validity, now)?;
    complete::online_roles(&mut batch, keys, validity, now, Renew::IfDue)?;
    batch.verify(now)?;
    batch.write()?;
    Ok(rollout)
}

/// The rollout of a channel as it is in a tree, without verifying it: for the tree's own keeper.
///
/// # Errors
/// If it cannot be read or is damaged.
pub fn rollout_of(tree: &Tree, channel: &Channel) -> Result<Rollout, Error> {
    let batch = Batch::new(tree);
    read(&batch, &rollouts(&batch, Timestamp::MIN)?, channel)
}

/// The rollouts of all channels in a tree; as [`rollout_of`].
///
/// # Errors
/// If one cannot be read or is damaged.
pub fn all_rollouts(tree: &Tree) -> Result<Vec<Rollout>, Error> {
    let batch = Batch::new(tree);
    let rollouts = rollouts(&batch, Timestamp::MIN)?;
    let channel = |path: &String| path.strip_prefix("rollout/")?.strip_suffix(".json")?.parse().ok();
    rollouts.targets.keys().filter_map(channel).map(|channel| read(&batch, &rollouts, &channel)).collect()
}

fn rollouts(batch: &Batch<'_>, now: Timestamp) -> Result<Targets, Error> {
    match batch.newest(ROLLOUT)? {
        Some((_, bytes)) => Envelope::parse(ROLLOUT, &bytes)?.document(ROLLOUT),
        None => Ok(Targets::empty(0, now)),
    }
}

fn read(batch: &Batch<'_>, rollouts: &Targets, channel: &Channel) -> Result<Rollout, Error> {
    let app = batch.tree.app();
    match bytes(batch, rollouts, channel)? {
        Some(bytes) => Ok(Rollout::parse(&bytes, app, channel)?),
        None => Ok(Rollout::open(app.clone(), channel.clone())),
    }
}

/// As [`read`], for writing it again: pins that this program does not know would be lost.
fn read_whole(batch: &Batch<'_>, rollouts: &Targets, channel: &Channel) -> Result<Rollout, Error> {
    let rollout = read(batch, rollouts, channel)?;
    let file: Value = match bytes(batch, rollouts, channel)? {
        Some(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
        None => Value::Null,
    };
    if file["os_pins"].as_array().map_or(0, Vec::len) > rollout.os_pins.len() {
        let what = object::rollout_path(channel);
        let why =
            "it pins systems that this program does not know: update this program, then change it".to_owned();
        return Err(Error::Malformed { what, why });
    }
    Ok(rollout)
}

fn bytes(batch: &Batch<'_>, rollouts: &Targets, channel: &Channel) -> Result<Option<Vec<u8>>, Error> {
    let path = object::rollout_path(channel);
    let Some(target) = rollouts.targets.get(&path) else { return Ok(None) };
    let sha256 = target.sha256(&path)?;
    let bytes = batch.read(&object::target(&path, &sha256)?, MAX_ROLLOUT_BYTES)?;
    let bytes = bytes.ok_or_else(|| Error::MissingObject { path: path.clone(), sha256 })?;
    if protocol::Digest::of(&bytes) != sha256 {
        return Err(Error::DamagedObject { path, sha256 });
    }
    Ok(Some(bytes))
}

fn apply(rollout: &mut Rollout, change: &RolloutChange) {
    let mut of = |version: &Version, set: &dyn Fn(&mut ReleaseRollout)| {
        let everybody = || ReleaseRollout {
            basis_points: BasisPoints::ALL,
            // Another salt for every version: other machines are first each time.
            salt: version.to_string(),
            halted: false,
            recalled: false,
        };
        set(rollout.releases.entry(version.clone()).or_insert_with(everybody));
    };
    match change {
        RolloutChange::Share { version, basis_points } => {
            of(version, &|release| release.basis_points = *basis_points);
        }
        RolloutChange::Halt { version } => of(version, &|release| release.halted = true),
        RolloutChange::Resume { version } => of(version, &|release| {
            release.halted = false;
            release.recalled = false;
        }),
        RolloutChange::Recall { version } => of(version, &|release| release.recalled = true),
        RolloutChange::Pin(pin) => {
            rollout.os_pins.retain(|there| (there.os, &there.below) != (pin.os, &pin.below));
            rollout.os_pins.push(pin.clone());
        }
        RolloutChange::Unpin { os } => rollout.os_pins.retain(|pin| pin.os != *os),
    }
}

#[cfg(test)]
mod tests {
    use protocol::AppId;

    use super::*;

    /// Reading it leaves them out; writing it again must not.
    #[test]
    fn pins_of_unknown_systems_are_not_lost() {
        let (app, channel) = (AppId::parse("a").unwrap(), Channel::default());
        let tree = Tree::new(std::path::Path::new("nowhere"), &app);
        let check = |os: &str, whole: bool| {
            let mut batch = Batch::new(&tree);
            let mut rollouts = Targets::empty(1, Timestamp::UNIX_EPOCH);
            let pins = serde_json::json!([{ "os": os, "below": "5", "version": "1.0.0" }]);
            let file = serde_json::json!({ "format": 1, "app": "a", "channel": "stable", "os_pins": pins });
            let (path, file) = (object::rollout_path(&channel), serde_json::to_vec(&file).unwrap());
            let sha256 = protocol::Digest::of(&file);
            batch.add_object(object::target(&path, &sha256).unwrap(), file);
            rollouts.targets.insert(path, crate::document::Target::new(&sha256, 1, None));
            let found = read(&batch, &rollouts, &channel).unwrap();
            assert_eq!(found.os_pins.len(), usize::from(whole), "{os}");
            assert_eq!(read_whole(&batch, &rollouts, &channel).is_ok(), whole, "{os}");
        };
        check("macos", true);
        check("harmony", false);
    }

    #[test]
    fn changes_add_up() {
        let version = Version::parse("1.2.3").unwrap();
        let mut rollout = Rollout::open(AppId::parse("a").unwrap(), Channel::default());
        let mut check = |change: RolloutChange, share: u16, halted: bool, recalled: bool| {
            let text = serde_json::to_string(&change).unwrap();
            assert_eq!(serde_json::from_str::<RolloutChange>(&text).unwrap(), change, "{text}");
            apply(&mut rollout, &change);
            let release = &rollout.releases[&version];
            assert_eq!(
                (release.basis_points.get(), release.halted, release.recalled),
                (share, halted, recalled)
            );
            assert_eq!(release.salt, "1.2.3");
        };
        let share = |points| RolloutChange::Share {
            version: Version::parse("1.2.3").unwrap(),
            basis_points: BasisPoints::new(points).unwrap(),
        };
        check(share(500), 500, false, false);
        check(RolloutChange::Halt { version: version.clone() }, 500, true, false);
        check(share(1000), 1000, true, false);
        check(RolloutChange::Recall { version: version.clone() }, 1000, true, true);
        check(RolloutChange::Resume { version: version.clone() }, 1000, false, false);
        let pin = OsPin { os: Os::Macos, below: "15".to_owned(), version: version.clone() };
        check(RolloutChange::Pin(pin.clone()), 1000, false, false);
        check(RolloutChange::Pin(pin), 1000, false, false);
        assert_eq!(rollout.os_pins.len(), 1);
        apply(&mut rollout, &RolloutChange::Unpin { os: Os::Macos });
        assert!(rollout.os_pins.is_empty());
    }
}
