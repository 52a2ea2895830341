//! What waits for a better moment, as stories.

use super::*;
use crate::policy::deferral::{Deferral, Deferred};

fn metered(limit: u64) -> Deferred {
    Deferred { why: Deferral::Metered { limit }, until: None }
}

fn waits() -> Moment {
    Moment { fetch: Some(metered(0)), replace: Some(metered(0)), ..Moment::default() }
}

/// Steps through events and tells each state with its effects.
fn story(world: &mut World, mut state: State, events: Vec<(Event, &str)>) -> State {
    for (event, expected) in events {
        let about = format!("{event:?}");
        let (next, effects) = world.step(state, event);
        let told = format!("{} | {}", name(&next), told(&effects));
        assert_eq!(told.trim_end_matches(" | "), expected, "{about:.80}");
        state = next;
    }
    state
}

fn checking() -> State {
    State::Checking { errand: Errand::TIMER, before: Box::new(Rest::Fresh) }
}

#[test]
fn a_download_is_put_off_and_goes_on_by_itself() {
    let mut world = World { moment: waits(), ..World::default() };
    let state =
        story(&mut world, checking(), vec![(found(&["1.0.0", "1.1.0"], true), "deferred | why schedule")]);
    let state = story(&mut world, state, vec![(Event::Moment, "deferred | schedule")]);
    world.moment = Moment::default();
    story(
        &mut world,
        state,
        vec![(Event::Moment, "preparing | prepare"), (prepared(true), "ready | remember schedule")],
    );
}

#[test]
fn a_person_waits_for_no_moment() {
    let mut world = World { moment: waits(), ..World::default() };
    let events = vec![
        (found(&["1.0.0", "1.1.0"], true), "deferred | why schedule"),
        (wanted(Reach::Prepare), "preparing | prepare"),
    ];
    let state = story(&mut world, checking(), events);
    // The network changes once more: what a person wants goes on.
    story(
        &mut world,
        state,
        vec![(Event::Moment, "preparing"), (prepared(true), "ready | remember schedule")],
    );
}

#[test]
fn a_download_stops_when_the_moment_is_no_good_any_more() {
    let mut world = World::default();
    let state =
        story(&mut world, checking(), vec![(found(&["1.0.0", "1.1.0"], true), "preparing | why prepare")]);
    world.moment = waits();
    story(
        &mut world,
        state,
        vec![(Event::Moment, "preparing | cancel"), (Event::Cancelled, "deferred | schedule")],
    );
}

#[test]
fn over_a_metered_network_only_short_ways_are_taken() {
    let mut world = World { moment: Moment { limit: Some(10), ..Moment::default() }, ..World::default() };
    let (state, effects) = world.step(checking(), found(&["1.0.0", "1.1.0"], true));
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Prepare { limit: Some(10), .. })),
        "{effects:?}"
    );
    let put_off = Event::PutOff(metered(10));
    let state = story(&mut world, state, vec![(put_off.clone(), "deferred | schedule")]);
    // A person who says so meanwhile gets it, on whatever way.
    let (state, _) = world.step(state, Event::Moment);
    let (state, effects) = world.step(state, wanted(Reach::Prepare));
    assert_eq!(told(&effects), "");
    let (_, effects) = world.step(state, put_off);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Prepare { limit: None, .. })),
        "{effects:?}"
    );
}

#[test]
fn who_cancels_is_not_overruled_by_the_moment() {
    let mut world = World::default();
    let state =
        story(&mut world, checking(), vec![(found(&["1.0.0", "1.1.0"], true), "preparing | why prepare")]);
    let events = vec![
        (Event::CancelWanted, "preparing | cancel"),
        (Event::Cancelled, "available | schedule"),
        (Event::Moment, "available"),
    ];
    story(&mut world, state, events);
}

#[test]
fn what_is_ready_goes_in_place_when_the_program_is_closed() {
    let closed = |world: &mut World, expected| {
        story(world, State::Resting(Rest::Ready(ready("1.1.0"))), vec![(Event::Quit, expected)])
    };
    closed(&mut World { mode: Mode::Automatic, ..World::default() }, "closing | activate");
    closed(&mut World { mode: Mode::Download, ..World::default() }, "ready | schedule");
    let planned = |mode| World { mode, plan: Some(Planned::AtQuit), ..World::default() };
    for mode in [Mode::Automatic, Mode::Download, Mode::Ask, Mode::Off] {
        closed(&mut planned(mode), "closing | activate");
    }
    // Not now: a check comes first once it may be.
    let mut world = World { mode: Mode::Automatic, moment: waits(), ..World::default() };
    let state = closed(&mut world, "ready | schedule");
    world.memory.put_off = true;
    let state = story(&mut world, state, vec![(Event::Moment, "ready")]);
    world.moment = Moment::default();
    story(&mut world, state, vec![(Event::Moment, "checking | check")]);
}
