//! Old clients of several servers on one bucket: what one made, all give.

use std::sync::Arc;
use std::time::{Duration, Instant};

use autoupdate_server::{Around, Clock, Config};
use bytes::Bytes;
use jiff::Timestamp;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;
use protocol::{FormatId, object};
use reqwest::{Method, Response, StatusCode, header};
use serde_json::json;

use super::patches::{from, path_of, two};
use super::{PUBLIC, publish, question_of, section, until_patch, update};
use crate::bucket::{Shared, shows};
use crate::ceph::ceph;
use crate::outage::{Flow, Valve};
use crate::stage::{APP, PATIENCE, Running, edited, noise, patch, target};

const MADE: &str = "autoupdate_patches_total{outcome=\"made\"}";

fn text(shared: &Shared, more: &str) -> String {
    format!("patches.bases = 0\n{}", section(&shared.stage, more))
}

/// A server that can make nothing.
async fn idle(shared: &Shared, data: &str) -> Running {
    let config = shared.text(data, &text(shared, ""));
    let config = Config::parse(&config, &shared.stage.path("server.toml")).unwrap();
    let clock: Clock = Arc::new(Timestamp::now);
    shared.stage.start(config, Around { program: shared.stage.script("exit 1"), clock }).await
}

async fn follow(behind: &Running, ahead: &Running) {
    let timestamp = ahead.get(object::TIMESTAMP).await.bytes().await.unwrap();
    shows(behind, &timestamp).await;
}

async fn get(server: &Running, path: &str) -> Response {
    server.request(Method::GET, path).send().await.unwrap()
}

