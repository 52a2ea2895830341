//! Patches for old clients: put to work by whoever asks first, found by their id, and harmless.

use protocol::{Artifact, Digest};
use reqwest::{Method, header};
use serde_json::{Value, json};

use super::{PUBLIC, publish, question, question_of, section, until_patch, update};
use crate::stage::{APP, Running, Stage, edited, noise, patch, target};

/// Two releases for one system; the second one has only changed a little.
pub(super) async fn two(stage: &Stage, server: &Running, platform: &str) -> (Artifact, Artifact) {
    let old = noise(1, 200_000);
    let new = edited(&old);
    let first = publish(stage, server, &[("7.1.0", platform, old)]).await;
    let second = publish(stage, server, &[("7.4.0", platform, new)]).await;
    (first[0].clone(), second[0].clone())
}

pub(super) fn path_of(base: &Artifact, artifact: &Artifact) -> String {
    let pair = format!("{}|{}", base.sha256, artifact.sha256);
    format!("/patches/{}", Digest::of(pair.as_bytes()))
}

pub(super) fn from(base: &Artifact) -> Value {
    question("7.1.0", &base.sha256.to_string())
}

#[tokio::test]
async fn a_check_never_waits_for_a_patch_and_the_next_one_gets_it_also_after_a_restart() {
    let stage = Stage::new();
    let text = format!("patches.bases = 0\n{}", section(&stage, ""));
    let server = stage.serve(&text).await;
    let (first, second) = two(&stage, &server, "linux-x86_64").await;
    let url = format!("{PUBLIC}apps/{APP}/{}", target(&second));
    let whole = update(&server, &from(&first)).await.unwrap();
    assert_eq!(
        (&whole["url"], &whole["patch_url"], &whole["patch_type"]),
        (&json!(url), &json!(""), &json!(""))
    );
    let path = until_patch(&server, &from(&first)).await;
    assert_eq!(path, path_of(&first, &second));
    // Only the very text of a known checksum names a base.
    for stranger in [first.sha256.to_string().to_uppercase(), Digest::of(b"x").to_string(), "x".into()] {
        let whole = update(&server, &question("7.1.0", &stranger)).await.unwrap();
        assert_eq!((&whole["url"], &whole["patch_url"]), (&json!(url), &json!("")), "{stranger}");
    }
    let bytes = server.request(Method::GET, &path).send().await.unwrap().bytes().await.unwrap();
    server.stop().await;

    let server = stage.serve_with(&text, &stage.script("exit 1")).await;
    assert_eq!(until_patch(&server, &from(&first)).await, path);
    let get = async |range: Option<&str>, method: Method| {
        let mut request = server.request(method, &path);
        if let Some(range) = range {
            request = request.header(header::RANGE, range);
        }
        request.send().await.unwrap()
    };
    let again = get(None, Method::GET).await;
    assert_eq!(again.status(), 200);
    assert_eq!(again.headers()[header::ACCEPT_RANGES], "bytes");
    assert!(again.headers().contains_key(header::LAST_MODIFIED));
    assert_eq!(again.bytes().await.unwrap(), bytes);
    let part = get(Some("bytes=0-7"), Method::GET).await;
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()[header::CONTENT_RANGE], format!("bytes 0-7/{}", bytes.len()).as_str());
    assert_eq!(part.bytes().await.unwrap(), &b"BSDIFF40"[..]);
    assert_eq!(get(Some("bytes=999999999-"), Method::GET).await.status(), 416);
    let head = get(None, Method::HEAD).await;
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()[header::CONTENT_LENGTH], bytes.len().to_string().as_str());
    for wrong in [
        &path[..path.len() - 1],
        &path.to_uppercase().replace("PATCHES", "patches"),
        &format!("{path}0"),
        &path_of(&second, &first),
    ] {
        assert_eq!(server.request(Method::GET, wrong).send().await.unwrap().status(), 404, "{wrong}");
    }

    // Recalled: the patch to it goes, too.
    let order = json!({"channel": "stable", "change": {"do": "recall", "version": "7.4.0"}});
    assert_eq!(server.post("rollout", order.to_string()).await.status(), 200);
    assert_eq!(get(None, Method::GET).await.status(), 404);
    server.stop().await;
}

