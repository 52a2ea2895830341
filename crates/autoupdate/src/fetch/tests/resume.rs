//! Downloads into the spool that break off and go on.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};

use protocol::Digest;
use tokio_util::sync::CancellationToken;

use super::peer::{Peer, Reply, Request, answer};
use super::*;

const LENGTH: usize = 10_000;

fn object() -> Vec<u8> {
    (0..LENGTH).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect()
}

struct Place {
    _folder: tempfile::TempDir,
    file: SpoolFile,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let file = Spool::open(folder.path()).unwrap().file(&Digest::of(&object()), "full");
    Place { _folder: folder, file }
}

/// One attempt: what was received, and the whole object as the reader saw it.
async fn attempt(peer: &Peer, place: &Place, length: Length) -> Result<(Received, Vec<u8>), Error> {
    let url = peer.url("object");
    let what = Download { url: &url, object: "object", file: &place.file, length };
    let transfer = client().download(&what).await?;
    let mut follow = transfer.follow()?;
    let reader = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        follow.read_to_end(&mut bytes).map(|_| bytes)
    });
    let received = transfer.run(&CancellationToken::new(), |_| {}).await;
    let read = reader.await.unwrap();
    let received = received?;
    Ok((received, read.unwrap()))
}

const EXACTLY: Length = Length::Exactly(LENGTH as u64);

/// The first 60 %, announced as the whole.
fn cut(headers: &str) -> Reply {
    let whole = answer("200 OK", headers, &object());
    let head = whole.len() - LENGTH;
    Reply::Bytes(whole[..head + LENGTH * 6 / 10].to_vec())
}

fn rest(request: &Request, tag: &str) -> Reply {
    let from: usize =
        request.header("range").unwrap()["bytes=".len()..].trim_end_matches('-').parse().unwrap();
    let range = format!("ETag: {tag}\r\nContent-Range: bytes {from}-{}/{LENGTH}\r\n", LENGTH - 1);
    Reply::Bytes(answer("206 Partial Content", &range, &object()[from..]))
}

#[tokio::test]
async fn a_download_that_is_cut_at_60_percent_goes_on_there() {
    let peer = Peer::start(|request| match request.header("range") {
        None => cut("ETag: \"1\"\r\n"),
        Some(_) => rest(request, "\"1\""),
    })
    .await;
    let place = place();
    assert_eq!(code(attempt(&peer, &place, EXACTLY).await), "E-NET-BROKEN");
    let (received, bytes) = attempt(&peer, &place, EXACTLY).await.unwrap();
    assert!(bytes == object());
    assert_eq!((received.bytes, received.fetched), (10_000, 4_000));
    let requests = peer.requests();
    assert_eq!(requests[1].header("range"), Some("bytes=6000-"));
    assert_eq!(requests[1].header("if-range"), Some("\"1\""));
    // All bytes are here: a third attempt asks nobody.
    assert!(attempt(&peer, &place, EXACTLY).await.unwrap().1 == object());
    assert_eq!(peer.requests().len(), 2);
}

/// After a cut download, the second attempt gets `second`; it must end with the whole object after `requests` requests.
async fn starts_over(name: &str, second: fn(&Request) -> Reply, requests: usize) {
    let asked = AtomicUsize::new(0);
    let peer = Peer::start(move |request| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => cut("ETag: \"1\"\r\n"),
        1 => second(request),
        _ => Reply::Bytes(answer("200 OK", "ETag: \"2\"\r\n", &object())),
    })
    .await;
    let place = place();
    assert_eq!(code(attempt(&peer, &place, EXACTLY).await), "E-NET-BROKEN", "{name}");
    let (received, bytes) = attempt(&peer, &place, EXACTLY).await.unwrap();
    assert!(bytes == object(), "{name}");
    assert_eq!((received.fetched, peer.requests().len()), (10_000, requests), "{name}");
}

#[tokio::test]
async fn what_does_not_fit_starts_over() {
    fn partial(range: &str, tag: &str, body: &[u8]) -> Reply {
        let headers = format!("ETag: {tag}\r\nContent-Range: {range}\r\n");
        Reply::Bytes(answer("206 Partial Content", &headers, body))
    }
    starts_over("ranges are not known", |_| Reply::Bytes(answer("200 OK", "", &object())), 2).await;
    starts_over("the tag changed", |_| Reply::Bytes(answer("200 OK", "ETag: \"2\"\r\n", &object())), 2).await;
    starts_over("the tag changed in the rest", |request| rest(request, "\"2\""), 3).await;
    starts_over("another range", |_| partial("bytes 5000-9999/10000", "\"1\"", &object()[5000..]), 3).await;
    starts_over(
        "the range ends early",
        |_| partial("bytes 6000-8999/10000", "\"1\"", &object()[6000..9000]),
        3,
    )
    .await;
    starts_over("another length", |_| partial("bytes 6000-10999/11000", "\"1\"", &[0; 5000]), 3).await;
    starts_over("no range", |_| partial("", "\"1\"", &object()[6000..]), 3).await;
    starts_over("the rest has another length", |_| partial("bytes 6000-9999/10000", "\"1\"", &[0; 40]), 3)
        .await;
    starts_over("416", |_| Reply::Bytes(answer("416 No", "Content-Range: bytes */9\r\n", b"")), 3).await;
}

