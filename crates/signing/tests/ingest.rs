//! What an online key may list by itself, and what it may not.

#![allow(missing_docs, reason = "test code")]

mod common;

use autoupdate_signing as signing;
use std::fs;
use std::path::PathBuf;

use common::*;
use jiff::Timestamp;
use protocol::{Channel, Digest, object};
use signing::{Error, Ingested, Ingestion, NewKeys, OnDisk, OnlineKeys, Renew, Repository, Tree, Validity};
use tempfile::TempDir;
use trust::{Control, Stored};

/// A published repository whose online keys are elsewhere, as on a server.
struct Server {
    scratch: TempDir,
    publisher: Repository,
    tree: Tree,
}

impl Server {
    fn new(with_ingest: bool) -> Self {
        let scratch = TempDir::new().unwrap();
        let keys = NewKeys { with_ingest, ..NewKeys::default() };
        let publisher = Repository::init(&scratch.path().join("repo"), &settings(), &keys, now()).unwrap();
        let tree = publisher.tree().clone();
        Self { scratch, publisher, tree }
    }

    fn keys(&self) -> OnlineKeys {
        OnlineKeys::load(&self.publisher.online_folder(), None).unwrap()
    }

    fn ingest(&self, new: &[Ingested]) -> Result<Ingestion, Error> {
        let incoming = self.incoming();
        let objects = OnDisk::new(&self.tree, &incoming);
        signing::ingest(&self.tree, &objects, &self.keys(), &Validity::default(), new, now())
    }

    /// Where uploads wait.
    fn incoming(&self) -> PathBuf {
        self.scratch.path().join("incoming")
    }

    /// An uploaded artifact.
    fn artifact(&self, number: &str, content: &str, channels: &[&str]) -> Ingested {
        let sha256 = Digest::of(content.as_bytes());
        write(&self.incoming(), &sha256.to_string(), content.as_bytes());
        Ingested {
            version: version(number),
            platform: platform(),
            file: "tool".to_owned(),
            channels: channels.iter().map(|name| Channel::parse(name).unwrap()).collect(),
            sha256,
            length: content.len() as u64,
        }
    }

    /// What a client sees: version and channels.
    fn seen(&self) -> Vec<String> {
        let verified = client(&self.tree, &Stored::default(), now()).unwrap();
        let artifacts = verified.artifacts(&settings().app, platform());
        let line = |artifact: &protocol::Artifact| {
            let channels: Vec<&str> = artifact.release.channels.iter().map(Channel::as_str).collect();
            format!("{} {}", artifact.release.version, channels.join(" ")).trim_end().to_owned()
        };
        artifacts.iter().map(line).collect()
    }

    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let all = files(self.tree.folder());
        all.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }
}

#[test]
fn a_client_sees_what_was_ingested() {
    let server = Server::new(true);
    signing::can_ingest(&server.tree, &server.keys()).unwrap();
    let new = server.artifact("1.0.0", "one", &["stable"]);
    let done = server.ingest(std::slice::from_ref(&new)).unwrap();
    assert_eq!((done.listed.len(), done.conflicts.len()), (1, 0));
    assert!(done.signed.is_some());
    assert_eq!(server.seen(), ["1.0.0 stable"]);
    let object = object::target(&done.listed[0].path, &new.sha256).unwrap();
    assert_eq!(server.tree.read(&object, 10).unwrap().unwrap(), b"one");
    let upload = server.incoming().join(new.sha256.to_string());
    assert!(!upload.exists(), "the bytes are moved");

    // Again, and without bytes: nothing is written, whatever the time.
    let before = server.files();
    let again = server.artifact("1.0.0", "one", &["stable"]);
    fs::remove_file(upload).unwrap();
    let done = server.ingest(std::slice::from_ref(&again)).unwrap();
    assert_eq!((done.signed, done.listed.len()), (None, 1));
    assert_eq!(server.files(), before);
    assert_eq!(signing::ingested(&server.tree).unwrap(), done.listed);

    // One more channel, one which nobody used before: a client needs a word of rollout about it.
    let beta = Ingested { channels: vec![Channel::parse("beta").unwrap()], ..again };
    server.ingest(&[beta]).unwrap();
    assert_eq!(server.seen(), ["1.0.0 beta stable"]);
    let verified = client(&server.tree, &Stored::default(), now()).unwrap();
    let word = verified.rollout_target(&Channel::parse("beta").unwrap());
    assert!(matches!(word, Control::Target(_)), "{word:?}");
}

