//! What an app's update is doing.

use jiff::Timestamp;
use protocol::Version;
use serde::{Deserialize, Serialize};
use trust::Freshness;

use crate::policy::deferral::Deferred;
use crate::policy::gate::Wish;
use crate::policy::{Asker, Offer, Reason};
use crate::view::{Blocker, Failure, FallbackView, RollBackWhy, RouteView, UpdateReport};

/// What an app's update is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing runs.
    Resting(Rest),
    /// Looking for an update.
    Checking {
        /// On whose behalf, and how far it may go.
        errand: Errand,
        /// What stood there before, and comes back if this is cancelled.
        before: Box<Rest>,
    },
    /// Fetching, verifying and staging.
    Preparing {
        /// On whose behalf, and how far it may go.
        errand: Errand,
        /// What.
        offer: Box<Offer>,
        /// The longest way that may be taken, in bytes; `None` = any.
        limit: Option<u64>,
        /// It was stopped because the moment is no good any more, and goes on as the next one allows.
        anew: bool,
    },
    /// Closing the program, putting the stage in place, starting it again.
    Activating {
        /// What.
        ready: Box<Ready>,
        /// How far it is.
        stage: Stage,
    },
    /// The new version is in place and must prove that it lives.
    Probation(Fresh),
    /// The previous version is being put back.
    RollingBack {
        /// Why.
        why: RollBackWhy,
        /// It waits for the end of what ran before.
        begun: bool,
    },
}

impl State {
    /// The update that it is about, if there is one.
    #[must_use]
    pub fn offer(&self) -> Option<&Offer> {
        match self {
            Self::Resting(rest) => rest.offer(),
            Self::Checking { before, .. } => before.offer(),
            Self::Preparing { offer, .. } => Some(offer),
            Self::Activating { ready, .. } => Some(&ready.offer),
            Self::Probation(_) | Self::RollingBack { .. } => None,
        }
    }
}

/// What there is to show and to do while nothing runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rest {
    /// Nothing is known yet.
    Fresh,
    /// There is nothing newer. Can only be said with proof of freshness.
    UpToDate(Freshness),
    /// The source names nothing newer, and proves nothing by that.
    NothingNewer {
        /// When it said so.
        checked_at: Timestamp,
    },
    /// There is something, but not for this installation now.
    NotOffered {
        /// The version that is kept from us.
        version: Option<Version>,
        /// Why.
        reason: Reason,
        /// When this was found out.
        checked_at: Timestamp,
    },
    /// A person decides whether to fetch it.
    Available(Box<Offer>),
    /// It is fetched by itself at a better moment.
    Deferred(Box<Offer>, Deferred),
    /// Verified and on disk.
    Ready(Box<Ready>),
    /// Whether there is something newer cannot be said.
    CannotVerify(Failure),
    /// It did not work.
    Failed {
        /// Why.
        failure: Failure,
        /// The version that it was about.
        version: Option<Version>,
    },
    /// The new version is in place for good.
    Updated(Box<UpdateReport>),
    /// The previous version is in place again.
    RolledBack(Undone),
}

impl Rest {
    /// The update that can be had, if there is one.
    pub(super) fn offer(&self) -> Option<&Offer> {
        match self {
            Self::Available(offer) | Self::Deferred(offer, _) => Some(offer),
            Self::Ready(ready) => Some(&ready.offer),
            Self::Fresh
            | Self::UpToDate(_)
            | Self::NothingNewer { .. }
            | Self::NotOffered { .. }
            | Self::CannotVerify(_)
            | Self::Failed { .. }
            | Self::Updated(_)
            | Self::RolledBack(_) => None,
        }
    }
}

/// How far an activation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Waiting for the program to close; can be cancelled.
    Closing {
        /// What still runs; empty until it was looked.
        blockers: Vec<Blocker>,
        /// When waiting ends; `None` until it was looked.
        until: Option<Timestamp>,
    },
    /// Past the point where it can be stopped.
    Replacing,
}

/// On whose behalf something runs, and how far it may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errand {
    /// Who asked.
    pub asker: Asker,
    /// How far they said to go.
    pub reach: Reach,
    /// Bytes that nobody knows may be replaced.
    pub consent: bool,
    /// Use no patch.
    pub full: bool,
    /// First see whether the installed bytes are sound, and put them right if they are not.
    pub repair: bool,
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Look.
    Check,
    /// Fetch and stage.
    Prepare,
    /// Put in place.
    Activate,
}

impl Errand {
    /// The schedule's errand.
    pub const TIMER: Self =
        Self { asker: Asker::Timer, reach: Reach::Check, consent: false, full: false, repair: false };

    /// Both errands in one: who waits for the further-reaching one gets it.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let rank = |asker| match asker {
            Asker::Timer => 0,
            Asker::Person => 1,
            Asker::Insisting => 2,
        };
        let asker = if rank(other.asker) > rank(self.asker) { other.asker } else { self.asker };
        Self {
            asker,
            reach: self.reach.max(other.reach),
            consent: self.consent || other.consent,
            full: self.full || other.full,
            repair: self.repair || other.repair,
        }
    }

    /// What the gates are asked with.
    #[must_use]
    pub const fn wish(self) -> Wish {
        let (fetch, activate) = match self.reach {
            Reach::Check => (false, false),
            Reach::Prepare => (true, false),
            Reach::Activate => (true, true),
        };
        Wish { asker: self.asker, fetch, activate, consent: self.consent }
    }
}

/// A verified stage, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// What was offered.
    pub offer: Offer,
    /// What getting it cost.
    pub cost: Cost,
}

/// What getting an artifact cost.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// The way that led to it; `None` if that is not known any more.
    pub route: Option<RouteView>,
    /// Bytes fetched, failed ways included.
    pub bytes_fetched: u64,
    /// Patches fetched, failed ones included.
    pub patches_fetched: u32,
    /// Milliseconds of work.
    pub milliseconds: u64,
    /// Ways that did not work, in order.
    pub fallbacks: Vec<FallbackView>,
}

/// A fresh version on probation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    /// The version before.
    pub from: Option<Version>,
    /// The version now.
    pub to: Version,
    /// When the proof must be there.
    pub until: Timestamp,
}

/// A version that was undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The version that was undone.
    pub from: Option<Version>,
    /// The version that runs again.
    pub to: Option<Version>,
    /// Why.
    pub why: RollBackWhy,
}
