//! Three server processes on one bucket, all of which take releases from the same GitHub, killed one after the other in the middle of
//! it: while they download, upload, place, list and sign. Each kill waits until the server is certainly there, because the one request
//! that it is about is held.
//!
//! What must hold: every release is listed once, with its bytes; nothing is signed twice; no client ever sees a version go back, two
//! bodies under one name, or a name without its bytes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use protocol::{Digest, object};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bucket::Shared;
use crate::ceph::{Ceph, ceph};
use crate::github::{Asset, Fault, Hub, Release};
use crate::ingest::{LINUX, mapping, path_of, stage};
use crate::process::Process;
use crate::stage::{APP, PATIENCE, client, noise};
use crate::tap::{Moment, Order, Snare, tap};
use crate::watching::{Addresses, SERVERS, Watch};

/// The longest time until a dead server's lease has expired and another one has gone on.
const GOES_ON: Duration = Duration::from_secs(60);
/// Between two looks of one client.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// The bytes of an asset, and of one that is uploaded in pieces.
const SHORT: usize = 300_000;
const LONG: usize = 9 << 20;
/// So much of an asset comes, and then nothing.
const HALF: usize = SHORT / 2;

/// Requests to the store while a release is taken, in their order, from the upload to where it waits to its end; with the bytes of
/// the release.
const POINTS: [(&str, &[&str], Moment, usize); 13] = [
    ("PUT", &["/.incoming/"], Moment::Before, SHORT),
    ("PUT", &["/.incoming/"], Moment::Middle, SHORT),
    ("PUT", &["/.incoming/", "partNumber=2"], Moment::Middle, LONG),
    ("PUT", &["/.incoming/"], Moment::After, SHORT),
    ("PUT", &["/.lease.json"], Moment::After, SHORT),
    ("PUT", &["/targets/releases/", "x-amz-copy-source"], Moment::Before, SHORT),
    ("PUT", &["/targets/releases/", "x-amz-copy-source"], Moment::After, SHORT),
    ("PUT", &[".ingest.json"], Moment::Middle, SHORT),
    ("PUT", &[".ingest.json"], Moment::After, SHORT),
    ("PUT", &[".snapshot.json"], Moment::After, SHORT),
    ("PUT", &["/metadata/timestamp.json"], Moment::Middle, SHORT),
    ("PUT", &["/metadata/timestamp.json"], Moment::After, SHORT),
    ("POST", &["?delete"], Moment::Before, SHORT),
];
/// In these the server that is killed has the right to sign, and dies with it.
const LEASED: std::ops::Range<usize> = 4..POINTS.len();

/// What becomes of the others, and of the one that was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// It is gone until the others have the release.
    Survived,
    /// It comes back at once, with what it remembers of GitHub.
    Restarted,
    /// It comes back with an empty disk.
    Emptied,
    /// All are killed, and come back, that one with an empty disk.
    AllKilled,
}

const THEN: [Then; 4] = [Then::Survived, Then::Restarted, Then::Emptied, Then::AllKilled];

struct Stand {
    shared: Shared,
    bucket: AmazonS3,
    hub: Hub,
    snare: Arc<Snare>,
    /// The way of each server to the store.
    taps: Vec<SocketAddr>,
    store: SocketAddr,
    addresses: Addresses,
    servers: Vec<Option<Process>>,
    /// What was released, by target path.
    released: BTreeMap<String, Vec<u8>>,
    /// ETags of all metadata, as they were first seen in the bucket.
    editions: BTreeMap<String, String>,
}

impl Stand {
    async fn new(ceph: &Ceph) -> Self {
        let shared = Shared::of(stage(), ceph, "killed-ingest");
        let text = shared.text("data", "");
        let store = text.lines().find_map(|line| line.strip_prefix("s3.endpoint = \"http://")).unwrap();
        let store: SocketAddr = store.trim_end_matches('"').parse().unwrap();
        let (snare, mut taps) = (Snare::new(), Vec::new());
        for who in 0..SERVERS {
            taps.push(tap(who, store, &snare).await);
        }
        let mut stand = Self {
            shared,
            bucket: ceph.client(),
            hub: Hub::start(&[]).await,
            snare,
            taps,
            store,
            addresses: Addresses::default(),
            servers: Vec::new(),
            released: BTreeMap::new(),
            editions: BTreeMap::new(),
        };
        for who in 0..SERVERS {
            stand.servers.push(None);
            stand.start(who);
        }
        stand
    }

    fn data(who: usize) -> String {
        if who == 0 { "data".to_owned() } else { format!("data-{who}") }
    }

    fn start(&mut self, who: usize) {
        let more = format!("limits.requests_per_second = 0\n{}", mapping(&self.hub, ""));
        let text = self.shared.text(&Self::data(who), &more);
        let text = text.replace(&self.store.to_string(), &self.taps[who].to_string());
        let process = Process::start_as(&self.shared.stage, &format!("server-{who}"), &text);
        *self.addresses[who].lock().unwrap() = process.address.clone();
        self.servers[who] = Some(process);
    }

