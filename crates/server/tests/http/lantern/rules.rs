//! What is answered to whom.

use std::time::Duration;

use reqwest::{Method, header};
use serde_json::{Value, json};

use super::{ask, publish, question, question_of, section, update, verified};
use crate::stage::{APP, PATIENCE, Running, Stage, noise};

/// Linux on two processors, Windows, macOS and Android, and what nobody should get.
async fn serve(stage: &Stage, more: &str) -> Running {
    let server = stage.serve(&section(stage, more)).await;
    let releases = [
        ("5.4.1", "windows-x86", noise(1, 900)),
        ("7.4.0", "windows-x86", noise(2, 900)),
        ("7.1.0", "linux-x86_64", noise(3, 900)),
        ("7.4.0", "linux-x86_64", noise(4, 900)),
        ("7.5.0-beta.1", "linux-x86_64", noise(5, 900)),
        ("7.4.0", "linux-aarch64", noise(6, 900)),
        ("7.4.0", "macos-x86_64", noise(7, 900)),
        ("7.5.0-beta.1", "macos-aarch64", noise(8, 900)),
        ("7.4.0", "android-arm", noise(9, 900)),
    ];
    publish(stage, &server, &releases).await;
    server.until_metric("autoupdate_twins_total{outcome=\"made\"}", 1).await;
    server
}

/// The version of an update, or the status of another answer.
async fn told(server: &Running, path: &str, question: &Value) -> String {
    match verified(ask(server, path, question.to_string()).await, "42").await {
        Ok(update) => update["version"].as_str().unwrap().to_owned(),
        Err(status) => status.to_string(),
    }
}

#[tokio::test]
async fn every_rule_of_the_original() {
    let stage = Stage::new();
    let server = serve(&stage, "").await;
    for (os, arch, version, os_version, expected) in [
        ("linux", "amd64", "7.1.0", "6.1.0", "7.4.0"),
        ("linux", "amd64", "7.1.0", "", "7.4.0"),
        ("linux", "amd64", "0.4.0", "6.1.0", "7.4.0"),
        ("linux", "amd64", "7.4.0-beta.1", "6.1.0", "7.4.0"),
        ("linux", "amd64", "7.4.0", "6.1.0", "204"),
        ("linux", "amd64", "7.4.0+build5", "6.1.0", "204"),
        ("linux", "amd64", "7.3.9+build5", "6.1.0", "7.4.0"),
        ("linux", "amd64", "7.5.0", "6.1.0", "204"),
        // No version.
        ("linux", "amd64", "", "6.1.0", "417"),
        ("linux", "amd64", "v7.1.0", "6.1.0", "417"),
        ("linux", "amd64", "7.1", "6.1.0", "417"),
        ("linux", "amd64", "07.1.0", "6.1.0", "417"),
        // No such system.
        ("linux", "386", "7.1.0", "6.1.0", "417"),
        ("linux", "x86_64", "7.1.0", "6.1.0", "417"),
        ("freebsd", "amd64", "7.1.0", "6.1.0", "417"),
        ("macos", "amd64", "7.1.0", "21.0.0", "417"),
        ("", "amd64", "7.1.0", "6.1.0", "417"),
        ("linux", "", "7.1.0", "6.1.0", "417"),
        // Ours alone: exact processors. Known, though nothing is offered: the only one is a prerelease.
        ("linux", "arm64", "7.1.0", "6.1.0", "7.4.0"),
        ("darwin", "arm64", "7.1.0", "21.0.0", "204"),
        // Android: no checksum, and 64 bits take what is made for 32.
        ("android", "arm", "7.1.0", "12.0.0", "7.4.0"),
        ("android", "arm64", "7.1.0", "", "7.4.0"),
        ("android", "386", "7.1.0", "", "417"),
        // Pins.
        ("windows", "386", "5.0.0", "6.0.0", "7.4.0"),
        ("windows", "386", "5.0.0", "10.0.19045", "7.4.0"),
        ("windows", "386", "5.0.0", "5.1.0", "5.4.1"),
        ("windows", "386", "5.0.0", "5.99.9", "5.4.1"),
        ("windows", "386", "5.0.0", "6.0.0-beta", "5.4.1"),
        ("windows", "386", "5.4.1", "5.1.0", "204"),
        ("windows", "386", "5.4.2", "5.1.0", "204"),
        ("windows", "386", "5.0.0", "5.1", "7.4.0"),
        ("windows", "386", "5.0.0", "", "7.4.0"),
        ("darwin", "amd64", "7.1.0", "15.0.0", "7.4.0"),
        ("darwin", "amd64", "7.1.0", "14.9.9", "417"),
        // Floors.
        ("darwin", "amd64", "3.5.9", "15.0.0", "204"),
        ("darwin", "amd64", "3.6.0-rc.1", "15.0.0", "204"),
        ("darwin", "amd64", "3.6.0", "15.0.0", "7.4.0"),
        ("linux", "amd64", "3.5.9", "6.1.0", "7.4.0"),
    ] {
        let question = question_of(os, arch, version, os_version);
        assert_eq!(told(&server, "/update/lantern", &question).await, expected, "{question}");
        assert_eq!(told(&server, "/update", &question).await, expected, "{question}");
    }
    // An app without pins and floors.
    for (os, version, os_version, expected) in
        [("windows", "5.0.0", "5.1.0", "7.4.0"), ("darwin", "3.5.9", "14.0.0", "7.4.0")]
    {
        let arch = if os == "darwin" { "amd64" } else { "386" };
        let question = question_of(os, arch, version, os_version);
        assert_eq!(told(&server, "/update/plain", &question).await, expected, "{question}");
    }
    for (outcome, least) in [("full", 10), ("current", 10), ("unsupported", 10), ("too-old", 4)] {
        let line = format!("autoupdate_lantern_checks_total{{outcome=\"{outcome}\"}}");
        assert!(server.metric(&line).await >= least, "{line}");
    }
    server.stop().await;
}

