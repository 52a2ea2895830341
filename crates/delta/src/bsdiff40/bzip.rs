//! One bzip2 block of a patch.

use std::io::Write as _;

use bzip2::{Compression, Decompress, Status, write::BzEncoder};

use crate::Error;

/// Where the packed bytes of a block come from.
pub(super) trait Source {
    /// Some bytes that were not consumed yet; none at the end.
    fn bytes(&mut self) -> Result<&[u8], Error>;
    /// Forgets so many of them.
    fn consume(&mut self, count: usize);
}

/// A bzip2 stream of these bytes.
pub(super) fn pack(plain: &[u8]) -> Result<Vec<u8>, Error> {
    let mut encoder = BzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).and_then(|()| encoder.finish()).map_err(Error::Compress)
}

/// Unpacks a block: exactly one bzip2 stream, or nothing at all, which counts as an empty one.
pub(super) struct Unpacker<S> {
    source: S,
    decoder: Decompress,
    started: bool,
    ended: bool,
}

impl<S: Source> Unpacker<S> {
    pub(super) fn new(source: S) -> Self {
        Self { source, decoder: Decompress::new(false), started: false, ended: false }
    }

    /// Unpacks until the buffer is full or the stream ends; gives how much there was.
    pub(super) fn read(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < buf.len() && !self.ended {
            let packed = self.source.bytes()?;
            if packed.is_empty() && !self.started {
                self.ended = true;
                break;
            }
            self.started = true;
            let (in_before, out_before) = (self.decoder.total_in(), self.decoder.total_out());
            let room = buf.get_mut(filled..).unwrap_or_default();
            let at_end = packed.is_empty();
            let status = self.decoder.decompress(packed, room).map_err(|_| BAD)?;
            let consumed = difference(in_before, self.decoder.total_in());
            let written = difference(out_before, self.decoder.total_out());
            self.source.consume(consumed);
            filled += written;
            self.ended = status == Status::StreamEnd;
            if consumed == 0 && written == 0 && !self.ended {
                return Err(if at_end { Error::Truncated } else { BAD });
            }
        }
        Ok(filled)
    }

    /// Fills the buffer.
    pub(super) fn fill(&mut self, buf: &mut [u8]) -> Result<(), Error> {
        if self.read(buf)? == buf.len() { Ok(()) } else { Err(Error::Malformed("a block ends too early")) }
    }

    /// Makes sure that nothing follows, neither in the stream, whose checksum is compared here, nor behind it.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        if self.read(&mut [0])? > 0 || !self.source.bytes()?.is_empty() {
            return Err(Error::TrailingBytes);
        }
        Ok(())
    }
}

const BAD: Error = Error::Malformed("a block that is no good bzip2");

fn difference(before: u64, after: u64) -> usize {
    usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Source for &[u8] {
        fn bytes(&mut self) -> Result<&[u8], Error> {
            Ok(self)
        }

        fn consume(&mut self, count: usize) {
            *self = &self[count..];
        }
    }

    #[test]
    fn a_block_is_one_stream_and_nothing_more() {
        let packed = pack(b"hello").unwrap();
        let check = |packed: &[u8]| {
            let mut block = Unpacker::new(packed);
            let mut five = [0; 5];
            block.fill(&mut five)?;
            assert_eq!(&five, b"hello");
            block.end()
        };
        check(&packed).unwrap();
        assert!(matches!(check(&[packed.as_slice(), b"x"].concat()), Err(Error::TrailingBytes)));
        assert!(matches!(check(&[packed.clone(), packed.clone()].concat()), Err(Error::TrailingBytes)));
        assert!(matches!(check(&pack(b"hello!").unwrap()), Err(Error::TrailingBytes)));
        assert!(matches!(check(&pack(b"hell").unwrap()), Err(Error::Malformed(_))));
        for cut in 0..packed.len() {
            assert!(check(&packed[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn nothing_is_an_empty_block() {
        Unpacker::new(&b""[..]).end().unwrap();
        Unpacker::new(pack(b"").unwrap().as_slice()).end().unwrap();
    }
}
