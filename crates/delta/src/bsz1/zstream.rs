//! One stream of a patch: a zstd frame that is packed and unpacked piece by piece.
//!
//! Legacy frame formats are not compiled in; dictionaries and checksums are not used.

use std::io;

use zstd::stream::raw::{CParameter, DParameter, Decoder, Encoder, Operation as _};

use super::WINDOW_LOG;
use crate::Error;

/// The level with which frames are packed. Any level is readable.
const LEVEL: i32 = 19;

const AFTER_END: Error = Error::Malformed("a stream goes on after its end");
const BAD_ZSTD: Error = Error::Malformed("a stream that is no good zstd");

/// Packs one stream.
pub(crate) struct Packer {
    encoder: Encoder<'static>,
    empty: bool,
}

/// The smallest allowed window that holds the whole stream, else the largest.
pub(crate) fn window_log(plain: u64) -> u8 {
    WINDOW_LOG.into_iter().find(|log| plain <= 1 << log).unwrap_or(*WINDOW_LOG.end())
}

impl Packer {
    /// A packer for a stream of `plain` bytes.
    pub(crate) fn new(plain: u64) -> io::Result<Self> {
        Self::with_level(plain, LEVEL)
    }

    /// A packer that works as hard as this level of zstd says.
    pub(crate) fn with_level(plain: u64, level: i32) -> io::Result<Self> {
        let mut encoder = Encoder::new(level)?;
        encoder.set_parameter(CParameter::WindowLog(window_log(plain).into()))?;
        encoder.set_parameter(CParameter::ContentSizeFlag(true))?;
        encoder.set_parameter(CParameter::ChecksumFlag(false))?;
        encoder.set_pledged_src_size(Some(plain))?;
        Ok(Self { encoder, empty: plain == 0 })
    }

    /// Packs the next piece, which can then be unpacked without the following ones; the last one ends the frame.
    pub(crate) fn pack(&mut self, mut plain: &[u8], last: bool) -> io::Result<Vec<u8>> {
        let mut packed = Vec::new();
        if self.empty || (plain.is_empty() && !last) {
            return Ok(packed);
        }
        let mut room = [0; 16 << 10];
        while !plain.is_empty() {
            let status = self.encoder.run_on_buffers(plain, &mut room)?;
            packed.extend(room.iter().take(status.bytes_written));
            plain = plain.get(status.bytes_read..).unwrap_or_default();
        }
        loop {
            let mut out = zstd::stream::raw::OutBuffer::around(room.as_mut_slice());
            let left =
                if last { self.encoder.finish(&mut out, true)? } else { self.encoder.flush(&mut out)? };
            packed.extend(out.as_slice());
            if left == 0 {
                return Ok(packed);
            }
        }
    }
}

/// Unpacks one stream.
pub(crate) struct Unpacker {
    /// None for an empty stream.
    decoder: Option<Decoder<'static>>,
    ended: bool,
}

impl Unpacker {
    /// An unpacker for a stream of `plain` bytes, whose window may not be larger than declared.
    pub(crate) fn new(plain: u64, window_log: u8) -> Result<Self, Error> {
        let decoder = (plain > 0).then(|| {
            let mut decoder = Decoder::new()?;
            decoder.set_parameter(DParameter::WindowLogMax(window_log.into()))?;
            Ok(decoder)
        });
        Ok(Self { ended: plain == 0, decoder: decoder.transpose().map_err(Error::Compress)? })
    }

    /// Unpacks what fits into `room`: how many packed bytes were read, and how many plain ones written.
    pub(crate) fn step(&mut self, packed: &[u8], room: &mut [u8]) -> Result<(usize, usize), Error> {
        let (Some(decoder), false) = (&mut self.decoder, self.ended) else {
            return if packed.is_empty() { Ok((0, 0)) } else { Err(AFTER_END) };
        };
        let status = decoder.run_on_buffers(packed, room).map_err(|_| BAD_ZSTD)?;
        self.ended = status.remaining == 0;
        Ok((status.bytes_read, status.bytes_written))
    }

    /// Unpacks some bytes into `room`, whose length beyond the plain bytes that are allowed is one: a piece that
    /// gives too much is noticed by filling it. Gives how many bytes were written.
    pub(crate) fn unpack(&mut self, mut packed: &[u8], room: &mut [u8]) -> Result<usize, Error> {
        let mut written = 0;
        while !packed.is_empty() {
            let (Some(decoder), false) = (&mut self.decoder, self.ended) else {
                return Err(AFTER_END);
            };
            let room = room.get_mut(written..).unwrap_or_default();
            let status = decoder.run_on_buffers(packed, room).map_err(|_| BAD_ZSTD)?;
            if status.bytes_read == 0 && status.bytes_written == 0 {
                return Err(Error::Malformed("a piece that gives more than it declares"));
            }
            written += status.bytes_written;
            packed = packed.get(status.bytes_read..).unwrap_or_default();
            self.ended = status.remaining == 0;
        }
        Ok(written)
    }

    /// Whether the frame is complete.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_unpack_one_by_one() {
        let pieces: [&[u8]; 5] = [b"first", b"", b"second second second", b"third", b""];
        let plain = pieces.iter().map(|piece| piece.len() as u64).sum();
        let mut packer = Packer::new(plain).unwrap();
        let mut unpacker = Unpacker::new(plain, 10).unwrap();
        for (at, piece) in pieces.iter().enumerate() {
            let packed = packer.pack(piece, at == 4).unwrap();
            let mut room = vec![0; piece.len() + 1];
            assert_eq!(unpacker.unpack(&packed, &mut room).unwrap(), piece.len());
            assert_eq!(&room[..piece.len()], *piece);
        }
        assert!(unpacker.ended());
        assert!(unpacker.unpack(b"x", &mut [0; 9]).is_err());
    }

    #[test]
    fn a_window_above_the_declared_one_is_refused() {
        let plain = vec![7; 1 << 20];
        let packed = Packer::new(1 << 20).unwrap().pack(&plain, true).unwrap();
        let mut room = vec![0; plain.len() + 1];
        // In two parts: a whole frame at once is unpacked in place, without a window.
        let (first, second) = packed.split_at(20);
        let mut unpack = |window_log| {
            let mut unpacker = Unpacker::new(1 << 20, window_log)?;
            let written = unpacker.unpack(first, &mut room)?;
            Ok::<_, Error>(written + unpacker.unpack(second, &mut room[written..])?)
        };
        assert!(unpack(19).is_err());
        assert_eq!(unpack(20).unwrap(), plain.len());
    }

    #[test]
    fn windows_fit_their_streams() {
        for (plain, log) in [(0, 10), (1_024, 10), (1_025, 11), (1 << 23, 23), (u64::MAX, 23)] {
            assert_eq!(window_log(plain), log, "{plain}");
        }
    }
}
