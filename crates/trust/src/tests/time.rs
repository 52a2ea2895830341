//! Time, freeze, rollback and mixtures. Threats 9, 34 to 39.

use serde_json::json;

use super::*;
use crate::{AwaitTimestamp, Error};

const ALL: [&str; 6] = ["root", "timestamp", "snapshot", "targets", "rollout", "ingest"];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn whatever_is_expired_is_an_error_that_names_it() {
    for expired in ALL {
        for (expires, fine) in [
            ("2020-01-01T00:00:00Z", false),
            ("2030-06-01T11:59:59Z", false),
            ("2030-06-01T12:00:00Z", false),
            ("2030-06-01T12:00:01Z", true),
        ] {
            let mut repository = Repository::default();
            repository.party(expired).expires = expires.to_owned();
            match Client::new(&repository).check(&repository) {
                Ok(_) => assert!(fine, "{expired} {expires}"),
                Err(Error::Expired { role, expires: when }) => {
                    assert_eq!((&*role, when), (expired, at(expires)));
                    assert!(!fine, "{expired} {expires}");
                }
                Err(other) => panic!("{expired} {expires}: {other}"),
            }
        }
    }
}

#[test]
fn what_was_stored_must_be_unexpired_when_it_is_used() {
    let repository = Repository::default();
    for (expired, day) in [("timestamp", "2030-06-04"), ("root", "2031-01-01")] {
        let mut client = Client::new(&repository);
        client.check(&repository).unwrap();
        client.now = at(&format!("{day}T00:00:00Z"));
        // The mirror is frozen: the same files as ever, or 304.
        let error = client.check(&repository).map(|_| ()).unwrap_err();
        assert!(matches!(&error, Error::Expired { role, .. } if role == expired), "{error}");
        let roots = begin(crypto(), &client.pinned, &client.stored, client.now).unwrap();
        let error = roots.finish().and_then(AwaitTimestamp::not_modified).map(|_| ()).unwrap_err();
        assert!(matches!(&error, Error::Expired { role, .. } if role == expired), "{error}");
    }
    // Timestamp is renewed, but an expired snapshot, targets, rollout or ingest stays pinned: it is asked for again.
    for (expired, day) in [("snapshot", "2030-06-08"), ("targets", "2030-08-01"), ("rollout", "2030-06-07")] {
        let mut repository = Repository::default();
        let mut client = Client::new(&repository);
        client.check(&repository).unwrap();
        client.now = at(&format!("{day}T00:00:00Z"));
        for role in ROLES.into_iter().filter(|role| *role != expired) {
            repository.party(role).expires = "2030-12-01T00:00:00Z".to_owned();
        }
        let above: &[_] = if expired == "snapshot" { &["timestamp"] } else { &["timestamp", "snapshot"] };
        repository.bump(above);
        let error = client.check(&repository).map(|_| ()).unwrap_err();
        assert!(matches!(&error, Error::Expired { role, .. } if role == expired), "{expired}: {error}");
    }
}

#[test]
fn not_modified_stands_on_a_stored_timestamp() {
    let repository = Repository::default();
    let mut client = Client::new(&repository);
    let stage = |client: &Client| {
        begin(crypto(), &client.pinned, &client.stored, client.now).unwrap().finish().unwrap()
    };
    assert!(!stage(&client).has_stored());
    assert_eq!(stage(&client).not_modified().unwrap_err().code(), "E-META-NOT-STORED");
    client.check(&repository).unwrap();
    assert!(stage(&client).has_stored());
    let verified = stage(&client).not_modified().unwrap().stored().unwrap().stored().unwrap();
    assert_eq!(verified.freshness().checked_at(), client.now);
    // Stored files that are gone are fetched again.
    client.stored.snapshot = None;
    let stage = stage(&client).not_modified().unwrap();
    assert_eq!(stage.wanted().unwrap().version, Some(1));
    assert_eq!(stage.stored().unwrap_err().code(), "E-META-NOT-STORED");
}

#[test]
fn a_wrong_clock_does_no_lasting_damage() {
    let repository = Repository::default();
    let mut client = Client::new(&repository);
    client.check(&repository).unwrap();
    for (now, expected) in [
        ("2040-06-01T12:00:00Z", "E-META-EXPIRED"),
        ("2030-06-01T12:00:00Z", "verified"),
        ("2020-06-01T12:00:00Z", "verified"),
        ("9999-12-30T22:00:00Z", "E-META-EXPIRED"),
        ("2030-06-01T12:00:00Z", "verified"),
    ] {
        client.now = at(now);
        assert_eq!(client.refusal(&repository), expected, "{now}");
    }
}

#[test]
fn no_role_goes_back() {
    for (back, above) in [
        ("timestamp", &[][..]),
        ("snapshot", &["timestamp"]),
        ("targets", &["timestamp", "snapshot"]),
        ("rollout", &["timestamp", "snapshot"]),
        ("ingest", &["timestamp", "snapshot"]),
    ] {
        // Also when everything that is stored is expired: it is a floor all the same.
        for now in [noon(), at("2032-06-01T12:00:00Z")] {
            let mut repository = Repository::default();
            later(&mut repository);
            let mut client = Client::new(&repository);
            client.check(&repository).unwrap();
            client.now = now;
            for role in ALL {
                repository.party(role).expires = "2033-01-01T00:00:00Z".to_owned();
            }
            repository.next_root(|_| {});
            repository.bump(above);
            repository.party(back).version = 1;
            let error = client.check(&repository).map(|_| ()).unwrap_err();
            let Error::Rollback { role, trusted, new } = &error else { panic!("{back}: {error:?}") };
            assert_eq!((&**role, *trusted, *new), (back, 2, 1), "{now}");
            // And the next honest publication is taken.
            repository.party(back).version = 3;
            repository.bump(&["timestamp", "snapshot"]);
            client.check(&repository).unwrap();
        }
    }
}

