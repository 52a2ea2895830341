//! When something is due.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

/// When something is due: at a time of day, but never later than after the time that it was away when it was planned. So a clock
/// that was years ahead and is put right does not put everything off for years.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    at: Timestamp,
    planned: Instant,
    away: Duration,
}

impl Due {
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self {
            at,
            planned: Instant::now(),
            away: Duration::try_from(at.duration_since(now)).unwrap_or_default(),
        }
    }

    /// How long it is away at most.
    pub(super) fn left(&self, now: Timestamp) -> Duration {
        let by_clock = Duration::try_from(self.at.duration_since(now)).unwrap_or_default();
        by_clock.min(self.away.saturating_sub(self.planned.elapsed()))
    }
}
