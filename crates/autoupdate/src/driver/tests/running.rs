//! Programs that run while they are updated.

use std::process::{Command, Stdio};

use protocol::Mode;

use super::*;
use crate::view::RollBackWhy;

/// A running program; killed at the end of the test, with everything that was started in its place.
pub(super) struct Running {
    pub(super) child: Child,
    program: PathBuf,
}

impl Running {
    pub(super) fn start(program: &Path) -> Self {
        Self::start_in(program, Path::new("/"))
    }

    fn start_in(program: &Path, folder: &Path) -> Self {
        Self::sleeping(program, folder, "600")
    }

    /// For so many seconds.
    pub(super) fn sleeping(program: &Path, folder: &Path, seconds: &str) -> Self {
        let child =
            Command::new(program).arg(seconds).current_dir(folder).stdin(Stdio::null()).spawn().unwrap();
        Self { child, program: program.to_owned() }
    }

    /// Waits until it has ended: by a signal that asks, not one that kills.
    pub(super) fn assert_asked_to_close(&mut self) {
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(self.child.wait().unwrap().signal(), Some(15));
    }
}

/// Kills whatever runs of the program.
pub(super) fn kill(program: &Path) {
    for instance in ThisMachine.instances(program).unwrap_or_default() {
        let pid = rustix::process::Pid::from_raw(i32::try_from(instance.pid).unwrap()).unwrap();
        let _gone = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        kill(&self.program);
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

pub(super) fn instances(world: &World) -> Vec<Vec<String>> {
    let instances = ThisMachine.instances(&world.program).unwrap();
    let text = |instance: Instance| {
        assert!(!instance.outdated, "{instance:?}");
        instance.args.iter().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect()
    };
    instances.into_iter().map(text).collect()
}

/// An engine that has begun to update the program, and now watches whether it lives.
async fn in_probation(world: &World) -> Handle {
    let handle = world.engine().await;
    let clone = handle.clone();
    drop(tokio::spawn(async move { clone.activate(&app(), how()).await }));
    until(&handle, |view| (state(view) == "probation").then_some(())).await;
    handle
}

#[tokio::test]
async fn it_is_closed_replaced_and_runs_again_with_its_arguments() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(1))).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let mut running = Running::start(&world.program);
    let handle = world.engine().await;
    updated(&command(handle.activate(&app(), how())).await);
    world.assert_installed("1.1.0");
    running.assert_asked_to_close();
    assert_eq!(instances(&world), [["600"]]);
}

#[tokio::test]
async fn a_tool_is_never_closed() {
    let mut world = World::probed(Mode::Ask).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let mut running = Running::start(&world.program);
    let handle = world.engine().await;
    updated(&command(handle.activate(&app(), how())).await);
    world.assert_installed("1.1.0");
    assert_eq!(running.child.try_wait().unwrap(), None, "whoever waits for it still does");
}

#[tokio::test]
async fn a_program_that_stays_open_keeps_its_version_and_the_update_waits() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(1))).await;
    world.manners = Manners::Stubborn;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let running = Running::start(&world.program);
    let handle = world.engine().await;
    match command(handle.activate(&app(), how())).await {
        Answer::StillRunning { blockers } => assert_eq!(blockers[0].pid, running.child.id()),
        other => panic!("{other:#?}"),
    }
    world.assert_installed("1.0.1");
    until(&handle, |view| (state(view) == "ready").then_some(())).await;
    assert_eq!(instances(&world), [["600"]]);
}

#[tokio::test]
async fn a_version_that_dies_at_once_is_replaced_by_the_one_before_which_runs_again() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(30))).await;
    world.publish("1.1.0", b"#!/bin/sh\nexit 3\n");
    let _running = Running::start(&world.program);
    let handle = world.engine().await;
    assert_eq!(word(&command(handle.activate(&app(), how())).await), "rolled-back");
    world.assert_installed("1.0.1");
    assert_eq!(instances(&world), [["600"]]);
}

#[tokio::test]
async fn a_version_that_is_closed_during_its_probation_is_not_blamed() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(30))).await;
    world.publish("1.1.0", b"#!/bin/sh\nexit 0\n");
    let _running = Running::start(&world.program);
    let handle = world.engine().await;
    let answer = command(handle.activate(&app(), how())).await;
    let Answer::RolledBack { why, .. } = answer else { panic!("{answer:#?}") };
    assert!(matches!(&why, RollBackWhy::Unproven { .. }), "{why:?}");
    world.assert_installed("1.0.1");
    assert_eq!(word(&command(handle.check(&app(), false)).await), "offered");
}

