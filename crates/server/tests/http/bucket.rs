//! Several servers on one bucket of a real store.

use std::sync::Arc;

use autoupdate_server::{Around, Clock, Config, Server};
use jiff::{SignedDuration, Timestamp};
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use protocol::{AppId, Digest, PatchIndex, object};
use signing::Tree;

use crate::ceph::{Ceph, ceph};
use crate::stage::{APP, Running, Stage, edited, noise, patch, target};

/// One bucket folder, and the servers that share it.
pub(crate) struct Shared {
    pub(crate) stage: Stage,
    /// The folder in the bucket.
    pub(crate) prefix: String,
    store: String,
}

impl Shared {
    pub(crate) fn new(ceph: &Ceph, name: &str) -> Self {
        Self::of(Stage::new(), ceph, name)
    }

    pub(crate) fn of(stage: Stage, ceph: &Ceph, name: &str) -> Self {
        let prefix = Ceph::prefix(name);
        let store = ceph.configuration(stage.scratch.path(), &prefix);
        Self { stage, prefix, store }
    }

    /// The configuration of a server with a data directory of its own.
    pub(crate) fn text(&self, data: &str, more: &str) -> String {
        let text = self.stage.config_text(&self.store);
        let text = text.replace("data = \"data\"", &format!("data = \"{data}\""));
        format!("{text}s3.follow = \"1s\"\ns3.lease = \"6s\"\ns3.timeout = \"6s\"\n{more}\n")
    }

    fn config(&self, data: &str, more: &str) -> Config {
        Config::parse(&self.text(data, more), &self.stage.path("server.toml")).unwrap()
    }

    pub(crate) async fn serve(&self, data: &str, more: &str) -> Running {
        self.serve_at(data, more, Arc::new(Timestamp::now)).await
    }

    pub(crate) async fn serve_at(&self, data: &str, more: &str, clock: Clock) -> Running {
        self.start(&self.text(data, more), clock).await
    }

    /// With a whole configuration: what [`Self::text`] gives, changed.
    pub(crate) async fn serve_text(&self, text: &str) -> Running {
        self.start(text, Arc::new(Timestamp::now)).await
    }

    async fn start(&self, text: &str, clock: Clock) -> Running {
        let config = Config::parse(text, &self.stage.path("server.toml")).unwrap();
        let program = env!("CARGO_BIN_EXE_autoupdate-server").into();
        self.stage.start(config, Around { program, clock }).await
    }

    /// The version of targets that a server's copy has.
    pub(crate) fn targets(&self, data: &str) -> u64 {
        let tree = Tree::open(&self.stage.path(data).join(APP), &AppId::parse(APP).unwrap()).unwrap();
        tree.newest("targets").unwrap().unwrap_or(0)
    }
}

async fn bytes(server: &Running, name: &str) -> Vec<u8> {
    let answer = server.get(name).await;
    assert_eq!(answer.status(), 200, "{name}");
    answer.bytes().await.unwrap().to_vec()
}

/// The version of a timestamp.
pub(crate) fn version(bytes: &[u8]) -> u64 {
    let file: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    file["signed"]["version"].as_u64().unwrap()
}

/// How many patches these servers made, when they have made one.
async fn made(servers: &[&Running]) -> u64 {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    let asking = async {
        loop {
            let mut sum = 0;
            for server in servers {
                sum += server.metric("autoupdate_patches_total{outcome=\"made\"}").await;
            }
            if sum > 0 {
                return sum;
            }
            ticks.tick().await;
        }
    };
    tokio::time::timeout(crate::stage::PATIENCE, asking).await.expect("it is counted")
}

