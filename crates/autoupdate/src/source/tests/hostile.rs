//! Servers, mirrors and networks that lie. Trusted state never goes back, and every failure has its code.

use std::path::Path;

use super::simulator::Simulator;
use crate::fetch::tests::peer::answer;

/// Every object that a first check asks for and gets.
async fn objects(simulator: &Simulator) -> Vec<String> {
    let checked = simulator.check().await.unwrap();
    checked.objects.into_iter().map(|object| object.name).collect()
}

#[tokio::test]
async fn one_flipped_byte_in_any_metadata_is_refused_and_an_honest_check_follows() {
    let simulator = Simulator::new(false).await;
    let names = objects(&simulator).await;
    for name in names {
        let good = std::fs::read(simulator.public().join(&name)).unwrap();
        for eighth in 0..8 {
            std::fs::remove_dir_all(&simulator.store.folders().state).unwrap();
            let mut bad = good.clone();
            let at = good.len() * eighth / 8;
            bad[at] ^= 1;
            simulator.lie(&name, Some(&bad));
            let code = simulator.failure().await;
            assert!(code.starts_with("E-META-"), "{name} at {at}: {code}");
            simulator.be_honest();
            simulator.check().await.unwrap();
        }
    }
}

#[tokio::test]
async fn somebody_in_between_changes_nothing() {
    let mut simulator = Simulator::new(true).await;
    simulator.check().await.unwrap();
    simulator.later(1);
    simulator.publish("1.1.0", b"the second release");
    let before = simulator.stored();
    for (name, whole) in [
        ("a page", answer("200 OK", "Content-Type: text/html\r\n", b"<html>sign in</html>")),
        ("an untyped page", answer("200 OK", "", b"<html>sign in</html>")),
        ("511", answer("511 Network Authentication Required", "", b"")),
        ("empty", answer("200 OK", "", b"")),
        ("304", b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()),
    ] {
        simulator.lie("*", Some(&whole));
        assert_eq!(simulator.failure().await, "E-NET-PORTAL", "{name}");
        assert_eq!(simulator.stored(), before, "{name}");
    }
    simulator.be_honest();
    simulator.check().await.unwrap();
}

#[tokio::test]
async fn an_older_mirror_is_refused_and_the_state_stays() {
    let mut simulator = Simulator::new(false).await;
    let copy = |from: &Path, to: &Path| std::fs::copy(from, to).unwrap();
    let (timestamp, old) =
        (simulator.public().join("metadata/timestamp.json"), simulator.folder.path().join("old"));
    copy(&timestamp, &old);
    simulator.later(1);
    simulator.publish("1.1.0", b"the second release");
    simulator.check().await.unwrap();
    let before = simulator.stored();
    simulator.lie("metadata/timestamp.json", Some(&std::fs::read(old).unwrap()));
    assert_eq!(simulator.failure().await, "E-META-ROLLBACK");
    assert_eq!(simulator.stored(), before);
}

#[tokio::test]
async fn what_is_missing_or_too_long_is_said_so() {
    let simulator = Simulator::new(false).await;
    for name in objects(&simulator).await {
        for (lie, expected) in [(None, "E-META-MISSING"), (Some(vec![b' '; 3 << 20]), "E-NET-TOO-LONG")] {
            // A check that failed at its first file has kept nothing.
            let _ = std::fs::remove_dir_all(&simulator.store.folders().state);
            simulator.lie(&name, lie.as_deref());
            assert_eq!(simulator.failure().await, expected, "{name}");
            simulator.be_honest();
        }
    }
}

#[tokio::test]
async fn a_check_that_dies_after_any_file_is_finished_by_the_next() {
    let mut simulator = Simulator::new(true).await;
    simulator.check().await.unwrap();
    simulator.later(1);
    simulator.publish("1.1.0", b"the second release");
    let before = tempfile::tempdir().unwrap();
    let state = simulator.store.folders().state.clone();
    copy_all(&state, before.path());
    let names = objects(&simulator).await;
    assert!(names.len() >= 3, "{names:?}");
    for name in names.iter().filter(|name| name.starts_with("metadata/")) {
        std::fs::remove_dir_all(&state).unwrap();
        copy_all(before.path(), &state);
        simulator.lie(name, None);
        // Without the rollout the check still succeeds, and offers nothing.
        let died = simulator.check().await;
        assert!(died.is_err() || name.contains("rollout"), "{name}");
        simulator.be_honest();
        simulator.check().await.unwrap();
    }
}

#[tokio::test]
async fn damaged_state_is_fetched_anew() {
    let simulator = Simulator::new(true).await;
    simulator.check().await.unwrap();
    let good = simulator.stored();
    let folder = simulator
        .store
        .folders()
        .state
        .join("metadata/demo")
        .join(simulator.enrolment.anchor.sha256.to_string());
    for role in ["root", "timestamp", "snapshot", "targets", "rollout"] {
        let file = folder.join(format!("{role}.json"));
        if !file.exists() {
            assert_eq!(role, "root", "the pinned root is not kept again");
        }
        for bad in [&b""[..], b"{", b"\xff\xff\xff"] {
            std::fs::write(&file, bad).unwrap();
            simulator.check().await.unwrap();
        }
        if role != "root" {
            assert_eq!(simulator.stored(), good, "{role}");
        }
    }
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
