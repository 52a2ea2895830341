//! Releases from GitHub, when something goes wrong: on the way, at GitHub's, or here.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use protocol::Digest;
use serde_json::json;

use crate::github::{Asset, Fault, Hub, Release};
use crate::ingest::{
    ACCEPTED, LINUX, alarms, files, look, looks, mapping, path_of, publish_nothing, ready, refused, seen,
    stage, state, tree, until, zstd,
};
use crate::stage::{APP, PATIENCE, Stage, client, noise};

const PROGRAM: &str = env!("CARGO_BIN_EXE_autoupdate-server");

fn one(asset: Asset) -> [Release; 1] {
    [Release::new("1.0.0", &[asset])]
}

/// The files that somebody began to write.
fn scratch(stage: &Stage) -> Vec<String> {
    let entries = std::fs::read_dir(stage.path("data/.scratch")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("asset-") || name.starts_with("unpacked-")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_download_goes_on_where_it_was_cut() {
    let content = noise(3, 500_000);
    let hub = Hub::start(&one(Asset::new(1, LINUX, &content))).await;
    hub.fault(LINUX, Some(Fault::CutOnce(300_000)));
    let stage = stage();
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || looks(&server, "looked").await >= 1, "the look").await;
    assert_eq!(seen(&server), ["1.0.0 linux-x86_64 stable"]);
    let asked: Vec<_> = hub.asked().into_iter().filter(|one| one.host == "storage").collect();
    assert_eq!(asked.iter().map(|one| one.status).collect::<Vec<_>>(), [200, 206]);
    let range = asked[1].headers["range"].to_str().unwrap();
    let begin: u64 = range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap();
    assert!((1..=300_000).contains(&begin), "{range}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_again_and_again_is_never_visible_and_tried_again() {
    let content = zstd(&noise(4, 100_000));
    let name = "update_linux_amd64.zst";
    let release = Release::new(
        "1.0.0",
        &[Asset::new(1, name, &content), Asset::new(2, "update_darwin_arm64", b"good")],
    );
    let hub = Hub::start(&[release]).await;
    hub.fault(name, Some(Fault::Cut(50_000)));
    let stage = stage();
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || refused(&server, "cut").await >= 1, "the refusal").await;
    until(async || looks(&server, "incomplete").await >= 1, "the end of the look").await;
    assert_eq!(seen(&server), ["1.0.0 macos-aarch64 stable"], "what is good beside it is taken");
    hub.fault(name, None);
    until(async || looks(&server, "looked").await >= 1, "the asset").await;
    assert_eq!(seen(&server), ["1.0.0 linux-x86_64 stable", "1.0.0 macos-aarch64 stable"]);
    assert_eq!(scratch(&stage), [""; 0]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_about_length_and_digest_are_found() {
    let digest = Some(format!("sha256:{}", Digest::of(b"others")));
    let hub = Hub::start(&[
        Release::new("1.2.0", &[Asset { size: 3, ..Asset::new(3, LINUX, b"longer") }]),
        Release::new("1.1.0", &[Asset { size: 9, ..Asset::new(2, LINUX, b"short") }]),
        Release::new("1.0.0", &[Asset { digest, ..Asset::new(1, LINUX, b"bytes!") }]),
    ])
    .await;
    let stage = stage();
    let before = files(&stage);
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || looks(&server, "incomplete").await >= 1, "the look").await;
    assert_eq!(seen(&server), [""; 0]);
    assert!(refused(&server, "wrong-length").await >= 2 && refused(&server, "wrong-digest").await >= 1);
    assert_eq!(scratch(&stage), [""; 0]);
    let (status, body) = ready(&server).await;
    let failure = body["github"][0]["failure"].to_string();
    assert!(status == 200 && failure.contains("3 assets"), "{body}");
    server.stop().await;
    assert_eq!(files(&stage), before, "not a byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn bombs_and_rubbish_are_refused_once() {
    let hub = Hub::start(&[
        Release::new("1.3.0", &[Asset::new(4, "update_linux_amd64.zst", &zstd(&vec![0; 4 << 20]))]),
        Release::new("1.2.0", &[Asset::new(3, "update_linux_amd64.bz2", b"no archive at all")]),
        Release::new("1.1.0", &[Asset::new(2, "update_linux_amd64.zst", &zstd(b""))]),
        Release::new("1.0.0", &[Asset::new(1, LINUX, &noise(1, 40_000))]),
        Release::new("0.9.0", &[Asset::new(9, LINUX, b"a good one")]),
    ])
    .await;
    let stage = stage();
    let rules = "max_asset = \"32 KiB\"\nmax_unpacked = \"1 MiB\"";
    let server = stage.serve(&mapping(&hub, rules)).await;
    until(async || looks(&server, "looked").await >= 1, "the look").await;
    assert_eq!(seen(&server), ["0.9.0 linux-x86_64 stable"]);
    for (reason, count) in [("too-large", 2), ("damaged", 1), ("empty", 1)] {
        assert_eq!(refused(&server, reason).await, count, "{reason}");
    }
    hub.asked();
    look(&server, "unchanged").await;
    assert!(hub.asked().iter().all(|one| one.host == "api"), "nothing is fetched again");
    server.stop().await;
    // Other rules: all are looked at again.
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || looks(&server, "looked").await >= 1, "the look").await;
    let mine = ["0.9.0", "1.0.0", "1.3.0"].map(|version| format!("{version} linux-x86_64 stable"));
    assert_eq!(seen(&server), mine);
    assert_eq!(scratch(&stage), [""; 0]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_download_that_hangs() {
    let hub = Hub::start(&one(Asset::new(1, LINUX, &noise(5, 100_000)))).await;
    hub.fault(LINUX, Some(Fault::Hang(1000)));
    let stage = stage();
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || !scratch(&stage).is_empty(), "the download").await;
    assert_eq!(server.get("metadata/timestamp.json").await.status(), 200);
    // The app's writer's place is free, too.
    stage.publish(&server, "5.0.0", b"published by hand").await;
    assert_eq!(seen(&server), ["5.0.0 linux-x86_64 stable"]);
    assert_eq!(looks(&server, "looked").await, 0, "it still hangs");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_has_a_deadline() {
    let hub = Hub::start(&one(Asset::new(1, LINUX, &noise(5, 100_000)))).await;
    hub.fault(LINUX, Some(Fault::Hang(1000)));
    let stage = stage();
    let server = stage.serve(&mapping(&hub, "download_timeout = \"1s\"")).await;
    until(async || refused(&server, "deadline").await >= 1, "the deadline").await;
    hub.fault(LINUX, None);
    until(async || looks(&server, "looked").await >= 1, "the asset").await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn githubs_limits_are_kept_to() {
    let hub = Hub::start(&one(Asset::new(1, LINUX, b"bytes"))).await;
    hub.refuse(403, &[("retry-after", "2".to_owned()), ("x-ratelimit-remaining", "0".to_owned())]);
    hub.refuse(429, &[("retry-after", "1".to_owned())]);
    hub.refuse(502, &[]);
    let stage = stage();
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || looks(&server, "rate-limited").await >= 1, "the refusal").await;
    assert_eq!(server.metric("autoupdate_github_rate_limit_remaining{app=\"tool\"}").await, 0);
    assert_eq!(hub.asked().len(), 1, "nobody asks before it is time");
    let (status, body) = ready(&server).await;
    assert!(status == 200 && body["github"][0]["failure"].to_string().contains("rate limit"), "{body}");
    until(async || looks(&server, "looked").await >= 1, "the look").await;
    assert_eq!(looks(&server, "failed").await, 1);
    assert_eq!(seen(&server), ["1.0.0 linux-x86_64 stable"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_goes_to_the_interface_alone() {
    let hub = Hub::start(&[
        Release::new("1.1.0", &[Asset::new(2, LINUX, b"more")]),
        Release::new("1.0.0", &[Asset::new(1, LINUX, b"bytes")]),
    ])
    .await;
    let elsewhere = Hub::start(&[]).await;
    let stage = stage();
    let token = stage.path("token");
    std::fs::write(&token, "secret\n").unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    let server = stage.serve(&mapping(&hub, "token_file = \"token\"")).await;
    until(async || looks(&server, "looked").await >= 1, "the look").await;
    assert_eq!(seen(&server).len(), 2);
    for one in hub.asked() {
        let sent = one.headers.get("authorization").map(|value| value.to_str().unwrap());
        assert_eq!(sent, (one.host == "api").then_some("Bearer secret"), "{one:?}");
    }
    // Nor does it go where a page says that the next one is.
    hub.page(1);
    hub.next_page_at(&elsewhere.url);
    until(async || looks(&server, "failed").await >= 1, "the refusal").await;
    let (_, body) = ready(&server).await;
    assert!(body["github"][0]["failure"].to_string().contains("another server"), "{body}");
    assert!(elsewhere.asked().is_empty());
    // A token is read at every look, and one that others may read is none.
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o644)).unwrap();
    let asked = hub.asked().len();
    until(async || ready(&server).await.1["github"][0]["failure"].to_string().contains("0644"), "the fault")
        .await;
    assert!(asked > 0 && hub.asked().len() < 3);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_is_compared_and_not_signed_again() {
    let hub = Hub::start(&[
        Release::new("1.1.0", &[Asset::new(2, LINUX, b"the next")]),
        Release::new("1.0.0", &[Asset::new(1, LINUX, b"the first")]),
    ])
    .await;
    let stage = stage();
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || looks(&server, "looked").await >= 1, "the look").await;
    server.stop().await;
    // As if it had died after signing, before it remembered; and meanwhile one is another asset.
    let (before, remembered) = (files(&stage), state(&stage));
    let file = stage.path("data/.state").join(APP).join("github.json");
    std::fs::write(&file, "{\"format\":1,").unwrap();
    hub.edit(|releases| releases[1].assets[0] = Asset::new(9, LINUX, b"the other"));
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || looks(&server, "looked").await >= 1, "the look").await;
    assert_eq!(files(&stage), before, "what is signed stays");
    assert_eq!((alarms(&server, "swapped").await, refused(&server, "conflict").await), (1, 1));
    let waiting = stage.path("data/.incoming").join(APP).join(Digest::of(b"the next").to_string());
    assert!(!waiting.exists(), "what lies in the tree is not uploaded again");
    let next = path_of("1.1.0", "linux-x86_64");
    let mut now = state(&stage)["taken"].clone();
    now[&next]["at"] = remembered["taken"][&next]["at"].clone();
    assert_eq!(now, json!({ &next: remembered["taken"][&next] }));
    assert!(file.with_extension("json.damaged").exists(), "it is set aside for who looks");
    server.stop().await;
    let server = stage.serve(&mapping(&hub, "")).await;
    look(&server, "unchanged").await;
    assert_eq!(alarms(&server, "swapped").await, 1, "it stays an alarm");
    server.stop().await;
}

/// What an operator does after somebody else had the key of ingest.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_can_be_begun_anew() {
    let hub = Hub::start(&one(Asset::new(1, LINUX, b"bytes"))).await;
    let stage = stage();
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || looks(&server, "looked").await >= 1, "the look").await;
    let sha256 = Digest::of(b"a stranger's");
    server.stop().await;
    let keys = signing::OnlineKeys::load(&stage.path("keys").join(APP), None).unwrap();
    let stranger = signing::Ingested {
        version: "9.0.0".parse().unwrap(),
        platform: "linux-x86_64".parse().unwrap(),
        file: APP.to_owned(),
        channels: vec![protocol::Channel::default()],
        sha256,
        length: 12,
    };
    let now = jiff::Timestamp::now();
    let (tree_here, incoming) = (tree(&stage), stage.path("data/.incoming").join(APP));
    std::fs::write(incoming.join(sha256.to_string()), "a stranger's").unwrap();
    let objects = signing::OnDisk::new(&tree_here, &incoming);
    signing::ingest(&tree_here, &objects, &keys, &signing::Validity::default(), &[stranger], now).unwrap();
    for version in tree(&stage).versions("ingest").unwrap() {
        std::fs::remove_file(stage.object(&format!("metadata/{version}.ingest.json"))).unwrap();
    }
    std::fs::remove_file(stage.path("data/.state").join(APP).join("github.json")).unwrap();
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || looks(&server, "looked").await >= 1, "the look").await;
    assert_eq!(seen(&server), ["1.0.0 linux-x86_64 stable"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_look() {
    let hub = Hub::start(&[
        Release::new("1.1.0", &[Asset::new(2, "update_darwin_arm64", b"taken before")]),
        Release::new("1.0.0", &[Asset::new(1, LINUX, &noise(6, 100_000))]),
    ])
    .await;
    hub.fault(LINUX, Some(Fault::Hang(1000)));
    let stage = stage();
    std::fs::write(stage.path("server.toml"), stage.config_text(&mapping(&hub, ""))).unwrap();
    let mut child = Command::new(PROGRAM)
        .arg("--config")
        .arg(stage.path("server.toml"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.strip_prefix("listening on ").unwrap().trim_end().to_owned();
    // The first release is signed, and the second one hangs.
    until(
        async || signing::ingested(&tree(&stage)).unwrap().len() == 1 && !scratch(&stage).is_empty(),
        "half",
    )
    .await;
    let timestamp = client().get(format!("{address}/apps/{APP}/metadata/timestamp.json")).timeout(PATIENCE);
    assert_eq!(timestamp.send().await.unwrap().status(), 200);
    // A twin's process that is just being started would have the lock of the dead one for a moment.
    let settled = async || {
        let metrics = client().get(format!("{address}/metrics")).timeout(PATIENCE).send().await.unwrap();
        metrics.text().await.unwrap().contains("autoupdate_twins_total{")
    };
    until(settled, "the twin").await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(scratch(&stage).len(), 1);

    hub.fault(LINUX, None);
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || looks(&server, "looked").await >= 1, "the look").await;
    assert_eq!(seen(&server), ["1.0.0 linux-x86_64 stable", "1.1.0 macos-aarch64 stable"]);
    assert_eq!(scratch(&stage), [""; 0], "nothing half is left");
    assert_eq!(state(&stage)["taken"].as_object().unwrap().len(), 2);
    server.stop().await;
}

/// The address of a GitHub that is not asked.
fn unasked() -> String {
    format!(
        "{ACCEPTED}\n[[github]]\napp = \"{APP}\"\nrepository = \"owner/tool\"\napi = \"http://127.0.0.1:9/\"\n"
    )
}

fn check_config(stage: &Stage, more: &str, expected: &[&str]) {
    std::fs::write(stage.path("server.toml"), stage.config_text(more)).unwrap();
    for command in ["check-config", "serve"] {
        if expected.is_empty() && command == "serve" {
            continue;
        }
        let output =
            Command::new(PROGRAM).arg(command).arg("--config").arg(stage.path("server.toml")).output();
        let output = output.unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), expected.is_empty(), "{command}: {text}");
        for part in expected {
            assert!(text.contains(part), "{command}: {part}: {text}");
        }
    }
}

#[test]
fn what_would_not_work_is_said_before_it_starts() {
    let good = stage();
    check_config(&good, &unasked(), &[]);
    check_config(&good, &unasked().replace(ACCEPTED, ""), &["ingest_accepted", "exactly the sentence"]);
    check_config(&good, &unasked().replace("\"tool\"", "\"other\""), &["app other", "does not exist here"]);
    check_config(&good, &format!("{}token_file = \"none\"", unasked()), &["app tool", "github.token_file"]);
    let state = good.path("data/.state").join(APP).join("github.json");
    std::fs::create_dir_all(state.parent().unwrap()).unwrap();
    let golden = include_str!("../../fixtures/v1/github.json");
    std::fs::write(&state, golden).unwrap();
    check_config(&good, &unasked(), &[]);
    std::fs::write(&state, golden.replace("\"format\":1", "\"format\":2")).unwrap();
    check_config(&good, &unasked(), &["github.json", "update this server"]);
    std::fs::write(&state, golden.replace("owner/tool\",\"rules", "owner/before\",\"rules")).unwrap();
    check_config(&good, &unasked(), &["owner/before", "owner/tool", "github.repository"]);
    std::fs::write(&state, "damaged").unwrap();
    check_config(&good, &unasked(), &[]);
    assert_eq!(std::fs::read_to_string(&state).unwrap(), "damaged", "check-config changes nothing");
    std::fs::remove_file(good.path("keys/tool/ingest.pem")).unwrap();
    check_config(&good, &unasked(), &["app tool", "no key for the ingest role"]);
    std::fs::remove_dir_all(good.path("keys/tool")).unwrap();
    check_config(&good, &unasked(), &["app tool", "no online keys"]);

    let without = Stage::new();
    check_config(&without, &unasked(), &["app tool", "it has no targets", "published once"]);
    publish_nothing(&without);
    check_config(&without, &unasked(), &["no ingest role", "--with-ingest"]);
}
