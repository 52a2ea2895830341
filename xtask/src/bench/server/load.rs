//! Who asks: wrk, for as long as it is told, after one request that shows that the answer is the right one.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use crate::command;

/// The longest that one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is asked.
#[derive(Clone, Copy)]
pub(super) enum Request<'a> {
    /// An object, whole.
    Get(&'a str),
    /// An object, unless it is the one that is there.
    Unchanged(&'a str),
    /// JSON for somebody at a path.
    Post(&'a str, &'a str),
}

/// The same request again and again.
pub(super) struct Load<'a> {
    pub(super) address: &'a str,
    pub(super) request: Request<'a>,
    /// What must be answered.
    pub(super) status: u16,
    pub(super) connections: u32,
}

impl Load<'_> {
    /// Asks for so long, as fast as answers come. How many came.
    pub(super) fn run(&self, time: Duration) -> Result<u64> {
        let words = self.words()?;
        let status = status(self.address, &words)?;
        let Words { path, .. } = &words;
        if status != self.status {
            bail!("{} answers {status} for {path}, expected is {}", self.address, self.status);
        }
        let script = words.script()?;
        let mut wrk = Command::new("wrk");
        wrk.args(["-t1", &format!("-c{}", self.connections), &format!("-d{}s", time.as_secs())]);
        wrk.arg("-s").arg(script.path()).arg(format!("http://{}{path}", self.address));
        let text = command::output(&mut wrk)?;
        if self.status < 400 && text.contains("Non-2xx or 3xx responses") {
            bail!("not every answer of {path} is one: wrk says {text}");
        }
        requests(&text).with_context(|| format!("wrk says {text}"))
    }

    /// What is sent.
    pub(super) fn words(&self) -> Result<Words> {
        let (method, path, header, body) = match self.request {
            Request::Get(path) => ("GET", path, None, ""),
            Request::Unchanged(path) => ("GET", path, Some(("If-None-Match", etag(self.address, path)?)), ""),
            Request::Post(path, body) => {
                ("POST", path, Some(("Content-Type", "application/json".to_owned())), body)
            }
        };
        Ok(Words { method, path: path.to_owned(), header, body: body.to_owned() })
    }
}

/// A request, word for word.
pub(super) struct Words {
    method: &'static str,
    path: String,
    header: Option<(&'static str, String)>,
    body: String,
}

impl Words {
    /// For an HTTP/1.1 server at this address, which closes the connection afterwards or not.
    pub(super) fn to_wire(&self, address: &str, close: bool) -> String {
        let Self { method, path, header, body } = self;
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n");
        if close {
            text.push_str("Connection: close\r\n");
        }
        if let Some((name, value)) = header {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text + "\r\n" + body
    }

    /// For wrk, which is told in Lua.
    fn script(&self) -> Result<NamedTempFile> {
        let Self { method, header, body, .. } = self;
        let mut file = NamedTempFile::new()?;
        writeln!(file, "wrk.method = [[{method}]]")?;
        if let Some((name, value)) = header {
            writeln!(file, "wrk.headers[ [[{name}]] ] = [[{value}]]")?;
        }
        if !body.is_empty() {
            writeln!(file, "wrk.body = [[{body}]]")?;
        }
        Ok(file)
    }
}

/// The number in "  123456 requests in 5.00s, 1.23GB read".
fn requests(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains(" requests in "))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The status of one answer.
fn status(address: &str, words: &Words) -> Result<u16> {
    status_of(&head(address, words)?)
}

/// The status of the answer to a `GET`.
pub(super) fn status_at(address: &str, path: &str) -> Result<u16> {
    status(address, &get(path))
}

/// The status that the head of an answer begins with.
pub(super) fn status_of(head: &str) -> Result<u16> {
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    status.with_context(|| format!("the answer is {head}"))
}

fn get(path: &str) -> Words {
    Words { method: "GET", path: path.to_owned(), header: None, body: String::new() }
}

fn etag(address: &str, path: &str) -> Result<String> {
    let head = head(address, &get(path))?;
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("etag:"));
    let value = line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned());
    value.with_context(|| format!("there is no ETag in {head}"))
}

/// One whole answer, its head before its body.
pub(super) fn answer(address: &str, words: &Words) -> Result<String> {
    let stream = ask(address, words)?;
    let mut text = String::new();
    stream.take(1 << 20).read_to_string(&mut text)?;
    Ok(text)
}

/// One whole answer to a `GET`.
pub(super) fn body(address: &str, path: &str) -> Result<String> {
    answer(address, &get(path))
}

/// The head of one answer.
fn head(address: &str, words: &Words) -> Result<String> {
    let mut stream = ask(address, words)?;
    let mut bytes = [0; 4096];
    let mut length = 0;
    while !bytes.get(..length).unwrap_or_default().windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(bytes.get_mut(length..).unwrap_or_default())? {
            0 => break,
            more => length += more,
        }
    }
    Ok(String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned())
}

fn ask(address: &str, words: &Words) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(words.to_wire(address, true).as_bytes())?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read() {
        let text = "Running 5s test @ http://127.0.0.1:1/\n  1 threads and 32 connections\n  162430 requests in 5.00s, \
                    31.6MB read\nRequests/sec:  32473.52\n";
        assert_eq!(requests(text), Some(162_430));
        assert_eq!(requests("unable to connect"), None);
    }
}
