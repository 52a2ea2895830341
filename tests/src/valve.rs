//! A tap in the pipe between a client and its server: what a slow, stalling or broken network does to a download.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};

/// How much goes through at once, in bytes.
const GULP: usize = 4096;

/// A tap. Open at first; whoever waits at a closed one is let go when its value ends.
#[derive(Debug)]
pub struct Valve {
    address: SocketAddr,
    tap: Arc<Tap>,
}

#[derive(Debug, Default)]
struct Tap {
    left: Mutex<Left>,
    turned: Condvar,
}

/// What may still come from the server.
#[derive(Debug, Default, Clone, Copy)]
enum Left {
    #[default]
    Everything,
    Bytes(usize),
    /// The valve is gone.
    Ended,
}

impl Valve {
    /// In front of the server at this URL.
    ///
    /// # Errors
    /// If the URL has no address or no port can be had.
    pub fn before(url: &str) -> Result<Self> {
        let server = url.strip_prefix("http://").and_then(|rest| rest.split('/').next());
        let server: SocketAddr = server.context("a URL with an address")?.parse()?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let valve = Self { address: listener.local_addr()?, tap: Arc::default() };
        let tap = valve.tap.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if matches!(*tap.left(), Left::Ended) {
                    return;
                }
                // What cannot be connected is closed, as a proxy does.
                let Ok(server) = TcpStream::connect(server) else { continue };
                let tap = tap.clone();
                std::thread::spawn(move || pass(&client, &server, &tap));
            }
        });
        Ok(valve)
    }

    /// The URL to enrol with.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Nothing comes from the server any more.
    pub fn close(&self) {
        self.turn(Left::Bytes(0));
    }

    /// So many more bytes come from the server.
    pub fn let_through(&self, bytes: usize) {
        let more = match *self.tap.left() {
            Left::Bytes(left) => Left::Bytes(left + bytes),
            other => other,
        };
        self.turn(more);
    }

    /// Everything comes.
    pub fn open(&self) {
        self.turn(Left::Everything);
    }

    fn turn(&self, left: Left) {
        *self.tap.left() = left;
        self.tap.turned.notify_all();
    }
}

impl Drop for Valve {
    fn drop(&mut self) {
        self.turn(Left::Ended);
        // Wakes the one who listens; an error means that it has ended already.
        TcpStream::connect(self.address).ok();
    }
}

impl Tap {
    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for leave to pass something on: how much of `wanted` bytes. `None` = never more.
    fn leave(&self, wanted: usize) -> Option<usize> {
        let closed = |left: &mut Left| matches!(left, Left::Bytes(0));
        let mut left = self.turned.wait_while(self.left(), closed).unwrap_or_else(PoisonError::into_inner);
        match *left {
            Left::Everything => Some(wanted),
            Left::Bytes(bytes) => {
                let now = bytes.min(wanted);
                *left = Left::Bytes(bytes - now);
                Some(now)
            }
            Left::Ended => None,
        }
    }
}

/// Passes bytes in both directions until one side has enough. Errors are an end like any other.
fn pass(client: &TcpStream, server: &TcpStream, tap: &Tap) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (mut from, mut to) = (client, server);
            std::io::copy(&mut from, &mut to).ok();
            server.shutdown(Shutdown::Write).ok();
        });
        down(client, server, tap);
        // Both halves, so that the other thread ends as well.
        client.shutdown(Shutdown::Both).ok();
        server.shutdown(Shutdown::Both).ok();
    });
}

fn down(mut client: &TcpStream, mut server: &TcpStream, tap: &Tap) -> Option<()> {
    let mut bytes = [0; GULP];
    loop {
        let count = server.read(&mut bytes).ok().filter(|count| *count > 0)?;
        let mut rest = bytes.get(..count)?;
        while !rest.is_empty() {
            let (now, later) = rest.split_at_checked(tap.leave(rest.len())?)?;
            client.write_all(now).ok()?;
            rest = later;
        }
    }
}
