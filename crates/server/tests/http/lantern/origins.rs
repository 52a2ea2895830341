//! Where old clients are sent for a release that came from GitHub: there, as long as the asset there is what was signed, else to us.

use protocol::{Digest, object};
use serde_json::Value;

use super::{question, section, update};
use crate::github::{Asset, Hub, Release};
use crate::ingest::{ACCEPTED, LINUX, alarms, look, looks, path_of, stage, until};
use crate::stage::{APP, Running, Stage, noise};

/// Serves old clients what a GitHub has.
async fn serve(stage: &Stage, hub: &Hub) -> Running {
    let github = format!(
        "[[github]]\napp = \"{APP}\"\nrepository = \"owner/tool\"\napi = \"{}\"\ninterval = \"1s\"\n",
        hub.url
    );
    stage.serve(&format!("{ACCEPTED}\npatches.bases = 0\n{}{github}", section(stage, ""))).await
}

/// Where a client of 7.1.0 is sent for the release, whose bytes are what is said of it.
async fn address(server: &Running, content: &[u8]) -> String {
    let update: Value =
        update(server, &question("7.1.0", &Digest::of(b"unknown").to_string())).await.unwrap();
    assert_eq!(update["checksum"], Digest::of(content).to_string());
    update["url"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn old_clients_are_sent_to_github_as_long_as_it_has_what_is_signed() {
    let content = noise(1, 50_000);
    let asset = Asset::new(1, LINUX, &content);
    let hub = Hub::start(&[Release::new("7.4.0", std::slice::from_ref(&asset))]).await;
    let stage = stage();
    let server = serve(&stage, &hub).await;
    until(async || looks(&server, "looked").await >= 1, "the look").await;
    let there = format!("{}/owner/tool/releases/download/7.4.0/{LINUX}", hub.url);
    let name = object::target(&path_of("7.4.0", "linux-x86_64"), &Digest::of(&content)).unwrap();
    let ours = format!("http://127.0.0.1:9997/apps/{APP}/{name}");
    assert_eq!(address(&server, &content).await, there);

    for (kind, changed) in [
        ("swapped", vec![Asset::new(2, LINUX, &noise(2, 50_000))]),
        ("withdrawn", vec![Asset::new(3, "checksums.txt", b"all that is left")]),
    ] {
        hub.edit(|releases| releases[0].assets = changed);
        until(async || alarms(&server, kind).await == 1, kind).await;
        // It is counted a moment before it is heeded.
        look(&server, "unchanged").await;
        assert_eq!(address(&server, &content).await, ours, "{kind}");
        let given = server.get(&name).await;
        assert!(given.status() == 200 && given.bytes().await.unwrap() == content[..], "{kind}");

        hub.edit(|releases| releases[0].assets = vec![asset.clone()]);
        until(async || alarms(&server, kind).await == 0, "the end of the alarm").await;
        look(&server, "unchanged").await;
        assert_eq!(address(&server, &content).await, there, "it is as it was");
    }

    hub.edit(|releases| releases[0].assets[0] = Asset::new(4, LINUX, b"another one"));
    until(async || alarms(&server, "swapped").await == 1, "the alarm").await;
    look(&server, "unchanged").await;
    server.stop().await;
    let server = serve(&stage, &hub).await;
    assert_eq!(address(&server, &content).await, ours, "a start forgets none of it");
    server.stop().await;
}
