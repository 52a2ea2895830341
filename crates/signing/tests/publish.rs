//! From `init` over releases to what a client reads, and the online roles' life.

#![allow(missing_docs, reason = "test code")]

mod common;

use autoupdate_signing as signing;
use std::fs;

use common::*;
use jiff::Timestamp;
use protocol::{BasisPoints, Channel, Digest, Rollout, object};
use signing::{
    Error, NewKeys, OnlineKeys, Passphrase, Renew, Repository, RolloutChange, Validity, WalkError,
};
use tempfile::TempDir;
use trust::{Control, Stored};

#[test]
fn a_release_reaches_a_client() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    assert!(
        client(repository.tree(), &Stored::default(), now())
            .unwrap()
            .artifacts(&settings().app, platform())
            .is_empty()
    );
    let artifact = add(&scratch, &repository, "1.0.0");
    assert!(repository.has_draft().unwrap());
    let before = client(repository.tree(), &Stored::default(), now()).unwrap();
    assert!(before.artifacts(&settings().app, platform()).is_empty(), "a draft is not visible");

    let signed = repository.sign(&mut no_passphrase, now()).unwrap();
    assert_eq!(signed.targets, 2);
    assert!(!repository.has_draft().unwrap());
    let verified = client(repository.tree(), &Stored::default(), now()).unwrap();
    assert_eq!(verified.artifacts(&settings().app, platform()), vec![artifact.clone()]);
    let bytes =
        repository.tree().read(&object::target(&artifact.path, &artifact.sha256).unwrap(), 1 << 20).unwrap();
    assert_eq!(Digest::of(&bytes.unwrap()), artifact.sha256);
    let twin = repository
        .tree()
        .path(&object::compressed_target(&artifact.path, &artifact.sha256).unwrap())
        .unwrap();
    let plain = zstd::decode_all(fs::File::open(twin).unwrap()).unwrap();
    assert_eq!(Digest::of(&plain), artifact.sha256);
    let Control::Target(target) = verified.rollout_target(&Channel::default()) else { panic!("no rollout") };
    let bytes =
        repository.tree().read(&object::target(&target.path, &target.sha256).unwrap(), 1 << 20).unwrap();
    target.check(&bytes.unwrap()).unwrap();
}

#[test]
fn nothing_private_is_public_and_key_files_are() {
    let scratch = TempDir::new().unwrap();
    let passphrase = Passphrase::new("correct horse".to_owned());
    let keys = NewKeys { offline: Some(&passphrase), ..NewKeys::default() };
    let repository = Repository::init(&scratch.path().join("repo"), &settings(), &keys, now()).unwrap();
    for path in files(&scratch.path().join("repo/public")) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("PRIVATE"), "{}", path.display());
    }
    let mut seen = Vec::new();
    for path in files(&scratch.path().join("repo/keys")) {
        let encrypted = fs::read_to_string(&path).unwrap().contains("BEGIN ENCRYPTED PRIVATE KEY");
        seen.push((path.file_name().unwrap().to_str().unwrap().to_owned(), encrypted));
    }
    let expected = [
        ("rollout.pem", false),
        ("snapshot.pem", false),
        ("timestamp.pem", false),
        ("root.pem", true),
        ("targets.pem", true),
    ];
    assert_eq!(seen, expected.map(|(name, encrypted)| (name.to_owned(), encrypted)));

    let wrong = repository.sign(&mut |_| Ok(Some(Passphrase::new("wrong horse!".to_owned()))), now());
    assert!(matches!(wrong, Err(Error::WrongPassphrase { .. })), "{wrong:?}");
    assert!(matches!(repository.sign(&mut no_passphrase, now()), Err(Error::PassphraseNeeded { .. })));
    repository.sign(&mut |_| Ok(Some(passphrase.clone())), now()).unwrap();
}