/// Waits until a server shows this timestamp.
pub(crate) async fn shows(server: &Running, timestamp: &[u8]) {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    let asking = async {
        while server.get(object::TIMESTAMP).await.bytes().await.unwrap() != timestamp {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(crate::stage::PATIENCE, asking).await.expect("it follows");
}

#[tokio::test]
async fn what_one_publishes_all_serve() {
    let Some(ceph) = ceph("bucket::what_one_publishes_all_serve") else { return };
    let shared = Shared::new(ceph, "serve");
    let quiet = "patches.bases = 0";
    let one = shared.serve("data", quiet).await;
    let two = shared.serve("data-2", quiet).await;
    let first = noise(1, 300_000);
    let old = shared.stage.publish(&one, "1.0.0", &first).await;
    // Uploaded here, published there.
    let second = edited(&first);
    let new = shared.stage.release("1.1.0", &second);
    assert!(one.upload(&second).await.is_success());
    let place = format!("/apps/{APP}/objects/{}", Digest::of(&second));
    let head = two.request(reqwest::Method::HEAD, &place).bearer_auth(crate::stage::TOKEN).send().await;
    assert_eq!(head.unwrap().status(), 200, "it waits for every server");
    let answer = two.hand_over(&shared.stage.publication(shared.targets("data"))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let head = one.request(reqwest::Method::HEAD, &place).bearer_auth(crate::stage::TOKEN).send().await;
    assert_eq!(head.unwrap().status(), 404, "it waits no more");
    let again = one.hand_over(&shared.stage.publication(0)).await;
    assert_eq!(again.status(), 200);
    assert!(again.text().await.unwrap().contains("\"unchanged\":true"));

    let timestamp = bytes(&two, object::TIMESTAMP).await;
    shows(&one, &timestamp).await;
    for server in [&one, &two] {
        for (artifact, content) in [(&old, &first), (&new, &second)] {
            let name = target(artifact);
            let whole = server.get(&name).await;
            let etag = whole.headers()["etag"].to_str().unwrap().to_owned();
            assert_eq!(etag, format!("\"{}\"", artifact.sha256));
            assert_eq!(whole.headers()["cache-control"], "public, max-age=31536000, immutable");
            assert_eq!(whole.headers()["content-length"], content.len().to_string());
            assert!(whole.bytes().await.unwrap() == content[..]);
            let path = format!("/apps/{APP}/{name}");
            let get = |range: &str| {
                server.request(reqwest::Method::GET, &path).header("range", range.to_owned()).send()
            };
            let part = get("bytes=1000-1999").await.unwrap();
            assert_eq!(part.status(), 206);
            assert!(part.bytes().await.unwrap() == content[1000..2000]);
            let rest = get("bytes=299000-").await.unwrap();
            assert!(rest.bytes().await.unwrap() == content[299_000..]);
            let beyond = get("bytes=900000-").await.unwrap();
            assert_eq!(beyond.status(), 416);
            let known = server.request(reqwest::Method::GET, &path).header("if-none-match", &etag);
            assert_eq!(known.send().await.unwrap().status(), 304);
            let head = server.request(reqwest::Method::HEAD, &path).send().await.unwrap();
            assert_eq!(head.headers()["content-length"], content.len().to_string());
        }
        assert_eq!(server.get(&format!("targets/{}.none", Digest::of(b"none"))).await.status(), 404);
        assert_eq!(server.get(&format!("patches/{}/index.json", Digest::of(b"none"))).await.status(), 404);
    }
    // One makes the patch, whoever is asked.
    let name = patch(&new, &old, "rt1");
    let (mine, yours) = tokio::join!(two.until(&name, 200, &[202]), one.until(&name, 200, &[202]));
    let length = mine.bytes().await.unwrap().len() as u64;
    assert_eq!(yours.bytes().await.unwrap().len() as u64, length);
    assert_eq!(made(&[&one, &two]).await, 1);
    let index = PatchIndex::parse(&bytes(&one, &object::patch_index(&new.sha256)).await).unwrap();
    let listed: Vec<(Digest, u64)> = index.patches.iter().map(|one| (one.base, one.length)).collect();
    assert_eq!(listed, [(old.sha256, length)]);
    one.stop().await;
    // Who comes late with nothing has everything.
    let three = shared.serve("data-3", quiet).await;
    assert_eq!(bytes(&three, object::TIMESTAMP).await, timestamp);
    assert!(bytes(&three, &target(&old)).await == first);
    assert_eq!(bytes(&three, &name).await.len() as u64, length);
    two.stop().await;
    three.stop().await;
}

#[tokio::test]
async fn what_another_published_a_moment_ago_is_there_when_it_is_asked_for() {
    let test = "bucket::what_another_published_a_moment_ago_is_there_when_it_is_asked_for";
    let Some(ceph) = ceph(test) else { return };
    let shared = Shared::new(ceph, "moment");
    let one = shared.serve("data", "patches.bases = 0").await;
    // It would look by itself after an hour.
    let late = shared.text("data-2", "patches.bases = 0").replace("follow = \"1s\"", "follow = \"1h\"");
    let two = shared.serve_text(&late).await;
    let first = noise(1, 50_000);
    let old = shared.stage.publish(&one, "1.0.0", &first).await;
    let new = shared.stage.publish(&one, "1.1.0", &edited(&first)).await;
    assert_eq!(two.get(object::TIMESTAMP).await.status(), 200, "its first one");
    let third = edited(&edited(&first));
    let third = shared.stage.publish(&one, "1.2.0", &third).await;
    // A client that learned the names from the other one.
    let timestamp: serde_json::Value = serde_json::from_slice(&bytes(&one, object::TIMESTAMP).await).unwrap();
    let snapshot = timestamp["signed"]["meta"]["snapshot.json"]["version"].as_u64().unwrap();
    let name = object::metadata("snapshot", snapshot);
    assert_eq!(bytes(&two, &name).await, bytes(&one, &name).await);
    assert_eq!(bytes(&two, object::TIMESTAMP).await, bytes(&one, object::TIMESTAMP).await);
    assert_eq!(two.get(&object::metadata("snapshot", snapshot + 1)).await.status(), 404);
    let fourth = edited(&edited(&edited(&first)));
    let fourth = shared.stage.publish(&one, "1.3.0", &fourth).await;
    assert_eq!(two.get(&patch(&fourth, &third, "rt1")).await.status(), 202, "it knows the new artifact");
    assert_eq!(two.get(&patch(&third, &fourth, "rt1")).await.status(), 404);
    assert_eq!(two.get(&patch(&new, &old, "rt1")).await.status(), 404, "offered no more");
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn patches_leave_a_bucket_when_they_are_too_many() {
    let Some(ceph) = ceph("bucket::patches_leave_a_bucket_when_they_are_too_many") else { return };
    let shared = Shared::new(ceph, "sweep");
    let first = noise(1, 100_000);
    let releases = [first.clone(), edited(&first), edited(&edited(&first))];
    let large = shared.serve("data", "patches.bases = 0").await;
    let mut artifacts = Vec::new();
    for (number, content) in releases.iter().enumerate() {
        artifacts.push(shared.stage.publish(&large, &format!("1.{number}.0"), content).await);
    }
    let names = [0, 1].map(|base| patch(&artifacts[2], &artifacts[base], "rt1"));
    let mut lengths = Vec::new();
    for name in &names {
        lengths.push(large.until(name, 200, &[202]).await.bytes().await.unwrap().len());
    }
    large.stop().await;
    // Room for one of them.
    let room = format!("patches.bases = 0\npatches.cache = {}", lengths[0].max(lengths[1]));
    let small = shared.serve("data", &room).await;
    let index = bytes(&small, &object::patch_index(&artifacts[2].sha256)).await;
    let listed: Vec<_> = PatchIndex::parse(&index).unwrap().patches.iter().map(|one| one.base).collect();
    assert_eq!(listed, [artifacts[1].sha256], "the older one went");
    assert_eq!(small.get(&names[1]).await.status(), 200);
    assert_eq!(small.get(&names[0]).await.status(), 202, "it is made again for who asks");
    small.stop().await;
}

#[tokio::test]
async fn no_change_of_any_server_is_lost() {
    let Some(ceph) = ceph("bucket::no_change_of_any_server_is_lost") else { return };
    let shared = Shared::new(ceph, "changes");
    let quiet = "patches.bases = 0";
    let servers = [
        shared.serve("data", quiet).await,
        shared.serve("data-2", quiet).await,
        shared.serve("data-3", quiet).await,
    ];
    shared.stage.publish(&servers[0], "1.0.0", &noise(1, 10_000)).await;
    let changes =
        servers.iter().enumerate().flat_map(|(who, server)| (0..3).map(move |round| (who, round, server)));
    let answers = changes.map(async |(who, round, server)| {
        let change = format!(
            r#"{{"channel":"stable","change":{{"do":"share","version":"{who}.{round}.0","basis_points":500}}}}"#
        );
        let answer = server.post("rollout", change).await;
        let status = answer.status();
        assert_eq!(status, 200, "{}", answer.text().await.unwrap());
    });
    futures_util::future::join_all(answers).await;
    let last = servers[1]
        .post("rollout", r#"{"channel":"stable","change":{"do":"halt","version":"9.0.0"}}"#.to_owned());
    let rollout: serde_json::Value = serde_json::from_str(&last.await.text().await.unwrap()).unwrap();
    assert_eq!(rollout["releases"].as_object().unwrap().len(), 10, "{rollout}");
    for server in servers {
        server.stop().await;
    }
}

#[tokio::test]
async fn what_is_due_is_signed_once() {
    let Some(ceph) = ceph("bucket::what_is_due_is_signed_once") else { return };
    let shared = Shared::new(ceph, "due");
    let quiet = "patches.bases = 0";
    let one = shared.serve("data", quiet).await;
    shared.stage.publish(&one, "1.0.0", &noise(1, 10_000)).await;
    one.stop().await;
    let later: Clock = Arc::new(|| Timestamp::now() + SignedDuration::from_hours(30));
    let (one, two, three) = tokio::join!(
        shared.serve_at("data", quiet, Arc::clone(&later)),
        shared.serve_at("data-2", quiet, Arc::clone(&later)),
        shared.serve_at("data-3", quiet, later),
    );
    let (mut renewed, mut failed) = (0, 0);
    let mut shown = Vec::new();
    for server in [&one, &two, &three] {
        renewed += server.metric("autoupdate_renewals_total{outcome=\"renewed\"}").await;
        failed += server.metric("autoupdate_renewals_total{outcome=\"failed\"}").await;
        shown.push(bytes(server, object::TIMESTAMP).await);
    }
    assert_eq!((renewed, failed), (1, 0));
    for server in [one, two, three] {
        shows(&server, shown.iter().max_by_key(|bytes| version(bytes)).unwrap()).await;
        server.stop().await;
    }
}

#[tokio::test]
async fn a_bucket_that_was_restored_takes_no_client_back() {
    let Some(ceph) = ceph("bucket::a_bucket_that_was_restored_takes_no_client_back") else { return };
    let shared = Shared::new(ceph, "restored");
    let servers =
        [shared.serve("data", "patches.bases = 0").await, shared.serve("data-2", "patches.bases = 0").await];
    shared.stage.publish(&servers[0], "1.0.0", &noise(1, 10_000)).await;
    let old = bytes(&servers[0], object::TIMESTAMP).await;
    shared.stage.publish(&servers[0], "1.1.0", &noise(2, 10_000)).await;
    let new = bytes(&servers[0], object::TIMESTAMP).await;
    shows(&servers[1], &new).await;
    let name = Path::from(format!("{}/{APP}/{}", shared.prefix, object::TIMESTAMP));
    ceph.client().put(&name, old.into()).await.unwrap();
    for server in &servers {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
        let asking = async {
            loop {
                let shown = bytes(server, object::TIMESTAMP).await;
                if version(&shown) > version(&new) {
                    return;
                }
                assert!(shown == new, "taken back");
                ticks.tick().await;
            }
        };
        tokio::time::timeout(crate::stage::PATIENCE, asking).await.expect("a newer one is signed");
        let ready = async {
            while server.request(reqwest::Method::GET, "/readyz").send().await.unwrap().status() != 200 {
                ticks.tick().await;
            }
        };
        tokio::time::timeout(crate::stage::PATIENCE, ready).await.expect("it is ready again");
    }
    for server in servers {
        server.stop().await;
    }
}

#[tokio::test]
async fn a_data_directory_moves_to_a_bucket_and_another_repository_does_not() {
    let test = "bucket::a_data_directory_moves_to_a_bucket_and_another_repository_does_not";
    let Some(ceph) = ceph(test) else { return };
    let shared = Shared::new(ceph, "move");
    let content = noise(1, 100_000);
    let local = shared.stage.serve("patches.bases = 0").await;
    let artifact = shared.stage.publish(&local, "1.0.0", &content).await;
    let timestamp = bytes(&local, object::TIMESTAMP).await;
    local.stop().await;
    let moved = shared.serve("data", "patches.bases = 0").await;
    let other = shared.serve("data-2", "patches.bases = 0").await;
    for server in [&moved, &other] {
        assert_eq!(bytes(server, object::TIMESTAMP).await, timestamp);
        assert!(bytes(server, &target(&artifact)).await == content);
    }
    let next = edited(&content);
    let artifact = shared.stage.publish(&moved, "1.1.0", &next).await;
    assert!(bytes(&other, &target(&artifact)).await == next);
    moved.stop().await;
    other.stop().await;

    // Newer targets than the bucket has: it was restored, or this server was alone for a while.
    let newest = shared.targets("data");
    let name = |version: u64| shared.stage.object(&object::metadata("targets", version));
    std::fs::copy(name(newest), name(newest + 1)).unwrap();
    let error = Server::start(shared.config("data", ""), Around::here().unwrap()).await;
    let error = error.err().expect("refused").to_string();
    let named = object::metadata("targets", newest + 1);
    assert!(error.contains(&named) && error.contains("published by itself"), "{error}");

    let stranger = Stage::new();
    for name in ["s3-access", "s3-secret"] {
        std::fs::copy(shared.stage.path(name), stranger.path(name)).unwrap();
    }
    let config = Config::parse(&shared.text("data", ""), &stranger.path("server.toml")).unwrap();
    let error = Server::start(config, Around::here().unwrap()).await.err().expect("refused").to_string();
    assert!(error.contains("two different repositories") && error.contains("app tool"), "{error}");
}
