//! Clients that mean harm, or are broken in ways that look like it.

use std::time::Duration;

use protocol::{Digest, object};
use reqwest::header;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::stage::{APP, PATIENCE, Stage, noise, status, target};

#[tokio::test]
async fn slow_heads_and_idle_connections_are_closed() {
    let stage = Stage::new();
    let server = stage.serve("limits.header_timeout = \"1s\"").await;
    for begin in ["", "G", "GET / HTTP/1.1\r\nHost: x\r\n"] {
        let mut stream = server.connect().await;
        stream.write_all(begin.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "{begin:?} is waited for");
        assert!(matches!(status(&answer), 0 | 408), "{begin:?}");
    }
    // A connection that was answered and then says nothing.
    let mut stream = server.connect().await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(closed.is_ok() && status(&answer) == 200);
    server.stop().await;
}

#[tokio::test]
async fn who_says_that_nothing_more_comes_is_answered() {
    let stage = Stage::new();
    let server = stage.serve("").await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(closed.is_ok() && status(&answer) == 200, "{}", String::from_utf8_lossy(&answer));
    server.stop().await;
}

#[tokio::test]
async fn floods_of_headers_are_refused() {
    let stage = Stage::new();
    let server = stage.serve("").await;
    let many: String = (0..200).map(|number| format!("X-{number}: y\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "y".repeat(100_000));
    for headers in [many, long] {
        let request = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        let answer = server.raw(request.as_bytes()).await;
        assert!(matches!(status(&answer), 0 | 400 | 431), "{}", status(&answer));
    }
    assert_eq!(server.raw_get("/healthz").await, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0\nlimits.stall_timeout = \"1s\"").await;
    // More than the kernel's buffers on both sides take.
    let artifact = stage.publish(&server, "1.0.0", &noise(1, 24 << 20)).await;
    let mut stream = server.connect().await;
    let request = format!("GET /apps/{APP}/{} HTTP/1.1\r\nHost: x\r\n\r\n", target(&artifact));
    stream.write_all(request.as_bytes()).await.unwrap();
    let open = async || server.metric("autoupdate_connections").await;
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let cut = async {
        // The client of this test keeps one connection itself.
        while open().await > 1 {
            ticks.tick().await;
        }
    };
    ticks_until(cut).await;
    drop(stream);
    server.stop().await;
}

/// Reads an answer of 24 MiB at 4 MiB a second; how much of it came.
async fn read_slowly(more: &str) -> usize {
    let stage = Stage::new();
    let server = stage.serve(&format!("patches.bases = 0\n{more}")).await;
    let length = 24 << 20;
    let artifact = stage.publish(&server, "1.0.0", &noise(1, length)).await;
    let mut stream = server.connect().await;
    let request =
        format!("GET /apps/{APP}/{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target(&artifact));
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut ticks, mut piece) = (tokio::time::interval(Duration::from_millis(50)), vec![0; 200 << 10]);
    let (mut read, mut end) = (0, false);
    while !end {
        ticks.tick().await;
        let mut filled = 0;
        while filled < piece.len() && !end {
            match tokio::time::timeout(PATIENCE, stream.read(&mut piece[filled..])).await.unwrap() {
                Ok(0) | Err(_) => end = true,
                Ok(count) => filled += count,
            }
        }
        read += filled;
    }
    server.stop().await;
    read.min(length)
}

#[tokio::test]
async fn a_client_that_reads_too_slowly_is_cut_off() {
    let fast = "limits.stall_timeout = \"1s\"\nlimits.minimum_rate = \"64 MiB\"";
    let (cut, whole) = tokio::join!(read_slowly(fast), read_slowly(""));
    assert!(cut < 24 << 20, "it got all {cut} bytes");
    assert_eq!(whole, 24 << 20, "with the limits that a server has by itself it is no slow one");
}

async fn ticks_until(condition: impl Future<Output = ()>) {
    tokio::time::timeout(PATIENCE, condition).await.expect("it happens in time");
}

#[tokio::test]
async fn one_address_has_one_budget() {
    let stage = Stage::new();
    let server = stage.serve("limits.requests_per_second = 1\nlimits.burst = 5").await;
    let mut refused = None;
    for _ in 0..20 {
        let answer = server.get("metadata/1.root.json").await;
        if answer.status() == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the budget ends");
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    let text = refused.text().await.unwrap();
    assert!(text.contains("too-many-requests"), "{text}");
    // Operators are not shut out.
    assert_eq!(server.raw_get("/healthz").await, 200);
    server.stop().await;
}

#[tokio::test]
async fn one_address_has_so_many_connections() {
    let stage = Stage::new();
    let server = stage.serve("limits.connections_per_address = 3").await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut stream = server.connect().await;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut piece = [0; 16];
        stream.read_exact(&mut piece).await.unwrap();
        assert_eq!(status(&piece), 200);
        held.push(stream);
    }
    assert_eq!(server.raw_get("/healthz").await, 0, "closed at once");
    drop(held.pop());
    let again = async { while server.raw_get("/healthz").await != 200 {} };
    ticks_until(again).await;
    server.stop().await;
}

#[tokio::test]
async fn whatever_is_asked_is_never_our_fault() {
    let stage = Stage::new();
    let server = stage.serve("patches.bases = 0\nlimits.requests_per_second = 0").await;
    let artifact = stage.publish(&server, "1.0.0", b"content").await;
    let sha = Digest::of(b"x").to_string();
    let parts = [
        "apps",
        APP,
        "metadata",
        "targets",
        "patches",
        "objects",
        "rollout",
        "releases",
        "1.0.0",
        "..",
        ".",
        "%2e%2e",
        "%00",
        "%ff",
        "é",
        "index.json",
        "timestamp.json",
        "1.root.json",
        "healthz",
        "metrics",
        "a b",
        "*",
        "?",
        "#",
        ";",
        "'",
        "\"",
        "<",
        "{app}",
        "\\",
        "1.root.json?a=b",
        "99999999999999999999.root.json",
        sha.as_str(),
        "x.bsz1",
        "https:",
        "",
    ];
    let methods =
        ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "GE T", "get", "X"];
    let good = format!("/apps/{APP}/{}", target(&artifact));
    let headers = [
        "Range: bytes=0-",
        "Range: bytes=9-1",
        "Range: bytes=\u{e9}",
        "If-None-Match: *",
        "If-Range: \"",
        "Accept: x/y",
        "If-None-Match: \u{0}",
        "Content-Length: 5",
        "Content-Length: -1",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip",
        "Authorization: Bearer x",
        "Authorization: \u{7f}",
        "Authorization: Bearer a token that may publish and roll out",
        "Expect: 100-continue",
        "Connection: upgrade",
        "Upgrade: h2c",
        "X-Forwarded-For: 1.2.3.4",
        "Host: y",
        "Content-Type: application/json",
    ];
    let mut dice = noise(9, 60_000).into_iter();
    let mut roll = |sides: usize| usize::from(dice.next().unwrap()) % sides;
    for _ in 0..1500 {
        let length = roll(7);
        let mut path: String =
            (0..length).map(|_| parts[roll(parts.len())]).fold(String::new(), |path, part| path + "/" + part);
        if roll(8) == 0 {
            path.clone_from(&good);
        }
        let mut request =
            format!("{} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", methods[roll(methods.len())]);
        for _ in 0..roll(4) {
            request += headers[roll(headers.len())];
            request += "\r\n";
        }
        request += "\r\nsome body";
        let mut stream = server.connect().await;
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "no end: {request:?}");
        assert!(status(&answer) < 500, "{} for {request:?}", status(&answer));
    }
    assert_eq!(server.metric("autoupdate_panics_total").await, 0);
    assert_eq!(server.get(object::TIMESTAMP).await.status(), 200);
    server.stop().await;
}