    fn kill(&mut self, who: usize) {
        self.servers[who].take().unwrap().kill();
    }

    fn empty(&self, who: usize) {
        std::fs::remove_dir_all(self.shared.stage.path(&Self::data(who))).unwrap();
    }

    fn release(&mut self, content: Vec<u8>) -> String {
        let number = self.released.len() as u64;
        let version = format!("1.{number}.0");
        let release = Release::new(&version, &[Asset::new(number + 1, LINUX, &content)]);
        self.hub.edit(|releases| releases.insert(0, release));
        let path = path_of(&version, "linux-x86_64");
        self.released.insert(path.clone(), content);
        path
    }

    /// The bytes of an asset that a server has fetched until now.
    fn fetched(&self, who: usize) -> Option<u64> {
        let scratch = self.shared.stage.path(&Self::data(who)).join(".scratch");
        let entries = std::fs::read_dir(scratch).ok()?.map(|entry| entry.unwrap());
        let mut assets = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("asset-"));
        Some(assets.next()?.metadata().ok()?.len())
    }

    /// Kills the server that is in the middle of a download, and proves that it was.
    async fn kill_while_it_downloads(&mut self) -> usize {
        let half = |who: &usize| self.fetched(*who) == Some(HALF as u64);
        let victim = until("a half download", || (0..SERVERS).find(half)).await;
        self.kill(victim);
        assert_eq!(self.fetched(victim), Some(HALF as u64), "it had half of it");
        victim
    }

    /// Kills the server whose request is held, and proves that it had the right to sign, where it needs that.
    async fn kill_at(&mut self, point: usize) -> usize {
        let victim = self.snare.caught().await;
        let pid = self.servers[victim].as_ref().unwrap().id();
        self.kill(victim);
        if LEASED.contains(&point) {
            assert_eq!(self.holder().await, Some(pid), "it has the lease, and is dead");
        }
        victim
    }

    /// The process that an unexpired lease names.
    async fn holder(&self) -> Option<u32> {
        let bytes = self.object(".lease.json").await?;
        let lease: Value = serde_json::from_slice(&bytes).unwrap();
        let until: jiff::Timestamp = lease["expires_at"].as_str()?.parse().unwrap();
        let pid = lease["owner"].as_str()?.split(':').nth(1)?.parse().unwrap();
        (until > jiff::Timestamp::now()).then_some(pid)
    }

    async fn object(&self, name: &str) -> Option<Vec<u8>> {
        let name = Path::from(format!("{}/{APP}/{name}", self.shared.prefix));
        Some(self.bucket.get(&name).await.ok()?.bytes().await.unwrap().to_vec())
    }

    /// What lies in a folder of the app: names and ETags.
    async fn list(&self, folder: &str) -> BTreeMap<String, String> {
        let folder = Path::from(format!("{}/{APP}/{folder}", self.shared.prefix));
        let all: Vec<_> = self.bucket.list(Some(&folder)).try_collect().await.unwrap();
        all.into_iter()
            .map(|meta| (meta.location.filename().unwrap().to_owned(), meta.e_tag.unwrap()))
            .collect()
    }

    /// Lets the others go on, or all of them again.
    async fn go_on(&mut self, watch: &Watch, victim: usize, then: Then, path: &str) {
        let others = (0..SERVERS).filter(|who| *who != victim);
        match then {
            Then::Survived => self.offered(watch, path, &others.collect::<Vec<_>>()).await,
            Then::Restarted => {}
            Then::Emptied => self.empty(victim),
            Then::AllKilled => {
                for who in others {
                    self.kill(who);
                }
                self.empty(victim);
            }
        }
        for who in 0..SERVERS {
            if self.servers[who].is_none() {
                self.start(who);
            }
        }
        self.offered(watch, path, &[0, 1, 2]).await;
    }

    /// Waits until these servers offer a release.
    async fn offered(&self, watch: &Watch, path: &str, by: &[usize]) {
        let sha256 = Digest::of(&self.released[path]);
        for who in by {
            let there = || watch.offered(*who).get(path).map(|found| assert_eq!(*found, sha256, "{path}"));
            until(&format!("{path} of {who}"), there).await;
        }
    }

    /// Waits until every server knows where every release came from, and has nothing left to do.
    async fn settled(&self) {
        for who in 0..SERVERS {
            let file = self.shared.stage.path(&Self::data(who)).join(".state").join(APP).join("github.json");
            let done = || {
                let state: Value = serde_json::from_slice(&std::fs::read(&file).ok()?).unwrap();
                let taken = state["taken"].as_object().unwrap();
                let all = self.released.keys().all(|path| taken.contains_key(path));
                (all && !state["pages"].as_array().unwrap().is_empty()).then_some(state)
            };
            let state = until(&format!("the end of {who}'s look"), done).await;
            assert_eq!(state["taken"].as_object().unwrap().len(), self.released.len());
            assert_eq!((&state["alarms"], &state["refused"]), (&json!([]), &json!({})));
        }
    }

    async fn get(&self, who: usize, path: &str) -> (StatusCode, Vec<u8>) {
        let url = format!("http://{}{path}", self.addresses[who].lock().unwrap());
        let answer = client().get(url).timeout(PATIENCE).send().await.unwrap();
        (answer.status(), answer.bytes().await.unwrap().to_vec())
    }

    /// Fetches a release whole from a server.
    async fn fetches(&self, who: usize, path: &str) {
        let content = &self.released[path];
        let name = object::target(path, &Digest::of(content)).unwrap();
        let (status, bytes) = self.get(who, &format!("/apps/{APP}/{name}")).await;
        assert!(status == StatusCode::OK && bytes == *content, "{status} for {name} of {who}");
    }

    /// What has a name in the bucket keeps its bytes.
    async fn nothing_changed(&mut self) {
        for (name, edition) in self.list("metadata").await {
            let before = self.editions.entry(name.clone()).or_insert(edition.clone());
            assert!(*before == edition || object::TIMESTAMP.ends_with(&name), "two bodies of {name}");
        }
    }

    /// Each list has one release more than the one before, and the last one has all.
    async fn listed_once(&self) {
        let mut lists = BTreeMap::new();
        for name in self.list("metadata").await.into_keys() {
            let Some(version) = name.strip_suffix(".ingest.json") else { continue };
            let list = self.object(&format!("metadata/{name}")).await.unwrap();
            let list: Value = serde_json::from_slice(&list).unwrap();
            let targets = list["signed"]["targets"].as_object().unwrap().clone();
            lists.insert(version.parse::<u64>().unwrap(), targets);
        }
        let lengths: Vec<usize> = lists.values().map(serde_json::Map::len).collect();
        let expected: Vec<usize> = (0..=self.released.len()).collect();
        assert_eq!(lengths, expected, "behind the empty first list, one for each release");
        for (path, content) in &self.released {
            let listed = &lists.values().next_back().unwrap()[path];
            assert_eq!(listed["hashes"]["sha256"], Digest::of(content).to_string());
            assert_eq!(listed["length"], content.len());
        }
    }
}