#[tokio::test]
async fn patches_for_old_clients_are_made_ahead_but_not_for_android() {
    let stage = Stage::new();
    let text = format!("patches.formats = []\n{}", section(&stage, ""));
    let server = stage.serve(&text).await;
    let releases = |seed: u64| {
        let old = noise(seed, 50_000);
        (old.clone(), edited(&old))
    };
    let (linux, package) = (releases(1), releases(2));
    publish(&stage, &server, &[("7.1.0", "linux-x86_64", linux.0), ("7.1.0", "android-arm", package.0)])
        .await;
    publish(&stage, &server, &[("7.4.0", "linux-x86_64", linux.1), ("7.4.0", "android-arm", package.1)])
        .await;
    server.until_metric("autoupdate_patches_total{outcome=\"made\"}", 1).await;
    server.until_metric("autoupdate_patches_waiting", 0).await;
    server.until_metric("autoupdate_patches_running", 0).await;
    assert_eq!(server.metric("autoupdate_patches_total{outcome=\"made\"}").await, 1);
    server.stop().await;
}

#[tokio::test]
async fn an_operator_may_have_a_check_wait() {
    let stage = Stage::new();
    let text = format!("patches.bases = 0\n{}", section(&stage, "patch_wait = \"25s\""));
    let server = stage.serve(&text).await;
    let (first, second) = two(&stage, &server, "linux-x86_64").await;
    let answer = update(&server, &from(&first)).await.unwrap();
    let path = path_of(&first, &second);
    assert_eq!(answer["patch_url"], format!("{PUBLIC}{}", &path[1..]));
    server.stop().await;
}

#[tokio::test]
async fn a_pinned_version_has_patches_too() {
    let stage = Stage::new();
    let text = format!("patches.bases = 0\n{}", section(&stage, ""));
    let server = stage.serve(&text).await;
    let old = noise(1, 50_000);
    let releases = [
        ("5.0.0", "windows-x86", old.clone()),
        ("5.4.1", "windows-x86", edited(&old)),
        ("7.4.0", "windows-x86", noise(3, 9)),
    ];
    let artifacts = publish(&stage, &server, &releases).await;
    let mut question = question_of("windows", "386", "5.0.0", "5.1.0");
    question["checksum"] = artifacts[0].sha256.to_string().into();
    assert_eq!(until_patch(&server, &question).await, path_of(&artifacts[0], &artifacts[1]));
    server.stop().await;
}

#[tokio::test]
async fn where_no_patch_comes_the_whole_is_given() {
    let stage = Stage::new();
    let text = format!("patches.bases = 0\n{}", section(&stage, "patch_wait = \"25s\""));
    // It cannot be made.
    let server = stage.serve_with(&text, &stage.script("exit 1")).await;
    let (first, second) = two(&stage, &server, "linux-x86_64").await;
    assert_eq!(update(&server, &from(&first)).await.unwrap()["patch_url"], "");
    assert_eq!(server.metric("autoupdate_patches_total{outcome=\"failed\"}").await, 1);
    server.stop().await;
    // It is no gain.
    let stage = Stage::new();
    let text = format!("patches.bases = 0\n{}", section(&stage, "patch_wait = \"25s\""));
    let server = stage.serve(&text).await;
    let base = publish(&stage, &server, &[("7.1.0", "linux-x86_64", noise(1, 20_000))]).await;
    publish(&stage, &server, &[("7.4.0", "linux-x86_64", noise(2, 20_000))]).await;
    assert_eq!(update(&server, &from(&base[0])).await.unwrap()["patch_url"], "");
    assert_eq!(update(&server, &from(&base[0])).await.unwrap()["patch_url"], "");
    assert_eq!(server.metric("autoupdate_patches_total{outcome=\"no-gain\"}").await, 1);
    assert_eq!(second.release.version.to_string(), "7.4.0");
    server.stop().await;
}

#[tokio::test]
async fn a_patch_that_breaks_old_clients_is_never_given_to_them() {
    let stage = Stage::new();
    let text = format!("patches.bases = 0\n{}", section(&stage, ""));
    let server = stage.serve(&text).await;
    let (first, second) = two(&stage, &server, "linux-x86_64").await;
    let path = until_patch(&server, &from(&first)).await;
    server.stop().await;
    // Somebody else's: it claims a program of 2^47 bytes, which ends old clients.
    let file = stage.object(&patch(&second, &first, "bsdiff40"));
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[24..32].copy_from_slice(&(1u64 << 47).to_le_bytes());
    std::fs::write(&file, bytes).unwrap();
    let server = stage.serve(&text).await;
    let ours = server.get(&patch(&second, &first, "bsdiff40")).await;
    assert_eq!(ours.status(), 200, "our own clients refuse it by themselves");
    assert_eq!(server.request(Method::GET, &path).send().await.unwrap().status(), 404);
    assert_eq!(update(&server, &from(&first)).await.unwrap()["patch_url"], "");
    server.stop().await;
}
