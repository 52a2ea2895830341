//! What is offered to this installation.
//!
//! Of everything that verified metadata names, the highest version wins that is for this app, platform and channel,
//! newer than what is installed and stopped by no rule. Its rules, in the order in which they are asked of a release:
//!
//! - never below the floor, the highest version that was ever good here (a signed old release is an attack);
//! - what the administrator says: updates turned off, a version to stay at, days in which others try it first. No person overrides that;
//! - never bytes that did not live here, never what a person undid or skips;
//! - the operating system must be new enough;
//! - the rollout's rules ([`super::rollout`]).
//!
//! When nothing is left, the reason is that of the highest version that is newer than what is installed: that is the one
//! people ask about.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use protocol::{AppId, Artifact, Channel, Digest, Platform, Version};

use super::rollout::{self, Control};
use super::{Asker, Decided, Decision, Offer, Reason, Rule, SetBy, Trace, Verdict, os_version};

/// What [`decide`] looks at.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The app.
    pub app: &'a AppId,
    /// The channel it follows.
    pub channel: &'a Channel,
    /// This machine.
    pub platform: Platform,
    /// The version of its operating system; `None` = cannot be told.
    pub os_version: Option<&'a str>,
    /// What is installed.
    pub installed: Installed<'a>,
    /// Versions that a person skips.
    pub skipped: &'a [Version],
    /// A person wants the program to stay as it is.
    pub on_hold: bool,
    /// What is set for it.
    pub limits: Limits<'a>,
    /// Now.
    pub now: Timestamp,
    /// Every artifact that verified metadata names.
    pub artifacts: &'a [Artifact],
    /// Whether that is all that there is.
    pub listing: Listing,
    /// Who gets what.
    pub control: &'a Control,
    /// The id of this installation.
    pub installation_id: &'a str,
    /// Who wants to know.
    pub asker: Asker,
}

/// Whether a source lists its releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// What is not there does not exist.
    All,
    /// It names one release, or none, and says nothing about others.
    One,
}

/// What settings say about versions.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// The administrator turned updates off.
    pub turned_off: bool,
    /// It is to stay at this version or below, and who said so.
    pub pin: Option<(&'a Version, SetBy)>,
    /// Days that a version must have been known here before it is taken.
    pub defer_days: u16,
    /// When versions were seen here first.
    pub seen: &'a BTreeMap<Version, Timestamp>,
}

impl Limits<'_> {
    /// From when on a version may be taken, if it is too young.
    fn ripe_at(&self, version: &Version, now: Timestamp) -> Option<Timestamp> {
        if self.defer_days == 0 {
            return None;
        }
        let seen = self.seen.get(version).copied().unwrap_or(now).min(now);
        let wait = SignedDuration::from_hours(24 * i64::from(self.defer_days));
        let ripe = seen.saturating_add(wait).unwrap_or(Timestamp::MAX);
        (now < ripe).then_some(ripe)
    }
}

/// What is installed, and what the record beside it remembers.
#[derive(Debug, Clone, Copy)]
pub struct Installed<'a> {
    /// SHA-256 of the file.
    pub sha256: &'a Digest,
    /// Its version, `None` = unknown: see [`super::identity`].
    pub version: Option<&'a Version>,
    /// The highest version that was ever good here.
    pub floor: Option<&'a Version>,
    /// Artifacts that did not live here.
    pub bad: &'a [Digest],
    /// The version that a person undid.
    pub undone: Option<&'a Version>,
}

/// What does a check come to?
#[must_use]
pub fn decide(facts: &Facts<'_>) -> Decided<Decision> {
    let mut trace = Vec::new();
    let mut candidates = candidates(facts, &mut trace);
    let nothing_at_all = candidates.is_empty();
    candidates.retain(|artifact| is_newer(artifact, facts));
    candidates.sort_by(|left, right| right.release.version.cmp(&left.release.version));
    trace.push(
        Trace::new(Rule::Newer, Verdict::Pass)
            .maybe("installed", facts.installed.version)
            .maybe("newest", candidates.first().map(|artifact| &artifact.release.version)),
    );
    let mut first_no = None;
    for artifact in candidates {
        match judge(artifact, facts, &mut trace) {
            Ok(()) => {
                let offer = Offer {
                    artifact: artifact.clone(),
                    from: facts.installed.version.cloned(),
                    needs_consent: facts.installed.version.is_none(),
                    repair: false,
                    ways: None,
                };
                return Decided { answer: Decision::Offer(Box::new(offer)), trace };
            }
            Err(reason) => {
                first_no.get_or_insert((artifact.release.version.clone(), reason));
            }
        }
    }
    if let Some(installed) = facts.installed.version
        && rollout::is_recalled(facts.control, installed)
    {
        trace.push(Trace::new(Rule::Recall, Verdict::Stop).about(installed).fact("installed", true));
        return Decided { answer: Decision::GoBack { recalled: installed.clone() }, trace };
    }
    let answer = match first_no {
        Some((version, reason)) => Decision::NotOffered { version: Some(version), reason },
        None if nothing_at_all && facts.listing == Listing::All => {
            Decision::NotOffered { version: None, reason: Reason::NothingForPlatform }
        }
        // Without the rules "nothing newer" would still be true, but a recall could be hidden in them.
        None => match facts.control {
            Control::Unverified { why } => {
                Decision::NotOffered { version: None, reason: Reason::ControlUnverified { why: why.clone() } }
            }
            Control::Open | Control::Rules(_) => Decision::UpToDate,
        },
    };
    Decided { answer, trace }
}

