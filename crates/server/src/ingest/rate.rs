//! How fast GitHub lets us ask (its "rate limits for the REST API").
//!
//! It says in every answer how many requests are left and when there will be more; beyond that, and beyond a secondary limit
//! that nobody can see, it answers 403 or 429. Whoever goes on asking is banned. So nobody asks before the time that was
//! said, and the apps that share a token, or have none, share that time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use tokio::time::Instant;

/// The pause after a refusal that names no time, doubled with each further one.
const PAUSE: Duration = Duration::from_secs(60);
/// The longest pause: primary limits are renewed every hour.
const LONGEST: Duration = Duration::from_secs(3660);

/// What is known about the limit of one token.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    not_before: Option<Instant>,
    /// Refusals without a time, one after the other.
    refusals: u32,
    left: Left,
}

/// What GitHub said last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Left {
    /// Requests that are left.
    pub(crate) requests: Option<u64>,
    /// When there will be more, in seconds since 1970.
    pub(crate) reset: Option<i64>,
}

impl Rate {
    /// How long nobody may ask; None: now.
    pub(crate) fn pause(&self, now: Instant) -> Option<Duration> {
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = inside.not_before?.saturating_duration_since(now);
        (!pause.is_zero()).then_some(pause)
    }

    /// What GitHub said last.
    pub(crate) fn left(&self) -> Left {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).left
    }

    /// Takes note of an answer. Some: it is a refusal, and so long nobody may ask.
    pub(crate) fn note(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        now: Instant,
        clock: Timestamp,
    ) -> Option<Duration> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        let requests = number("x-ratelimit-remaining").and_then(|left| u64::try_from(left).ok());
        let reset = number("x-ratelimit-reset");
        let until_reset = reset.map(|reset| seconds(reset.saturating_sub(clock.as_second())));
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.is_some() {
            inside.left = Left { requests, reset };
        }
        let retry_after = number(RETRY_AFTER.as_str()).map(seconds);
        let exhausted = requests == Some(0);
        // A 403 that says nothing of limits is another kind of no: the token, or the repository.
        let limited = status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::FORBIDDEN && (exhausted || retry_after.is_some());
        if !limited {
            inside.refusals = 0;
            if let Some(pause) = until_reset.filter(|_| exhausted) {
                inside.not_before = Some(now + pause);
            }
            return None;
        }
        let doubled = PAUSE.saturating_mul(1 << inside.refusals.min(6)).min(LONGEST);
        let pause = retry_after.or(until_reset.filter(|_| exhausted)).unwrap_or(doubled);
        inside.refusals = inside.refusals.saturating_add(1);
        inside.not_before = Some(now + pause);
        Some(pause)
    }
}

/// A pause of so many seconds: at least one, and not for ever.
fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0).max(1)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: i64 = 1_800_000_000;

    fn note(rate: &Rate, status: u16, headers: &[(&'static str, String)]) -> Option<u64> {
        let map: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let clock = Timestamp::from_second(CLOCK).unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        rate.note(status, &map, Instant::now(), clock).map(|pause| pause.as_secs())
    }

    fn limits(left: u64, in_seconds: i64) -> [(&'static str, String); 2] {
        [("x-ratelimit-remaining", left.to_string()), ("x-ratelimit-reset", (CLOCK + in_seconds).to_string())]
    }

    #[tokio::test(start_paused = true)]
    async fn what_github_says_is_kept_to() {
        let rate = Rate::default();
        let now = Instant::now();
        assert_eq!(note(&rate, 200, &limits(59, 1800)), None);
        assert_eq!(rate.left(), Left { requests: Some(59), reset: Some(CLOCK + 1800) });
        assert_eq!(rate.pause(now), None);
        // The last one that was allowed.
        assert_eq!(note(&rate, 304, &limits(0, 1800)), None);
        assert_eq!(rate.pause(now), Some(Duration::from_secs(1800)));
        assert_eq!(note(&rate, 403, &limits(0, 900)), Some(900));
        assert_eq!(note(&rate, 429, &[("retry-after", "7".to_owned())]), Some(7));
        assert_eq!(note(&rate, 403, &[("retry-after", "8".to_owned())]), Some(8));
        // Neither in the past nor for ever.
        assert_eq!(note(&rate, 403, &limits(0, -50)), Some(1));
        assert_eq!(note(&rate, 429, &[("retry-after", u32::MAX.to_string())]), Some(LONGEST.as_secs()));
        // A no of another kind.
        assert_eq!(note(&rate, 403, &limits(40, 900)), None);
        assert_eq!(note(&rate, 404, &limits(39, 900)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_time_the_pause_doubles() {
        let rate = Rate::default();
        let pauses: Vec<_> = (0..8).map(|_| note(&rate, 429, &[]).unwrap()).collect();
        assert_eq!(pauses, [60, 120, 240, 480, 960, 1920, 3660, 3660]);
        assert_eq!(note(&rate, 200, &limits(10, 60)), None);
        assert_eq!(note(&rate, 429, &limits(10, 60)), Some(60));
    }
}
