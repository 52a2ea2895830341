//! Objects: names, conditions, ranges, headers.

use protocol::{Digest, object};
use reqwest::{Method, header};

use crate::stage::{APP, Stage, noise, target};

#[tokio::test]
async fn every_kind_of_object_is_served_with_its_headers() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    let content = noise(1, 300_000);
    let artifact = stage.publish(&server, "1.0.0", &content).await;
    std::fs::write(stage.object(&format!("{}.zst", target(&artifact))), "twin").unwrap();
    let immutable = "public, max-age=31536000, immutable";
    for (name, cache, kind) in [
        (object::TIMESTAMP.to_owned(), "no-cache", "application/json"),
        ("metadata/1.root.json".to_owned(), immutable, "application/json"),
        (target(&artifact), immutable, "application/octet-stream"),
        (format!("{}.zst", target(&artifact)), immutable, "application/octet-stream"),
    ] {
        let bytes = std::fs::read(stage.object(&name)).unwrap();
        let answer = server.get(&name).await;
        assert_eq!(answer.status(), 200, "{name}");
        let headers = answer.headers().clone();
        assert_eq!(headers[header::CACHE_CONTROL], cache, "{name}");
        assert_eq!(headers[header::CONTENT_TYPE], kind, "{name}");
        assert_eq!(headers[header::ACCEPT_RANGES], "bytes", "{name}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{name}");
        assert_eq!(headers[header::CONTENT_LENGTH], bytes.len().to_string(), "{name}");
        assert_eq!(answer.bytes().await.unwrap(), bytes, "{name}");

        let path = format!("/apps/{APP}/{name}");
        let head = server.request(Method::HEAD, &path).send().await.unwrap();
        assert_eq!(head.status(), 200, "{name}");
        assert_eq!(head.headers()[header::CONTENT_LENGTH], bytes.len().to_string(), "{name}");
        assert!(head.bytes().await.unwrap().is_empty(), "{name}");

        let etag = headers[header::ETAG].to_str().unwrap();
        let again = server.request(Method::GET, &path).header(header::IF_NONE_MATCH, etag);
        let again = again.send().await.unwrap();
        assert_eq!(again.status(), 304, "{name}");
        assert_eq!(again.headers()[header::ETAG], etag, "{name}");
        assert_eq!(again.headers()[header::CACHE_CONTROL], cache, "{name}");
        let length = again.headers().get(header::CONTENT_LENGTH);
        assert_eq!(length, None, "{name}: if anything, it would be that of the object");
        for more in [header::CONTENT_TYPE, header::ACCEPT_RANGES, header::X_CONTENT_TYPE_OPTIONS] {
            assert!(!again.headers().contains_key(&more), "{name}: {more} came with the object");
        }
        assert!(again.headers().contains_key("x-request-id"), "{name}");
        let other = server.request(Method::GET, &path).header(header::IF_NONE_MATCH, "\"other\"");
        assert_eq!(other.send().await.unwrap().status(), 200, "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn ranges_resume_a_download_and_never_mix_two_objects() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    let content = noise(2, 300_000);
    let artifact = stage.publish(&server, "1.0.0", &content).await;
    let (name, etag) = (target(&artifact), format!("\"{}\"", artifact.sha256));
    let ask = |range: &str, if_range: Option<&str>| {
        let mut request =
            server.request(Method::GET, &format!("/apps/{APP}/{name}")).header(header::RANGE, range);
        if let Some(value) = if_range {
            request = request.header(header::IF_RANGE, value);
        }
        request.send()
    };
    for (range, if_range, status, first, last) in [
        ("bytes=100000-", None, 206, 100_000, 300_000),
        ("bytes=100000-", Some(etag.as_str()), 206, 100_000, 300_000),
        ("bytes=5-9", None, 206, 5, 10),
        ("bytes=-7", None, 206, 299_993, 300_000),
        ("bytes=299999-400000", None, 206, 299_999, 300_000),
        ("bytes=100000-", Some("\"older\""), 200, 0, 300_000),
        ("bytes=0-1,5-9", None, 200, 0, 300_000),
    ] {
        let answer = ask(range, if_range).await.unwrap();
        assert_eq!(answer.status(), status, "{range} {if_range:?}");
        if status == 206 {
            let expected = format!("bytes {first}-{}/300000", last - 1);
            assert_eq!(answer.headers()[header::CONTENT_RANGE], expected);
        }
        assert_eq!(answer.bytes().await.unwrap(), content[first..last], "{range} {if_range:?}");
    }
    let beyond = ask("bytes=300000-", None).await.unwrap();
    assert_eq!(beyond.status(), 416);
    assert_eq!(beyond.headers()[header::CONTENT_RANGE], "bytes */300000");
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_object_is_a_404_however_it_is_spelled() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    let artifact = stage.publish(&server, "1.0.0", b"content").await;
    // Things that must never be served, within reach of a path that climbs.
    std::fs::write(stage.path("data").join("secret.json"), "secret").unwrap();
    std::fs::write(stage.object("metadata/secret"), "secret").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", stage.object("metadata/7.root.json")).unwrap();
    std::fs::create_dir(stage.object("metadata/8.root.json")).unwrap();
    let good = format!("/apps/{APP}/{}", target(&artifact));
    assert_eq!(server.raw_get(&good).await, 200);
    let sha = Digest::of(b"x");
    let deep = "../".repeat(12);
    for bad in [
        "/".to_owned(),
        "/apps".to_owned(),
        "/apps/".to_owned(),
        format!("/apps/{APP}"),
        format!("/apps/{APP}/"),
        format!("/apps/{APP}/metadata/"),
        format!("/apps/{APP}/metadata/secret"),
        format!("/apps/{APP}/metadata/7.root.json"),
        format!("/apps/{APP}/metadata/8.root.json"),
        format!("/apps/{APP}/metadata/9.root.json"),
        format!("/apps/{APP}/../secret.json"),
        format!("/apps/{APP}/{deep}etc/passwd"),
        format!("/apps/{APP}/metadata/{deep}etc/passwd"),
        format!("/apps/{APP}/metadata/..%2f..%2fsecret.json"),
        format!("/apps/{APP}/metadata/%2e%2e/%2e%2e/secret.json"),
        format!("/apps/{APP}/metadata/timestamp.json%00"),
        format!("/apps/{APP}/metadata/timestamp%2ejson"),
        format!("/apps/{APP}/metadata//timestamp.json"),
        format!("/apps/{APP}//metadata/timestamp.json"),
        format!("/apps/{APP}/metadata\\timestamp.json"),
        format!("/apps/{APP}/metadata/timestamp.json/"),
        format!("/apps/{APP}/metadata/timestamp.json?x"),
        format!("/apps/{APP}/metadata/%D9%A1.root.json"),
        format!("/apps/{APP}/targets/{}", "a/".repeat(200)),
        format!("/apps/{APP}/targets/{sha}.{}", "a".repeat(300)),
        format!("/apps/{APP}/{}", "a".repeat(5000)),
        format!("/apps/{}/metadata/timestamp.json", APP.to_uppercase()),
        "/apps/../data/secret.json".to_owned(),
        "/apps/.incoming/metadata/timestamp.json".to_owned(),
        "/apps/none/metadata/timestamp.json".to_owned(),
        "/apps/%00/metadata/timestamp.json".to_owned(),
        format!("/apps/{}/metadata/timestamp.json", "a".repeat(100)),
        format!("//apps/{APP}/metadata/timestamp.json"),
        format!("/%61pps/{APP}/metadata/timestamp.json"),
        "http://x/etc/passwd".to_owned(),
    ] {
        let answer = server.raw_get(&bad).await;
        assert!(matches!(answer, 400 | 404), "{answer} for {bad}");
    }
    // The same name in absolute form is the same object (RFC 9112, section 3.2.2).
    assert_eq!(server.raw_get(&format!("http://x{good}")).await, 200);
    server.stop().await;
}

#[tokio::test]
async fn errors_say_what_and_no_cache_keeps_them() {
    let stage = Stage::new();
    let server = stage.serve("").await;
    for (method, path, status, code) in [
        (Method::GET, "/nothing", 404, "no-such-path"),
        (Method::GET, "/apps/none/metadata/1.root.json", 404, "no-such-app"),
        (Method::GET, "/apps/tool/metadata/2.snapshot.json", 404, "no-such-object"),
        (Method::DELETE, "/apps/tool/metadata/1.root.json", 405, "method-not-allowed"),
        (Method::POST, "/healthz", 405, "method-not-allowed"),
    ] {
        let answer = server.request(method, path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(answer.headers().contains_key(header::ALLOW), status == 405, "{path}");
        let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(body["code"], code, "{path}");
        assert!(body["message"].as_str().is_some_and(|text| text.len() > 10), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn operators_see_whether_it_lives_and_is_ready() {
    let stage = Stage::new();
    let server = stage.serve("").await;
    let ask = |path: &'static str| server.request(Method::GET, path).send();
    assert_eq!(ask("/healthz").await.unwrap().status(), 200);
    assert_eq!(ask("/readyz").await.unwrap().status(), 200, "nothing is published, and nothing is wrong");
    stage.publish(&server, "1.0.0", b"content").await;
    let ready = ask("/readyz").await.unwrap();
    assert_eq!(ready.status(), 200, "{}", ready.text().await.unwrap());
    assert_eq!(server.metric("autoupdate_publications_total{outcome=\"accepted\"}").await, 1);
    let line = "autoupdate_requests_total{method=\"POST\",route=\"publish\",status=\"200\"}";
    assert_eq!(server.metric(line).await, 1);
    assert!(server.metric("autoupdate_timestamp_expires_seconds{app=\"tool\"}").await > 0);
    server.stop().await;

    // Four days later, without the keys: the timestamp has expired and cannot be renewed.
    std::fs::remove_dir_all(stage.path("keys").join(APP)).unwrap();
    let later = std::sync::Arc::new(|| jiff::Timestamp::now() + jiff::SignedDuration::from_hours(96));
    let server = stage.serve_at("", later).await;
    let expired = server.request(Method::GET, "/readyz").send().await.unwrap();
    assert_eq!(expired.status(), 503);
    let text = expired.text().await.unwrap();
    assert!(text.contains("expired at"), "{text}");
    assert_eq!(server.get(object::TIMESTAMP).await.status(), 200, "it still serves: clients decide");
    server.stop().await;
}

#[tokio::test]
async fn any_expired_role_makes_an_app_not_ready() {
    // Online roles that outlive the offline ones: targets live for 90 days, the root for a year.
    let long = "[validity]\ntimestamp = \"400d\"\nsnapshot = \"400d\"\nrollout = \"400d\"";
    let stage = Stage::new();
    let server = stage.serve(long).await;
    stage.publish(&server, "1.0.0", b"content").await;
    server.stop().await;
    let keys = stage.path("keys").join(APP);
    for signs_here in [true, false] {
        if !signs_here {
            std::fs::remove_dir_all(&keys).unwrap();
        }
        for (days, expired) in [(1, None), (91, Some("targets")), (366, Some("root"))] {
            let clock = move || jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
            let server = stage.serve_at(long, std::sync::Arc::new(clock)).await;
            let answer = server.request(Method::GET, "/readyz").send().await.unwrap();
            assert_eq!(
                answer.status(),
                if expired.is_some() { 503 } else { 200 },
                "day {days}, {signs_here}"
            );
            let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            assert_eq!(body["apps"][0]["app"], APP);
            assert_eq!(body["apps"][0]["warnings"], serde_json::json!([]), "nothing expires in three weeks");
            if let Some(role) = expired {
                let problem = body["apps"][0]["problem"].as_str().unwrap();
                assert!(problem.starts_with(&format!("{role} expired at ")), "day {days}: {problem}");
            }
            for role in ["root", "targets", "snapshot", "timestamp"] {
                let line = format!("autoupdate_metadata_expires_seconds{{app=\"{APP}\",role=\"{role}\"}}");
                let left = i64::try_from(server.metric(&line).await).unwrap() - clock().as_second();
                assert_eq!(
                    left <= 0,
                    role == "targets" && days > 90 || role == "root" && days > 365,
                    "{role}"
                );
            }
            server.stop().await;
        }
    }
}

#[tokio::test]
async fn three_weeks_before_offline_roles_expire_people_are_told() {
    let stage = Stage::new();
    let server = stage.serve("validity.timestamp = \"400d\"\nvalidity.snapshot = \"400d\"").await;
    stage.publish(&server, "1.0.0", b"content").await;
    server.stop().await;
    // Targets live for 90 days.
    for (days, told) in
        [(68, None), (70, Some("targets expires in 19 days")), (89, Some("targets expires in 0 days"))]
    {
        let clock = move || jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
        let server = stage.serve_at("", std::sync::Arc::new(clock)).await;
        let answer = server.request(Method::GET, "/readyz").send().await.unwrap();
        assert_eq!(answer.status(), 200, "it is no reason to take traffic away");
        let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let warnings: Vec<&str> =
            body["apps"][0]["warnings"].as_array().unwrap().iter().filter_map(|one| one.as_str()).collect();
        assert_eq!(warnings.len(), usize::from(told.is_some()), "day {days}: {warnings:?}");
        assert!(told.is_none_or(|told| warnings[0].starts_with(told)), "day {days}: {warnings:?}");
        server.stop().await;
    }
}

#[tokio::test]
async fn caches_may_hold_for_some_seconds_that_there_is_no_newer_root() {
    let stage = Stage::new();
    let server = stage.serve("").await;
    for (name, cdn) in [("metadata/2.root.json", true), ("metadata/7.snapshot.json", false)] {
        let answer = server.get(name).await;
        assert_eq!(answer.status(), 404, "{name}");
        assert_eq!(answer.headers().contains_key("cdn-cache-control"), cdn, "{name}");
        assert_eq!(
            answer.headers()[header::CACHE_CONTROL],
            if cdn { "no-cache" } else { "no-store" },
            "{name}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn every_answer_names_its_request_and_only_a_trusted_proxy_may_choose_the_name() {
    let stage = Stage::new();
    for (more, believed) in [("", false), ("limits.trusted_proxies = [\"127.0.0.1\"]", true)] {
        let server = stage.serve(more).await;
        let ask =
            |id: &'static str| server.request(Method::GET, "/healthz").header("x-request-id", id).send();
        let id = ask("from-the-proxy").await.unwrap().headers()["x-request-id"].clone();
        assert_eq!(id == "from-the-proxy", believed, "{id:?}");
        let id = ask("no name").await.unwrap().headers()["x-request-id"].clone();
        assert_ne!(id, "no name");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_bug_is_counted_wherever_it_strikes_and_an_app_that_it_keeps_from_renewal_is_not_ready() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let stage = Stage::new();
    let broken = Arc::new(AtomicBool::new(false));
    // Requests ask for the time on the thread of this test; what blocks, and so every signing, asks on another one.
    let (here, strikes) = (std::thread::current().id(), Arc::clone(&broken));
    let clock = move || {
        let there = std::thread::current().id() != here;
        assert!(!(there && strikes.load(Ordering::SeqCst)), "a bug in telling the time");
        jiff::Timestamp::now()
    };
    let server = stage.serve_at("patches.bases = 0\nvalidity.timestamp = \"15s\"", Arc::new(clock)).await;
    stage.publish(&server, "1.0.0", b"content").await;
    let ready = async || {
        let answer = server.request(Method::GET, "/readyz").send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(ready().await.0, 200);

    broken.store(true, Ordering::SeqCst);
    // A third of the timestamp's life later.
    server.until_metric("autoupdate_renewals_total{outcome=\"panicked\"}", 1).await;
    let (status, text) = ready().await;
    assert!(status == 503 && text.contains("panicked"), "{status} {text}");
    assert_eq!(server.metric("autoupdate_panics_total").await, 1);
    let change = r#"{"channel":"stable","change":{"do":"halt","version":"1.0.0"}}"#;
    assert_eq!(server.post("rollout", change.to_owned()).await.status(), 500);
    assert_eq!(server.metric("autoupdate_panics_total").await, 2);
    assert_eq!(server.get(object::TIMESTAMP).await.status(), 200, "it still serves");

    broken.store(false, Ordering::SeqCst);
    assert_eq!(server.post("rollout", change.to_owned()).await.status(), 200, "nothing is locked for ever");
    let (status, text) = ready().await;
    assert_eq!(status, 200, "{text}");
    server.stop().await;
}

#[tokio::test]
async fn a_bug_is_counted_where_nobody_waits_any_more() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0").await;
    stage.publish(&server, "1.0.0", b"content").await;
    server.stop().await;
    let (held, released) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (here, holds, ends) = (std::thread::current().id(), Arc::clone(&held), Arc::clone(&released));
    // On the threads that write: hangs, and panics when nobody can wait for it any more.
    let clock = move || {
        if std::thread::current().id() != here && holds.load(Ordering::SeqCst) {
            let begun = std::time::Instant::now();
            while !ends.load(Ordering::SeqCst) && begun.elapsed() < crate::stage::PATIENCE {
                std::thread::yield_now();
            }
            panic!("a bug in telling the time");
        }
        jiff::Timestamp::now()
    };
    let server = stage.serve_at("patches.bases = 0\npublish.timeout = \"1s\"", Arc::new(clock)).await;
    held.store(true, Ordering::SeqCst);
    let change = r#"{"channel":"stable","change":{"do":"halt","version":"1.0.0"}}"#;
    assert_eq!(server.post("rollout", change.to_owned()).await.status(), 503, "too slow, and it goes on");
    assert_eq!(server.metric("autoupdate_panics_total").await, 0);
    released.store(true, Ordering::SeqCst);
    server.until_metric("autoupdate_panics_total", 1).await;
    server.stop().await;
}
