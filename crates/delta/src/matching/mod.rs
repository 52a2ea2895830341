//! What of the artifact can be had from the base: the matcher of all formats.
//!
//! The base is sorted by suffixes once (`index.rs`). The artifact is cut into pieces of a fixed length, which are
//! matched apart from each other, by as many threads as there may be; so the result never depends on how many
//! there are. In each piece, a search (`search.rs`) walks along the artifact and proposes shifts, distances between
//! a place in the artifact and one in the base, that hold for some bytes; the parse (`parse.rs`) then chooses the
//! cheapest way through the piece, byte by byte: go on with a shift, take another one, or give the bytes as they
//! are. What is cheap is the format's to say ([`Costs`]).
//!
//! Rules:
//! - blocks are sorted by their place in the artifact, lie apart in it, are inside of both files and never empty;
//! - the result depends on the two files and the costs alone;
//! - work is bounded by the lengths of the files, also when they repeat themselves;
//! - memory is about four and a half bytes per byte of the base, and some megabytes for each thread; where that is more
//!   than there may be, parts of the artifact are matched with parts of the base (`windows.rs`).

mod common;
mod index;
mod known;
mod parse;
mod search;
#[cfg(test)]
mod tests;
mod windows;

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::{Error, Options, Phase, Progress};
use index::Index;
pub(crate) use known::Known;
#[cfg(test)]
pub(crate) use known::noise;

/// A piece of the artifact that resembles a piece of the base of the same length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// Where it starts in the base.
    pub(crate) base: u32,
    /// Where it starts in the artifact.
    pub(crate) artifact: u32,
    /// Its length in bytes; never zero.
    pub(crate) length: u32,
}

/// What things cost in a format when it is packed, in sixteenths of a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Costs {
    /// Each block.
    pub(crate) block: u32,
    /// Each bit of the distance in the base from the end of a block to the start of the next one.
    pub(crate) seek: u32,
    /// Having literal bytes between two blocks, apart from the bytes.
    pub(crate) gap: u32,
    /// A byte that is in no block.
    pub(crate) literal: u32,
    /// A byte of a block that is not the base's, after one that is.
    pub(crate) difference: u32,
    /// A byte of a block that is not the base's, after another such.
    pub(crate) next_difference: u32,
}

/// The pieces into which the artifact is cut.
const PIECE: usize = 512 << 10;

/// The blocks that give the artifact at the least cost.
///
/// They are sorted by their place in the artifact and lie apart in it; the places between them are literal.
///
/// # Errors
/// [`Error::Match`] for files that are too large, or when there is not enough memory.
pub(crate) fn blocks(
    base: &[u8],
    artifact: &[u8],
    costs: &Costs,
    options: &Options<'_>,
) -> Result<Vec<Block>, Error> {
    let total = artifact.len() as u64;
    (options.progress)(Progress { phase: Phase::Match, done: 0, total });
    let mut found = Vec::new();
    if base.is_empty() || artifact.is_empty() {
        return Ok(found);
    }
    if u32::try_from(artifact.len()).is_err() {
        return Err(Error::Match(std::io::ErrorKind::FileTooLarge.into()));
    }
    for pairing in windows::pair(base, artifact, options.memory) {
        let index = Index::new(base.get(pairing.base.clone()).unwrap_or_default())?;
        let start = u32::try_from(pairing.base.start).unwrap_or(u32::MAX);
        for block in blocks_of_part(&index, artifact, pairing.artifact, costs, options) {
            append(&mut found, Block { base: block.base + start, ..block });
        }
    }
    Ok(found)
}

/// The blocks of a part of the artifact, found by as many threads as there may be.
fn blocks_of_part(
    index: &Index<'_>,
    artifact: &[u8],
    part: Range<usize>,
    costs: &Costs,
    options: &Options<'_>,
) -> Vec<Block> {
    let total = artifact.len() as u64;
    let pieces = part.len().div_ceil(PIECE);
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(part.start));
    let work = || {
        let mut worked = Vec::new();
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= pieces {
                return worked;
            }
            let start = part.start + piece * PIECE;
            let range = start..part.end.min(start + PIECE);
            let length = range.len();
            worked.push((piece, blocks_of_piece(index, artifact, range, costs)));
            let done = (done.fetch_add(length, Ordering::Relaxed) + length) as u64;
            (options.progress)(Progress { phase: Phase::Match, done, total });
        }
    };
    let threads = options.threads.get().min(pieces);
    let mut worked = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut worked = work();
        for other in others {
            worked.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        worked
    });
    worked.sort_unstable_by_key(|(piece, _)| *piece);
    worked.into_iter().flat_map(|(_, blocks)| blocks).collect()
}

fn blocks_of_piece(index: &Index, artifact: &[u8], range: Range<usize>, costs: &Costs) -> Vec<Block> {
    let proposals = search::propose(index, artifact, range.clone(), costs);
    parse::parse(index.base(), artifact, range, &proposals, costs)
}

/// Appends a block, or makes the last one longer where the new one goes on with it.
fn append(blocks: &mut Vec<Block>, block: Block) {
    match blocks.last_mut() {
        Some(last)
            if last.base + last.length == block.base && last.artifact + last.length == block.artifact =>
        {
            last.length += block.length;
        }
        _ => blocks.push(block),
    }
}
