//! A program that updates itself, step by step and all at once, and its first starts afterwards.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::install;
use crate::source::tests::simulator::Simulator;
use crate::start::{Started, confirm_at, init_at};

/// The publisher's clock stands still in 2026; here the real one is used, so the repository is renewed for today.
async fn world(health: Health) -> (Simulator, SelfUpdate) {
    let mut simulator = Simulator::new(false).await;
    simulator.now = jiff::Timestamp::now();
    simulator.publish("1.0.1", b"one");
    let folder = simulator.folder.path().join("installed");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let path = folder.join("demo");
    fs::write(&path, b"one").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let config = SelfUpdate {
        app: crate::testing::app(),
        sources: simulator.enrolment.sources.clone(),
        root: fs::read(simulator.public().join("metadata/1.root.json")).unwrap().into(),
        channel: Channel::default(),
        path,
        health,
        consent: Consent::Withheld,
        folders: simulator.store.folders().clone(),
    };
    (simulator, config)
}

fn publish(simulator: &Simulator, version: &str, bytes: &[u8]) {
    simulator.publish(version, bytes);
}

/// The blocking call, while the publisher's server goes on in the test's runtime.
async fn next(config: &SelfUpdate) -> Result<Option<String>, Error> {
    let config = config.clone();
    let done = tokio::task::spawn_blocking(move || apply_next(&config)).await.unwrap();
    done.map(|version| version.map(|version| version.to_string()))
}

fn installed(config: &SelfUpdate) -> Vec<u8> {
    fs::read(&config.path).unwrap()
}

fn start(config: &SelfUpdate) -> String {
    match init_at(&config.path).unwrap() {
        Started::Plain => "plain".to_owned(),
        Started::OnProbation(number) => format!("start {number}"),
        Started::RolledBack(_) => "rolled back".to_owned(),
    }
}

/// A program that ends at once, as every program does that calls `init` and is asked only whether it starts.
const TWO: &[u8] = b"#!/bin/sh\nexit 0\n# two\n";
const CONFIRM: Health = Health::Confirm(Duration::from_secs(60));

#[tokio::test]
async fn a_confirmed_update_stays() {
    let (simulator, config) = world(CONFIRM).await;
    assert_eq!(start(&config), "plain");
    assert_eq!(next(&config).await.unwrap(), None);
    publish(&simulator, "1.1.0", TWO);
    assert_eq!(next(&config).await.unwrap().as_deref(), Some("1.1.0"));
    assert_eq!(installed(&config), TWO);
    assert_eq!(start(&config), "start 1");
    assert!(confirm_at(&config.path).unwrap());
    assert!(!confirm_at(&config.path).unwrap(), "there is nothing to confirm any more");
    assert_eq!(start(&config), "plain");
    assert_eq!(Place::inspect(&config.path).unwrap().floor, Some(crate::testing::version("1.1.0")));
    assert_eq!(next(&config).await.unwrap(), None);
}

#[tokio::test]
async fn a_version_that_never_confirms_goes_and_is_not_offered_again() {
    let (simulator, config) = world(CONFIRM).await;
    publish(&simulator, "1.1.0", TWO);
    next(&config).await.unwrap();
    for number in 1..=install::MAX_STARTS {
        assert_eq!(start(&config), format!("start {number}"));
    }
    assert_eq!(start(&config), "rolled back");
    assert_eq!(installed(&config), b"one");
    assert_eq!(start(&config), "plain");
    assert_eq!(next(&config).await.unwrap(), None);
    assert_eq!(installed(&config), b"one");
}

#[tokio::test]
async fn a_probe_decides_at_once() {
    let (simulator, config) = world(Health::Probe(Vec::new())).await;
    publish(&simulator, "1.1.0", b"#!/bin/sh\nexit 1\n");
    assert_eq!(next(&config).await.unwrap_err().fault().code, "E-RUN-ENDED");
    assert_eq!(installed(&config), b"one");
    publish(&simulator, "1.2.0", b"#!/bin/sh\nexit 0\n");
    assert_eq!(next(&config).await.unwrap().as_deref(), Some("1.2.0"));
    assert_eq!(start(&config), "plain");
}

#[tokio::test]
async fn unknown_bytes_need_consent() {
    let (simulator, mut config) = world(CONFIRM).await;
    fs::write(&config.path, b"built by hand").unwrap();
    publish(&simulator, "1.1.0", TWO);
    assert_eq!(next(&config).await.unwrap_err().fault().code, "E-POLICY-CONSENT");
    assert_eq!(installed(&config), b"built by hand");
    config.consent = Consent::Given;
    assert_eq!(next(&config).await.unwrap().as_deref(), Some("1.1.0"));
}

