//! What is to be done. A sequence without a decision in it is one effect; its end comes back as one event.

use protocol::Version;

use super::state::{Fresh, Ready, Undone};
use crate::policy::schedule::When;
use crate::policy::{Asker, Offer, Trace};
use crate::support::Choice;
use crate::view::{Failure, RollBackWhy, UpdateReport};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Look at the program, refresh and verify metadata. Ends with `Checked`, `CheckFailed` or `Cancelled`.
    Check {
        /// Who waits for it.
        asker: Asker,
    },
    /// Preflight, fetch, apply, verify, stage. Ends with `Prepared`, `PutOff`, `PrepareFailed` or
    /// `Cancelled`.
    Prepare {
        /// What.
        offer: Box<Offer>,
        /// Use no patch.
        full: bool,
        /// The longest way that may be taken, in bytes; `None` = any.
        limit: Option<u64>,
    },
    /// Close, replace, start, watch, commit. Ends with `Committed`, `Unhealthy`, `ActivateFailed`, `StillRunning` or
    /// `Cancelled`; on the way `Closing`, `Replacing` and `Activated`.
    Activate(Activation),
    /// Put the previous version back. Ends with `RolledBack` or `RollBackFailed`.
    RollBack {
        /// Why.
        why: RollBackWhy,
    },
    /// `Due` is wanted then. The last one counts.
    Schedule(When),
    /// Stop what runs. It ends as it says above.
    Cancel,
    /// Remember this.
    Persist(Note),
}

/// Where an activation begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activation {
    /// At its beginning.
    Begin(Box<Ready>),
    /// The new version is in place already: watch it.
    Watch(Fresh),
}

/// What is to be remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// How the last decision came about.
    Decided {
        /// What was asked.
        trace: Vec<Trace>,
        /// The newer versions that there are.
        choices: Vec<Choice>,
    },
    /// What the gates said after that.
    Gated {
        /// What was asked.
        trace: Vec<Trace>,
        /// A prepared update waits for a better moment.
        put_off: bool,
    },
    /// What is staged, for the next start of the engine.
    Ready(Box<Ready>),
    /// What is staged is not wanted any more.
    DropStage,
    /// An update was committed.
    Updated(Box<UpdateReport>),
    /// A version was undone.
    RolledBack(Undone),
    /// Something failed.
    Failed {
        /// The version that it was about.
        version: Option<Version>,
        /// Why.
        failure: Failure,
    },
}
