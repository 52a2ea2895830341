//! Rotation, and what follows after a compromise or a crash. Threats 37, 40, 41.

use super::*;

#[test]
fn revoked_keys_count_no_more() {
    for role in ROLES.into_iter().filter(|role| *role != "rollout" && *role != "ingest") {
        let mut repository = Repository::default();
        let mut client = Client::new(&repository);
        client.check(&repository).unwrap();
        let old = repository.parties[role].keys.clone();
        repository.next_root(|repository| repository.party(role).keys = vec![key(80)]);
        later(&mut repository);
        repository.party(role).signers = Some(old);
        assert_eq!(client.refusal(&repository), "E-META-SIGNATURE", "{role}");
        repository.party(role).signers = None;
        later(&mut repository);
        client.check(&repository).unwrap();
    }
    for role in ["rollout", "ingest"] {
        let mut repository = Repository::default();
        let mut client = Client::new(&repository);
        client.check(&repository).unwrap();
        let old = repository.parties[role].keys.clone();
        repository.party(role).keys = vec![key(80)];
        later(&mut repository);
        repository.party(role).signers = Some(old);
        assert_eq!(client.refusal(&repository), "E-META-SIGNATURE", "{role}");
        repository.party(role).signers = None;
        later(&mut repository);
        client.check(&repository).unwrap();
    }
}

#[test]
fn a_stored_delegated_file_is_verified_under_the_new_delegation() {
    let mut repository = Repository::default();
    let mut client = Client::new(&repository);
    client.check(&repository).unwrap();
    // The publisher revokes the rollout key, but the server still holds the old file.
    let old = repository.file("1.rollout.json");
    repository.party("rollout").keys = vec![key(80)];
    repository.edit_bytes("rollout", move |_| old.clone());
    repository.bump(&["targets", "snapshot", "timestamp"]);
    assert_eq!(client.refusal(&repository), "E-META-SIGNATURE");
    assert_eq!(client.fetched.last().map(String::as_str), Some("rollout"));
}

/// Somebody had the online keys and published the highest versions there are; a client took them.
fn poisoned(roles: &[&str]) -> (Repository, Client) {
    let mut repository = Repository::default();
    let mut client = Client::new(&repository);
    let honest: Vec<_> = roles.iter().map(|role| repository.parties[role].version).collect();
    repository.bump(&["timestamp"]);
    for role in roles {
        repository.party(role).version = i64::MAX as u64;
    }
    client.check(&repository).unwrap();
    for (role, version) in roles.iter().zip(honest) {
        repository.party(role).version = version + 1;
    }
    (repository, client)
}

#[test]
fn highest_versions_are_recovered_from_by_rotation() {
    for (roles, rotated) in [
        (&["timestamp"][..], &["timestamp"][..]),
        (&["timestamp", "snapshot"], &["timestamp", "snapshot"]),
        (&["snapshot"], &["snapshot"]),
        (&["timestamp", "snapshot"], &["timestamp"]),
        (&["snapshot"], &["snapshot", "timestamp"]),
        (&["timestamp", "snapshot", "targets"], &["timestamp", "snapshot", "targets"]),
        (&["rollout", "ingest", "targets"], &["snapshot", "timestamp"]),
    ] {
        let (mut repository, mut client) = poisoned(roles);
        repository.bump(&["timestamp"]);
        assert_eq!(client.refusal(&repository), "E-META-ROLLBACK", "{roles:?}");
        repository.next_root(|repository| {
            for (role, seed) in rotated.iter().zip(90..) {
                repository.party(role).keys = vec![key(seed)];
            }
        });
        let verified = client.check(&repository).unwrap();
        let dropped: Vec<_> = verified.dropped().iter().map(|note| &*note.role).collect();
        assert_eq!(dropped.len(), 2, "{roles:?} {dropped:?}");
        // From here on versions are a floor again.
        later(&mut repository);
        client.check(&repository).unwrap();
        repository.party("timestamp").version -= 1;
        assert_eq!(client.refusal(&repository), "E-META-ROLLBACK");
    }
}

