//! Against a real store: races for one name, leases whose holders die, and stores that are not fit.

mod unfit;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use object_store::memory::InMemory;
use tokio::sync::Mutex;

use super::bucket::{Bucket, Put, Unless};
use super::ceph::{Ceph, ceph};
use super::commit::{Committed, commit};
use super::lease::{self, Lease, Taken, Terms};
use super::probe::{ProbeError, probe};
use super::{Commons, mirror, s3, transfer};
use crate::config::Config;
use crate::metrics::Metrics;

const LIFE: Duration = Duration::from_secs(6);

/// The bucket of the real store, as a server gets it.
async fn bucket(store: &Ceph, name: &str) -> Arc<Bucket> {
    let folder = tempfile::tempdir().unwrap();
    let prefix = Ceph::prefix(name);
    let text = format!("data = \"d\"\n{}", store.configuration(folder.path(), &prefix));
    let config = Config::parse(&text, &folder.path().join("server.toml")).unwrap();
    let bucket = reached(&config, &prefix);
    probe(&bucket).await.unwrap();
    Arc::new(bucket)
}

fn reached(config: &Config, prefix: &str) -> Bucket {
    let client = || s3::client(&config.store.clone().unwrap(), &config.s3, config.s3.timeout).unwrap();
    let (client, patient) = (Arc::new(client()), Arc::new(client()));
    Bucket::new(client, patient, prefix, config.s3.timeout, Arc::new(Metrics::new()))
}

fn memory() -> Arc<Bucket> {
    let store = Arc::new(InMemory::new());
    Arc::new(Bucket::new(store.clone(), store, "", Duration::from_secs(5), Arc::new(Metrics::new())))
}

impl Commons {
    /// A bucket of this process alone, and nothing on a disk.
    pub(crate) fn in_memory(owner: &str) -> Self {
        let (follow, data) = (LIFE, Path::new("/nowhere").to_owned());
        Self { bucket: memory(), terms: real(owner), follow, data, apps: Mutex::default() }
    }

    /// The same bucket as another server sees it.
    pub(crate) fn beside(&self, owner: &str) -> Self {
        Self { bucket: Arc::clone(&self.bucket), ..Self::in_memory(owner) }
    }
}

/// Terms with a clock that only this test moves.
fn terms(owner: &str, seconds: &Arc<AtomicI64>) -> Terms {
    let seconds = Arc::clone(seconds);
    let clock = move || Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds.load(Ordering::Relaxed));
    Terms { owner: owner.to_owned(), life: LIFE, clock: Arc::new(clock) }
}

fn real(owner: &str) -> Terms {
    Terms { owner: owner.to_owned(), life: LIFE, clock: Arc::new(Timestamp::now) }
}

async fn mine(bucket: &Arc<Bucket>, terms: &Terms) -> Option<Lease> {
    match lease::take(bucket, "app/.lease.json", terms, Duration::ZERO).await.unwrap() {
        Taken::Mine(lease) => Some(lease),
        Taken::Theirs { .. } => None,
    }
}

#[tokio::test]
async fn of_fifty_who_create_a_name_one_is_first() {
    let Some(store) = ceph("store::tests::of_fifty_who_create_a_name_one_is_first") else { return };
    let bucket = bucket(store, "race").await;
    for round in 0..3_u8 {
        let name = format!("app/targets/{round}");
        let bodies: Vec<Bytes> = (0..50_u8).map(|racer| vec![racer ^ round; 2 << 20].into()).collect();
        let puts = join_all(bodies.iter().map(|body| bucket.create(&name, body.clone()))).await;
        let won: Vec<usize> = (puts.iter().enumerate())
            .filter(|(_, put)| matches!(put.as_ref().unwrap(), Put::Done(_)))
            .map(|(racer, _)| racer)
            .collect();
        assert_eq!(won.len(), 1, "round {round}: {won:?}");
        let read = bucket.get(&name, 3 << 20).await.unwrap().unwrap();
        assert_eq!(read.bytes, bodies[won[0]], "round {round}");
    }
}

#[tokio::test]
async fn a_counter_that_many_raise_loses_nothing() {
    let Some(store) = ceph("store::tests::a_counter_that_many_raise_loses_nothing") else { return };
    let bucket = bucket(store, "counter").await;
    bucket.create("counter", Bytes::from_static(b"0 -")).await.unwrap();
    let raise = |who: usize| {
        let bucket = &bucket;
        async move {
            for _ in 0..4 {
                loop {
                    let read = bucket.get("counter", 100).await.unwrap().unwrap();
                    let text = String::from_utf8(read.bytes.to_vec()).unwrap();
                    let count: u64 = text.split(' ').next().unwrap().parse().unwrap();
                    let next = Bytes::from(format!("{} {who}", count + 1));
                    if let Put::Done(_) = bucket.update("counter", next, &read.edition).await.unwrap() {
                        break;
                    }
                }
            }
        }
    };
    join_all((0..6).map(raise)).await;
    let read = bucket.get("counter", 100).await.unwrap().unwrap();
    assert!(read.bytes.starts_with(b"24 "), "{:?}", read.bytes);
    let known = Some(&read.edition);
    assert!(matches!(bucket.get_unless("counter", known, 100).await.unwrap(), Unless::Same));
}

