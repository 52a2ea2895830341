//! The compressed twin of an artifact: one zstd frame that a client decodes in a few MiB of memory. It is not signed: whoever
//! decodes it compares the result with the artifact's length and SHA-256.

use std::io::{self, Read, Write};

/// zstd level: about 20 MB/s, within a few percent of the best.
const LEVEL: i32 = 12;

/// zstd window, as a power of two: 4 MiB, so that a client decodes in a few MiB of memory.
const WINDOW_LOG: u32 = 22;

/// Writes the zstd frame of the `length` bytes of `artifact` to `out`.
///
/// # Errors
/// If reading or writing fails, or if `artifact` has another length.
pub fn write_twin(mut artifact: impl Read, out: impl Write, length: u64) -> io::Result<()> {
    let mut encoder = zstd::Encoder::new(out, LEVEL)?;
    encoder.window_log(WINDOW_LOG)?;
    encoder.include_checksum(true)?;
    encoder.set_pledged_src_size(Some(length))?;
    io::copy(&mut artifact, &mut encoder)?;
    encoder.finish()?.flush()
}

/// Reads a twin as a client does, with no more memory than one has: what the frame decodes to.
///
/// # Errors
/// If there is not enough memory to begin. What is no frame, or needs more memory, is an error of reading.
pub fn read_twin(twin: impl Read) -> io::Result<impl Read> {
    let mut decoder = zstd::Decoder::new(twin)?.single_frame();
    decoder.window_log_max(WINDOW_LOG)?;
    Ok(decoder)
}
