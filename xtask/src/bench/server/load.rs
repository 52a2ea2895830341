//! Who asks: wrk, for as long as it is told, after one request that shows that the answer is the right one.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command;

/// The longest that one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same request again and again.
pub(super) struct Load<'a> {
    pub(super) address: &'a str,
    pub(super) path: &'a str,
    /// With the ETag that the object has.
    pub(super) conditional: bool,
    /// What must be answered.
    pub(super) status: u16,
    pub(super) connections: u32,
}

impl Load<'_> {
    /// Asks for so long. How many answers came.
    pub(super) fn run(&self, time: Duration) -> Result<u64> {
        let text = self.ask(time)?;
        requests(&text).with_context(|| format!("wrk says {text}"))
    }

    /// Asks for so long. The time within which 99 of 100 answers came.
    pub(super) fn p99(&self, time: Duration) -> Result<Duration> {
        let text = self.ask(time)?;
        p99(&text).with_context(|| format!("wrk says {text}"))
    }

    fn ask(&self, time: Duration) -> Result<String> {
        let header = if self.conditional {
            format!("If-None-Match: {}", etag(self.address, self.path)?)
        } else {
            String::new()
        };
        let status = status(self.address, self.path, &header)?;
        if status != self.status {
            bail!("{} answers {status} for {}, expected is {}", self.address, self.path, self.status);
        }
        let mut wrk = Command::new("wrk");
        wrk.args(["-t1", "--latency", &format!("-c{}", self.connections), &format!("-d{}s", time.as_secs())]);
        if self.conditional {
            wrk.args(["-H", &header]);
        }
        wrk.arg(format!("http://{}{}", self.address, self.path));
        command::output(&mut wrk)
    }
}

/// The number in "  123456 requests in 5.00s, 1.23GB read".
fn requests(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains(" requests in "))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The time in "     99%    1.23ms".
fn p99(text: &str) -> Option<Duration> {
    let word = text.lines().find_map(|line| line.trim().strip_prefix("99%"))?.trim();
    let unit = word.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = word.split_at(unit);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return None,
    };
    Some(Duration::from_secs_f64(number.parse::<f64>().ok()? * seconds))
}

/// The status of one answer.
pub(super) fn status(address: &str, path: &str, header: &str) -> Result<u16> {
    let head = head(address, path, header)?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    status.with_context(|| format!("the answer is {head}"))
}

fn etag(address: &str, path: &str) -> Result<String> {
    let head = head(address, path, "")?;
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("etag:"));
    let value = line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned());
    value.with_context(|| format!("there is no ETag in {head}"))
}

/// The body of one answer, and its head before it.
pub(super) fn body(address: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.take(1 << 20).read_to_string(&mut text)?;
    Ok(text)
}

/// The head of one answer.
fn head(address: &str, path: &str, header: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let line = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{line}\r\n")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read() {
        let text = "Running 5s test @ http://127.0.0.1:1/\n  1 threads and 32 connections\n  162430 requests in 5.00s, \
                    31.6MB read\nRequests/sec:  32473.52\n";
        assert_eq!(requests(text), Some(162_430));
        assert_eq!(requests("unable to connect"), None);
        let text = "  Latency Distribution\n     90%    0.90ms\n     99%    1.25ms\n";
        assert_eq!(p99(text), Some(Duration::from_micros(1250)));
        assert_eq!(p99("     99%  312.00us\n"), Some(Duration::from_micros(312)));
        assert_eq!(p99("nothing"), None);
    }
}
