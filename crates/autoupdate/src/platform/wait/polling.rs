//! Looking again and again, for systems without descriptors of processes.

use std::io;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_millis(50);

/// Waits for a child. `None`: it still runs after `time`.
pub(crate) fn wait_child(child: &mut Child, time: Duration) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + time;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        std::thread::sleep(left.min(EVERY));
    }
}
