//! What happened.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use protocol::{Artifact, Version};

use super::assurance::Assurance;
use super::state::{Cost, Errand, Fresh, Ready, Undone};
use crate::install::Installed;
use crate::policy::deferral::Deferred;
use crate::policy::rollout::Control;
use crate::source::lantern::Ways;
use crate::view::{Blocker, Failure, RollBackWhy, UpdateReport};

/// What happened. The first six come from outside, the others are ends of effects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The time that was scheduled has come.
    Due,
    /// A person wants something.
    Wanted(Errand),
    /// A person wants the previous version back.
    RollBackWanted,
    /// A person wants it to stop.
    CancelWanted,
    /// What may happen by itself has changed: the network, the battery, the hour, a pause, a setting.
    Moment,
    /// The program was closed.
    Quit,
    /// The program's place was opened for the first time, or after another updater was at work: what that one left.
    Opened(Opened),
    /// A check gave this.
    Checked(Box<Found>),
    /// A check failed.
    CheckFailed {
        /// Why.
        failure: Failure,
        /// How long the server asks to wait before the next one.
        retry_after: Option<Duration>,
    },
    /// The offer is verified and staged.
    Prepared {
        /// What it cost.
        cost: Box<Cost>,
        /// Whether the program runs now.
        running: bool,
    },
    /// Preparing failed.
    PrepareFailed(Failure),
    /// No way to the offer is short enough for this moment.
    PutOff(Deferred),
    /// The program was asked to close, and these still run.
    Closing {
        /// What still runs.
        blockers: Vec<Blocker>,
        /// When waiting ends.
        until: Timestamp,
    },
    /// Nothing is in the way any more.
    Replacing,
    /// It did not close in time. Nothing was changed.
    StillRunning {
        /// What still runs.
        blockers: Vec<Blocker>,
    },
    /// The new version is in place and on probation.
    Activated(Fresh),
    /// Activating failed. The program is the one from before.
    ActivateFailed(Failure),
    /// The new version proved that it lives, and is in place for good.
    Committed(Box<UpdateReport>),
    /// The new version did not prove that it lives: it has to go, for this reason.
    Unhealthy(RollBackWhy),
    /// The previous version is in place again.
    RolledBack(Undone),
    /// Rolling back failed. The program is the one from before.
    RollBackFailed(Failure),
    /// What ran was stopped, and changed nothing.
    Cancelled,
}

/// What an earlier process left at a program's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// Nothing to go on with.
    Nothing,
    /// A verified stage.
    Ready(Box<Ready>),
    /// A version on probation.
    Probation(Fresh),
    /// Nothing to go on with, but this happened lately and may not have been seen.
    Lately(Lately),
    /// It was rolled back just now, because it had to be.
    RolledBack(Undone),
}

/// What happened lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lately {
    /// It was updated.
    Updated(Box<UpdateReport>),
    /// It was rolled back.
    RolledBack(Undone),
}

/// What a check found. Facts only: what they come to is decided by [`super::step()`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What there is to prove that it is the newest.
    pub assurance: Assurance,
    /// Every artifact that verified metadata names for this app and platform; of a Lantern source the one of its answer.
    pub artifacts: Vec<Artifact>,
    /// How that one is to be had.
    pub ways: Option<Box<Ways>>,
    /// Who gets what.
    pub control: Control,
    /// What is installed.
    pub installed: Installed,
    /// Versions that a person skips.
    pub skipped: Vec<Version>,
    /// A person wants the program to stay as it is.
    pub on_hold: bool,
    /// Whether the program runs now.
    pub running: bool,
    /// When versions were seen here first.
    pub seen: BTreeMap<Version, Timestamp>,
}

impl Event {
    /// The failure that it tells of.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::CheckFailed { failure, .. }
            | Self::PrepareFailed(failure)
            | Self::ActivateFailed(failure)
            | Self::RollBackFailed(failure) => Some(failure),
            Self::Due
            | Self::Wanted(_)
            | Self::RollBackWanted
            | Self::CancelWanted
            | Self::Moment
            | Self::Quit
            | Self::PutOff(_)
            | Self::Opened(_)
            | Self::Checked(_)
            | Self::Prepared { .. }
            | Self::Closing { .. }
            | Self::Replacing
            | Self::StillRunning { .. }
            | Self::Activated(_)
            | Self::Committed(_)
            | Self::Unhealthy(_)
            | Self::RolledBack(_)
            | Self::Cancelled => None,
        }
    }
}
