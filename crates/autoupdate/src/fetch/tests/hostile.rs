//! Servers that want to hold us up or fill us.

use super::peer::{Peer, Reply, answer};
use super::*;

const ASK: Ask<'_> = Ask { limit: 10_000, expect: Expect::Bytes, etag: None };
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n";

async fn check(name: &str, reply: Reply, expected: &str) {
    let peer = Peer::always(reply).await;
    let (client, url) = (client(), peer.url("x"));
    let asked = client.small(&url, ASK);
    let asked = tokio::time::timeout(Duration::from_secs(8), asked).await.expect("it ends by itself");
    assert_eq!(code(asked), expected, "{name}");
}

#[tokio::test]
async fn nothing_holds_us_up() {
    check("says nothing", Reply::Stall(Vec::new()), "E-NET-TIMEOUT").await;
    check("half a head", Reply::Stall(b"HTTP/1.1 200 O".to_vec()), "E-NET-TIMEOUT").await;
    check("stalls in the body", Reply::Stall([HEAD, &[1; 8999]].concat()), "E-NET-SLOW").await;
    check("drips the head", Reply::Drip(b"HTTP/1.1 200 OK\r\nX: ".to_vec()), "E-NET-TIMEOUT").await;
    check("drips the body", Reply::Drip(HEAD.to_vec()), "E-NET-SLOW").await;
}

#[tokio::test]
async fn nothing_fills_us() {
    let endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    check("a body without an end", Reply::Flood(endless), "E-NET-TOO-LONG").await;
    let chunks: Vec<u8> =
        b"1000\r\n".iter().chain(&[7; 0x1000]).chain(b"\r\n").copied().cycle().take(50_000).collect();
    let chunked = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), chunks].concat();
    check("chunks", Reply::Bytes(chunked), "E-NET-TOO-LONG").await;
    check("a header line without an end", Reply::Flood(b"HTTP/1.1 200 OK\r\nX: ".to_vec()), "E-NET-BROKEN")
        .await;
    let many: String = (0..500).map(|number| format!("X-{number}: y\r\n")).collect();
    check("500 headers", Reply::Bytes(answer("200 OK", &many, b"{}")), "E-NET-BROKEN").await;
    let lie = b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n{}".to_vec();
    check("a length like the universe", Reply::Bytes(lie), "E-NET-TOO-LONG").await;
}

#[tokio::test]
async fn a_steady_answer_is_never_too_slow() {
    // 20 ms per byte is 50 bytes a second; ask for less than that and it is served to its end.
    let limits = Limits { minimum: 2, window: Duration::from_millis(400), ..quick() };
    let client = Client::new(Config { limits, proxy: Proxy::Off }).unwrap();
    let peer = Peer::always(Reply::Drip(b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n".to_vec())).await;
    let Small::Body { bytes, .. } = client.small(&peer.url("x"), ASK).await.unwrap() else { panic!() };
    assert_eq!(bytes.len(), 60);
}