/// Waits until something is there.
async fn until<T>(what: &str, there: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(begun.elapsed() < GOES_ON, "never: {what}");
        ticks.tick().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_are_killed_while_they_take_releases_take_each_once() {
    let test = "killed_ingest::servers_that_are_killed_while_they_take_releases_take_each_once";
    let Some(ceph) = ceph(test) else { return };
    let mut stand = Stand::new(ceph).await;
    let root = std::fs::read(stand.shared.stage.object("metadata/1.root.json")).unwrap();
    let watch = Watch::begin(&stand.addresses, &root, BETWEEN_LOOKS);

    let mut kills = 0;
    for then in THEN {
        let content = noise(100 + kills, SHORT);
        stand.hub.fault(LINUX, Some(Fault::HangOnce(HALF)));
        let path = stand.release(content);
        let victim = stand.kill_while_it_downloads().await;
        kills += 1;
        stand.go_on(&watch, victim, then, &path).await;
        stand.settled().await;
        stand.nothing_changed().await;
        assert_eq!(stand.list(".incoming").await, BTreeMap::new(), "nothing waits for anybody");
        stand.fetches(victim, &path).await;
    }
    for (point, (method, parts, moment, length)) in POINTS.into_iter().enumerate() {
        let content = noise(200 + kills, length);
        stand.snare.set(Order { method, parts, moment });
        let path = stand.release(content);
        let victim = stand.kill_at(point).await;
        kills += 1;
        stand.go_on(&watch, victim, THEN[point % THEN.len()], &path).await;
        stand.settled().await;
        stand.nothing_changed().await;
        assert_eq!(stand.list(".incoming").await, BTreeMap::new(), "nothing waits for anybody");
        stand.fetches(victim, &path).await;
    }

    stand.listed_once().await;
    for who in 0..SERVERS {
        for path in stand.released.keys() {
            stand.fetches(who, path).await;
        }
        let (status, body) = stand.get(who, "/readyz").await;
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, StatusCode::OK, "{body}");
        let github = &body["github"][0];
        assert_eq!((&github["alarms"], &github["failure"]), (&json!([]), &Value::Null), "{body}");
    }
    let (looks, timestamps) = watch.end().await;
    println!(
        "servers of one bucket killed while they take a release from GitHub: {kills} points, failures 0, {looks} looks of clients, \
         {timestamps} timestamps"
    );
    assert!(looks > 100 && timestamps > stand.released.len(), "{looks} {timestamps}");
}
