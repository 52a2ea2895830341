//! The running instances of a program: find them, ask them to close, start them again.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Instant;

use protocol::Close;

use crate::error::{Actor, Fault, Phase};

/// A running instance of a program, of the own user, other than the calling process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Process id.
    pub pid: u32,
    /// When it started, in the system's own count; tells it from a later process with the same id.
    pub started: u64,
    /// Its arguments, the program's name first.
    pub args: Vec<OsString>,
    /// Its working directory, if it still exists.
    pub cwd: Option<PathBuf>,
    /// Its environment.
    pub env: Vec<(OsString, OsString)>,
    /// It runs in a terminal: a person or a script waits for it, so it is never closed.
    pub terminal: bool,
    /// It runs bytes that are no longer in place.
    pub outdated: bool,
}

/// A failure with other processes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The list of processes cannot be read.
    #[error("the running programs cannot be listed: {source}")]
    List {
        /// What the system said.
        source: io::Error,
    },
    /// It could not be asked to close.
    #[error("process {pid} cannot be asked to close: {source}; close the program by hand")]
    Ask {
        /// The process.
        pid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// It did not close in time.
    #[error("process {pid} did not close; close the program by hand")]
    StillRunning {
        /// The process.
        pid: u32,
    },
    /// It could not be started.
    #[error("{path} cannot be started: {source}")]
    Start {
        /// The program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// This operating system gives no safe way to do it.
    #[error("this system gives no way to {what}; close and start the program by hand")]
    Unsupported {
        /// What was wanted, as a verb phrase.
        what: &'static str,
    },
}

impl Error {
    /// What this means to people.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let machine = Actor::Machine;
        match self {
            Self::List { .. } => Fault::passing("E-RUN-LIST", Phase::Restart, machine),
            Self::Ask { .. } => Fault::passing("E-RUN-ASK", Phase::Restart, machine),
            Self::StillRunning { .. } => Fault::passing("E-RUN-OPEN", Phase::Restart, machine),
            Self::Start { .. } => Fault::lasting("E-RUN-START", Phase::Restart, machine),
            Self::Unsupported { .. } => Fault::lasting("E-RUN-UNSUPPORTED", Phase::Restart, machine),
        }
    }
}

/// The running instances of the program at `path`.
///
/// # Errors
/// [`Error::List`], [`Error::Unsupported`].
pub fn instances(_path: &Path) -> Result<Vec<Instance>, Error> {
    Err(Error::Unsupported { what: "list running programs" })
}

/// Asks an instance of `path` to close and waits until it has, or until `deadline`. Never kills.
///
/// # Errors
/// [`Error::Ask`], [`Error::StillRunning`].
pub fn close(_path: &Path, instance: &Instance, _how: &Close, _deadline: Instant) -> Result<(), Error> {
    Err(Error::StillRunning { pid: instance.pid })
}

/// Starts `path` as `instance` was running: arguments, working directory, environment without loader variables, a
/// process group of its own, no standard streams.
///
/// # Errors
/// [`Error::Start`].
pub fn relaunch(_path: &Path, _instance: &Instance) -> Result<Child, Error> {
    Err(Error::Unsupported { what: "start programs" })
}
