//! How far a download is, at a pace that a window can follow.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::work::{Report, Reporter};
use crate::machine::Measured;
use crate::prepare::{Fallback, Progress, Route, Step};
use crate::view::{self, FallbackView, RouteView};

/// The View changes at most this often because of progress.
const PACE: Duration = Duration::from_millis(250);
/// The speed is measured over this time.
const WINDOW: Duration = Duration::from_secs(5);

/// Reports progress until the sender is gone.
pub(super) async fn measure(reporter: Reporter, mut progress: watch::Receiver<Progress>) {
    let mut speed = Speed::default();
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().clone();
        let measured = Measured {
            verifying: now.step == Step::Verifying,
            fallback: now.fallback.as_ref().map(fallback_view),
            progress: view::Progress {
                bytes_per_second: speed.at(Instant::now(), now.bytes),
                route: now.route.as_ref().map(route_view),
                fetched: now.bytes,
                of: now.total,
            },
        };
        reporter.tell(Report::Measured(measured)).await;
        tokio::time::sleep(PACE).await;
    }
}

/// A way for the View.
pub(super) fn route_view(route: &Route) -> RouteView {
    match route {
        Route::Patch { format, .. } => RouteView::Patch { format: format.clone() },
        Route::CompressedFull => RouteView::CompressedFull,
        Route::Full => RouteView::Full,
    }
}

/// A way that was given up, for the View.
pub(super) fn fallback_view(fallback: &Fallback) -> FallbackView {
    FallbackView {
        route: route_view(&fallback.route),
        code: fallback.code.clone(),
        text: fallback.why.clone(),
    }
}

/// Bytes per second over the last seconds.
#[derive(Debug, Default)]
struct Speed {
    seen: VecDeque<(Instant, u64)>,
}

impl Speed {
    fn at(&mut self, now: Instant, bytes: u64) -> Option<u64> {
        if self.seen.back().is_some_and(|(_, before)| bytes < *before) {
            // Another way has begun, from its start.
            self.seen.clear();
        }
        self.seen.push_back((now, bytes));
        while self.seen.len() > 2 && self.seen.front().is_some_and(|(then, _)| now - *then > WINDOW) {
            self.seen.pop_front();
        }
        let (then, before) = self.seen.front()?;
        let milliseconds = u64::try_from((now - *then).as_millis()).ok().filter(|time| *time >= 500)?;
        Some(bytes.saturating_sub(*before).saturating_mul(1000) / milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn speed_is_that_of_the_last_seconds() {
        let (mut speed, start) = (Speed::default(), Instant::now());
        let mut at = |milliseconds, bytes| speed.at(start + Duration::from_millis(milliseconds), bytes);
        assert_eq!(at(0, 0), None);
        assert_eq!(at(250, 1000), None, "too early to say");
        assert_eq!(at(1000, 4000), Some(4000));
        for second in 2..10 {
            at(second * 1000, 4000);
        }
        assert_eq!(at(10_000, 4000), Some(0), "a stall shows");
        assert_eq!(at(10_250, 100), None, "another way begins anew");
    }
}
