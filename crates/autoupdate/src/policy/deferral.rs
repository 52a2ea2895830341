//! Whether something may happen now without anybody asking, or is put off.
//!
//! A person's own wish is never put off: these rules are for what happens by itself. They are asked in this order, and the
//! first "not now" decides:
//!
//! 1. a person paused everything;
//! 2. the person's quiet hours, then the hours that the administrator allows;
//! 3. the program said that it is busy;
//! 4. a metered network (only for what is fetched: see [`Metered`]);
//! 5. a battery that is nearly empty.
//!
//! What the desktop cannot tell puts nothing off. A film or a talk on the whole screen, and "do not disturb", keep notifications
//! back but no download: see [`disturbs`].

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::hours::Hours;
use super::surroundings::{Power, Surroundings};
use super::{Rule, Trace, Verdict};

/// Below this the charger is waited for, in percent.
pub const LOW_BATTERY: u8 = 30;
/// What [`Metered::Small`] still fetches, in bytes.
pub const SMALL: u64 = 20 << 20;

/// Why something is put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Deferral {
    /// A person paused everything.
    Paused,
    /// It is the person's quiet time.
    QuietHours,
    /// The administrator allows it at another time.
    OutsideHours,
    /// The program said that it is busy.
    Busy,
    /// The network is paid by volume.
    Metered {
        /// The most that is fetched over it, in bytes.
        limit: u64,
    },
    /// The battery is nearly empty.
    Battery {
        /// How full it is, 0 to 100.
        percent: u8,
    },
}

/// Something that is put off, and until when if that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Deferred {
    /// Why.
    #[serde(flatten)]
    pub why: Deferral,
    /// Until when, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What a person said about everything in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Pause {
    /// Since when nothing happens.
    pub since: Timestamp,
    /// Until when; absent = until it is resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Pause {
    /// Whether it lasts still.
    #[must_use]
    pub fn lasts(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// What may be fetched over a network that is paid by volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Metered {
    /// Nothing.
    Wait,
    /// What is no longer than [`SMALL`].
    #[default]
    Small,
    /// Everything.
    Allow,
}

/// What is about to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// An artifact is fetched.
    Fetch,
    /// A prepared update is put in place.
    Replace,
}

/// What the rules look at.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Now.
    pub now: Timestamp,
    /// The zone that hours of the day are in.
    pub zone: &'a TimeZone,
    /// What a person said about everything.
    pub pause: Option<Pause>,
    /// In these hours nothing happens by itself.
    pub quiet_hours: Option<Hours>,
    /// Only in these hours something happens by itself.
    pub allowed_hours: Option<Hours>,
    /// Until when the program said that it is busy.
    pub busy_until: Option<Timestamp>,
    /// What may be fetched over a metered network.
    pub metered: Metered,
    /// The charger is waited for when the battery is nearly empty.
    pub wait_on_battery: bool,
    /// What the desktop says.
    pub surroundings: Surroundings,
}

/// What this moment allows to happen by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moment {
    /// Why nothing is fetched; `None` = it may be.
    pub fetch: Option<Deferred>,
    /// The most that may be fetched, in bytes; `None` = everything.
    pub limit: Option<u64>,
    /// Why nothing is put in place; `None` = it may be.
    pub replace: Option<Deferred>,
    /// What was asked about fetching.
    pub fetch_trace: Vec<Trace>,
    /// What was asked about putting in place.
    pub replace_trace: Vec<Trace>,
}

/// What does this moment allow?
#[must_use]
pub fn moment(facts: &Facts<'_>) -> Moment {
    let (mut fetch_trace, mut replace_trace) = (Vec::new(), Vec::new());
    Moment {
        fetch: defer(About::Fetch, facts, &mut fetch_trace),
        limit: fetch_limit(facts),
        replace: defer(About::Replace, facts, &mut replace_trace),
        fetch_trace,
        replace_trace,
    }
}

