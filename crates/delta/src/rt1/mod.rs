//! `rt1`: the artifact predicted from the base, re-targeted.
//!
//! Most of what changes between two builds of a program are references: everything moved a little. So blocks of the base
//! are copied with their references re-encoded for where they and their targets went, and what is left to say is coded
//! with a model that learns while it goes. The result is exact whatever the prediction was.
//!
//! Everything here is frozen, and so is `references/`. A change is a new format id.

mod apply;
mod bytes;
mod chunks;
mod coder;
mod control;
mod differences;
mod field;
mod fields;
mod learned;
mod literals;
mod make;
mod mix;
mod number;
mod places;
mod relabel;
mod related;
mod retarget;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use apply::apply;
pub(crate) use make::make;

use crate::Error;
use crate::container::{CODEC_MIX, CODEC_ZSTD, Header, Role, Stream};

/// The longest file, in bytes: what suffixes are sorted of, and half of what places can say.
const LONGEST: u32 = i32::MAX as u32;
/// How many targets may be learned, as logarithms.
const LEARNED_LOG: std::ops::RangeInclusive<u8> = 10..=21;
/// The windows that are allowed for a whole artifact, as logarithms.
const WINDOW_LOG: std::ops::RangeInclusive<u8> = 10..=23;

/// Memory to apply, apart from what grows with the patch: models, chunks of the base, buffers.
const MEMORY_FIXED: u64 = 32 << 20;
/// Memory of one block, which the control stream counts by: once in the order of the artifact, once in that of the base.
const MEMORY_BLOCK: u64 = 24;
/// Memory of one target that may be learned: two numbers, and an eighth of that for its neighbours.
const MEMORY_TARGET: u64 = 9;
/// So many bytes of the artifact may need one byte of memory, for the hashes of its pages.
const PER_HASH: u64 = 128;
/// Memory of a whole artifact, apart from the window.
const MEMORY_WHOLE: u64 = 2 << 20;

/// What the streams are.
enum Streams {
    /// The whole artifact, packed.
    Whole(Stream),
    /// Blocks and layouts, then everything else.
    Predicted { control: Stream, content: Stream },
}

/// The memory that applying needs, in bytes. The header must declare exactly this.
fn memory(streams: &[Stream]) -> u64 {
    let power = |log: u8| 1u64.checked_shl(log.into()).unwrap_or(u64::MAX);
    match streams {
        [whole] => power(whole.window_log).saturating_add(MEMORY_WHOLE),
        [control, content] => MEMORY_FIXED
            .saturating_add(control.plain.saturating_mul(MEMORY_BLOCK))
            .saturating_add(power(content.window_log).saturating_mul(MEMORY_TARGET))
            .saturating_add(content.plain / PER_HASH),
        _ => u64::MAX,
    }
}

/// Checks the header's streams and gives them as what they are.
fn streams(header: &Header) -> Result<Streams, Error> {
    let length = header.artifact.length;
    if header.memory != memory(&header.streams) {
        return Err(Error::Malformed("a header that asks for other memory than its streams need"));
    }
    match *header.streams.as_slice() {
        [whole] => {
            let good = whole.role == Role::CONTENT
                && whole.codec == CODEC_ZSTD
                && WINDOW_LOG.contains(&whole.window_log)
                && whole.plain == length
                && (whole.plain == 0) == (whole.packed == 0);
            good.then_some(Streams::Whole(whole)).ok_or(BAD_STREAMS)
        }
        [control, content] => {
            let coded = |stream: &Stream| stream.codec == CODEC_MIX && stream.packed >= coder::FLUSH;
            let good = control.role == Role::CONTROL
                && content.role == Role::CONTENT
                && coded(&control)
                && coded(&content)
                && control.window_log == 0
                && control.plain <= length
                && LEARNED_LOG.contains(&content.window_log)
                && content.plain == length
                && length.max(header.base.length) <= LONGEST.into();
            good.then_some(Streams::Predicted { control, content }).ok_or(BAD_STREAMS)
        }
        _ => Err(BAD_STREAMS),
    }
}

const BAD_STREAMS: Error = Error::Malformed("streams that this format does not have");
