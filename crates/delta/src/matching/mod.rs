//! What of the artifact can be had from the base.

/// A piece of the artifact that resembles a piece of the base of the same length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// Where it starts in the base.
    pub(crate) base: u32,
    /// Where it starts in the artifact.
    pub(crate) artifact: u32,
    /// Its length in bytes; never zero.
    pub(crate) length: u32,
}
