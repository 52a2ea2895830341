//! Limits of the process that makes a patch: matching takes what it takes, so the kernel holds the reins.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "other.rs")]
mod os;

use std::io;

/// Limits this process, for ever: at most `memory` bytes of address space, at most `cpu_seconds` of CPU time.
///
/// Meant for a child process that does nothing but make one patch. Beyond the memory, allocations fail, which ends
/// the process; beyond the time the kernel ends it (SIGXCPU, one second later SIGKILL). A limit that is already
/// stricter stays. macOS accepts the memory limit without enforcing it.
///
/// # Errors
/// What the system call gives; on systems without such limits [`io::ErrorKind::Unsupported`], and nothing is
/// limited.
pub fn limit_this_process(memory: u64, cpu_seconds: u64) -> io::Result<()> {
    os::limit_this_process(memory, cpu_seconds)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::child;

    #[test]
    fn memory_and_time_run_out() {
        if let Some(folder) = child::folder() {
            limit_this_process(1 << 30, 1).unwrap();
            assert!(Vec::<u8>::new().try_reserve_exact(2 << 30).is_err());
            std::fs::write(folder.join("memory"), "refused").unwrap();
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(60) {}
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let output = child::run("process_limits::tests::memory_and_time_run_out", folder.path());
        assert!(folder.path().join("memory").exists(), "{output:?}");
        let xcpu = rustix::process::Signal::XCPU.as_raw();
        assert_eq!(output.status.signal(), Some(xcpu), "{output:?}");
    }
}
