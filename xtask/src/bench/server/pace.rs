//! How long answers take of a server that has time: some clients that stay connected, each with one request every so often.
//!
//! Who asks as fast as answers come measures how a full machine is shared out, and hardly what a client waits for.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::load::{self, Load};

/// Between two requests of one client.
const EVERY: Duration = Duration::from_millis(10);
/// The longest that one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The time within which 99 of 100 answers come whole, asked for so long.
pub(super) fn p99(load: &Load, time: Duration) -> Result<Duration> {
    let words = load.words()?.to_wire(load.address, false);
    let (words, end) = (words.as_bytes(), Instant::now() + time);
    let mut times = thread::scope(|scope| {
        let clients: Vec<_> = (0..load.connections)
            .map(|number| {
                // Not all at once.
                let first = Instant::now() + EVERY * number / load.connections;
                scope.spawn(move || ask(load, words, first, end))
            })
            .collect();
        let mut times = Vec::new();
        for client in clients {
            times.extend(client.join().map_err(|_| anyhow::anyhow!("a client died"))??);
        }
        anyhow::Ok(times)
    })?;
    times.sort_unstable();
    times.get(times.len() * 99 / 100).copied().context("nothing was answered")
}

/// One client: the times of its answers.
fn ask(load: &Load, words: &[u8], first: Instant, end: Instant) -> Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(load.address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let (mut times, mut next, mut bytes) = (Vec::new(), first, vec![0; 1 << 16]);
    while next < end {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        // Late ones count from when they were due: a server that makes clients wait makes the next ones wait too.
        stream.write_all(words)?;
        let status = read(&mut stream, &mut bytes)?;
        if status != load.status {
            bail!("{} answers {status}, expected is {}", load.address, load.status);
        }
        times.push(next.elapsed());
        next += EVERY;
    }
    Ok(times)
}

/// Reads one whole answer. Its status.
fn read(stream: &mut TcpStream, bytes: &mut [u8]) -> Result<u16> {
    let mut length = 0;
    let (head, mut left) = loop {
        let read = stream.read(bytes.get_mut(length..).unwrap_or_default())?;
        length += read;
        let text = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default());
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let body = length.saturating_sub(head.len() + 4);
            break (head.to_owned(), content_length(head).saturating_sub(body));
        }
        if read == 0 {
            bail!("an answer is cut off: {text}");
        }
    };
    while left > 0 {
        match stream.read(bytes)? {
            0 => bail!("an answer is cut off"),
            read => left = left.saturating_sub(read),
        }
    }
    load::status_of(&head)
}

fn content_length(head: &str) -> usize {
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_body_is_read() {
        assert_eq!(content_length("HTTP/1.1 200 OK\r\ncontent-type: x\r\nContent-Length: 17"), 17);
        assert_eq!(content_length("HTTP/1.1 304 Not Modified\r\netag: \"x\""), 0);
    }
}