#[test]
fn recovery_also_succeeds_when_the_check_of_the_new_root_got_no_further() {
    for (roles, rotated) in [
        (&["snapshot"][..], &["snapshot"][..]),
        (&["timestamp"], &["timestamp"]),
        (&["timestamp", "snapshot"], &["timestamp"]),
        (&["timestamp", "snapshot"], &["snapshot", "timestamp"]),
    ] {
        let (mut repository, mut client) = poisoned(roles);
        // Where only snapshot was poisoned, timestamp's own version stayed sane and goes on.
        repository.bump(&["timestamp"]);
        repository.next_root(|repository| {
            for (role, seed) in rotated.iter().zip(90..) {
                repository.party(role).keys = vec![key(seed)];
            }
        });
        // Only the new root was kept, then the power went.
        let mut roots = begin(crypto(), &client.pinned, &client.stored, client.now).unwrap();
        let keep = roots.received(&repository.file("2.root.json")).unwrap();
        client.keep(keep);
        client.check(&repository).unwrap_or_else(|error| panic!("{roles:?} {rotated:?}: {error}"));
    }
}

#[test]
fn a_rotation_of_other_keys_keeps_the_floors() {
    for rotated in ["root", "targets"] {
        let mut repository = Repository::default();
        later(&mut repository);
        let mut client = Client::new(&repository);
        client.check(&repository).unwrap();
        repository.next_root(|repository| repository.party(rotated).keys = vec![key(90), key(91)]);
        repository.party("timestamp").version = 1;
        assert_eq!(client.refusal(&repository), "E-META-ROLLBACK", "{rotated}");
    }
    // Nor does another key beside the old one.
    let mut repository = Repository::default();
    later(&mut repository);
    let mut client = Client::new(&repository);
    client.check(&repository).unwrap();
    repository.next_root(|repository| repository.party("timestamp").keys.push(key(90)));
    repository.party("timestamp").version = 1;
    assert_eq!(client.refusal(&repository), "E-META-ROLLBACK");
}

#[test]
fn a_crash_after_any_kept_file_leaves_floors_and_a_way_on() {
    let old = Repository::default();
    let mut client = Client::new(&old);
    client.check(&old).unwrap();
    let before = client.stored.clone();
    let mut new = Repository::default();
    new.next_root(|_| {});
    later(&mut new);
    client.check(&new).unwrap();
    let after = client.stored;
    let mut last = Repository::default();
    last.next_root(|_| {});
    (0..2).for_each(|_| later(&mut last));
    for crash in 0..=6 {
        let mut stored = before.clone();
        let parts = [("root", &after.root), ("timestamp", &after.timestamp), ("snapshot", &after.snapshot)];
        for (role, bytes) in parts.into_iter().chain([("targets", &after.targets)]).take(crash) {
            stored.keep(Keep { role: role.to_owned(), bytes: bytes.clone().unwrap() });
        }
        for role in ["rollout", "ingest"].iter().take(crash.saturating_sub(4)) {
            stored.keep(Keep { role: (*role).to_owned(), bytes: after.delegated[*role].clone() });
        }
        let mut client = Client { stored, ..Client::pinning(old.file("1.root.json")) };
        let again = client.stored.clone();
        // Versions that were kept do not go back, whatever the crash left of them.
        for (role, kept_after) in [("timestamp", 2), ("snapshot", 2), ("targets", 3), ("rollout", 3)] {
            let mut back = Repository::default();
            back.next_root(|_| {});
            (0..2).for_each(|_| later(&mut back));
            back.party(role).version = 1;
            let expected = if crash >= kept_after { "E-META-ROLLBACK" } else { "verified" };
            assert_eq!(client.refusal(&back), expected, "{crash} {role}");
            client.stored = again.clone();
        }
        client.check(&new).unwrap();
        client.check(&last).unwrap();
    }
}
