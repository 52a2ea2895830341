//! What waits for a better moment: networks, hours, pauses, busy programs, plans, settings.

use std::process::{Command as Process, Stdio};

use super::*;
use crate::fetch::tests::peer::answer;
use crate::handle::{Command, Later, Refusal};
use crate::policy::deferral::Deferral;
use crate::policy::surroundings::{Power, Surroundings};
use crate::view::Plan;

async fn background(mode: Mode) -> World {
    let mut world = World::probed(mode).await;
    world.background = true;
    world
}

async fn until_state(handle: &Handle, wanted: &str) -> AppView {
    until(handle, |view| (state(view) == wanted).then(|| view.clone())).await
}

fn metered() -> Surroundings {
    Surroundings { metered: Some(true), ..Surroundings::default() }
}

async fn set(handle: &Handle, key: &str, value: &str) -> Answer {
    let (app, key, value) = (Some(app()), key.to_owned(), Some(value.to_owned()));
    command(handle.command(Command::Set { app, key, value })).await
}

fn run(world: &World) -> Child {
    Process::new(&world.program).arg("600").stdin(Stdio::null()).spawn().unwrap()
}

#[tokio::test]
async fn a_download_waits_for_an_unmetered_network() {
    let mut world = background(Mode::Download).await;
    let handle = world.engine().await;
    until_state(&handle, "up-to-date").await;
    handle.surroundings(metered()).await;
    assert_eq!(set(&handle, "metered", "wait").await, Answer::Done);
    world.publish("1.1.0", &sleeper("1.1.0"));
    assert_eq!(word(&command(handle.check(&app(), false)).await), "offered");
    let view = until_state(&handle, "deferred").await;
    let AppState::Deferred { deferred, .. } = view.state else { panic!("{view:?}") };
    assert_eq!(deferred.why, Deferral::Metered { limit: 0 });
    let Answer::Why { trace } = command(handle.command(Command::Why { app: app() })).await else { panic!() };
    assert!(trace.iter().any(|one| one.rule == crate::policy::Rule::Metered), "{trace:?}");
    handle.surroundings(Surroundings::default()).await;
    until_state(&handle, "ready").await;
}

#[tokio::test]
async fn over_a_metered_network_a_patch_that_is_short_enough_comes() {
    let mut world = background(Mode::Download).await;
    // Longer than what is fetched over such a network, its patch is not.
    let long = |version: &str| [sleeper(version), vec![7; 21 << 20]].concat();
    world.publish("1.1.0", &long("1.1.0"));
    let handle = world.engine().await;
    handle.surroundings(metered()).await;
    let view = until_state(&handle, "deferred").await;
    let AppState::Deferred { deferred, .. } = view.state else { panic!("{view:?}") };
    assert_eq!(deferred.why, Deferral::Metered { limit: 20 << 20 });
    handle.surroundings(Surroundings::default()).await;
    until_state(&handle, "ready").await;
}

#[tokio::test]
async fn a_pause_lasts_over_a_restart_of_the_engine_until_it_is_resumed() {
    let mut world = background(Mode::Download).await;
    let handle = world.engine().await;
    until_state(&handle, "up-to-date").await;
    assert_eq!(command(handle.command(Command::Pause { until: None })).await, Answer::Done);
    handle.shutdown().await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    world.later(24);
    // A person may still look, and is told; nothing is fetched.
    assert_eq!(word(&command(handle.check(&app(), false)).await), "offered");
    let view = until_state(&handle, "deferred").await;
    assert_eq!(view.next_check, None);
    assert!(handle.view().borrow().paused.is_some());
    assert_eq!(command(handle.command(Command::Resume)).await, Answer::Done);
    until_state(&handle, "ready").await;
    assert!(handle.view().borrow().paused.is_none());
}

#[tokio::test]
async fn a_pause_ends_by_itself() {
    let mut world = background(Mode::Download).await;
    let handle = world.engine().await;
    until_state(&handle, "up-to-date").await;
    let until = world.simulator.now + Duration::from_secs(3600 * 24);
    command(handle.command(Command::Pause { until: Some(until) })).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    world.later(24);
    until_state(&handle, "ready").await;
}

