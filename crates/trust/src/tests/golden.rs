//! The frozen repository in `fixtures/v1`: whatever is signed today must be readable by all later code.
//!
//! `WRITE_GOLDEN=1 cargo test -p autoupdate-trust golden` wrote it, from the keys of [`key`] 1 to 7, 11 and 12. Never write it
//! again: a change of format gets a folder of its own, and this one goes on being read.

use std::path::{Path, PathBuf};

use super::repository::Files;
use super::*;
use crate::Control;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/v1")
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_golden_repository_is_read() {
    let now: Timestamp = "2030-06-01T12:00:00Z".parse().unwrap();
    let mut roots = begin(crypto(), &read("1.root.json"), &Stored::default(), now).unwrap();
    roots.received(&read("2.root.json")).unwrap();
    let (stage, _) = roots.finish().unwrap().received(&read("timestamp.json")).unwrap();
    let (stage, _) = stage.received(&read("1.snapshot.json")).unwrap();
    let (mut verified, _) = stage.received(&read("1.targets.json")).unwrap();
    verified.delegated(TARGETS, ROLLOUT, &read("1.rollout.json")).unwrap();
    verified.delegated(TARGETS, INGEST, &read("1.ingest.json")).unwrap();

    assert_eq!((verified.root_version(), verified.consistent_snapshot()), (2, true));
    assert_eq!(verified.freshness().valid_until().to_string(), "2099-01-01T00:00:00Z");
    let artifacts: Vec<_> = verified
        .artifacts(&app(), linux())
        .into_iter()
        .map(|artifact| (artifact.path, artifact.length, artifact.sha256.to_string()))
        .collect();
    let expected = [
        ("1.0.0", "92521fc3cbd964bdc9f584a991b89fddaa5754ed1cc96d6d42445338669c1305"),
        ("1.1.0", "7fbd210ebec11f65a97190ef900795c4b8da3805af3f5a1b8d1d272556b292ca"),
    ];
    let expected = expected
        .map(|(version, sha256)| (format!("releases/{version}/linux-x86_64/demo"), 5, sha256.to_owned()));
    assert_eq!(artifacts, expected);
    let Control::Target(target) = verified.rollout_target(&stable()) else { panic!("no rollout") };
    let rollout = read("rollout.stable.json");
    target.check(&rollout).unwrap();
    protocol::Rollout::parse(&rollout, &app(), &stable()).unwrap();
}

#[test]
fn the_golden_repository_is_what_its_generator_makes() {
    let files = generate();
    if std::env::var_os("WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        files.iter().for_each(|(name, bytes)| std::fs::write(folder().join(name), bytes).unwrap());
    }
    for (name, bytes) in files {
        assert_eq!(String::from_utf8(read(&name)), String::from_utf8(bytes), "{name}");
    }
}

fn generate() -> Files {
    let mut repository = Repository::default();
    for role in ROLES.into_iter().chain(["root"]) {
        repository.party(role).expires = "2099-01-01T00:00:00Z".to_owned();
    }
    repository.next_root(|repository| repository.party("root").keys = vec![key(11), key(12)]);
    let mut files = repository.files();
    let rollout = serde_json::to_vec(&protocol::Rollout::open(app(), stable())).unwrap();
    files.insert("rollout.stable.json".to_owned(), rollout);
    files
}
