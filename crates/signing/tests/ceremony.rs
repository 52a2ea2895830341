//! Root ceremonies by files, and rotation of every role's key.

#![allow(missing_docs, reason = "test code")]

mod common;

use autoupdate_signing as signing;
use std::fs;

use common::*;
use signing::{CeremonyError, Error, KeyFile, Passphrase, PublicKey, RootChange, RootDraft, SecretKey};
use tempfile::TempDir;
use trust::Stored;

fn add_key(role: &str, key: &PublicKey) -> RootChange {
    RootChange::Add { role: role.to_owned(), key: key.clone() }
}

fn remove_key(role: &str, key: &PublicKey) -> RootChange {
    RootChange::Remove { role: role.to_owned(), key: key.id().to_string() }
}

fn public_of(scratch: &TempDir, file: &str) -> PublicKey {
    KeyFile::open(&scratch.path().join("repo/keys").join(file)).unwrap().public().unwrap().clone()
}

/// One root key becomes two of three, each holder signing a file on their own machine.
#[test]
fn two_of_three_by_files() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    add(&scratch, &repository, "1.0.0");
    repository.sign(&mut no_passphrase, now()).unwrap();
    let old_client = remember(repository.tree());

    let passphrase = Passphrase::new("a holder's secret".to_owned());
    let mut changes = vec![RootChange::Threshold { role: "root".to_owned(), threshold: 2 }];
    for holder in ["ann", "bob", "cid"] {
        let folder = scratch.path().join(holder);
        fs::create_dir(&folder).unwrap();
        let key = SecretKey::generate().unwrap();
        KeyFile::create(&folder.join("key.pem"), &key, Some(&passphrase)).unwrap();
        fs::write(folder.join("key.pub.pem"), key.public().to_pem().unwrap()).unwrap();
        changes.push(add_key("root", &PublicKey::from_file(&folder.join("key.pub.pem")).unwrap()));
    }
    changes.push(remove_key("root", &public_of(&scratch, "root.pem")));
    let draft = repository.draft_root(&changes, now()).unwrap();
    let file = scratch.path().join("2.root.draft.json");
    draft.write(&file).unwrap();

    let copy = |holder: &str| {
        let copy = scratch.path().join(holder).join("draft.json");
        fs::copy(&file, &copy).unwrap();
        let key = KeyFile::open(&scratch.path().join(holder).join("key.pem")).unwrap();
        let mut draft = RootDraft::read(&copy).unwrap();
        assert!(draft.sign(&key.unlock(Some(&passphrase)).unwrap()).unwrap());
        draft.write(&copy).unwrap();
        RootDraft::read(&copy).unwrap()
    };
    let mut together = RootDraft::read(&file).unwrap();
    let progress = |draft: &RootDraft| {
        let summary = repository.root_progress(draft).unwrap();
        (summary.old.unwrap().signed.len(), summary.new.signed.len())
    };
    assert_eq!(progress(&together), (0, 0));
    together.merge(&copy("ann")).unwrap();
    assert_eq!(progress(&together), (0, 1));
    let refused = |draft: &RootDraft| repository.accept_root(draft, &mut no_passphrase, now()).unwrap_err();
    assert!(matches!(refused(&together), Error::Ceremony(CeremonyError::TooFew { old: 0, new: 1, .. })));
    together.merge(&copy("ann")).unwrap();
    assert_eq!(progress(&together), (0, 1), "a holder counts once");
    together.merge(&copy("cid")).unwrap();
    assert_eq!(progress(&together), (0, 2));
    assert!(
        matches!(refused(&together), Error::Ceremony(CeremonyError::TooFew { old: 0, new: 2, .. })),
        "the old key too"
    );
    repository.sign_root(&mut together, &mut no_passphrase).unwrap();
    assert_eq!(progress(&together), (1, 2));

    let accepted = repository.accept_root(&together, &mut no_passphrase, now()).unwrap();
    assert_eq!((accepted.version, accepted.targets), (2, None));
    for stored in [Stored::default(), old_client] {
        assert_eq!(client(repository.tree(), &stored, now()).unwrap().root_version(), 2);
    }
    assert!(matches!(refused(&together), Error::Ceremony(CeremonyError::NotNext { draft: 2, next: 3 })));

    // The retired key alone moves nothing any more.
    let mut coup = repository
        .draft_root(&[RootChange::Threshold { role: "root".to_owned(), threshold: 1 }], now())
        .unwrap();
    repository.sign_root(&mut coup, &mut no_passphrase).unwrap();
    assert!(matches!(refused(&coup), Error::Ceremony(CeremonyError::TooFew { old: 0, .. })));
}

