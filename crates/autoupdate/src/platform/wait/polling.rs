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

#[cfg(all(test, unix))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_child_is_seen_to_end_and_not_waited_for_longer_than_wanted() {
        let mut child = Command::new("/bin/cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        assert_eq!(wait_child(&mut child, Duration::from_millis(60)).unwrap(), None);
        drop(child.stdin.take());
        let status = wait_child(&mut child, Duration::from_secs(30)).unwrap();
        assert!(status.is_some_and(|status| status.success()), "{status:?}");
    }
}
