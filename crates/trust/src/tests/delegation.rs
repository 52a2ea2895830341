//! How far delegated roles reach, and what counts as an artifact for whom. Threats 5, 8, 11.

use serde_json::{Value, json};

use super::repository::{entry, release};
use super::*;
use crate::{Control, DelegationFlaw, Error, LIMITS, Misfit};

/// Targets whose first delegation (rollout) is changed are refused so.
fn check(change: impl Fn(&mut Value) + 'static, expected: DelegationFlaw) {
    let mut repository = Repository::default();
    repository.edit("targets", move |signed| change(&mut signed["delegations"]["roles"][0]));
    match Client::new(&repository).check(&repository).map(|_| ()) {
        Err(Error::Delegation { flaw, .. }) => assert_eq!(flaw, expected),
        other => panic!("{expected:?}: {other:?}"),
    }
}

#[test]
fn rollout_and_ingest_reach_no_further_than_they_may() {
    for (role, paths, fine) in [
        ("rollout", &["rollout/*.json"][..], true),
        ("rollout", &["rollout/stable.json", "rollout/beta.json"], true),
        ("rollout", &["rollout/*"], false),
        ("rollout", &["rollout/*.json", "*"], false),
        ("rollout", &["*/*.json"], false),
        ("rollout", &["[r]ollout/*.json"], false),
        ("rollout", &["?ollout/*.json"], false),
        ("rollout", &["rollout/*/*.json"], false),
        ("rollout", &["rollout.json"], false),
        ("rollout", &["releases/*/*/*"], false),
        ("rollout", &["/rollout/*.json"], false),
        ("rollout", &["**"], false),
        ("ingest", &["releases/*/*/*"], true),
        ("ingest", &["releases/*/linux-*/demo"], true),
        ("ingest", &["*/*/*/*"], false),
        ("ingest", &["releases/*"], false),
        ("ingest", &["releases/**"], false),
        ("ingest", &["releases/*/*/*/*"], false),
        ("ingest", &["rollout/*.json"], false),
        ("ingest", &["release?/*/*/*"], false),
    ] {
        let repository = Repository { delegated: vec![(role, paths.to_vec())], ..Repository::default() };
        let expected = if fine { "verified" } else { "E-META-DELEGATION" };
        assert_eq!(Client::new(&repository).refusal(&repository), expected, "{role} {paths:?}");
    }
    check(|role| role["path_hash_prefixes"] = json!([""]), DelegationFlaw::Reach);
    check(
        |role| {
            role["paths"] = Value::Null;
            role["path_hash_prefixes"] = json!(["00"]);
        },
        DelegationFlaw::Reach,
    );
}

#[test]
fn names_of_delegated_roles_are_plain_and_used_once() {
    let long = "a".repeat(65);
    for name in
        ["root", "timestamp", "snapshot", "targets", "", ".", "..", "../x", "a/b", "a\\b", "a b", "é", &long]
    {
        let name = name.to_owned();
        check(move |role| role["name"] = json!(name), DelegationFlaw::Name);
    }
    check(|role| role["name"] = json!("ingest"), DelegationFlaw::Reach);
    let mut repository = Repository::default();
    repository.edit("targets", |signed| {
        let first = signed["delegations"]["roles"][0].clone();
        signed["delegations"]["roles"].as_array_mut().unwrap().push(first);
    });
    assert_eq!(Client::new(&repository).refusal(&repository), "E-META-DELEGATION");
    for pattern in ["a[b", "[]", "[!]"] {
        check(
            move |role| {
                role["name"] = json!("other");
                role["paths"] = json!(["rollout/*.json", pattern]);
            },
            DelegationFlaw::Pattern,
        );
    }
}

#[test]
fn delegations_are_counted() {
    for (count, expected) in
        [(LIMITS.delegations, "E-META-NOT-PINNED"), (LIMITS.delegations + 1, "E-META-LIMIT")]
    {
        let mut repository = Repository { delegated: vec![("rollout", Vec::new())], ..Repository::default() };
        repository.edit("targets", move |signed| {
            let mut role = signed["delegations"]["roles"][0].clone();
            for n in 1..count {
                role["name"] = json!(format!("more-{n}"));
                signed["delegations"]["roles"].as_array_mut().unwrap().push(role.clone());
            }
        });
        assert_eq!(Client::new(&repository).refusal(&repository), expected, "{count}");
    }
}