#[cfg(unix)]
#[test]
fn key_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    for path in files(&scratch.path().join("repo/keys")) {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    let key = scratch.path().join("repo/keys/online/snapshot.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let refused = OnlineKeys::load(&repository.online_folder(), None);
    assert!(matches!(refused, Err(Error::Readable { mode: 0o640, .. })), "{refused:?}");
}

#[test]
fn a_second_command_waits_outside() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    let folder = scratch.path().join("repo");
    assert!(matches!(Repository::open(&folder), Err(Error::Locked { .. })));
    drop(repository);
    assert!(Repository::open(&folder).is_ok());
    let again = Repository::init(&folder, &settings(), &NewKeys::default(), now());
    assert!(matches!(again, Err(Error::Exists { .. })));
}

#[test]
fn online_roles_are_renewed_at_a_third_of_their_life() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    let keys = OnlineKeys::load(&repository.online_folder(), None).unwrap();
    let validity = Validity::default();
    let renew =
        |at: Timestamp, reason| signing::renew(repository.tree(), &keys, &validity, at, reason).unwrap();

    let due = signing::due(repository.tree(), &validity, now()).unwrap();
    assert_eq!(due, now() + days(1), "a third of the timestamp's three days");
    let early = renew(due - days(1) / 24, Renew::IfDue);
    assert_eq!((early.snapshot, early.timestamp, early.next), (None, None, due));
    let first = renew(due, Renew::IfDue);
    assert_eq!((first.snapshot, first.delegated.len()), (None, 0));
    assert_eq!(first.timestamp, Some(u64::try_from(due.as_second() / 60).unwrap()));
    // Seven days for snapshot and rollout: all three after two days and eight hours.
    let all = renew(now() + days(7) / 3, Renew::IfDue);
    assert!(all.snapshot.is_some() && all.timestamp.is_some() && all.delegated.len() == 1);
    let again = renew(now() + days(7) / 3, Renew::Changed);
    assert_eq!(
        again.snapshot,
        all.snapshot.map(|version| version + 1),
        "twice in a minute still goes forward"
    );
    client(repository.tree(), &Stored::default(), now() + days(9)).unwrap_err();
    client(repository.tree(), &Stored::default(), now() + days(5)).unwrap();
}

#[test]
fn a_restored_backup_moves_forward() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    add(&scratch, &repository, "1.0.0");
    repository.sign(&mut no_passphrase, now()).unwrap();
    let backup = scratch.path().join("backup");
    copy_folder(&scratch.path().join("repo/public"), &backup);
    let keys = OnlineKeys::load(&repository.online_folder(), None).unwrap();
    let validity = Validity::default();
    for day in 1..=30 {
        signing::renew(repository.tree(), &keys, &validity, now() + days(day), Renew::Changed).unwrap();
    }
    let stored = remember(repository.tree());

    let restored = signing::Tree::open(&backup, &settings().app).unwrap();
    let later = now() + days(30) + days(1) / 24;
    client(&restored, &stored, later).unwrap_err();
    signing::renew(&restored, &keys, &validity, later, Renew::IfDue).unwrap();
    client(&restored, &stored, later).unwrap();
}

/// A host that renews what it serves is ahead of the repository in every online role, not only in the timestamp.
#[test]
fn what_was_renewed_where_it_is_served_is_not_rolled_back() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    let keys = OnlineKeys::load(&repository.online_folder(), None).unwrap();
    let host = scratch.path().join("host");
    repository.tree().copy_to(&host).unwrap();
    let served = signing::Tree::open(&host, &settings().app).unwrap();
    let later = now() + days(5) / 2;
    let rollout = |tree: &signing::Tree| tree.newest("rollout").unwrap();
    let mut seen = Stored::default();
    let mut check = |renewals: usize, released: Option<&str>, resigned: bool| {
        for _ in 0..renewals {
            signing::renew(&served, &keys, &Validity::default(), later, Renew::Changed).unwrap();
        }
        if renewals > 0 {
            seen = remember(&served);
        }
        if let Some(number) = released {
            add(&scratch, &repository, number);
            repository.sign(&mut no_passphrase, now()).unwrap();
        }
        let before = rollout(repository.tree());
        repository.refresh_above(&remember(&served), &mut no_passphrase, now()).unwrap();
        assert_eq!(rollout(repository.tree()) > before, resigned);
        assert!(rollout(repository.tree()) >= rollout(&served));
        repository.tree().copy_to(&host).unwrap();
        let verified = client(&served, &seen, later).unwrap();
        assert_eq!(verified.artifacts(&settings().app, platform()), repository.artifacts().unwrap());
    };
    check(0, None, false);
    check(0, Some("1.0.0"), false);
    check(1, Some("1.1.0"), true);
    check(3, Some("1.2.0"), true);
    check(2, None, true);
    check(0, None, false);
    // What nobody can have seen, because it is not signed, is no floor.
    let forged = remember(&served);
    let text = String::from_utf8(forged.snapshot.unwrap()).unwrap();
    let high = text.replacen("\"version\":", "\"version\":9", 1).into_bytes();
    let before = rollout(repository.tree());
    let forged = Stored { snapshot: Some(high), ..remember(&served) };
    repository.refresh_above(&forged, &mut no_passphrase, now()).unwrap();
    assert_eq!(rollout(repository.tree()), before);
}

