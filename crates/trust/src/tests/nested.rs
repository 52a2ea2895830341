//! Delegations of delegations. Our own repositories have none; a verifier must bear them all the same.

use serde_json::{Value, json};

use super::repository::{entry, envelope, id};
use super::*;
use crate::{Error, LIMITS};

/// The delegation of a targets file to one role with one key.
fn delegation(name: &str, seed: u8, path: &str) -> Value {
    let key = key(seed);
    let role =
        json!({ "name": name, "keyids": [id(&key)], "threshold": 1, "terminating": false, "paths": [path] });
    json!({ "keys": { id(&key): public(&key) }, "roles": [role] })
}

/// A targets file that lists these paths.
fn file(seed: u8, paths: &[&str]) -> Vec<u8> {
    let listed: serde_json::Map<_, _> =
        paths.iter().map(|path| ((*path).to_owned(), entry(b"x", None))).collect();
    let signed = json!({ "_type": "targets", "spec_version": "1.0.31", "version": 1, "targets": listed,
        "expires": "2030-06-30T00:00:00Z" });
    serde_json::to_vec(&envelope(&signed, &[key(seed)])).unwrap()
}

/// Lets snapshot pin a role by its version alone.
fn pin(repository: &mut Repository, role: &'static str) {
    repository
        .edit("snapshot", move |signed| signed["meta"][format!("{role}.json")] = json!({ "version": 1 }));
}

#[test]
fn rollout_and_ingest_are_delegated_by_targets_only() {
    for name in ["rollout", "ingest"] {
        let path = if name == "rollout" { "rollout/*.json" } else { "releases/*/*/*" };
        let mut repository = Repository { delegated: Vec::new(), ..Repository::default() };
        repository.delegate("extra", 30, &["*/*"]);
        repository.edit("extra", move |signed| signed["delegations"] = delegation(name, 31, path));
        assert_eq!(Client::new(&repository).refusal(&repository), "E-META-DELEGATION", "{name}");
    }
}

#[test]
fn who_vouched_for_one_file_has_not_vouched_for_another_one_of_the_same_version() {
    let mut repository = Repository { delegated: Vec::new(), ..Repository::default() };
    for (name, seed, path) in [("left", 30, "left/*"), ("right", 31, "right/*")] {
        repository.delegate(name, seed, &["*/*"]);
        repository.edit(name, move |signed| signed["delegations"] = delegation("shared", seed + 10, path));
    }
    pin(&mut repository, "shared");
    let mut verified = Client::new(&repository).check(&repository).unwrap();
    let paths = ["left/a", "right/a", "other/a"];
    let allowed = |verified: &Verified| paths.map(|path| verified.target_in("shared", path).is_some());

    verified.delegated("left", "shared", &file(40, &paths)).unwrap();
    assert_eq!(allowed(&verified), [true, false, false]);
    // The key of the other delegation does not count here.
    let error = verified.delegated("right", "shared", &file(40, &paths)).unwrap_err();
    assert!(matches!(error, Error::Signature { .. }), "{error}");
    assert_eq!(allowed(&verified), [true, false, false]);
    let other = [&paths[..], &["left/more"]].concat();
    verified.delegated("right", "shared", &file(41, &other)).unwrap();
    assert_eq!(allowed(&verified), [false, true, false]);
}

#[test]
fn one_check_loads_a_bounded_number_of_delegated_files() {
    for (direct, expected) in [(LIMITS.delegations - 1, "verified"), (LIMITS.delegations, "E-META-LIMIT")] {
        let mut repository = Repository { delegated: Vec::new(), ..Repository::default() };
        for n in 0..direct {
            let name: &'static str = format!("role-{n}").leak();
            repository.delegate(name, 100 + u8::try_from(n).unwrap(), &[]);
        }
        repository.edit("role-0", |signed| signed["delegations"] = delegation("last", 40, "*"));
        pin(&mut repository, "last");
        let mut verified = Client::new(&repository).check(&repository).unwrap();
        let answer = verified.delegated("role-0", "last", &file(40, &["a"]));
        assert_eq!(answer.map_or_else(|error| error.code(), |_| "verified"), expected, "{direct}");
    }
}