#[test]
fn delegated_roles_do_not_delegate_control_onwards() {
    for (role, name) in
        [("rollout", "other"), ("ingest", "other"), ("ingest", "rollout"), ("rollout", "ingest")]
    {
        let mut repository = Repository::default();
        repository.edit(role, move |signed| {
            let role =
                json!({ "name": name, "keyids": ["x"], "threshold": 1, "terminating": false, "paths": [] });
            signed["delegations"] = json!({ "keys": { "x": public(&key(70)) }, "roles": [role] });
        });
        assert_eq!(Client::new(&repository).refusal(&repository), "E-META-DELEGATION", "{role} to {name}");
    }
}

#[test]
fn only_the_delegator_vouches() {
    let repository = Repository::default();
    let mut verified = Client::new(&repository).check(&repository).unwrap();
    let rollout = repository.file("1.rollout.json");
    for (delegator, name, code) in [
        ("targets", "rollout", "verified"),
        ("ingest", "rollout", "E-META-NOT-DELEGATED"),
        ("root", "rollout", "E-META-NOT-DELEGATED"),
        ("targets", "other", "E-META-NOT-DELEGATED"),
        ("targets", "ingest", "E-META-INTEGRITY"),
    ] {
        let code_of =
            verified.delegated(delegator, name, &rollout).map_or_else(|error| error.code(), |_| "verified");
        assert_eq!(code_of, code, "{delegator} {name}");
    }
    assert_eq!(verified.wanted_delegated("other").unwrap_err().code(), "E-META-NOT-PINNED");
    assert_eq!(verified.delegated_stored("targets", "rollout").unwrap_err().code(), "E-META-NOT-STORED");
    assert!(verified.delegations("nobody").is_empty() && verified.delegations("rollout").is_empty());
    let delegations = verified.delegations("targets");
    assert!(delegations[0].matches("rollout/stable.json") && delegations[0].terminating);
    for path in ["rollout/a/b.json", "rollout.json", "releases/1.0.0/linux-x86_64/demo", "rollout/x"] {
        assert!(!delegations[0].matches(path), "{path}");
    }
}

#[test]
fn rollout_never_adds_an_artifact_and_ingest_never_says_who_gets_it() {
    let mut repository = Repository::default();
    let path = "releases/9.0.0/linux-x86_64/demo";
    repository.list("rollout", path, release("9.0.0", "linux-x86_64"));
    repository.list("ingest", "rollout/stable.json", entry(b"{}", None));
    repository.list("targets", "rollout/beta.json", entry(b"{}", None));
    let verified = Client::new(&repository).check(&repository).unwrap();
    let versions: Vec<_> =
        verified.artifacts(&app(), linux()).iter().map(|a| a.release.version.to_string()).collect();
    assert_eq!(versions, ["1.0.0", "1.1.0"]);
    assert_eq!(verified.target_in("rollout", path), None);
    assert_eq!(verified.target_in("ingest", "rollout/stable.json"), None);
    assert!(matches!(verified.rollout_target(&stable()), Control::Target(target) if target.length > 2));
    assert_eq!(verified.rollout_target(&Channel::parse("beta").unwrap()), Control::Unverified);
}

