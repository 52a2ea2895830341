//! Every state with every event: which pairs mean something, and what nothing ever does.

use super::*;

fn states() -> Vec<State> {
    let person = person(Reach::Check);
    let rests = [
        Rest::Fresh,
        Rest::UpToDate(freshness(noon())),
        Rest::NothingNewer { checked_at: noon() },
        Rest::NotOffered { version: None, reason: crate::policy::Reason::Halted, checked_at: noon() },
        Rest::Available(Box::new(offer("1.1.0"))),
        Rest::Ready(ready("1.1.0")),
        Rest::CannotVerify(bad_repository()),
        Rest::Failed { failure: no_network(), version: None },
        Rest::Updated(report()),
        Rest::RolledBack(undone()),
    ];
    let closing = Stage::Closing { blockers: Vec::new(), until: None };
    let why = RollBackWhy::ByPerson;
    (rests.into_iter().map(State::Resting))
        .chain([
            State::Checking { errand: Errand::TIMER, before: Box::new(Rest::Fresh) },
            State::Checking { errand: person, before: Box::new(Rest::Ready(ready("1.1.0"))) },
            State::Preparing { errand: person, offer: Box::new(offer("1.1.0")), limit: None, anew: false },
            State::Activating { ready: ready("1.1.0"), stage: closing },
            State::Activating { ready: ready("1.1.0"), stage: Stage::Replacing },
            State::Probation(fresh()),
            State::RollingBack { why: why.clone(), begun: false },
            State::RollingBack { why, begun: true },
        ])
        .collect()
}

fn events() -> Vec<Event> {
    vec![
        Event::Due,
        wanted(Reach::Check),
        wanted(Reach::Prepare),
        wanted(Reach::Activate),
        Event::RollBackWanted,
        Event::CancelWanted,
        Event::Opened(Opened::Nothing),
        Event::Opened(Opened::Ready(ready("1.1.0"))),
        Event::Opened(Opened::Probation(fresh())),
        Event::Opened(Opened::RolledBack(undone())),
        found(&["1.0.0"], false),
        found(&["1.0.0", "1.1.0"], true),
        check_failed(no_network()),
        check_failed(bad_repository()),
        prepared(false),
        Event::PrepareFailed(no_network()),
        Event::Closing { blockers: Vec::new(), until: noon() },
        Event::Replacing,
        Event::StillRunning { blockers: Vec::new() },
        Event::Activated(fresh()),
        Event::ActivateFailed(no_network()),
        Event::Committed(report()),
        Event::Unhealthy(unhealthy()),
        Event::RolledBack(undone()),
        Event::RollBackFailed(no_network()),
        Event::Cancelled,
    ]
}

/// Every pair of state and event that does something.
fn all() -> Vec<(State, Event, State, Vec<Effect>)> {
    let mut all = Vec::new();
    for state in states() {
        for event in events() {
            let mut world = World::default();
            world.memory.previous = Some(Some(version("0.9.0")));
            let (next, effects) = world.step(state.clone(), event.clone());
            all.push((state.clone(), event, next, effects));
        }
    }
    all
}

const fn starts_work(effect: &Effect) -> bool {
    match effect {
        Effect::Check { .. } | Effect::Prepare { .. } | Effect::Activate(_) | Effect::RollBack { .. } => true,
        Effect::Schedule(_) | Effect::Cancel | Effect::Persist(_) => false,
    }
}

#[test]
fn work_runs_exactly_while_nothing_rests() {
    for (state, event, next, effects) in all() {
        let started = effects.iter().filter(|effect| starts_work(effect)).count();
        assert!(started <= 1, "{} + {event:?}: {effects:?}", name(&state));
        if matches!(next, State::Resting(_)) {
            assert_eq!(started, 0, "{} + {event:?} rests, and {effects:?}", name(&state));
        }
        if matches!(state, State::Resting(_)) && !matches!(next, State::Resting(_)) {
            assert_eq!(started, 1, "{} + {event:?} runs nothing", name(&state));
        }
    }
}

#[test]
fn whoever_comes_to_rest_plans_the_next_check() {
    for (state, event, next, effects) in all() {
        if matches!((&state, &next), (State::Resting(_), State::Resting(_))) {
            continue;
        }
        let planned = effects.iter().any(|effect| matches!(effect, Effect::Schedule(_)));
        assert_eq!(planned, matches!(next, State::Resting(_)), "{} + {event:?}", name(&state));
    }
}

#[test]
fn only_a_verified_check_says_up_to_date() {
    for (state, event, next, _) in all() {
        if let State::Resting(Rest::UpToDate(_)) = next {
            let stayed = state == next;
            let came_back =
                matches!(&state, State::Checking { before, .. } if matches!(**before, Rest::UpToDate(_)));
            assert!(
                stayed || came_back || matches!(event, Event::Checked(_)),
                "{} + {event:?}",
                name(&state)
            );
        }
    }
}

#[test]
fn nothing_is_activated_that_was_not_staged() {
    for (state, event, next, _) in all() {
        if name(&next) == "closing" && name(&state) != "closing" {
            let staged = matches!(&event, Event::Prepared { .. })
                || matches!(&state, State::Resting(Rest::Ready(_)))
                || matches!(&state, State::Checking { before, .. } if matches!(**before, Rest::Ready(_)));
            assert!(staged, "{} + {event:?}", name(&state));
        }
    }
}

