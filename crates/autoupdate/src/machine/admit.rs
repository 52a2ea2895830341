//! Whether a command means anything now, and what it came to.

use protocol::{Digest, Version};

use super::event::Event;
use super::memory::Memory;
use super::show::offer_view;
use super::state::{Rest, Stage, State};
use super::step::cannot_verify;
use crate::handle::{Answer, Doing, Refusal};
use crate::view::{Failure, InstalledView};

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// To know whether there is an update.
    Check,
    /// To have it ready.
    Prepare,
    /// To have it in place for good.
    Activate,
    /// To have the previous version back.
    RollBack,
    /// To have the program as it should be.
    Repair,
    /// To have it stopped.
    Cancel,
}

/// May somebody who wants this wait for it now?
///
/// # Errors
/// Why not; then nothing is done.
pub fn admit(goal: Goal, state: &State, memory: &Memory) -> Result<(), Refusal> {
    let busy = |doing| Err(Refusal::Busy { doing });
    match (goal, state) {
        (Goal::RollBack, State::Resting(_)) => match memory.previous {
            Some(_) => Ok(()),
            None => Err(Refusal::NoPrevious),
        },
        (Goal::Cancel, State::Resting(_)) => Err(Refusal::NothingToCancel),
        (
            Goal::Cancel,
            State::Activating { stage: Stage::Replacing, .. }
            | State::Probation(_)
            | State::RollingBack { .. },
        ) => Err(Refusal::TooLate),
        (Goal::Check | Goal::Prepare | Goal::Activate | Goal::Repair, State::Resting(_))
        | (Goal::Repair, State::Checking { .. })
        | (
            Goal::Check | Goal::Prepare | Goal::Activate | Goal::Cancel,
            State::Checking { .. } | State::Preparing { .. },
        )
        | (Goal::Check | Goal::Prepare | Goal::Activate | Goal::Cancel, State::Activating { .. })
        | (Goal::Activate | Goal::RollBack, State::Probation(_))
        | (Goal::RollBack, State::RollingBack { .. }) => Ok(()),
        (Goal::RollBack, State::Checking { .. }) => busy(Doing::Checking),
        (Goal::RollBack | Goal::Repair, State::Preparing { .. }) => busy(Doing::Preparing),
        (Goal::RollBack | Goal::Repair, State::Activating { .. }) => busy(Doing::Activating),
        (Goal::Check | Goal::Prepare | Goal::Repair, State::Probation(_)) => busy(Doing::Probation),
        (Goal::Check | Goal::Prepare | Goal::Activate | Goal::Repair, State::RollingBack { .. }) => {
            busy(Doing::RollingBack)
        }
    }
}

/// What the last event was, as far as somebody who waits must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Nothing but the state.
    None,
    /// What is installed is what should be installed.
    Sound {
        /// The version.
        version: Version,
        /// SHA-256 of the file.
        sha256: Digest,
        /// Verified metadata names these bytes.
        signed: bool,
    },
    /// A failure.
    Failed(Failure),
    /// It was stopped.
    Cancelled,
    /// The program did not close.
    StillRunning(Vec<crate::view::Blocker>),
}

impl News {
    /// Of an event that is about to be stepped, and of which the memory has taken note.
    #[must_use]
    pub fn of(event: &Event, memory: &Memory) -> Self {
        match event {
            Event::Checked(found) => match &memory.installed {
                Some(InstalledView { version: Some(version), sha256, .. }) => Self::Sound {
                    version: version.clone(),
                    sha256: *sha256,
                    signed: found.artifacts.iter().any(|artifact| artifact.sha256 == *sha256),
                },
                Some(InstalledView { version: None, .. }) | None => Self::None,
            },
            Event::Cancelled => Self::Cancelled,
            Event::StillRunning { blockers } => Self::StillRunning(blockers.clone()),
            event => event.failure().map_or(Self::None, |failure| Self::Failed(failure.clone())),
        }
    }
}

