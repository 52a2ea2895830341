//! What a rule was asked, what it knew, and what it said.

use std::fmt::Display;

use protocol::Version;
use serde::{Deserialize, Serialize};

/// The rules, by the name under which people see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A source of another kind than usual, and what it cannot prove.
    Source,
    /// When to check.
    Schedule,
    /// Which version the installed bytes are.
    Identity,
    /// The installed bytes are those of a release.
    Sound,
    /// The release is for this platform.
    Platform,
    /// The channel offers the release.
    Channel,
    /// The release is newer than what is installed.
    Newer,
    /// Never below the highest version that was good here.
    Floor,
    /// Never a release that did not live here.
    KnownBad,
    /// Not what was undone by hand.
    Undone,
    /// The operating system is new enough.
    MinOs,
    /// The publisher's pins of old operating systems.
    OsPin,
    /// The rollout's data could be verified.
    Control,
    /// The publisher's halt.
    Halt,
    /// The publisher's recall.
    Recall,
    /// The rollout's percentage.
    Percentage,
    /// A version that a person skips.
    Skip,
    /// A program that is to stay as it is.
    Hold,
    /// The version that it is to stay at.
    Pin,
    /// How long others try a version first.
    Age,
    /// The administrator's switch.
    TurnedOff,
    /// A person paused everything.
    Pause,
    /// Hours in which nothing happens by itself.
    QuietHours,
    /// Hours in which something may happen by itself.
    AllowedHours,
    /// The program said that it is busy.
    Busy,
    /// A network that is paid by volume.
    Metered,
    /// A battery that is nearly empty.
    Battery,
    /// Whether people can be told something.
    Notify,
    /// A person must agree.
    Consent,
    /// What may be downloaded without asking.
    DownloadGate,
    /// When a restart may happen without asking.
    RestartGate,
    /// A patch that can be used.
    Patch,
    /// The order of the ways.
    Route,
}

/// What a rule said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing against it.
    Pass,
    /// No.
    Stop,
    /// It would say no, but a person's wish counts more.
    Overridden,
}

/// One fact that a rule looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Fact {
    /// Its name, for example `installed`.
    pub name: String,
    /// Its value, as text.
    pub value: String,
}

/// One rule that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Trace {
    /// The rule.
    pub rule: Rule,
    /// The version that it was asked about, if it was about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Version>,
    /// What it said.
    pub verdict: Verdict,
    /// What it looked at.
    pub facts: Vec<Fact>,
}

impl Trace {
    /// A rule that was asked about no version.
    pub(crate) fn new(rule: Rule, verdict: Verdict) -> Self {
        Self { rule, about: None, verdict, facts: Vec::new() }
    }

    /// The version that it was asked about.
    pub(crate) fn about(mut self, version: &Version) -> Self {
        self.about = Some(version.clone());
        self
    }

    /// One more fact.
    pub(crate) fn fact(mut self, name: &str, value: impl Display) -> Self {
        self.facts.push(Fact { name: name.to_owned(), value: value.to_string() });
        self
    }

    /// One more fact that may be missing.
    pub(crate) fn maybe(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.fact(name, value),
            None => self.fact(name, "unknown"),
        }
    }
}
