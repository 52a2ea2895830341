//! Applies `bsdiff40`.

use std::collections::VecDeque;
use std::io::{Read, Write};

use super::bzip::{Source, Unpacker};
use super::{Header, MAGIC, from_sign_magnitude};
use crate::input::Input;
use crate::rebuild::{Outside, Rebuild};
use crate::{Error, Expected, Limits, ReadAt, steps};

/// Packed bytes are kept and read in pieces of this length.
const PIECE: usize = 64 << 10;

/// See [`crate::apply`].
pub(crate) fn apply(
    base: &dyn ReadAt,
    patch: &mut dyn Read,
    out: &mut dyn Write,
    expected: &Expected,
    limits: &Limits,
) -> Result<(), Error> {
    let mut input = Input::new(patch);
    if &input.array()? != MAGIC {
        return Err(Error::NoPatch);
    }
    let header = Header::read_after_magic(&mut input)?;
    if header.artifact != expected.length {
        return Err(Error::OtherArtifact { expected_length: expected.length, found_length: header.artifact });
    }
    limits.check_memory(header.memory())?;

    let mut control = Unpacker::new(Kept::read(&mut input, header.control)?);
    let mut difference = Unpacker::new(Kept::read(&mut input, header.difference)?);
    let mut extra = Unpacker::new(Coming::new(input));
    // Other writers let steps leave the base; every reader takes zeros there.
    let mut result = Rebuild::new(base, Outside::Zero, out, expected);
    let mut empty_steps_left = empty_steps(expected.length);
    while result.left() > 0 {
        let [add, copy, seek] = step(&mut control, &mut empty_steps_left)?;
        result.add(add, |room| difference.fill(room))?;
        result.copy(copy, |room| extra.fill(room))?;
        result.seek(from_sign_magnitude(seek))?;
    }
    control.end()?;
    difference.end()?;
    extra.end()?;
    result.finish()
}

/// The next step: how many bytes to add, how many to copy, and the seek as it is written. `empty_left` is how many more steps may
/// give nothing.
pub(super) fn step(control: &mut Unpacker<Kept>, empty_left: &mut u64) -> Result<[u64; 3], Error> {
    let mut triple = [0; 24];
    control.fill(&mut triple)?;
    let [add, copy, seek] = steps::numbers(triple);
    if add >> 63 != 0 || copy >> 63 != 0 {
        return Err(Error::Malformed("a negative count"));
    }
    if add == 0 && copy == 0 {
        let left = u64::checked_sub(*empty_left, 1);
        *empty_left = left.ok_or(Error::Malformed("too many steps that give nothing"))?;
    }
    Ok([add, copy, seek])
}

/// How many steps may give nothing. Writers make few; bzip2 packs millions of them into some bytes.
pub(super) fn empty_steps(artifact: u64) -> u64 {
    1_024 + artifact / 8
}

/// A packed block in memory, in pieces that are given back once they were consumed. It grows as bytes really
/// come, not as the header claims.
pub(super) struct Kept {
    pieces: VecDeque<Vec<u8>>,
    /// How much of the first piece was consumed.
    consumed: usize,
}

impl Kept {
    pub(super) fn read(input: &mut Input, mut length: u64) -> Result<Self, Error> {
        let mut pieces = VecDeque::new();
        while length > 0 {
            let mut piece = vec![0; usize::try_from(length).map_or(PIECE, |length| length.min(PIECE))];
            input.fill(&mut piece)?;
            length -= piece.len() as u64;
            pieces.push_back(piece);
        }
        Ok(Self { pieces, consumed: 0 })
    }
}

impl Source for Kept {
    fn bytes(&mut self) -> Result<&[u8], Error> {
        Ok(self.pieces.front().and_then(|piece| piece.get(self.consumed..)).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.consumed += count;
        if self.pieces.front().is_some_and(|piece| piece.len() <= self.consumed) {
            self.pieces.pop_front();
            self.consumed = 0;
        }
    }
}

/// The last block, read as it is needed.
struct Coming<'a> {
    input: Input<'a>,
    piece: Box<[u8]>,
    /// The part of the piece that was read and not consumed.
    unused: std::ops::Range<usize>,
}

impl<'a> Coming<'a> {
    fn new(input: Input<'a>) -> Self {
        Self { input, piece: vec![0; PIECE].into_boxed_slice(), unused: 0..0 }
    }
}

impl Source for Coming<'_> {
    fn bytes(&mut self) -> Result<&[u8], Error> {
        if self.unused.is_empty() {
            self.unused = 0..self.input.read(&mut self.piece)?;
        }
        Ok(self.piece.get(self.unused.clone()).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.unused.start += count;
    }
}