#[tokio::test]
async fn a_busy_program_and_a_low_battery_are_left_alone() {
    let mut world = background(Mode::Automatic).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    let until_busy = world.simulator.now + Duration::from_secs(3600);
    command(handle.command(Command::Busy { app: app(), until: until_busy })).await;
    handle
        .surroundings(Surroundings { power: Some(Power::Battery { percent: 20 }), ..Default::default() })
        .await;
    let view = until_state(&handle, "deferred").await;
    let AppState::Deferred { deferred, .. } = view.state else { panic!("{view:?}") };
    assert_eq!((deferred.why, deferred.until), (Deferral::Busy, Some(until_busy)));
    world.later(1);
    until(&handle, |view| match &view.state {
        AppState::Deferred { deferred, .. } => {
            (deferred.why == Deferral::Battery { percent: 20 }).then_some(())
        }
        _ => None,
    })
    .await;
    handle.surroundings(Surroundings { power: Some(Power::Mains), ..Default::default() }).await;
    until_state(&handle, "updated").await;
    world.assert_installed("1.1.0");
}

#[tokio::test]
async fn who_had_no_network_looks_once_there_is_one_again() {
    let mut world = background(Mode::Download).await;
    let handle = world.engine().await;
    until_state(&handle, "up-to-date").await;
    handle.surroundings(Surroundings { online: Some(false), ..Default::default() }).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    world.simulator.lie("*", Some(&answer("503 Service Unavailable", "", b"")));
    assert_eq!(word(&command(handle.check(&app(), false)).await), "failed");
    world.simulator.be_honest();
    // Long before the next check would be due.
    handle.surroundings(Surroundings { online: Some(true), ..Default::default() }).await;
    until_state(&handle, "ready").await;
}

#[tokio::test]
async fn an_automatic_update_comes_when_the_program_is_closed() {
    let mut world = background(Mode::Automatic).await;
    let mut child = run(&world);
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    until_state(&handle, "ready").await;
    world.assert_installed("1.0.1");
    child.kill().unwrap();
    child.wait().unwrap();
    until_state(&handle, "updated").await;
    world.assert_installed("1.1.0");
}

#[tokio::test]
async fn at_quit_is_kept_over_a_restart_of_the_engine() {
    let mut world = background(Mode::Download).await;
    let mut child = run(&world);
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    until_state(&handle, "ready").await;
    let plan = Command::Plan { app: app(), when: Some(Later::AtQuit) };
    assert_eq!(command(handle.command(plan)).await, Answer::Done);
    let planned = |view: &AppView| {
        matches!(view.state, AppState::Ready { planned: Some(Plan::AtQuit), .. }).then_some(())
    };
    until(&handle, planned).await;
    handle.shutdown().await;
    let handle = world.engine().await;
    until(&handle, planned).await;
    child.kill().unwrap();
    child.wait().unwrap();
    until_state(&handle, "updated").await;
}

#[tokio::test]
async fn tonight_is_counted_down_and_comes_and_what_was_slept_through_does_not() {
    for slept in [false, true] {
        let mut world = background(Mode::Download).await;
        world.publish("1.1.0", &sleeper("1.1.0"));
        let handle = world.engine().await;
        until_state(&handle, "ready").await;
        let plan = Command::Plan { app: app(), when: Some(Later::Tonight) };
        assert_eq!(command(handle.command(plan)).await, Answer::Done);
        let at = until(&handle, |view| match view.state {
            AppState::Ready { planned: Some(Plan::At { at, counting: false }), .. } => Some(at),
            _ => None,
        })
        .await;
        if slept {
            world.clock.set(at + Duration::from_secs(3600));
            until(&handle, |view| matches!(view.state, AppState::Ready { planned: None, .. }).then_some(()))
                .await;
            world.assert_installed("1.0.1");
            continue;
        }
        world.clock.set(at - Duration::from_secs(30));
        until(&handle, |view| {
            matches!(view.state, AppState::Ready { planned: Some(Plan::At { counting: true, .. }), .. })
                .then_some(())
        })
        .await;
        world.clock.set(at);
        until_state(&handle, "updated").await;
        world.assert_installed("1.1.0");
    }
}

