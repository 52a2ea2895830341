//! Publishing over HTTP: what is taken, what is refused, and what is seen of it when.

use protocol::{Digest, object};
use reqwest::{Method, StatusCode};
use signing::Publication;

use crate::stage::{APP, Running, Stage, TOKEN, noise, target};

async fn code(answer: reqwest::Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let body: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"));
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn nothing_is_seen_of_a_release_until_all_of_it_is_there() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    stage.publish(&server, "1.0.0", b"old").await;
    let before = server.get(object::TIMESTAMP).await.bytes().await.unwrap();

    let artifact = stage.release("1.1.0", b"new");
    let publication = stage.publication(2);
    let unseen = async || {
        assert_eq!(server.get(&target(&artifact)).await.status(), 404);
        assert_eq!(server.get("metadata/3.targets.json").await.status(), 404);
        assert_eq!(server.get(object::TIMESTAMP).await.bytes().await.unwrap(), before);
    };
    unseen().await;
    let missing = server.hand_over(&publication).await;
    assert_eq!(code(missing).await, (422, "refused".to_owned()));
    unseen().await;
    assert_eq!(server.upload(b"new").await, 201);
    unseen().await;

    let answer = server.hand_over(&publication).await;
    assert_eq!(answer.status(), 200);
    let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!((&body["targets"], &body["unchanged"]), (&3.into(), &false.into()));
    assert_eq!(body["added"], serde_json::json!([artifact.path]));
    assert_eq!(server.get(&target(&artifact)).await.bytes().await.unwrap(), "new");
    assert_eq!(server.get("metadata/3.targets.json").await.bytes().await.unwrap(), publication.targets);
    assert_ne!(server.get(object::TIMESTAMP).await.bytes().await.unwrap(), before);
    // Twice is harmless: a client that lost the answer asks again.
    let again = server.hand_over(&publication).await;
    assert_eq!(again.status(), 200);
    assert!(again.text().await.unwrap().contains("\"unchanged\":true"));
    server.stop().await;
}

#[tokio::test]
async fn publications_that_are_not_right_are_refused() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    stage.publish(&server, "1.0.0", b"old").await;
    stage.release("1.1.0", b"new");
    server.upload(b"new").await;
    let honest = stage.publication(2);
    let text = String::from_utf8(honest.targets.clone()).unwrap();
    let forged = text.replace("\"version\":3", "\"version\":4");
    assert_ne!(forged, text);
    for (what, publication, expected) in [
        ("another change in between", Publication { replaces: 1, ..honest.clone() }, (409, "conflict")),
        ("a changed byte", Publication { targets: forged.into_bytes(), ..honest.clone() }, (422, "refused")),
        ("no targets at all", Publication { targets: b"{}".to_vec(), ..honest.clone() }, (422, "refused")),
    ] {
        let (status, name) = code(server.hand_over(&publication).await).await;
        assert_eq!((status, name.as_str()), expected, "{what}");
    }
    for body in ["", "[]", "{\"format\":1}", "\u{0}"] {
        let answer = code(server.post("targets", body.to_owned()).await).await;
        assert_eq!(answer, (400, "malformed".to_owned()), "{body:?}");
    }
    let long = server.post("targets", "x".repeat(9 << 20)).await;
    assert_eq!(code(long).await, (413, "too-long".to_owned()));
    assert_eq!(server.get("metadata/3.targets.json").await.status(), 404);
    assert_eq!(server.hand_over(&honest).await.status(), 200, "the honest one is still taken");
    server.stop().await;
}

/// The names of all metadata and rules of rollouts.
fn names(stage: &Stage) -> std::collections::BTreeSet<String> {
    let of = |folder: &'static str| {
        let entries = std::fs::read_dir(stage.object(folder)).unwrap();
        entries.map(move |entry| format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap()))
    };
    of("metadata").chain(of("targets/rollout")).collect()
}

