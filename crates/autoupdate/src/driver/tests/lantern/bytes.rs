//! Whole programs that are not what the server signed: the program here stays as it is.

use super::*;

#[tokio::test]
async fn bytes_that_were_not_signed_are_never_installed() {
    let good = sleeper("1.1.0");
    let mut flipped = packed(&good);
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let cut = packed(&good)[..middle].to_vec();
    for (name, bytes, expected) in [
        ("another program", sleeper("1.2.0"), "E-LANTERN-CHECKSUM"),
        ("another program, packed", packed(&sleeper("1.2.0")), "E-LANTERN-CHECKSUM"),
        ("one byte", b"x".to_vec(), "E-LANTERN-CHECKSUM"),
        ("one byte too many", [good.clone(), vec![0]].concat(), "E-LANTERN-CHECKSUM"),
        ("damaged", flipped, "E-LANTERN-COMPRESSED"),
        ("packed and cut", cut, "E-LANTERN-COMPRESSED"),
        ("bytes behind the last stream", [packed(&good), b"tail".to_vec()].concat(), "E-LANTERN-COMPRESSED"),
        ("packed and no bzip2", b"BZ, but nothing else".to_vec(), "E-LANTERN-COMPRESSED"),
        ("empty", Vec::new(), "E-NET-PORTAL"),
    ] {
        let stage = Stage::known(Mode::Ask).await;
        stage.names(&stage.says("1.1.0"));
        stage.serve(FULL, bytes);
        assert_eq!(stage.not_applied("1.0.1").await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_download_that_goes_wrong_on_its_way_is_said_so() {
    let head = |length: u64| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    let whole = sleeper("1.1.0").len() as u64;
    for (name, reply, expected) in [
        ("not there", Reply::Bytes(answer("404 Not Found", "", b"")), "E-NET-NOT-FOUND"),
        ("out of order", Reply::Bytes(answer("500 Oops", "", b"")), "E-NET-STATUS"),
        ("a page", Reply::Bytes(answer("200 OK", "Content-Type: text/html\r\n", b"log in")), "E-NET-PORTAL"),
        ("cut", Reply::Bytes(head(whole)), "E-NET-BROKEN"),
        ("stalled", Reply::Stall(head(whole)), "E-NET-SLOW"),
        ("larger than any program", Reply::Bytes(head((1 << 30) + 1)), "E-NET-TOO-LONG"),
        (
            "repacked on its way",
            Reply::Bytes(answer("200 OK", "Content-Encoding: gzip\r\n", b"\x1f\x8b")),
            "E-NET-CODING",
        ),
        (
            "a redirect to plain http",
            Reply::Bytes(answer("302 Found", "Location: http://example.org/x\r\n", b"")),
            "E-NET-REDIRECT",
        ),
    ] {
        let stage = Stage::known(Mode::Ask).await;
        stage.names(&stage.says("1.1.0"));
        stage.answer(FULL, move |_| reply.clone());
        assert_eq!(stage.not_applied("1.0.1").await, expected, "{name}");
    }
}

#[tokio::test]
async fn the_next_try_succeeds_after_every_failure() {
    let stage = Stage::known(Mode::Ask).await;
    stage.names(&stage.says("1.1.0"));
    stage.serve(FULL, sleeper("1.2.0"));
    stage.not_applied("1.0.1").await;
    stage.offers("1.1.0");
    stage.applied(how()).await;
    stage.world.assert_installed("1.1.0");
}
