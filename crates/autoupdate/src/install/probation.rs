//! Does the fresh version live?

use std::io;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::Duration;

/// How long a probe may run.
pub const PROBE_TIME: Duration = Duration::from_secs(10);

/// A fresh version did not pass its probe or did not live long enough.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// It could not be started at all.
    #[error("the new version cannot be started: {0}")]
    NotStarted(io::Error),
    /// It ended with a failure, or too early.
    #[error("the new version ended with {0}")]
    Ended(ExitStatus),
    /// It did not end in time.
    #[error("the new version did not end within {0:?}")]
    TimedOut(Duration),
    /// The system did not let us watch it.
    #[error("the new version cannot be watched: {0}")]
    Unwatched(io::Error),
}

/// Runs the program once with `args`: it must end with exit code 0 within `limit`, else it and its process group are
/// killed. Blocks for at most `limit` and a moment.
///
/// # Errors
/// What was wrong with it.
pub fn run_probe(_program: &Path, _args: &[String], limit: Duration) -> Result<(), Unhealthy> {
    Err(Unhealthy::TimedOut(limit))
}

/// Waits until `time` has passed or `child` ended, whichever is first. Blocks for at most `time`.
///
/// # Errors
/// [`Unhealthy::Ended`] if it ended before.
pub fn watch_alive(_child: &mut Child, time: Duration) -> Result<(), Unhealthy> {
    Err(Unhealthy::TimedOut(time))
}
