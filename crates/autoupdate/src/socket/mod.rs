//! The local socket: the command line, and later the programs themselves, talk to the engine that runs.
//!
//! One JSON object per line, both ways; `format` is 1. A request is answered by one reply, `subscribe` by the present View
//! and each later one until the client hangs up. The next request comes after the reply: bytes before it count as hanging up.
//!
//! ```text
//! → {"format":1,"request":"command","command":"check","app":"demo","force":false}
//! ← {"format":1,"reply":"answer","answer":{"answer":"up-to-date",…}}
//! → {"format":1,"request":"subscribe"}
//! ← {"format":1,"reply":"view","view":{…}}
//! ```
//!
//! Rules:
//! - only the owner's uid and uid 0 are served: the system says who is there, the file mode (0600, in a folder of
//!   0700) is the second lock;
//! - one engine per user: whoever holds the lock beside the socket is it, so a socket that a dead engine left is
//!   replaced safely;
//! - everything is bounded: length of a line, number of connections, time until a request, time to take a reply;
//! - a request names apps and wishes, never a path, a URL or a version.
//!
//! Layout: [`wire`] the messages · [`Server`] · [`Remote`], the client · `transport` what differs per system.

mod client;
mod error;
mod line;
mod server;
#[cfg(all(test, unix))]
mod tests;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod transport;
pub mod wire;

pub use client::{Remote, Views};
pub use error::Error;
pub use server::{LIMITS, Limits, Server, Show};