#[tokio::test]
async fn errors_are_bare_words_and_never_our_fault() {
    let stage = Stage::new();
    let server = serve(&stage, "").await;
    let good = question("7.1.0", "x").to_string();
    let no_checksum = question("7.1.0", "").to_string();
    let long = format!("{{\"user_id\":\"{}\"}}", "x".repeat(64 << 10));
    let not_found = "404 page not found\n";
    for (method, path, body, status, words) in [
        (Method::POST, "/update/lantern", "", 400, "Bad Request"),
        (Method::POST, "/update/lantern", "no json", 400, "Bad Request"),
        (Method::POST, "/update/lantern", "[]", 400, "Bad Request"),
        (Method::POST, "/update/lantern", "{\"tags\":[]}", 400, "Bad Request"),
        (Method::POST, "/update/lantern", "{\"app_version\":7}", 400, "Bad Request"),
        (Method::POST, "/update/lantern", &long, 413, "Payload Too Large"),
        (Method::POST, "/update/lantern", "null", 417, "Expectation Failed"),
        (Method::POST, "/update/lantern", "{}", 417, "Expectation Failed"),
        (Method::POST, "/update/lantern", "{\"os\":\"linux\",\"arch\":\"amd64\"}", 417, "Expectation Failed"),
        (Method::POST, "/update/lantern", &no_checksum, 417, "Expectation Failed"),
        (Method::GET, "/update/lantern", "", 404, "Not Found"),
        (Method::GET, "/update", "", 404, "Not Found"),
        (Method::DELETE, "/update", "", 404, "Not Found"),
        (Method::POST, "/update/", &good, 404, not_found),
        (Method::POST, "/update/unknown", &good, 404, not_found),
        (Method::POST, "/update/LANTERN", &good, 404, not_found),
        (Method::POST, "/update/lantern/", &good, 404, not_found),
        (Method::POST, "/update/lanter%6e", &good, 404, not_found),
        (Method::GET, "/patches", "", 404, not_found),
        (Method::GET, "/patches/", "", 404, not_found),
        (Method::GET, "/patches/..%2f..%2fserver.toml", "", 404, not_found),
        (Method::POST, "/patches/x", "", 405, "Method Not Allowed"),
    ] {
        let request = server.request(method.clone(), path).body(body.to_owned());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path} {body:.40}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8", "{method} {path}");
        assert_eq!(answer.text().await.unwrap(), words, "{method} {path} {body:.40}");
    }
    // What follows the object is not looked at, nor is a query.
    let body = format!("{} and more", question("7.1.0", &"a".repeat(64)));
    assert_eq!(ask(&server, "/update/lantern?x=y", body).await.status(), 200);
    server.stop().await;

    // What our other layers say is said in the same words.
    let text = section(&stage, "").replace("per_second = 0", "per_second = 1\nlimits.burst = 1");
    let server = stage.serve(&text).await;
    let answers = [ask(&server, "/update", "{}").await, ask(&server, "/update", "{}").await];
    let [_, refused] = answers;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(refused.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(refused.text().await.unwrap(), "Too Many Requests");
    server.stop().await;
}

