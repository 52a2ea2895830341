//! Patches: made once, ahead or on demand, and never in the way of anything else.

use futures_util::future::join_all;
use protocol::{Artifact, FormatId, PatchIndex};
use reqwest::{Method, header};

use crate::stage::{APP, Running, Stage, edited, noise, patch, target};

const MADE: &str = "autoupdate_patches_total{outcome=\"made\"}";
const FAILED: &str = "autoupdate_patches_total{outcome=\"failed\"}";
const NO_GAIN: &str = "autoupdate_patches_total{outcome=\"no-gain\"}";

/// Two releases of a program, the second much like the first.
async fn two_releases(stage: &Stage, server: &Running) -> (Artifact, Artifact, Vec<u8>, Vec<u8>) {
    let old = noise(1, 200_000);
    let new = edited(&old);
    let first = stage.publish(server, "1.0.0", &old).await;
    let second = stage.publish(server, "1.1.0", &new).await;
    (first, second, old, new)
}

fn applied(format: &str, base: &[u8], patch: &[u8], artifact: &Artifact) -> Vec<u8> {
    let expected = delta::Expected { length: artifact.length, sha256: artifact.sha256 };
    let mut result = Vec::new();
    let format = FormatId::parse(format).unwrap();
    delta::apply(&format, base, patch, &mut result, &expected, &delta::Limits::default()).unwrap();
    result
}

#[tokio::test]
async fn a_hundred_who_ask_for_one_patch_get_one_patch() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    let (first, second, old, new) = two_releases(&stage, &server).await;
    let name = patch(&second, &first, "rt1");
    let answers = join_all((0..100).map(|_| server.get(&name))).await;
    for answer in answers {
        assert!(matches!(answer.status().as_u16(), 200 | 202), "{}", answer.status());
        if answer.status() == 202 {
            assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
            assert!(answer.headers().contains_key(header::RETRY_AFTER));
        }
    }
    let answer = server.until(&name, 200, &[202]).await;
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
    let bytes = answer.bytes().await.unwrap();
    assert!(bytes.len() < new.len() / 10, "{} bytes", bytes.len());
    assert_eq!(applied("rt1", &old, &bytes, &second), new);
    server.until_metric(MADE, 1).await;

    // The other formats that this server makes, and the index of all of them.
    for (made, format) in [(2, "bsz1"), (3, "bsdiff40")] {
        let other = patch(&second, &first, format);
        let bytes = server.until(&other, 200, &[202]).await.bytes().await.unwrap();
        assert_eq!(applied(format, &old, &bytes, &second), new);
        server.until_metric(MADE, made).await;
    }
    let index = server.get(&format!("patches/{}/index.json", second.sha256)).await;
    let index = PatchIndex::parse(&index.bytes().await.unwrap()).unwrap();
    let listed: Vec<_> = index.patches.iter().map(|entry| (entry.base, entry.format.as_str())).collect();
    assert_eq!(listed, ["bsdiff40", "bsz1", "rt1"].map(|format| (first.sha256, format)));
    assert!(index.patches.iter().all(|entry| entry.memory > 0 && entry.length > 0));
    server.stop().await;
}

#[tokio::test]
async fn patches_from_the_last_versions_are_made_before_anybody_asks() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 2").await;
    let mut content = noise(2, 100_000);
    let mut releases = Vec::new();
    for version in ["1.0.0", "1.1.0", "1.2.0", "1.3.0"] {
        releases.push(stage.publish(&server, version, &content).await);
        content = edited(&content);
    }
    let newest = releases.pop().unwrap();
    let index = format!("patches/{}/index.json", newest.sha256);
    // From the last two, in both formats that are made ahead.
    let formats = ["bsz1", "rt1"];
    let mut expected: Vec<_> =
        releases[1..].iter().flat_map(|one| formats.map(|format| (one.sha256, format))).collect();
    expected.sort_unstable();
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    let listed = async {
        loop {
            ticks.tick().await;
            let answer = server.get(&index).await;
            if answer.status() == 200 {
                let index = PatchIndex::parse(&answer.bytes().await.unwrap()).unwrap();
                if index.patches.len() == expected.len() {
                    return index;
                }
            }
        }
    };
    let index = tokio::time::timeout(crate::stage::PATIENCE, listed).await.expect("all are made");
    let found: Vec<_> = index.patches.iter().map(|entry| (entry.base, entry.format.as_str())).collect();
    assert_eq!(found, expected);
    server.stop().await;
}

