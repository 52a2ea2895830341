//! Releases from GitHub, as clients and operators see them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use protocol::{AppId, Channel, Digest, Platform, object};
use reqwest::Method;
use serde_json::Value;
use signing::{NewKeys, OnlineKeys, Tree, Validity};
use trust::{Stored, Verified};

use crate::github::{Asset, Hub, Release};
use crate::stage::{APP, PATIENCE, Running, Stage, noise};

pub(crate) const ACCEPTED: &str =
    "ingest_accepted = \"whoever takes over this server may publish until targets revokes it\"";
pub(crate) const LINUX: &str = "update_linux_amd64";

/// A stage whose app delegates to ingest and is published with an empty list.
pub(crate) fn stage() -> Stage {
    let stage = Stage::with_keys(&NewKeys { with_ingest: true, ..NewKeys::default() });
    publish_nothing(&stage);
    stage
}

pub(crate) fn publish_nothing(stage: &Stage) {
    let keys = OnlineKeys::load(&stage.path("keys").join(APP), None).unwrap();
    let publication = stage.publication(0);
    let incoming = stage.path("none");
    signing::accept(&tree(stage), &keys, &Validity::default(), &incoming, &publication, Timestamp::now())
        .unwrap();
}

pub(crate) fn tree(stage: &Stage) -> Tree {
    Tree::open(&stage.path("data").join(APP), &AppId::parse(APP).unwrap()).unwrap()
}

/// The configuration of a server that looks at `hub` every second.
pub(crate) fn mapping(hub: &Hub, more: &str) -> String {
    format!(
        "{ACCEPTED}\npatches.bases = 0\n[[github]]\napp = \"{APP}\"\nrepository = \"owner/tool\"\napi = \"{}\"\n\
         interval = \"1s\"\n{more}",
        hub.url
    )
}

pub(crate) fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 3).unwrap()
}

/// The number of looks, by outcome.
pub(crate) async fn looks(server: &Running, outcome: &str) -> u64 {
    server.metric(&format!("autoupdate_ingest_rounds_total{{app=\"{APP}\",outcome=\"{outcome}\"}}")).await
}

pub(crate) async fn refused(server: &Running, reason: &str) -> u64 {
    server
        .metric(&format!("autoupdate_ingest_assets_refused_total{{app=\"{APP}\",reason=\"{reason}\"}}"))
        .await
}

pub(crate) async fn alarms(server: &Running, kind: &str) -> u64 {
    server.metric(&format!("autoupdate_ingest_alarms{{app=\"{APP}\",kind=\"{kind}\"}}")).await
}

/// Waits until there was a look with this outcome that began after now.
pub(crate) async fn look(server: &Running, outcome: &str) {
    // The one that is on its way may have begun before.
    let wanted = looks(server, outcome).await + 2;
    until(async || looks(server, outcome).await >= wanted, outcome).await;
}

/// Waits until something holds.
pub(crate) async fn until(holds: impl AsyncFn() -> bool, what: &str) {
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let asking = async {
        while !holds().await {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// Walks the server over HTTP as a client that knows nothing but the first root.
pub(crate) fn walk(server: &Running) -> Verified {
    let read = |name: &str, limit: u64| {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let answer = server.get(name).await;
                if answer.status() == 404 {
                    return Ok::<_, std::io::Error>(None);
                }
                assert_eq!(answer.status(), 200, "{name}");
                let bytes = answer.bytes().await.unwrap();
                assert!(bytes.len() as u64 <= limit, "{name}");
                Ok(Some(bytes.to_vec()))
            })
        })
    };
    let root = read("metadata/1.root.json", 1 << 20).unwrap().unwrap();
    signing::walk(&root, &Stored::default(), Timestamp::now(), read).unwrap()
}

/// What a client is offered: `version platform channels`.
pub(crate) fn seen(server: &Running) -> Vec<String> {
    let verified = walk(server);
    let mut lines = Vec::new();
    for platform in ["linux-x86_64", "linux-aarch64", "macos-aarch64", "windows-x86"] {
        let platform = Platform::parse(platform).unwrap();
        for artifact in verified.artifacts(&AppId::parse(APP).unwrap(), platform) {
            let channels: Vec<&str> = artifact.release.channels.iter().map(Channel::as_str).collect();
            lines.push(format!("{} {platform} {}", artifact.release.version, channels.join("+")));
        }
    }
    lines
}

