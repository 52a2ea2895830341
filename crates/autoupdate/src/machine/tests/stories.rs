//! Whole updates, as a list of events and the states they lead through.

use super::*;
use crate::handle::{Answer, Refusal};
use crate::install::Recorded;
use crate::policy::Asker;

/// Steps through `events` and gives the last state; each is written with the state that it must lead to.
fn story(world: &mut World, events: Vec<(Event, &str)>) -> State {
    let mut state = State::Resting(Rest::Fresh);
    for (event, expected) in events {
        let shown = format!("{event:?}");
        state = world.step(state, event).0;
        assert_eq!(name(&state), expected, "after {shown}");
    }
    state
}

fn both(running: bool) -> Event {
    found(&["1.0.0", "1.1.0"], running)
}

#[test]
fn in_the_background_it_gets_ready_and_waits() {
    let events = vec![
        (Event::Opened(Opened::Nothing), "fresh"),
        (Event::Due, "checking"),
        (both(true), "preparing"),
        (prepared(true), "ready"),
        (Event::Due, "checking"),
        (both(true), "ready"),
        (wanted(Reach::Activate), "closing"),
        (Event::Replacing, "replacing"),
        (Event::Activated(fresh()), "probation"),
        (Event::Committed(report()), "updated"),
        (Event::Due, "checking"),
    ];
    story(&mut World::default(), events);
}

#[test]
fn automatic_goes_on_by_itself_when_nothing_runs() {
    let automatic = || World { mode: Mode::Automatic, ..World::default() };
    let until = |running| vec![(Event::Due, "checking"), (both(running), "preparing")];
    let mut events = until(false);
    events.push((prepared(false), "closing"));
    story(&mut automatic(), events);
    let mut events = until(true);
    events.extend([(prepared(true), "ready"), (Event::Due, "checking"), (both(false), "closing")]);
    story(&mut automatic(), events);
}

#[test]
fn asking_waits_for_a_person_before_the_first_byte() {
    let events = vec![
        (Event::Due, "checking"),
        (both(false), "available"),
        (wanted(Reach::Check), "checking"),
        (both(false), "available"),
        (wanted(Reach::Prepare), "preparing"),
        (prepared(false), "ready"),
    ];
    story(&mut World { mode: Mode::Ask, ..World::default() }, events);
}

#[test]
fn a_person_who_joins_a_background_check_gets_what_they_asked_for() {
    let events = vec![
        (Event::Due, "checking"),
        (wanted(Reach::Activate), "checking"),
        (both(true), "preparing"),
        (prepared(true), "closing"),
    ];
    story(&mut World { mode: Mode::Ask, ..World::default() }, events);
}

#[test]
fn a_stage_that_is_not_offered_any_more_is_dropped() {
    let mut world = World::default();
    let state = story(
        &mut world,
        vec![(Event::Opened(Opened::Ready(ready("1.1.0"))), "ready"), (Event::Due, "checking")],
    );
    let (state, effects) = world.step(state, found(&["1.0.0"], false));
    assert_eq!((name(&state), told(&effects).as_str()), ("up to date", "why drop-stage schedule"));
}

#[test]
fn an_undo_during_probation_waits_for_the_watcher() {
    let events = vec![
        (Event::Opened(Opened::Probation(fresh())), "probation"),
        (Event::RollBackWanted, "about to roll back"),
        (Event::Cancelled, "rolling back"),
        (Event::RolledBack(undone()), "rolled back"),
    ];
    story(&mut World::default(), events);
}

#[test]
fn failures_in_a_row_are_counted_per_kind() {
    let mut world = World::default();
    let events = vec![
        (Event::Due, "checking"),
        (check_failed(no_network()), "fresh"),
        (Event::Due, "checking"),
        (both(false), "preparing"),
        (Event::PrepareFailed(no_network()), "failed"),
        (Event::Due, "checking"),
        (both(false), "preparing"),
        (Event::PrepareFailed(no_network()), "failed"),
    ];
    story(&mut world, events);
    // The good checks in between do not make the next download come sooner.
    assert_eq!((world.memory.check_failures, world.memory.update_failures), (0, 2));
}

