//! What a failure means to people: where it happened, who must act, and whether trying again can help.
//!
//! Every error type of this crate answers `fault()`. The stable code is the contract: the window picks its words by it,
//! scripts compare it, documentation lists it. Nobody matches on the text.

use serde::{Deserialize, Serialize};

/// The step of an update in which it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Reading enrolments, settings or state.
    Setup,
    /// Fetching and verifying metadata, choosing an offer.
    Check,
    /// Looking at the disk and the program before any byte is fetched.
    Preflight,
    /// Downloading a patch or an artifact.
    Fetch,
    /// Decoding or applying a patch.
    Apply,
    /// Comparing the result with what was signed.
    Verify,
    /// Writing the stage.
    Stage,
    /// Putting the stage in place.
    Activate,
    /// Closing and starting the program.
    Restart,
    /// Waiting for proof that the new version lives.
    Probation,
    /// Putting the previous version back.
    RollBack,
}

/// Who must act so that it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// The publisher or operator: the repository is wrong, stale, or somebody tampers with it.
    Repository,
    /// The network or a proxy on the way.
    Network,
    /// The person or administrator of this machine: disk, permissions, clock, a running program.
    Machine,
    /// Us: this should not happen.
    Bug,
}

/// What a failure means. See the module's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Stable code, `E-AREA-WHAT`, for example `E-NET-PORTAL`. Never changes its meaning.
    pub code: &'static str,
    /// The step in which it failed.
    pub phase: Phase,
    /// Who must act.
    pub actor: Actor,
    /// Whether the same attempt can succeed later without anybody acting.
    pub retry: bool,
}

impl Fault {
    /// A fault that waiting may cure.
    pub(crate) const fn passing(code: &'static str, phase: Phase, actor: Actor) -> Self {
        Self { code, phase, actor, retry: true }
    }

    /// A fault that stays until somebody acts.
    pub(crate) const fn lasting(code: &'static str, phase: Phase, actor: Actor) -> Self {
        Self { code, phase, actor, retry: false }
    }
}