/// What somebody who waits for `goal` is told now; `None` = wait on.
#[must_use]
pub fn answer(goal: Goal, state: &State, memory: &Memory, news: &News) -> Option<Answer> {
    if let (Goal::Repair, News::Sound { version, sha256, signed }) = (goal, news) {
        return Some(Answer::Sound { version: version.clone(), sha256: *sha256, signed: *signed });
    }
    match state {
        State::Resting(rest) => Some(at_rest(goal, rest, memory, news)),
        State::Checking { .. } => None,
        State::Preparing { offer, .. } => match goal {
            Goal::Check => Some(Answer::Offered { offer: offer_view(offer) }),
            Goal::Prepare | Goal::Activate | Goal::RollBack | Goal::Repair | Goal::Cancel => None,
        },
        State::Activating { ready, .. } => match goal {
            Goal::Check => Some(Answer::Offered { offer: offer_view(&ready.offer) }),
            Goal::Prepare => Some(Answer::Ready { offer: offer_view(&ready.offer) }),
            Goal::Activate | Goal::RollBack | Goal::Repair | Goal::Cancel => None,
        },
        State::Probation(_) => match goal {
            Goal::Check | Goal::Prepare => {
                Some(Answer::Refused { why: Refusal::Busy { doing: Doing::Probation } })
            }
            Goal::Cancel => Some(Answer::Refused { why: Refusal::TooLate }),
            Goal::Activate | Goal::RollBack | Goal::Repair => None,
        },
        State::RollingBack { .. } => match goal {
            Goal::Check | Goal::Prepare => {
                Some(Answer::Refused { why: Refusal::Busy { doing: Doing::RollingBack } })
            }
            Goal::Cancel => Some(Answer::Refused { why: Refusal::TooLate }),
            Goal::Activate | Goal::RollBack | Goal::Repair => None,
        },
    }
}

fn at_rest(goal: Goal, rest: &Rest, memory: &Memory, news: &News) -> Answer {
    match news {
        News::Cancelled => return Answer::Cancelled,
        News::StillRunning(blockers) => return Answer::StillRunning { blockers: blockers.clone() },
        News::Failed(failure) => return failed(failure),
        News::None | News::Sound { .. } => {}
    }
    match rest {
        // Only what was stopped comes to rest here.
        Rest::Fresh => Answer::Cancelled,
        Rest::UpToDate(freshness) => Answer::UpToDate {
            installed: memory.installed.as_ref().and_then(|installed| installed.version.clone()),
            checked_at: freshness.checked_at(),
            valid_until: freshness.valid_until(),
        },
        Rest::NothingNewer { checked_at } => Answer::NothingNewer {
            installed: memory.installed.as_ref().and_then(|installed| installed.version.clone()),
            checked_at: *checked_at,
        },
        Rest::NotOffered { version, reason, .. } => {
            Answer::NotOffered { version: version.clone(), reason: reason.clone() }
        }
        Rest::Available(offer) => {
            let view = offer_view(offer);
            match goal {
                Goal::Prepare | Goal::Activate | Goal::Repair if offer.needs_consent => {
                    Answer::NeedsConsent { offer: view }
                }
                Goal::Prepare
                | Goal::Activate
                | Goal::Repair
                | Goal::Check
                | Goal::RollBack
                | Goal::Cancel => Answer::Offered { offer: view },
            }
        }
        Rest::Deferred(offer, _) => Answer::Offered { offer: offer_view(offer) },
        Rest::Ready(ready) => Answer::Ready { offer: offer_view(&ready.offer) },
        Rest::CannotVerify(failure) | Rest::Failed { failure, .. } => failed(failure),
        Rest::Updated(report) => Answer::Updated { report: report.as_ref().clone() },
        Rest::RolledBack(undone) => {
            Answer::RolledBack { from: undone.from.clone(), to: undone.to.clone(), why: undone.why.clone() }
        }
    }
}

fn failed(failure: &Failure) -> Answer {
    let failure = failure.clone();
    if cannot_verify(&failure) { Answer::CannotVerify { failure } } else { Answer::Failed { failure } }
}
