//! What must work: a first check, a second one, a long absence.

use super::*;
use crate::{Control, LIMITS};

#[test]
fn a_first_check_verifies_everything_and_a_second_fetches_only_timestamp() {
    let mut repository = Repository::default();
    let mut client = Client::new(&repository);
    let verified = client.check(&repository).unwrap();
    assert_eq!(client.fetched, ROLES);
    let versions: Vec<_> = verified
        .artifacts(&app(), linux())
        .iter()
        .map(|artifact| artifact.release.version.to_string())
        .collect();
    assert_eq!(versions, ["1.0.0", "1.1.0"]);
    assert!(verified.left_out(&app(), linux()).is_empty());
    assert_eq!((verified.root_version(), verified.consistent_snapshot()), (1, true));
    // The earliest expiry is timestamp's.
    let freshness = verified.freshness();
    assert_eq!(freshness.checked_at(), noon());
    assert_eq!(freshness.valid_until().to_string(), "2030-06-04T00:00:00Z");

    client.check(&repository).unwrap();
    assert_eq!(client.fetched, ["timestamp"]);

    repository.bump(&["rollout", "snapshot", "timestamp"]);
    client.check(&repository).unwrap();
    assert_eq!(client.fetched, ["timestamp", "snapshot", "rollout"]);
}

#[test]
fn without_consistent_snapshots_names_have_no_versions() {
    let repository = Repository { consistent: false, ..Repository::default() };
    let verified = Client::new(&repository).check(&repository).unwrap();
    assert!(!verified.consistent_snapshot());
}

#[test]
fn the_rollout_file_is_found_and_checked() {
    let repository = Repository::default();
    let verified = Client::new(&repository).check(&repository).unwrap();
    let Control::Target(target) = verified.rollout_target(&stable()) else { panic!("no rollout") };
    let bytes = serde_json::to_vec(&protocol::Rollout::open(app(), stable())).unwrap();
    target.check(&bytes).unwrap();
    for bad in [&bytes[1..], &[&bytes[..], b"x"].concat(), b""] {
        assert_eq!(target.check(bad).unwrap_err().code(), "E-META-INTEGRITY");
    }
    // Delegated, but nothing is said about this channel.
    assert_eq!(verified.rollout_target(&Channel::parse("beta").unwrap()), Control::Unverified);
}

#[test]
fn no_rollout_role_is_open_and_an_unloaded_one_is_unverified() {
    let open = Repository { delegated: Vec::new(), ..Repository::default() };
    let verified = Client::new(&open).check(&open).unwrap();
    assert_eq!(verified.rollout_target(&stable()), Control::Open);

    let repository = Repository::default();
    let files = repository.files();
    let crypto = crypto();
    let roots = begin(crypto, &repository.file("1.root.json"), &Stored::default(), noon()).unwrap();
    let (stage, _) = roots.finish().unwrap().received(&files["timestamp.json"]).unwrap();
    let (stage, _) = stage.received(&files["1.snapshot.json"]).unwrap();
    let (verified, _) = stage.received(&files["1.targets.json"]).unwrap();
    assert_eq!(verified.rollout_target(&stable()), Control::Unverified);
    // The same goes for ingest: what is not loaded offers nothing.
    assert_eq!(verified.artifacts(&app(), linux()).len(), 1);
}

#[test]
fn a_client_that_was_offline_for_long_walks_from_root_1_to_40() {
    let mut repository = Repository::default();
    let mut client = Client::new(&repository);
    for step in 0..39_u8 {
        repository.next_root(|repository| {
            // Every key changes, and roots in the middle are long expired.
            let root = repository.party("root");
            root.keys = vec![key(100 + 2 * step), key(101 + 2 * step)];
            root.expires = if step < 38 { "2020-01-01T00:00:00Z" } else { "2031-01-01T00:00:00Z" }.to_owned();
        });
    }
    assert_eq!(client.check(&repository).unwrap().root_version(), 40);
    // The next check begins at root 40 and asks for 41 only.
    let roots = begin(crypto(), &client.pinned, &client.stored, noon()).unwrap();
    assert_eq!(roots.wanted().unwrap().version, Some(41));
}

#[test]
fn a_walk_ends_after_the_step_limit_and_goes_on_next_time() {
    // Roots do not expire on the way, so 1,030 of them by the same keys are enough.
    let mut repository = Repository::default();
    let client = Client::new(&repository);
    let mut roots = begin(crypto(), &client.pinned, &Stored::default(), noon()).unwrap();
    let mut last = None;
    for version in 2..=u64::from(LIMITS.root_steps) + 1 {
        assert_eq!(roots.wanted().unwrap().version, Some(version));
        repository.party("root").version = version;
        last = Some(roots.received(&repository.root()).unwrap());
    }
    assert_eq!(roots.wanted(), None);
    repository.party("root").version += 1;
    assert_eq!(roots.received(&repository.root()).unwrap_err().code(), "E-META-LIMIT");
    let mut stored = Stored::default();
    stored.keep(last.unwrap());
    let roots = begin(crypto(), &client.pinned, &stored, noon()).unwrap();
    assert_eq!(roots.wanted().unwrap().version, Some(u64::from(LIMITS.root_steps) + 2));
}
