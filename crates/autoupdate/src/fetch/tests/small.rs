//! Small answers: status, conditions, portals, redirects.

use super::peer::{Peer, Reply, Request, answer};
use super::*;

fn ask(etag: Option<&str>) -> Ask<'_> {
    Ask { limit: 100, expect: Expect::Json, etag }
}

async fn reply(bytes: Vec<u8>) -> Result<Small, Error> {
    let peer = Peer::always(Reply::Bytes(bytes)).await;
    client().small(&peer.url("x"), ask(None)).await
}

#[tokio::test]
async fn a_body_and_its_entity_tag() {
    let small = reply(answer("200 OK", "ETag: \"7\"\r\n", b"{}")).await.unwrap();
    assert_eq!(small, Small::Body { bytes: "{}".into(), etag: Some("\"7\"".to_owned()) });
}

#[tokio::test]
async fn the_request_asks_for_plain_bytes_and_names_the_stored_copy() {
    let peer = Peer::always(Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec())).await;
    let small = client().small(&peer.url("x"), ask(Some("\"7\""))).await;
    assert_eq!(small.unwrap(), Small::NotModified);
    let requests = peer.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("if-none-match"), Some("\"7\""));
    assert_eq!(requests[0].header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn what_is_missing_is_missing() {
    for status in ["404 Not Found", "403 Forbidden", "410 Gone"] {
        let small = reply(answer(status, "Content-Type: text/html\r\n", b"<html>")).await;
        assert_eq!(small.unwrap(), Small::NotFound, "{status}");
    }
}

#[tokio::test]
async fn answers_of_somebody_in_between_are_no_connection() {
    for (name, bytes) in [
        ("login page", answer("200 OK", "Content-Type: text/html; charset=utf-8\r\n", b"{}")),
        ("untyped page", answer("200 OK", "", b" \n<!doctype html>")),
        ("empty", answer("200 OK", "", b"")),
        ("511", answer("511 Network Authentication Required", "", b"{}")),
        ("304 without a stored copy", b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()),
    ] {
        assert_eq!(code(reply(bytes).await), "E-NET-PORTAL", "{name}");
    }
}

#[tokio::test]
async fn other_answers_have_their_code() {
    for (name, bytes, expected) in [
        ("500", answer("500 Oops", "", b"{}"), "E-NET-STATUS"),
        ("206 unasked", answer("206 Partial Content", "", b"{}"), "E-NET-STATUS"),
        ("407", answer("407 Proxy Authentication Required", "", b""), "E-NET-PROXY"),
        ("503", answer("503 Busy", "", b""), "E-NET-BUSY"),
        ("gzip", answer("200 OK", "Content-Encoding: gzip\r\n", b"\x1f\x8b"), "E-NET-CODING"),
        ("twice", answer("200 OK", "Content-Encoding: gzip, br\r\n", b"\x1f\x8b"), "E-NET-CODING"),
        ("too long", answer("200 OK", "", &[b' '; 101]), "E-NET-TOO-LONG"),
        ("cut", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{".to_vec(), "E-NET-BROKEN"),
        (
            "two lengths",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}".to_vec(),
            "E-NET-BROKEN",
        ),
        ("negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}".to_vec(), "E-NET-BROKEN"),
        ("no HTTP", b"SSH-2.0-OpenSSH\r\n\r\n".to_vec(), "E-NET-BROKEN"),
        ("nothing", Vec::new(), "E-NET-BROKEN"),
    ] {
        assert_eq!(code(reply(bytes).await), expected, "{name}");
    }
}

#[tokio::test]
async fn a_busy_server_may_ask_for_patience_up_to_the_limit() {
    for (value, expected) in [("30", 30), ("99999999", 600), ("0", 1)] {
        let error = reply(answer("429 Too Many Requests", &format!("Retry-After: {value}\r\n"), b""))
            .await
            .unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(expected)), "{value}");
    }
}

#[tokio::test]
async fn nobody_listens() {
    let peer = Peer::always(Reply::Bytes(Vec::new())).await;
    let url = peer.url("x");
    drop(peer);
    assert_eq!(code(client().small(&url, ask(None)).await), "E-NET-CONNECT");
    assert_eq!(code(client().small(&unknown(), ask(None)).await), "E-NET-DNS");
}

/// Redirects `/hops/N` to `/hops/N-1`, `/to?URL` to URL, and answers `{}` at `/hops/0`.
fn redirecting(request: &Request) -> Reply {
    let to = |location: &str| Reply::Bytes(answer("302 Found", &format!("Location: {location}\r\n"), b""));
    match request.target.strip_prefix("/hops/").map(|hops| hops.parse::<u32>().unwrap()) {
        Some(0) => Reply::Bytes(answer("200 OK", "", b"{}")),
        Some(hops) => to(&format!("/hops/{}", hops - 1)),
        None => to(request.target.strip_prefix("/to?").unwrap_or_default()),
    }
}

#[tokio::test]
async fn redirects_are_followed_a_few_times() {
    let peer = Peer::start(redirecting).await;
    assert!(client().small(&peer.url("hops/5"), ask(None)).await.is_ok());
    assert_eq!(code(client().small(&peer.url("hops/6"), ask(None)).await), "E-NET-REDIRECT");
    assert_eq!(peer.requests().len(), 12);
}

#[tokio::test]
async fn redirects_to_other_places_are_not_followed() {
    let other = Peer::always(Reply::Bytes(answer("200 OK", "", b"{}"))).await;
    let peer = Peer::start(redirecting).await;
    for bad in [
        "file:///etc/passwd",
        "data:text/html,x",
        "ftp://127.0.0.1/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://example.org/",
        "",
    ] {
        assert_eq!(
            code(client().small(&peer.url(&format!("to?{bad}")), ask(None)).await),
            "E-NET-REDIRECT",
            "{bad}"
        );
    }
    // From this machine to this machine is fine.
    let near = format!("to?http://127.0.0.1:{}/", other.port);
    assert!(client().small(&peer.url(&near), ask(None)).await.is_ok());
    assert_eq!(other.requests().len(), 1);
}