async fn until(server: &Running, path: &str, expected: StatusCode) {
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let asking = async {
        while get(server, path).await.status() != expected {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("never {expected}: {path}"));
}

#[tokio::test]
async fn a_patch_that_one_made_all_give_also_after_a_restart() {
    let test = "lantern::bucket::a_patch_that_one_made_all_give_also_after_a_restart";
    let Some(ceph) = ceph(test) else { return };
    let shared = Shared::new(ceph, "lantern");
    let one = shared.serve("data", &text(&shared, "")).await;
    let other = idle(&shared, "data-2").await;
    let (first, second) = two(&shared.stage, &one, "linux-x86_64").await;
    follow(&other, &one).await;
    let whole = update(&one, &from(&first)).await.unwrap();
    let url = format!("{PUBLIC}apps/{APP}/{}", target(&second));
    assert_eq!((&whole["url"], &whole["patch_url"]), (&json!(url), &json!("")), "no check waits for a patch");
    let path = path_of(&first, &second);
    assert_eq!(until_patch(&one, &from(&first)).await, path);
    assert_eq!(until_patch(&other, &from(&first)).await, path);
    one.until_metric(MADE, 1).await;
    assert_eq!(other.metric(MADE).await, 0);

    let bytes = get(&one, &path).await.bytes().await.unwrap();
    other.stop().await;
    // The first thing that anybody asks of this one.
    let other = idle(&shared, "data-2").await;
    let again = get(&other, &path).await;
    assert_eq!(again.status(), 200);
    assert_eq!(again.headers()[header::ACCEPT_RANGES], "bytes");
    assert!(again.headers().contains_key(header::LAST_MODIFIED));
    assert_eq!(again.bytes().await.unwrap(), bytes);
    assert_eq!(until_patch(&other, &from(&first)).await, path);
    let base = noise(1, 200_000);
    let expected = delta::Expected { length: second.length, sha256: second.sha256 };
    let mut out = Vec::new();
    let format = FormatId::parse("bsdiff40").unwrap();
    delta::apply(&format, &base[..], &bytes[..], &mut out, &expected, &delta::Limits::default()).unwrap();
    assert!(out == edited(&base), "it leads where it should");
    for server in [&one, &other] {
        let part =
            server.request(Method::GET, &path).header(header::RANGE, "bytes=0-7").send().await.unwrap();
        assert_eq!(part.status(), 206);
        assert_eq!(part.bytes().await.unwrap(), &b"BSDIFF40"[..]);
        for wrong in [&path[..path.len() - 1], &path_of(&second, &first), &path_of(&first, &first)] {
            assert_eq!(get(server, wrong).await.status(), 404, "{wrong}");
        }
    }
    // Recalled on one, the patch to it goes on all.
    let order = json!({"channel": "stable", "change": {"do": "recall", "version": "7.4.0"}});
    assert_eq!(one.post("rollout", order.to_string()).await.status(), 200);
    assert_eq!(get(&one, &path).await.status(), 404);
    until(&other, &path, StatusCode::NOT_FOUND).await;
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_check_that_may_wait_gets_what_was_just_made() {
    let Some(ceph) = ceph("lantern::bucket::a_check_that_may_wait_gets_what_was_just_made") else { return };
    let shared = Shared::new(ceph, "lantern-wait");
    // What it saw to be absent would be believed for an hour.
    let config = shared.text("data", &text(&shared, "patch_wait = \"25s\""));
    let config = config.replace("follow = \"1s\"", "follow = \"1h\"");
    let server = shared.serve_text(&config).await;
    let (first, second) = two(&shared.stage, &server, "linux-x86_64").await;
    let answer = update(&server, &from(&first)).await.unwrap();
    assert_eq!(answer["patch_url"], format!("{PUBLIC}{}", &path_of(&first, &second)[1..]));
    server.stop().await;
}

#[tokio::test]
async fn a_patch_in_the_bucket_that_breaks_old_clients_is_never_given_to_them() {
    let test = "lantern::bucket::a_patch_in_the_bucket_that_breaks_old_clients_is_never_given_to_them";
    let Some(ceph) = ceph(test) else { return };
    let shared = Shared::new(ceph, "lantern-unfit");
    let server = shared.serve("data", &text(&shared, "")).await;
    let (first, second) = two(&shared.stage, &server, "linux-x86_64").await;
    let path = until_patch(&server, &from(&first)).await;
    server.stop().await;
    let name = patch(&second, &first, "bsdiff40");
    let place = Path::from(format!("{}/{APP}/{name}", shared.prefix));
    let good = ceph.client().get(&place).await.unwrap().bytes().await.unwrap();
    // Somebody else's: one claims a program of 2^47 bytes, which ends old clients; one is longer than what it leads to.
    let mut endless = good.to_vec();
    endless[24..32].copy_from_slice(&(1u64 << 47).to_le_bytes());
    let long = [&good[..], &noise(5, 300_000)].concat();
    for bad in [endless, long] {
        ceph.client().put(&place, Bytes::from(bad).into()).await.unwrap();
        let server = shared.serve("data", &text(&shared, "")).await;
        assert_eq!(server.get(&name).await.status(), 200, "our own clients refuse it by themselves");
        assert_eq!(get(&server, &path).await.status(), 404);
        assert_eq!(update(&server, &from(&first)).await.unwrap()["patch_url"], "");
        server.stop().await;
    }
    ceph.client().put(&place, good.into()).await.unwrap();
    let server = shared.serve("data", &text(&shared, "")).await;
    assert_eq!(until_patch(&server, &from(&first)).await, path);
    server.stop().await;
}

#[tokio::test]
async fn a_package_for_android_is_packed_by_one_and_given_by_all() {
    let test = "lantern::bucket::a_package_for_android_is_packed_by_one_and_given_by_all";
    let Some(ceph) = ceph(test) else { return };
    let shared = Shared::new(ceph, "lantern-packed");
    let other = idle(&shared, "data").await;
    // Noise, as an APK is: packed it is longer, and still it comes.
    let content = noise(1, 5000);
    publish(&shared.stage, &other, &[("7.4.0", "android-arm", content.clone())]).await;
    let question = question_of("android", "arm64", "7.1.0", "");
    assert_eq!(update(&other, &question).await, Err(204));
    assert_eq!(other.metric("autoupdate_lantern_checks_total{outcome=\"unpacked\"}").await, 1);
    let one = shared.serve("data-2", &text(&shared, "")).await;
    one.until_metric("autoupdate_twins_total{outcome=\"made\"}", 1).await;
    for server in [&one, &other] {
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        let asking = async {
            loop {
                match update(server, &question).await {
                    Ok(update) => return update,
                    Err(status) => assert_eq!(status, 204),
                }
                ticks.tick().await;
            }
        };
        let update = tokio::time::timeout(PATIENCE, asking).await.expect("the twin comes");
        let url = update["url"].as_str().unwrap();
        assert!(url.ends_with(".tool.bz2"), "{url}");
        let twin = get(server, &url.replace(PUBLIC, "/")).await;
        assert_eq!(twin.status(), 200);
        let mut unpacked = Vec::new();
        let twin = twin.bytes().await.unwrap();
        std::io::Read::read_to_end(&mut bzip2::read::BzDecoder::new(&twin[..]), &mut unpacked).unwrap();
        assert!(unpacked == content);
    }
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_check_does_not_wait_for_a_store_that_says_nothing() {
    let test = "lantern::bucket::a_check_does_not_wait_for_a_store_that_says_nothing";
    let Some(ceph) = ceph(test) else { return };
    let shared = Shared::new(ceph, "lantern-stuck");
    let config = shared.text("data", &text(&shared, "")).replace("= \"6s\"", "= \"20s\"");
    let (valve, config) = Valve::between(&config).await;
    let server = shared.serve_text(&config).await;
    let (first, _) = two(&shared.stage, &server, "linux-x86_64").await;
    valve.set(Flow::Stuck);
    let begun = Instant::now();
    for _ in 0..20 {
        let whole = update(&server, &from(&first)).await.unwrap();
        assert_eq!(whole["patch_url"], "");
    }
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(15), "the first one waits a little, the others not: {took:?}");
    valve.set(Flow::Open);
    until_patch(&server, &from(&first)).await;
    server.stop().await;
}