#[test]
fn pairs_that_mean_something() {
    let check = |state: &State, event: &Event, next: &str, effects: &str| {
        let mut world = World::default();
        world.memory.previous = Some(None);
        let (then, done) = world.step(state.clone(), event.clone());
        assert_eq!((name(&then), told(&done).as_str()), (next, effects), "{} + {event:?}", name(state));
    };
    let rest = State::Resting(Rest::Fresh);
    let checking = State::Checking { errand: person(Reach::Check), before: Box::new(Rest::Fresh) };
    let timed = State::Checking { errand: Errand::TIMER, before: Box::new(Rest::Fresh) };
    let preparing =
        State::Preparing { errand: Errand::TIMER, offer: Box::new(offer("1.1.0")), limit: None, anew: false };
    let closing = State::Activating {
        ready: ready("1.1.0"),
        stage: Stage::Closing { blockers: Vec::new(), until: None },
    };
    let replacing = State::Activating { ready: ready("1.1.0"), stage: Stage::Replacing };
    let probation = State::Probation(fresh());
    let unhealthy = Event::Unhealthy(unhealthy());
    let both = found(&["1.0.0", "1.1.0"], false);

    check(&rest, &Event::Due, "checking", "check");
    check(&rest, &wanted(Reach::Activate), "checking", "check");
    check(&rest, &Event::RollBackWanted, "rolling back", "roll-back");
    check(&rest, &Event::Opened(Opened::Probation(fresh())), "probation", "watch");
    check(&timed, &found(&["1.0.0"], false), "up to date", "why schedule");
    check(&timed, &both, "preparing", "why prepare");
    check(&timed, &check_failed(no_network()), "fresh", "schedule");
    check(&timed, &check_failed(bad_repository()), "cannot verify", "history schedule");
    check(&checking, &check_failed(no_network()), "failed", "history schedule");
    check(&checking, &Event::CancelWanted, "checking", "cancel");
    check(&checking, &Event::Cancelled, "fresh", "schedule");
    check(&checking, &Event::Due, "checking", "");
    check(&preparing, &prepared(true), "ready", "remember schedule");
    check(&preparing, &Event::PrepareFailed(no_network()), "failed", "history schedule");
    check(&preparing, &Event::CancelWanted, "preparing", "cancel");
    check(&preparing, &Event::Cancelled, "available", "schedule");
    check(&closing, &Event::CancelWanted, "closing", "cancel");
    check(&closing, &Event::Cancelled, "ready", "schedule");
    check(&closing, &Event::StillRunning { blockers: Vec::new() }, "ready", "schedule");
    check(&replacing, &Event::CancelWanted, "replacing", "");
    check(&replacing, &Event::Activated(fresh()), "probation", "");
    check(&replacing, &Event::ActivateFailed(no_network()), "failed", "history schedule");
    check(&probation, &Event::Committed(report()), "updated", "history schedule");
    check(&probation, &unhealthy, "rolling back", "roll-back");
    check(&probation, &Event::RollBackWanted, "about to roll back", "cancel");
    check(&probation, &Event::Cancelled, "probation", "watch");
    check(&probation, &Event::Opened(Opened::Nothing), "fresh", "schedule");
    check(&checking, &Event::Opened(Opened::Probation(fresh())), "probation", "watch");
    check(&preparing, &Event::Opened(Opened::Probation(fresh())), "probation", "watch");
    let about = State::RollingBack { why: RollBackWhy::ByPerson, begun: false };
    check(&about, &Event::Cancelled, "rolling back", "roll-back");
    check(&about, &Event::Committed(report()), "rolling back", "history roll-back");
    let back = State::RollingBack { why: RollBackWhy::ByPerson, begun: true };
    check(&back, &Event::RolledBack(undone()), "rolled back", "history schedule");
    check(&back, &Event::Cancelled, "rolling back", "");
}

#[test]
fn a_failed_check_hides_nothing_that_is_to_be_had() {
    for before in [Rest::Ready(ready("1.1.0")), Rest::Available(Box::new(offer("1.1.0")))] {
        for failure in [no_network(), bad_repository()] {
            let state = State::Checking { errand: person(Reach::Check), before: Box::new(before.clone()) };
            let (next, _) = World::default().step(state, check_failed(failure));
            assert_eq!(next, State::Resting(before.clone()));
        }
    }
}

#[test]
fn off_means_off_except_for_people() {
    let mut world = World { mode: Mode::Off, ..World::default() };
    let rest = || State::Resting(Rest::Fresh);
    assert_eq!(world.step(rest(), Event::Due), (rest(), Vec::new()));
    let (state, _) = world.step(rest(), wanted(Reach::Check));
    let (state, effects) = world.step(state, found(&["1.1.0", "1.0.0"], false));
    assert_eq!((name(&state), told(&effects).as_str()), ("available", "why schedule"));
    assert!(effects.contains(&Effect::Schedule(crate::policy::schedule::When::Never)));
}