#[test]
fn a_role_does_not_vanish_from_snapshot() {
    let mut repository = Repository::default();
    let mut client = Client::new(&repository);
    client.check(&repository).unwrap();
    repository.delegated.retain(|(role, _)| *role != "rollout");
    repository.bump(&["timestamp", "snapshot", "targets"]);
    assert_eq!(client.refusal(&repository), "E-META-INTEGRITY");
}

#[test]
fn files_of_two_publications_do_not_mix() {
    for with_hashes in [true, false] {
        for old in ["snapshot", "targets", "rollout", "ingest"] {
            let build = |publications: u64| {
                let mut repository = Repository { consistent: false, ..Repository::default() };
                (1..publications).for_each(|_| later(&mut repository));
                if !with_hashes {
                    for role in ["timestamp", "snapshot"] {
                        repository.edit(role, |signed| {
                            for pin in signed["meta"].as_object_mut().unwrap().values_mut() {
                                *pin = json!({ "version": pin["version"] });
                            }
                        });
                    }
                }
                repository
            };
            let earlier = build(1).files()[&format!("{old}.json")].clone();
            let mut mixed = build(2);
            Client::new(&mixed).check(&mixed).unwrap();
            mixed.edit_bytes(old, move |_| earlier.clone());
            if with_hashes {
                // Pins of this builder follow the file, so the honest ones are put back.
                let honest = build(2).files();
                let parent = if old == "snapshot" { "timestamp" } else { "snapshot" };
                for above in ["snapshot", "timestamp"]
                    .into_iter()
                    .filter(|above| *above == parent || old != "snapshot")
                {
                    let file = honest[&format!("{above}.json")].clone();
                    mixed.edit_bytes(above, move |_| file.clone());
                }
            }
            assert_eq!(Client::new(&mixed).refusal(&mixed), "E-META-INTEGRITY", "{old} {with_hashes}");
        }
    }
}

#[test]
fn a_root_is_not_skipped_repeated_or_renamed() {
    for version in [1, 3, 4, i64::MAX as u64] {
        let mut repository = Repository::default();
        let mut client = Client::new(&repository);
        repository.next_root(|_| {});
        repository.edit("root", move |signed| signed["version"] = json!(version));
        let mut roots = begin(crypto(), &client.pinned, &client.stored, client.now).unwrap();
        let error = roots.received(&repository.file("2.root.json")).unwrap_err();
        assert!(matches!(error, Error::RootVersion { trusted: 1, new } if new == version), "{error}");
        // The walk stays where it was.
        assert_eq!(roots.wanted().unwrap().version, Some(2));
        assert_eq!(client.refusal(&repository), "E-META-ROOT-VERSION");
    }
}

#[test]
fn a_snapshot_is_a_floor_even_beside_a_timestamp_that_does_not_belong_to_it() {
    // Version 2 of everything was verified; then only the timestamp of version 3 was kept, or no timestamp at all.
    let mut second = Repository::default();
    later(&mut second);
    let mut client = Client::new(&second);
    client.check(&second).unwrap();
    let mut third = Repository::default();
    (0..2).for_each(|_| later(&mut third));
    for timestamp in [Some(third.file("timestamp.json")), None] {
        client.stored.timestamp = timestamp;
        for back in ["snapshot", "targets", "rollout", "ingest"] {
            let mut fourth = Repository::default();
            (0..3).for_each(|_| later(&mut fourth));
            fourth.party(back).version = 1;
            let mut client = Client { stored: client.stored.clone(), ..Client::new(&second) };
            let error = client.check(&fourth).map(|_| ()).unwrap_err();
            assert!(
                matches!(&error, Error::Rollback { role, new: 1, .. } if role == back),
                "{back}: {error}"
            );
        }
    }
}

#[test]
fn a_withheld_root_shows_when_the_known_one_expires() {
    let mut repository = Repository::default();
    let mut client = Client::new(&repository);
    let frozen = Repository::default();
    repository.next_root(|repository| repository.party("root").expires = "2032-01-01T00:00:00Z".to_owned());
    client.now = at("2031-01-01T00:00:00Z");
    assert_eq!(client.refusal(&frozen), "E-META-EXPIRED");
    for role in ROLES {
        repository.party(role).expires = "2032-01-01T00:00:00Z".to_owned();
    }
    client.check(&repository).unwrap();
}

#[test]
fn the_timestamp_of_equal_version_is_kept() {
    let mut repository = Repository::default();
    let mut client = Client::new(&repository);
    client.check(&repository).unwrap();
    let before = client.stored.clone();
    repository.party("timestamp").expires = "2030-12-01T00:00:00Z".to_owned();
    let verified = client.check(&repository).unwrap();
    assert_eq!(client.stored, before);
    assert_eq!(verified.freshness().valid_until(), at("2030-06-04T00:00:00Z"));
}