#[tokio::test]
async fn whoever_watches_a_film_in_the_night_is_not_disturbed() {
    let mut world = background(Mode::Download).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    until_state(&handle, "ready").await;
    command(handle.command(Command::Plan { app: app(), when: Some(Later::Tonight) })).await;
    let at = until(&handle, |view| match view.state {
        AppState::Ready { planned: Some(Plan::At { at, .. }), .. } => Some(at),
        _ => None,
    })
    .await;
    handle.surroundings(Surroundings { full_screen: Some(true), ..Default::default() }).await;
    world.clock.set(at + Duration::from_secs(60));
    let Answer::Why { trace } = command(handle.command(Command::Why { app: app() })).await else { panic!() };
    let notify = trace.iter().find(|one| one.rule == crate::policy::Rule::Notify).unwrap();
    assert!(notify.facts.iter().any(|fact| fact.name == "full screen" && fact.value == "true"), "{notify:?}");
    assert!(
        notify.facts.iter().any(|fact| fact.name == "do not disturb" && fact.value == "unknown"),
        "{notify:?}"
    );
    world.assert_installed("1.0.1");
    handle.surroundings(Surroundings { full_screen: Some(false), ..Default::default() }).await;
    until_state(&handle, "updated").await;
    world.assert_installed("1.1.0");
}

#[tokio::test]
async fn a_plan_needs_an_update_and_can_be_dropped() {
    let mut world = background(Mode::Ask).await;
    let handle = world.engine().await;
    until_state(&handle, "up-to-date").await;
    let plan = |when| handle.command(Command::Plan { app: app(), when });
    assert_eq!(command(plan(Some(Later::AtQuit))).await, Answer::Refused { why: Refusal::NothingToPlan });
    world.publish("1.1.0", &sleeper("1.1.0"));
    assert_eq!(word(&command(handle.check(&app(), false)).await), "offered");
    // What is planned is fetched at once.
    assert_eq!(command(plan(Some(Later::Tonight))).await, Answer::Done);
    until(&handle, |view| matches!(view.state, AppState::Ready { planned: Some(_), .. }).then_some(())).await;
    assert_eq!(command(plan(None)).await, Answer::Done);
    until(&handle, |view| matches!(view.state, AppState::Ready { planned: None, .. }).then_some(())).await;
}

#[tokio::test]
async fn settings_count_at_once_and_know_who_set_them() {
    let mut world = background(Mode::Ask).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    until_state(&handle, "available").await;
    assert_eq!(set(&handle, "pin", "1.0.1").await, Answer::Done);
    assert_eq!(word(&command(handle.check(&app(), false)).await), "not-offered");
    assert_eq!(set(&handle, "pin", "none").await, Answer::Done);
    // From now on it is fetched by itself.
    assert_eq!(set(&handle, "mode", "download").await, Answer::Done);
    let view = until_state(&handle, "ready").await;
    assert_eq!(view.mode, Mode::Download);
    let Answer::Settings { settings } = command(handle.command(Command::Settings)).await else { panic!() };
    let mode = settings.apps[&app()].iter().find(|setting| setting.key == "mode").unwrap();
    assert_eq!((mode.value.as_str(), mode.by), ("download", crate::policy::SetBy::Person));
    assert_eq!(word(&set(&handle, "mode", "sometimes").await), "failed");
    assert_eq!(word(&set(&handle, "no_such", "x").await), "failed");
    assert_eq!(word(&set(&handle, "defer_days", "3").await), "failed");
}