#[tokio::test]
async fn a_large_object_goes_in_pieces_and_comes_back_in_parts() {
    let test = "store::tests::a_large_object_goes_in_pieces_and_comes_back_in_parts";
    let Some(store) = ceph(test) else { return };
    let bucket = bucket(store, "large").await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for length in [0_usize, 1, 8 << 20, (20 << 20) + 7] {
        let bytes: Vec<u8> = (0..length).map(|place| ((place * 31) >> 3) as u8).collect();
        std::fs::write(at("up"), &bytes).unwrap();
        let name = format!("app/{length}");
        assert_eq!(transfer::upload(&bucket, &at("up"), &name).await.unwrap(), length as u64);
        assert_eq!(bucket.head(&name).await.unwrap().unwrap().length, length as u64);
        let file = std::fs::File::create(at("down")).unwrap();
        assert!(transfer::download(&bucket, &name, file, length as u64).await.unwrap());
        assert!(std::fs::read(at("down")).unwrap() == bytes, "{length}");
        let expected = (protocol::Digest::of(&bytes), length as u64);
        assert_eq!(transfer::digest(&bucket, &name).await.unwrap(), Some(expected));
        if length > 1 {
            let file = std::fs::File::create(at("down")).unwrap();
            let cut = transfer::download(&bucket, &name, file, length as u64 - 1).await;
            assert!(matches!(cut, Err(super::StoreError::TooLong { .. })), "{cut:?}");
            let found = part(&bucket, &name, 1..length as u64 - 1).await;
            assert!(found == bytes[1..length - 1], "{length}");
        }
    }
    assert!(bucket.open("app/none", None).await.unwrap().is_none());
    assert!(bucket.head("app/none").await.unwrap().is_none());
    let names: Vec<String> = bucket.list("app").await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["app/0", "app/1", "app/20971527", "app/8388608"]);
    assert_eq!(bucket.folders().await.unwrap(), ["app"]);
}

async fn part(bucket: &Bucket, name: &str, range: std::ops::Range<u64>) -> Vec<u8> {
    use futures_util::TryStreamExt as _;
    let pieces = bucket.open(name, Some(range)).await.unwrap().unwrap();
    pieces
        .try_fold(Vec::new(), async |mut all, piece| Ok([std::mem::take(&mut all), piece.to_vec()].concat()))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_lease_has_one_holder_and_its_epoch_only_rises() {
    let test = "store::tests::a_lease_has_one_holder_and_its_epoch_only_rises";
    let Some(store) = ceph(test) else { return };
    let bucket = bucket(store, "lease").await;
    let inside = AtomicI64::new(0);
    let epochs = std::sync::Mutex::new(Vec::new());
    let contend = |who: usize| {
        let (bucket, inside, epochs) = (&bucket, &inside, &epochs);
        async move {
            for _ in 0..3 {
                let terms = real(&format!("contender {who}"));
                let taken = lease::take(bucket, "app/.lease.json", &terms, Duration::from_secs(120)).await;
                let Taken::Mine(lease) = taken.unwrap() else { panic!("it is given back all the time") };
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two holders");
                // Something that takes a while.
                bucket.head("app/nothing").await.unwrap();
                let epoch = lease.epoch().await;
                epochs.lock().unwrap().push(epoch);
                assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1, "two holders");
                lease.release(None).await;
            }
        }
    };
    join_all((0..4).map(contend)).await;
    let epochs = epochs.into_inner().unwrap();
    assert_eq!(epochs.len(), 12);
    assert!(epochs.is_sorted_by(|a, b| a < b), "{epochs:?}");
}

