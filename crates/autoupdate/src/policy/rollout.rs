//! Who gets a release when.
//!
//! The rollout can only keep something back, never add anything. The rules, in the order in which they are asked:
//!
//! 1. rollout data that is delegated but missing, expired or bad: nobody gets anything, also not by hand, because a
//!    halt could be hidden in what we cannot see;
//! 2. a recalled release: nobody;
//! 3. a halted release: nobody;
//! 4. an operating system pin: only the pinned version;
//! 5. the percentage: whose bucket is below the share. A person's check overrides this one, and only this one.

use protocol::{BasisPoints, Os, OsPin, Rollout, Version};

use super::{Asker, Reason, Rule, Trace, Verdict, os_version};

/// What is known about who gets what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// The publisher delegates no rollout: everything is for everybody.
    Open,
    /// These rules, verified.
    Rules(Rollout),
    /// There are rules, but they could not be verified.
    Unverified {
        /// What was wrong.
        why: String,
    },
}

/// What [`judge`] looks at, beside the version.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The rules.
    pub control: &'a Control,
    /// The id of this installation, drawn at random once.
    pub installation_id: &'a str,
    /// This operating system.
    pub os: Os,
    /// Its version; `None` = cannot be told.
    pub os_version: Option<&'a str>,
    /// Who wants to know.
    pub asker: Asker,
}

/// May this installation take `version` now? `Ok` = yes. What was asked is added to `trace`.
///
/// # Errors
/// The reason why not.
pub fn judge(version: &Version, facts: &Facts<'_>, trace: &mut Vec<Trace>) -> Result<(), Reason> {
    let rollout = match facts.control {
        Control::Open => {
            trace.push(Trace::new(Rule::Control, Verdict::Pass).about(version).fact("rollout", "none"));
            return Ok(());
        }
        Control::Unverified { why } => {
            trace.push(Trace::new(Rule::Control, Verdict::Stop).about(version).fact("why", why));
            return Err(Reason::ControlUnverified { why: why.clone() });
        }
        Control::Rules(rollout) => rollout,
    };
    let rule = rollout.releases.get(version);
    let mut ask = |rule: Rule, stops: bool| {
        let verdict = if stops { Verdict::Stop } else { Verdict::Pass };
        trace.push(Trace::new(rule, verdict).about(version));
        stops
    };
    if ask(Rule::Recall, rule.is_some_and(|rule| rule.recalled)) {
        return Err(Reason::Recalled);
    }
    if ask(Rule::Halt, rule.is_some_and(|rule| rule.halted)) {
        return Err(Reason::Halted);
    }
    pinned(version, facts, &rollout.os_pins, trace)?;
    let Some(rule) = rule else { return Ok(()) };
    let (share, bucket) = (rule.basis_points, rule.bucket(facts.installation_id));
    let turn = share == BasisPoints::ALL || bucket < share.get();
    let verdict = match (turn, facts.asker.is_person()) {
        (true, _) => Verdict::Pass,
        (false, true) => Verdict::Overridden,
        (false, false) => Verdict::Stop,
    };
    let entry = Trace::new(Rule::Percentage, verdict).about(version);
    trace.push(entry.fact("share", share.get()).fact("bucket", bucket));
    match verdict {
        Verdict::Pass | Verdict::Overridden => Ok(()),
        Verdict::Stop => Err(Reason::NotYet { share: share.get(), bucket }),
    }
}

/// Whether the publisher recalled `version`. What cannot be verified recalls nothing: going back is an act, too.
#[must_use]
pub fn is_recalled(control: &Control, version: &Version) -> bool {
    match control {
        Control::Rules(rollout) => rollout.releases.get(version).is_some_and(|rule| rule.recalled),
        Control::Open | Control::Unverified { .. } => false,
    }
}

/// The pin that holds for this machine: of several, the one with the lowest limit, because it is the most exact.
fn pinned(
    version: &Version,
    facts: &Facts<'_>,
    pins: &[OsPin],
    trace: &mut Vec<Trace>,
) -> Result<(), Reason> {
    let mut holding: Option<&OsPin> = None;
    for pin in pins.iter().filter(|pin| pin.os == facts.os) {
        // A system whose version cannot be told is not known to be old enough to be pinned.
        let below = facts.os_version.and_then(|has| os_version::compare(has, &pin.below));
        let tighter = holding.is_none_or(|held| {
            os_version::compare(&pin.below, &held.below) == Some(std::cmp::Ordering::Less)
        });
        if below == Some(std::cmp::Ordering::Less) && tighter {
            holding = Some(pin);
        }
    }
    let Some(pin) = holding else { return Ok(()) };
    let fits = &pin.version == version;
    let verdict = if fits { Verdict::Pass } else { Verdict::Stop };
    let entry = Trace::new(Rule::OsPin, verdict).about(version).maybe("system", facts.os_version);
    trace.push(entry.fact("below", &pin.below).fact("pinned at", &pin.version));
    if fits { Ok(()) } else { Err(Reason::OsPinned { at: pin.version.clone() }) }
}

#[cfg(test)]
#[path = "tests/rollout.rs"]
mod tests;