#[test]
fn only_artifacts_for_this_app_and_platform_that_agree_with_their_path() {
    let good = || release("2.0.0", "linux-x86_64");
    let with = |field: &str, value: Value| {
        let mut entry = good();
        entry["custom"][field] = value;
        entry
    };
    let mut two_hashes = good();
    two_hashes["hashes"]["sha512"] = json!("00".repeat(64));
    let mut no_sha256 = good();
    no_sha256["hashes"] = json!({ "sha512": "00".repeat(64) });
    let mut upper = good();
    upper["hashes"]["sha256"] = json!("AB".repeat(32));
    let mut empty = good();
    empty["length"] = json!(0);
    let path = "releases/2.0.0/linux-x86_64/demo";
    for (path, entry, expected) in [
        (path, good(), None),
        (path, with("x-more", json!(1)), None),
        (path, with("min_os", json!("6.1")), None),
        (path, with("app", json!("other")), Some(Misfit::OtherApp)),
        (path, with("app", json!("../demo")), Some(Misfit::NoRelease)),
        (path, with("version", json!("2.0.1")), Some(Misfit::Disagree)),
        (path, with("version", json!("v2.0.0")), Some(Misfit::NoRelease)),
        (path, with("os", json!("windows")), Some(Misfit::Disagree)),
        (path, with("arch", json!("aarch64")), Some(Misfit::Disagree)),
        (path, with("channels", json!("stable")), Some(Misfit::NoRelease)),
        (path, entry(b"x", None), Some(Misfit::NoRelease)),
        (path, two_hashes, Some(Misfit::Hashes)),
        (path, no_sha256, Some(Misfit::Hashes)),
        (path, upper, Some(Misfit::Hashes)),
        (path, empty, Some(Misfit::Empty)),
        ("releases/2.0.0/linux-aarch64/demo", release("2.0.0", "linux-aarch64"), Some(Misfit::OtherPlatform)),
        ("releases/2.0.0/linux-x86_64/..", good(), Some(Misfit::Path)),
        ("releases/2.0.0/linux-x86_64/a/b", good(), Some(Misfit::Path)),
        ("releases/2.0.0/linux-x86_64", good(), Some(Misfit::Path)),
        ("releases/2.0/linux-x86_64/demo", good(), Some(Misfit::Path)),
        ("releases/2.0.0/linux-amd64/demo", good(), Some(Misfit::Path)),
    ] {
        let mut repository = Repository { delegated: Vec::new(), ..Repository::default() };
        repository.listed.clear();
        repository.list("targets", path, entry.clone());
        let verified = Client::new(&repository).check(&repository).unwrap();
        let left_out: Vec<_> = verified.left_out(&app(), linux()).iter().map(|left| left.why).collect();
        assert_eq!(left_out, expected.into_iter().collect::<Vec<_>>(), "{path} {entry}");
        assert_eq!(
            verified.artifacts(&app(), linux()).len(),
            usize::from(expected.is_none()),
            "{path} {entry}"
        );
    }
}

#[test]
fn one_artifact_per_version_and_platform() {
    let mut repository = Repository::default();
    repository.list("ingest", "releases/1.0.0/linux-x86_64/ingested", release("1.0.0", "linux-x86_64"));
    repository.list("targets", "releases/3.0.0/linux-x86_64/a", release("3.0.0", "linux-x86_64"));
    repository.list("targets", "releases/3.0.0/linux-x86_64/b", release("3.0.0", "linux-x86_64"));
    repository.list("targets", "releases/1.0.0/notes/en.md", entry(b"# New", None));
    let verified = Client::new(&repository).check(&repository).unwrap();
    let paths: Vec<_> =
        verified.artifacts(&app(), linux()).into_iter().map(|artifact| artifact.path).collect();
    assert_eq!(paths, ["releases/1.0.0/linux-x86_64/demo", "releases/1.1.0/linux-x86_64/demo"]);
    let left_out: Vec<_> = verified.left_out(&app(), linux()).iter().map(|left| left.why).collect();
    assert_eq!(left_out, [Misfit::Ambiguous, Misfit::Ambiguous, Misfit::Overruled]);
    assert!(verified.target_in("targets", "releases/1.0.0/notes/en.md").is_some());
}

#[test]
fn both_listed_hashes_of_a_small_target_must_fit() {
    use sha2::Digest as _;
    let bytes = b"# Notes";
    for (sha512, fine) in [(hex::encode(sha2::Sha512::digest(bytes)), true), ("00".repeat(64), false)] {
        let mut repository = Repository::default();
        let mut listed = entry(bytes, None);
        listed["hashes"]["sha512"] = json!(sha512);
        repository.list("targets", "releases/1.0.0/notes/en.md", listed);
        let verified = Client::new(&repository).check(&repository).unwrap();
        let target = verified.target_in("targets", "releases/1.0.0/notes/en.md").unwrap();
        assert_eq!(target.check(bytes).is_ok(), fine);
    }
}
