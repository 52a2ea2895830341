//! The next state, and what to do.
//!
//! One function per state, each with every event written out. `stay` marks the pairs that mean nothing: they change
//! nothing, and the driver logs them.

use jiff::Timestamp;
use protocol::Mode;

use super::assurance::Assurance;
use super::decide::{Who, choices, decide, repair};
use super::effect::{Activation, Effect, Note};
use super::event::{Event, Found, Lately, Opened};
use super::memory::{Draw, Memory};
use super::preparing::{Preparing, prepare_or_ask, preparing, ready_to};
use super::state::{Errand, Fresh, Reach, Ready, Rest, Stage, State};
use crate::error::{Actor, Phase};
use crate::policy::deferral::Moment;
use crate::policy::plan::Planned;
use crate::policy::repair::Repair;
use crate::policy::{Decision, Reason, Trace, schedule};
use crate::view::{Failure, RollBackWhy};

/// What [`step`] may know beside state and event.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Now.
    pub now: Timestamp,
    /// Which app, for whom.
    pub who: Who<'a>,
    /// What may happen without asking.
    pub mode: Mode,
    /// For the schedule.
    pub draw: Draw,
    /// What outlives states; it has taken note of the event already.
    pub memory: &'a Memory,
    /// What this moment allows to happen by itself.
    pub moment: &'a Moment,
    /// When a person wants a restart.
    pub plan: Option<Planned>,
}

pub(super) type Next = (State, Vec<Effect>);

/// The next state, and what to do, in this order.
#[must_use]
pub fn step(state: State, event: Event, facts: &Facts<'_>) -> Next {
    match state {
        State::Resting(rest) => resting(rest, event, facts),
        State::Checking { errand, before } => checking(errand, before, event, facts),
        State::Preparing { errand, offer, limit, anew } => {
            preparing(Preparing { errand, offer, limit, anew }, event, facts)
        }
        State::Activating { ready, stage } => activating(ready, stage, event, facts),
        State::Probation(fresh) => probation(fresh, event, facts),
        State::RollingBack { why, begun } => rolling_back(why, begun, event, facts),
    }
}

pub(super) fn resting(rest: Rest, event: Event, facts: &Facts<'_>) -> Next {
    match event {
        Event::Due => match facts.mode {
            Mode::Off => stay(State::Resting(rest)),
            Mode::Automatic | Mode::Download | Mode::Ask => check(Errand::TIMER, rest),
        },
        Event::Wanted(errand) => wanted(rest, errand, facts),
        Event::Moment => eased(rest, facts),
        Event::Quit => quit(rest, facts),
        Event::RollBackWanted if facts.memory.previous.is_some() => roll_back(RollBackWhy::ByPerson),
        Event::Opened(opened) => match opened {
            Opened::Nothing => rest_in(rest, Vec::new(), facts),
            Opened::Ready(ready) => rest_in(Rest::Ready(ready), Vec::new(), facts),
            Opened::Probation(fresh) => watch(fresh),
            Opened::Lately(Lately::Updated(report)) => rest_in(Rest::Updated(report), Vec::new(), facts),
            Opened::Lately(Lately::RolledBack(undone)) => {
                rest_in(Rest::RolledBack(undone), Vec::new(), facts)
            }
            Opened::RolledBack(undone) => {
                let note = Effect::Persist(Note::RolledBack(undone.clone()));
                rest_in(Rest::RolledBack(undone), vec![note], facts)
            }
        },
        Event::RollBackWanted
        | Event::CancelWanted
        | Event::Checked(_)
        | Event::CheckFailed { .. }
        | Event::PutOff(_)
        | Event::Prepared { .. }
        | Event::PrepareFailed(_)
        | Event::Closing { .. }
        | Event::Replacing
        | Event::StillRunning { .. }
        | Event::Activated(_)
        | Event::ActivateFailed(_)
        | Event::Committed(_)
        | Event::Unhealthy(_)
        | Event::RolledBack(_)
        | Event::RollBackFailed(_)
        | Event::Cancelled => stay(State::Resting(rest)),
    }
}