/// Is it put off? Gives why, and leaves a trace of every rule that was asked.
#[must_use]
pub fn defer(about: About, facts: &Facts<'_>, trace: &mut Vec<Trace>) -> Option<Deferred> {
    let Facts { now, zone, surroundings, .. } = facts;
    let put_off = |why, until| Some(Deferred { why, until });
    let ask = |trace: &mut Vec<Trace>, rule, found: Option<Deferred>, told: &dyn Fn(Trace) -> Trace| {
        let verdict = if found.is_some() { Verdict::Stop } else { Verdict::Pass };
        trace.push(told(Trace::new(rule, verdict)));
        found
    };

    let pause = facts.pause.filter(|pause| pause.lasts(*now));
    let found = pause.and_then(|pause| put_off(Deferral::Paused, pause.until));
    if let Some(found) = ask(trace, Rule::Pause, found, &|told| told.fact("paused", pause.is_some())) {
        return Some(found);
    }

    let quiet = facts.quiet_hours.as_ref().filter(|hours| hours.contain(*now, zone));
    let found = quiet.and_then(|hours| put_off(Deferral::QuietHours, hours.end_after(*now, zone)));
    if let Some(found) = ask(trace, Rule::QuietHours, found, &|told| hours(told, facts.quiet_hours.as_ref()))
    {
        return Some(found);
    }

    let outside = facts.allowed_hours.as_ref().filter(|hours| !hours.contain(*now, zone));
    let found = outside.and_then(|hours| put_off(Deferral::OutsideHours, hours.begin_after(*now, zone)));
    if let Some(found) =
        ask(trace, Rule::AllowedHours, found, &|told| hours(told, facts.allowed_hours.as_ref()))
    {
        return Some(found);
    }

    let busy = facts.busy_until.filter(|until| now < until);
    let found = busy.and_then(|until| put_off(Deferral::Busy, Some(until)));
    let told = |told: Trace| match busy {
        Some(until) => told.fact("busy until", until),
        None => told.fact("busy", false),
    };
    if let Some(found) = ask(trace, Rule::Busy, found, &told) {
        return Some(found);
    }

    if about == About::Fetch {
        let waits = surroundings.metered == Some(true) && facts.metered == Metered::Wait;
        let found = waits.then_some(Deferred { why: Deferral::Metered { limit: 0 }, until: None });
        if let Some(found) =
            ask(trace, Rule::Metered, found, &|told| told.maybe("metered", surroundings.metered))
        {
            return Some(found);
        }
    }

    let low = match surroundings.power {
        Some(Power::Battery { percent }) if facts.wait_on_battery && percent < LOW_BATTERY => Some(percent),
        Some(Power::Battery { .. } | Power::Mains) | None => None,
    };
    let found = low.and_then(|percent| put_off(Deferral::Battery { percent }, None));
    ask(trace, Rule::Battery, found, &|told| told.maybe("power", surroundings.power))
}

/// The most that may be fetched now by itself, in bytes; `None` = everything.
#[must_use]
pub fn fetch_limit(facts: &Facts<'_>) -> Option<u64> {
    match (facts.surroundings.metered, facts.metered) {
        (Some(true), Metered::Wait) => Some(0),
        (Some(true), Metered::Small) => Some(SMALL),
        (Some(true), Metered::Allow) | (Some(false) | None, _) => None,
    }
}

/// Whether a notification disturbs now: something covers the whole screen, or the person wants none. What cannot be known
/// disturbs nobody.
#[must_use]
pub fn disturbs(surroundings: &Surroundings) -> bool {
    surroundings.full_screen == Some(true) || surroundings.do_not_disturb == Some(true)
}

/// What is known about disturbing people now. It keeps notifications back and nothing else, so it never says stop.
#[must_use]
pub fn notify(surroundings: &Surroundings, quiet: bool) -> Trace {
    Trace::new(Rule::Notify, Verdict::Pass)
        .fact("quiet hours", quiet)
        .maybe("full screen", surroundings.full_screen)
        .maybe("do not disturb", surroundings.do_not_disturb)
        .maybe("network", surroundings.online)
}

/// When the answer may become another by itself, if that is known: the end of a pause or a lease, the next end of hours.
#[must_use]
pub fn changes_at(facts: &Facts<'_>) -> Option<Timestamp> {
    let now = facts.now;
    let hours = [facts.quiet_hours.as_ref(), facts.allowed_hours.as_ref()].into_iter().flatten();
    let edges =
        hours.flat_map(|hours| [hours.begin_after(now, facts.zone), hours.end_after(now, facts.zone)]);
    let ends = [facts.pause.and_then(|pause| pause.until), facts.busy_until];
    edges.chain(ends).flatten().filter(|at| *at > now).min()
}

fn hours(told: Trace, hours: Option<&Hours>) -> Trace {
    match hours {
        Some(hours) => told.fact("hours", hours),
        None => told.fact("hours", "none"),
    }
}

#[cfg(test)]
#[path = "tests/deferral.rs"]
mod tests;