#[tokio::test]
async fn a_version_that_only_starts_another_process_of_itself_lives() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(1))).await;
    // A shell, to which the argument of a sleeper is a script.
    let mut shell = fs::read("/bin/dash").unwrap();
    shell.extend(b"1.1.0");
    world.publish("1.1.0", &shell);
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "[ \"$AGAIN\" ] || {{ AGAIN=1 {} 600 & exit 0; }}\n[ -p pipe ] || mkfifo pipe\nread x < pipe\n",
        world.program.display()
    );
    fs::write(folder.path().join("600"), script).unwrap();
    let _running = Running::start_in(&world.program, folder.path());
    let handle = world.engine().await;
    updated(&command(handle.activate(&app(), how())).await);
    assert_eq!(world.installed(), Digest::of(&shell));
    assert_eq!(instances(&world), [["600"]]);
}

#[tokio::test]
async fn nothing_is_closed_for_what_is_no_program() {
    for health in [Health::Alive(Duration::from_secs(1)), Health::Confirm(Duration::from_secs(1))] {
        let mut world = World::new(Mode::Ask, health).await;
        world.publish("1.1.0", b"no program at all");
        let mut running = Running::start(&world.program);
        let handle = world.engine().await;
        match command(handle.activate(&app(), how())).await {
            Answer::Failed { failure } => assert_eq!(failure.code, "E-RUN-NOT-STARTED"),
            other => panic!("{other:#?}"),
        }
        world.assert_installed("1.0.1");
        assert_eq!(
            word(&command(handle.check(&app(), false)).await),
            "not-offered",
            "it is never offered again"
        );
        assert_eq!(running.child.try_wait().unwrap(), None, "it was not closed");
    }
}

#[tokio::test]
async fn an_undo_during_probation_brings_the_old_version_back_running() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(300))).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let _running = Running::start(&world.program);
    let handle = world.engine().await;
    let (clone, activation) = (handle.clone(), how());
    let activated = tokio::spawn(async move { clone.activate(&app(), activation).await });
    until(&handle, |view| (state(view) == "probation").then_some(())).await;
    world.assert_installed("1.1.0");
    assert_eq!(word(&command(handle.roll_back(&app())).await), "rolled-back");
    // Who waited for the update hears the same.
    assert_eq!(word(&command(async { activated.await.unwrap() }).await), "rolled-back");
    world.assert_installed("1.0.1");
    assert_eq!(instances(&world), [["600"]]);
}

#[tokio::test]
async fn a_probation_goes_on_after_a_restart_of_the_engine() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(300))).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let _running = Running::start(&world.program);
    let handle = in_probation(&world).await;
    handle.shutdown().await;
    world.assert_installed("1.1.0");
    // The engine comes back after the end of the probation.
    world.later(1);
    let handle = world.engine().await;
    until(&handle, |view| (state(view) == "updated").then_some(())).await;
    world.assert_installed("1.1.0");
    assert_eq!(instances(&world), [["600"]]);
}

#[tokio::test]
async fn a_version_that_died_while_nobody_watched_goes_and_may_come_again() {
    for health in [Health::Alive(Duration::from_secs(300)), Health::Confirm(Duration::from_secs(300))] {
        let mut world = World::new(Mode::Ask, health.clone()).await;
        world.publish("1.1.0", &sleeper("1.1.0"));
        let _running = Running::start(&world.program);
        let handle = in_probation(&world).await;
        let deadline = Instant::now() + LONG;
        while instances(&world).is_empty() {
            assert!(Instant::now() < deadline, "the new version was never started");
            tokio::task::yield_now().await;
        }
        handle.shutdown().await;
        kill(&world.program);
        // Time has passed, and proves nothing.
        world.later(1);
        let handle = world.engine().await;
        let why = until(&handle, |view| match &view.state {
            AppState::RolledBack { why, .. } => Some(why.clone()),
            _ => None,
        });
        let why = why.await;
        assert!(matches!(&why, RollBackWhy::Unproven { code, .. } if code == "E-RUN-INTERRUPTED"), "{why:?}");
        world.assert_installed("1.0.1");
        assert_eq!(word(&command(handle.check(&app(), false)).await), "offered", "{health:?}");
    }
}

