//! What this machine knows counts more than what the server says.

use super::*;
use crate::handle::Command;
use crate::policy::Reason;

async fn not_offered(handle: &Handle, force: bool) -> Reason {
    match command(handle.check(&app(), force)).await {
        Answer::NotOffered { reason, .. } => reason,
        other => panic!("{other:#?}"),
    }
}

#[tokio::test]
async fn an_older_version_is_no_update_however_well_it_is_signed() {
    let stage = Stage::known(Mode::Ask).await;
    for version in ["1.0.1", "1.0.0", "0.9.9", "1.0.1-beta.1"] {
        stage.offers(version);
        let answer = stage.apply(consent()).await;
        assert_eq!(word(&answer), "nothing-newer", "{version}: {answer:#?}");
    }
    stage.world.assert_installed("1.0.1");
    assert_eq!(stage.fetched(), [""; 0]);
}

#[tokio::test]
async fn the_floor_beside_the_program_holds() {
    let stage = Stage::known(Mode::Ask).await;
    stage.offers("1.2.0");
    stage.applied(how()).await;
    let handle = stage.world.engine().await;
    command(handle.roll_back(&app())).await;
    stage.world.assert_installed("1.0.1");
    // Newer than what is installed, and older than what was good here.
    stage.offers("1.1.0");
    for force in [false, true] {
        assert!(matches!(not_offered(&handle, force).await, Reason::BelowFloor { .. }));
    }
    handle.shutdown().await;
    // Also for whoever says that nobody knows what is installed, and with all other state gone.
    fs::remove_dir_all(&stage.world.simulator.store.folders().state).unwrap();
    fs::write(&stage.world.program, b"#!/bin/sh\nexit 0\n").unwrap();
    match stage.apply(consent()).await {
        Answer::NotOffered { reason: Reason::BelowFloor { .. }, .. } => {}
        other => panic!("{other:#?}"),
    }
    assert_eq!(stage.fetched(), [FULL]);
}

#[tokio::test]
async fn a_version_that_does_not_live_goes_and_does_not_come_again() {
    let stage = Stage::known(Mode::Ask).await;
    let bad = b"#!/bin/sh\nexit 3\n";
    stage.names(&Says::of("1.1.0", bad, stage.peer.url(&FULL[1..]).as_str()));
    stage.serve(FULL, bad.to_vec());
    assert_eq!(word(&stage.apply(how()).await), "rolled-back");
    stage.world.assert_installed("1.0.1");
    let handle = stage.world.engine().await;
    assert_eq!(not_offered(&handle, true).await, Reason::KnownBad);
}

#[tokio::test]
async fn a_person_may_hold_skip_and_undo() {
    let stage = Stage::known(Mode::Ask).await;
    stage.offers("1.1.0");
    let handle = stage.world.engine().await;
    handle.command(Command::Hold { app: app() }).await;
    assert_eq!(not_offered(&handle, false).await, Reason::OnHold);
    handle.command(Command::Release { app: app() }).await;
    let answer = command(handle.activate(&app(), how())).await;
    assert_eq!(updated(&answer), (Some("1.0.1".to_owned()), "1.1.0".to_owned()));
    command(handle.roll_back(&app())).await;
    assert_eq!(not_offered(&handle, false).await, Reason::Undone);
}

#[tokio::test]
async fn a_no_that_nobody_signed_takes_nothing_back() {
    let stage = Stage::known(Mode::Ask).await;
    stage.offers("1.1.0");
    let handle = stage.world.engine().await;
    assert_eq!(word(&command(handle.check(&app(), false)).await), "offered");
    stage.says_no();
    assert_eq!(word(&command(handle.check(&app(), false)).await), "offered", "a busy server says the same");
    assert_eq!(word(&command(handle.prepare(&app(), how())).await), "ready");
    assert_eq!(word(&command(handle.check(&app(), false)).await), "ready");
    // But what a person wants counts.
    handle.command(Command::Hold { app: app() }).await;
    assert_eq!(not_offered(&handle, false).await, Reason::OnHold);
    assert!(!stage.world.program.with_file_name(".demo.autoupdate/stage").exists());
}

#[tokio::test]
async fn what_is_staged_outlives_the_engine() {
    let stage = Stage::known(Mode::Ask).await;
    stage.offers("1.1.0");
    let handle = stage.world.engine().await;
    assert_eq!(word(&command(handle.prepare(&app(), how())).await), "ready");
    handle.shutdown().await;
    stage.says_no();
    let report = stage.applied(how()).await;
    assert_eq!(report.to.to_string(), "1.1.0");
    stage.world.assert_installed("1.1.0");
    assert_eq!(stage.fetched(), [FULL], "once");
}

#[tokio::test]
async fn it_comes_by_itself_where_that_is_wanted() {
    let mut stage = Stage::known(Mode::Automatic).await;
    stage.offers_patched("1.0.1", "1.1.0");
    stage.world.background = true;
    let handle = stage.world.engine().await;
    until(&handle, |view| (state(view) == "updated").then_some(())).await;
    stage.world.assert_installed("1.1.0");
}

#[tokio::test]
async fn a_word_that_cannot_be_believed_is_shown_so() {
    let stage = Stage::known(Mode::Ask).await;
    let says = stage.says("1.1.0");
    stage.answer(CHECK, move |_| crate::source::lantern::tests::signed(&says.body(), &"ab".repeat(256)));
    let handle = stage.world.engine().await;
    match command(handle.check(&app(), false)).await {
        Answer::CannotVerify { failure } => assert_eq!(failure.code, "E-LANTERN-ANSWER-SIGNATURE"),
        other => panic!("{other:#?}"),
    }
    until(&handle, |view| (state(view) == "cannot-verify").then_some(())).await;
    // Not heard is not lied to.
    stage.answer(CHECK, |_| Reply::Bytes(answer("417 Expectation Failed", "", b"Expectation Failed")));
    match command(handle.check(&app(), false)).await {
        Answer::Failed { failure } => assert_eq!(failure.code, "E-LANTERN-UNSUPPORTED"),
        other => panic!("{other:#?}"),
    }
    fs::remove_file(stage.world.enrolled.file.with_file_name("key.pem")).unwrap();
    let before = stage.peer.requests().len();
    match command(handle.check(&app(), false)).await {
        Answer::Failed { failure } => assert_eq!(failure.code, "E-LANTERN-KEY-FILE"),
        other => panic!("{other:#?}"),
    }
    assert_eq!(stage.peer.requests().len(), before, "nobody is asked without a key");
}

#[tokio::test]
async fn what_is_damaged_is_told_from_what_is_sound() {
    let stage = Stage::known(Mode::Ask).await;
    stage.offers("1.1.0");
    stage.applied(how()).await;
    stage.says_no();
    let handle = stage.world.engine().await;
    match command(handle.repair(&app(), false)).await {
        Answer::Sound { version, signed: false, .. } => assert_eq!(version.to_string(), "1.1.0"),
        other => panic!("{other:#?}"),
    }
    handle.shutdown().await;
    fs::write(&stage.world.program, b"damaged").unwrap();
    stage.offers("1.1.0");
    let handle = stage.world.engine().await;
    match command(handle.repair(&app(), false)).await {
        Answer::Updated { report } => {
            assert!(report.repaired && report.to.to_string() == "1.1.0", "{report:#?}");
        }
        other => panic!("{other:#?}"),
    }
    stage.world.assert_installed("1.1.0");
}
