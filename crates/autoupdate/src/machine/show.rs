//! The state, drawn for the View.
//!
//! This is the only place that says "up to date", and it asks the clock first: freshness that has run out becomes
//! "cannot verify" without any event, so a machine that was asleep or offline for a week never shows yesterday's
//! certainty.

use jiff::Timestamp;
use protocol::Mode;

use super::memory::Memory;
use super::state::{Rest, Stage, State};
use crate::error::{Actor, Phase};
use crate::policy::Offer;
use crate::policy::plan::{self, Planned, Turn};
use crate::view::{AppState, Failure, FallbackView, OfferView, Owner, Plan, Progress};

/// The code of freshness that has run out; the same as that of metadata that has.
pub const EXPIRED: &str = "E-META-EXPIRED";

/// How far a download is, as the driver measures it. It is no event: it changes nothing but the picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measured {
    /// How far.
    pub progress: Progress,
    /// All bytes are here and are compared with what was signed.
    pub verifying: bool,
    /// The last way that was given up.
    pub fallback: Option<FallbackView>,
}

/// What stays the same while states change.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Now.
    pub now: Timestamp,
    /// What may happen without asking.
    pub mode: Mode,
    /// Whose enrolment it is.
    pub owner: Owner,
    /// What outlives states.
    pub memory: &'a Memory,
    /// How far a download is.
    pub measured: &'a Measured,
    /// When a person wants a restart.
    pub plan: Option<Planned>,
}

/// The state for the View.
#[must_use]
pub fn show(state: &State, frame: &Frame<'_>) -> AppState {
    match state {
        State::Resting(rest) => show_rest(rest, frame),
        State::Checking { errand, .. } => AppState::Checking { by: errand.asker },
        State::Preparing { offer, .. } => {
            let offer = offer_view(offer);
            let measured = frame.measured.clone();
            match (measured.verifying, measured.fallback) {
                (true, _) => AppState::Verifying { offer },
                (false, Some(why)) => AppState::FallingBack { offer, progress: measured.progress, why },
                (false, None) => AppState::Downloading { offer, progress: measured.progress },
            }
        }
        State::Activating { ready, stage } => {
            let offer = offer_view(&ready.offer);
            match stage {
                Stage::Closing { blockers, until: Some(until) } if !blockers.is_empty() => {
                    AppState::WaitingForClose { offer, blockers: blockers.clone(), until: *until }
                }
                Stage::Closing { .. } | Stage::Replacing => AppState::Restarting { offer },
            }
        }
        State::Probation(fresh) => {
            AppState::Probation { from: fresh.from.clone(), to: fresh.to.clone(), until: fresh.until }
        }
        State::RollingBack { why, .. } => AppState::RollingBack { why: why.clone() },
    }
}

fn show_rest(rest: &Rest, frame: &Frame<'_>) -> AppState {
    let cannot_verify = |failure| AppState::CannotVerify { failure, last_good: frame.memory.last_good };
    match rest {
        Rest::Fresh => match frame.mode {
            Mode::Off => AppState::Disabled { by: frame.owner },
            Mode::Automatic | Mode::Download | Mode::Ask => AppState::Idle,
        },
        Rest::UpToDate(freshness) if frame.now < freshness.valid_until() => {
            AppState::UpToDate { checked_at: freshness.checked_at(), valid_until: freshness.valid_until() }
        }
        Rest::UpToDate(freshness) => cannot_verify(Failure {
            code: EXPIRED.to_owned(),
            phase: Phase::Check,
            actor: Actor::Repository,
            retry: true,
            text: format!(
                "what was verified at {} counted until {}",
                freshness.checked_at(),
                freshness.valid_until()
            ),
        }),
        Rest::NothingNewer { checked_at } => AppState::NothingNewer { checked_at: *checked_at },
        Rest::NotOffered { version, reason, checked_at } => {
            AppState::NotOffered { version: version.clone(), reason: reason.clone(), checked_at: *checked_at }
        }
        Rest::Available(offer) => AppState::Available {
            offer: offer_view(offer),
            stopped: frame
                .memory
                .stopped
                .as_ref()
                .filter(|_| frame.memory.has_stopped(offer))
                .and_then(|stopped| stopped.kept.clone()),
        },
        Rest::Deferred(offer, deferred) => {
            AppState::Deferred { offer: offer_view(offer), deferred: *deferred }
        }
        Rest::Ready(ready) => AppState::Ready {
            offer: offer_view(&ready.offer),
            planned: frame.plan.map(|plan| planned(plan, frame.now)),
        },
        Rest::CannotVerify(failure) => cannot_verify(failure.clone()),
        Rest::Failed { failure, version } => AppState::Failed {
            failure: failure.clone(),
            version: version.clone(),
            again_at: frame.memory.next_check,
        },
        Rest::Updated(report) => AppState::Updated { report: report.as_ref().clone() },
        Rest::RolledBack(undone) => {
            AppState::RolledBack { from: undone.from.clone(), to: undone.to.clone(), why: undone.why.clone() }
        }
    }
}

fn planned(plan: Planned, now: Timestamp) -> Plan {
    match plan {
        Planned::AtQuit => Plan::AtQuit,
        Planned::At { at } => Plan::At { at, counting: plan::turn(at, now) != Turn::Waits },
    }
}

/// When the picture changes by itself, without an event.
#[must_use]
pub fn changes_at(state: &State) -> Option<Timestamp> {
    match state {
        State::Resting(Rest::UpToDate(freshness)) => Some(freshness.valid_until()),
        State::Resting(
            Rest::Fresh
            | Rest::NothingNewer { .. }
            | Rest::NotOffered { .. }
            | Rest::Available(_)
            | Rest::Deferred(..)
            | Rest::Ready(_)
            | Rest::CannotVerify(_)
            | Rest::Failed { .. }
            | Rest::Updated(_)
            | Rest::RolledBack(_),
        )
        | State::Checking { .. }
        | State::Preparing { .. }
        | State::Activating { .. }
        | State::Probation(_)
        | State::RollingBack { .. } => None,
    }
}

/// An offer for the View.
#[must_use]
pub fn offer_view(offer: &Offer) -> OfferView {
    OfferView {
        version: offer.version().clone(),
        from: offer.from.clone(),
        urgency: offer.artifact.release.urgency,
        full_bytes: offer.length(),
        needs_consent: offer.needs_consent,
        notes: offer.artifact.release.notes.keys().cloned().collect(),
    }
}
