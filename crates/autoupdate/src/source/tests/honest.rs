//! What a check asks for, and what it brings.

use protocol::{Digest, FormatId, PatchEntry, PatchIndex, SourceUrl, object};

use super::simulator::{Simulator, platform, version};
use crate::fetch::tests::client;
use crate::source::patch_index;
use crate::source::tuf::{self, RolloutState};

#[tokio::test]
async fn the_first_check_walks_everything_and_the_next_costs_two_requests() {
    let simulator = Simulator::new(false).await;
    let mut seen = 0;
    let checked = simulator.check().await.unwrap();
    let artifacts = checked.verified.artifacts(&simulator.enrolment.id, platform());
    assert_eq!(artifacts.len(), 1);
    assert_eq!(artifacts[0].release.version, version("1.0.0"));
    assert!(matches!(checked.rollout, RolloutState::Open));
    assert_eq!(checked.objects.len(), 3, "{:?}", checked.objects);
    assert_eq!(simulator.asked(&mut seen).len(), 4);

    let checked = simulator.check().await.unwrap();
    assert_eq!(checked.verified.artifacts(&simulator.enrolment.id, platform()), artifacts);
    assert_eq!(simulator.asked(&mut seen), ["metadata/2.root.json", "metadata/timestamp.json"]);
    assert_eq!(checked.objects, []);
    assert!(simulator.peer.requests()[seen - 1].header("if-none-match").is_some());
}

#[tokio::test]
async fn a_new_release_costs_the_changed_files_only() {
    let mut simulator = Simulator::new(true).await;
    simulator.check().await.unwrap();
    let mut seen = simulator.peer.requests().len();
    simulator.later(1);
    simulator.publish("1.1.0", b"the second release");
    let checked = simulator.check().await.unwrap();
    assert_eq!(checked.verified.artifacts(&simulator.enrolment.id, platform()).len(), 2);
    let asked = simulator.asked(&mut seen);
    let roles: Vec<_> =
        asked.iter().map(|name| name.trim_start_matches(|c: char| !c.is_ascii_lowercase())).collect();
    assert!(roles.len() <= 6, "{asked:?}");
    assert_eq!(checked.verified.freshness().checked_at(), simulator.now);
}

#[tokio::test]
async fn a_304_is_not_freshness() {
    let mut simulator = Simulator::new(false).await;
    let valid_until = simulator.check().await.unwrap().verified.freshness().valid_until();
    simulator.later(24 * 8);
    assert!(valid_until < simulator.now);
    assert_eq!(simulator.failure().await, "E-META-EXPIRED");
    assert!(simulator.peer.requests().last().unwrap().header("if-none-match").is_some());
    simulator.renew();
    simulator.check().await.unwrap();
}

#[tokio::test]
async fn the_rollout_of_the_channel_is_verified_and_kept() {
    let mut simulator = Simulator::new(true).await;
    simulator.halt("1.0.0");
    let checked = simulator.check().await.unwrap();
    let RolloutState::Rules(rollout) = checked.rollout else { panic!("{:?}", checked.rollout) };
    assert!(rollout.releases[&version("1.0.0")].halted);
    // Unchanged: nothing but root and timestamp is asked for, and the rollout still holds.
    let mut seen = simulator.peer.requests().len();
    let checked = simulator.check().await.unwrap();
    assert_eq!(simulator.asked(&mut seen).len(), 2);
    assert!(matches!(checked.rollout, RolloutState::Rules(kept) if kept == rollout));
    simulator.later(1);
    simulator.renew();
    assert!(matches!(simulator.check().await.unwrap().rollout, RolloutState::Rules(_)));
}

#[tokio::test]
async fn a_rollout_that_cannot_be_had_holds_everything_back() {
    let simulator = Simulator::new(true).await;
    simulator.halt("1.0.0");
    let names: Vec<_> = {
        let checked = simulator.check().await.unwrap();
        checked
            .objects
            .iter()
            .map(|object| object.name.clone())
            .filter(|name| name.contains("rollout"))
            .collect()
    };
    assert!(names.len() == 2, "role and target: {names:?}");
    for name in names {
        for lie in [None, Some(&b"{}"[..])] {
            std::fs::remove_dir_all(&simulator.store.folders().state).unwrap();
            simulator.lie(&name, lie);
            let checked = simulator.check().await.unwrap();
            assert!(
                matches!(checked.rollout, RolloutState::Unverified { .. }),
                "{name}: {:?}",
                checked.rollout
            );
            simulator.be_honest();
        }
    }
}

#[tokio::test]
async fn sources_are_tried_in_order() {
    let mut simulator = Simulator::new(false).await;
    let good = simulator.enrolment.sources[0].clone();
    let dead = SourceUrl::parse("http://127.0.0.1:1/", false).unwrap();
    let other = SourceUrl::parse(&format!("{good}nothing/here"), false).unwrap();
    simulator.enrolment.sources = vec![dead.clone(), other.clone(), good];
    simulator.check().await.unwrap();
    // What tells most about the repository is what is reported.
    simulator.enrolment.sources = vec![dead.clone(), other];
    assert_eq!(simulator.failure().await, "E-META-MISSING");
    simulator.enrolment.sources = vec![dead];
    assert_eq!(simulator.failure().await, "E-NET-CONNECT");
}

#[tokio::test]
async fn the_pinned_root_is_the_file_that_was_pinned() {
    let mut simulator = Simulator::new(false).await;
    let folder = simulator.folder.path().join("enrolment");
    std::fs::create_dir(&folder).unwrap();
    let read = |simulator: &Simulator| {
        tuf::pinned_root(&simulator.enrolment, &folder).map_err(|error| error.fault().code)
    };
    assert_eq!(read(&simulator), Err("E-META-ROOT-FILE"));
    let root = std::fs::read(simulator.public().join("metadata/1.root.json")).unwrap();
    std::fs::write(folder.join("root.json"), &root).unwrap();
    assert_eq!(read(&simulator), Ok(root));
    simulator.enrolment.anchor.sha256 = Digest::of(b"other");
    assert_eq!(read(&simulator), Err("E-META-ROOT-PIN"));
    assert_eq!(simulator.failure().await, "E-META-ROOT-PIN");
}

#[tokio::test]
async fn an_index_of_patches_is_never_an_obstacle() {
    let simulator = Simulator::new(false).await;
    let (app, artifact) = (&simulator.enrolment.id, Digest::of(b"artifact"));
    let entry = PatchEntry {
        base: Digest::of(b"base"),
        format: FormatId::parse("bsz1").unwrap(),
        length: 5,
        memory: 6,
    };
    let good = serde_json::to_vec(&PatchIndex::new(vec![entry])).unwrap();
    for (name, lie, found) in [
        ("none", None, false),
        ("a page", Some(b"<html>".to_vec()), false),
        ("empty", Some(Vec::new()), false),
        ("long", Some(vec![b' '; 70_000]), false),
        ("good", Some(good), true),
    ] {
        simulator.lie(&object::patch_index(&artifact), lie.as_deref());
        let index = patch_index(&client(), &simulator.enrolment.sources, app, &artifact).await;
        assert_eq!(index.is_some(), found, "{name}");
    }
}
