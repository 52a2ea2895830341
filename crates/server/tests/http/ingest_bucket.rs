//! Releases from GitHub, where several servers share a bucket.

use protocol::{Digest, object};
use reqwest::Method;
use signing::NewKeys;

use crate::bucket::{Shared, shows};
use crate::ceph::ceph;
use crate::github::{Asset, Hub, Release};
use crate::ingest::{looks, mapping, path_of, seen, until, zstd};
use crate::stage::{APP, Running, Stage, TOKEN, noise};

async fn timestamp(server: &Running) -> Vec<u8> {
    server.get(object::TIMESTAMP).await.bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_takes_from_github_all_serve() {
    let Some(ceph) = ceph("ingest_bucket::what_one_takes_from_github_all_serve") else { return };
    let stage = Stage::with_keys(&NewKeys { with_ingest: true, ..NewKeys::default() });
    let shared = Shared::of(stage, ceph, "ingest");
    let one = shared.serve("data", "patches.bases = 0").await;
    let published = one.hand_over(&shared.stage.publication(0)).await;
    assert_eq!(published.status(), 200, "{}", published.text().await.unwrap());
    one.stop().await;

    let content = noise(7, 300_000);
    let asset = Asset::new(1, "update_linux_amd64.zst", &zstd(&content));
    let early = Release { prerelease: true, ..Release::new("1.0.0", &[asset]) };
    let hub = Hub::start(&[early]).await;
    let rules = mapping(&hub, "prerelease_channels = [\"beta\"]");
    let one = shared.serve("data", &rules).await;
    let two = shared.serve("data-2", "patches.bases = 0").await;
    until(async || looks(&one, "looked").await >= 1, "the look").await;
    shows(&two, &timestamp(&one).await).await;
    for server in [&one, &two] {
        assert_eq!(seen(server), ["1.0.0 linux-x86_64 beta"]);
        let name = object::target(&path_of("1.0.0", "linux-x86_64"), &Digest::of(&content)).unwrap();
        assert!(server.get(&name).await.bytes().await.unwrap() == content[..]);
        let upload = format!("/apps/{APP}/objects/{}", Digest::of(&content));
        let head = server.request(Method::HEAD, &upload).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(head.status(), 404, "it waits no more");
    }
    // Nothing of it has to be on this disk to be offered to more people.
    hub.edit(|releases| releases[0].prerelease = false);
    until(async || looks(&one, "looked").await >= 2, "the release").await;
    assert_eq!(seen(&one), ["1.0.0 linux-x86_64 beta+stable"]);
    shows(&two, &timestamp(&one).await).await;
    two.stop().await;

    // Another one that looks at the same repository, and knows nothing of it: it compares, and signs nothing.
    let before = timestamp(&one).await;
    let two = shared.serve("data-2", &rules).await;
    until(async || looks(&two, "looked").await >= 1, "the other look").await;
    assert_eq!((timestamp(&one).await, timestamp(&two).await), (before.clone(), before));
    one.stop().await;
    two.stop().await;
}