#[test]
fn a_rollout_is_signed_and_survives_renewal() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    add(&scratch, &repository, "1.0.0");
    repository.sign(&mut no_passphrase, now()).unwrap();
    let keys = OnlineKeys::load(&repository.online_folder(), None).unwrap();
    let validity = Validity::default();
    let change =
        RolloutChange::Share { version: version("1.0.0"), basis_points: BasisPoints::new(500).unwrap() };
    let channel = Channel::default();
    let rollout =
        signing::set_rollout(repository.tree(), &keys, &validity, &channel, &change, now()).unwrap();
    let halt = RolloutChange::Halt { version: version("1.0.0") };
    let rollout2 = signing::set_rollout(repository.tree(), &keys, &validity, &channel, &halt, now()).unwrap();
    assert_ne!(rollout, rollout2);
    let later = now() + days(4);
    signing::renew(repository.tree(), &keys, &validity, later, Renew::IfDue).unwrap();
    let verified = client(repository.tree(), &Stored::default(), later).unwrap();
    let Control::Target(target) = verified.rollout_target(&channel) else { panic!("no rollout") };
    let bytes = repository
        .tree()
        .read(&object::target(&target.path, &target.sha256).unwrap(), 1 << 20)
        .unwrap()
        .unwrap();
    assert_eq!(Rollout::parse(&bytes, &settings().app, &channel).unwrap(), rollout2);
    assert!(rollout2.releases[&version("1.0.0")].halted);
}

#[test]
fn every_changed_byte_of_the_metadata_is_noticed() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    add(&scratch, &repository, "1.0.0");
    repository.sign(&mut no_passphrase, now()).unwrap();
    let verified = client(repository.tree(), &Stored::default(), now()).unwrap();
    let version = |role| repository.tree().newest(role).unwrap().unwrap();
    let names = [
        object::TIMESTAMP.to_owned(),
        object::metadata("snapshot", version("snapshot")),
        object::metadata("targets", version("targets")),
        object::metadata("rollout", version("rollout")),
    ];
    let root = repository.tree().read("metadata/1.root.json", 1 << 20).unwrap().unwrap();
    let mut flips = 0;
    for name in names {
        let honest = repository.tree().read(&name, 1 << 20).unwrap().unwrap();
        for at in (0..honest.len()).step_by(7) {
            let mut flipped = honest.clone();
            flipped[at] ^= 1;
            let walked = signing::walk(&root, &Stored::default(), now(), |asked, limit| {
                if asked == name { Ok(Some(flipped.clone())) } else { repository.tree().read(asked, limit) }
            });
            // The last byte is the newline of a file that no hash pins: white space is not signed.
            let harmless = name == object::TIMESTAMP && at + 1 == honest.len();
            assert!(
                harmless || matches!(walked, Err(WalkError::Refused { .. } | WalkError::Missing(_))),
                "{name} byte {at}: {walked:?}"
            );
            flips += 1;
        }
    }
    assert!(flips > 300, "{flips}");
    drop(verified);
}

