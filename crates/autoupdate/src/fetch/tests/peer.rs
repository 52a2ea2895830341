//! A server on loopback that answers exactly as told, byte for byte, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// These bytes, then the connection is closed.
    Bytes(Vec<u8>),
    /// These bytes, then silence while the client waits.
    Stall(Vec<u8>),
    /// These bytes, then one byte every 20 ms.
    Drip(Vec<u8>),
    /// These bytes, then the second ones, a few every 20 ms: slow, but not too slow.
    Trickle(Vec<u8>, Vec<u8>),
    /// These bytes, then zeros without an end.
    Flood(Vec<u8>),
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) target: String,
    pub(crate) head: String,
    /// As long as the head says.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// The server; gone when dropped.
pub(crate) struct Peer {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Peer {
    /// Starts a server that answers every request by this function.
    pub(crate) async fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                tokio::spawn(async move { serve(stream, &*answer, &seen).await });
            }
        });
        Self { port, requests, task }
    }

    /// Starts a server that always answers the same.
    pub(crate) async fn always(reply: Reply) -> Self {
        Self::start(move |_| reply.clone()).await
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}/{path}", self.port)).unwrap()
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: &(dyn Fn(&Request) -> Reply + Send + Sync),
    seen: &Mutex<Vec<Request>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut request = Request { target, head, body: Vec::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body.resize(length, 0);
    if stream.read_exact(&mut request.body).await.is_err() {
        return;
    }
    let reply = answer(&request);
    seen.lock().unwrap().push(request);
    let (Reply::Bytes(bytes)
    | Reply::Stall(bytes)
    | Reply::Drip(bytes)
    | Reply::Trickle(bytes, _)
    | Reply::Flood(bytes)) = &reply;
    // The client may hang up at any time: that is what these tests are about.
    if stream.write_all(bytes).await.is_err() {
        return;
    }
    match reply {
        Reply::Bytes(_) => {
            let _ = stream.shutdown().await;
        }
        Reply::Stall(_) => {
            let _ = stream.read_u8().await;
        }
        Reply::Drip(_) => {
            let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
            while stream.write_all(b"x").await.is_ok() {
                tick.tick().await;
            }
        }
        Reply::Trickle(_, rest) => {
            let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
            for few in rest.chunks(8) {
                if stream.write_all(few).await.is_err() {
                    return;
                }
                tick.tick().await;
            }
        }
        Reply::Flood(_) => while stream.write_all(&[0; 4096]).await.is_ok() {},
    }
}

/// An answer with a status line, headers and a body whose length is announced truly.
pub(crate) fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// What a plain static host answers below a folder: entity tags, conditions and ranges. `None` is 404.
pub(crate) fn file(bytes: Option<&[u8]>, request: &Request) -> Reply {
    let Some(bytes) = bytes else { return Reply::Bytes(answer("404 Not Found", "", b"no such object")) };
    let tag = format!("\"{}\"", protocol::Digest::of(bytes).short());
    if request.header("if-none-match") == Some(&tag) {
        return Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec());
    }
    let range = request.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    let from = range.and_then(|from| from.parse::<usize>().ok()).filter(|from| *from < bytes.len());
    match from {
        Some(from) if request.header("if-range") == Some(&tag) => {
            let (last, all) = (bytes.len() - 1, bytes.len());
            let headers = format!("ETag: {tag}\r\nContent-Range: bytes {from}-{last}/{all}\r\n");
            Reply::Bytes(answer("206 Partial Content", &headers, &bytes[from..]))
        }
        _ => Reply::Bytes(answer("200 OK", &format!("ETag: {tag}\r\n"), bytes)),
    }
}