#[tokio::test]
async fn a_holder_that_dies_keeps_it_until_it_expires_and_no_longer() {
    let test = "store::tests::a_holder_that_dies_keeps_it_until_it_expires_and_no_longer";
    let Some(store) = ceph(test) else { return };
    let bucket = bucket(store, "dead").await;
    let dead = mine(&bucket, &real("dies")).await.unwrap();
    let epoch = dead.epoch().await;
    drop(dead);
    assert!(mine(&bucket, &real("too early")).await.is_none());
    let taken = lease::take(&bucket, "app/.lease.json", &real("waits"), LIFE * 3).await.unwrap();
    let Taken::Mine(next) = taken else { panic!("it does not expire") };
    assert_eq!(next.epoch().await, epoch + 1);
    // Who lives renews: longer than one life nobody else gets it.
    let taken = lease::take(&bucket, "app/.lease.json", &real("in vain"), LIFE + LIFE / 3).await.unwrap();
    assert!(matches!(taken, Taken::Theirs { owner, .. } if owner == "waits"));
    next.release(None).await;
    assert!(mine(&bucket, &real("after")).await.is_some());
}

#[tokio::test]
async fn who_lost_its_lease_notices_and_does_not_take_it_from_the_next() {
    let (bucket, seconds) = (memory(), Arc::new(AtomicI64::new(1_000)));
    let first = mine(&bucket, &terms("first", &seconds)).await.unwrap();
    assert!(mine(&bucket, &terms("second", &seconds)).await.is_none());
    seconds.fetch_add(LIFE.as_secs() as i64 + 1, Ordering::Relaxed);
    let second = mine(&bucket, &terms("second", &seconds)).await.expect("expired");
    assert_eq!((first.epoch().await, second.epoch().await), (1, 2));
    first.release(Some(7)).await;
    assert!(mine(&bucket, &terms("third", &seconds)).await.is_none(), "the second still holds it");
    second.release(Some(8)).await;
    for who in ["third", "fourth"] {
        let next = mine(&bucket, &terms(who, &seconds)).await.unwrap();
        assert_eq!(next.remark().await, Some(8), "{who}");
        next.release(None).await;
    }
    assert_eq!(bucket.metrics().store_lost_leases.get(), 1);
}

#[tokio::test]
async fn a_damaged_or_newer_lease_is_said_and_left_alone() {
    for (text, part) in [
        ("{", "is no lease"),
        ("{\"format\":2,\"epoch\":1,\"owner\":\"x\",\"nonce\":\"x\",\"expires_at\":null}", "format 2"),
    ] {
        let bucket = memory();
        bucket.create("app/.lease.json", Bytes::from(text)).await.unwrap();
        let taken = lease::take(&bucket, "app/.lease.json", &real("x"), Duration::ZERO).await;
        let error = taken.err().expect("refused").to_string();
        assert!(error.contains(part) && error.contains("app/.lease.json"), "{error}");
        let left = bucket.get("app/.lease.json", 1000).await.unwrap().unwrap();
        assert_eq!(left.bytes, text);
    }
}

#[tokio::test]
async fn the_first_format_of_a_lease_is_read_for_ever() {
    let golden = include_str!("../../fixtures/v1/lease.json").trim_end();
    let (bucket, seconds) = (memory(), Arc::new(AtomicI64::new(0)));
    bucket.create("app/.lease.json", Bytes::from(golden)).await.unwrap();
    let taken = lease::take(&bucket, "app/.lease.json", &terms("next", &seconds), Duration::ZERO).await;
    let Taken::Theirs { owner, until } = taken.unwrap() else { panic!("it is held") };
    assert_eq!(
        (owner.as_str(), until.to_string().as_str()),
        ("host-1:4242:0a1b2c3d", "2026-11-27T12:00:00Z")
    );
    seconds.store(until.as_second() + 1, Ordering::Relaxed);
    let next = mine(&bucket, &terms("next", &seconds)).await.expect("expired");
    assert_eq!((next.epoch().await, next.remark().await), (8, Some(160_000)));
}

/// A copy for signing with a new snapshot and timestamp in it, as after something was signed.
async fn signed(bucket: &Bucket, folder: &Path, snapshot: u64, body: &str) -> mirror::Mirrored {
    let app = protocol::AppId::parse("app").unwrap();
    let before = mirror::exact(bucket, &app, folder, mirror::Known::new()).await.unwrap();
    let write = |name: String, text: String| crate::disk::write(&folder.join(name), text.as_bytes()).unwrap();
    write(format!("metadata/{snapshot}.snapshot.json"), format!("snapshot {body}"));
    write("metadata/timestamp.json".to_owned(), format!("timestamp {body}"));
    before
}