#[tokio::test]
async fn the_nonce_is_what_its_header_says() {
    let stage = Stage::new();
    let server = serve(&stage, "").await;
    for (header, nonce) in [
        (Some("5906575297079450552"), "5906575297079450552"),
        (Some("-7"), "-7"),
        (Some("007"), "7"),
        (Some("9223372036854775808"), "9223372036854775807"),
        (Some("seven"), "0"),
        (Some(""), "0"),
        (None, "0"),
    ] {
        let mut request = server.request(Method::POST, "/update/lantern");
        if let Some(header) = header {
            request = request.header("X-Message-Nonce", header);
        }
        let answer = request.body(question("7.1.0", "unknown").to_string()).send().await.unwrap();
        verified(answer, nonce).await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn only_answers_with_an_update_count_against_the_rate() {
    let stage = Stage::new();
    let server = serve(&stage, "rate = 2").await;
    let begun = tokio::time::Instant::now();
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(told(&server, "/update/lantern", &question("7.1.0", "x")).await);
        assert_eq!(told(&server, "/update/lantern", &question("7.4.0", "x")).await, "204");
        assert_eq!(told(&server, "/update/lantern", &question("", "x")).await, "417");
    }
    let given = statuses.iter().filter(|status| *status == "7.4.0").count();
    // Two at once, and those that came back meanwhile.
    let most = 2 + usize::try_from(begun.elapsed().as_millis() / 500).unwrap();
    assert!(statuses[..2] == ["7.4.0", "7.4.0"] && given <= most, "{statuses:?}");
    assert!(statuses.iter().all(|status| status == "7.4.0" || status == "204"), "{statuses:?}");
    // Whoever is too old for it costs a place all the same.
    let (mut ticks, mut given) = (tokio::time::interval(Duration::from_millis(20)), 0);
    let asking = async {
        while given == 0 {
            ticks.tick().await;
            if told(&server, "/update/lantern", &question("7.1.0", "x")).await == "7.4.0" {
                given += 1;
            }
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("the budget fills again");
    assert!(server.metric("autoupdate_lantern_checks_total{outcome=\"limited\"}").await > 0);
    server.stop().await;
}

#[tokio::test]
async fn what_not_everybody_may_take_is_offered_to_nobody() {
    let stage = Stage::new();
    let server = serve(&stage, "").await;
    let ask = async |expected: &str| {
        assert_eq!(told(&server, "/update", &question("7.0.0", "x")).await, expected);
    };
    ask("7.4.0").await;
    for (change, expected) in [
        (json!({"do": "share", "version": "7.4.0", "basis_points": 9_999}), "7.1.0"),
        (json!({"do": "share", "version": "7.4.0", "basis_points": 10_000}), "7.4.0"),
        (json!({"do": "halt", "version": "7.4.0"}), "7.1.0"),
        (json!({"do": "resume", "version": "7.4.0"}), "7.4.0"),
        (json!({"do": "recall", "version": "7.4.0"}), "7.1.0"),
        (json!({"do": "halt", "version": "7.1.0"}), "204"),
    ] {
        let order = json!({"channel": "stable", "change": change});
        let answer = server.post("rollout", order.to_string()).await;
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        ask(expected).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_package_for_android_waits_for_its_packed_twin() {
    let stage = Stage::new();
    // Nothing is made here.
    let server = stage.serve_with(&section(&stage, ""), &stage.script("exit 1")).await;
    publish(&stage, &server, &[("7.4.0", "android-arm", noise(1, 5000))]).await;
    let question = question_of("android", "arm64", "7.1.0", "");
    assert_eq!(update(&server, &question).await, Err(204));
    assert_eq!(server.metric("autoupdate_lantern_checks_total{outcome=\"unpacked\"}").await, 1);
    server.stop().await;
    // Noise, as an APK is: packed it is longer, and still it comes.
    let server = stage.serve(&section(&stage, "")).await;
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let asking = async {
        loop {
            ticks.tick().await;
            match update(&server, &question).await {
                Ok(update) => return update,
                Err(status) => assert_eq!(status, 204),
            }
        }
    };
    let update = tokio::time::timeout(PATIENCE, asking).await.expect("the twin comes");
    assert!(update["url"].as_str().unwrap().ends_with(".tool.bz2"), "{update}");
    assert_eq!((&update["patch_url"], &update["patch_type"]), (&json!(""), &json!("")));
    server.stop().await;
}

#[tokio::test]
async fn without_the_section_old_clients_are_strangers() {
    let stage = Stage::new();
    let server = stage.serve("").await;
    for path in
        ["/update", "/update/lantern", &format!("/patches/{}", "a".repeat(64)), &format!("/update/{APP}")]
    {
        let answer = ask(&server, path, question("7.1.0", "x").to_string()).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json", "{path}");
    }
    server.stop().await;
}
