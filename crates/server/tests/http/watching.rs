//! Clients of servers that are killed: they look all the time, trust what they verified, as on a user's machine, and remember all
//! that they were shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use protocol::{AppId, Digest, Platform, object};
use reqwest::StatusCode;
use signing::WalkError;
use tokio::task::JoinHandle;
use trust::Stored;

use crate::bucket::version;
use crate::stage::{APP, PATIENCE, client};

pub(crate) const SERVERS: usize = 3;

/// Until a server that is not there is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// Where the servers are now.
pub(crate) type Addresses = Arc<[Mutex<String>; SERVERS]>;

/// A client of each server, looking.
pub(crate) struct Watch {
    seen: Arc<Seen>,
    clients: Vec<JoinHandle<()>>,
}

/// What all clients saw.
#[derive(Default)]
struct Seen {
    /// One body per name; for the timestamp one per version.
    bodies: Mutex<BTreeMap<String, Digest>>,
    wrong: Mutex<BTreeSet<String>>,
    /// What each server offered at the last look, by target path.
    offered: Mutex<[BTreeMap<String, Digest>; SERVERS]>,
    looks: AtomicUsize,
    stop: AtomicBool,
}

impl Watch {
    /// With a pause between two looks of one client: the servers have work to do besides.
    pub(crate) fn begin(addresses: &Addresses, root: &[u8], pause: Duration) -> Self {
        let seen = Arc::<Seen>::default();
        let clients = (0..SERVERS).map(|who| look(&seen, addresses, who, root.to_vec(), pause)).collect();
        Self { seen, clients }
    }

    /// What a server offered when it was last asked, by target path.
    pub(crate) fn offered(&self, who: usize) -> BTreeMap<String, Digest> {
        self.seen.offered.lock().unwrap()[who].clone()
    }

    /// Lets the clients end. Nothing that they saw was wrong; the number of their looks, and of the timestamps.
    pub(crate) async fn end(self) -> (usize, usize) {
        self.seen.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await.unwrap();
        }
        assert_eq!(*self.seen.wrong.lock().unwrap(), BTreeSet::new());
        let bodies = self.seen.bodies.lock().unwrap();
        let timestamps = bodies.keys().filter(|name| name.starts_with(object::TIMESTAMP)).count();
        (self.seen.looks.load(Ordering::Relaxed), timestamps)
    }
}

/// A client of one server that remembers what it trusted, as on a user's machine, and checks all it is shown.
fn look(
    seen: &Arc<Seen>,
    addresses: &Addresses,
    who: usize,
    root: Vec<u8>,
    pause: Duration,
) -> JoinHandle<()> {
    let (seen, addresses) = (Arc::clone(seen), Arc::clone(addresses));
    // How long a renewal takes depends on how busy this machine is: that it comes, the test waits for.
    let now = Timestamp::now();
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let (http, mut stored) = (client(), Stored::default());
        let mut listed = BTreeMap::<String, Digest>::new();
        while !seen.stop.load(Ordering::Relaxed) {
            let mut shown: BTreeMap<String, Vec<u8>> = BTreeMap::new();
            let address = addresses[who].lock().unwrap().clone();
            let read = |name: &str, _: u64| -> Result<Option<Vec<u8>>, reqwest::Error> {
                let url = format!("http://{address}/apps/{APP}/{name}");
                let asking = async {
                    let answer = http.get(url).timeout(PATIENCE).send().await?;
                    if answer.status() == StatusCode::NOT_FOUND {
                        return Ok(None);
                    }
                    answer.error_for_status()?.bytes().await.map(|bytes| Some(bytes.to_vec()))
                };
                let bytes = runtime.block_on(asking)?;
                if let Some(bytes) = &bytes {
                    shown.insert(name.to_owned(), bytes.clone());
                }
                Ok(bytes)
            };
            let walked = signing::walk(&root, &stored, now, read);
            for (name, bytes) in &shown {
                let one = if name == object::TIMESTAMP {
                    format!("{name} {}", version(bytes))
                } else {
                    name.clone()
                };
                let digest = Digest::of(bytes);
                let before = *seen.bodies.lock().unwrap().entry(one.clone()).or_insert(digest);
                if before != digest {
                    seen.wrong.lock().unwrap().insert(format!("two bodies of {one}"));
                }
            }
            let verified = match walked {
                Ok(verified) => verified,
                // It is being killed or started.
                Err(WalkError::Read(_)) => {
                    std::thread::park_timeout(PAUSE);
                    continue;
                }
                Err(error) => {
                    seen.wrong.lock().unwrap().insert(format!("client of {who}: {error}"));
                    continue;
                }
            };
            seen.looks.fetch_add(1, Ordering::Relaxed);
            stored = kept(stored, &shown);
            let platform = Platform::parse("linux-x86_64").unwrap();
            let app = AppId::parse(APP).unwrap();
            let artifacts = verified.artifacts(&app, platform).into_iter();
            let now: BTreeMap<String, Digest> = artifacts.map(|one| (one.path, one.sha256)).collect();
            if listed.iter().any(|(path, sha256)| now.get(path) != Some(sha256)) {
                seen.wrong.lock().unwrap().insert(format!("client of {who}: {listed:?} became {now:?}"));
            }
            seen.offered.lock().unwrap()[who].clone_from(&now);
            listed = now;
            std::thread::park_timeout(pause);
        }
    })
}

/// What a client keeps of a walk that went well.
fn kept(mut stored: Stored, shown: &BTreeMap<String, Vec<u8>>) -> Stored {
    for (name, bytes) in shown {
        let role = name.trim_end_matches(".json").rsplit(['.', '/']).next().unwrap().to_owned();
        let bytes = bytes.clone();
        match role.as_str() {
            trust::ROOT => stored.root = Some(bytes),
            trust::TIMESTAMP => stored.timestamp = Some(bytes),
            trust::SNAPSHOT => stored.snapshot = Some(bytes),
            trust::TARGETS => stored.targets = Some(bytes),
            _ => drop(stored.delegated.insert(role, bytes)),
        }
    }
    stored
}
