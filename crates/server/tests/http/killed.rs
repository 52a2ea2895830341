//! Three server processes on one bucket, killed one after the other while they publish, renew and make patches, with clients
//! that look all the time.
//!
//! What must hold: no client ever sees a version go back, or two bodies under one name; what was published stays; another server
//! goes on with what a dead one began.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use protocol::{Artifact, Digest, object};
use reqwest::StatusCode;
use signing::Publication;
use tokio::task::JoinHandle;

use crate::bucket::{Shared, version};
use crate::ceph::{Ceph, ceph};
use crate::process::Process;
use crate::stage::{APP, PATIENCE, TOKEN, client, edited, noise, patch, target};
use crate::watching::{Addresses, SERVERS, Watch};

/// Timestamps are renewed every ten seconds.
const SHORT_LIVED: &str = "validity.timestamp = \"30s\"\npatches.bases = 0\nlimits.requests_per_second = 0";
/// How often a kill in one moment of a publication is tried.
const ATTEMPTS: usize = 4;
/// The longest time until a dead holder's lease has expired and another server has gone on.
const GOES_ON: Duration = Duration::from_secs(60);

struct Stand {
    shared: Shared,
    bucket: AmazonS3,
    addresses: Addresses,
    servers: Vec<Option<Process>>,
    /// Kills that met a holder of a lease or a claim.
    caught: usize,
}

impl Stand {
    fn new(ceph: &Ceph) -> Self {
        let shared = Shared::new(ceph, "killed");
        let bucket = ceph.client();
        let mut stand =
            Self { shared, bucket, addresses: Addresses::default(), servers: Vec::new(), caught: 0 };
        for who in 0..SERVERS {
            stand.servers.push(None);
            stand.start(who);
        }
        stand
    }

    fn start(&mut self, who: usize) {
        let data = if who == 0 { "data".to_owned() } else { format!("data-{who}") };
        let text = self.shared.text(&data, SHORT_LIVED);
        let process = Process::start_as(&self.shared.stage, &format!("server-{who}"), &text);
        *self.addresses[who].lock().unwrap() = process.address.clone();
        self.servers[who] = Some(process);
    }

    fn url(&self, who: usize, path: &str) -> String {
        format!("http://{}/apps/{APP}/{path}", self.addresses[who].lock().unwrap())
    }

    fn pid(&self, who: usize) -> u32 {
        self.servers[who].as_ref().unwrap().id()
    }

    /// The process that holds a lease, if somebody does.
    async fn holder(&self, lease: &str) -> Option<u32> {
        let name = Path::from(format!("{}/{APP}/{lease}", self.shared.prefix));
        let bytes = self.bucket.get(&name).await.ok()?.bytes().await.ok()?;
        let lease: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let until: Timestamp = lease["expires_at"].as_str()?.parse().unwrap();
        let pid = lease["owner"].as_str()?.split(':').nth(1)?.parse().unwrap();
        (until > Timestamp::now()).then_some(pid)
    }

    /// Waits until one of these servers holds a lease and there are more metadata of a role than that, kills it, and starts it
    /// again. False: none did while `at_work`.
    async fn kill_holder(
        &mut self,
        lease: &str,
        whom: &[usize],
        moment: Option<(&str, usize)>,
        at_work: impl Fn() -> bool,
    ) -> bool {
        while at_work() {
            let Some(pid) = self.holder(lease).await else { continue };
            let Some(victim) = whom.iter().copied().find(|who| self.pid(*who) == pid) else { continue };
            if let Some((role, count)) = moment
                && self.versions(role).await.len() <= count
            {
                continue;
            }
            self.servers[victim].take().unwrap().kill();
            // If it still has it, it died with it.
            self.caught += usize::from(self.holder(lease).await == Some(pid));
            self.start(victim);
            return true;
        }
        false
    }

    async fn upload(&self, who: usize, content: &[u8]) {
        let url = self.url(who, &format!("objects/{}", Digest::of(content)));
        let sent = client().put(url).bearer_auth(TOKEN).body(content.to_vec()).timeout(PATIENCE).send().await;
        assert!(sent.unwrap().status().is_success());
    }

    fn hand_over(&self, who: usize, publication: &Publication) -> JoinHandle<Option<(StatusCode, String)>> {
        let request = client().post(self.url(who, "targets")).bearer_auth(TOKEN).timeout(PATIENCE);
        let request = request.body(serde_json::to_string(publication).unwrap());
        tokio::spawn(async move {
            let answer = request.send().await.ok()?;
            Some((answer.status(), answer.text().await.ok()?))
        })
    }

    /// The versions of a role's metadata in the bucket.
    async fn versions(&self, role: &str) -> BTreeSet<u64> {
        let names = Path::from(format!("{}/{APP}/metadata", self.shared.prefix));
        let all: Vec<_> = self.bucket.list(Some(&names)).try_collect().await.unwrap();
        let end = format!(".{role}.json");
        all.iter().filter_map(|meta| meta.location.filename()?.strip_suffix(&end)?.parse().ok()).collect()
    }

