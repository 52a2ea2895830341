//! A better time for a restart: tonight, or when the program is closed.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Time, time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::hours;

/// When "tonight" is: few people work then, and clocks that are changed show it on every day but one.
const NIGHT: Time = time(3, 30, 0, 0);
/// A night that begins this soon is meant to be the next one.
const TOO_SOON: Duration = Duration::from_secs(15 * 60);
/// How long a restart is counted down, so that it can be postponed.
pub const COUNTDOWN: Duration = Duration::from_secs(60);
/// A planned moment that has passed by more than this was slept through: nobody wants it in the middle of a morning.
const GRACE: Duration = Duration::from_secs(30 * 60);

/// A better time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Later {
    /// In the small hours of the night that comes.
    Tonight,
    /// When the program is closed.
    AtQuit,
}

/// A plan as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "plan", rename_all = "kebab-case")]
pub enum Planned {
    /// When the program is closed.
    AtQuit,
    /// Then.
    At {
        /// The moment.
        at: Timestamp,
    },
}

/// What a planned moment means now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It is to come.
    Waits,
    /// It is so near that it is counted down.
    Counts,
    /// It is now.
    Now,
    /// It was slept through.
    Missed,
}

/// The plan that a wish means.
#[must_use]
pub fn plan(later: Later, now: Timestamp, zone: &TimeZone) -> Planned {
    match later {
        Later::AtQuit => Planned::AtQuit,
        Later::Tonight => {
            let soon = now.saturating_add(TOO_SOON).unwrap_or(now);
            // Only at the end of time there is no next night.
            Planned::At { at: hours::next(NIGHT, soon, zone).unwrap_or(Timestamp::MAX) }
        }
    }
}

/// What does a planned moment mean now?
#[must_use]
pub fn turn(at: Timestamp, now: Timestamp) -> Turn {
    let after = |wait| at.saturating_add(wait).unwrap_or(Timestamp::MAX);
    if now >= after(GRACE) {
        Turn::Missed
    } else if now >= at {
        Turn::Now
    } else if now >= count_from(at) {
        Turn::Counts
    } else {
        Turn::Waits
    }
}

/// When the countdown of a planned moment begins.
#[must_use]
pub fn count_from(at: Timestamp) -> Timestamp {
    at.saturating_sub(COUNTDOWN).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn tonight_is_the_night_that_comes() {
        let check = |now: &str, expected: &str| {
            assert_eq!(
                plan(Later::Tonight, at(now), &TimeZone::UTC),
                Planned::At { at: at(expected) },
                "{now}"
            );
        };
        check("2026-11-27T12:00:00Z", "2026-11-28T03:30:00Z");
        check("2026-11-27T23:59:00Z", "2026-11-28T03:30:00Z");
        check("2026-11-28T00:30:00Z", "2026-11-28T03:30:00Z");
        // Who says so in that very night means the next one.
        check("2026-11-28T03:20:00Z", "2026-11-29T03:30:00Z");
        check("2026-11-28T03:30:00Z", "2026-11-29T03:30:00Z");
        assert_eq!(plan(Later::AtQuit, at("2026-11-27T12:00:00Z"), &TimeZone::UTC), Planned::AtQuit);
    }

    #[test]
    fn tonight_is_in_the_persons_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(5));
        let planned = plan(Later::Tonight, at("2026-11-27T12:00:00Z"), &zone);
        assert_eq!(planned, Planned::At { at: at("2026-11-27T22:30:00Z") });
    }

    #[test]
    fn a_moment_counts_comes_and_passes() {
        let planned = at("2026-11-28T03:30:00Z");
        let check = |now: &str, expected| assert_eq!(turn(planned, at(now)), expected, "{now}");
        check("2026-11-27T12:00:00Z", Turn::Waits);
        check("2026-11-28T03:28:59Z", Turn::Waits);
        check("2026-11-28T03:29:00Z", Turn::Counts);
        check("2026-11-28T03:30:00Z", Turn::Now);
        check("2026-11-28T03:59:59Z", Turn::Now);
        check("2026-11-28T04:00:00Z", Turn::Missed);
        check("2026-11-30T12:00:00Z", Turn::Missed);
    }
}
