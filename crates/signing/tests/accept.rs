//! What a server takes from a publisher, and what it refuses.

#![allow(missing_docs, reason = "test code")]

mod common;

use autoupdate_signing as signing;
use std::fs;
use std::path::PathBuf;

use common::*;
use protocol::{Digest, object};
use serde_json::Value;
use signing::{
    Accepted, Error, Fault, OnlineKeys, Publication, Repository, RootChange, SecretKey, Tree, Validity,
};
use tempfile::TempDir;
use trust::Stored;

/// A publisher without online keys, and a server with them.
struct Pair {
    scratch: TempDir,
    publisher: Repository,
    server: Tree,
    incoming: PathBuf,
}

impl Pair {
    fn new() -> Self {
        let scratch = TempDir::new().unwrap();
        let publisher = init(&scratch);
        fs::rename(publisher.online_folder(), scratch.path().join("server-keys")).unwrap();
        let root = publisher.tree().read("metadata/1.root.json", 1 << 20).unwrap().unwrap();
        let server = Tree::create(&scratch.path().join("server"), &settings().app, &root).unwrap();
        let incoming = scratch.path().join("incoming");
        Self { scratch, publisher, server, incoming }
    }

    fn release(&self, number: &str) {
        add(&self.scratch, &self.publisher, number);
        self.publisher.sign(&mut no_passphrase, now()).unwrap();
    }

    fn upload(&self, publication: &Publication) {
        for sha256 in signing::missing(&self.server, &self.incoming, publication).unwrap() {
            let suffix =
                |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(&sha256.to_string());
            let all = files(&self.scratch.path().join("repo/public/targets"));
            let from = all
                .iter()
                .find(|path| suffix(path) && path.extension().is_none_or(|ext| ext != "zst"))
                .unwrap();
            write(&self.incoming, &sha256.to_string(), &fs::read(from).unwrap());
        }
    }

    fn accept(&self, publication: &Publication) -> Result<Accepted, Error> {
        let keys = OnlineKeys::load(&self.scratch.path().join("server-keys"), None).unwrap();
        signing::accept(&self.server, &keys, &Validity::default(), &self.incoming, publication, now())
    }
}

#[test]
fn a_publication_is_accepted_once_and_whole() {
    let pair = Pair::new();
    pair.release("1.0.0");
    let publication = pair.publisher.publication(0).unwrap();
    let text = serde_json::to_string(&publication).unwrap();
    let publication: Publication = serde_json::from_str(&text).unwrap();

    let missing = pair.accept(&publication);
    assert!(matches!(missing, Err(Error::MissingObject { .. })), "{missing:?}");
    assert_eq!(pair.server.newest("targets").unwrap(), None, "nothing is written");
    pair.upload(&publication);
    let accepted = pair.accept(&publication).unwrap();
    assert_eq!((accepted.root, accepted.targets, accepted.unchanged, accepted.added.len()), (1, 2, false, 1));
    let verified = client(&pair.server, &Stored::default(), now()).unwrap();
    assert_eq!(verified.artifacts(&settings().app, platform()), accepted.added);
    assert!(files(&pair.incoming).is_empty(), "uploads are moved");
    let again = pair.accept(&publication).unwrap();
    assert!(again.unchanged);
    assert!(signing::missing(&pair.server, &pair.incoming, &publication).unwrap().is_empty());
}

