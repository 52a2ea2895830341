//! Waiting for processes, never longer than wanted.

#[cfg(target_os = "linux")]
mod linux;
// With the tests on every system, so that it cannot rot where nobody compiles it.
#[cfg(any(test, not(target_os = "linux")))]
#[cfg_attr(target_os = "linux", allow(dead_code))]
mod polling;

use std::process::Child;

#[cfg(target_os = "linux")]
pub(crate) use linux::{Watched, wait_child};
#[cfg(not(target_os = "linux"))]
pub(crate) use polling::wait_child;

/// Ends a child that was started in a process group of its own, and everything in that group, at once, and collects
/// it. Only for what we started ourselves and nobody works with.
pub(crate) fn kill_group(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // The child is not collected yet, so its id still means its group.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
