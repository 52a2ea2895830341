//! The ways to get an artifact's bytes.

use std::fmt;

use protocol::{Digest, FormatId};
use serde::{Deserialize, Serialize};

/// A way to get an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "way", rename_all = "kebab-case")]
pub enum Route {
    /// A patch against the installed bytes.
    Patch {
        /// Its format.
        format: FormatId,
        /// SHA-256 of the bytes that it starts from.
        base: Digest,
        /// Its length in bytes as the index has it; `None` for a patch that the index does not name (the server may make it).
        length: Option<u64>,
        /// The memory that applying it needs, in bytes, as the index has it.
        memory: Option<u64>,
    },
    /// The artifact in one zstd frame.
    CompressedFull,
    /// The artifact itself.
    Full,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Patch { format, .. } => write!(f, "patch {format}"),
            Self::CompressedFull => f.write_str("compressed full"),
            Self::Full => f.write_str("full"),
        }
    }
}

/// A route that was given up for the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fallback {
    /// The route.
    pub route: Route,
    /// The stable code of what stopped it.
    pub code: String,
    /// The same in words, for the log and for support.
    pub why: String,
}
