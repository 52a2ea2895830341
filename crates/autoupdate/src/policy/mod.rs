//! Decisions, as pure functions over plain data.
//!
//! The rules of this room:
//!
//! - no clock, no disk, no network, no `self` that remembers: `now` and everything else is an argument;
//! - an answer is an enum that carries its reason, never a bool, so that every "no" can be explained;
//! - every rule that was asked leaves a [`Trace`]: which rule, on which facts, with which answer. `autoupdate why`
//!   shows them in order; the last one that says [`Verdict::Stop`] decided.
//!
//! Layout, in the order in which an update meets them: [`schedule`] (when to check) → [`identity`] (what is installed) →
//! [`eligibility`] with [`rollout`] (what is offered), or [`repair`] (what puts it right) → [`gate`] (what may happen without asking) with [`deferral`] (and not now) → [`route`] (how the
//! bytes come).

pub mod deferral;
pub mod eligibility;
pub mod gate;
pub mod hours;
pub mod identity;
pub mod os_version;
pub mod plan;
pub mod repair;
pub mod rollout;
pub mod route;
pub mod schedule;
pub mod surroundings;
mod trace;

use protocol::{Artifact, Version};
use serde::{Deserialize, Serialize};

use crate::source::lantern::Ways;
pub use trace::{Fact, Rule, Trace, Verdict};

/// Who wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Asker {
    /// The schedule. It respects everything.
    Timer,
    /// A person, by hand: overrides the rollout's percentage and a skipped version, never a halt, a recall, an
    /// operating system pin or the administrator.
    Person,
    /// A person who insists (`check --force`): that they once undid this version does not count either.
    Insisting,
}

impl Asker {
    /// Whether a person waits for the answer.
    #[must_use]
    pub const fn is_person(self) -> bool {
        match self {
            Self::Timer => false,
            Self::Person | Self::Insisting => true,
        }
    }
}

/// A release that this installation may take now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// What to install, as verified metadata describes it.
    pub artifact: Artifact,
    /// The installed version, `None` = unknown.
    pub from: Option<Version>,
    /// A person must agree first, because nobody knows what is installed now.
    pub needs_consent: bool,
    /// It is the installed version once more, because the installed bytes are damaged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repair: bool,
    /// How it is to be had, where a Lantern server names it. Not kept: what is staged needs it no more, and everything else is asked
    /// for again.
    #[serde(skip)]
    pub ways: Option<Box<Ways>>,
}

impl Offer {
    /// The offered version.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.artifact.release.version
    }

    /// Length of the artifact in bytes, if anybody signed it.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        (self.artifact.length > 0).then_some(self.artifact.length)
    }
}

/// Why a release is kept from this installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Reason {
    /// The channel has no release for this platform at all.
    NothingForPlatform,
    /// The operating system is too old, or its version cannot be told.
    OsTooOld {
        /// What the release needs.
        needs: String,
        /// What this system is.
        has: Option<String>,
    },
    /// The publisher holds this operating system at another version.
    OsPinned {
        /// That version.
        at: Version,
    },
    /// It goes out in steps and it is not this installation's turn.
    NotYet {
        /// The share of installations whose turn it is, in 10,000.
        share: u16,
        /// This installation's place in the row, 0 to 9,999.
        bucket: u16,
    },
    /// The publisher halted it.
    Halted,
    /// The publisher recalled it.
    Recalled,
    /// Who gets it when could not be verified, so nobody gets it.
    ControlUnverified {
        /// What was wrong.
        why: String,
    },
    /// It did not live when it was installed here.
    KnownBad,
    /// It is older than a version that was already good here.
    BelowFloor {
        /// That version.
        floor: Version,
    },
    /// It was undone by hand here.
    Undone,
    /// A person does not want this version.
    Skipped,
    /// It is to stay at another version, or below.
    Pinned {
        /// That version.
        at: Version,
        /// Who said so.
        by: SetBy,
    },
    /// The administrator lets others try new versions first.
    TooYoung {
        /// From then on it may come.
        until: jiff::Timestamp,
    },
    /// The administrator turned updates off.
    TurnedOff,
    /// A person wants the program to stay as it is.
    OnHold,
}

/// Who set a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum SetBy {
    /// Nobody.
    Default,
    /// The enrolment of the program.
    Enrolment,
    /// The person.
    Person,
    /// The administrator: nobody else can change it.
    Administrator,
}

/// What a check comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "kebab-case")]
pub enum Decision {
    /// Take this.
    Offer(Box<Offer>),
    /// There is nothing newer, as far as the source says. Whether that is proved is another question.
    UpToDate,
    /// There is something newer, but not for us now.
    NotOffered {
        /// The best version that is kept from us, if it is about one.
        version: Option<Version>,
        /// Why.
        reason: Reason,
    },
    /// The installed version was recalled, and there is nothing newer: go back.
    GoBack {
        /// The recalled version.
        recalled: Version,
    },
}

/// An answer and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided<T> {
    /// The answer.
    pub answer: T,
    /// Every rule that was asked, in order.
    pub trace: Vec<Trace>,
}
