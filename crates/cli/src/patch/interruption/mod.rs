//! Work that can be interrupted without leaving anything behind.
//!
//! A signal whose default action ends the process would leave a temporary file. So the signals are waited for while another
//! thread works; when one comes, the command fails like for any other reason, and whoever holds a file drops it.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "other.rs")]
mod signals;

use std::io;
use std::path::Path;

use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;
use signals::Signals;

/// Signals that are waited for and do nothing else any more.
pub(super) struct Watch {
    runtime: Runtime,
    signals: Signals,
}

impl Watch {
    /// Begins. What is to be dropped at a signal is made after this.
    pub(super) fn start() -> Result<Self, Failure> {
        let start = || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let entered = runtime.enter();
            let signals = Signals::new()?;
            drop(entered);
            Ok(Self { runtime, signals })
        };
        start().map_err(|error: io::Error| {
            Failure::engine("E-STATE-RUNTIME", format!("cannot wait for signals: {error}"))
        })
    }

    /// What the work gives. After a signal it is left alone: it must hold nothing but memory and open files, and the process
    /// is about to end. `path` is what is then not written.
    pub(super) fn run<T: Send + 'static>(
        self,
        path: &Path,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let Self { runtime, mut signals } = self;
        let work = runtime.spawn_blocking(work);
        let result = runtime.block_on(async {
            tokio::select! {
                done = work => match done {
                    Ok(result) => result,
                    Err(died) => std::panic::resume_unwind(died.into_panic()),
                },
                () = signals.any() => Err(Failure::Interrupted { path: path.to_owned() }),
            }
        });
        runtime.shutdown_background();
        result
    }
}