#[test]
fn what_is_listed_keeps_its_bytes() {
    let server = Server::new(true);
    server.ingest(&[server.artifact("1.0.0", "one", &["stable"])]).unwrap();
    let before = server.files();
    let other = server.artifact("1.0.0", "two", &["stable"]);
    let done = server.ingest(std::slice::from_ref(&other)).unwrap();
    assert_eq!((done.signed, done.listed.len(), done.conflicts.len()), (None, 0, 1));
    assert!(done.conflicts[0].1.to_string().contains("other bytes"), "{:?}", done.conflicts);
    assert_eq!(server.files(), before);
    // What is good beside it is taken.
    let good = server.artifact("1.1.0", "next", &["stable"]);
    let done = server.ingest(&[other, good]).unwrap();
    assert_eq!((done.listed.len(), done.conflicts.len()), (1, 1));
    assert_eq!(server.seen(), ["1.0.0 stable", "1.1.0 stable"]);
    // What the publisher lists is theirs.
    add(&server.scratch, &server.publisher, "2.0.0");
    server.publisher.sign(&mut no_passphrase, now()).unwrap();
    let done = server.ingest(&[server.artifact("2.0.0", "mine", &["stable"])]).unwrap();
    assert_eq!((done.signed, done.conflicts.len()), (None, 1));
}

#[test]
fn bytes_that_are_not_as_said_are_never_listed() {
    let server = Server::new(true);
    let before = server.files();
    let good = server.artifact("1.0.0", "one", &["stable"]);
    let upload = server.incoming().join(good.sha256.to_string());
    fs::write(&upload, "eno").unwrap();
    let damaged = server.ingest(std::slice::from_ref(&good));
    assert!(matches!(damaged, Err(Error::DamagedObject { .. })), "{damaged:?}");
    fs::remove_file(upload).unwrap();
    let missing = server.ingest(std::slice::from_ref(&good));
    assert!(matches!(missing, Err(Error::MissingObject { .. })), "{missing:?}");
    // Nor are bytes believed because they lie in their place: that may be what another attempt left.
    let path = object::artifact_path(&good.version, good.platform, &good.file).unwrap();
    let place = server.tree.path(&object::target(&path, &good.sha256).unwrap()).unwrap();
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(&place, "eno").unwrap();
    let missing = server.ingest(&[good]);
    assert!(matches!(missing, Err(Error::MissingObject { .. })), "{missing:?}");
    fs::remove_file(place).unwrap();
    assert_eq!(server.files(), before);
}

#[test]
fn without_role_or_key_nothing_is_ingested() {
    let server = Server::new(false);
    let new = server.artifact("1.0.0", "one", &["stable"]);
    let refused = server.ingest(std::slice::from_ref(&new));
    assert!(matches!(refused, Err(Error::NoDelegation { role: "ingest" })), "{refused:?}");
    let server = Server::new(true);
    fs::remove_file(server.publisher.online_folder().join("ingest.pem")).unwrap();
    let before = server.files();
    let refused = server.ingest(&[server.artifact("1.0.0", "one", &["stable"])]);
    assert!(matches!(&refused, Err(Error::NoKey { role, .. }) if role == "ingest"), "{refused:?}");
    assert!(matches!(signing::can_ingest(&server.tree, &server.keys()), Err(Error::NoKey { .. })));
    assert_eq!(server.files(), before);
}

#[test]
fn a_list_that_cannot_be_read_is_not_replaced_by_an_empty_one() {
    let server = Server::new(true);
    server.ingest(&[server.artifact("1.0.0", "one", &["stable"])]).unwrap();
    let newest = server.tree.newest("ingest").unwrap().unwrap();
    let file = server.tree.path(&object::metadata("ingest", newest)).unwrap();
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, "{}").unwrap();
    let later: Timestamp = now() + days(20);
    let renewed = signing::renew(&server.tree, &server.keys(), &Validity::default(), later, Renew::IfDue);
    let text = renewed.unwrap_err().to_string();
    assert!(text.contains("ingest.json") && text.contains("restore it"), "{text}");
    server.ingest(&[server.artifact("1.1.0", "two", &["stable"])]).unwrap_err();
    fs::write(&file, bytes).unwrap();
    server.ingest(&[server.artifact("1.1.0", "two", &["stable"])]).unwrap();
    assert_eq!(server.seen(), ["1.0.0 stable", "1.1.0 stable"]);
}

#[test]
fn a_list_that_was_deleted_goes_on_with_the_one_before() {
    let server = Server::new(true);
    server.ingest(&[server.artifact("1.0.0", "one", &["stable"])]).unwrap();
    for number in ["1.1.0", "1.2.0", "1.3.0"] {
        server.ingest(&[server.artifact(number, number, &["stable"])]).unwrap();
    }
    // More than one, and all within a minute: their versions are ahead of the clock.
    let versions = server.tree.versions("ingest").unwrap();
    for version in &versions[2..] {
        fs::remove_file(server.tree.path(&object::metadata("ingest", *version)).unwrap()).unwrap();
    }
    let remembered = remember(&server.tree);
    signing::renew(&server.tree, &server.keys(), &Validity::default(), now(), Renew::IfDue).unwrap();
    assert_eq!(server.seen(), ["1.0.0 stable"]);
    client(&server.tree, &remembered, now()).expect("for a client that saw the others, too");
    assert!(server.tree.newest("ingest").unwrap() > versions.last().copied());
}