/// All files of the tree but the compressed twins, which come when they come.
pub(crate) fn files(stage: &Stage) -> BTreeMap<String, Vec<u8>> {
    let (mut files, mut folders) = (BTreeMap::new(), vec![stage.path("data").join(APP)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.display().to_string();
            if path.is_dir() {
                folders.push(path);
            } else if !name.ends_with(".zst") {
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}

pub(crate) fn state(stage: &Stage) -> Value {
    let file = stage.path("data/.state").join(APP).join("github.json");
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

pub(crate) async fn ready(server: &Running) -> (u16, Value) {
    let answer = server.request(Method::GET, "/readyz").send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

pub(crate) fn path_of(version: &str, platform: &str) -> String {
    format!("releases/{version}/{platform}/{APP}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_offered_what_github_releases() {
    let (linux, mac) = (noise(1, 200_000), noise(2, 100_000));
    let hub = Hub::start(&[
        Release { draft: true, ..Release::new("3.0.0", &[Asset::new(31, LINUX, b"draft")]) },
        Release { prerelease: true, ..Release::new("2.0.0", &[Asset::new(21, LINUX, b"early")]) },
        Release::new(
            "1.0.0",
            &[
                Asset::new(11, "update_linux_amd64.zst", &zstd(&linux)),
                Asset { digest: None, ..Asset::new(12, "update_darwin_arm64", &mac) },
                Asset::new(13, "update_linux_amd64.sig", b"no asset"),
                Asset::new(14, "checksums.txt", b"no asset"),
            ],
        ),
        Release::new("v0.9.0", &[Asset::new(9, LINUX, b"another rule")]),
    ])
    .await;
    let stage = stage();
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || looks(&server, "looked").await == 1, "the first look").await;
    assert_eq!(seen(&server), ["1.0.0 linux-x86_64 stable", "1.0.0 macos-aarch64 stable"]);
    for (platform, content) in [("linux-x86_64", &linux), ("macos-aarch64", &mac)] {
        let name = object::target(&path_of("1.0.0", platform), &Digest::of(content)).unwrap();
        assert_eq!(&server.get(&name).await.bytes().await.unwrap()[..], &content[..]);
    }
    let asked = hub.asked();
    let page = &asked[0];
    for (name, value) in [
        ("accept", "application/vnd.github+json"),
        ("x-github-api-version", "2022-11-28"),
        ("user-agent", concat!("autoupdate-server/", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(page.headers[name], value);
    }
    assert_eq!(asked.iter().filter(|one| one.host == "storage").count(), 2, "{asked:?}");

    // Nothing is new: one question, which costs nothing, and no byte is written.
    let (before, remembered) = (files(&stage), state(&stage));
    look(&server, "unchanged").await;
    let asked = hub.asked();
    assert!(asked.len() >= 2 && asked.iter().all(|one| one.status == 304 && one.host == "api"), "{asked:?}");
    assert_eq!((files(&stage), state(&stage)), (before, remembered));
    let (status, body) = ready(&server).await;
    assert_eq!((status, &body["github"][0]["alarms"]), (200, &serde_json::json!([])));
    assert!(body["github"][0]["last_success"].is_string(), "{body}");
    for (line, value) in [
        ("autoupdate_ingest_assets_taken_total{app=\"tool\"}", 2),
        ("autoupdate_github_rate_limit_remaining{app=\"tool\"}", 59),
        ("autoupdate_github_rate_limit_reset_seconds{app=\"tool\"}", 1_900_000_000),
    ] {
        assert_eq!(server.metric(line).await, value, "{line}");
    }
    assert!(server.metric("autoupdate_ingest_last_success_seconds{app=\"tool\"}").await > 1_700_000_000);

    // A new release, while it runs.
    hub.edit(|releases| releases.insert(0, Release::new("1.1.0", &[Asset::new(15, LINUX, b"next")])));
    until(async || looks(&server, "looked").await >= 2, "the new release").await;
    assert!(seen(&server).contains(&"1.1.0 linux-x86_64 stable".to_owned()));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_are_read_and_each_costs_nothing_when_it_is_known() {
    let release =
        |minor: u64| Release::new(&format!("1.{minor}.0"), &[Asset::new(minor, LINUX, &minor.to_le_bytes())]);
    let hub = Hub::start(&(0..5).rev().map(release).collect::<Vec<_>>()).await;
    hub.page(2);
    let stage = stage();
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || looks(&server, "looked").await == 1, "the first look").await;
    let all: Vec<String> = (0..5).map(|minor| format!("1.{minor}.0 linux-x86_64 stable")).collect();
    assert_eq!(seen(&server), all);
    hub.asked();
    look(&server, "unchanged").await;
    let asked = hub.asked();
    assert!(asked.len() >= 6 && asked.iter().all(|one| one.status == 304), "{asked:?}");
    // What goes from the last page is noticed, too.
    hub.edit(|releases| drop(releases.pop()));
    until(async || alarms(&server, "withdrawn").await == 1, "the alarm").await;
    // Of a list that is too long the beginning is read.
    server.stop().await;
    // What was being written when it stopped may still come.
    let remembered = stage.path("data/.state");
    until(async || std::fs::remove_dir_all(&remembered).is_ok(), "what is remembered goes").await;
    let server = stage.serve(&mapping(&hub, "pages = 1")).await;
    hub.asked();
    until(async || looks(&server, "looked").await >= 1, "the look").await;
    assert_eq!(state(&stage)["taken"].as_object().unwrap().len(), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_on_github_is_told_and_never_followed() {
    let hub = Hub::start(&[
        Release::new("1.1.0", &[Asset::new(2, LINUX, b"the next one")]),
        Release::new("1.0.0", &[Asset::new(1, LINUX, b"the first one")]),
    ])
    .await;
    let stage = stage();
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || looks(&server, "looked").await == 1, "the first look").await;
    let before = files(&stage);
    let expected = ["1.0.0 linux-x86_64 stable", "1.1.0 linux-x86_64 stable"];
    assert_eq!(seen(&server), expected);

    hub.edit(|releases| releases[1].assets[0] = Asset::new(7, LINUX, b"another one!!"));
    until(async || alarms(&server, "swapped").await == 1, "the alarm").await;
    hub.edit(|releases| drop(releases.remove(0)));
    until(async || alarms(&server, "withdrawn").await == 1, "the other alarm").await;
    // The alarm comes before the end of the look, which is when it is remembered.
    look(&server, "unchanged").await;
    assert_eq!(files(&stage), before, "nothing that is served changes");
    let (status, body) = ready(&server).await;
    let told = body["github"][0]["alarms"].to_string();
    assert_eq!(status, 200, "it is no reason to take traffic away");
    assert!(told.contains("of 1.0.0 is another one") && told.contains("release 1.1.0 is gone"), "{told}");
    let fetched = hub.asked().iter().filter(|one| one.host == "storage").count();
    assert_eq!(fetched, 2, "nothing is fetched that will not be taken");
    server.stop().await;

    // A restart forgets none of it, and a person may know of it.
    let server = stage.serve(&mapping(&hub, "")).await;
    assert_eq!((alarms(&server, "swapped").await, alarms(&server, "withdrawn").await), (1, 1));
    look(&server, "unchanged").await;
    assert_eq!((alarms(&server, "swapped").await, alarms(&server, "withdrawn").await), (1, 1));
    assert!(hub.asked().iter().all(|one| one.status == 304), "it remembers what it saw");
    server.stop().await;
    let server = stage.serve(&mapping(&hub, "acknowledged = [\"1.0.0\"]")).await;
    until(async || looks(&server, "looked").await == 1, "a look by other rules").await;
    assert_eq!((alarms(&server, "swapped").await, alarms(&server, "withdrawn").await), (0, 1));
    assert_eq!(files(&stage), before);
    // It is as it was: no alarm.
    hub.edit(|releases| releases.insert(0, Release::new("1.1.0", &[Asset::new(2, LINUX, b"the next one")])));
    until(async || alarms(&server, "withdrawn").await == 0, "the end of the alarm").await;
    assert_eq!(seen(&server), expected);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prereleases_go_to_those_who_ask_for_them() {
    let hub = Hub::start(&[
        Release { prerelease: true, ..Release::new("2.0.0", &[Asset::new(2, LINUX, b"early")]) },
        Release::new("1.0.0", &[Asset::new(1, LINUX, b"first")]),
    ])
    .await;
    let stage = stage();
    let rules = "channels = [\"stable\", \"beta\"]\nprerelease_channels = [\"beta\"]";
    let server = stage.serve(&mapping(&hub, rules)).await;
    until(async || looks(&server, "looked").await == 1, "the first look").await;
    assert_eq!(seen(&server), ["1.0.0 linux-x86_64 beta+stable", "2.0.0 linux-x86_64 beta"]);
    let beta = walk(&server).rollout_target(&Channel::parse("beta").unwrap());
    assert!(
        matches!(beta, trust::Control::Target(_)),
        "without a word about it a client takes nothing: {beta:?}"
    );
    hub.edit(|releases| releases[0].prerelease = false);
    until(async || looks(&server, "looked").await == 2, "the release").await;
    assert_eq!(seen(&server), ["1.0.0 linux-x86_64 beta+stable", "2.0.0 linux-x86_64 beta+stable"]);
    assert_eq!(hub.asked().iter().filter(|one| one.host == "storage").count(), 2, "nothing is fetched again");
    // Taken from nobody because somebody changed their mind on GitHub: that is what a halt is for.
    hub.edit(|releases| releases[0].prerelease = true);
    until(async || looks(&server, "looked").await == 3, "the look").await;
    assert_eq!(seen(&server), ["1.0.0 linux-x86_64 beta+stable", "2.0.0 linux-x86_64 beta+stable"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_of_the_publisher_can_be_demanded() {
    // From the tests of minisign-verify: signatures of `test`, in the form of today and in that of before 0.6.
    let key = "minisign_key = \"RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\"";
    let good = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1556193335\tfile:test\n\
        y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==";
    let old = "untrusted comment: signature from minisign secret key\n\
        RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n\
        trusted comment: timestamp:1555779966\tfile:test\n\
        QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==";
    let signature = |id, text: &str| Asset::new(id, "update_linux_amd64.minisig", text.as_bytes());
    let asset = |id| Asset::new(id, LINUX, b"test");
    let hub = Hub::start(&[
        Release::new("1.4.0", &[asset(41), signature(42, "no signature")]),
        Release::new("1.3.0", &[asset(31), signature(32, old)]),
        Release::new("1.2.0", &[Asset::new(21, LINUX, b"Test"), signature(22, good)]),
        Release::new("1.1.0", &[asset(11)]),
        Release::new("1.0.0", &[asset(1), signature(2, good)]),
        Release::new("0.9.0", &[asset(91), signature(92, &"too long".repeat(3000))]),
    ])
    .await;
    let stage = stage();
    let server = stage.serve(&mapping(&hub, key)).await;
    until(async || looks(&server, "looked").await == 1, "the first look").await;
    assert_eq!(seen(&server), ["1.0.0 linux-x86_64 stable"]);
    assert_eq!((refused(&server, "unsigned").await, refused(&server, "bad-signature").await), (1, 4));
    // They are not fetched again, until something is new.
    hub.asked();
    look(&server, "unchanged").await;
    hub.edit(|releases| {
        releases[3].assets.push(signature(12, good));
        releases[1].assets[1] = signature(33, good);
    });
    until(async || looks(&server, "looked").await == 2, "the look").await;
    let mine = ["1.0.0", "1.1.0", "1.3.0"].map(|version| format!("{version} linux-x86_64 stable"));
    assert_eq!(seen(&server), mine);
    assert_eq!((refused(&server, "unsigned").await, refused(&server, "bad-signature").await), (1, 4));
    let fetched: Vec<String> =
        hub.asked().into_iter().filter(|one| one.host == "storage").map(|one| one.path).collect();
    assert_eq!(fetched, ["/33", "/31", "/12", "/11"], "the signature first");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_be_two_assets_is_an_alarm_and_neither_is_taken() {
    let hub = Hub::start(&[Release::new(
        "1.0.0",
        &[Asset::new(1, LINUX, b"one"), Asset::new(2, "update_linux_amd64.zst", &zstd(b"two"))],
    )])
    .await;
    let stage = stage();
    let server = stage.serve(&mapping(&hub, "")).await;
    until(async || alarms(&server, "ambiguous").await == 1, "the alarm").await;
    assert_eq!(seen(&server), [""; 0]);
    hub.edit(|releases| drop(releases[0].assets.remove(0)));
    until(async || alarms(&server, "ambiguous").await == 0, "the end of the alarm").await;
    until(async || looks(&server, "looked").await == 2, "the asset").await;
    assert_eq!(seen(&server), ["1.0.0 linux-x86_64 stable"]);
    server.stop().await;
}
