//! When the wall clock was set, or the machine woke up: whatever waits for a time of day must look again.

/// Waits until the wall clock is set or the machine wakes up from sleep. Where that cannot be told, it never comes; what
/// depends on it must then look by itself now and then.
#[cfg(target_os = "linux")]
pub async fn stepped() {
    match armed() {
        // An error of the event loop is no step either.
        Ok(timer) => match timer.readable().await {
            Ok(_) => return,
            Err(error) => tracing::debug!(%error, "steps of the clock cannot be waited for"),
        },
        Err(error) => tracing::debug!(%error, "steps of the clock cannot be seen"),
    }
    std::future::pending::<()>().await;
}

/// A timer at the end of time that the kernel cancels whenever the clock is set, and when it comes back from sleep
/// (`timerfd_create(2)`, `TFD_TIMER_CANCEL_ON_SET`).
#[cfg(target_os = "linux")]
// Deprecated because a type might close or change its descriptor; one that owns it and nothing else does not.
#[allow(deprecated)]
fn armed() -> std::io::Result<tokio::io::unix::AsyncFd<rustix::fd::OwnedFd>> {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    let never = Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 };
    let wait = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: never };
    timerfd_settime(&timer, TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET, &wait)?;
    tokio::io::unix::AsyncFd::new(timer)
}

/// Not told on this system.
#[cfg(not(target_os = "linux"))]
pub async fn stepped() {
    std::future::pending::<()>().await;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[tokio::test]
    async fn a_clock_that_runs_is_no_step() {
        let timer = super::armed().unwrap();
        tokio::select! {
            biased;
            _ = timer.readable() => panic!("the clock was set during this test"),
            () = tokio::task::yield_now() => {}
        }
    }
}
