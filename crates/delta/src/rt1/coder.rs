//! An arithmetic coder of single bits.
//!
//! Source: the carry-less coder of M. Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression",
//! Florida Tech TR CS-2005-16, section 3, here with 64 bits: the two ends of the interval, whose leading bytes
//! leave as soon as they are the same.

use crate::Error;
use crate::input::Input;

/// Codes bits: an encoder is given them, a decoder gives them. With one trait for both, a model is written once.
pub(crate) trait Coder {
    /// Codes a bit that is one with probability `one` / 65536, which is neither 0 nor 65536. An encoder codes `bit`
    /// and gives it back; a decoder ignores it.
    fn bit(&mut self, bit: bool, one: u32) -> Result<bool, Error>;
}

/// Bytes that hold the interval before the first bit and after the last.
pub(crate) const FLUSH: u64 = 8;

/// Where the interval is divided.
fn middle(low: u64, high: u64, one: u32) -> u64 {
    low + ((high - low) >> 16) * u64::from(one)
}

/// Writes bits.
pub(crate) struct Encoder {
    low: u64,
    high: u64,
    bytes: Vec<u8>,
}

impl Encoder {
    pub(crate) fn new() -> Self {
        Self { low: 0, high: u64::MAX, bytes: Vec::new() }
    }

    /// The bytes that give all bits back.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend(self.low.to_be_bytes());
        self.bytes
    }
}

impl Coder for Encoder {
    fn bit(&mut self, bit: bool, one: u32) -> Result<bool, Error> {
        let middle = middle(self.low, self.high, one);
        if bit {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        while (self.low ^ self.high) >> 56 == 0 {
            self.bytes.push((self.low >> 56) as u8);
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
        }
        Ok(bit)
    }
}

/// Reads bits.
pub(crate) struct Decoder<'a, 'b> {
    low: u64,
    high: u64,
    code: u64,
    bytes: Bytes<'a, 'b>,
}

/// Packed bytes, read ahead.
struct Bytes<'a, 'b> {
    input: &'a mut Input<'b>,
    buffer: Box<[u8]>,
    at: usize,
    filled: usize,
    /// How many bytes of the stream are not in the buffer yet.
    left: u64,
}

impl<'a, 'b> Decoder<'a, 'b> {
    /// Reads the stream of `length` bytes that comes next.
    pub(crate) fn new(input: &'a mut Input<'b>, length: u64) -> Result<Self, Error> {
        let buffer = vec![0; 16 << 10].into_boxed_slice();
        let mut bytes = Bytes { input, buffer, at: 0, filled: 0, left: length };
        let mut code = 0;
        for _ in 0..FLUSH {
            code = code << 8 | u64::from(bytes.next()?);
        }
        Ok(Self { low: 0, high: u64::MAX, code, bytes })
    }

    /// Makes sure that every byte of the stream was needed, and that the last ones are those that an encoder writes.
    pub(crate) fn finish(self) -> Result<(), Error> {
        if self.bytes.left > 0 || self.bytes.at < self.bytes.filled || self.code != self.low {
            return Err(Error::Malformed("a stream that does not end where its bits do"));
        }
        Ok(())
    }
}

impl Coder for Decoder<'_, '_> {
    #[inline]
    fn bit(&mut self, _: bool, one: u32) -> Result<bool, Error> {
        let middle = middle(self.low, self.high, one);
        let bit = self.code <= middle;
        if bit {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        while (self.low ^ self.high) >> 56 == 0 {
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
            self.code = self.code << 8 | u64::from(self.bytes.next()?);
        }
        Ok(bit)
    }
}

impl Bytes<'_, '_> {
    #[inline]
    fn next(&mut self) -> Result<u8, Error> {
        if self.at == self.filled {
            self.fill()?;
        }
        let byte = self.buffer.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        Ok(byte)
    }

    fn fill(&mut self) -> Result<(), Error> {
        let room = usize::try_from(self.left).map_or(self.buffer.len(), |left| left.min(self.buffer.len()));
        if room == 0 {
            return Err(Error::Malformed("a stream that goes on after its end"));
        }
        self.input.fill(self.buffer.get_mut(..room).unwrap_or_default())?;
        self.left -= room as u64;
        (self.at, self.filled) = (0, room);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits that are one about every `one`th time out of 65536, coded as if they were.
    fn check(one: u32, count: usize) {
        let mut state = 1u64;
        let bits: Vec<bool> = (0..count)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 48) < u64::from(one)
            })
            .collect();
        let mut encoder = Encoder::new();
        for bit in &bits {
            encoder.bit(*bit, one).unwrap();
        }
        let bytes = encoder.finish();
        let share = f64::from(one) / 65536.0;
        let ideal = count as f64 * -(share * share.log2() + (1.0 - share) * (1.0 - share).log2()) / 8.0;
        assert!((bytes.len() as f64) < ideal * 1.02 + 24.0, "{one}: {} bytes, ideally {ideal}", bytes.len());
        let mut reader = bytes.as_slice();
        let mut input = Input::new(&mut reader);
        let mut decoder = Decoder::new(&mut input, bytes.len() as u64).unwrap();
        for bit in &bits {
            assert_eq!(decoder.bit(false, one).unwrap(), *bit);
        }
        decoder.finish().unwrap();
        input.end().unwrap();
    }

    #[test]
    fn bits_come_back_at_their_price() {
        for one in [1, 2, 300, 32_768, 60_000, 65_535] {
            check(one, 100_000);
        }
        check(32_768, 0);
    }
}