/// A client that was given this timestamp walks the rest, object by object.
async fn walks_from(server: &Running, timestamp: &[u8]) {
    let versions = |bytes: &[u8]| -> Vec<(String, u64)> {
        let file: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        let meta = file["signed"]["meta"].as_object().unwrap();
        meta.iter().map(|(name, pin)| (name.clone(), pin["version"].as_u64().unwrap())).collect()
    };
    for (name, version) in versions(timestamp) {
        let snapshot = server.get(&format!("metadata/{version}.{name}")).await;
        assert_eq!(snapshot.status(), 200, "{version}.{name}");
        for (name, version) in versions(&snapshot.bytes().await.unwrap()) {
            let role = server.get(&format!("metadata/{version}.{name}")).await;
            assert_eq!(role.status(), 200, "{version}.{name}");
        }
    }
}

#[tokio::test]
async fn metadata_goes_when_no_client_can_ask_for_it_and_not_before() {
    let stage = Stage::new();
    // The rollout outlives many snapshots, and a person changes it a few times on day 28.
    let more = "patches.bases = 0\nvalidity.rollout = \"300d\"";
    let at = |days: i64| {
        let clock = move || jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
        stage.serve_at(more, std::sync::Arc::new(clock))
    };
    let server = at(0).await;
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        stage.publish(&server, version, version.as_bytes()).await;
    }
    server.stop().await;
    // What lies there now was written long before.
    let day_0 = std::time::SystemTime::now() - std::time::Duration::from_secs(28 * 86_400);
    for name in names(&stage) {
        let file = std::fs::File::options().write(true).open(stage.object(&name)).unwrap();
        file.set_modified(day_0).unwrap();
    }
    let server = at(28).await;
    let held_by_a_cache = server.get(object::TIMESTAMP).await.bytes().await.unwrap();
    for share in 1..=5 {
        let change = format!(
            r#"{{"channel":"stable","change":{{"do":"share","version":"1.2.0","basis_points":{share}000}}}}"#
        );
        assert_eq!(server.post("rollout", change).await.status(), 200);
    }
    server.stop().await;
    let before = names(&stage);
    let counts = |names: &std::collections::BTreeSet<String>| {
        ["root", "targets", "snapshot", "rollout"]
            .map(|role| names.iter().filter(|name| name.ends_with(&format!(".{role}.json"))).count())
    };
    assert_eq!(counts(&before), [1, 3, 9, 6], "{before:?}");

    // Day 29: the snapshot of day 28 was replaced a day ago. Nothing goes, least of all the rollout that it names.
    let server = at(29).await;
    walks_from(&server, &held_by_a_cache).await;
    assert!(names(&stage).is_superset(&before));
    server.stop().await;
    // Day 45: what was replaced on day 28 or before is gone, what was replaced later is not.
    let server = at(45).await;
    walks_from(&server, &held_by_a_cache).await;
    let left = names(&stage);
    let [roots, targets, snapshots, rollouts] = counts(&left);
    assert_eq!((roots, targets), (1, 1), "{left:?}");
    assert!(snapshots < 9 && rollouts == 6, "{left:?}");
    server.stop().await;
    // Day 75: of day 28 nothing is left but what is still in use.
    let server = at(75).await;
    let timestamp = server.get(object::TIMESTAMP).await.bytes().await.unwrap();
    walks_from(&server, &timestamp).await;
    let left = names(&stage);
    assert_eq!(counts(&left), [1, 1, 3, 1], "{left:?}");
    assert_eq!(left.iter().filter(|name| name.starts_with("targets/rollout/")).count(), 1, "{left:?}");
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        let folder = stage.object(&format!("targets/releases/{version}/linux-x86_64"));
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1, "{version}: artifacts stay");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_sweep_that_dies_half_way_or_cannot_read_deletes_nothing_that_is_needed() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    for version in ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"] {
        stage.publish(&server, version, version.as_bytes()).await;
    }
    server.stop().await;
    let later = || {
        let clock = || jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 40);
        stage.serve_at("patches.bases = 0", std::sync::Arc::new(clock))
    };
    let snapshots = |names: &std::collections::BTreeSet<String>| {
        let mut versions: Vec<u64> = (names.iter())
            .filter_map(|name| name.strip_prefix("metadata/")?.strip_suffix(".snapshot.json")?.parse().ok())
            .collect();
        versions.sort_unstable();
        versions
    };
    // One that stays cannot be read: what it names is not known, so all of it stays.
    let before = names(&stage);
    let staying = snapshots(&before)[3];
    let file = stage.object(&format!("metadata/{staying}.snapshot.json"));
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, "damaged").unwrap();
    later().await.stop().await;
    assert!(names(&stage).is_superset(&before));
    std::fs::write(&file, good).unwrap();
    // As after a death between two deletions: the oldest snapshot is gone, what only it named is still there.
    let oldest = snapshots(&before)[0];
    std::fs::remove_file(stage.object(&format!("metadata/{oldest}.snapshot.json"))).unwrap();
    let server = later().await;
    let left = names(&stage);
    assert_eq!(snapshots(&left).len(), 3, "{left:?}");
    assert!(!left.contains("metadata/2.targets.json"), "{left:?}");
    let timestamp = server.get(object::TIMESTAMP).await.bytes().await.unwrap();
    walks_from(&server, &timestamp).await;
    server.stop().await;
}

