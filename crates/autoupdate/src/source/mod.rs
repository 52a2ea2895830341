//! Where offers come from.
//!
//! Layout: [`tuf`] is our server or any static host with a TUF repository; [`patches`] reads the index of patches.

mod error;
mod mirror;
mod patches;
#[cfg(test)]
pub(crate) mod tests;
pub mod tuf;

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
