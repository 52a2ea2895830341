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

const CONFIRM: Health = Health::Confirm(Duration::from_secs(60));

#[tokio::test]
async fn a_confirmed_update_stays() {
    let (simulator, config) = world(CONFIRM).await;
    assert_eq!(start(&config), "plain");
    assert_eq!(next(&config).await.unwrap(), None);
    publish(&simulator, "1.1.0", b"two");
    assert_eq!(next(&config).await.unwrap().as_deref(), Some("1.1.0"));
    assert_eq!(installed(&config), b"two");
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
    publish(&simulator, "1.1.0", b"two");
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
    publish(&simulator, "1.1.0", b"two");
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
