//! What people ask for, and what they hear.

use protocol::Mode;

use super::*;
use crate::handle::{Command, Refusal};
use crate::policy::Reason;
use crate::view::RollBackWhy;

fn refused(answer: &Answer) -> &Refusal {
    match answer {
        Answer::Refused { why } => why,
        other => panic!("{other:#?}"),
    }
}

#[tokio::test]
async fn every_command_hears_why_not() {
    let world = World::probed(Mode::Ask).await;
    let handle = world.engine().await;
    assert_eq!(refused(&command(handle.cancel(&app())).await), &Refusal::NothingToCancel);
    assert_eq!(refused(&command(handle.roll_back(&app())).await), &Refusal::NoPrevious);
    assert_eq!(refused(&command(handle.confirm(&app())).await), &Refusal::NothingToConfirm);
    let other = AppId::parse("other").unwrap();
    assert_eq!(refused(&command(handle.check(&other, false)).await), &Refusal::UnknownApp);
    assert_eq!(word(&command(handle.prepare(&app(), how())).await), "up-to-date");
    let Answer::Why { trace } = command(handle.command(Command::Why { app: app() })).await else { panic!() };
    assert!(!trace.is_empty());
    handle.shutdown().await;
    assert_eq!(refused(&command(handle.check(&app(), false)).await), &Refusal::Stopped);
}

#[tokio::test]
async fn a_version_that_does_not_live_goes_and_never_comes_back() {
    let mut world = World::probed(Mode::Ask).await;
    world.publish("1.1.0", b"#!/bin/sh\nexit 3\n");
    let handle = world.engine().await;
    match command(handle.activate(&app(), how())).await {
        Answer::RolledBack { why: RollBackWhy::Unhealthy { code, .. }, to, .. } => {
            assert_eq!((code.as_str(), to), ("E-RUN-ENDED", Some(crate::testing::version("1.0.1"))));
        }
        other => panic!("{other:#?}"),
    }
    world.assert_installed("1.0.1");
    for force in [false, true] {
        match command(handle.check(&app(), force)).await {
            Answer::NotOffered { reason, .. } => assert_eq!(reason, Reason::KnownBad),
            other => panic!("{other:#?}"),
        }
    }
    world.publish("1.2.0", &sleeper("1.2.0"));
    assert_eq!(updated(&command(handle.activate(&app(), how())).await).1, "1.2.0");
    world.assert_installed("1.2.0");
}

#[tokio::test]
async fn what_a_person_undoes_comes_back_only_when_they_insist() {
    let mut world = World::probed(Mode::Ask).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    updated(&command(handle.activate(&app(), how())).await);
    match command(handle.roll_back(&app())).await {
        Answer::RolledBack { from, to, why } => {
            assert_eq!(from, Some(crate::testing::version("1.1.0")));
            assert_eq!(to, Some(crate::testing::version("1.0.1")));
            assert_eq!(why, RollBackWhy::ByPerson);
        }
        other => panic!("{other:#?}"),
    }
    world.assert_installed("1.0.1");
    assert_eq!(refused(&command(handle.roll_back(&app())).await), &Refusal::NoPrevious);
    let undone = command(handle.check(&app(), false)).await;
    assert!(matches!(undone, Answer::NotOffered { reason: Reason::Undone, .. }), "{undone:#?}");
    let insisting = How { force: true, ..how() };
    assert_eq!(updated(&command(handle.activate(&app(), insisting)).await).1, "1.1.0");
    world.assert_installed("1.1.0");
}

#[tokio::test]
async fn a_damaged_program_is_put_right_and_a_sound_one_left_alone() {
    let mut world = World::probed(Mode::Ask).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    let sound = command(handle.repair(&app(), false)).await;
    assert!(matches!(sound, Answer::Sound { signed: true, .. }), "{sound:#?}");
    updated(&command(handle.activate(&app(), how())).await);
    world.publish("1.2.0", &sleeper("1.2.0"));
    let mut bytes = fs::read(&world.program).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&world.program, &bytes).unwrap();
    let answer = command(handle.repair(&app(), false)).await;
    assert_eq!(updated(&answer), (None, "1.1.0".to_owned()));
    let Answer::Updated { report } = answer else { panic!() };
    assert!(report.repaired && report.patches_fetched == 0, "{report:#?}");
    world.assert_installed("1.1.0");
    // Undone like any other: a person may have meant these bytes to be there.
    let back = command(handle.roll_back(&app())).await;
    assert!(matches!(back, Answer::RolledBack { .. }), "{back:#?}");
    assert_eq!(fs::read(&world.program).unwrap(), bytes);
}

