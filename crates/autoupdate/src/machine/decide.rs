//! From what a check found to what it comes to.

use jiff::Timestamp;
use protocol::{AppId, Channel, Platform, Version};

use super::event::Found;
use super::memory::version_of;
use crate::policy::eligibility::{self, Installed, Limits};
use crate::policy::repair::{self, Recorded, Repair};
use crate::policy::{Asker, Decided, Decision};
use crate::store::Program;
use crate::support::Choice;

/// Which app, on which machine.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// The app.
    pub app: &'a AppId,
    /// The channel it follows.
    pub channel: &'a Channel,
    /// This machine.
    pub platform: Platform,
    /// The version of its operating system, if it can be told.
    pub os_version: Option<&'a str>,
    /// The id of this installation.
    pub installation_id: &'a str,
    /// What is set for the app.
    pub program: &'a Program,
}

/// What does it come to, what a check found?
#[must_use]
pub fn decide(found: &Found, asker: Asker, who: &Who<'_>, now: Timestamp) -> Decided<Decision> {
    let version = version_of(found, who.app, who.platform);
    let mut decided = eligibility::decide(&facts(found, version.as_ref(), asker, who, now));
    if let Decision::Offer(offer) = &mut decided.answer {
        offer.ways.clone_from(&found.ways);
    }
    decided.trace = found.assurance.trace().into_iter().chain(decided.trace).collect();
    decided
}

/// Which newer versions there are for whoever asks by hand, and why some are not to be had.
#[must_use]
pub(super) fn choices(found: &Found, who: &Who<'_>, now: Timestamp) -> Vec<Choice> {
    let version = version_of(found, who.app, who.platform);
    let choices = eligibility::choices(&facts(found, version.as_ref(), Asker::Insisting, who, now));
    choices.into_iter().map(|(version, reason)| Choice { version, reason }).collect()
}

/// What puts the program right, by what a check found?
#[must_use]
pub(super) fn repair(found: &Found, asker: Asker, who: &Who<'_>, now: Timestamp) -> Decided<Repair> {
    let version = version_of(found, who.app, who.platform);
    let recorded = found.installed.recorded.as_ref();
    let recorded = recorded.map(|known| Recorded { sha256: &known.sha256, version: &known.version });
    let mut decided = repair::decide(&facts(found, version.as_ref(), asker, who, now), recorded);
    if let Repair::Restore(offer) = &mut decided.answer {
        offer.ways.clone_from(&found.ways);
    }
    decided
}

fn facts<'a>(
    found: &'a Found,
    version: Option<&'a Version>,
    asker: Asker,
    who: &Who<'a>,
    now: Timestamp,
) -> eligibility::Facts<'a> {
    eligibility::Facts {
        app: who.app,
        channel: who.channel,
        platform: who.platform,
        os_version: who.os_version,
        installed: Installed {
            sha256: &found.installed.sha256,
            version,
            floor: found.installed.floor.as_ref(),
            bad: &found.installed.bad,
            undone: found.installed.held.as_ref(),
        },
        skipped: &found.skipped,
        on_hold: found.on_hold,
        limits: Limits {
            turned_off: who.program.turned_off,
            pin: who.program.pin.as_ref().map(|(version, by)| (version, *by)),
            defer_days: who.program.defer_days,
            seen: &found.seen,
        },
        now,
        artifacts: &found.artifacts,
        listing: found.assurance.listing(),
        control: &found.control,
        installation_id: who.installation_id,
        asker,
    }
}
