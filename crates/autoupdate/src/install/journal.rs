//! The journal: the only truth about what is in progress.

use jiff::Timestamp;
use protocol::{Digest, Health, Version};
use serde::{Deserialize, Serialize};

use super::record::Kept;

/// Verified new bytes that wait to be put in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// The version that was signed.
    pub version: Version,
    /// SHA-256, as signed.
    pub sha256: Digest,
    /// Length in bytes, as signed.
    pub length: u64,
}

/// A fresh version that has yet to prove that it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probation {
    /// The bytes before.
    pub from: Kept,
    /// The bytes now in place.
    pub to: Staged,
    /// How it proves that it lives.
    pub health: Health,
    /// When the new bytes were put in place.
    pub since: Timestamp,
    /// When it was started since, as far as it told us.
    pub starts: Vec<Timestamp>,
    /// It said that it works.
    pub confirmed: bool,
}

/// Why a version is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollBackReason {
    /// It did not prove that it lives. Its digest joins `bad`: it is never offered here again.
    Bad,
    /// A person wants the previous version. The undone version is held.
    ByPerson,
    /// The publisher recalled it. Nothing is remembered: the publisher's rollout says when it is offered again.
    Recalled,
}
