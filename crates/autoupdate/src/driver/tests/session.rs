//! The end of the person's session, while something is going on.

use protocol::Mode;
use tokio::task::JoinHandle;

use super::running::{Running, instances, kill};
use super::*;

/// A program of which one window closes and one does not, on its way to the next version.
async fn half_closed(world: &mut World) -> (Handle, JoinHandle<Answer>, [Running; 2]) {
    world.manners = Manners::Divided;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let root = Path::new("/");
    let mut running = ["600", "601"].map(|seconds| Running::sleeping(&world.program, root, seconds));
    let handle = world.engine().await;
    let clone = handle.clone();
    let activated = tokio::spawn(async move { clone.activate(&app(), how()).await });
    let stays = running[1].child.id();
    until(&handle, |view| match &view.state {
        AppState::WaitingForClose { blockers, .. } => {
            blockers.iter().all(|blocker| blocker.pid == stays).then_some(())
        }
        _ => None,
    })
    .await;
    running[0].assert_asked_to_close();
    (handle, activated, running)
}

fn diary(world: &World) -> Vec<&'static str> {
    world.diary.lock().unwrap().clone()
}

#[tokio::test]
async fn the_session_waits_from_before_the_close_until_everything_runs_again() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(1))).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let _running = Running::start(&world.program);
    let handle = world.engine().await;
    updated(&command(handle.activate(&app(), how())).await);
    assert_eq!(diary(&world), ["hold", "close", "start", "let go"]);
    world.diary.lock().unwrap().clear();
    assert_eq!(word(&command(handle.roll_back(&app())).await), "rolled-back");
    assert_eq!(diary(&world), ["hold", "close", "start", "let go"]);
}

#[tokio::test]
async fn an_update_that_has_replaced_nothing_waits_for_the_next_session() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(1))).await;
    let (handle, activated, _running) = half_closed(&mut world).await;
    handle.session_ends(true).await;
    assert_eq!(word(&command(async { activated.await.unwrap() }).await), "cancelled");
    until(&handle, |view| (state(view) == "ready").then_some(())).await;
    assert_eq!(instances(&world), [["601"]], "nothing is started in a session that ends");
    assert_eq!(diary(&world), ["hold", "close", "let go"]);

    // Nor is anything begun.
    assert_eq!(word(&command(handle.activate(&app(), how())).await), "cancelled");
    assert_eq!(diary(&world).len(), 3);
    handle.shutdown().await;
    world.assert_installed("1.0.1");
    assert_eq!(instances(&world), [["601"]], "the end of the engine does not start it either");

    // The next session.
    world.manners = Manners::Good;
    let handle = world.engine().await;
    until(&handle, |view| (state(view) == "ready").then_some(())).await;
    updated(&command(handle.activate(&app(), how())).await);
    world.assert_installed("1.1.0");
}

#[tokio::test]
async fn the_end_of_the_engine_alone_brings_back_what_was_closed() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(1))).await;
    let (handle, activated, _running) = half_closed(&mut world).await;
    handle.shutdown().await;
    assert_eq!(word(&command(async { activated.await.unwrap() }).await), "cancelled");
    world.assert_installed("1.0.1");
    let mut running = instances(&world);
    running.sort();
    assert_eq!(running, [["600"], ["601"]]);
}

#[tokio::test]
async fn an_end_that_is_called_off_lets_everything_go_on() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(1))).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let mut running = Running::start(&world.program);
    let handle = world.engine().await;
    handle.session_ends(true).await;
    for answer in [
        handle.check(&app(), false).await,
        handle.prepare(&app(), how()).await,
        handle.activate(&app(), how()).await,
    ] {
        assert_eq!(answer, Answer::Cancelled);
    }
    assert_eq!(running.child.try_wait().unwrap(), None);
    handle.session_ends(false).await;
    updated(&command(handle.activate(&app(), how())).await);
    assert_eq!(instances(&world), [["600"]]);
}

#[tokio::test]
async fn where_the_session_ends_already_nobody_is_closed() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(1))).await;
    world.manners = Manners::Ending;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let _running = Running::start(&world.program);
    let handle = world.engine().await;
    assert_eq!(word(&command(handle.activate(&app(), how())).await), "cancelled");
    until(&handle, |view| (state(view) == "ready").then_some(())).await;
    assert!(diary(&world).is_empty(), "{:?}", diary(&world));
    world.assert_installed("1.0.1");
    // Called off after all.
    handle.session_ends(false).await;
    until(&handle, |view| (state(view) == "ready").then_some(())).await;
}

#[tokio::test]
async fn a_version_that_goes_down_with_the_session_is_not_rolled_back_in_it() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(300))).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let _running = Running::start(&world.program);
    let handle = world.engine().await;
    let clone = handle.clone();
    drop(tokio::spawn(async move { clone.activate(&app(), how()).await }));
    until(&handle, |view| (state(view) == "probation").then_some(())).await;
    let deadline = Instant::now() + LONG;
    while instances(&world).is_empty() {
        assert!(Instant::now() < deadline, "the new version was never started");
        tokio::task::yield_now().await;
    }
    handle.session_ends(true).await;
    kill(&world.program);
    until(&handle, |view| (state(view) == "rolling-back").then_some(())).await;
    handle.shutdown().await;
    world.assert_installed("1.1.0");
    assert!(instances(&world).is_empty(), "nothing was started");
}