#[tokio::test]
async fn bytes_that_nobody_knows_are_replaced_whole_and_with_consent() {
    let mut world = World::probed(Mode::Automatic).await;
    fs::write(&world.program, sleeper("built by hand")).unwrap();
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    assert_eq!(word(&command(handle.activate(&app(), how())).await), "needs-consent");
    world.assert_installed("built by hand");
    let answer = command(handle.activate(&app(), How { consent: true, ..how() })).await;
    assert_eq!(updated(&answer), (None, "1.1.0".to_owned()));
    let Answer::Updated { report } = answer else { panic!() };
    assert_eq!(report.patches_fetched, 0);
    world.assert_installed("1.1.0");
}

#[tokio::test]
async fn a_halt_holds_for_people_too() {
    let mut world = World::probed(Mode::Ask).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    world.simulator.halt("1.1.0");
    let handle = world.engine().await;
    let halted = command(handle.activate(&app(), How { force: true, ..how() })).await;
    assert!(matches!(halted, Answer::NotOffered { reason: Reason::Halted, .. }), "{halted:#?}");
    world.assert_installed("1.0.1");
}

#[tokio::test]
async fn nothing_is_believed_that_is_not_signed() {
    let mut world = World::probed(Mode::Ask).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    world.simulator.lie("metadata/timestamp.json", Some(b"{\"signed\":{},\"signatures\":[]}"));
    let handle = world.engine().await;
    let answer = command(handle.activate(&app(), how())).await;
    assert_eq!(word(&answer), "cannot-verify", "{answer:#?}");
    world.assert_installed("1.0.1");
    world.simulator.be_honest();
    updated(&command(handle.activate(&app(), how())).await);
    world.assert_installed("1.1.0");
}

#[tokio::test]
async fn another_updater_at_work_is_told() {
    let mut world = World::probed(Mode::Ask).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    until(&handle, |view| view.installed.is_some().then_some(())).await;
    let place = crate::install::Place::open(&world.program).unwrap();
    match command(handle.activate(&app(), how())).await {
        Answer::Failed { failure } => assert_eq!(failure.code, "E-LOCK-HELD"),
        other => panic!("{other:#?}"),
    }
    drop(place);
    updated(&command(handle.activate(&app(), how())).await);
}

#[tokio::test]
async fn what_another_updater_left_on_probation_comes_to_its_end_first() {
    for goes in [false, true] {
        let mut world = World::probed(Mode::Ask).await;
        world.publish("1.1.0", &sleeper("1.1.0"));
        let handle = world.engine().await;
        assert_eq!(word(&command(handle.prepare(&app(), how())).await), "ready");
        handle.shutdown().await;
        // This engine looks while all is well.
        let handle = world.engine().await;
        until(&handle, |view| (state(view) == "ready").then_some(())).await;

        let mut other = crate::install::Place::open(&world.program).unwrap();
        let args = if goes { "no number" } else { "0" };
        other.activate(&Health::Probe(vec![args.to_owned()]), world.simulator.now).unwrap();
        for answer in [
            command(handle.check(&app(), false)).await,
            command(handle.activate(&app(), how())).await,
            command(handle.roll_back(&app())).await,
        ] {
            let Answer::Failed { failure } = answer else { panic!("{answer:#?}") };
            assert_eq!(failure.code, "E-LOCK-HELD");
        }
        world.assert_installed("1.1.0");

        // It is killed, and its version must not stay on probation for ever.
        drop(other);
        let _busy = command(handle.check(&app(), false)).await;
        let expected = if goes { "rolled-back" } else { "updated" };
        until(&handle, |view| (state(view) == expected).then_some(())).await;
        world.assert_installed(if goes { "1.0.1" } else { "1.1.0" });
        assert!(crate::install::Place::open(&world.program).unwrap().probation().is_none());
    }
}

