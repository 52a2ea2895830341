//! What may be done with a verified chain: look up targets, load delegated roles, say how fresh it is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use protocol::{Channel, Digest};
use sigstore_tuf::{DelegatedRole, TargetFile, TrustedMetadataSet};

use crate::chain::{Walk, unexpired};
use crate::{Dropped, Error, Keep, LIMITS, ROLLOUT, TARGETS, Wanted, check};

/// How long what was verified may be believed. It can only be made here, from an unexpired chain: whoever says "up to
/// date" must show one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    checked_at: Timestamp,
    valid_until: Timestamp,
}

impl Freshness {
    /// The `now` of the check.
    #[must_use]
    pub fn checked_at(&self) -> Timestamp {
        self.checked_at
    }

    /// The earliest expiry of all files that were used.
    #[must_use]
    pub fn valid_until(&self) -> Timestamp {
        self.valid_until
    }
}

/// A file that metadata describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its target path.
    pub path: String,
    /// Exact length in bytes.
    pub length: u64,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// What was signed about it besides.
    pub custom: Option<serde_json::Value>,
    /// SHA-512 in hexadecimal digits, if it is listed too.
    pub(crate) sha512: Option<String>,
}

impl Target {
    /// `None` if it lists no readable SHA-256.
    pub(crate) fn read(path: &str, file: &TargetFile) -> Option<Self> {
        Some(Self {
            path: path.to_owned(),
            length: file.length,
            sha256: Digest::parse(file.hashes.get("sha256")?).ok()?,
            custom: file.custom.clone(),
            sha512: file.hashes.get("sha512").cloned(),
        })
    }

    /// Checks the bytes of a small target that is held in memory: length and every listed hash that we know.
    ///
    /// # Errors
    /// [`Error::Integrity`].
    pub fn check(&self, bytes: &[u8]) -> Result<(), Error> {
        use sha2::Digest as _;
        let sha512_fits =
            || self.sha512.as_ref().is_none_or(|listed| *listed == hex::encode(sha2::Sha512::digest(bytes)));
        if bytes.len() as u64 == self.length && Digest::of(bytes) == self.sha256 && sha512_fits() {
            return Ok(());
        }
        Err(Error::Integrity { role: self.path.clone() })
    }
}

/// A role to which another one delegates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// The delegated role.
    pub name: String,
    /// Whether the search for a target ends here if the path matches.
    pub terminating: bool,
    role: DelegatedRole,
}

impl Delegation {
    /// Whether the delegated role may say anything about `path`.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        // Patterns that cannot be read were refused when the file came in; here they match nothing.
        self.role.matches_path(path).unwrap_or(false)
    }
}

/// What the rollout role says about a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Nobody delegates to a rollout role: everything is offered to everybody.
    Open,
    /// The rollout file of the channel. Fetch it, [`Target::check`] it, parse it.
    Target(Target),
    /// There is a rollout role, but no verified word from it about the channel: nothing may be offered.
    Unverified,
}

/// A verified, unexpired chain from root to targets.
#[derive(Debug, Clone)]
pub struct Verified {
    walk: Walk,
    /// Loaded delegated roles, and who delegated to them when they were verified.
    loaded: BTreeMap<String, BTreeSet<String>>,
}

impl Verified {
    pub(crate) fn new(walk: Walk) -> Self {
        Self { walk, loaded: BTreeMap::new() }
    }