#[test]
fn every_top_level_key_can_be_rotated() {
    for role in ["root", "targets", "snapshot", "timestamp"] {
        let scratch = TempDir::new().unwrap();
        let repository = init(&scratch);
        add(&scratch, &repository, "1.0.0");
        repository.sign(&mut no_passphrase, now()).unwrap();
        let old_client = remember(repository.tree());
        let folder = if ["root", "targets"].contains(&role) { "" } else { "online/" };
        let old = public_of(&scratch, &format!("{folder}{role}.pem"));
        let new = SecretKey::generate().unwrap();
        KeyFile::create(&scratch.path().join(format!("repo/keys/{folder}{role}-2.pem")), &new, None).unwrap();
        let mut draft =
            repository.draft_root(&[add_key(role, &new.public()), remove_key(role, &old)], now()).unwrap();
        repository.sign_root(&mut draft, &mut no_passphrase).unwrap();
        let accepted = repository.accept_root(&draft, &mut no_passphrase, now()).unwrap();
        assert_eq!(accepted.targets, (role == "targets").then_some(3), "{role}");
        for stored in [&Stored::default(), &old_client] {
            let verified = client(repository.tree(), stored, now()).unwrap();
            assert_eq!(verified.artifacts(&settings().app, platform()).len(), 1, "{role}");
        }
        // And the next release is signed with the new keys.
        add(&scratch, &repository, "1.1.0");
        repository.sign(&mut no_passphrase, now()).unwrap();
        assert_eq!(client(repository.tree(), &old_client, now()).unwrap().root_version(), 2, "{role}");
    }
}

#[test]
fn the_rollout_key_can_be_rotated() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    let old_client = remember(repository.tree());
    let new = SecretKey::generate().unwrap();
    KeyFile::create(&scratch.path().join("repo/keys/online/rollout-2.pem"), &new, None).unwrap();
    fs::remove_file(scratch.path().join("repo/keys/online/rollout.pem")).unwrap();
    repository.delegate("rollout", &new.public()).unwrap();
    let signed = repository.sign(&mut no_passphrase, now()).unwrap();
    assert_eq!(signed.online.unwrap().delegated.len(), 1);
    client(repository.tree(), &old_client, now()).unwrap();
}

#[test]
fn forty_roots_in_one_walk() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    let old_client = remember(repository.tree());
    for _ in 2..=40 {
        let mut draft = repository.draft_root(&[], now()).unwrap();
        repository.sign_root(&mut draft, &mut no_passphrase).unwrap();
        repository.accept_root(&draft, &mut no_passphrase, now()).unwrap();
    }
    assert_eq!(client(repository.tree(), &old_client, now()).unwrap().root_version(), 40);
}

#[test]
fn changes_that_make_no_sense_are_refused() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    let key = SecretKey::generate().unwrap().public();
    let root = public_of(&scratch, "root.pem");
    let check = |changes: &[RootChange], fits: fn(&CeremonyError) -> bool| {
        let result = repository.draft_root(changes, now());
        assert!(matches!(&result, Err(Error::Ceremony(error)) if fits(error)), "{result:?}");
    };
    check(&[add_key("rollout", &key)], |error| matches!(error, CeremonyError::UnknownRole { .. }));
    check(&[remove_key("root", &key)], |error| matches!(error, CeremonyError::WhichKey { found: 0, .. }));
    check(&[remove_key("root", &root)], |error| matches!(error, CeremonyError::Threshold { keys: 0, .. }));
    for threshold in [0, 2] {
        let change = RootChange::Threshold { role: "root".to_owned(), threshold };
        check(&[change], |error| matches!(error, CeremonyError::Threshold { keys: 1, .. }));
    }
    let all = RootChange::Remove { role: "root".to_owned(), key: String::new() };
    check(&[add_key("root", &key), all], |error| matches!(error, CeremonyError::WhichKey { found: 2, .. }));
}