#[tokio::test]
async fn a_version_that_undid_itself_is_told_once() {
    let mut world = World::new(Mode::Ask, Health::Confirm(Duration::from_secs(300))).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let _running = Running::start(&world.program);
    let handle = in_probation(&world).await;
    handle.shutdown().await;
    kill(&world.program);
    let starts = (0..=crate::install::MAX_STARTS).map(|_| crate::init_at(&world.program).unwrap());
    assert!(starts.into_iter().any(|start| matches!(start, crate::Started::RolledBack(_))));
    world.assert_installed("1.0.1");
    let handle = world.engine().await;
    let code = until(&handle, |view| match &view.state {
        AppState::RolledBack { why: RollBackWhy::Unhealthy { code, .. }, .. } => Some(code.clone()),
        _ => None,
    });
    assert_eq!(code.await, "E-RUN-CONFIRM");
    handle.shutdown().await;
    let entries = world.simulator.store.history().last(10).unwrap();
    assert!(
        matches!(&entries[..], [entry] if matches!(entry.event, crate::store::Event::RolledBack { .. })),
        "{entries:?}"
    );
    let handle = world.engine().await;
    until(&handle, |view| (state(view) == "rolled-back").then_some(())).await;
    handle.shutdown().await;
    assert_eq!(world.simulator.store.history().last(10).unwrap(), entries);
}

#[tokio::test]
async fn trouble_of_this_machine_makes_no_version_bad() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(1))).await;
    world.manners = Manners::Crowded;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let _running = Running::start(&world.program);
    let handle = world.engine().await;
    let answer = command(handle.activate(&app(), how())).await;
    let Answer::RolledBack { why, .. } = answer else { panic!("{answer:#?}") };
    assert!(matches!(&why, RollBackWhy::Unproven { code, .. } if code == "E-RUN-START"), "{why:?}");
    world.assert_installed("1.0.1");
    assert_eq!(word(&command(handle.check(&app(), false)).await), "offered");
}

#[tokio::test]
async fn the_end_of_the_engine_does_not_stop_a_roll_back_half_way() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(1))).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let handle = world.engine().await;
    updated(&command(handle.activate(&app(), how())).await);
    handle.shutdown().await;
    world.manners = Manners::Silent;
    let running = Running::start(&world.program);
    let handle = world.engine().await;
    until(&handle, |view| view.previous.is_some().then_some(())).await;
    let clone = handle.clone();
    drop(tokio::spawn(async move { clone.roll_back(&app()).await }));
    until(&handle, |view| (state(view) == "rolling-back").then_some(())).await;
    handle.shutdown().await;
    world.assert_installed("1.0.1");
    drop(running);
}

#[tokio::test]
async fn waiting_for_the_program_can_be_cancelled_and_harms_nothing() {
    let mut world = World::new(Mode::Ask, Health::Alive(Duration::from_secs(1))).await;
    world.manners = Manners::Silent;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let running = Running::start(&world.program);
    let handle = world.engine().await;
    let clone = handle.clone();
    let activated = tokio::spawn(async move { clone.activate(&app(), how()).await });
    let blockers = until(&handle, |view| match &view.state {
        AppState::WaitingForClose { blockers, .. } => Some(blockers.clone()),
        _ => None,
    });
    assert_eq!(blockers.await[0].pid, running.child.id());
    assert_eq!(word(&command(handle.cancel(&app())).await), "cancelled");
    assert_eq!(word(&command(async { activated.await.unwrap() }).await), "cancelled");
    until(&handle, |view| (state(view) == "ready").then_some(())).await;
    world.assert_installed("1.0.1");
    assert_eq!(instances(&world), [["600"]]);
}

#[tokio::test]
async fn a_version_that_must_confirm_stays_once_it_did() {
    let mut world = World::new(Mode::Ask, Health::Confirm(Duration::from_secs(300))).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let _running = Running::start(&world.program);
    let handle = world.engine().await;
    let clone = handle.clone();
    let activated = tokio::spawn(async move { clone.activate(&app(), how()).await });
    until(&handle, |view| (state(view) == "probation").then_some(())).await;
    assert_eq!(command(handle.confirm(&app())).await, Answer::Done);
    updated(&command(async { activated.await.unwrap() }).await);
    world.assert_installed("1.1.0");
}

#[tokio::test]
async fn a_version_that_never_confirms_goes() {
    let mut world = World::new(Mode::Ask, Health::Confirm(Duration::from_secs(1))).await;
    world.publish("1.1.0", &sleeper("1.1.0"));
    let _running = Running::start(&world.program);
    let handle = world.engine().await;
    match command(handle.activate(&app(), how())).await {
        Answer::RolledBack { why: RollBackWhy::Unhealthy { code, .. }, .. } => {
            assert_eq!(code, "E-RUN-CONFIRM");
        }
        other => panic!("{other:#?}"),
    }
    world.assert_installed("1.0.1");
    assert_eq!(instances(&world), [["600"]]);
}