#[tokio::test]
async fn a_start_leaves_no_trace_where_nothing_was_ever_updated() {
    let (_simulator, config) = world(CONFIRM).await;
    assert_eq!(start(&config), "plain");
    assert!(!confirm_at(&config.path).unwrap());
    assert_eq!(fs::read_dir(config.path.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_version_that_cannot_be_started_goes_at_once() {
    let (simulator, config) = world(CONFIRM).await;
    for (version, bytes, code) in [
        ("1.1.0", &b"no program"[..], "E-RUN-NOT-STARTED"),
        ("1.2.0", b"#!/nowhere/sh\n", "E-RUN-NOT-STARTED"),
        ("1.3.0", b"#!/bin/sh\nexit 127\n", "E-RUN-ENDED"),
    ] {
        publish(&simulator, version, bytes);
        assert_eq!(next(&config).await.unwrap_err().fault().code, code, "{version}");
        assert_eq!(installed(&config), b"one");
        assert_eq!(next(&config).await.unwrap(), None, "{version} is known to be bad");
    }
    publish(&simulator, "1.4.0", TWO);
    assert_eq!(next(&config).await.unwrap().as_deref(), Some("1.4.0"));
}

/// A stage that was put in place by a process which died before it asked for a proof.
async fn killed_after_the_swap(config: &SelfUpdate) {
    let updater = Updater::new(config).await.unwrap();
    let Decision::Offer(offer) = updater.check().await.unwrap().decision else {
        panic!("nothing is offered")
    };
    let staged = updater.prepare(&offer).await.unwrap();
    let place = staged.carry.place.unwrap();
    work::locked(&place, |place| place.activate(&config.health, jiff::Timestamp::now())).unwrap();
}

#[tokio::test]
async fn the_next_updater_ends_what_a_killed_one_left() {
    let probe = || Health::Probe(Vec::new());
    for (health, bytes, stays) in [
        (probe(), TWO, true),
        (probe(), b"#!/bin/sh\nexit 3\n", false),
        (Health::Alive(Duration::from_secs(5)), TWO, true),
    ] {
        let (simulator, config) = world(health).await;
        publish(&simulator, "1.1.0", bytes);
        killed_after_the_swap(&config).await;
        assert!(Place::open(&config.path).unwrap().probation().is_some());
        assert_eq!(next(&config).await.unwrap(), None);
        let place = Place::open(&config.path).unwrap();
        assert!(place.probation().is_none(), "{:?}", config.health);
        assert_eq!(installed(&config) == bytes, stays, "{:?}", config.health);
        let floor = place.installed().floor.as_ref().map(ToString::to_string);
        assert_eq!(floor.as_deref(), stays.then_some("1.1.0"));
    }
}

#[tokio::test]
async fn who_stops_waiting_leaves_nothing_on_probation() {
    let (simulator, config) = world(Health::Probe(Vec::new())).await;
    let gate = config.path.with_file_name("gate");
    let made = std::process::Command::new("mkfifo").arg(&gate).status().unwrap();
    assert!(made.success());
    let script = format!("#!/bin/sh\nread word < {}\n", gate.display());
    publish(&simulator, "1.1.0", script.as_bytes());
    let updater = Updater::new(&config).await.unwrap();
    let Decision::Offer(offer) = updater.check().await.unwrap().decision else {
        panic!("nothing is offered")
    };
    let staged = updater.prepare(&offer).await.unwrap();
    let activation = tokio::spawn(async move { updater.activate(staged).await });
    while installed(&config) != script.as_bytes() {
        tokio::task::yield_now().await;
    }
    activation.abort();
    // The probe goes on by itself; opening waits until it listens.
    tokio::task::spawn_blocking(move || fs::write(gate, "go\n")).await.unwrap().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    let place = loop {
        match Place::open(&config.path) {
            Ok(place) => break place,
            Err(error) => assert_eq!(error.fault().code, "E-LOCK-HELD"),
        }
        assert!(std::time::Instant::now() < deadline, "the place is never let go");
        tokio::task::yield_now().await;
    };
    assert!(place.probation().is_none());
    assert_eq!(place.installed().floor, Some(crate::testing::version("1.1.0")));
}
