//! What support looks at: a program and everything that could stop an update of it, as plain data for window and command line.

mod bundle;
mod redact;

use std::collections::BTreeMap;

use protocol::{AppId, Digest, SourceKind, Version};
use serde::{Deserialize, Serialize};

use crate::policy::{Reason, SetBy, Trace};
use crate::view::{Failure, InstalledView, Owner};

pub use bundle::bundle;

/// One program, examined. Nothing was changed for it, and no source was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Examined {
    /// The app.
    pub app: AppId,
    /// Where the program is, as text for people.
    pub path: String,
    /// Whose enrolment it is.
    pub enrolled_by: Owner,
    /// The name of the user whose file it is, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_owner: Option<String>,
    /// What is on disk; absent = it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<InstalledView>,
    /// The installed bytes were verified: by the last check, or when they were put in place.
    pub recorded: bool,
    /// Why it could not be replaced; absent = it could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_the_way: Option<Failure>,
    /// Free space on the program's disk, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
    /// The highest version that was ever good here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Version>,
    /// A person wants it to stay as it is.
    pub on_hold: bool,
    /// Versions that a person skips.
    #[serde(default)]
    pub skipped: Vec<Version>,
    /// This installation's place in the rollouts of the version that the last check was about, 0 to 9,999.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<u16>,
    /// How its updates are found; absent = in a TUF repository.
    #[serde(default, skip_serializing_if = "SourceKind::is_tuf")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<SourceKind>"))]
    pub source: SourceKind,
    /// SHA-256 of the file of the one RSA key that signs for a Lantern source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Digest>,
    /// Where its updates come from.
    pub sources: Vec<String>,
    /// The way to the network: `system`, `off` or a URL without its password.
    pub proxy: String,
    /// The versions that the last check knew of, newest first, and why they are not to be had.
    #[serde(default)]
    pub versions: Vec<Choice>,
    /// Every setting that is in effect for it.
    pub settings: Vec<Setting>,
    /// The rules that the last check asked, in order; the last one that says stop decided.
    pub trace: Vec<Trace>,
}

/// A version that there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Choice {
    /// The version.
    pub version: Version,
    /// Why it cannot be installed; absent = it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// One setting that is in effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Setting {
    /// Its key in the settings file.
    pub key: String,
    /// Its value, as the settings file has it.
    pub value: String,
    /// Who set it.
    pub by: SetBy,
    /// The file that it stands in, and the line counted from 1; absent for a default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Every setting that is in effect.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Settings {
    /// Of the updater itself, and of every program that says nothing else.
    pub general: Vec<Setting>,
    /// Of each program.
    pub apps: BTreeMap<AppId, Vec<Setting>>,
}
