//! What the publisher signs about a release: the `custom` object of a target, and the artifact it belongs to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AppId, Arch, Channel, Digest, Language, Os, Platform, Version};

/// How soon a release wants to be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Urgency {
    /// Whenever it suits.
    #[default]
    Normal,
    /// A dangerous fault is mended: remind daily.
    Critical,
}

/// The `custom` object of a release's target in `targets.json`. Unknown fields are tolerated: it may grow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The app. Must equal what the client asked for, or one app's artifact could be served as another's.
    pub app: AppId,
    /// The version.
    pub version: Version,
    /// The channels that offer it. Empty = signed, kept as a patch base, offered to nobody.
    pub channels: Vec<Channel>,
    /// The operating system it runs on.
    pub os: Os,
    /// The architecture it runs on.
    pub arch: Arch,
    /// The lowest version of the operating system, as that system counts it, for example `10.15`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_os: Option<String>,
    /// How soon it wants to be installed.
    #[serde(default)]
    pub urgency: Urgency,
    /// Release notes: language to target path. The notes are targets of their own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<Language, String>,
}

impl Release {
    /// Operating system and architecture in one.
    #[must_use]
    pub fn platform(&self) -> Platform {
        Platform { os: self.os, arch: self.arch }
    }
}

/// The bytes of a release for one platform, as verified metadata describes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Target path, `releases/{version}/{os}-{arch}/{file}`.
    pub path: String,
    /// Exact length in bytes.
    pub length: u64,
    /// SHA-256 of the bytes.
    pub sha256: Digest,
    /// What was signed about it.
    pub release: Release,
}