    /// Publishes a release through `victim`, which is killed when it has written a new version of the role; another server
    /// completes it.
    async fn publish(
        &mut self,
        victim: usize,
        version: &str,
        content: &[u8],
        kill: Option<&str>,
    ) -> Artifact {
        let replaces = self.versions(trust::TARGETS).await.last().copied().unwrap_or(0);
        let artifact = self.shared.stage.release(version, content);
        let other = (victim + 1) % SERVERS;
        self.upload(other, content).await;
        let publication = self.shared.stage.publication(replaces);
        let before = match kill {
            Some(role) => self.versions(role).await.len(),
            None => 0,
        };
        let asked = self.hand_over(victim, &publication);
        if let Some(role) = kill {
            let moment = (role != "lease").then_some((role, before));
            self.kill_holder(".lease.json", &[victim], moment, || !asked.is_finished()).await;
        }
        let _ = asked.await;
        let begun = Instant::now();
        loop {
            let (status, text) = self.hand_over(other, &publication).await.unwrap().expect("it lives");
            if status == StatusCode::OK {
                return artifact;
            }
            assert!(
                status == StatusCode::SERVICE_UNAVAILABLE && begun.elapsed() < GOES_ON,
                "{status} {text}"
            );
        }
    }

    async fn get(&self, who: usize, name: &str) -> (StatusCode, Vec<u8>) {
        let answer = client().get(self.url(who, name)).timeout(PATIENCE).send().await.unwrap();
        (answer.status(), answer.bytes().await.unwrap().to_vec())
    }

    /// Waits until there is another timestamp than the one that is there now.
    async fn renewed(&self) {
        let before = version(&self.until(0, object::TIMESTAMP).await);
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        while version(&self.until(2, object::TIMESTAMP).await) <= before {
            assert!(begun.elapsed() < GOES_ON, "nobody renews");
            ticks.tick().await;
        }
    }

    async fn until(&self, who: usize, name: &str) -> Vec<u8> {
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        loop {
            let (status, bytes) = self.get(who, name).await;
            if status == StatusCode::OK {
                return bytes;
            }
            assert!(begun.elapsed() < GOES_ON, "{status} for {name} of {who}");
            ticks.tick().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_that_are_killed_lose_nothing() {
    let Some(ceph) = ceph("killed::three_servers_that_are_killed_lose_nothing") else { return };
    let mut stand = Stand::new(ceph);
    let mut content = noise(1, 3 << 20);
    let mut artifacts = vec![(stand.publish(0, "1.0.0", &content, None).await, content.clone())];
    let root = std::fs::read(stand.shared.stage.object("metadata/1.root.json")).unwrap();
    let watch = Watch::begin(&stand.addresses, &root, Duration::ZERO);

    for role in ["lease", trust::TARGETS, trust::SNAPSHOT] {
        // A moment is short, and a kill may come too late for it.
        for _ in 0..ATTEMPTS {
            content = edited(&content);
            let (number, before) = (artifacts.len(), stand.caught);
            let version = format!("1.{number}.0");
            let artifact = stand.publish(number % SERVERS, &version, &content, Some(role)).await;
            artifacts.push((artifact, content.clone()));
            if stand.caught > before {
                break;
            }
        }
    }
    let publishing = std::mem::take(&mut stand.caught);
    // Whoever renews is killed, and another one does it.
    for _ in 0..SERVERS {
        let begun = Instant::now();
        let waiting = || begun.elapsed() < GOES_ON;
        assert!(stand.kill_holder(".lease.json", &[0, 1, 2], None, waiting).await, "nobody renews");
        stand.renewed().await;
    }
    let renewing = std::mem::take(&mut stand.caught);
    // Whoever makes a patch is killed; another server makes it when the claim has expired.
    let newest = artifacts.last().unwrap().0.clone();
    for (victim, (base, _)) in artifacts.iter().take(SERVERS).enumerate() {
        let name = patch(&newest, base, "rt1");
        let asked = client().get(stand.url(victim, &name)).timeout(PATIENCE).send().await.unwrap().status();
        assert_eq!(asked, StatusCode::ACCEPTED, "{name}");
        let begun = Instant::now();
        let waiting = || begun.elapsed() < GOES_ON / 6;
        stand.kill_holder(&format!(".claims/{name}.json"), &[victim], None, waiting).await;
        let bytes = stand.until((victim + 1) % SERVERS, &name).await;
        assert_eq!(stand.until(victim, &name).await, bytes, "{name}");
    }
    let making = stand.caught;
    assert!(publishing > 0 && renewing > 0 && making > 0, "the kills came too late");

    // All is there, everywhere.
    for who in 0..SERVERS {
        for (artifact, content) in &artifacts {
            assert!(stand.until(who, &target(artifact)).await == *content, "{} of {who}", artifact.path);
        }
    }
    let index = stand.until(0, &object::patch_index(&newest.sha256)).await;
    let index = protocol::PatchIndex::parse(&index).unwrap();
    assert_eq!(index.patches.len(), SERVERS, "every patch is listed: {index:?}");
    // And it goes on.
    stand.renewed().await;
    let (looks, timestamps) = watch.end().await;
    let kills = publishing + renewing + making;
    println!(
        "servers of one bucket killed while they hold a lease: {kills} points, failures 0 ({publishing} publishing, {renewing} \
         renewing, {making} making a patch), {looks} looks of clients, {timestamps} timestamps"
    );
    assert!(looks > 100 && timestamps > 2 * SERVERS, "{looks} {timestamps}");
}
