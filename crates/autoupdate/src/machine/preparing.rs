//! From an offer to what is ready: what the gates let through, and what happens while the bytes come.

use super::effect::{Effect, Note};
use super::event::Event;
use super::state::{Errand, Ready, Rest, State};
use super::step::{Facts, Next, activate, rest_in, resting, stay};
use crate::policy::gate::{self, Download, Restart};
use crate::policy::{Decided, Offer};

/// What [`State::Preparing`] holds.
pub(super) struct Preparing {
    pub(super) errand: Errand,
    pub(super) offer: Box<Offer>,
    pub(super) limit: Option<u64>,
    pub(super) anew: bool,
}

pub(super) fn preparing(run: Preparing, event: Event, facts: &Facts<'_>) -> Next {
    let Preparing { errand, offer, limit, anew } = run;
    let with = |errand, anew| State::Preparing { errand, offer: offer.clone(), limit, anew };
    match event {
        Event::Wanted(more) => stay(with(errand.and(more), anew)),
        Event::CancelWanted => (with(errand, false), vec![Effect::Cancel]),
        Event::Moment => match may_fetch(errand, &offer, facts).answer {
            Download::Go { limit: now } if now.is_none() || now == limit => stay(with(errand, anew)),
            Download::Go { .. } | Download::Wait(_) | Download::Ask(_) => {
                (with(errand, true), vec![Effect::Cancel])
            }
        },
        Event::Prepared { cost, running } => {
            let ready = Box::new(Ready { offer: *offer, cost: *cost });
            let note = Effect::Persist(Note::Ready(ready.clone()));
            ready_to(errand, ready, running, vec![note], facts)
        }
        Event::PrepareFailed(failure) => {
            let version = Some(offer.version().clone());
            let note = Effect::Persist(Note::Failed { version: version.clone(), failure: failure.clone() });
            rest_in(Rest::Failed { failure, version }, vec![note], facts)
        }
        // Meanwhile a person may have said: all the same.
        Event::PutOff(_) if errand.wish().fetch => prepare_or_ask(offer, errand, facts),
        Event::PutOff(deferred) => rest_in(Rest::Deferred(offer, deferred), Vec::new(), facts),
        Event::Cancelled if anew => prepare_or_ask(offer, errand, facts),
        Event::Cancelled => rest_in(Rest::Available(offer), Vec::new(), facts),
        // Another updater had left something unfinished, and that comes first.
        Event::Opened(_) => resting(Rest::Available(offer), event, facts),
        Event::Due
        | Event::Quit
        | Event::RollBackWanted
        | Event::Checked(_)
        | Event::CheckFailed { .. }
        | Event::Closing { .. }
        | Event::Replacing
        | Event::StillRunning { .. }
        | Event::Activated(_)
        | Event::ActivateFailed(_)
        | Event::Committed(_)
        | Event::Unhealthy(_)
        | Event::RolledBack(_)
        | Event::RollBackFailed(_) => stay(with(errand, anew)),
    }
}

/// May the offer be fetched: now, later, or when a person says so?
pub(super) fn prepare_or_ask(offer: Box<Offer>, errand: Errand, facts: &Facts<'_>) -> Next {
    let Decided { answer, trace } = may_fetch(errand, &offer, facts);
    let told = Effect::Persist(Note::Gated { trace, put_off: false });
    match answer {
        Download::Go { limit } => {
            let effect = Effect::Prepare { offer: offer.clone(), full: errand.full, limit };
            (State::Preparing { errand, offer, limit, anew: false }, vec![told, effect])
        }
        Download::Wait(deferred) => rest_in(Rest::Deferred(offer, deferred), vec![told], facts),
        Download::Ask(_) => rest_in(Rest::Available(offer), vec![told], facts),
    }
}

fn may_fetch(errand: Errand, offer: &Offer, facts: &Facts<'_>) -> Decided<Download> {
    let stopped = facts.memory.has_stopped(offer);
    gate::download(facts.mode, errand.wish(), offer, facts.moment, stopped)
}

/// A verified stage is there: put it in place, or wait for a person, or for a better moment.
pub(super) fn ready_to(
    errand: Errand,
    ready: Box<Ready>,
    running: bool,
    mut effects: Vec<Effect>,
    facts: &Facts<'_>,
) -> Next {
    let Decided { answer, trace } =
        gate::restart(facts.mode, errand.wish(), running, facts.plan, facts.moment);
    effects.push(Effect::Persist(Note::Gated { trace, put_off: matches!(answer, Restart::Wait(_)) }));
    match answer {
        Restart::Go => {
            let (state, more) = activate(ready);
            effects.extend(more);
            (state, effects)
        }
        Restart::Ask | Restart::WhenClosed | Restart::Wait(_) => rest_in(Rest::Ready(ready), effects, facts),
    }
}
