//! The timer of one connection, which its protocol limits the time of a request's head with.
//!
//! Every head has a deadline and nearly all come at once. To set an alarm and clear it again for each of them would cost more than
//! to read it: alarms lie in lists that all threads share. So a connection has one alarm for all its deadlines. One that is set
//! for an earlier deadline stays as it is; should it come, it is set anew for the deadline that counts then.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// The alarm that all deadlines of a connection share. Only the newest of them may be waited for.
type Alarm = Arc<Mutex<Pin<Box<tokio::time::Sleep>>>>;

/// Gives out deadlines.
pub(super) struct ConnectionTimer(Alarm);

impl ConnectionTimer {
    /// `soon` is about when the first deadline will be.
    pub(super) fn new(soon: Duration) -> Self {
        Self(Arc::new(Mutex::new(Box::pin(tokio::time::sleep(soon)))))
    }
}

impl Timer for ConnectionTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Deadline { alarm: Arc::clone(&self.0), at: deadline.into() })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

/// Done at a point in time.
struct Deadline {
    alarm: Alarm,
    at: tokio::time::Instant,
}

impl Sleep for Deadline {}

impl Future for Deadline {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        if alarm.deadline() > self.at {
            alarm.as_mut().reset(self.at);
        }
        loop {
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() >= self.at {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(self.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn every_deadline_is_kept_to_the_moment() {
        let begun = tokio::time::Instant::now();
        let timer = ConnectionTimer::new(2 * SECOND);
        timer.sleep(SECOND).await;
        assert_eq!(begun.elapsed(), SECOND, "an alarm that is set for later");
        timer.sleep(3 * SECOND).await;
        assert_eq!(begun.elapsed(), 4 * SECOND, "one that was over");
        // Given up while it is waited for, as when a head comes in time.
        let given_up = timer.sleep(SECOND);
        assert!(tokio::time::timeout(SECOND / 2, given_up).await.is_err());
        timer.sleep(5 * SECOND).await;
        assert_eq!(begun.elapsed(), 9 * SECOND + SECOND / 2, "one that comes too early");
        timer.sleep_until(begun.into()).await;
        assert_eq!(begun.elapsed(), 9 * SECOND + SECOND / 2, "a deadline that was");
    }
}
