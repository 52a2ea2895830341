//! Preparations of a real program's place from a server that serves what it is told.

mod routes;
mod trouble;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::{
    AppId, Artifact, Channel, Digest, FormatId, Platform, Release, SourceUrl, Urgency, Version, object,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::fetch::tests::client;
use crate::fetch::tests::peer::{Peer, Reply, Request, answer, file};

/// Bytes that look like a program: they can be compressed by half, and a patch is smaller still.
fn program(version: u8) -> Vec<u8> {
    let word = |at: u32| [at.wrapping_mul(2_654_435_761).to_le_bytes()[3], at.to_be_bytes()[2], 0, 0x48];
    let mut bytes: Vec<u8> = (0..50_000).flat_map(word).collect();
    for at in (0..bytes.len()).step_by(10_007) {
        bytes[at] = version;
    }
    bytes
}

type Answers = Arc<Mutex<BTreeMap<String, Box<dyn Fn(&Request) -> Reply + Send>>>>;

/// A program in its place, the artifact that is to replace it, and a server.
struct World {
    folder: tempfile::TempDir,
    peer: Peer,
    answers: Answers,
    artifact: Artifact,
    place: Arc<Mutex<Place>>,
    cancel: CancellationToken,
    progress: watch::Sender<Progress>,
}

impl World {
    /// The server has the artifact, its compressed twin, and a patch of each format.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let installed = folder.path().join("opt/demo");
        std::fs::create_dir(installed.parent().unwrap()).unwrap();
        std::fs::write(&installed, program(1)).unwrap();
        let bytes = program(2);
        let platform = Platform::parse("linux-x86_64").unwrap();
        let version = Version::parse("1.1.0").unwrap();
        let artifact = Artifact {
            path: object::artifact_path(&version, platform, "demo").unwrap(),
            length: bytes.len() as u64,
            sha256: Digest::of(&bytes),
            release: Release {
                app: app(),
                version,
                channels: vec![Channel::default()],
                os: platform.os,
                arch: platform.arch,
                min_os: None,
                urgency: Urgency::default(),
                notes: BTreeMap::new(),
            },
        };
        let answers = Answers::default();
        let table = Arc::clone(&answers);
        let peer = Peer::start(move |request| {
            let name = request.target.trim_start_matches("/apps/demo/");
            let table = table.lock().unwrap();
            table.get(name).map_or_else(|| file(None, request), |answer| answer(request))
        })
        .await;
        let place = Arc::new(Mutex::new(Place::open(&installed).unwrap()));
        let (progress, _) = watch::channel(Progress::default());
        let world =
            Self { folder, peer, answers, artifact, place, cancel: CancellationToken::new(), progress };
        world.serve(&world.full(), bytes.clone());
        world.serve(&format!("{}.zst", world.full()), zstd::encode_all(&*bytes, 3).unwrap());
        for format in delta::MAKEABLE {
            world.serve(&world.patch(format), patch(format));
        }
        world
    }

    fn full(&self) -> String {
        object::target(&self.artifact.path, &self.artifact.sha256).unwrap()
    }

    fn twin(&self) -> String {
        format!("{}.zst", self.full())
    }

    fn patch(&self, format: &str) -> String {
        object::patch(&self.artifact.sha256, &Digest::of(&program(1)), &FormatId::parse(format).unwrap())
    }

    /// Serves these bytes truly.
    fn serve(&self, name: &str, bytes: Vec<u8>) {
        self.answer(name, move |request| file(Some(&bytes), request));
    }

    fn answer(&self, name: &str, answer: impl Fn(&Request) -> Reply + Send + 'static) {
        self.answers.lock().unwrap().insert(name.to_owned(), Box::new(answer));
    }

    fn remove(&self, name: &str) {
        self.answers.lock().unwrap().remove(name);
    }

    fn job(&self, routes: &[Route]) -> Job {
        Job {
            place: Arc::clone(&self.place),
            app: app(),
            artifact: self.artifact.clone(),
            routes: routes.to_vec(),
            client: client(),
            sources: vec![SourceUrl::parse(self.peer.url("").as_str(), false).unwrap()],
            lantern: None,
            spool: self.spool(),
            patch_memory: 128 << 20,
            patience: Duration::from_millis(50),
            progress: self.progress.clone(),
            cancel: self.cancel.clone(),
        }
    }

    fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    /// The names asked for, in order.
    fn asked(&self) -> Vec<String> {
        self.peer.requests().iter().map(|request| request.target.replace("/apps/demo/", "")).collect()
    }

    /// Prepares, checks that the stage holds the signed bytes and the program is still the old one.
    async fn prepare(&self, routes: &[Route]) -> Result<Prepared, Error> {
        let prepared = prepare(self.job(routes)).await;
        self.check(prepared.is_ok());
        prepared
    }

    fn check(&self, staged: bool) {
        let installed = self.folder.path().join("opt/demo");
        assert!(std::fs::read(installed).unwrap() == program(1), "the program is untouched");
        let stage = self.folder.path().join("opt/.demo.autoupdate/stage");
        assert_eq!(stage.exists(), staged, "there is a stage only if it is verified");
        if staged {
            assert!(std::fs::read(stage).unwrap() == program(2));
            assert_eq!(
                std::fs::read_dir(self.spool())
                    .unwrap()
                    .filter(|entry| {
                        entry.as_ref().unwrap().file_name().to_string_lossy().ends_with("full.part")
                    })
                    .count(),
                0
            );
        }
    }
}

fn app() -> AppId {
    AppId::parse("demo").unwrap()
}

/// The patch from version 1 to 2, made once.
fn patch(format: &str) -> Vec<u8> {
    static MADE: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let make = || {
        let mut patch = Vec::new();
        delta::make(&FormatId::parse(format).unwrap(), &program(1), &program(2), &mut patch).unwrap();
        patch
    };
    MADE.lock().unwrap().entry(format.to_owned()).or_insert_with(make).clone()
}

fn by_patch(format: &str) -> Route {
    Route::Patch {
        format: FormatId::parse(format).unwrap(),
        base: Digest::of(&program(1)),
        length: None,
        memory: None,
    }
}

/// Patch, compressed full, full.
fn all() -> [Route; 3] {
    [by_patch("rt1"), Route::CompressedFull, Route::Full]
}

/// The codes of the routes that were given up.
fn codes(prepared: &Prepared) -> Vec<&str> {
    prepared.fallbacks.iter().map(|fallback| fallback.code.as_str()).collect()
}
