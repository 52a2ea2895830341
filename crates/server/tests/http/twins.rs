//! Compressed twins of what was published: made once, by a process with limits, and in nobody's way.

use std::io::Read as _;

use protocol::{Artifact, object};

use crate::stage::{Running, Stage, noise, target};

const MADE: &str = "autoupdate_twins_total{outcome=\"made\"}";
const FAILED: &str = "autoupdate_twins_total{outcome=\"failed\"}";
const NO_GAIN: &str = "autoupdate_twins_total{outcome=\"no-gain\"}";
const ALONE: &str = "patches.bases = 0";

fn name(artifact: &Artifact) -> String {
    object::compressed_target(&artifact.path, &artifact.sha256).unwrap()
}

/// Bytes that compress, others for each seed.
fn text(seed: u64) -> Vec<u8> {
    noise(seed, 20_000).repeat(5)
}

/// The twin, as soon as it is served, is the artifact and smaller.
async fn check(server: &Running, artifact: &Artifact, content: &[u8]) {
    let twin = server.until(&name(artifact), 200, &[404]).await.bytes().await.unwrap();
    assert!(twin.len() < content.len() / 2, "{} of {} bytes", twin.len(), content.len());
    let mut decoded = Vec::new();
    signing::read_twin(&twin[..]).unwrap().read_to_end(&mut decoded).unwrap();
    assert!(decoded == content, "{}", artifact.path);
}

#[tokio::test]
async fn what_is_published_gets_its_twin_for_every_platform() {
    let stage = Stage::new();
    let server = stage.serve(ALONE).await;
    let content = text(1);
    let both =
        ["linux-x86_64", "windows-x86_64"].map(|platform| stage.release_for("1.0.0", platform, &content));
    server.upload(&content).await;
    assert_eq!(server.hand_over(&stage.publication(0)).await.status(), 200);
    for artifact in &both {
        check(&server, artifact, &content).await;
    }
    server.until_metric(MADE, 2).await;
    // Nothing is made again by a renewal, a rollout or a start.
    let change = r#"{"channel":"stable","change":{"do":"share","version":"1.0.0","basis_points":500}}"#;
    assert_eq!(server.post("rollout", change.to_owned()).await.status(), 200);
    let next = stage.publish(&server, "2.0.0", &text(2)).await;
    check(&server, &next, &text(2)).await;
    server.until_metric(MADE, 3).await;
    server.stop().await;
    assert_eq!(std::fs::read_dir(stage.path("data/.scratch")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_twin_that_is_no_gain_is_not_made_and_not_tried_again() {
    let stage = Stage::new();
    let server = stage.serve(ALONE).await;
    let content = noise(3, 50_000);
    let artifact = stage.publish(&server, "1.0.0", &content).await;
    server.until_metric(NO_GAIN, 1).await;
    let change = r#"{"channel":"stable","change":{"do":"share","version":"1.0.0","basis_points":500}}"#;
    assert_eq!(server.post("rollout", change.to_owned()).await.status(), 200);
    // Whatever is planned after it is made after it.
    let next = stage.publish(&server, "2.0.0", &text(4)).await;
    check(&server, &next, &text(4)).await;
    assert_eq!(server.metric(NO_GAIN).await, 1);
    assert_eq!(server.get(&name(&artifact)).await.status(), 404);
    server.stop().await;
}

#[tokio::test]
async fn a_maker_that_dies_hangs_or_lies_costs_the_twin_until_the_next_start() {
    let stage = Stage::new();
    let mut releases = Vec::new();
    for (seed, (what, script, more)) in (10..).zip([
        ("killed", "kill -9 $$", ""),
        ("hanging", "exec sleep 1000", "patches.deadline = \"1s\""),
        ("babbling", "echo hello", ""),
        ("claiming bytes that are not there", "echo '{\"length\":7}'", ""),
    ]) {
        let maker = stage.script(script);
        let server = stage.serve_with(&format!("{ALONE}\n{more}"), &maker).await;
        let content = text(seed);
        let artifact = stage.publish(&server, &format!("1.0.{seed}"), &content).await;
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
        let failed = async {
            while server.metric(FAILED).await == 0 {
                ticks.tick().await;
            }
        };
        tokio::time::timeout(crate::stage::PATIENCE, failed).await.unwrap_or_else(|_| panic!("{what}"));
        assert_eq!(server.get(&name(&artifact)).await.status(), 404, "{what}");
        assert_eq!(server.get(&target(&artifact)).await.bytes().await.unwrap(), content, "{what}");
        server.stop().await;
        assert_eq!(std::fs::read_dir(stage.path("data/.scratch")).unwrap().count(), 0, "{what}");
        releases.push((artifact, content));
    }
    // What is still offered gets its twin by whoever starts next.
    let server = stage.serve(ALONE).await;
    let (newest, content) = releases.last().unwrap();
    check(&server, newest, content).await;
    server.until_metric(MADE, 1).await;
    server.stop().await;
}

#[tokio::test]
async fn a_damaged_artifact_or_too_little_memory_makes_no_twin() {
    let stage = Stage::new();
    let server = stage.serve_with(ALONE, &stage.script("exit 1")).await;
    let artifact = stage.publish(&server, "1.0.0", &text(20)).await;
    server.until_metric(FAILED, 1).await;
    server.stop().await;
    let server = stage.serve("patches.bases = 0\npatches.memory = \"16 MiB\"").await;
    server.until_metric(FAILED, 1).await;
    server.stop().await;
    let mut damaged = text(20);
    damaged[7] ^= 1;
    std::fs::write(stage.object(&target(&artifact)), damaged).unwrap();
    let server = stage.serve(ALONE).await;
    server.until_metric(FAILED, 1).await;
    assert_eq!(server.get(&name(&artifact)).await.status(), 404);
    server.stop().await;
}
