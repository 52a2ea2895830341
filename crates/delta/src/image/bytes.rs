//! Numbers at an offset, little endian, or nothing.

use std::ops::Range;

/// The 32 bits that start at this offset.
pub(super) fn half(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// The 64 bits that start at this offset.
pub(super) fn word(bytes: &[u8], offset: usize) -> Option<u64> {
    bytes.get(offset..)?.first_chunk().copied().map(u64::from_le_bytes)
}

/// A part of a file.
pub(super) fn slice(bytes: &[u8], part: Range<u32>) -> Option<&[u8]> {
    bytes.get(usize::try_from(part.start).ok()?..usize::try_from(part.end).ok()?)
}