/// What may happen by itself has changed: what waited for that is looked at again.
fn eased(rest: Rest, facts: &Facts<'_>) -> Next {
    match rest {
        Rest::Deferred(offer, _) => prepare_or_ask(offer, Errand::TIMER, facts),
        // A check first: whatever was prepared may have been recalled meanwhile, and the program may run again.
        Rest::Ready(_) if facts.memory.put_off && facts.moment.replace.is_none() => {
            check(Errand::TIMER, rest)
        }
        Rest::Fresh
        | Rest::UpToDate(_)
        | Rest::NothingNewer { .. }
        | Rest::NotOffered { .. }
        | Rest::Available(_)
        | Rest::Ready(_)
        | Rest::CannotVerify(_)
        | Rest::Failed { .. }
        | Rest::Updated(_)
        | Rest::RolledBack(_) => stay(State::Resting(rest)),
    }
}

/// The program was closed, and nothing is in the way of what is prepared.
fn quit(rest: Rest, facts: &Facts<'_>) -> Next {
    match rest {
        Rest::Ready(ready) => ready_to(Errand::TIMER, ready, false, Vec::new(), facts),
        Rest::Fresh
        | Rest::UpToDate(_)
        | Rest::NothingNewer { .. }
        | Rest::NotOffered { .. }
        | Rest::Available(_)
        | Rest::Deferred(..)
        | Rest::CannotVerify(_)
        | Rest::Failed { .. }
        | Rest::Updated(_)
        | Rest::RolledBack(_) => stay(State::Resting(rest)),
    }
}

/// A person's errand while nothing runs: go on from what is there, or look first.
fn wanted(rest: Rest, errand: Errand, facts: &Facts<'_>) -> Next {
    match rest {
        Rest::Available(offer) | Rest::Deferred(offer, _) if errand.reach >= Reach::Prepare => {
            prepare_or_ask(offer, errand, facts)
        }
        Rest::Ready(ready) if errand.reach == Reach::Activate => activate(ready),
        Rest::Ready(ready) if errand.reach == Reach::Prepare => stay(State::Resting(Rest::Ready(ready))),
        Rest::Fresh
        | Rest::UpToDate(_)
        | Rest::NothingNewer { .. }
        | Rest::NotOffered { .. }
        | Rest::Available(_)
        | Rest::Deferred(..)
        | Rest::Ready(_)
        | Rest::CannotVerify(_)
        | Rest::Failed { .. }
        | Rest::Updated(_)
        | Rest::RolledBack(_) => check(errand, rest),
    }
}

fn checking(errand: Errand, before: Box<Rest>, event: Event, facts: &Facts<'_>) -> Next {
    match event {
        Event::Wanted(more) => stay(State::Checking { errand: errand.and(more), before }),
        Event::CancelWanted => (State::Checking { errand, before }, vec![Effect::Cancel]),
        Event::Checked(found) => found_out(errand, *before, &found, facts),
        Event::CheckFailed { failure, .. } => check_failed(errand, *before, failure, facts),
        Event::Cancelled => rest_in(*before, Vec::new(), facts),
        // Another updater had left something unfinished, and that comes first.
        Event::Opened(_) => resting(*before, event, facts),
        Event::Due
        | Event::Moment
        | Event::Quit
        | Event::PutOff(_)
        | Event::RollBackWanted
        | Event::Prepared { .. }
        | Event::PrepareFailed(_)
        | Event::Closing { .. }
        | Event::Replacing
        | Event::StillRunning { .. }
        | Event::Activated(_)
        | Event::ActivateFailed(_)
        | Event::Committed(_)
        | Event::Unhealthy(_)
        | Event::RolledBack(_)
        | Event::RollBackFailed(_) => stay(State::Checking { errand, before }),
    }
}

/// A check that gave an answer: what does it come to?
fn found_out(errand: Errand, before: Rest, found: &Found, facts: &Facts<'_>) -> Next {
    if errand.repair {
        return looked_over(errand, before, found, facts);
    }
    offered(errand, before, found, Vec::new(), facts)
}