#[tokio::test]
async fn without_a_strong_tag_nothing_is_continued() {
    for tag in ["", "ETag: W/\"1\"\r\n", "ETag: 1\r\n"] {
        let asked = AtomicUsize::new(0);
        let peer = Peer::start(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
            0 => cut(tag),
            _ => Reply::Bytes(answer("200 OK", "", &object())),
        })
        .await;
        let place = place();
        assert_eq!(code(attempt(&peer, &place, EXACTLY).await), "E-NET-BROKEN");
        assert!(attempt(&peer, &place, EXACTLY).await.unwrap().1 == object());
        assert_eq!(peer.requests()[1].header("range"), None, "{tag}");
    }
}

#[tokio::test]
async fn lengths_are_limits() {
    let whole = || answer("200 OK", "", &object());
    let unannounced = || [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec(), object()].concat();
    for (name, bytes, length, expected) in [
        ("announced longer", whole(), Length::Exactly(9_999), "E-NET-TOO-LONG"),
        ("announced shorter", whole(), Length::Exactly(10_001), "E-NET-LENGTH"),
        ("longer", unannounced(), Length::Exactly(9_999), "E-NET-TOO-LONG"),
        ("shorter", unannounced(), Length::Exactly(10_001), "E-NET-LENGTH"),
        ("above the limit", unannounced(), Length::AtMost(9_999), "E-NET-TOO-LONG"),
        ("empty", answer("200 OK", "", b""), Length::AtMost(9_999), "E-NET-PORTAL"),
        ("a login page", answer("200 OK", "Content-Type: text/html\r\n", b"<html>"), EXACTLY, "E-NET-PORTAL"),
        ("missing", answer("404 Not Found", "", b""), EXACTLY, "E-NET-NOT-FOUND"),
        ("being made", answer("202 Accepted", "Retry-After: 1\r\n", b""), EXACTLY, "E-NET-BUSY"),
    ] {
        let peer = Peer::always(Reply::Bytes(bytes)).await;
        let place = place();
        assert_eq!(code(attempt(&peer, &place, length).await), expected, "{name}");
    }
    let peer = Peer::always(Reply::Bytes(unannounced())).await;
    assert!(attempt(&peer, &place(), Length::AtMost(10_000)).await.unwrap().1 == object());
}

#[tokio::test]
async fn a_stall_at_99_percent_is_an_error_and_the_rest_is_fetched_later() {
    let peer = Peer::start(|request| match request.header("range") {
        None => {
            let whole = answer("200 OK", "ETag: \"1\"\r\n", &object());
            Reply::Stall(whole[..whole.len() - 100].to_vec())
        }
        Some(_) => rest(request, "\"1\""),
    })
    .await;
    let place = place();
    assert_eq!(code(attempt(&peer, &place, EXACTLY).await), "E-NET-SLOW");
    assert_eq!(attempt(&peer, &place, EXACTLY).await.unwrap().0.fetched, 100);
}

#[tokio::test]
async fn cancelling_keeps_what_came() {
    let peer = Peer::start(|request| match request.header("range") {
        None => {
            let whole = answer("200 OK", "ETag: \"1\"\r\n", &object());
            Reply::Stall(whole[..whole.len() - 4_000].to_vec())
        }
        Some(_) => rest(request, "\"1\""),
    })
    .await;
    let place = place();
    let url = peer.url("object");
    let what = Download { url: &url, object: "object", file: &place.file, length: EXACTLY };
    let transfer = client().download(&what).await.unwrap();
    let cancel = CancellationToken::new();
    let stopped = transfer.run(&cancel, |now| {
        if now.bytes == 6_000 {
            cancel.cancel();
        }
    });
    assert_eq!(code(stopped.await), "E-NET-CANCELLED");
    assert_eq!(attempt(&peer, &place, EXACTLY).await.unwrap().0.fetched, 4_000);
}