    /// How long this may be believed.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        let set = &self.walk.set;
        let targets = std::iter::once(TARGETS).chain(self.loaded.keys().map(String::as_str));
        let expiries = targets.filter_map(|role| set.targets_role(role)).map(|role| role.expires);
        let online = [set.timestamp().map(|role| role.expires), set.snapshot().map(|role| role.expires)];
        let valid_until = expiries.chain(online.into_iter().flatten()).fold(set.root().expires, Ord::min);
        Freshness { checked_at: self.walk.now, valid_until }
    }

    /// The version of the trusted root.
    #[must_use]
    pub fn root_version(&self) -> u64 {
        self.walk.set.root().version
    }

    /// Whether names hold versions and hashes, so that files of two publications never overwrite each other.
    #[must_use]
    pub fn consistent_snapshot(&self) -> bool {
        self.walk.set.root().consistent_snapshot
    }

    /// Stored files that did not count in this check.
    #[must_use]
    pub fn dropped(&self) -> &[Dropped] {
        &self.walk.dropped
    }

    /// The roles to which `delegator` (`targets` or a loaded role) delegates, in its order of priority.
    #[must_use]
    pub fn delegations(&self, delegator: &str) -> Vec<Delegation> {
        let file = self.walk.set.targets_role(delegator);
        let roles = file.and_then(|file| file.delegations.as_ref()).map_or(&[][..], |block| &block.roles);
        let delegation = |role: &DelegatedRole| Delegation {
            name: role.name.clone(),
            terminating: role.terminating,
            role: role.clone(),
        };
        roles.iter().map(delegation).collect()
    }

    /// The file of a delegated role; `None` if the stored one fits: then call [`Self::delegated_stored`].
    ///
    /// # Errors
    /// [`Error::NotPinned`] if snapshot does not know the role.
    pub fn wanted_delegated(&self, name: &str) -> Result<Option<Wanted>, Error> {
        let pins = self.walk.set.snapshot().map(|snapshot| &snapshot.meta);
        let pin = pins.and_then(|pins| pins.get(&check::pin_name(name)));
        let pin = pin.ok_or_else(|| Error::NotPinned { role: name.to_owned() })?;
        let fits = self.walk.stored.delegated.get(name).is_some_and(|bytes| {
            let mut delegators = std::iter::once(TARGETS).chain(self.loaded.keys().map(String::as_str));
            delegators.any(|delegator| self.verified(delegator, name, bytes).is_ok())
        });
        Ok((!fits).then(|| self.walk.wanted(name, pin)))
    }

    /// Takes the file of a role to which `delegator` delegates (TUF 5.6.7).
    ///
    /// # Errors
    /// If nobody loaded delegates to it so, or it is not the pinned one, does not verify or is expired. What was verified
    /// before stays usable.
    pub fn delegated(&mut self, delegator: &str, name: &str, bytes: &[u8]) -> Result<Keep, Error> {
        if !self.loaded.contains_key(name) && self.loaded.len() >= LIMITS.delegations {
            let limit = LIMITS.delegations;
            return Err(Error::TooMany { role: name.to_owned(), what: "delegated files", limit });
        }
        let set = self.verified(delegator, name, bytes)?;
        let same = set.targets_role(name) == self.walk.set.targets_role(name);
        let delegators = self.loaded.entry(name.to_owned()).or_default();
        if !same {
            // Another file under the same name and version: who vouched for the one before has not vouched for this.
            delegators.clear();
        }
        delegators.insert(delegator.to_owned());
        self.walk.set = set;
        Ok(Keep::new(name, bytes))
    }

    /// Goes on with the stored file of a delegated role.
    ///
    /// # Errors
    /// [`Error::NotStored`] if there is none, else as [`Self::delegated`].
    pub fn delegated_stored(&mut self, delegator: &str, name: &str) -> Result<(), Error> {
        let bytes = self.walk.stored.delegated.get(name).cloned();
        let bytes = bytes.ok_or_else(|| Error::NotStored { role: name.to_owned() })?;
        self.delegated(delegator, name, &bytes).map(|_| ())
    }

    /// What the loaded role says about a target path. `None` if it lists it not, lists it without SHA-256, is not loaded,
    /// or may not speak about this path.
    #[must_use]
    pub fn target_in(&self, role: &str, path: &str) -> Option<Target> {
        let file = self.walk.set.targets_role(role)?.target(path)?;
        self.may_say(role, path).then(|| Target::read(path, file)).flatten()
    }

    /// What the rollout role says about a channel.
    #[must_use]
    pub fn rollout_target(&self, channel: &Channel) -> Control {
        if !self.delegates_to(TARGETS, ROLLOUT) {
            return Control::Open;
        }
        let path = protocol::object::rollout_path(channel);
        self.target_in(ROLLOUT, &path).map_or(Control::Unverified, Control::Target)
    }

    /// All targets of a loaded role that may speak about them, as listed.
    pub(crate) fn listed(&self, role: &str) -> impl Iterator<Item = (&str, &TargetFile)> {
        let files = self.walk.set.targets_role(role).into_iter().flat_map(|file| &file.targets);
        files.map(|(path, file)| (path.as_str(), file)).filter(move |(path, _)| self.may_say(role, path))
    }

    fn delegates_to(&self, delegator: &str, name: &str) -> bool {
        self.delegations(delegator).iter().any(|delegation| delegation.name == name)
    }

    /// Whether `role` may say anything about `path`: one of those who vouched for it lets it.
    fn may_say(&self, role: &str, path: &str) -> bool {
        let lets = |delegator: &String| {
            self.delegations(delegator)
                .iter()
                .any(|delegation| delegation.name == role && delegation.matches(path))
        };
        role == TARGETS || self.loaded.get(role).is_some_and(|delegators| delegators.iter().any(lets))
    }

    fn verified(&self, delegator: &str, name: &str, bytes: &[u8]) -> Result<TrustedMetadataSet, Error> {
        if !self.delegates_to(delegator, name) {
            return Err(Error::NotDelegated { delegator: delegator.to_owned(), role: name.to_owned() });
        }
        let new = check::targets(name, bytes, self.walk.crypto)?;
        let mut set = self.walk.set.clone();
        set.update_delegated_targets(bytes, name, delegator, self.walk.now)
            .map_err(|error| Error::from_verifier(name, error))?;
        unexpired(new.signed(), name, self.walk.now)?;
        Ok(set)
    }
}
