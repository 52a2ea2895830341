//! The artifact out of the base: one walk, the same for the maker, who knows the artifact, and for the decoder, who
//! learns it.

use super::chunks::Chunks;
use super::coder::Coder;
use super::differences::Differences;
use super::fields::Fields;
use super::literals::{Literals, Text};
use super::mix::Tools;
use super::places::Places;
use crate::Error;
use crate::image::{Kind, Layout, PageHashes};
use crate::matching::Block;
use crate::references::Reference;

/// Who walks: the maker gives the bytes that come, the decoder takes them.
pub(super) trait Walker {
    /// The next bytes of the artifact, if they are known.
    fn known(&self, offset: u32, length: usize) -> Option<&[u8]>;
    /// The hashes of the artifact's pages come next, so many bytes.
    fn pages(&mut self, length: u32) -> Result<(), Error>;
    /// The next bytes of the artifact, in order.
    fn give(&mut self, bytes: &[u8]) -> Result<(), Error>;
}

/// At most so many bytes of a gap are worked on at once.
const PIECE: u32 = 32 << 10;

/// What the walk knows of both files.
pub(super) struct Walk<'a> {
    pub(super) base: Layout,
    pub(super) artifact: Layout,
    pub(super) blocks: &'a [Block],
    pub(super) pages: Option<PageHashes>,
    pub(super) length: u32,
    /// How many targets are learned, as a logarithm.
    pub(super) learned: u8,
}

/// Codes the whole artifact.
pub(super) fn walk<C: Coder>(
    walk: &Walk<'_>,
    chunks: &mut Chunks<'_>,
    tools: &mut Tools<C>,
    walker: &mut dyn Walker,
) -> Result<(), Error> {
    let models = Models {
        places: Places::new(&walk.base, &walk.artifact, walk.blocks, walk.learned),
        differences: Differences::new(),
        fields: Fields::new(),
        literals: Literals::new(),
    };
    let mut state = State { chunks, tools, walker, models, new: Vec::new(), beside: Vec::new() };
    let mut at = 0;
    let mut behind = 0;
    let end = Block { base: 0, artifact: walk.length, length: 0 };
    for block in walk.blocks.iter().chain([&end]) {
        // A gap may have the hashes of the pages within.
        let hashes = walk.pages.filter(|pages| (at..block.artifact).contains(&pages.offset));
        let to = hashes.map_or(block.artifact, |pages| pages.offset);
        state.gap(at, to, behind)?;
        if let Some(pages) = hashes {
            state.walker.pages(pages.end() - pages.offset)?;
            state.gap(pages.end(), block.artifact, behind)?;
        }
        state.block(*block)?;
        at = block.artifact + block.length;
        behind = block.base + block.length;
    }
    Ok(())
}

/// A walk under way.
struct State<'a, 'b, 'c, C> {
    chunks: &'a mut Chunks<'b>,
    tools: &'a mut Tools<C>,
    walker: &'a mut dyn Walker,
    models: Models<'c>,
    /// The artifact's bytes of a piece.
    new: Vec<u8>,
    /// The base's bytes beside a piece of a gap.
    beside: Vec<u8>,
}

impl<C: Coder> State<'_, '_, '_, C> {
    /// Bytes that are in no block. `behind` is where the block before ended in the base.
    fn gap(&mut self, from: u32, to: u32, behind: u32) -> Result<(), Error> {
        let mut at = from;
        while at < to {
            let length = (to - at).min(PIECE);
            // What the base has there, if only it had changed and not moved.
            peek(self.chunks, behind.checked_add(at - from), length, &mut self.beside)?;
            let text = Text {
                kind: self.models.places.artifact().region(at).map_or(Kind::Opaque, |region| region.kind),
                offset: at,
                length: length as usize,
                known: self.walker.known(at, length as usize),
                beside: &self.beside,
            };
            self.new.clear();
            self.models.literals.code(self.tools, &text, &mut self.new)?;
            self.walker.give(&self.new)?;
            at += length;
        }
        Ok(())
    }

    /// A block, piece by piece; a piece is in one chunk of the base.
    fn block(&mut self, block: Block) -> Result<(), Error> {
        self.models.differences.start(block.length);
        let mut done = 0;
        while done < block.length {
            let offset = block.base + done;
            let chunk = self.chunks.at(offset)?;
            let old = chunk.bytes(offset, block.length - done);
            if old.is_empty() {
                return Err(Error::Malformed("a block leaves the base"));
            }
            let artifact = block.artifact + done;
            let piece = Piece {
                old,
                offset,
                artifact,
                references: chunk.references(offset, old.len() as u32),
                known: self.walker.known(artifact, old.len()),
            };
            self.new.clear();
            self.models.piece(self.tools, &piece, &mut self.new)?;
            done += old.len() as u32;
            self.walker.give(&self.new)?;
        }
        Ok(())
    }
}

/// A part of a block.
struct Piece<'a> {
    /// The base's bytes.
    old: &'a [u8],
    /// Where they are in the base.
    offset: u32,
    /// Where they go in the artifact.
    artifact: u32,
    /// The references among them.
    references: &'a [Reference],
    /// The artifact's bytes, as far as they are known.
    known: Option<&'a [u8]>,
}

/// All that learns.
struct Models<'a> {
    places: Places<'a>,
    differences: Differences,
    fields: Fields,
    literals: Literals,
}

impl Models<'_> {
    /// A piece of a block: bytes between references, and references.
    fn piece<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        piece: &Piece<'_>,
        new: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let Piece { old, offset, artifact, references, known } = *piece;
        let kind = self.places.artifact().region(artifact).map_or(Kind::Opaque, |region| region.kind);
        self.differences.piece(kind, offset);
        let mut at = 0;
        for reference in references {
            let next = (reference.offset - offset) as usize;
            self.differences.code(tools, old, at..next, known, new)?;
            let end = next + reference.width();
            let word = read(old.get(next..end).unwrap_or_default());
            let actual = known.and_then(|known| known.get(next..end)).map(read);
            let site = artifact + next as u32;
            let coded = self.fields.code(tools, reference, word, actual, site, &mut self.places)?;
            new.extend(coded.to_le_bytes().iter().take(reference.width()));
            self.differences.skip();
            at = end;
        }
        self.differences.code(tools, old, at..old.len(), known, new)
    }
}

/// Up to eight bytes as a number.
fn read(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// At most this many bytes of the base are looked at beside a gap: further on nothing lines up.
const BESIDE: u32 = 256;

/// Bytes of the base, as far as it has them.
fn peek(chunks: &mut Chunks<'_>, offset: Option<u32>, length: u32, into: &mut Vec<u8>) -> Result<(), Error> {
    into.clear();
    let Some(mut offset) = offset else { return Ok(()) };
    let mut left = length.min(BESIDE);
    while left > 0 && offset < chunks.length() {
        let bytes = chunks.at(offset)?.bytes(offset, left);
        into.extend(bytes);
        (offset, left) = (offset + bytes.len() as u32, left - bytes.len() as u32);
    }
    Ok(())
}
