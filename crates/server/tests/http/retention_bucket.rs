//! Old artifacts in a bucket that several servers share: what goes, what comes back, and that no server forgets what another was
//! asked for.

use std::process::{Command, Output};
use std::sync::Arc;

use autoupdate_server::Clock;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use protocol::{Artifact, Digest, PatchIndex, object};
use serde_json::json;

use crate::bucket::Shared;
use crate::ceph::{Ceph, ceph};
use crate::process::PROGRAM;
use crate::stage::{APP, PATIENCE, Running, noise, target};

const KEEP_ALL: &str = "patches.bases = 0";
const KEEP_TWO: &str = "patches.bases = 0\nretention.versions = 2";

/// A bucket folder with two releases and three artifacts that no metadata lists any more.
struct Yard {
    shared: Shared,
    bucket: AmazonS3,
    listed: [Artifact; 2],
    oldest: (Digest, String),
    asked: (Digest, String),
    young: (Digest, String),
}

impl Yard {
    async fn new(ceph: &Ceph, name: &str) -> Self {
        let (shared, bucket) = (Shared::new(ceph, name), ceph.client());
        let server = shared.serve("data", KEEP_ALL).await;
        let first = shared.stage.publish(&server, "0.0.1", &noise(1, 5000)).await;
        let second = shared.stage.publish(&server, "1.0.0", &noise(2, 5000)).await;
        server.stop().await;
        let [oldest, asked, young] = ["0.1.0", "0.2.0", "0.3.0"].map(|version| {
            let digest = Digest::of(&content(version));
            (digest, format!("targets/releases/{version}/linux-x86_64/{digest}.tool"))
        });
        let yard = Self { shared, bucket, listed: [first, second], oldest, asked, young };
        for version in ["0.1.0", "0.2.0", "0.3.0"] {
            let name =
                format!("targets/releases/{version}/linux-x86_64/{}.tool", Digest::of(&content(version)));
            yard.put(&name, content(version)).await;
            yard.put(&format!("{name}.zst"), b"twin".to_vec()).await;
        }
        yard
    }

    fn at(&self, name: &str) -> Path {
        Path::from(format!("{}/{APP}/{name}", self.shared.prefix))
    }

    async fn put(&self, name: &str, bytes: Vec<u8>) {
        self.bucket.put(&self.at(name), Bytes::from(bytes).into()).await.unwrap();
    }

    async fn has(&self, name: &str) -> bool {
        self.bucket.head(&self.at(name)).await.is_ok()
    }

    /// Of the three.
    async fn there(&self) -> [bool; 3] {
        [self.has(&self.oldest.1).await, self.has(&self.asked.1).await, self.has(&self.young.1).await]
    }

    async fn set_aside(&self) -> Vec<String> {
        let folder = self.at(".leaving");
        let found: Vec<_> = self.bucket.list(Some(&folder)).try_collect().await.unwrap();
        let front = format!("{folder}/");
        found.iter().map(|one| one.location.as_ref().strip_prefix(&front).unwrap().to_owned()).collect()
    }

    /// All servers have counted for so many days, and somebody asked for these bases some days ago.
    async fn counted(&self, days: i64, bases: &[(Digest, i64)]) {
        let ago = |days: i64| (Timestamp::now() - SignedDuration::from_hours(24 * days)).to_string();
        let lines: Vec<_> = (bases.iter())
            .map(|(base, days)| json!({ "base": base.to_string(), "count": 10.0, "last": ago(*days) }))
            .collect();
        let text = json!({ "format": 1, "since": ago(days), "bases": lines }).to_string();
        self.put(".demand.json", text.into_bytes()).await;
    }