#[tokio::test]
async fn during_another_updaters_probation_a_command_says_that_it_waits() {
    let mut world = World::probed(Mode::Ask).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    assert_eq!(word(&command(handle.prepare(&app(), how())).await), "ready");
    handle.shutdown().await;
    let mut other = crate::install::Place::open(&world.program).unwrap();
    other.activate(&Health::Probe(vec!["0".to_owned()]), world.simulator.now).unwrap();
    // An engine that lives for one command, as that of the command line.
    for goal in ["apply", "rollback"] {
        let handle = world.engine().await;
        let answer = match goal {
            "apply" => command(handle.activate(&app(), how())).await,
            _ => command(handle.roll_back(&app())).await,
        };
        let Answer::Failed { failure } = answer else { panic!("{goal}: {answer:#?}") };
        assert_eq!(failure.code, "E-LOCK-HELD", "{goal}");
        handle.shutdown().await;
    }
    world.assert_installed("1.1.0");
}

#[tokio::test]
async fn a_changed_enrolment_counts_from_the_next_reload() {
    let world = World::probed(Mode::Ask).await;
    let handle = world.engine().await;
    let apps = world.simulator.store.folders().user_apps();
    fs::create_dir_all(&apps).unwrap();
    let file = apps.join("demo.toml");
    fs::copy(world.enrolled.file.with_file_name("root.json"), apps.join("root.json")).unwrap();
    let mut enrolment = world.enrolled.enrolment.clone();
    // Marks that turn the direction of text are no part of a name.
    enrolment.name = "An\u{202e}other name\u{2066}".to_owned();
    fs::write(&file, enrolment.to_toml().unwrap()).unwrap();
    assert_eq!(command(handle.command(Command::Reload)).await, Answer::Done);
    until(&handle, |view| (view.name == "Another name").then_some(())).await;
    assert_eq!(word(&command(handle.check(&app(), false)).await), "up-to-date");
    fs::remove_file(file).unwrap();
    command(handle.command(Command::Reload)).await;
    assert_eq!(refused(&command(handle.check(&app(), false)).await), &Refusal::UnknownApp);
    assert_eq!(handle.view().borrow().apps, []);
}

#[tokio::test]
async fn what_is_held_or_skipped_waits_until_it_is_released() {
    let mut world = World::probed(Mode::Ask).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    let reason = async |force| match command(handle.check(&app(), force)).await {
        Answer::NotOffered { reason, .. } => Some(reason),
        Answer::Offered { .. } => None,
        other => panic!("{other:#?}"),
    };
    assert_eq!(command(handle.command(Command::Hold { app: app() })).await, Answer::Done);
    assert_eq!(reason(false).await, Some(Reason::OnHold));
    assert_eq!(word(&command(handle.activate(&app(), how())).await), "not-offered");
    assert_eq!(reason(true).await, None, "who insists is offered it once");
    assert_eq!(command(handle.command(Command::Release { app: app() })).await, Answer::Done);
    assert_eq!(reason(false).await, None);

    let version = crate::testing::version("1.1.0");
    assert_eq!(command(handle.command(Command::Skip { app: app(), version })).await, Answer::Done);
    handle.shutdown().await;
    world.background = true;
    let handle = world.engine().await;
    let skipped = until(&handle, |view| match &view.state {
        AppState::NotOffered { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(skipped.await, Reason::Skipped, "nobody asks for it");
    // In the background it is looked anew at once.
    assert_eq!(command(handle.command(Command::Release { app: app() })).await, Answer::Done);
    until(&handle, |view| (state(view) == "available").then_some(())).await;
    assert_eq!(command(handle.command(Command::Hold { app: app() })).await, Answer::Done);
    until(&handle, |view| (state(view) == "not-offered").then_some(())).await;

    // Also while everything is paused: it is a person who wishes it.
    assert_eq!(command(handle.command(Command::Pause { until: None })).await, Answer::Done);
    assert_eq!(command(handle.command(Command::Release { app: app() })).await, Answer::Done);
    until(&handle, |view| (state(view) == "available").then_some(())).await;
    world.assert_installed("1.0.1");
}

#[tokio::test]
async fn what_is_not_looked_for_by_itself_is_held_skipped_and_released_at_once() {
    let mut world = World::probed(Mode::Off).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    world.background = true;
    let handle = world.engine().await;
    assert_eq!(word(&command(handle.check(&app(), false)).await), "offered");
    let version = crate::testing::version("1.1.0");
    for wish in [Command::Hold { app: app() }, Command::Skip { app: app(), version }] {
        assert_eq!(command(handle.command(wish)).await, Answer::Done);
        until(&handle, |view| (state(view) == "not-offered").then_some(())).await;
        assert_eq!(command(handle.command(Command::Release { app: app() })).await, Answer::Done);
        until(&handle, |view| (state(view) == "available").then_some(())).await;
    }
    world.assert_installed("1.0.1");
}