/// The versions that are newer than what is installed, newest first, and why they are not to be had.
#[must_use]
pub fn choices(facts: &Facts<'_>) -> Vec<(Version, Option<Reason>)> {
    let mut candidates = candidates(facts, &mut Vec::new());
    candidates.retain(|artifact| is_newer(artifact, facts));
    candidates.sort_by(|left, right| right.release.version.cmp(&left.release.version));
    let judged = candidates
        .into_iter()
        .map(|artifact| (artifact.release.version.clone(), judge(artifact, facts, &mut Vec::new()).err()));
    judged.collect()
}

/// The artifacts of this app and platform that the channel offers.
fn candidates<'a>(facts: &Facts<'a>, trace: &mut Vec<Trace>) -> Vec<&'a Artifact> {
    let ours: Vec<_> = (facts.artifacts.iter())
        .filter(|artifact| {
            artifact.release.app == *facts.app && artifact.release.platform() == facts.platform
        })
        .collect();
    let all = facts.listing == Listing::All;
    let verdict = |empty| if empty && all { Verdict::Stop } else { Verdict::Pass };
    trace.push(
        Trace::new(Rule::Platform, verdict(ours.is_empty()))
            .fact("platform", facts.platform)
            .fact("releases", ours.len()),
    );
    let offered: Vec<_> =
        ours.into_iter().filter(|artifact| artifact.release.channels.contains(facts.channel)).collect();
    trace.push(
        Trace::new(Rule::Channel, verdict(offered.is_empty()))
            .fact("channel", facts.channel)
            .fact("releases", offered.len()),
    );
    offered
}

/// Newer than what is installed. Of an unknown program everything is newer, except these very bytes.
fn is_newer(artifact: &Artifact, facts: &Facts<'_>) -> bool {
    artifact.sha256 != *facts.installed.sha256
        && facts.installed.version.is_none_or(|installed| artifact.release.version > *installed)
}

fn judge(artifact: &Artifact, facts: &Facts<'_>, trace: &mut Vec<Trace>) -> Result<(), Reason> {
    let version = &artifact.release.version;
    let installed = &facts.installed;
    let mut ask = |entry: Trace, reason: Option<Reason>| {
        trace.push(entry.about(version));
        reason.map_or(Ok(()), Err)
    };
    let verdict = |stops: bool| if stops { Verdict::Stop } else { Verdict::Pass };

    let below = installed.floor.filter(|floor| version < floor);
    ask(
        Trace::new(Rule::Floor, verdict(below.is_some())).maybe("floor", installed.floor),
        below.map(|floor| Reason::BelowFloor { floor: floor.clone() }),
    )?;

    let off = facts.limits.turned_off;
    ask(Trace::new(Rule::TurnedOff, verdict(off)), off.then_some(Reason::TurnedOff))?;

    let pin = facts.limits.pin;
    let above = pin.filter(|(pin, _)| version > *pin);
    let mine = above.is_some_and(|(_, by)| by != SetBy::Administrator);
    let overridden = mine && matches!(facts.asker, Asker::Insisting);
    ask(
        Trace::new(Rule::Pin, by_wish(above.is_some(), overridden))
            .fact("pin", pin.map_or_else(|| "none".to_owned(), |(pin, _)| pin.to_string())),
        above.filter(|_| !overridden).map(|(at, by)| Reason::Pinned { at: at.clone(), by }),
    )?;

    let young = facts.limits.ripe_at(version, facts.now);
    ask(
        Trace::new(Rule::Age, verdict(young.is_some()))
            .fact("days to wait", facts.limits.defer_days)
            .maybe("seen first", facts.limits.seen.get(version)),
        young.map(|until| Reason::TooYoung { until }),
    )?;

    let bad = installed.bad.contains(&artifact.sha256);
    ask(Trace::new(Rule::KnownBad, verdict(bad)), bad.then_some(Reason::KnownBad))?;

    let undone = installed.undone == Some(version);
    let overridden = matches!(facts.asker, Asker::Insisting);
    ask(
        Trace::new(Rule::Undone, by_wish(undone, overridden)),
        (undone && !overridden).then_some(Reason::Undone),
    )?;

    let skipped = facts.skipped.contains(version);
    let overridden = facts.asker.is_person();
    ask(
        Trace::new(Rule::Skip, by_wish(skipped, overridden)),
        (skipped && !overridden).then_some(Reason::Skipped),
    )?;

    let overridden = matches!(facts.asker, Asker::Insisting);
    ask(
        Trace::new(Rule::Hold, by_wish(facts.on_hold, overridden)),
        (facts.on_hold && !overridden).then_some(Reason::OnHold),
    )?;

    if let Some(needs) = &artifact.release.min_os {
        // A system that cannot be compared is not known to be new enough: the release might not even start.
        let order = facts.os_version.and_then(|has| os_version::compare(has, needs));
        let old = order.is_none_or(|order| order == Ordering::Less);
        ask(
            Trace::new(Rule::MinOs, verdict(old)).fact("needs", needs).maybe("system", facts.os_version),
            old.then(|| Reason::OsTooOld {
                needs: needs.clone(),
                has: facts.os_version.map(ToOwned::to_owned),
            }),
        )?;
    }
    let rollout = rollout::Facts {
        control: facts.control,
        installation_id: facts.installation_id,
        os: facts.platform.os,
        os_version: facts.os_version,
        asker: facts.asker,
    };
    rollout::judge(version, &rollout, trace)
}

const fn by_wish(stops: bool, overridden: bool) -> Verdict {
    match (stops, overridden) {
        (false, _) => Verdict::Pass,
        (true, true) => Verdict::Overridden,
        (true, false) => Verdict::Stop,
    }
}

#[cfg(test)]
#[path = "tests/eligibility.rs"]
mod tests;