/// A check for the sake of a repair: first the installed bytes are put right, if they have to be. `errand` is done as far as it is
/// about that.
fn looked_over(errand: Errand, before: Rest, found: &Found, facts: &Facts<'_>) -> Next {
    let repair = repair(found, errand.asker, &facts.who, facts.now);
    let errand = Errand { repair: false, ..errand };
    // Who wants it repaired wants that to the end.
    let through = Errand { reach: Reach::Activate, full: true, ..errand };
    match repair.answer {
        Repair::Sound => offered(errand, before, found, repair.trace, facts),
        Repair::Update => offered(through, before, found, repair.trace, facts),
        Repair::Restore(offer) => {
            let (state, more) = prepare_or_ask(offer, through, facts);
            let choices = choices(found, &facts.who, facts.now);
            let mut effects = vec![Effect::Persist(Note::Decided { trace: repair.trace, choices })];
            effects.extend(more);
            (state, effects)
        }
    }
}

/// What is offered, and what follows from that. `trace` is what was asked before.
fn offered(errand: Errand, before: Rest, found: &Found, mut trace: Vec<Trace>, facts: &Facts<'_>) -> Next {
    let kept = still_named(found, &before);
    let found = kept.as_ref().unwrap_or(found);
    let decided = decide(found, errand.asker, &facts.who, facts.now);
    trace.extend(decided.trace);
    let choices = choices(found, &facts.who, facts.now);
    let mut effects = vec![Effect::Persist(Note::Decided { trace, choices })];
    let not_offered = |version, reason| Rest::NotOffered { version, reason, checked_at: facts.now };
    let rest = match decided.answer {
        Decision::Offer(offer) => {
            let was_ready = match before {
                // The stage is what is offered still: nothing to fetch.
                Rest::Ready(ready) if ready.offer.artifact.sha256 == offer.artifact.sha256 => {
                    return ready_to(errand, ready, found.running, effects, facts);
                }
                other => matches!(other, Rest::Ready(_)),
            };
            let (state, more) = prepare_or_ask(offer, errand, facts);
            // Preparing replaces an old stage by itself; waiting for a person does not.
            if was_ready && matches!(state, State::Resting(_)) {
                effects.push(Effect::Persist(Note::DropStage));
            }
            effects.extend(more);
            return (state, effects);
        }
        Decision::UpToDate => match found.assurance {
            Assurance::Fresh(freshness) => Rest::UpToDate(freshness),
            Assurance::Answered { at, .. } => Rest::NothingNewer { checked_at: at },
        },
        Decision::NotOffered { version, reason } => not_offered(version, reason),
        Decision::GoBack { recalled } => {
            let unattended = facts.mode == Mode::Automatic && !found.running;
            if unattended && facts.memory.previous.is_some() {
                let (state, more) = roll_back(RollBackWhy::Recalled);
                effects.extend(more);
                return (state, effects);
            }
            not_offered(Some(recalled), Reason::Recalled)
        }
    };
    if matches!(before, Rest::Ready(_)) {
        effects.push(Effect::Persist(Note::DropStage));
    }
    rest_in(rest, effects, facts)
}

/// What was offered before, where a source only says that it has nothing: a "no" that nobody signed takes nothing back, but every
/// rule of this machine is asked about it again.
fn still_named(found: &Found, before: &Rest) -> Option<Found> {
    let (Assurance::Answered { .. }, [], Some(offer)) =
        (found.assurance, found.artifacts.as_slice(), before.offer())
    else {
        return None;
    };
    Some(Found { artifacts: vec![offer.artifact.clone()], ways: offer.ways.clone(), ..found.clone() })
}