#[tokio::test]
async fn a_patch_that_the_cache_cannot_hold_is_made_once_it_can() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0\npatches.cache = \"100 B\"").await;
    let (first, second, ..) = two_releases(&stage, &server).await;
    let name = patch(&second, &first, "rt1");
    server.until(&name, 404, &[202]).await;
    server.until_metric("autoupdate_patches_total{outcome=\"too-large\"}", 1).await;
    assert_eq!((server.metric(FAILED).await, server.metric(NO_GAIN).await), (0, 0));
    server.stop().await;
    let server = stage.serve("patches.bases = 0").await;
    server.until(&name, 200, &[202]).await;
    server.stop().await;
}

#[tokio::test]
async fn a_patch_that_was_no_gain_is_made_where_more_is_a_gain() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0\npatches.largest_percent = 1").await;
    // A hundred bytes are too little for any patch.
    let old = noise(7, 10_000);
    let first = stage.publish(&server, "1.0.0", &old).await;
    let second = stage.publish(&server, "1.1.0", &edited(&old)).await;
    let name = patch(&second, &first, "rt1");
    server.until(&name, 404, &[202]).await;
    server.until_metric(NO_GAIN, 1).await;
    server.stop().await;
    let server = stage.serve("patches.bases = 0").await;
    server.until(&name, 200, &[202]).await;
    server.stop().await;
}

#[tokio::test]
async fn bytes_that_were_released_for_two_platforms_are_a_base_for_both() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 1").await;
    let script = noise(6, 100_000);
    let on = |version, content: &[u8]| {
        ["linux-x86_64", "windows-x86_64"].map(|platform| stage.release_for(version, platform, content))
    };
    let [base, _] = on("1.0.0", &script);
    assert_eq!(server.upload(&script).await, 201);
    assert_eq!(server.hand_over(&stage.publication(0)).await.status(), 200);
    let mut next = Vec::new();
    for platform in ["linux-x86_64", "windows-x86_64"] {
        let content = [&edited(&script)[..], platform.as_bytes()].concat();
        next.push((stage.release_for("2.0.0", platform, &content), content.clone()));
        assert_eq!(server.upload(&content).await, 201);
    }
    assert_eq!(server.hand_over(&stage.publication(3)).await.status(), 200);
    // Ahead for both, in both formats that are made ahead, though nobody asks.
    server.until_metric(MADE, 4).await;
    for (artifact, content) in &next {
        let bytes = server.get(&patch(artifact, &base, "rt1")).await.bytes().await.unwrap();
        assert_eq!(applied("rt1", &script, &bytes, artifact), *content, "{}", artifact.path);
    }
    server.stop().await;
}

#[tokio::test]
async fn only_known_pairs_are_made() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    let (first, second, ..) = two_releases(&stage, &server).await;
    let unknown = protocol::Digest::of(b"never seen");
    for (what, name) in [
        ("an unknown base", format!("patches/{}/{unknown}.rt1", second.sha256)),
        ("an unknown artifact", format!("patches/{unknown}/{}.rt1", first.sha256)),
        ("an artifact that is not offered any more", patch(&first, &second, "rt1")),
        ("a pair of one", patch(&second, &second, "rt1")),
        ("a format of the future", patch(&second, &first, "rt9")),
    ] {
        let answer = server.get(&name).await;
        assert_eq!(answer.status(), 404, "{what}");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store", "{what}");
    }
    let path = format!("/apps/{APP}/{}", patch(&second, &first, "rt1"));
    let head = server.request(Method::HEAD, &path).send().await.unwrap();
    assert_eq!(head.status(), 404, "who only looks gets no work done");
    assert_eq!(server.metric("autoupdate_patches_waiting").await, 0);
    assert_eq!(server.metric(MADE).await, 0);
    server.stop().await;
}

#[tokio::test]
async fn a_patch_that_is_no_gain_is_not_made_twice() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    let first = stage.publish(&server, "1.0.0", &noise(3, 50_000)).await;
    let second = stage.publish(&server, "2.0.0", &noise(4, 50_000)).await;
    let name = patch(&second, &first, "rt1");
    server.until(&name, 404, &[202]).await;
    server.until_metric(NO_GAIN, 1).await;
    for _ in 0..3 {
        assert_eq!(server.get(&name).await.status(), 404);
    }
    assert_eq!(server.metric(NO_GAIN).await, 1);
    server.stop().await;
    // Not after a restart either.
    let server = stage.serve("patches.bases = 0").await;
    assert_eq!(server.get(&name).await.status(), 404);
    assert_eq!(server.metric("autoupdate_patches_waiting").await, 0);
    server.stop().await;
}

