//! Whether a command means anything now, and what it came to.

use super::event::Event;
use super::memory::Memory;
use super::show::offer_view;
use super::state::{Rest, Stage, State};
use super::step::cannot_verify;
use crate::handle::{Answer, Doing, Refusal};
use crate::view::Failure;

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
        (Goal::Check | Goal::Prepare | Goal::Activate, State::Resting(_))
        | (
            Goal::Check | Goal::Prepare | Goal::Activate | Goal::Cancel,
            State::Checking { .. } | State::Preparing { .. },
        )
        | (Goal::Check | Goal::Prepare | Goal::Activate | Goal::Cancel, State::Activating { .. })
        | (Goal::Activate | Goal::RollBack, State::Probation(_))
        | (Goal::RollBack, State::RollingBack { .. }) => Ok(()),
        (Goal::RollBack, State::Checking { .. }) => busy(Doing::Checking),
        (Goal::RollBack, State::Preparing { .. }) => busy(Doing::Preparing),
        (Goal::RollBack, State::Activating { .. }) => busy(Doing::Activating),
        (Goal::Check | Goal::Prepare, State::Probation(_)) => busy(Doing::Probation),
        (Goal::Check | Goal::Prepare | Goal::Activate, State::RollingBack { .. }) => busy(Doing::RollingBack),
    }
}

/// What the last event was, as far as somebody who waits must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Nothing but the state.
    None,
    /// A failure.
    Failed(Failure),
    /// It was stopped.
    Cancelled,
    /// The program did not close.
    StillRunning(Vec<crate::view::Blocker>),
}

impl News {
    /// Of an event that is about to be stepped.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        match event {
            Event::Cancelled => Self::Cancelled,
            Event::StillRunning { blockers } => Self::StillRunning(blockers.clone()),
            event => event.failure().map_or(Self::None, |failure| Self::Failed(failure.clone())),
        }
    }
}

/// What somebody who waits for `goal` is told now; `None` = wait on.
#[must_use]
pub fn answer(goal: Goal, state: &State, memory: &Memory, news: &News) -> Option<Answer> {
    match state {
        State::Resting(rest) => Some(at_rest(goal, rest, memory, news)),
        State::Checking { .. } => None,
        State::Preparing { offer, .. } => match goal {
            Goal::Check => Some(Answer::Offered { offer: offer_view(offer) }),
            Goal::Prepare | Goal::Activate | Goal::RollBack | Goal::Cancel => None,
        },
        State::Activating { ready, .. } => match goal {
            Goal::Check => Some(Answer::Offered { offer: offer_view(&ready.offer) }),
            Goal::Prepare => Some(Answer::Ready { offer: offer_view(&ready.offer) }),
            Goal::Activate | Goal::RollBack | Goal::Cancel => None,
        },
        State::Probation(_) => match goal {
            Goal::Check | Goal::Prepare => {
                Some(Answer::Refused { why: Refusal::Busy { doing: Doing::Probation } })
            }
            Goal::Cancel => Some(Answer::Refused { why: Refusal::TooLate }),
            Goal::Activate | Goal::RollBack => None,
        },
        State::RollingBack { .. } => match goal {
            Goal::Check | Goal::Prepare => {
                Some(Answer::Refused { why: Refusal::Busy { doing: Doing::RollingBack } })
            }
            Goal::Cancel => Some(Answer::Refused { why: Refusal::TooLate }),
            Goal::Activate | Goal::RollBack => None,
        },
    }
}

fn at_rest(goal: Goal, rest: &Rest, memory: &Memory, news: &News) -> Answer {
    match news {
        News::Cancelled => return Answer::Cancelled,
        News::StillRunning(blockers) => return Answer::StillRunning { blockers: blockers.clone() },
        News::Failed(failure) => return failed(failure),
        News::None => {}
    }
    match rest {
        // Only what was stopped comes to rest here.
        Rest::Fresh => Answer::Cancelled,
        Rest::UpToDate(freshness) => Answer::UpToDate {
            installed: memory.installed.as_ref().and_then(|installed| installed.version.clone()),
            checked_at: freshness.checked_at(),
            valid_until: freshness.valid_until(),
        },
        Rest::NotOffered { version, reason, .. } => {
            Answer::NotOffered { version: version.clone(), reason: reason.clone() }
        }
        Rest::Available(offer) => {
            let view = offer_view(offer);
            match goal {
                Goal::Prepare | Goal::Activate if offer.needs_consent => Answer::NeedsConsent { offer: view },
                Goal::Prepare | Goal::Activate | Goal::Check | Goal::RollBack | Goal::Cancel => {
                    Answer::Offered { offer: view }
                }
            }
        }
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