fn check_failed(errand: Errand, before: Rest, failure: Failure, facts: &Facts<'_>) -> Next {
    let shown = match before {
        // What is there to be had stays to be had; that the check failed is told to who asked.
        Rest::Available(_) | Rest::Deferred(..) | Rest::Ready(_) => {
            return rest_in(before, Vec::new(), facts);
        }
        Rest::Fresh
        | Rest::UpToDate(_)
        | Rest::NothingNewer { .. }
        | Rest::NotOffered { .. }
        | Rest::CannotVerify(_)
        | Rest::Failed { .. }
        | Rest::Updated(_)
        | Rest::RolledBack(_) => match (cannot_verify(&failure), errand.asker.is_person()) {
            (true, _) => Rest::CannotVerify(failure.clone()),
            (false, true) => Rest::Failed { failure: failure.clone(), version: None },
            // Nobody asked and nothing is wrong with what we know: no bother. Freshness runs out by itself.
            (false, false) => return rest_in(before, Vec::new(), facts),
        },
    };
    let note = Effect::Persist(Note::Failed { version: None, failure });
    rest_in(shown, vec![note], facts)
}

/// What a source did that no honest one does, beside metadata that does not verify. A server that is busy, out of order or
/// somewhere else (429, 5xx, 404, a redirect that is not followed) has not been heard, which proves nothing.
const NOT_AS_ANNOUNCED: &[&str] = &[
    "E-NET-TOO-LONG",
    "E-NET-LENGTH",
    "E-NET-CODING",
    "E-LANTERN-ANSWER",
    "E-LANTERN-ANSWER-SIGNATURE",
    "E-LANTERN-SIGNATURE",
    "E-LANTERN-URL",
];

/// Whether a failed check means that the source's word cannot be believed, as opposed to not having heard it.
pub(super) fn cannot_verify(failure: &Failure) -> bool {
    let of_metadata =
        failure.code.starts_with("E-META-") || NOT_AS_ANNOUNCED.contains(&failure.code.as_str());
    failure.actor == Actor::Repository && failure.phase == Phase::Check && of_metadata
}

fn activating(ready: Box<Ready>, stage: Stage, event: Event, facts: &Facts<'_>) -> Next {
    match event {
        Event::Closing { blockers, until } => match stage {
            Stage::Closing { .. } => {
                stay(State::Activating { ready, stage: Stage::Closing { blockers, until: Some(until) } })
            }
            // Too late: nothing closes any more.
            Stage::Replacing => stay(State::Activating { ready, stage }),
        },
        Event::Replacing => stay(State::Activating { ready, stage: Stage::Replacing }),
        Event::CancelWanted => match stage {
            Stage::Closing { .. } => (State::Activating { ready, stage }, vec![Effect::Cancel]),
            Stage::Replacing => stay(State::Activating { ready, stage }),
        },
        Event::StillRunning { .. } | Event::Cancelled => rest_in(Rest::Ready(ready), Vec::new(), facts),
        Event::Activated(fresh) => stay(State::Probation(fresh)),
        Event::ActivateFailed(failure) => {
            let version = Some(ready.offer.version().clone());
            let note = Effect::Persist(Note::Failed { version: version.clone(), failure: failure.clone() });
            rest_in(Rest::Failed { failure, version }, vec![note], facts)
        }
        Event::Due
        | Event::Moment
        | Event::Quit
        | Event::PutOff(_)
        | Event::Wanted(_)
        | Event::RollBackWanted
        | Event::Opened(_)
        | Event::Checked(_)
        | Event::CheckFailed { .. }
        | Event::Prepared { .. }
        | Event::PrepareFailed(_)
        | Event::Committed(_)
        | Event::Unhealthy(_)
        | Event::RolledBack(_)
        | Event::RollBackFailed(_) => stay(State::Activating { ready, stage }),
    }
}

