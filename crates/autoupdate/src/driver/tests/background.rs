//! What happens by itself.

use protocol::Mode;

use super::*;
use crate::fetch::tests::peer::answer;

#[tokio::test]
async fn an_update_gets_ready_and_a_person_puts_it_in_place() {
    let mut world = World::probed(Mode::Download).await;
    world.background = true;
    let handle = world.engine().await;
    until(&handle, |view| is_up_to_date(view).then_some(())).await;
    handle.shutdown().await;

    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    until(&handle, |view| (state(view) == "ready").then_some(())).await;
    world.assert_installed("1.0.1");
    let answer = command(handle.activate(&app(), how())).await;
    assert_eq!(updated(&answer), (Some("1.0.1".to_owned()), "1.1.0".to_owned()));
    world.assert_installed("1.1.0");
    let view = until(&handle, |view| (state(view) == "updated").then(|| view.clone())).await;
    let report = view.last_update.unwrap();
    assert_eq!(report.sha256_after, world.installed());
    assert_eq!(report.full_bytes, sleeper("1.1.0").len() as u64);
    assert!(report.bytes_fetched > 0 && report.bytes_fetched <= report.full_bytes, "{report:?}");
    assert_eq!(view.previous, Some(crate::testing::version("1.0.1")));
    assert_eq!(view.installed.unwrap().version, Some(crate::testing::version("1.1.0")));
    assert!(view.next_check.is_some());
    handle.shutdown().await;
    let history = world.simulator.store.history().last(10).unwrap();
    assert!(matches!(history.last().unwrap().event, crate::store::Event::Updated { .. }), "{history:?}");
}

#[tokio::test]
async fn automatic_needs_nobody() {
    let mut world = World::probed(Mode::Automatic).await;
    world.background = true;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    until(&handle, |view| (state(view) == "updated").then_some(())).await;
    world.assert_installed("1.1.0");
}

#[tokio::test]
async fn off_and_ask_fetch_nothing_by_themselves() {
    for (mode, expected) in [(Mode::Off, "disabled"), (Mode::Ask, "available")] {
        let mut world = World::probed(mode).await;
        world.background = true;
        world.publish("1.1.0", &sleeper("1.1.0"));
        let handle = world.engine().await;
        until(&handle, |view| (state(view) == expected).then_some(())).await;
        handle.shutdown().await;
        let requests = world.simulator.peer.requests();
        assert!(!requests.iter().any(|request| request.target.contains("/targets/releases")), "{mode:?}");
    }
}

#[tokio::test]
async fn yesterdays_certainty_is_not_shown_today() {
    let mut world = World::probed(Mode::Download).await;
    let handle = world.engine().await;
    assert_eq!(word(&command(handle.check(&app(), false)).await), "up-to-date");
    until(&handle, |view| is_up_to_date(view).then_some(())).await;
    // Nothing happens but that the machine wakes up.
    world.later(24 * 8);
    until(&handle, |view| (state(view) == "cannot-verify").then_some(())).await;
    // The source has nothing fresher either, until its publisher renews it.
    assert_eq!(word(&command(handle.check(&app(), false)).await), "cannot-verify");
    world.simulator.renew();
    assert_eq!(word(&command(handle.check(&app(), false)).await), "up-to-date");
    until(&handle, |view| is_up_to_date(view).then_some(())).await;
}

#[tokio::test]
async fn a_clock_that_was_years_ahead_puts_nothing_off() {
    let mut world = World::probed(Mode::Download).await;
    world.background = true;
    let second = Duration::from_secs(1);
    world.timing = Timing { interval: second, spread: Duration::ZERO, retry: second, soon: Duration::ZERO };
    let today = world.simulator.now;
    world.clock.set(today + jiff::SignedDuration::from_hours(24 * 365 * 10));
    let handle = world.engine().await;
    // To such a clock everything has expired.
    until(&handle, |view| (state(view) == "cannot-verify").then_some(())).await;
    world.clock.set(today);
    until(&handle, |view| is_up_to_date(view).then_some(())).await;
}

#[tokio::test]
async fn a_server_that_is_busy_or_out_of_order_proves_nothing() {
    let world = World::probed(Mode::Download).await;
    let handle = world.engine().await;
    for (status, headers) in [
        ("429 Too Many Requests", "Retry-After: 1\r\n"),
        ("500 Internal Server Error", ""),
        ("503 Service Unavailable", ""),
        ("302 Found", "Location: http://elsewhere.invalid/\r\n"),
    ] {
        world.simulator.lie("*", Some(&answer(status, headers, b"")));
        assert_eq!(word(&command(handle.check(&app(), false)).await), "failed", "{status}");
    }
    world.simulator.lie("*", Some(&answer("404 Not Found", "", b"")));
    assert_eq!(word(&command(handle.check(&app(), false)).await), "cannot-verify");
}

#[tokio::test]
async fn what_was_got_ready_is_ready_after_a_restart_of_the_engine() {
    let mut world = World::probed(Mode::Ask).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    assert_eq!(word(&command(handle.prepare(&app(), how())).await), "ready");
    let installed = until(&handle, |view| view.installed.clone()).await;
    assert_eq!(installed.version, Some(crate::testing::version("1.0.1")), "what the check named stays named");
    handle.shutdown().await;
    let fetched = world.simulator.peer.requests().len();
    let handle = world.engine().await;
    until(&handle, |view| (state(view) == "ready").then_some(())).await;
    let Answer::Updated { report } = command(handle.activate(&app(), how())).await else { panic!() };
    assert!(report.bytes_fetched > 0, "what it cost is remembered: {report:?}");
    assert_eq!(world.simulator.peer.requests().len(), fetched, "nothing is fetched again");
    world.assert_installed("1.1.0");
}

/// The program that runs the engine never replaces itself: another process does, and asks it to close. One that ends while
/// this one still runs has failed, and nothing was changed.
#[tokio::test]
async fn the_engines_own_program_is_handed_over() {
    let mut world = World::probed(Mode::Automatic).await;
    world.background = true;
    // The successor is this test binary; told to list its tests, it ends at once.
    world.own = Some(Own { app: app(), arguments: vec!["--list".into()] });
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    // It runs by nature, so not even the automatic mode goes on by itself.
    until(&handle, |view| (state(view) == "ready").then_some(())).await;

    let answer = command(handle.activate(&app(), how())).await;
    let Answer::Failed { failure } = answer else { panic!("{answer:#?}") };
    assert_eq!(failure.code, "E-RUN-HAND-OVER", "{failure:?}");
    world.assert_installed("1.0.1");

    // The place is free again: who takes over for real finds the stage and uses it.
    world.own = None;
    handle.shutdown().await;
    let handle = world.engine().await;
    assert_eq!(updated(&command(handle.activate(&app(), how())).await).1, "1.1.0");
    world.assert_installed("1.1.0");
}

#[tokio::test]
async fn what_happened_lately_is_still_news_after_a_restart() {
    let mut world = World::probed(Mode::Ask).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    command(handle.activate(&app(), how())).await;
    handle.shutdown().await;

    let handle = world.engine().await;
    let view = until(&handle, |view| (state(view) == "updated").then(|| view.clone())).await;
    assert_eq!(view.last_update.unwrap().to, crate::testing::version("1.1.0"));
    handle.shutdown().await;

    world.later(25);
    let handle = world.engine().await;
    until(&handle, |view| (view.installed.is_some() && state(view) == "idle").then_some(())).await;
}
