//! The transcripts of the original, replayed byte by byte. What must differ from the ones that were recorded is bytes that
//! only its owner has: program, key, addresses. The expected answers were computed by other programs (Python, openssl).

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{publish, question, section, until_patch};
use crate::stage::{PATIENCE, Stage, edited, noise, target};

/// What the original does not send.
const OURS: &[&str] = &["date", "x-content-type-options", "content-security-policy", "x-request-id"];

/// Status, headers in order of their names, body.
type Answer = (String, Vec<(String, String)>, Vec<u8>);

/// The request and the answer of a transcript.
fn parse(text: &str) -> (Vec<u8>, Answer) {
    let side = |mark: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix(mark));
        let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        let end = lines.iter().position(|line| line.is_empty()).unwrap();
        (lines[..end].to_vec(), lines[end + 1..].concat().into_bytes())
    };
    let (head, body) = side(">");
    let request = [format!("{}\r\n\r\n", head.join("\r\n")).into_bytes(), body].concat();
    let (head, body) = side("<");
    (request, answer(&head, body))
}

fn answer(head: &[&str], body: Vec<u8>) -> Answer {
    let header = |line: &&str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_lowercase(), value.to_owned())
    };
    let mut headers: Vec<_> = head[1..].iter().map(header).collect();
    headers.retain(|(name, _)| !OURS.contains(&name.as_str()));
    headers.sort();
    (head[0].to_owned(), headers, body)
}

/// Sends a request and reads its answer; the connection stays open, as the original keeps it.
async fn exchange(stream: &mut TcpStream, request: &[u8]) -> Answer {
    stream.write_all(request).await.unwrap();
    let reading = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let lines: Vec<&str> = head.trim_end().split("\r\n").collect();
        let (status, headers, _) = answer(&lines, Vec::new());
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
        stream.read_exact(&mut body).await.unwrap();
        (status, headers, body)
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("an answer comes")
}

#[tokio::test]
async fn the_transcripts_of_the_original() {
    let stage = Stage::new();
    let server = stage.serve(&section(&stage, "")).await;
    let old = noise(1, 200_000);
    let (new, package) = (edited(&old), noise(5, 50_000));
    publish(&stage, &server, &[("7.1.0", "linux-x86_64", old.clone())]).await;
    let releases = [("7.4.0", "linux-x86_64", new.clone()), ("7.4.0", "android-arm", package)];
    let artifacts = publish(&stage, &server, &releases).await;
    // Both are made in the background; how that looks meanwhile is shown elsewhere.
    let first = question("7.1.0", &protocol::Digest::of(&old).to_string());
    let path = until_patch(&server, &first).await;
    server.until(&format!("{}.bz2", target(&artifacts[1])), 200, &[404]).await;

    let mut stream = server.connect().await;
    for (name, text) in [
        ("patch", include_str!("transcripts/patch.txt")),
        ("channel", include_str!("transcripts/channel.txt")),
        ("current", include_str!("transcripts/current.txt")),
        ("full", include_str!("transcripts/full.txt")),
        ("unnamed", include_str!("transcripts/unnamed.txt")),
        ("unsupported", include_str!("transcripts/unsupported.txt")),
        ("android", include_str!("transcripts/android.txt")),
        ("malformed", include_str!("transcripts/malformed.txt")),
        ("method", include_str!("transcripts/method.txt")),
    ] {
        let (request, expected) = parse(text);
        let found = exchange(&mut stream, &request).await;
        assert_eq!((&found.0, &found.1), (&expected.0, &expected.1), "{name}");
        assert_eq!(String::from_utf8_lossy(&found.2), String::from_utf8_lossy(&expected.2), "{name}");
    }

    // Then the patch, on the same connection.
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:9997\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n"
    );
    let (status, headers, body) = exchange(&mut stream, request.as_bytes()).await;
    let header = |name: &str| headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str());
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert_eq!(header("content-type"), Some("application/octet-stream"));
    assert_eq!(header("accept-ranges"), Some("bytes"));
    // `Mon, 23 Nov 2026 12:53:06 GMT`
    let modified = header("last-modified").unwrap();
    assert!(modified.len() == 29 && modified.ends_with(" GMT"), "{modified}");
    assert!(body.starts_with(b"BSDIFF40"));
    delta::check_bsdiff40(body.as_slice(), new.len() as u64).unwrap();
    let mut result = Vec::new();
    let expected = delta::Expected { length: new.len() as u64, sha256: artifacts[0].sha256 };
    let format = protocol::FormatId::parse("bsdiff40").unwrap();
    delta::apply(&format, old.as_slice(), body.as_slice(), &mut result, &expected, &delta::Limits::default())
        .unwrap();
    assert!(result == new);

    // And the package, as its client unpacks it.
    let packed = server.get(&format!("{}.bz2", target(&artifacts[1]))).await.bytes().await.unwrap();
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut bzip2::read::BzDecoder::new(&*packed), &mut plain).unwrap();
    assert!(plain == noise(5, 50_000));
    server.stop().await;
}
