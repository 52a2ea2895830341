//! A publisher's repository, made and signed in a temporary folder, and a server that can misbehave.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use protocol::{AppId, Artifact, Channel, Digest, Enrolment, Platform, Urgency, Version};
use signing::{
    KeyFile, NewKeys, NewRelease, Passphrase, Renew, Repository, RolloutChange, Settings, Validity,
};
use trust::Crypto;

use crate::fetch::tests::client;
use crate::fetch::tests::peer::{Peer, Reply, Request, answer, file};
use crate::source::Error;
use crate::source::tuf::{Checked, refresh};
use crate::store::{Folders, Store};

/// Bytes that are served instead of the file of that name, or the lack of it.
pub(crate) type Lies = Arc<Mutex<BTreeMap<String, Option<Vec<u8>>>>>;

/// A publisher, a server and a client's state.
pub(crate) struct Simulator {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) peer: Peer,
    pub(crate) lies: Lies,
    pub(crate) store: Store,
    pub(crate) now: Timestamp,
    pub(crate) enrolment: Enrolment,
    root: Vec<u8>,
}

pub(crate) fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

pub(crate) fn platform() -> Platform {
    Platform::parse("linux-x86_64").unwrap()
}

fn locked(_: &KeyFile) -> Result<Option<Passphrase>, signing::Error> {
    Ok(None)
}

impl Simulator {
    /// A repository with version 1.0.0, with a rollout role if wanted.
    pub(crate) async fn new(with_rollout: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        let settings = Settings {
            format: Settings::FORMAT,
            app: AppId::parse("demo").unwrap(),
            name: "Demo".to_owned(),
            validity: Validity::default(),
        };
        let keys = NewKeys { without_rollout: !with_rollout, ..NewKeys::default() };
        drop(Repository::init(&folder.path().join("repository"), &settings, &keys, now).unwrap());
        let root = std::fs::read(folder.path().join("repository/public/metadata/1.root.json")).unwrap();

        let lies = Lies::default();
        let (public, lying) = (folder.path().join("repository/public"), Arc::clone(&lies));
        let peer = Peer::start(move |request| serve(&public, &lying, request)).await;
        let text = format!(
            "id = \"demo\"\nname = \"Demo\"\npath = {:?}\nsources = [\"{}\"]\n\
             root = {{ file = \"root.json\", sha256 = \"{}\" }}\n",
            folder.path().join("demo"),
            peer.url(""),
            Digest::of(&root)
        );
        let enrolment = Enrolment::parse(&text, false).unwrap();
        let store = Store::new(Folders::below(&folder.path().join("client")));
        let simulator = Self { folder, peer, lies, store, now, enrolment, root };
        simulator.publish("1.0.0", b"the first release");
        simulator
    }

    fn repository(&self) -> Repository {
        Repository::open(&self.folder.path().join("repository")).unwrap()
    }

    pub(crate) fn public(&self) -> PathBuf {
        self.folder.path().join("repository/public")
    }

    /// Signs and publishes a release.
    pub(crate) fn publish(&self, number: &str, bytes: &[u8]) -> Artifact {
        let from = self.folder.path().join("demo");
        std::fs::write(&from, bytes).unwrap();
        let new = NewRelease {
            version: version(number),
            platform: platform(),
            file: from,
            notes: BTreeMap::new(),
            channels: vec![Channel::default()],
            min_os: None,
            urgency: Urgency::default(),
            twin: true,
        };
        let repository = self.repository();
        let artifact = repository.add(&new).unwrap();
        repository.sign(&mut locked, self.now).unwrap();
        artifact
    }

    /// Signs the online roles anew.
    pub(crate) fn renew(&self) {
        self.repository().refresh(&mut locked, self.now, Renew::Changed).unwrap();
    }

    pub(crate) fn halt(&self, number: &str) {
        let repository = self.repository();
        let keys = repository.online_keys(&mut locked).unwrap().unwrap();
        let change = RolloutChange::Halt { version: version(number) };
        let validity = &repository.settings().validity;
        signing::set_rollout(repository.tree(), &keys, validity, &Channel::default(), &change, self.now)
            .unwrap();
    }

    pub(crate) fn later(&mut self, hours: i64) {
        self.now += SignedDuration::from_hours(hours);
    }

    pub(crate) async fn check(&self) -> Result<Checked, Error> {
        let crypto = Crypto::ed25519().unwrap();
        refresh(&client(), &self.store, &self.enrolment, &self.root, crypto, self.now).await
    }

    /// The code of a check that must fail.
    pub(crate) async fn failure(&self) -> &'static str {
        self.check().await.unwrap_err().fault().code
    }

    /// What was asked for since the last call, below the app.
    pub(crate) fn asked(&self, seen: &mut usize) -> Vec<String> {
        let requests = self.peer.requests();
        let new = requests[*seen..].iter().map(|request| request.target.replace("/apps/demo/", "")).collect();
        *seen = requests.len();
        new
    }

    /// Serves these bytes under this name, whatever is published.
    pub(crate) fn lie(&self, name: &str, bytes: Option<&[u8]>) {
        self.lies.lock().unwrap().insert(name.to_owned(), bytes.map(<[u8]>::to_vec));
    }

    /// Serves the second half of every artifact so slowly that it can be stopped on the way.
    pub(crate) fn be_slow(&self) {
        self.lie(SLOW, None);
    }

    pub(crate) fn be_honest(&self) {
        self.lies.lock().unwrap().clear();
    }

    /// The stored metadata, as files.
    pub(crate) fn stored(&self) -> trust::Stored {
        self.store.metadata(&self.enrolment.id, &self.enrolment.anchor.sha256).load().unwrap()
    }
}

/// The name of what is no lie, but about all artifacts.
const SLOW: &str = "(slow)";

fn serve(public: &std::path::Path, lies: &Lies, request: &Request) -> Reply {
    let Some(name) = request.target.strip_prefix("/apps/demo/") else {
        return Reply::Bytes(answer("404 Not Found", "", b""));
    };
    let lies = lies.lock().unwrap();
    // A name of `*` lies about everything, with a whole answer and not only its body.
    match (lies.get("*"), lies.get(name)) {
        (Some(whole), _) => Reply::Bytes(whole.clone().unwrap_or_default()),
        (None, Some(lie)) => file(lie.as_deref(), request),
        (None, None) => match file(std::fs::read(public.join(name)).ok().as_deref(), request) {
            Reply::Bytes(mut bytes) if name.starts_with("targets/releases") && lies.contains_key(SLOW) => {
                let rest = bytes.split_off(bytes.len() / 2);
                Reply::Trickle(bytes, rest)
            }
            reply => reply,
        },
    }
}