#[test]
fn expired_targets_are_never_published_again() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    let keys = OnlineKeys::load(&repository.online_folder(), None).unwrap();
    let before = files(&scratch.path().join("repo/public"));
    let late = signing::renew(repository.tree(), &keys, &Validity::default(), now() + days(91), Renew::IfDue);
    assert!(matches!(late, Err(Error::Refused { why: trust::Error::Expired { .. }, .. })), "{late:?}");
    assert_eq!(files(&scratch.path().join("repo/public")), before, "nothing was written");
    // Signing the same list again mends it.
    repository.sign(&mut no_passphrase, now() + days(91)).unwrap();
    client(repository.tree(), &Stored::default(), now() + days(91)).unwrap();
}

/// Online roles that live longer than what offline keys signed are not due when that expires.
#[test]
fn nothing_due_is_not_said_of_what_has_expired() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    let keys = OnlineKeys::load(&repository.online_folder(), None).unwrap();
    let mut validity = Validity::default();
    for role in ["timestamp", "snapshot", "rollout"] {
        validity.set(role, std::time::Duration::from_secs(3000 * 86_400));
    }
    let renew = |at, reason| signing::renew(repository.tree(), &keys, &validity, at, reason);
    renew(now(), Renew::Changed).unwrap();
    let check = |day: i64, expired: Option<&str>| {
        let before = files(&scratch.path().join("repo/public"));
        match (renew(now() + days(day), Renew::IfDue), expired) {
            (Ok(renewed), None) => assert_eq!(renewed.timestamp, None, "day {day}"),
            (Err(Error::Refused { why, .. }), Some(expired)) => {
                assert!(
                    matches!(&why, trust::Error::Expired { role, .. } if role == expired),
                    "day {day}: {why}"
                );
                assert_eq!(why.code(), "E-META-EXPIRED");
            }
            (found, _) => panic!("day {day}: {found:?}"),
        }
        assert_eq!(files(&scratch.path().join("repo/public")), before, "day {day}");
    };
    check(89, None);
    check(91, Some("targets"));
    repository.sign(&mut no_passphrase, now() + days(300)).unwrap();
    renew(now() + days(300), Renew::Changed).unwrap();
    check(364, None);
    check(366, Some("root"));
}

#[test]
fn without_online_keys_the_targets_are_rehearsed() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    fs::rename(repository.online_folder(), scratch.path().join("server-keys")).unwrap();
    add(&scratch, &repository, "1.0.0");
    let signed = repository.sign(&mut no_passphrase, now()).unwrap();
    assert_eq!((signed.targets, signed.online), (2, None));
    assert_eq!(
        repository.tree().newest("snapshot").unwrap(),
        Some(u64::try_from(now().as_second() / 60).unwrap())
    );
    // The rehearsal is a client's own walk: under an expired root nothing is signed.
    let before = files(&scratch.path().join("repo/public"));
    let late = repository.sign(&mut no_passphrase, now() + days(366));
    assert!(matches!(late, Err(Error::Refused { why: trust::Error::Expired { .. }, .. })), "{late:?}");
    assert_eq!(files(&scratch.path().join("repo/public")), before);
}

#[test]
fn a_draft_that_was_signed_before_a_crash_is_not_signed_twice() {
    let scratch = TempDir::new().unwrap();
    let repository = init(&scratch);
    add(&scratch, &repository, "1.0.0");
    let draft = scratch.path().join("repo/draft.json");
    let drafted = fs::read(&draft).unwrap();
    repository.sign(&mut no_passphrase, now()).unwrap();
    fs::write(&draft, &drafted).unwrap();
    assert!(!repository.has_draft().unwrap());
    assert!(!draft.exists());
    // But one that says something else is not forgotten in silence.
    add(&scratch, &repository, "1.1.0");
    repository.sign(&mut no_passphrase, now()).unwrap();
    fs::write(&draft, &drafted).unwrap();
    assert!(matches!(repository.artifacts(), Err(Error::Malformed { .. })));
    repository.discard_draft().unwrap();
    assert_eq!(repository.artifacts().unwrap().len(), 2);
}