#[tokio::test]
async fn a_maker_that_dies_hangs_or_lies_costs_a_404_and_nothing_else() {
    for (what, text, more) in [
        ("killed", "kill -9 $$", ""),
        ("hanging", "exec sleep 1000", "patches.deadline = \"1s\""),
        ("babbling", "echo hello", ""),
        ("claiming bytes that are not there", "echo '{\"length\":7,\"memory\":7}'", ""),
        ("failing", "exit 1", ""),
    ] {
        let stage = Stage::new();
        let maker = stage.script(text);
        let server = stage.serve_with(&format!("patches.bases = 0\n{more}"), &maker).await;
        let (first, second, _, new) = two_releases(&stage, &server).await;
        let name = patch(&second, &first, "rt1");
        server.until(&name, 404, &[202]).await;
        for _ in 0..20 {
            assert_eq!(server.get(&name).await.status(), 404, "{what}");
        }
        assert_eq!(server.metric(FAILED).await, 1, "{what}: not tried again at once");
        assert_eq!(server.get(&target(&second)).await.bytes().await.unwrap(), new, "{what}");
        server.stop().await;
        assert_eq!(std::fs::read_dir(stage.path("data/.scratch")).unwrap().count(), 0, "{what}");
    }
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let stage = Stage::new();
    let maker = stage.script("exec sleep 1000");
    let server = stage.serve_with("patches.bases = 0\npatches.queue = 1", &maker).await;
    let mut bases = Vec::new();
    for version in 0..4 {
        let content = noise(10 + version, 1000);
        bases.push(stage.publish(&server, &format!("1.{version}.0"), &content).await);
    }
    let newest = bases.pop().unwrap();
    // One at work, one waiting, one too many.
    assert_eq!(server.get(&patch(&newest, &bases[0], "rt1")).await.status(), 202);
    server.until_metric("autoupdate_patches_running", 1).await;
    assert_eq!(server.get(&patch(&newest, &bases[1], "rt1")).await.status(), 202);
    let refused = server.get(&patch(&newest, &bases[2], "rt1")).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(server.get(&patch(&newest, &bases[1], "rt1")).await.status(), 202, "it is in the queue");
    // Stopping does not wait for the child.
    let begun = std::time::Instant::now();
    server.stop().await;
    assert!(begun.elapsed().as_secs() < 30);
}

#[tokio::test]
async fn a_damaged_base_makes_no_patch() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    let (first, second, ..) = two_releases(&stage, &server).await;
    std::fs::write(stage.object(&target(&first)), "damaged").unwrap();
    server.until(&patch(&second, &first, "rt1"), 404, &[202]).await;
    assert_eq!(server.metric(FAILED).await, 1);
    server.stop().await;
}

#[tokio::test]
async fn a_maker_without_enough_memory_ends_alone() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0\npatches.memory = \"32 MiB\"").await;
    let old = noise(5, 3_000_000);
    let first = stage.publish(&server, "1.0.0", &old).await;
    let second = stage.publish(&server, "1.1.0", &edited(&old)).await;
    server.until(&patch(&second, &first, "rt1"), 404, &[202]).await;
    assert_eq!(server.metric(FAILED).await, 1);
    assert_eq!(server.get(&target(&second)).await.status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn what_another_process_published_is_noticed() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    let (first, _, old, _) = two_releases(&stage, &server).await;
    // As `autoupdate publish DIR` does: the objects, and the timestamp last.
    let newer = edited(&edited(&old));
    let third = stage.release("1.2.0", &newer);
    let place = stage.object(&target(&third));
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(&place, &newer).unwrap();
    let app = protocol::AppId::parse(APP).unwrap();
    let tree = signing::Tree::open(&stage.path("data").join(APP), &app).unwrap();
    let keys = signing::OnlineKeys::load(&stage.path("keys").join(APP), None).unwrap();
    let incoming = stage.path("elsewhere");
    std::fs::create_dir(&incoming).unwrap();
    let validity = signing::Validity::default();
    let publication = stage.publication(3);
    signing::accept(&tree, &keys, &validity, &incoming, &publication, jiff::Timestamp::now()).unwrap();
    server.until(&patch(&third, &first, "rt1"), 200, &[202]).await;
    server.stop().await;
}
