//! Work that blocks, on a thread that may block.

use std::panic::resume_unwind;

/// Runs `work` where it may block. None: the runtime is going down, and with it whoever waits.
///
/// A panic of `work` goes on in whoever waits, so it is caught and counted where panics are: one rule for both kinds of thread.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Some(done),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => None,
        },
    }
}