/// The online keys are on a server; the new one waits beside the repository until somebody brings it there.
#[test]
fn an_online_key_is_rotated_far_from_the_server() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    let old = public_of(&scratch, "online/timestamp.pem");
    fs::rename(repository.online_folder(), scratch.path().join("server-keys")).unwrap();
    // The snapshot here falls behind: the server signs its own.
    add(&scratch, &repository, "1.0.0");
    repository.sign(&mut no_passphrase, now()).unwrap();
    let new = SecretKey::generate().unwrap();
    fs::create_dir(repository.online_folder()).unwrap();
    KeyFile::create(&repository.online_folder().join("timestamp-2.pem"), &new, None).unwrap();
    let changes = [add_key("timestamp", &new.public()), remove_key("timestamp", &old)];
    let mut draft = repository.draft_root(&changes, now()).unwrap();
    repository.sign_root(&mut draft, &mut no_passphrase).unwrap();
    let accepted = repository.accept_root(&draft, &mut no_passphrase, now()).unwrap();
    assert_eq!((accepted.version, accepted.online), (2, None));
    let refresh = repository.refresh(&mut no_passphrase, now(), signing::Renew::IfDue);
    assert!(matches!(refresh, Err(Error::NoKey { .. })), "{refresh:?}");
    assert_eq!(repository.publication(1).unwrap().roots.len(), 2);
}

/// A leader who writes a draft by hand can list a familiar id over a key of his own.
#[test]
fn a_key_under_another_id_is_refused() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    let (familiar, own) = (public_of(&scratch, "root.pem"), SecretKey::generate().unwrap().public());
    let mut draft = repository.draft_root(&[add_key("targets", &own)], now()).unwrap();
    repository.sign_root(&mut draft, &mut no_passphrase).unwrap();
    let file = scratch.path().join("draft.json");
    draft.write(&file).unwrap();
    let honest = fs::read_to_string(&file).unwrap();
    let hex = |key: &PublicKey| key.to_json()["keyval"]["public"].as_str().unwrap().to_owned();
    let check = |from: &str, to: &str, fits: bool| {
        fs::write(&file, honest.replace(from, to)).unwrap();
        let read = RootDraft::read(&file);
        assert_eq!(read.is_ok(), fits, "{from} as {to}: {read:?}");
        assert!(fits || matches!(read, Err(Error::Malformed { .. })));
    };
    check("", "", true);
    check(&hex(&familiar), &hex(&own), false);
    check(own.id().as_str(), &"ab".repeat(32), false);
    check(&format!("\"{}\":{{", own.id()), &format!("\"{}\":{{", "ab".repeat(32)), false);
    check(&hex(&own), &hex(&own).to_uppercase(), false);
}

#[test]
fn a_draft_says_what_changes() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    let (old, new) = (public_of(&scratch, "root.pem"), SecretKey::generate().unwrap().public());
    let check = |changes: &[RootChange], expected: &[(&str, u64, u64, usize, usize)]| {
        let draft = repository.draft_root(changes, now()).unwrap();
        assert_eq!(draft.summary().unwrap().changes, None, "nothing is known of the root before");
        let found = repository.root_progress(&draft).unwrap().changes.unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|one| {
                assert!(one.added.iter().all(|id| id == new.id().as_str()));
                assert!(one.removed.iter().all(|id| id == old.id().as_str()));
                (one.role.as_str(), one.threshold_before, one.threshold, one.added.len(), one.removed.len())
            })
            .collect();
        assert_eq!(found, expected);
    };
    let two = RootChange::Threshold { role: "root".to_owned(), threshold: 2 };
    check(&[], &[]);
    check(&[add_key("root", &new)], &[("root", 1, 1, 1, 0)]);
    check(&[add_key("root", &new), two], &[("root", 1, 2, 1, 0)]);
    check(
        &[add_key("root", &new), remove_key("root", &old), add_key("targets", &new)],
        &[("root", 1, 1, 1, 1), ("targets", 1, 1, 1, 0)],
    );
}

#[test]
fn a_new_targets_key_does_not_sign_a_pending_draft() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    let (old, new) = (public_of(&scratch, "targets.pem"), SecretKey::generate().unwrap());
    KeyFile::create(&scratch.path().join("repo/keys/targets-2.pem"), &new, None).unwrap();
    let changes = [add_key("targets", &new.public()), remove_key("targets", &old)];
    let mut draft = repository.draft_root(&changes, now()).unwrap();
    repository.sign_root(&mut draft, &mut no_passphrase).unwrap();
    add(&scratch, &repository, "1.0.0");
    let pending = repository.accept_root(&draft, &mut no_passphrase, now());
    assert!(matches!(pending, Err(Error::Ceremony(CeremonyError::DraftPending))), "{pending:?}");
    repository.discard_draft().unwrap();
    let accepted = repository.accept_root(&draft, &mut no_passphrase, now()).unwrap();
    assert_eq!((accepted.version, accepted.targets), (2, Some(2)));
    assert!(repository.artifacts().unwrap().is_empty());
}
