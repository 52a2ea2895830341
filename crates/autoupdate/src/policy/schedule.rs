//! When to check next without anybody asking.
//!
//! - every interval, spread by a random part of it, so that a million installations do not come at once;
//! - after a failure sooner, but each further failure doubles the wait up to the interval;
//! - a server's `Retry-After` is respected, up to [`MAX_RETRY_AFTER`];
//! - what is overdue (sleep, a clock that was set forward) is checked soon, not at once: others wake up, too;
//! - a last check that lies in the future (a clock that was set back) counts as now, so the wait is never longer than
//!   the rules say.
//!
//! The answer never lies before `now`, and never gets earlier through another failure or a longer `Retry-After`.

use std::time::Duration;

use jiff::Timestamp;
use protocol::Mode;

use super::{Decided, Rule, Trace, Verdict};

/// The longest `Retry-After` that is respected.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The lengths of the waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Between two good checks.
    pub interval: Duration,
    /// The most that is added to it at random.
    pub spread: Duration,
    /// After the first failure; doubles with each further one, up to the interval.
    pub retry: Duration,
    /// The most that a check which is due at once, the first one included, is put off at random.
    pub soon: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(4 * 60 * 60),
            spread: Duration::from_secs(30 * 60),
            retry: Duration::from_secs(5 * 60),
            soon: Duration::from_secs(60),
        }
    }
}

/// What [`next`] looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Now.
    pub now: Timestamp,
    /// The lengths of the waits.
    pub timing: Timing,
    /// What may happen without asking.
    pub mode: Mode,
    /// When the last check ended, good or bad; `None` = none since the engine started.
    pub last: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// What the server asked for at the last check.
    pub retry_after: Option<Duration>,
    /// A random number, 0 to 9,999, drawn for this answer.
    pub draw: u16,
}

/// When the next check is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Then.
    At(Timestamp),
    /// Never in the background: the mode is off.
    Never,
}

/// When is the next check due?
#[must_use]
pub fn next(facts: &Facts) -> Decided<When> {
    let answer = match facts.mode {
        Mode::Off => When::Never,
        Mode::Automatic | Mode::Download | Mode::Ask => When::At(at(facts)),
    };
    let (verdict, text) = match answer {
        When::At(at) => (Verdict::Pass, at.to_string()),
        When::Never => (Verdict::Stop, "never".to_owned()),
    };
    let trace = Trace::new(Rule::Schedule, verdict)
        .maybe("last check", facts.last)
        .fact("failures in a row", facts.failures)
        .maybe("server asked to wait seconds", facts.retry_after.map(|time| time.as_secs()))
        .fact("next check", text);
    Decided { answer, trace: vec![trace] }
}

fn at(facts: &Facts) -> Timestamp {
    let timing = &facts.timing;
    let Some(last) = facts.last else { return soon(facts) };
    let wait = if facts.failures == 0 {
        timing.interval
    } else {
        let doublings = facts.failures.saturating_sub(1).min(16);
        timing.retry.saturating_mul(1 << doublings).min(timing.interval)
    };
    // A quarter of a short wait, so that retries are spread in proportion.
    let spread = part(timing.spread.min(wait / 4), facts.draw);
    let asked = facts.retry_after.unwrap_or_default().min(MAX_RETRY_AFTER);
    let due = add(last.min(facts.now), wait.max(asked).saturating_add(spread));
    if due > facts.now { due } else { soon(facts) }
}

fn soon(facts: &Facts) -> Timestamp {
    add(facts.now, part(facts.timing.soon, facts.draw))
}

/// `draw` ten-thousandths of `whole`.
fn part(whole: Duration, draw: u16) -> Duration {
    whole.saturating_mul(u32::from(draw)) / 10_000
}

/// Saturating: the end of time is as good as never.
fn add(time: Timestamp, wait: Duration) -> Timestamp {
    time.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[path = "tests/schedule.rs"]
mod tests;