#[test]
fn damaged_uploads_are_refused() {
    let pair = Pair::new();
    pair.release("1.0.0");
    let publication = pair.publisher.publication(0).unwrap();
    pair.upload(&publication);
    for path in files(&pair.incoming) {
        let mut bytes = fs::read(&path).unwrap();
        bytes[0] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    let damaged = pair.accept(&publication);
    assert!(matches!(damaged, Err(Error::DamagedObject { .. })), "{damaged:?}");
    assert_eq!(files(&pair.scratch.path().join("server")).len(), 1, "only the root is there");
}

#[test]
fn what_lies_in_the_tree_is_hashed_before_it_is_listed() {
    let pair = Pair::new();
    let artifact = add(&pair.scratch, &pair.publisher, "1.0.0");
    pair.publisher.sign(&mut no_passphrase, now()).unwrap();
    let publication = pair.publisher.publication(0).unwrap();
    pair.upload(&publication);
    let upload = pair.incoming.join(artifact.sha256.to_string());
    let mut bytes = fs::read(&upload).unwrap();
    fs::remove_file(upload).unwrap();
    bytes[0] ^= 1;
    pair.server.put_new(&object::target(&artifact.path, &artifact.sha256).unwrap(), &bytes).unwrap();
    let found = pair.accept(&publication);
    assert!(matches!(found, Err(Error::MissingObject { .. })), "{found:?}");
}

#[test]
fn two_publishers_do_not_overwrite_each_other() {
    let pair = Pair::new();
    pair.release("1.0.0");
    let first = pair.publisher.publication(0).unwrap();
    pair.upload(&first);
    pair.accept(&first).unwrap();

    pair.release("1.1.0");
    let second = pair.publisher.publication(0).unwrap();
    pair.upload(&second);
    let conflict = pair.accept(&second).unwrap_err();
    assert!(matches!(conflict, Error::Conflict { published: 2, given: 3, replaces: 0 }), "{conflict}");
    assert_eq!(conflict.fault(), Fault::Conflict);
    pair.accept(&Publication { replaces: 2, ..second }).unwrap();
    let old = pair.accept(&Publication { replaces: 3, ..first }).unwrap_err();
    assert!(matches!(old, Error::Conflict { published: 3, given: 2, .. }), "{old}");
}

#[test]
fn what_the_offline_keys_did_not_sign_is_refused() {
    let pair = Pair::new();
    pair.release("1.0.0");
    let honest = pair.publisher.publication(0).unwrap();
    pair.upload(&honest);
    let text = String::from_utf8(honest.targets.clone()).unwrap();
    let later = text.replace("\"version\":2", "\"version\":7");
    let forged = pair.accept(&Publication { targets: later.into_bytes(), ..honest.clone() });
    assert!(matches!(forged, Err(Error::Refused { .. })), "{forged:?}");
    // Signatures come before bytes: whoever cannot sign cannot make the server look for, or hash, what he names.
    let elsewhere = text.replace(&Digest::of(b"# 1.0.0\n").to_string(), &Digest::of(b"").to_string());
    assert_ne!(elsewhere, text);
    let forged = pair.accept(&Publication { targets: elsewhere.into_bytes(), ..honest.clone() });
    assert!(matches!(forged, Err(Error::Refused { .. })), "{forged:?}");
    let long = text.replacen('{', &format!("{{{}", " ".repeat(1 << 20)), 1);
    let long = Publication { targets: long.into_bytes(), ..honest.clone() };
    assert!(matches!(pair.accept(&long), Err(Error::TooLong { limit, .. }) if limit == 1 << 20));
    assert!(matches!(signing::missing(&pair.server, &pair.incoming, &long), Err(Error::TooLong { .. })));
    let garbage = pair.accept(&Publication { targets: b"{}".to_vec(), ..honest.clone() });
    assert!(matches!(garbage, Err(Error::Malformed { .. })), "{garbage:?}");
    assert_eq!(pair.server.newest("targets").unwrap(), None);
    assert!(!files(&pair.incoming).is_empty(), "uploads wait for the honest publication");
    pair.accept(&honest).unwrap();
}

#[test]
fn a_new_root_travels_with_the_publication() {
    let pair = Pair::new();
    pair.release("1.0.0");
    let first = pair.publisher.publication(0).unwrap();
    pair.upload(&first);
    pair.accept(&first).unwrap();

    // Another snapshot key: the server must hold it first.
    let key = SecretKey::generate().unwrap();
    let changes = [
        RootChange::Add { role: "snapshot".to_owned(), key: key.public() },
        RootChange::Remove { role: "snapshot".to_owned(), key: snapshot_key(&pair) },
    ];
    let mut draft = pair.publisher.draft_root(&changes, now()).unwrap();
    pair.publisher.sign_root(&mut draft, &mut no_passphrase).unwrap();
    pair.publisher.accept_root(&draft, &mut no_passphrase, now()).unwrap();
    let second = pair.publisher.publication(2).unwrap();
    assert_eq!(second.roots.len(), 2);
    let without = pair.accept(&second);
    assert!(matches!(without, Err(Error::NoKey { .. })), "{without:?}");
    let file = pair.scratch.path().join("server-keys/snapshot-2.pem");
    signing::KeyFile::create(&file, &key, None).unwrap();
    let accepted = pair.accept(&second).unwrap();
    assert_eq!((accepted.root, accepted.unchanged), (2, false));
    client(&pair.server, &remember(&pair.server), now()).unwrap();
    client(&pair.server, &Stored::default(), now()).unwrap();
}

/// Whoever has only the upload token has no key of root: what he sends as a root changes nothing, now or later.
#[test]
fn a_root_is_taken_only_as_the_next_one_and_signed() {
    let pair = Pair::new();
    pair.release("1.0.0");
    let first = pair.publisher.publication(0).unwrap();
    pair.upload(&first);
    pair.accept(&first).unwrap();
    let before = files(pair.server.folder());
    let root = String::from_utf8(first.roots[0].clone()).unwrap();
    let renumbered =
        |version: u64| root.replace("\"version\":1", &format!("\"version\":{version}")).into_bytes();
    for version in [1, 2, 3, 1 << 60] {
        let forged =
            Publication { roots: vec![first.roots[0].clone(), renumbered(version)], ..first.clone() };
        let taken = pair.accept(&forged);
        assert_eq!(taken.is_ok(), version == 1, "{version}: {taken:?}");
        assert_eq!(files(pair.server.folder()), before, "{version}");
    }

    // What another way or an older version of this program left there is not taken as newest either.
    for version in [2, 3] {
        write(&pair.server.folder().join("metadata"), &format!("{version}.root.json"), &renumbered(version));
    }
    let changes = [RootChange::Add { role: "root".to_owned(), key: SecretKey::generate().unwrap().public() }];
    let mut draft = pair.publisher.draft_root(&changes, now()).unwrap();
    pair.publisher.sign_root(&mut draft, &mut no_passphrase).unwrap();
    pair.publisher.accept_root(&draft, &mut no_passphrase, now()).unwrap();
    let genuine = pair.publisher.publication(2).unwrap();
    // A stray behind the genuine root would stop every client: that is said, and a person takes it away.
    let stopped = pair.accept(&genuine);
    assert!(
        matches!(&stopped, Err(Error::Refused { object, .. }) if object == "metadata/3.root.json"),
        "{stopped:?}"
    );
    fs::remove_file(pair.server.folder().join("metadata/3.root.json")).unwrap();
    let accepted = pair.accept(&genuine).unwrap();
    assert_eq!((accepted.root, accepted.unchanged), (2, false));
    assert_eq!(pair.server.read("metadata/2.root.json", 1 << 20).unwrap(), Some(genuine.roots[1].clone()));
}

#[test]
fn a_signed_root_with_a_key_under_another_id_is_refused() {
    let pair = Pair::new();
    let publication = pair.publisher.publication(0).unwrap();
    let file = signing::KeyFile::open(&pair.scratch.path().join("repo/keys/root.pem")).unwrap();
    let key = file.unlock(None).unwrap();
    let stranger = SecretKey::generate().unwrap().public();
    let check = |id: &str, fits: bool| {
        let mut root: Value = serde_json::from_slice(&publication.roots[0]).unwrap();
        root["signed"]["version"] = 2.into();
        root["signed"]["keys"][id] = stranger.to_json();
        root["signed"]["roles"]["targets"]["keyids"].as_array_mut().unwrap().push(id.into());
        // Plain ASCII with sorted keys: the canonical form.
        let signature = key.sign(&serde_json::to_vec(&root["signed"]).unwrap());
        root["signatures"][0]["sig"] = hex::encode(signature).into();
        let second = serde_json::to_vec(&root).unwrap();
        let roots = vec![publication.roots[0].clone(), second];
        let accepted = pair.accept(&Publication { roots, ..publication.clone() });
        assert_eq!(accepted.is_ok(), fits, "{id}: {accepted:?}");
        assert!(fits || matches!(accepted, Err(Error::Malformed { .. })));
    };
    check(&"ab".repeat(32), false);
    check(stranger.id().as_str(), true);
}

fn snapshot_key(pair: &Pair) -> String {
    let file = signing::KeyFile::open(&pair.scratch.path().join("server-keys/snapshot.pem")).unwrap();
    file.public().unwrap().id().to_string()
}

#[test]
fn offline_keys_never_lie_on_a_server() {
    let pair = Pair::new();
    let keys = pair.scratch.path().join("server-keys");
    fs::copy(pair.scratch.path().join("repo/keys/targets.pem"), keys.join("targets.pem")).unwrap();
    let by_name = OnlineKeys::load(&keys, None);
    assert!(matches!(&by_name, Err(Error::OfflineKey { role, .. }) if role == "targets"), "{by_name:?}");
    // Another name does not help.
    fs::rename(keys.join("targets.pem"), keys.join("snapshot-2.pem")).unwrap();
    pair.release("1.0.0");
    let publication = pair.publisher.publication(0).unwrap();
    pair.upload(&publication);
    let by_id = pair.accept(&publication);
    assert!(matches!(&by_id, Err(Error::OfflineKey { role, .. }) if role == "targets"), "{by_id:?}");
}

#[test]
fn a_tree_begins_with_one_root() {
    let (one, two) = (Pair::new(), Pair::new());
    let other = two.publisher.tree().read("metadata/1.root.json", 1 << 20).unwrap().unwrap();
    let clash = Tree::create(one.server.folder(), &settings().app, &other);
    assert!(matches!(clash, Err(Error::Exists { .. })), "{clash:?}");
    let mut forged = other.clone();
    let at = forged.len() / 2;
    forged[at] ^= 1;
    Tree::create(&one.scratch.path().join("new"), &settings().app, &forged).unwrap_err();
    let publication = two.publisher.publication(0).unwrap();
    let foreign = one.accept(&publication);
    assert!(matches!(foreign, Err(Error::RootConflict { version: 1 })), "{foreign:?}");
}

#[test]
fn names_stay_in_the_tree() {
    let pair = Pair::new();
    let sha = Digest::of(b"");
    for good in
        [object::TIMESTAMP.to_owned(), object::target("a/b.c", &sha).unwrap(), object::patch_index(&sha)]
    {
        pair.server.path(&good).unwrap();
    }
    for bad in ["../x", "a/../b", "/etc/passwd", "", "a//b", "a/.b", "a\\b", "a/%2e%2e/b"] {
        assert!(pair.server.path(bad).is_err(), "{bad}");
    }
    pair.server.put_new("patches/x", b"1").unwrap();
    pair.server.put_new("patches/x", b"1").unwrap();
    assert!(matches!(pair.server.put_new("patches/x", b"2"), Err(Error::Exists { .. })));
    assert!(matches!(pair.server.read("patches/x", 0), Err(Error::TooLong { .. })));
}
