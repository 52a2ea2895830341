//! `bsz1`: the `bsdiff` crate's steps in three zstd streams, interleaved by segments so that a reader that cannot
//! seek applies it with bounded memory.
//!
//! The body is a row of segments. A segment holds a piece of each stream: the steps for at most [`SEGMENT`] bytes
//! of the artifact and exactly the difference and extra bytes that they use. Each stream is one zstd frame that is
//! flushed at every segment's end, so a piece can be decoded when it was read, and the window lives on.
//!
//! Everything here is frozen. A change is a new format id.

mod apply;
mod make;
#[cfg(test)]
mod tests;
mod varint;
mod zstream;

pub(crate) use apply::apply;
pub(crate) use make::make;
#[cfg(test)]
pub(crate) use make::write;
pub(crate) use zstream::{Packer, Unpacker, window_log};

use crate::Error;
use crate::container::{CODEC_ZSTD, Role, Stream};

/// The most artifact bytes of one segment.
const SEGMENT: u32 = 1 << 20;
/// The most bytes of steps in one segment.
const CONTROL: u32 = 256 << 10;
/// A packed piece may be so much longer than its plain bytes.
const PACKED_EXTRA: u32 = 64 << 10;
/// The windows that are allowed, as logarithms.
const WINDOW_LOG: std::ops::RangeInclusive<u8> = 10..=23;
/// The streams, in this order.
const ROLES: [Role; 3] = [Role::CONTROL, Role::DIFFERENCE, Role::EXTRA];
/// Memory to apply, apart from the decoders: buffers of a segment, of the base and of the result.
const MEMORY_FIXED: u64 = 4 << 20;
/// Memory of one decoder, apart from its window.
const MEMORY_DECODER: u64 = 1 << 20;

/// The memory that applying needs, in bytes. The header must declare exactly this.
fn memory(streams: &[Stream]) -> u64 {
    let decoder = |stream: &Stream| match stream.plain {
        0 => 0,
        _ => MEMORY_DECODER.saturating_add(1u64.checked_shl(stream.window_log.into()).unwrap_or(u64::MAX)),
    };
    streams.iter().map(decoder).fold(MEMORY_FIXED, u64::saturating_add)
}

/// Checks the header's streams and gives them as what they are.
fn streams(streams: &[Stream], artifact: u64) -> Result<[Stream; 3], Error> {
    let streams = <[Stream; 3]>::try_from(streams).map_err(|_| Error::Malformed("not three streams"))?;
    for (stream, role) in streams.iter().zip(ROLES) {
        if stream.role != role || stream.codec != CODEC_ZSTD || !WINDOW_LOG.contains(&stream.window_log) {
            return Err(Error::Malformed("a stream of wrong role, codec or window"));
        }
        if (stream.plain == 0) != (stream.packed == 0) {
            return Err(Error::Malformed("an empty stream that is not empty"));
        }
    }
    let [_, difference, extra] = streams;
    if difference.plain.checked_add(extra.plain) != Some(artifact) {
        return Err(Error::Malformed("streams that do not add up to the artifact"));
    }
    Ok(streams)
}
