//! What a failure means to people: where it happened, who must act, and whether trying again can help.
//!
//! Every error type of this crate answers `fault()`. The stable code is the contract: the window picks its words by it,
//! scripts compare it, documentation lists it. Nobody matches on the text.

use serde::{Deserialize, Serialize};

use crate::install::probation::{Unhealthy, is_no_program};
use crate::platform::processes;
use crate::{fetch, install, prepare, socket, source, store};

/// The step of an update in which it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
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
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
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

/// The code of a version that was undone because its probation was interrupted.
pub(crate) const UNPROVEN: &str = "E-RUN-INTERRUPTED";

/// Everything that the engine can fail with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// A check.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// Getting an artifact.
    #[error(transparent)]
    Prepare(#[from] prepare::Error),
    /// The program's place on disk.
    #[error(transparent)]
    Install(#[from] install::Error),
    /// Running programs.
    #[error(transparent)]
    Processes(#[from] processes::Error),
    /// Our own state on disk.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The local socket.
    #[error(transparent)]
    Socket(#[from] socket::Error),
    /// The verifier cannot be set up.
    #[error(transparent)]
    Trust(#[from] trust::Error),
    /// The new version did not prove that it lives.
    #[error(transparent)]
    Unhealthy(#[from] Unhealthy),
    /// The new version was started, but did not confirm in time.
    #[error("the new version did not confirm that it works in time")]
    NotConfirmed,
    /// Whoever watched the new version died, and the version does not run any more.
    #[error(
        "whether the new version lives was not seen to the end: the updater or the computer stopped meanwhile"
    )]
    Unproven,
    /// What the program said about itself is wrong.
    #[error(transparent)]
    Invalid(#[from] protocol::Invalid),
    /// The path of the running program cannot be told.
    #[error("the path of the running program cannot be told: {0}")]
    OwnPath(std::io::Error),
    /// The runtime for network work cannot be set up.
    #[error("the network cannot be used: {0}")]
    Runtime(std::io::Error),
    /// The previous version is in place again, but cannot be started.
    #[error("the previous version cannot be started: {0}")]
    Restart(std::io::Error),
    /// The process that was to replace this program cannot be started.
    #[error("the process that replaces this program cannot be started: {0}")]
    HandOver(std::io::Error),
    /// The process that was to replace this program did not.
    #[error("the process that was to replace this program did not: {how}; its log says why")]
    NotTakenOver {
        /// How it ended.
        how: String,
    },
    /// There are no releases for such a machine: its kind is unknown to us.
    #[error("this kind of machine ({os}, {arch}) is not known")]
    UnknownPlatform {
        /// Operating system, as the compiler names it.
        os: &'static str,
        /// Architecture, as the compiler names it.
        arch: &'static str,
    },
    /// Nobody knows which version is installed, so a person must agree to replace it.
    #[error("it is not known which version is installed; replacing it needs a person's consent")]
    NeedsConsent,
    /// Somebody stopped it.
    #[error("stopped")]
    Cancelled,
    /// A step of ours ended without an answer.
    #[error("a step of the engine ended without an answer")]
    Died,
}

impl Error {
    /// Whether it says that the new version does not live, as opposed to this machine at this moment: only then is that version
    /// never offered here again.
    #[must_use]
    pub fn blames_the_version(&self) -> bool {
        match self {
            Self::Unhealthy(error) => error.blames_the_version(),
            Self::NotConfirmed => true,
            Self::Processes(processes::Error::Start { source, .. }) => is_no_program(source),
            Self::Fetch(_)
            | Self::Source(_)
            | Self::Prepare(_)
            | Self::Install(_)
            | Self::Processes(_)
            | Self::Store(_)
            | Self::Socket(_)
            | Self::Trust(_)
            | Self::Unproven
            | Self::Invalid(_)
            | Self::OwnPath(_)
            | Self::Runtime(_)
            | Self::Restart(_)
            | Self::HandOver(_)
            | Self::NotTakenOver { .. }
            | Self::UnknownPlatform { .. }
            | Self::NeedsConsent
            | Self::Cancelled
            | Self::Died => false,
        }
    }

    /// What it means: phase, who must act, stable code.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Fetch(error) => error.fault(),
            Self::Source(error) => error.fault(),
            Self::Prepare(error) => error.fault(),
            Self::Install(error) => error.fault(),
            Self::Processes(error) => error.fault(),
            Self::Store(error) => error.fault(),
            Self::Socket(error) => error.fault(),
            Self::Trust(error) => Fault::lasting(error.code(), Phase::Setup, Actor::Bug),
            Self::Unhealthy(error) => error.fault(),
            Self::NotConfirmed => Fault::lasting("E-RUN-CONFIRM", Phase::Probation, Actor::Repository),
            Self::Unproven => Fault::passing(UNPROVEN, Phase::Probation, Actor::Machine),
            Self::Invalid(_) => Fault::lasting("E-POLICY-SETTING", Phase::Setup, Actor::Bug),
            Self::OwnPath(_) => Fault::lasting("E-FILE-OWN-PATH", Phase::Setup, Actor::Machine),
            Self::Runtime(_) => Fault::passing("E-RUN-RUNTIME", Phase::Setup, Actor::Machine),
            Self::Restart(_) => Fault::lasting("E-RUN-START", Phase::RollBack, Actor::Machine),
            Self::HandOver(_) => Fault::passing("E-RUN-HAND-OVER", Phase::Activate, Actor::Machine),
            Self::NotTakenOver { .. } => Fault::passing("E-RUN-HAND-OVER", Phase::Activate, Actor::Machine),
            Self::UnknownPlatform { .. } => Fault::lasting("E-POLICY-PLATFORM", Phase::Setup, Actor::Bug),
            Self::NeedsConsent => Fault::lasting("E-POLICY-CONSENT", Phase::Check, Actor::Machine),
            Self::Cancelled => Fault::passing("E-STATE-CANCELLED", Phase::Fetch, Actor::Machine),
            Self::Died => Fault::passing("E-STATE-DIED", Phase::Setup, Actor::Bug),
        }
    }
}