    fn gc(&self, words: &[&str]) -> (Option<i32>, String) {
        let file = self.shared.stage.path("gc.toml");
        std::fs::write(&file, self.shared.text("data", KEEP_TWO)).unwrap();
        let output: Output =
            Command::new(PROGRAM).arg("gc").args(words).arg("--config").arg(file).output().unwrap();
        let text = [&output.stdout[..], &output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }

    /// Somebody asks a server for a patch from a base.
    async fn ask(&self, server: &Running, base: &Digest) -> u16 {
        let name = format!("patches/{}/{base}.rt1", self.listed[1].sha256);
        server.get(&name).await.status().as_u16()
    }
}

fn content(version: &str) -> Vec<u8> {
    noise(99, 1000 + version.len()).into_iter().chain(version.bytes()).collect()
}

#[tokio::test]
async fn an_artifact_goes_unless_any_server_was_asked_for_it() {
    let test = "retention_bucket::an_artifact_goes_unless_any_server_was_asked_for_it";
    let Some(ceph) = ceph(test) else { return };
    let yard = Yard::new(ceph, "retention").await;
    let nothing = || (Some(0), "0 artifacts, 0 bytes would go\n".to_owned());
    // Nobody has counted for long enough, so nobody knows.
    assert_eq!(yard.gc(&["--dry-run"]), nothing());
    yard.counted(89, &[(yard.asked.0, 3)]).await;
    assert_eq!(yard.gc(&["--dry-run"]), nothing());
    let old = [(yard.oldest.0, 91), (yard.asked.0, 89)];
    yard.counted(200, &old).await;
    let (code, text) = yard.gc(&["--dry-run"]);
    let expected = "tool 0.1.0 linux-x86_64: 1014 bytes\n1 artifacts, 1014 bytes would go\n";
    assert_eq!((code, text.as_str()), (Some(0), expected));
    assert_eq!((yard.there().await, yard.set_aside().await.len()), ([true; 3], 0), "it was only asked");

    // One server is asked for it. Who deletes is another process that was never asked.
    let server = yard.shared.serve("data-2", KEEP_ALL).await;
    assert_eq!(yard.ask(&server, &yard.oldest.0).await, 202);
    server.stop().await;
    assert_eq!(yard.gc(&["--dry-run"]), nothing());
    assert_eq!(yard.gc(&[]).1, "0 artifacts, 0 bytes deleted\n");

    // Patches from it, and from what stays.
    let index = object::patch_index(&yard.listed[1].sha256);
    let patch = |base: &Digest| format!("patches/{}/{base}.rt1", yard.listed[1].sha256);
    for base in [yard.oldest.0, yard.asked.0] {
        yard.put(&patch(&base), b"a patch".to_vec()).await;
    }
    let entry = |base: Digest| json!({"base": base.to_string(), "format": "rt1", "length": 7, "memory": 9});
    let entries = json!({"format": 1, "patches": [entry(yard.oldest.0), entry(yard.asked.0)]});
    yard.put(&index, entries.to_string().into_bytes()).await;
    yard.counted(200, &old).await;
    // Beside a running server; that one remembers what it was asked for, another does not.
    let server = yard.shared.serve("data-3", KEEP_ALL).await;
    assert_eq!(yard.gc(&[]).1, "tool 0.1.0 linux-x86_64: 1014 bytes\n1 artifacts, 1014 bytes deleted\n");
    assert_eq!(yard.there().await, [false, true, true]);
    assert!(!yard.has(&format!("{}.zst", yard.oldest.1)).await, "its twin went with it");
    assert_eq!(yard.set_aside().await, std::slice::from_ref(&yard.oldest.1));
    for listed in &yard.listed {
        assert_eq!(server.get(&target(listed)).await.status(), 200, "what is listed stays, however old");
    }
    assert!(!yard.has(&patch(&yard.oldest.0)).await && yard.has(&patch(&yard.asked.0)).await);
    let left = server.get(&index).await.bytes().await.unwrap();
    let left: Vec<_> = PatchIndex::parse(&left).unwrap().patches.iter().map(|one| one.base).collect();
    assert_eq!(left, [yard.asked.0]);
    server.stop().await;
}

#[tokio::test]
async fn servers_delete_by_themselves_and_for_good_a_day_later() {
    let test = "retention_bucket::servers_delete_by_themselves_and_for_good_a_day_later";
    let Some(ceph) = ceph(test) else { return };
    let yard = Yard::new(ceph, "retention-day").await;
    yard.counted(200, &[(yard.asked.0, 3)]).await;
    let (one, two) =
        tokio::join!(yard.shared.serve("data-2", KEEP_TWO), yard.shared.serve("data-3", KEEP_TWO));
    assert_eq!(yard.there().await, [false, true, true]);
    assert_eq!(yard.set_aside().await, std::slice::from_ref(&yard.oldest.1));
    one.stop().await;
    two.stop().await;
    // The next start is soon, or a day later.
    yard.shared.serve("data-2", KEEP_TWO).await.stop().await;
    assert_eq!(yard.set_aside().await, std::slice::from_ref(&yard.oldest.1));
    let later: Clock = Arc::new(|| Timestamp::now() + SignedDuration::from_hours(25));
    yard.shared.serve_at("data-2", KEEP_TWO, later).await.stop().await;
    assert_eq!((yard.set_aside().await.len(), yard.there().await), (0, [false, true, true]));
}

#[tokio::test]
async fn what_was_asked_for_or_listed_after_all_comes_back() {
    let test = "retention_bucket::what_was_asked_for_or_listed_after_all_comes_back";
    let Some(ceph) = ceph(test) else { return };
    let yard = Yard::new(ceph, "retention-back").await;
    // This one was asked for it, and did not tell yet.
    let server = yard.shared.serve("data-2", KEEP_ALL).await;
    yard.counted(200, &[(yard.asked.0, 3)]).await;
    assert_eq!(yard.ask(&server, &yard.oldest.0).await, 202);
    assert_eq!(yard.gc(&[]).1, "tool 0.1.0 linux-x86_64: 1014 bytes\n1 artifacts, 1014 bytes deleted\n");
    // A server that was stopped for an hour went on and deleted what is listed again.
    let listed = target(&yard.listed[0]);
    yard.bucket.copy(&yard.at(&listed), &yard.at(&format!(".leaving/{listed}"))).await.unwrap();
    yard.bucket.delete(&yard.at(&listed)).await.unwrap();
    server.stop().await;
    assert_eq!(yard.there().await, [false, true, true]);

    let server = yard.shared.serve("data-3", KEEP_TWO).await;
    let back = async {
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
        while !yard.set_aside().await.is_empty() {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, back).await.expect("it comes back");
    assert_eq!(yard.there().await, [true; 3]);
    assert_eq!(server.get(&listed).await.bytes().await.unwrap(), noise(1, 5000));
    assert_eq!(server.get(&yard.oldest.1).await.bytes().await.unwrap(), content("0.1.0"));
    assert_eq!(yard.ask(&server, &yard.oldest.0).await, 202, "a patch from it can be made again");
    server.stop().await;
}