#[test]
fn what_fails_after_it_was_prepared_is_tried_less_and_less_often() {
    let mut world = World { mode: Mode::Automatic, ..World::default() };
    let mut waits = Vec::new();
    for _ in 0..3 {
        let events = vec![
            (Event::Due, "checking"),
            (both(false), "preparing"),
            (prepared(false), "closing"),
            (Event::Activated(fresh()), "probation"),
        ];
        let state = story(&mut world, events);
        let unproven = RollBackWhy::Unproven { code: "E-RUN-UNWATCHED".to_owned(), text: String::new() };
        let (state, _) = world.step(state, Event::Unhealthy(unproven.clone()));
        let undone = Undone { why: unproven, ..undone() };
        let (_, effects) = world.step(state, Event::RolledBack(undone));
        let Some(Effect::Schedule(crate::policy::schedule::When::At(at))) = effects.last() else { panic!() };
        waits.push(at.duration_since(world.now).as_mins());
    }
    assert_eq!(waits, [5, 10, 20]);
    // A version that waits for a person does not make the checks more frequent.
    let mut world = World { memory: world.memory, ..World::default() };
    let state = story(
        &mut world,
        vec![(Event::Due, "checking"), (both(true), "preparing"), (prepared(true), "ready")],
    );
    let next = crate::policy::schedule::next(&match state {
        State::Resting(rest) => {
            world.memory.schedule(&rest, world.now, world.mode, Draw { timing: Timing::default(), draw: 0 })
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(
        next.answer,
        crate::policy::schedule::When::At(world.now + jiff::SignedDuration::from_hours(4))
    );
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let mut world = World::default();
    let state = story(&mut world, vec![(Event::Due, "checking")]);
    let retry_after = Some(std::time::Duration::from_secs(3600));
    let (_, effects) = world.step(state, Event::CheckFailed { failure: no_network(), retry_after });
    let expected = crate::testing::time("2030-06-01T13:00:00Z");
    assert_eq!(effects, [Effect::Schedule(crate::policy::schedule::When::At(expected))]);
}

/// What somebody who waits for `goal` hears when `event` comes.
fn heard(world: &mut World, state: State, event: Event, goal: Goal) -> Option<Answer> {
    let (state, _, news) = world.step_with_news(state, event);
    answer(goal, &state, &world.memory, &news)
}

#[test]
fn everybody_who_asked_is_answered() {
    let checking = |asker| State::Checking {
        errand: Errand { asker, ..person(Reach::Check) },
        before: Box::new(Rest::Ready(ready("1.1.0"))),
    };
    let mut world = World::default();
    let mut check = |state: State, event: Event, goal: Goal, expected: &str| {
        let shown = format!("{} + {event:?}", name(&state));
        let told = heard(&mut world, state, event, goal).map_or("wait".to_owned(), |answer| {
            serde_json::to_value(&answer).unwrap()["answer"].as_str().unwrap().to_owned()
        });
        assert_eq!(told, expected, "{shown} for {goal:?}");
    };
    let person = || checking(Asker::Person);
    check(person(), both(false), Goal::Check, "ready");
    check(person(), found(&["1.0.0"], false), Goal::Check, "up-to-date");
    // What is to be had stays to be had, but who asked hears that the check failed.
    check(person(), check_failed(no_network()), Goal::Check, "failed");
    check(person(), check_failed(bad_repository()), Goal::Check, "cannot-verify");
    check(person(), Event::Cancelled, Goal::Check, "cancelled");
    check(person(), Event::CancelWanted, Goal::Cancel, "wait");
    let preparing = || State::Preparing {
        errand: super::person(Reach::Prepare),
        offer: Box::new(offer("1.1.0")),
        limit: None,
        anew: false,
    };
    check(preparing(), Event::Due, Goal::Check, "offered");
    check(preparing(), Event::Due, Goal::Prepare, "wait");
    check(preparing(), prepared(true), Goal::Prepare, "ready");
    check(preparing(), Event::PrepareFailed(no_network()), Goal::Activate, "failed");
    let replacing = || State::Activating { ready: ready("1.1.0"), stage: Stage::Replacing };
    check(replacing(), Event::StillRunning { blockers: Vec::new() }, Goal::Activate, "still-running");
    check(replacing(), Event::Activated(fresh()), Goal::Activate, "wait");
    let probation = || State::Probation(fresh());
    check(probation(), Event::Committed(report()), Goal::Activate, "updated");
    let unhealthy = Event::Unhealthy(unhealthy());
    check(probation(), unhealthy, Goal::Activate, "wait");
    let back = || State::RollingBack { why: RollBackWhy::ByPerson, begun: true };
    check(back(), Event::RolledBack(undone()), Goal::Activate, "rolled-back");
    check(back(), Event::RolledBack(undone()), Goal::RollBack, "rolled-back");
}

#[test]
fn unknown_bytes_need_consent_and_say_so() {
    let unknown = || found(&["1.1.0"], false);
    let mut world = World::default();
    let state = story(&mut world, vec![(wanted(Reach::Activate), "checking")]);
    let told = heard(&mut world, state, unknown(), Goal::Activate);
    assert!(matches!(told, Some(Answer::NeedsConsent { .. })), "{told:?}");
    let consent = Event::Wanted(Errand { consent: true, ..person(Reach::Activate) });
    story(&mut World::default(), vec![(consent, "checking"), (unknown(), "preparing")]);
    // Not even in the automatic mode.
    let events = vec![(Event::Due, "checking"), (unknown(), "available")];
    story(&mut World { mode: Mode::Automatic, ..World::default() }, events);
}

#[test]
fn what_means_nothing_now_is_refused_with_a_reason() {
    let nothing = Memory::default();
    let some = Memory { previous: Some(None), ..Memory::default() };
    let rest = State::Resting(Rest::Fresh);
    assert_eq!(admit(Goal::RollBack, &rest, &nothing), Err(Refusal::NoPrevious));
    assert_eq!(admit(Goal::RollBack, &rest, &some), Ok(()));
    assert_eq!(admit(Goal::Cancel, &rest, &some), Err(Refusal::NothingToCancel));
    let replacing = State::Activating { ready: ready("1.1.0"), stage: Stage::Replacing };
    assert_eq!(admit(Goal::Cancel, &replacing, &some), Err(Refusal::TooLate));
    assert_eq!(admit(Goal::Cancel, &State::Probation(fresh()), &some), Err(Refusal::TooLate));
    let busy = admit(Goal::Check, &State::Probation(fresh()), &some);
    assert!(matches!(busy, Err(Refusal::Busy { .. })), "{busy:?}");
}

/// As [`found`], on a disk where the bytes of 1.0.0 should be and others are.
fn damaged(signed: &[&str]) -> Event {
    let Event::Checked(mut found) = found(signed, false) else { unreachable!() };
    found.installed.sha256 = Digest::of(b"damaged");
    found.installed.recorded = Some(Recorded { sha256: Digest::of(b"1.0.0"), version: version("1.0.0") });
    Event::Checked(found)
}

#[test]
fn a_damaged_program_is_put_right_by_its_own_version() {
    let repair = || Event::Wanted(Errand { repair: true, ..person(Reach::Check) });
    let both = || damaged(&["1.0.0", "1.1.0"]);
    let mut world = World { mode: Mode::Ask, ..World::default() };
    let state = story(&mut world, vec![(repair(), "checking")]);
    let (state, effects) = world.step(state, both());
    let told = format!("{effects:?}");
    assert!(matches!(&state, State::Preparing { offer, .. } if offer.repair), "{told}");
    assert!(matches!(effects.last(), Some(Effect::Prepare { full: true, .. })), "{told}");
    // A person who wants it repaired wants it to the end: it does not wait for another word.
    let (state, _) = world.step(state, prepared(true));
    assert_eq!(name(&state), "closing");
    // Who waits hears nothing before that.
    let mut world = World::default();
    let state = story(&mut world, vec![(repair(), "checking")]);
    assert_eq!(heard(&mut world, state, both(), Goal::Repair), None);
    // The schedule never repairs: it offers what is newest, and a person must agree.
    story(
        &mut World { mode: Mode::Automatic, ..World::default() },
        vec![(Event::Due, "checking"), (both(), "available")],
    );
}

#[test]
fn what_is_sound_is_said_to_be_and_the_check_counts() {
    let repair = || Event::Wanted(Errand { repair: true, ..person(Reach::Check) });
    for (signed, still) in [(&["1.0.0", "1.1.0"][..], true), (&["1.1.0"][..], false)] {
        let mut world = World { mode: Mode::Ask, ..World::default() };
        let state = story(&mut world, vec![(repair(), "checking")]);
        let Event::Checked(mut found) = found(signed, false) else { unreachable!() };
        found.installed.version = Some(version("1.0.0"));
        let told = heard(&mut world, state, Event::Checked(found), Goal::Repair);
        assert!(matches!(told, Some(Answer::Sound { signed, .. }) if signed == still), "{told:?}");
    }
    // Wanted while the schedule looks: the same look serves both.
    let mut world = World { mode: Mode::Ask, ..World::default() };
    let state = story(&mut world, vec![(Event::Due, "checking"), (repair(), "checking")]);
    assert_eq!(admit(Goal::Repair, &state, &world.memory), Ok(()));
    assert_eq!(name(&world.step(state, damaged(&["1.0.0"])).0), "preparing");
}

#[test]
fn a_program_of_no_known_version_is_repaired_by_an_update_that_a_person_agrees_to() {
    let mut world = World::default();
    let unknown = || found(&["1.1.0"], false);
    let repair = |consent| Event::Wanted(Errand { repair: true, consent, ..person(Reach::Check) });
    let state = story(&mut world, vec![(repair(false), "checking")]);
    let told = heard(&mut world, state, unknown(), Goal::Repair);
    assert!(matches!(told, Some(Answer::NeedsConsent { .. })), "{told:?}");
    story(&mut World::default(), vec![(repair(true), "checking"), (unknown(), "preparing")]);
}
