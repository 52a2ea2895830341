//! The steps of rebuilding an artifact, apart from how they are written down.

use std::io::{self, Write};

use crate::Error;
use crate::matching::Block;

/// One step of rebuilding an artifact. Every step gives at least one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// First move the position in the base by this much.
    pub(crate) seek: i64,
    /// Then give so many bytes, each a byte of the base plus a byte of the difference, and move on in the base.
    pub(crate) add: u64,
    /// Then give so many bytes of the extra stream.
    pub(crate) copy: u64,
}

/// The steps that turn `base` into `artifact`, found by the `bsdiff` crate.
///
/// They stay within the base, give exactly the artifact's length, and never move to a negative position.
pub(crate) fn find(base: &[u8], artifact: &[u8]) -> io::Result<Vec<Step>> {
    let mut triples = Triples::default();
    bsdiff::diff(base, artifact, &mut triples)?;
    Ok(triples.steps)
}

/// The steps that give these blocks, and all other bytes of the artifact as they are.
///
/// The blocks are sorted by their place in the artifact, lie apart in it and inside of both files.
pub(crate) fn of_blocks(blocks: &[Block], artifact_length: usize) -> Vec<Step> {
    let artifact_length = artifact_length as u64;
    let mut steps = Vec::with_capacity(blocks.len() + 1);
    let first = blocks.first().map_or(artifact_length, |block| u64::from(block.artifact));
    if first > 0 {
        steps.push(Step { seek: 0, add: 0, copy: first });
    }
    let nexts = blocks.iter().skip(1).map(|block| u64::from(block.artifact)).chain([artifact_length]);
    let mut position = 0;
    for (block, next) in blocks.iter().zip(nexts) {
        let [base, artifact, add] = [block.base, block.artifact, block.length].map(u64::from);
        let seek = base.cast_signed() - position;
        steps.push(Step { seek, add, copy: next - artifact - add });
        position = (base + add).cast_signed();
    }
    steps
}

/// Takes the output of `bsdiff::diff`: triples of 24 bytes, each followed by its difference and extra bytes. Keeps
/// the triples only; the bytes can be had from the files again, which saves a copy of the artifact.
#[derive(Default)]
struct Triples {
    steps: Vec<Step>,
    /// The seek that the next step begins with.
    seek: i64,
    triple: Vec<u8>,
    /// So many bytes of difference and extra are still to come.
    skip: usize,
}

impl Triples {
    fn triple(&mut self, numbers: [u64; 3]) -> io::Result<()> {
        let [add, copy, seek] = numbers;
        let bytes = add.checked_add(copy).and_then(|bytes| usize::try_from(bytes).ok());
        self.skip = bytes.ok_or(io::ErrorKind::InvalidData)?;
        // Only the third number is signed: sign and magnitude.
        let magnitude = (seek & !(1 << 63)).cast_signed();
        let seek_after = if seek >> 63 == 0 { magnitude } else { -magnitude };
        if self.skip == 0 {
            self.seek = self.seek.checked_add(seek_after).ok_or(io::ErrorKind::InvalidData)?;
        } else {
            self.steps.push(Step { seek: self.seek, add, copy });
            self.seek = seek_after;
        }
        Ok(())
    }
}

impl Write for Triples {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let skipped = self.skip.min(bytes.len());
        if skipped > 0 {
            self.skip -= skipped;
            return Ok(skipped);
        }
        let taken = bytes.len().min(24 - self.triple.len());
        self.triple.extend(bytes.iter().take(taken));
        if let Ok(triple) = <[u8; 24]>::try_from(self.triple.as_slice()) {
            self.triple.clear();
            self.triple(numbers(triple))?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A place in a file that a maker walks through.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    pub(crate) fn seek(&mut self, by: i64) -> Result<(), Error> {
        let position = isize::try_from(by).ok().and_then(|by| self.position.checked_add_signed(by));
        self.position = position.ok_or(OUTSIDE)?;
        Ok(())
    }

    /// The next bytes.
    pub(crate) fn take(&mut self, count: u64) -> Result<&'a [u8], Error> {
        let end = usize::try_from(count).ok().and_then(|count| self.position.checked_add(count));
        let bytes = end.and_then(|end| self.bytes.get(self.position..end)).ok_or(OUTSIDE)?;
        self.position += bytes.len();
        Ok(bytes)
    }
}

/// Steps that leave their files, which [`find`] never gives.
const OUTSIDE: Error = Error::Malformed("a step leaves the file");

/// Three little-endian numbers of 64 bits.
pub(crate) fn numbers(bytes: [u8; 24]) -> [u64; 3] {
    let mut numbers = [0; 3];
    for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
        *number = u64::from_le_bytes(*bytes);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &[u8], artifact: &[u8], steps: Vec<Step>) {
        let (mut position, mut given) = (0i64, 0);
        for step in steps {
            assert!(step.add + step.copy > 0);
            position += step.seek;
            assert!(position >= 0);
            position += i64::try_from(step.add).unwrap();
            assert!(usize::try_from(position).unwrap() <= base.len());
            given += step.add + step.copy;
        }
        assert_eq!(given, artifact.len() as u64);
    }

    #[test]
    fn steps_stay_inside() {
        let text: Vec<u8> = (0..4_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let moved = [&text[2_000..], &text[..2_000], b"more"].concat();
        for base in [&[][..], b"a", &text, &moved] {
            for artifact in [&[][..], b"a", &text, &moved] {
                check(base, artifact, find(base, artifact).unwrap());
            }
        }
    }
    #[test]
    fn blocks_become_steps() {
        let block = |base, artifact, length| Block { base, artifact, length };
        let step = |seek, add, copy| Step { seek, add, copy };
        assert_eq!(of_blocks(&[], 0), []);
        assert_eq!(of_blocks(&[], 9), [step(0, 0, 9)]);
        assert_eq!(of_blocks(&[block(7, 0, 9)], 9), [step(7, 9, 0)]);
        let steps = of_blocks(&[block(40, 5, 10), block(30, 15, 10), block(0, 30, 10)], 41);
        assert_eq!(steps, [step(0, 0, 5), step(40, 10, 0), step(-20, 10, 5), step(-40, 10, 1)]);
        check(&[0; 50], &[0; 41], steps);
    }
}