#[tokio::test]
async fn the_administrator_cannot_be_overruled() {
    let mut world = background(Mode::Download).await;
    let machine = world.simulator.store.folders().machine.clone();
    fs::create_dir_all(&machine).unwrap();
    fs::write(machine.join("settings.toml"), "[app.demo]\nmode = \"off\"\n").unwrap();
    world.settings = world.simulator.store.settings().unwrap();
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    until_state(&handle, "disabled").await;
    assert_eq!(set(&handle, "mode", "automatic").await, Answer::Refused { why: Refusal::ByAdministrator });
    let answer = command(handle.check(&app(), true)).await;
    let Answer::NotOffered { reason, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(reason, crate::policy::Reason::TurnedOff);
    // What they have changed counts by itself, a mistake of theirs does not.
    fs::write(machine.join("settings.toml"), "mode = 7\n").unwrap();
    world.later(1);
    until_state(&handle, "not-offered").await;
    fs::write(machine.join("settings.toml"), "").unwrap();
    world.later(1);
    until_state(&handle, "ready").await;
}

#[tokio::test]
async fn what_support_looks_at_is_there_without_asking_any_source() {
    let mut world = background(Mode::Ask).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    until_state(&handle, "available").await;
    let asked = world.simulator.peer.requests().len();
    let Answer::Examined { examined } = command(handle.command(Command::Examine { app: app() })).await else {
        panic!()
    };
    assert_eq!(world.simulator.peer.requests().len(), asked);
    assert_eq!(examined.in_the_way, None);
    assert_eq!(examined.installed.as_ref().unwrap().sha256, world.installed());
    assert_eq!(examined.versions.len(), 1);
    assert!(
        examined.free_bytes.is_some_and(|bytes| bytes > 0) && examined.file_owner.is_some(),
        "{examined:?}"
    );
    assert!(examined.settings.iter().any(|setting| setting.key == "channel"), "{examined:?}");
    assert!(examined.trace.iter().any(|one| one.rule == crate::policy::Rule::DownloadGate), "{examined:?}");
}

/// How far the download is that is under way.
async fn until_half(handle: &Handle) -> u64 {
    until(handle, |view| match &view.state {
        // A static host makes no patches, so the whole artifact comes.
        AppState::Downloading { progress, .. } | AppState::FallingBack { progress, .. }
            if progress.fetched > 1000 =>
        {
            Some(progress.fetched)
        }
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_stopped_download_waits_for_its_person_and_goes_on_where_it_was() {
    let mut world = background(Mode::Download).await;
    let handle = world.engine().await;
    until_state(&handle, "up-to-date").await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    world.simulator.be_slow();
    assert_eq!(word(&command(handle.check(&app(), false)).await), "offered");
    until_half(&handle).await;
    assert_eq!(word(&command(handle.cancel(&app())).await), "cancelled");
    let stopped = |view: &AppView| match &view.state {
        AppState::Available { stopped: Some(progress), .. } => Some(progress.fetched),
        _ => None,
    };
    assert!(until(&handle, stopped).await > 1000);
    // The schedule does not overrule its person.
    world.simulator.be_honest();
    world.later(24);
    until(&handle, |view| (view.last_check.as_ref()?.at == world.simulator.now).then_some(())).await;
    until(&handle, stopped).await;
    // They want it after all: only the rest comes.
    assert_eq!(word(&command(handle.prepare(&app(), how())).await), "ready");
    let ranges = world.simulator.peer.requests();
    assert!(ranges.iter().any(|one| one.target.contains("releases/1.1.0") && one.header("range").is_some()));
}

#[tokio::test]
async fn who_cancels_a_download_keeps_nothing_of_it() {
    for first_paused in [false, true] {
        let mut world = background(Mode::Download).await;
        world.publish("1.1.0", &sleeper("1.1.0"));
        world.simulator.be_slow();
        let handle = world.engine().await;
        until_half(&handle).await;
        if first_paused {
            assert_eq!(word(&command(handle.cancel(&app())).await), "cancelled");
        }
        let drop = Command::Cancel { app: app(), drop: true };
        let expected = if first_paused { "done" } else { "cancelled" };
        assert_eq!(word(&command(handle.command(drop)).await), expected);
        until(&handle, |view| matches!(view.state, AppState::Available { stopped: None, .. }).then_some(()))
            .await;
        let spool = world.simulator.store.folders().spool();
        let left: Vec<_> =
            fs::read_dir(spool).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        assert!(!left.iter().any(|path| path.extension().is_some_and(|found| found == "part")), "{left:?}");
    }
}