fn probation(fresh: Fresh, event: Event, facts: &Facts<'_>) -> Next {
    match event {
        Event::Committed(report) => {
            let note = Effect::Persist(Note::Updated(report.clone()));
            rest_in(Rest::Updated(report), vec![note], facts)
        }
        Event::Unhealthy(why) => roll_back(why),
        // Whoever watches holds the program's place: it must let go first.
        Event::RollBackWanted => {
            (State::RollingBack { why: RollBackWhy::ByPerson, begun: false }, vec![Effect::Cancel])
        }
        // The watching could not go on, for example because another updater holds the place.
        Event::ActivateFailed(failure) => {
            let version = Some(fresh.to);
            let note = Effect::Persist(Note::Failed { version: version.clone(), failure: failure.clone() });
            rest_in(Rest::Failed { failure, version }, vec![note], facts)
        }
        // Who waited for the program to close was told to stop a moment too late. It is watched on: a probation has one
        // of two ends. (Where the engine itself stops, nothing is begun any more, and the next one goes on.)
        Event::Cancelled => watch(fresh),
        // Another updater has ended it.
        Event::Opened(_) => resting(Rest::Fresh, event, facts),
        Event::Due
        | Event::Moment
        | Event::Quit
        | Event::PutOff(_)
        | Event::Wanted(_)
        | Event::CancelWanted
        | Event::Checked(_)
        | Event::CheckFailed { .. }
        | Event::Prepared { .. }
        | Event::PrepareFailed(_)
        | Event::Closing { .. }
        | Event::Replacing
        | Event::StillRunning { .. }
        | Event::Activated(_)
        | Event::RolledBack(_)
        | Event::RollBackFailed(_) => stay(State::Probation(fresh)),
    }
}

fn rolling_back(why: RollBackWhy, begun: bool, event: Event, facts: &Facts<'_>) -> Next {
    match event {
        Event::RolledBack(undone) => {
            let note = Effect::Persist(Note::RolledBack(undone.clone()));
            rest_in(Rest::RolledBack(undone), vec![note], facts)
        }
        Event::RollBackFailed(failure) => {
            let note = Effect::Persist(Note::Failed { version: None, failure: failure.clone() });
            rest_in(Rest::Failed { failure, version: None }, vec![note], facts)
        }
        // What ran before has ended, one way or another.
        Event::Cancelled | Event::ActivateFailed(_) | Event::Opened(_) if !begun => roll_back(why),
        Event::Unhealthy(why) if !begun => roll_back(why),
        Event::Committed(report) if !begun => {
            let (state, mut effects) = roll_back(why);
            effects.insert(0, Effect::Persist(Note::Updated(report)));
            (state, effects)
        }
        Event::Due
        | Event::Moment
        | Event::Quit
        | Event::PutOff(_)
        | Event::Wanted(_)
        | Event::RollBackWanted
        | Event::CancelWanted
        | Event::Opened(_)
        | Event::Checked(_)
        | Event::CheckFailed { .. }
        | Event::Prepared { .. }
        | Event::PrepareFailed(_)
        | Event::Closing { .. }
        | Event::Replacing
        | Event::StillRunning { .. }
        | Event::Activated(_)
        | Event::ActivateFailed(_)
        | Event::Committed(_)
        | Event::Unhealthy(_)
        | Event::Cancelled => stay(State::RollingBack { why, begun }),
    }
}

fn check(errand: Errand, before: Rest) -> Next {
    let effect = Effect::Check { asker: errand.asker };
    (State::Checking { errand, before: Box::new(before) }, vec![effect])
}

pub(super) fn activate(ready: Box<Ready>) -> Next {
    let effect = Effect::Activate(Activation::Begin(ready.clone()));
    (State::Activating { ready, stage: Stage::Closing { blockers: Vec::new(), until: None } }, vec![effect])
}

/// A version on probation whose watcher has gone.
fn watch(fresh: Fresh) -> Next {
    let watch = Effect::Activate(Activation::Watch(fresh.clone()));
    (State::Probation(fresh), vec![watch])
}

fn roll_back(why: RollBackWhy) -> Next {
    (State::RollingBack { why: why.clone(), begun: true }, vec![Effect::RollBack { why }])
}

/// Comes to rest, and plans the next check.
pub(super) fn rest_in(rest: Rest, mut effects: Vec<Effect>, facts: &Facts<'_>) -> Next {
    let next = schedule::next(&facts.memory.schedule(&rest, facts.now, facts.mode, facts.draw));
    effects.push(Effect::Schedule(next.answer));
    (State::Resting(rest), effects)
}

pub(super) const fn stay(state: State) -> Next {
    (state, Vec::new())
}
