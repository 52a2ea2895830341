//! Stored files that are damaged, foreign or gone: noted, never fatal, never trusted. Threat 38.

use super::*;

/// Every way to break the stored file of a role.
fn breakages(good: &[u8]) -> Vec<Vec<u8>> {
    let mut flipped = good.to_vec();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    vec![
        Vec::new(),
        vec![0; good.len()],
        good[..good.len() / 2].to_vec(),
        [good, b"x"].concat(),
        b"{}".to_vec(),
        vec![b'x'; 4 << 20],
        flipped,
    ]
}

fn stored_file<'a>(stored: &'a mut Stored, role: &str) -> &'a mut Vec<u8> {
    match role {
        "root" => stored.root.as_mut(),
        "timestamp" => stored.timestamp.as_mut(),
        "snapshot" => stored.snapshot.as_mut(),
        "targets" => stored.targets.as_mut(),
        _ => stored.delegated.get_mut(role),
    }
    .unwrap()
}

/// A client with a stored file of every role, and its repository at root 2.
fn client_with_everything() -> (Repository, Client) {
    let mut repository = Repository::default();
    let mut client = Client::new(&repository);
    repository.next_root(|_| {});
    client.check(&repository).unwrap();
    (repository, client)
}

#[test]
fn a_broken_stored_file_is_fetched_again() {
    let (repository, good) = client_with_everything();
    for role in ["root", "timestamp", "snapshot", "targets", "rollout", "ingest"] {
        for bad in breakages(stored_file(&mut good.stored.clone(), role)) {
            let mut client = Client { stored: good.stored.clone(), ..Client::pinning(good.pinned.clone()) };
            *stored_file(&mut client.stored, role) = bad;
            let verified = client.check(&repository).unwrap_or_else(|error| panic!("{role}: {error}"));
            assert_eq!(verified.root_version(), 2);
            if ["root", "timestamp", "snapshot"].contains(&role) {
                let noted: Vec<_> = verified.dropped().iter().map(|note| &*note.role).collect();
                assert_eq!(noted, [role]);
            }
            assert_eq!(client.stored, good.stored, "{role} is whole again");
        }
    }
}

#[test]
fn a_broken_snapshot_does_not_take_the_timestamp_s_floor_away() {
    let mut repository = Repository::default();
    repository.bump(&ROLES);
    let mut client = Client::new(&repository);
    client.check(&repository).unwrap();
    client.stored.snapshot = Some(b"{}".to_vec());
    repository.party("timestamp").version = 1;
    assert_eq!(client.refusal(&repository), "E-META-ROLLBACK");
    // Nor does one with a damaged signature by a listed key, which no rotation explains.
    let mut damaged: serde_json::Value = serde_json::from_slice(&repository.file("2.snapshot.json")).unwrap();
    damaged["signatures"][0]["sig"] = "00".repeat(64).into();
    client.stored.snapshot = Some(serde_json::to_vec(&damaged).unwrap());
    assert_eq!(client.refusal(&repository), "E-META-ROLLBACK");
}

#[test]
fn files_of_another_repository_do_not_count() {
    let (repository, client) = client_with_everything();
    let mut other = Repository::default();
    for (role, seed) in ROLES.into_iter().zip(20..) {
        other.party(role).keys = vec![key(seed)];
        other.party(role).version = 1000;
    }
    let mut foreign = Client::new(&other);
    foreign.check(&other).unwrap();
    foreign.pinned = client.pinned.clone();
    let verified = foreign.check(&repository).unwrap();
    assert_eq!(verified.dropped().len(), 2, "timestamp and snapshot");
    assert_eq!(foreign.stored, client.stored);
}

#[test]
fn a_deleted_store_starts_from_the_pinned_root() {
    let (repository, mut client) = client_with_everything();
    let full = std::mem::take(&mut client.stored);
    client.check(&repository).unwrap();
    assert_eq!(client.stored, full);
}

#[test]
fn the_walk_begins_at_the_later_of_pinned_and_stored_root() {
    let mut repository = Repository::default();
    for _ in 0..4 {
        repository.next_root(|_| {});
    }
    let root = |version: u64| repository.file(&format!("{version}.root.json"));
    let mut forged = Repository::default();
    forged.party("root").version = 9;
    forged.party("root").signers = Some(vec![key(1)]);
    for (pinned, stored, next, notes) in [
        (1, None, 2, 0),
        (1, Some(root(4)), 5, 0),
        (4, Some(root(1)), 5, 0),
        (3, Some(root(3)), 4, 0),
        (2, Some(b"junk".to_vec()), 3, 1),
        // Ahead of all, but not signed by its own two keys.
        (2, Some(forged.file("9.root.json")), 3, 1),
    ] {
        let stored = Stored { root: stored, ..Stored::default() };
        let roots = begin(crypto(), &root(pinned), &stored, noon()).unwrap();
        assert_eq!((roots.wanted().unwrap().version, roots.dropped().len()), (Some(next), notes), "{pinned}");
    }
}

#[test]
fn a_pinned_root_that_does_not_verify_is_the_enrolment_s_fault() {
    let repository = Repository::default();
    let good = repository.file("1.root.json");
    for bad in breakages(&good) {
        let error = begin(crypto(), &bad, &Stored::default(), noon()).map(|_| ()).unwrap_err();
        assert_eq!((error.code(), error.actor()), ("E-META-PINNED-ROOT", crate::Actor::Machine));
    }
}
