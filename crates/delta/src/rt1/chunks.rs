//! The base, chunk by chunk, with its references.

use crate::image::Layout;
use crate::references::{CHUNK, Finder, MARGIN, Reference, View};
use crate::{Error, ReadAt};

/// So many chunks are kept. A chunk goes where its number says, so that what is read does not depend on time.
const KEPT: usize = 1024;
/// Loading a chunk is work that a hostile patch could ask for with every byte. For each chunk of both files together
/// there may be so many loads.
const LOADS: u64 = 32;
/// And so many beyond that.
const MORE_LOADS: u64 = 4096;
/// What is wrong with a patch that needs more.
pub(super) const TOO_SCATTERED: &str = "blocks that are scattered all over the base";

/// A part of the base.
pub(super) struct Chunk {
    /// Its number; `u32::MAX` for none.
    number: u32,
    /// [`MARGIN`] bytes, the chunk, [`MARGIN`] bytes, as far as the file goes.
    bytes: Vec<u8>,
    /// Where the first byte is in the file.
    start: u32,
    /// What is in it.
    references: Vec<Reference>,
}

impl Chunk {
    /// The bytes from `offset` on, which is in the chunk, at most `most` and only those in the chunk.
    pub(super) fn bytes(&self, offset: u32, most: u32) -> &[u8] {
        let end = (self.number + 1).saturating_mul(CHUNK).min(offset.saturating_add(most));
        let (from, to) = (offset - self.start, end.saturating_sub(self.start));
        let to = self.bytes.len().min(to as usize);
        self.bytes.get(from as usize..to).unwrap_or_default()
    }

    /// The references that lie within `length` bytes from `offset` on.
    pub(super) fn references(&self, offset: u32, length: u32) -> &[Reference] {
        let end = offset.saturating_add(length);
        let first = self.references.partition_point(|reference| reference.offset < offset);
        let after =
            self.references.partition_point(|reference| reference.offset + reference.width() as u32 <= end);
        self.references.get(first..after).unwrap_or_default()
    }
}

/// The chunks of a base.
pub(super) struct Chunks<'a> {
    base: &'a dyn ReadAt,
    length: u32,
    finder: Finder<'a>,
    kept: Vec<Chunk>,
    found: Vec<Reference>,
    /// How many loads are left.
    loads: u64,
}

impl<'a> Chunks<'a> {
    /// The chunks of `base`, for an artifact of so many bytes.
    pub(super) fn new(base: &'a dyn ReadAt, layout: &'a Layout, artifact: u32) -> Result<Self, Error> {
        let length = u32::try_from(base.len()).map_err(|_| Error::Malformed("a base that is too long"))?;
        let none = || Chunk { number: u32::MAX, bytes: Vec::new(), start: 0, references: Vec::new() };
        let chunks = (base.len() + u64::from(artifact)) / u64::from(CHUNK);
        Ok(Self {
            base,
            length,
            finder: Finder::new(layout),
            kept: (0..KEPT).map(|_| none()).collect(),
            found: Vec::new(),
            loads: chunks * LOADS + MORE_LOADS,
        })
    }

    /// The base's length.
    pub(super) fn length(&self) -> u32 {
        self.length
    }

    /// The chunk with the byte at `offset`.
    pub(super) fn at(&mut self, offset: u32) -> Result<&Chunk, Error> {
        let number = offset / CHUNK;
        let slot = number as usize % KEPT;
        if self.kept.get(slot).is_some_and(|chunk| chunk.number != number) {
            self.load(number, slot)?;
        }
        self.kept.get(slot).ok_or(Error::Malformed("a chunk that is none"))
    }

    fn load(&mut self, number: u32, slot: usize) -> Result<(), Error> {
        self.loads = self.loads.checked_sub(1).ok_or(Error::Malformed(TOO_SCATTERED))?;
        let Some(chunk) = self.kept.get_mut(slot) else { return Ok(()) };
        let from = number.saturating_mul(CHUNK);
        let start = from.saturating_sub(MARGIN);
        let end = from.saturating_add(CHUNK + MARGIN).min(self.length);
        chunk.number = u32::MAX;
        chunk.bytes.resize(end.saturating_sub(start) as usize, 0);
        self.base.read_exact_at(&mut chunk.bytes, start.into()).map_err(Error::ReadBase)?;
        let mut failed = None;
        let mut read = |offset: u32| {
            let mut word = [0; 4];
            if u64::from(offset) + 4 <= u64::from(self.length)
                && let Err(error) = self.base.read_exact_at(&mut word, offset.into())
            {
                failed = Some(error);
            }
            u32::from_le_bytes(word)
        };
        self.finder.find(from, View { bytes: &chunk.bytes, start }, &mut read, &mut self.found);
        // Room for as many as there can be, once: rooms of ever other sizes leave holes in the heap.
        chunk.references.clear();
        chunk.references.reserve_exact((CHUNK / 4) as usize);
        chunk.references.extend(&self.found);
        if let Some(error) = failed {
            return Err(Error::ReadBase(error));
        }
        (chunk.number, chunk.start) = (number, start);
        Ok(())
    }
}
