//! Getting bytes from the network, bounded in every direction: time, length, headers, redirects, disk.
//!
//! Nothing that comes out of here is believed: callers verify it against signed metadata. This room only makes sure that
//! a server, a mirror, a proxy or a hotel's login page can cost us no more than a bounded wait and a clear error.
//!
//! Rules:
//! - `https`; plain `http` only where the source's URL was already allowed to use it, and then only to the same kind
//!   of place ([`redirect`](self)): never downwards, never from a public host into this machine or its network;
//! - no content coding is asked for or accepted: the bytes on the wire are the bytes that are counted and kept;
//! - every wait has a deadline, every body a limit, and a body that drips below the minimum rate is an error;
//! - what was received of an object stays in the spool, and the next attempt goes on from there.
//!
//! Layout: [`client`] asks and follows redirects, [`body`] reads with limits, [`portal`] notices pages that pretend,
//! [`spool`] is the place on disk with its reader, [`download`] fills it, [`limits`] has every number.

mod address;
mod body;
mod client;
mod download;
mod error;
mod limits;
mod portal;
mod proxy;
mod redirect;
mod spool;
#[cfg(test)]
pub(crate) mod tests;

pub use client::{Ask, Client, Config, Expect, Post, Posted, Small};
pub use download::{Download, Length, Received, Transfer};
pub use error::Error;
pub use limits::Limits;
pub use proxy::{Proxy, ProxyUrl};
pub use spool::{Follow, Spool, SpoolFile};
