//! Files that somebody else has open for a moment.
//!
//! On Windows a virus scanner, an indexer or a reader that asked for no company keeps a file from being moved or read, mostly for
//! milliseconds. Elsewhere an open file is in nobody's way, and nothing here ever waits.

use std::io;
use std::time::Duration;

/// How often a call is made before its error counts. Each wait is twice the last: together 1.3 seconds.
const TRIES: u32 = 7;
const FIRST_WAIT: Duration = Duration::from_millis(20);

/// `ERROR_SHARING_VIOLATION`, `ERROR_LOCK_VIOLATION`, and `ERROR_ACCESS_DENIED`: what a file that is about to be removed answers,
/// or one that is mapped or being scanned. The last may be a right that is missing as well, so patience has an end.
const BUSY: [i32; 3] = [32, 33, 5];

/// Makes the call until nobody is in its way, or for long enough.
pub(crate) fn patiently<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut wait = FIRST_WAIT;
    for _ in 1..TRIES {
        match call() {
            Err(error) if is_busy(&error) => std::thread::sleep(wait),
            done => return done,
        }
        wait *= 2;
    }
    call()
}

fn is_busy(error: &io::Error) -> bool {
    cfg!(windows) && error.raw_os_error().is_some_and(|code| BUSY.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result, and the calls it took.
    fn check(mut results: Vec<io::Result<()>>) -> (Result<(), Option<i32>>, usize) {
        let mut calls = 0;
        let done = patiently(|| {
            calls += 1;
            results.remove(0)
        });
        (done.map_err(|error| error.raw_os_error()), calls)
    }

    fn failed(code: i32) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(code))
    }

    #[test]
    fn what_waiting_does_not_mend_is_said_at_once() {
        assert_eq!(check(vec![Ok(())]), (Ok(()), 1));
        assert_eq!(check(vec![failed(2), Ok(())]), (Err(Some(2)), 1));
        assert_eq!(check(vec![failed(112), Ok(())]), (Err(Some(112)), 1));
    }

    #[test]
    fn a_busy_file_is_waited_for_on_windows_only() {
        for code in BUSY {
            let expected = if cfg!(windows) { (Ok(()), 3) } else { (Err(Some(code)), 1) };
            assert_eq!(check(vec![failed(code), failed(code), Ok(())]), expected, "{code}");
        }
    }
}