#[tokio::test]
async fn only_a_token_for_this_app_and_act_opens() {
    let stage = Stage::new();
    let server = stage.serve("").await;
    let sha = Digest::of(b"x");
    let object = format!("/apps/{APP}/objects/{sha}");
    let rollout = r#"{"channel":"stable","change":{"do":"halt","version":"1.0.0"}}"#;
    for (method, path, token, expected) in [
        (Method::PUT, object.as_str(), None, 401),
        (Method::PUT, &object, Some("wrong"), 403),
        (Method::PUT, &object, Some("other"), 403),
        (Method::PUT, &object, Some("uploader"), 201),
        (Method::HEAD, &object, None, 401),
        (Method::HEAD, &object, Some(TOKEN), 200),
        (Method::POST, "/apps/tool/targets", None, 401),
        (Method::POST, "/apps/tool/targets", Some("other"), 403),
        (Method::POST, "/apps/other/targets", Some(TOKEN), 403),
        (Method::POST, "/apps/other/targets", Some("other"), 404),
        (Method::POST, "/apps/tool/rollout", Some("uploader"), 403),
        (Method::POST, "/apps/none/targets", Some(TOKEN), 403),
    ] {
        let mut request = server.request(method.clone(), path);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let body = if method == Method::POST { rollout.to_owned() } else { "x".to_owned() };
        let status = request.body(body).send().await.unwrap().status();
        assert_eq!(status, expected, "{method} {path} {token:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn uploads_are_what_their_address_says_or_nothing() {
    let stage = Stage::new();
    let more = "publish.max_object = 1000\npublish.max_unpublished = 1500";
    let server = stage.serve(more).await;
    let put = async |sha: String, body: Vec<u8>| {
        let path = format!("/apps/{APP}/objects/{sha}");
        server.request(Method::PUT, &path).bearer_auth(TOKEN).body(body).send().await.unwrap().status()
    };
    let lying = || std::fs::read_dir(stage.path("data/.incoming/tool")).unwrap().count();
    assert_eq!(put(Digest::of(b"other").to_string(), b"x".to_vec()).await, 422);
    assert_eq!(put("x".to_owned(), b"x".to_vec()).await, 400);
    assert_eq!(put(Digest::of(b"x").to_string().to_uppercase(), b"x".to_vec()).await, 400);
    let long = noise(3, 1001);
    assert_eq!(put(Digest::of(&long).to_string(), long).await, 413);
    assert_eq!(lying(), 0, "nothing of it stays");

    let first = noise(4, 1000);
    assert_eq!(put(Digest::of(&first).to_string(), first.clone()).await, 201);
    let second = noise(5, 600);
    assert_eq!(put(Digest::of(&second).to_string(), second).await, 413, "over the quota");
    let third = noise(6, 400);
    assert_eq!(put(Digest::of(&third).to_string(), third).await, 201);
    assert_eq!(lying(), 2);
    // A length that nobody declared is not more than is allowed either.
    let chunked = chunked(&server, &noise(7, 1200)).await;
    assert_eq!(chunked, 413);
    assert_eq!(lying(), 2);
    server.stop().await;
}

/// Uploads without a declared length.
async fn chunked(server: &Running, content: &[u8]) -> u16 {
    let mut bytes = format!(
        "PUT /apps/{APP}/objects/{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: Bearer {TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        Digest::of(content),
        content.len()
    )
    .into_bytes();
    bytes.extend_from_slice(content);
    bytes.extend_from_slice(b"\r\n0\r\n\r\n");
    crate::stage::status(&server.raw(&bytes).await)
}

#[tokio::test]
async fn an_upload_that_stops_is_given_up_and_leaves_nothing() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let stage = Stage::new();
    let server = stage.serve("limits.stall_timeout = \"1s\"").await;
    let mut stream = server.connect().await;
    let head = format!(
        "PUT /apps/{APP}/objects/{} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Length: 100\r\n\r\nhalf",
        Digest::of(b"x")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(crate::stage::PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("the server does not wait for ever").unwrap();
    assert_eq!(crate::stage::status(&answer), 408);
    assert_eq!(std::fs::read_dir(stage.path("data/.incoming/tool")).unwrap().count(), 0);
    server.stop().await;
}

#[tokio::test]
async fn a_rollout_is_changed_and_served() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    stage.publish(&server, "1.0.0", b"content").await;
    let before = server.get(object::TIMESTAMP).await.bytes().await.unwrap();
    let change = r#"{"channel":"stable","change":{"do":"share","version":"1.0.0","basis_points":500}}"#;
    let answer = server.post("rollout", change.to_owned()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(body["releases"]["1.0.0"]["basis_points"], 500);
    assert_ne!(server.get(object::TIMESTAMP).await.bytes().await.unwrap(), before);
    for bad in ["{}", r#"{"channel":"stable","change":{"do":"add"}}"#] {
        assert_eq!(code(server.post("rollout", bad.to_owned()).await).await.0, 400, "{bad}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_timestamp_is_renewed_at_a_third_of_its_life() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0\nvalidity.timestamp = \"3s\"").await;
    stage.publish(&server, "1.0.0", b"content").await;
    let mut seen = std::collections::BTreeSet::new();
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    let renewed = async {
        while seen.len() < 4 {
            ticks.tick().await;
            seen.insert(server.get(object::TIMESTAMP).await.bytes().await.unwrap());
            let ready = server.request(Method::GET, "/readyz").send().await.unwrap();
            assert_eq!(ready.status(), 200, "it never expires in between");
        }
    };
    tokio::time::timeout(crate::stage::PATIENCE, renewed).await.expect("it is renewed again and again");
    server.stop().await;
}

#[tokio::test]
async fn without_online_keys_it_serves_and_signs_nothing() {
    let stage = Stage::new();
    std::fs::remove_dir_all(stage.path("keys").join(APP)).unwrap();
    let server = stage.serve("").await;
    stage.release("1.0.0", b"content");
    server.upload(b"content").await;
    let answer = server.hand_over(&stage.publication(0)).await;
    assert_eq!(code(answer).await, (409, "no-online-keys".to_owned()));
    assert_eq!(server.get("metadata/1.root.json").await.status(), 200);
    server.stop().await;
}
