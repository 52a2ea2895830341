//! Where offers come from.
//!
//! Layout: [`tuf`] is our server or any static host with a TUF repository; [`lantern`] a server that speaks the protocol of
//! Lantern's first clients; [`patches`] reads the index of patches.

mod error;
pub mod lantern;
mod mirror;
mod patches;
#[cfg(test)]
pub(crate) mod tests;
pub mod tuf;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use error::Error;
pub use mirror::Mirror;
pub use patches::patch_index;

/// An object that answered with bytes, for reports and tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchedObject {
    /// Its name below `/apps/{app}/`.
    pub name: String,
    /// Bytes that came over the wire.
    pub bytes: u64,
}

/// The bytes of a pinned file, at most so many. Blocks.
fn read_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}
