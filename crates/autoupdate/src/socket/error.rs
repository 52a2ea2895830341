//! What can go wrong between a client and a running engine.

use std::io;
use std::path::PathBuf;

use crate::error::{Actor, Fault, Phase};

/// Why the local socket could not be served or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No engine runs.
    #[error("no updater is running here")]
    NotRunning,
    /// An engine of this user runs already.
    #[error("an updater of this user is running already")]
    Running,
    /// The folder of the socket could be used by others.
    #[error("{} can be used by others ({why}), so the updater cannot be reached there safely", path.display())]
    UnsafeFolder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The socket could not be made or used.
    #[error("{} cannot be used: {source}", path.display())]
    Socket {
        /// The socket, its folder or its lock.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The engine did not answer in time, or hung up.
    #[error("the updater that is running does not answer")]
    NoAnswer,
    /// The engine's answer was not understood.
    #[error("the updater that is running answers in a way that is not understood: {why}")]
    NotUnderstood {
        /// What was wrong.
        why: String,
    },
}

impl Error {
    /// What it means: phase, who must act, stable code.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let (passing, lasting) = (Fault::passing, Fault::lasting);
        match self {
            Self::NotRunning => passing("E-RUN-NO-ENGINE", Phase::Setup, Actor::Machine),
            Self::Running => passing("E-LOCK-ENGINE", Phase::Setup, Actor::Machine),
            Self::UnsafeFolder { .. } => lasting("E-FILE-RUNTIME", Phase::Setup, Actor::Machine),
            Self::Socket { .. } => lasting("E-RUN-SOCKET", Phase::Setup, Actor::Machine),
            Self::NoAnswer => passing("E-RUN-NO-ANSWER", Phase::Setup, Actor::Bug),
            Self::NotUnderstood { .. } => lasting("E-RUN-ANSWER", Phase::Setup, Actor::Bug),
        }
    }
}