#[tokio::test]
async fn who_began_from_an_older_timestamp_publishes_nothing() {
    let Some(store) = ceph("store::tests::who_began_from_an_older_timestamp_publishes_nothing") else {
        return;
    };
    let bucket = bucket(store, "fence").await;
    let app = protocol::AppId::parse("app").unwrap();
    let folders: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    let at = |who: usize| folders[who].path();
    let commit = async |who: usize, before| match commit(&bucket, &app, at(who), before).await.unwrap() {
        Committed::Done { .. } => true,
        Committed::Lost => false,
    };
    let shown = async || {
        let read = bucket.get("app/metadata/timestamp.json", 1000).await.unwrap().unwrap();
        String::from_utf8(read.bytes.to_vec()).unwrap()
    };
    // Two who begin when nothing is there.
    let (first, late) = (signed(&bucket, at(0), 1, "a").await, signed(&bucket, at(1), 2, "b").await);
    assert!(commit(0, first).await);
    assert!(!commit(1, late).await, "names of their own, and the timestamp is taken");
    assert_eq!(shown().await, "timestamp a");
    // Three who begin from the same one: under the same name, under another, and the one who is first.
    let same = signed(&bucket, at(1), 3, "c").await;
    let other = signed(&bucket, at(2), 4, "d").await;
    let first = signed(&bucket, at(3), 3, "e").await;
    assert!(commit(3, first).await);
    assert!(!commit(1, same).await, "the name has other bytes");
    assert!(!commit(2, other).await, "the timestamp is another");
    assert_eq!(shown().await, "timestamp e");
    assert_eq!(bucket.metrics().store_lost_races.get(), 3);
    // Who lost goes on from what is there, orphans included, and nothing of its own.
    let again = mirror::exact(&bucket, &app, at(1), mirror::Known::new()).await.unwrap();
    let names: Vec<String> = mirror::local(at(1)).unwrap();
    assert_eq!(names, [1, 2, 3, 4].map(|version| format!("metadata/{version}.snapshot.json")));
    assert_eq!(std::fs::read_to_string(at(1).join(&names[2])).unwrap(), "snapshot e");
    crate::disk::write(&at(1).join("metadata/timestamp.json"), b"timestamp f").unwrap();
    assert!(commit(1, again).await);
    assert_eq!(shown().await, "timestamp f");
}

#[tokio::test]
async fn a_success_whose_answer_was_lost_is_a_success() {
    let bucket = memory();
    let body = Bytes::from_static(b"mine");
    let Put::Done(first) = bucket.create("name", body.clone()).await.unwrap() else { panic!() };
    // Sent again, as the library does when no answer came.
    assert!(matches!(bucket.create("name", body.clone()).await.unwrap(), Put::Done(_)));
    assert!(matches!(bucket.create("name", Bytes::from_static(b"other")).await.unwrap(), Put::Lost));
    let next = Bytes::from_static(b"next");
    assert!(matches!(bucket.update("name", next.clone(), &first).await.unwrap(), Put::Done(_)));
    assert!(matches!(bucket.update("name", next, &first).await.unwrap(), Put::Done(_)));
    assert!(matches!(bucket.update("name", body, &first).await.unwrap(), Put::Lost));
}

#[tokio::test]
async fn the_probe_takes_what_is_fit_and_refuses_what_is_not() {
    use unfit::{Fault, Unfit};
    let check = async |fault: Option<Fault>, part: Option<&str>| {
        let store = Arc::new(Unfit { inner: InMemory::new(), fault });
        let bucket = Bucket::new(store.clone(), store, "p", Duration::from_secs(5), Arc::new(Metrics::new()));
        let said = probe(&bucket).await.map_err(|error| error.to_string());
        match part {
            None => said.unwrap(),
            Some(part) => {
                let said = said.unwrap_err();
                assert!(said.contains(part) && said.contains("leave `store` away"), "{fault:?}: {said}");
            }
        }
        assert!(bucket.list(".probe").await.unwrap().is_empty(), "{fault:?}: it leaves something");
    };
    check(None, None).await;
    check(Some(Fault::IgnoresCreate), Some("a name that is taken")).await;
    check(Some(Fault::IgnoresUpdate), Some("what it has not seen")).await;
    check(Some(Fault::LooksThenWrites), Some("at the same time")).await;
}

#[tokio::test]
async fn a_store_that_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["a", "s"] {
        std::fs::write(at(name), "x").unwrap();
        private(&at(name));
    }
    let text = "data = \"d\"\nstore = \"s3://releases\"\ns3.endpoint = \"http://127.0.0.1:1\"\n\
                s3.access_key_file = \"a\"\ns3.secret_key_file = \"s\"\ns3.timeout = \"2s\"";
    let config = Config::parse(text, &at("server.toml")).unwrap();
    let bucket = reached(&config, "");
    let error = probe(&bucket).await.unwrap_err();
    assert!(matches!(error, ProbeError::Store(_)) && error.to_string().contains("[s3]"), "{error}");
    // A secret that others may read is none.
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(at("s"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = s3::client(&config.store.unwrap(), &config.s3, config.s3.timeout).unwrap_err().to_string();
    assert!(error.contains("key to the store"), "{error}");
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
