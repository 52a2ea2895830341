//! The only code that writes a result: base bytes plus difference, extra bytes, never more than expected.

use std::io::Write;

use protocol::Hasher;

use crate::{Error, Expected, ReadAt};

/// How many bytes are gathered before they are hashed and written.
const OUT_BYTES: usize = 128 << 10;
/// The most that is read from the base at once.
const BASE_BYTES: usize = 64 << 10;
/// The least that is read from the base at once: steps are short and mostly go forward.
const BASE_AHEAD: u64 = 4 << 10;

/// What bytes outside of the base count as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outside {
    /// They are an error.
    Refused,
    /// They are zero.
    Zero,
}

/// A result being written.
pub(crate) struct Rebuild<'a> {
    base: Window<'a>,
    outside: Outside,
    /// The position in the base.
    position: i64,
    out: &'a mut dyn Write,
    /// Bytes that are neither hashed nor written yet: the first `waiting` of it.
    buffer: Box<[u8]>,
    waiting: usize,
    hasher: Hasher,
    /// Bytes that are still wanted.
    left: u64,
    expected: &'a Expected,
}

impl<'a> Rebuild<'a> {
    pub(crate) fn new(
        base: &'a dyn ReadAt,
        outside: Outside,
        out: &'a mut dyn Write,
        expected: &'a Expected,
    ) -> Self {
        Self {
            base: Window { base, bytes: vec![0; BASE_BYTES].into_boxed_slice(), start: 0, length: 0 },
            outside,
            position: 0,
            out,
            buffer: vec![0; OUT_BYTES].into_boxed_slice(),
            waiting: 0,
            hasher: Hasher::new(),
            left: expected.length,
            expected,
        }
    }

    /// How many bytes are still wanted.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Moves the position in the base.
    pub(crate) fn seek(&mut self, by: i64) -> Result<(), Error> {
        self.position = self.position.checked_add(by).ok_or(Error::Malformed("a seek overflows"))?;
        Ok(())
    }

    /// Gives `count` bytes of the base plus those that `difference` fills in.
    pub(crate) fn add(
        &mut self,
        count: u64,
        mut difference: impl FnMut(&mut [u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let inside = self.position >= 0
            && self.position.unsigned_abs().checked_add(count).is_some_and(|end| end <= self.base.len());
        if count > 0 && !inside && self.outside == Outside::Refused {
            return Err(Error::Malformed("a step leaves the base"));
        }
        self.give(count, |this, piece| {
            let (buffer, base) = (&mut this.buffer, &mut this.base);
            let bytes = buffer.get_mut(piece).unwrap_or_default();
            difference(bytes)?;
            base.add_to(bytes, this.position)?;
            let moved = i64::try_from(bytes.len()).ok().and_then(|by| this.position.checked_add(by));
            this.position = moved.ok_or(Error::Malformed("a position overflows"))?;
            Ok(())
        })
    }

    /// Gives `count` bytes that `extra` fills in.
    pub(crate) fn copy(
        &mut self,
        count: u64,
        mut extra: impl FnMut(&mut [u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.give(count, |this, piece| extra(this.buffer.get_mut(piece).unwrap_or_default()))
    }

    /// Writes what waits and compares the whole.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        if self.left > 0 {
            return Err(Error::Truncated);
        }
        self.write()?;
        self.out.flush().map_err(Error::WriteOut)?;
        let found = self.hasher.finish();
        if found != self.expected.sha256 {
            return Err(Error::WrongResult { expected: self.expected.sha256, found });
        }
        Ok(())
    }

    /// Gives `count` bytes, in pieces of the buffer that `fill` fills.
    fn give(
        &mut self,
        count: u64,
        mut fill: impl FnMut(&mut Self, std::ops::Range<usize>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // Before anything of it is written: the expected length is never passed, not even for a moment.
        self.left = self.left.checked_sub(count).ok_or(Error::TooLong { expected: self.expected.length })?;
        let mut count = count;
        while count > 0 {
            if self.waiting == OUT_BYTES {
                self.write()?;
            }
            let room = OUT_BYTES - self.waiting;
            let piece = usize::try_from(count).map_or(room, |count| count.min(room)).min(BASE_BYTES);
            fill(self, self.waiting..self.waiting + piece)?;
            self.waiting += piece;
            count -= piece as u64;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), Error> {
        let bytes = self.buffer.get(..self.waiting).unwrap_or_default();
        self.hasher.update(bytes);
        self.out.write_all(bytes).map_err(Error::WriteOut)?;
        self.waiting = 0;
        Ok(())
    }
}

/// A piece of the base in memory.
struct Window<'a> {
    base: &'a dyn ReadAt,
    /// The bytes from `start` on, of which the first `length` are there.
    bytes: Box<[u8]>,
    start: u64,
    length: u64,
}

impl Window<'_> {
    fn len(&self) -> u64 {
        self.base.len()
    }

    /// Adds the base's bytes from `position` on to `bytes`; outside of the base there is nothing to add.
    fn add_to(&mut self, bytes: &mut [u8], position: i64) -> Result<(), Error> {
        let before = if position < 0 { position.unsigned_abs() } else { 0 };
        let start = u64::try_from(position).unwrap_or(0);
        let Some(bytes) = usize::try_from(before).ok().and_then(|before| bytes.get_mut(before..)) else {
            return Ok(());
        };
        let inside = (bytes.len() as u64).min(self.base.len().saturating_sub(start));
        if inside == 0 {
            return Ok(());
        }
        for (byte, old) in bytes.iter_mut().zip(self.at(start, inside)?) {
            *byte = byte.wrapping_add(*old);
        }
        Ok(())
    }

    /// `count` bytes from `start` on, which are inside and at most [`BASE_BYTES`].
    fn at(&mut self, start: u64, count: u64) -> Result<&[u8], Error> {
        let have = self.start..self.start.saturating_add(self.length);
        if start < have.start || start.saturating_add(count) > have.end {
            let ahead = count.max(BASE_AHEAD).min(self.base.len().saturating_sub(start));
            let room = self.bytes.get_mut(..usize::try_from(ahead).unwrap_or(BASE_BYTES)).unwrap_or_default();
            self.base.read_exact_at(room, start).map_err(Error::ReadBase)?;
            (self.start, self.length) = (start, room.len() as u64);
        }
        let from = usize::try_from(start - self.start).unwrap_or(usize::MAX);
        Ok(self.bytes.get(from..).unwrap_or_default())
    }
}
