//! What clients ask for decides which patches come first, and which old artifacts may go.

use std::path::PathBuf;
use std::process::{Command, Output};

use protocol::Digest;
use serde_json::json;

use crate::stage::{APP, Stage, edited, noise, patch, target};

const PROGRAM: &str = env!("CARGO_BIN_EXE_autoupdate-server");
const KEEP_TWO: &str = "patches.bases = 0\nretention.versions = 2";

/// An artifact that no metadata lists any more.
fn forgotten(stage: &Stage, version: &str) -> (Digest, PathBuf) {
    let content = noise(99, 1000 + version.len()).into_iter().chain(version.bytes()).collect::<Vec<u8>>();
    let digest = Digest::of(&content);
    let file = stage.object(&format!("targets/releases/{version}/linux-x86_64/{digest}.tool"));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, &content).unwrap();
    std::fs::write(format!("{}.zst", file.display()), b"twin").unwrap();
    (digest, file)
}

/// The server has counted for so many days, and somebody asked for these bases some days ago.
fn counted(stage: &Stage, days: i64, bases: &[(Digest, i64)]) {
    let ago = |days: i64| (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days)).to_string();
    let lines: Vec<_> = (bases.iter())
        .map(|(base, days)| json!({ "base": base.to_string(), "count": 10.0, "last": ago(*days) }))
        .collect();
    let text = json!({ "format": 1, "since": ago(days), "bases": lines }).to_string();
    let folder = stage.path("data/.state").join(APP);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("demand.json"), text).unwrap();
}

fn gc(stage: &Stage, words: &[&str]) -> Output {
    std::fs::write(stage.path("server.toml"), stage.config_text(KEEP_TWO)).unwrap();
    Command::new(PROGRAM)
        .arg("gc")
        .args(words)
        .arg("--config")
        .arg(stage.path("server.toml"))
        .output()
        .unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout[..], &output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn an_artifact_goes_when_it_is_old_unlisted_and_unasked_for() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    let listed = stage.publish(&server, "0.0.1", &noise(1, 5000)).await;
    stage.publish(&server, "1.0.0", &noise(2, 5000)).await;
    server.stop().await;
    let [oldest, asked, young] = ["0.1.0", "0.2.0", "0.3.0"].map(|version| forgotten(&stage, version));
    let there = || [&oldest, &asked, &young].map(|(_, file)| file.exists());

    // Nobody has counted for long enough, so nobody knows.
    counted(&stage, 89, &[(asked.0, 3)]);
    assert_eq!(said(&gc(&stage, &["--dry-run"])), (Some(0), "0 artifacts, 0 bytes would go\n".to_owned()));
    counted(&stage, 200, &[(oldest.0, 91), (asked.0, 89)]);
    let (code, text) = said(&gc(&stage, &["--dry-run"]));
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.starts_with("tool 0.1.0 linux-x86_64: 1014 bytes\n1 artifacts, 1014 bytes would go"),
        "{text}"
    );
    assert_eq!(there(), [true; 3], "it was only asked");

    let server = stage.serve("patches.bases = 0").await;
    let (code, text) = said(&gc(&stage, &[]));
    assert!(code == Some(1) && text.contains("another autoupdate-server"), "{code:?} {text}");
    assert_eq!(said(&gc(&stage, &["--dry-run"])).0, Some(0), "looking disturbs nobody");
    server.stop().await;

    let (code, text) = said(&gc(&stage, &[]));
    assert!(code == Some(0) && text.ends_with("1 artifacts, 1014 bytes deleted\n"), "{code:?} {text}");
    assert_eq!(there(), [false, true, true]);
    assert!(!oldest.1.parent().unwrap().exists(), "its twin and its folder went with it");
    assert!(stage.object(&target(&listed)).exists(), "what is listed stays, however old");

    // A running server does it by itself.
    counted(&stage, 200, &[]);
    let server = stage.serve(KEEP_TWO).await;
    assert_eq!(there(), [false, false, true]);
    server.stop().await;
}

#[tokio::test]
async fn patches_from_what_most_clients_have_come_first() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    let old = noise(3, 20_000);
    let mut releases = Vec::new();
    for (version, content) in [("1.0.0", old.clone()), ("1.1.0", edited(&old)), ("1.2.0", noise(4, 20_000))] {
        releases.push(stage.publish(&server, version, &content).await);
    }
    // Somebody asks for the patch from the oldest, and the server remembers that over a restart.
    server.until(&patch(&releases[2], &releases[0], "rt1"), 404, &[202]).await;
    server.stop().await;
    std::fs::remove_file(stage.path("data/.state").join(APP).join("useless.json")).unwrap();

    let orders = stage.path("orders");
    let maker = stage.script(&format!("echo \"$@\" >> {}; exit 1", orders.display()));
    let more = "patches.bases = 2\npatches.formats = [\"rt1\"]";
    let server = stage.serve_with(more, &maker).await;
    server.until_metric("autoupdate_patches_total{outcome=\"failed\"}", 2).await;
    let text = std::fs::read_to_string(orders).unwrap();
    let bases: Vec<&str> = text.lines().filter(|line| line.starts_with("make-patch")).collect();
    for (line, release) in bases.iter().zip(&releases) {
        assert!(line.contains(&format!("--base-sha256 {}", release.sha256)), "{text}");
    }
    assert_eq!(bases.len(), 2, "{text}");
    server.stop().await;
}
