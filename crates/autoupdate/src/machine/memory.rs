//! What outlives a state: what is known about the program, and how checks went.

use jiff::Timestamp;
use protocol::{AppId, Digest, Platform, Version};
use std::time::Duration;

use super::assurance::Assurance;
use super::event::{Event, Found, Lately, Opened};
use super::state::{Reach, Rest};
use crate::policy::identity;
use crate::policy::schedule::{self, Timing};
use crate::policy::{Asker, Offer, Trace};
use crate::support::Choice;
use crate::view::{InstalledView, LastCheck, Progress, RollBackWhy, UpdateReport};

/// What outlives a state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memory {
    /// What is installed; `None` until it has been looked at.
    pub installed: Option<InstalledView>,
    /// The version that a roll back would bring back: outer `None` = there is none, inner `None` = its version is
    /// unknown.
    pub previous: Option<Option<Version>>,
    /// The last check that ended.
    pub last_check: Option<LastCheck>,
    /// The last check that could be verified.
    pub last_good: Option<Timestamp>,
    /// Checks that failed in a row.
    pub check_failures: u32,
    /// Attempts to prepare or activate that failed since the last update. What went well in between does not count: fetching
    /// or installing the same bytes in vain again and again helps nobody.
    pub update_failures: u32,
    /// What the server asked for at the last check.
    pub retry_after: Option<Duration>,
    /// When the next check is planned.
    pub next_check: Option<Timestamp>,
    /// The last update that was committed.
    pub last_update: Option<UpdateReport>,
    /// How the last decision came about.
    pub trace: Vec<Trace>,
    /// The newer versions that the last check knew of, and why some are not to be had.
    pub choices: Vec<Choice>,
    /// The download that a person stopped. It does not go on by itself.
    pub stopped: Option<Stopped>,
    /// What the gates said after that.
    pub gates: Vec<Trace>,
    /// A prepared update waits for a better moment.
    pub put_off: bool,
}

/// A download that a person stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// SHA-256 of the artifact.
    pub sha256: Digest,
    /// How far it was; `None` = nothing of it is kept.
    pub kept: Option<Progress>,
}

/// What [`Memory::schedule`] needs beside the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// The lengths of the waits.
    pub timing: Timing,
    /// A random number, 0 to 9,999.
    pub draw: u16,
}

impl Memory {
    /// Whether a person stopped the download of this offer.
    #[must_use]
    pub fn has_stopped(&self, offer: &Offer) -> bool {
        self.stopped.as_ref().is_some_and(|stopped| stopped.sha256 == offer.artifact.sha256)
    }

    /// Takes note of what happened, before the step.
    pub fn note(&mut self, event: &Event, asker: Asker, app: &AppId, platform: Platform, now: Timestamp) {
        match event {
            Event::Checked(found) => {
                self.last_check = Some(LastCheck { at: now, by: asker, failure: None });
                // An answer without proof of freshness is no point in time up to which anything is certain.
                if let Assurance::Fresh(freshness) = &found.assurance {
                    self.last_good = Some(freshness.checked_at());
                }
                self.check_failures = 0;
                self.retry_after = None;
                let version = version_of(found, app, platform);
                self.installed = Some(InstalledView {
                    version,
                    sha256: found.installed.sha256,
                    length: found.installed.length,
                });
            }
            Event::CheckFailed { failure, retry_after } => {
                self.retry_after = *retry_after;
                self.last_check = Some(LastCheck { at: now, by: asker, failure: Some(failure.clone()) });
                self.check_failures = self.check_failures.saturating_add(1);
            }
            Event::PrepareFailed(_)
            | Event::ActivateFailed(_)
            | Event::RollBackFailed(_)
            // Offered again, and so perhaps in vain again.
            | Event::Unhealthy(RollBackWhy::Unproven { .. }) => {
                self.update_failures = self.update_failures.saturating_add(1);
            }
            Event::Opened(Opened::Lately(Lately::Updated(report))) => {
                self.last_update = Some(report.as_ref().clone());
            }
            // Somebody wants it after all.
            Event::Wanted(errand) if errand.reach >= Reach::Prepare => self.stopped = None,
            Event::Committed(report) => {
                self.update_failures = 0;
                self.last_update = Some(report.as_ref().clone());
            }
            Event::Due
            | Event::Wanted(_)
            | Event::RollBackWanted
            | Event::CancelWanted
            | Event::Moment
            | Event::Quit
            | Event::PutOff(_)
            | Event::Opened(_)
            | Event::Prepared { .. }
            | Event::Closing { .. }
            | Event::Replacing
            | Event::StillRunning { .. }
            | Event::Activated(_)
            | Event::Unhealthy(_)
            | Event::RolledBack(_)
            | Event::Cancelled => {}
        }
    }

    /// What the schedule is asked with. Attempts to update that failed count only while the last one did: a version that
    /// waits to be put in place is no reason to check more often.
    #[must_use]
    pub fn schedule(&self, rest: &Rest, now: Timestamp, mode: protocol::Mode, draw: Draw) -> schedule::Facts {
        let failed = match rest {
            Rest::Failed { .. } => true,
            Rest::RolledBack(undone) => matches!(undone.why, RollBackWhy::Unproven { .. }),
            Rest::Fresh
            | Rest::UpToDate(_)
            | Rest::NothingNewer { .. }
            | Rest::NotOffered { .. }
            | Rest::Available(_)
            | Rest::Deferred(..)
            | Rest::Ready(_)
            | Rest::CannotVerify(_)
            | Rest::Updated(_) => false,
        };
        schedule::Facts {
            now,
            timing: draw.timing,
            mode,
            last: self.last_check.as_ref().map(|check| check.at),
            failures: self.check_failures.max(if failed { self.update_failures } else { 0 }),
            retry_after: self.retry_after,
            draw: draw.draw,
        }
    }
}

/// The installed version, as [`identity::identify`] says.
pub(super) fn version_of(found: &Found, app: &AppId, platform: Platform) -> Option<Version> {
    let facts = identity::Facts {
        app,
        platform,
        sha256: &found.installed.sha256,
        recorded: found.installed.version.as_ref(),
        artifacts: &found.artifacts,
    };
    identity::identify(&facts).answer
}
