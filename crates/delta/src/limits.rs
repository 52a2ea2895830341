//! What the caller fixes before a patch is looked at.

use protocol::Digest;

/// Limits of applying a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most memory that applying may take, in bytes. Stops patches that ask for gigabytes of window or buffers.
    pub memory: u64,
}

impl Default for Limits {
    /// 128 MiB.
    fn default() -> Self {
        Self { memory: 128 << 20 }
    }
}

impl Limits {
    /// Refuses what needs more than is allowed.
    pub(crate) fn check_memory(&self, needed: u64) -> Result<(), crate::Error> {
        if needed > self.memory {
            return Err(crate::Error::Memory { needed, limit: self.memory });
        }
        Ok(())
    }
}

/// What the result of a patch must be, from verified metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The artifact's length in bytes.
    pub length: u64,
    /// The artifact's SHA-256.
    pub sha256: Digest,
}
