//! Applies `rt1`.

use std::io::{Read, Write};

use protocol::{FormatId, Hasher};

use super::chunks::Chunks;
use super::coder::Decoder;
use super::control::{self, Control};
use super::mix::Tools;
use super::retarget::{Walk, Walker, walk};
use super::{Streams, streams};
use crate::bsz1::Unpacker;
use crate::container::{Header, Stream};
use crate::image::PageHashes;
use crate::input::Input;
use crate::rebuild::{Outside, Rebuild};
use crate::{Error, Expected, Limits, ReadAt};

pub(crate) fn apply(
    base: &dyn ReadAt,
    patch: &mut dyn Read,
    out: &mut dyn Write,
    expected: &Expected,
    limits: &Limits,
) -> Result<(), Error> {
    let mut input = Input::new(patch);
    let header = Header::read(FormatId::RT1, &mut input)?;
    header.check(base.len(), expected, limits)?;
    let (control, content) = match streams(&header)? {
        Streams::Whole(stream) => return whole(stream, base, input, out, expected),
        Streams::Predicted { control, content } => (control, content),
    };
    let length = |length: u64| u32::try_from(length).map_err(|_| Error::Malformed("a file that is too long"));
    let lengths = (length(header.base.length)?, length(header.artifact.length)?);

    let mut tools = Tools::new(Decoder::new(&mut input, control.packed)?);
    let known = control::code(&mut tools, &Control::default(), lengths, control.plain)?;
    tools.coder.finish()?;

    let mut tools = Tools::new(Decoder::new(&mut input, content.packed)?);
    let plan = Walk {
        base: known.base,
        artifact: known.artifact,
        blocks: &known.blocks,
        pages: known.pages,
        length: lengths.1,
        learned: content.window_log,
    };
    let mut chunks = Chunks::new(base, &plan.base, lengths.1)?;
    let rebuild = Rebuild::new(base, Outside::Refused, out, expected);
    let mut writer = Writer { rebuild, hashes: known.pages.map(Hashes::new) };
    walk(&plan, &mut chunks, &mut tools, &mut writer)?;
    tools.coder.finish()?;
    input.end()?;
    writer.rebuild.finish()
}

/// An artifact that is there as a whole.
fn whole(
    stream: Stream,
    base: &dyn ReadAt,
    mut input: Input<'_>,
    out: &mut dyn Write,
    expected: &Expected,
) -> Result<(), Error> {
    let mut rebuild = Rebuild::new(base, Outside::Refused, out, expected);
    let mut unpacker = Unpacker::new(stream.plain, stream.window_log)?;
    let mut packed = vec![0; 64 << 10];
    let mut plain = vec![0; 256 << 10];
    let mut left = stream.packed;
    while left > 0 {
        let room = usize::try_from(left).map_or(packed.len(), |left| left.min(packed.len()));
        let piece = packed.get_mut(..room).unwrap_or_default();
        input.fill(piece)?;
        left -= piece.len() as u64;
        let mut rest: &[u8] = piece;
        loop {
            let (read, written) = unpacker.step(rest, &mut plain)?;
            rest = rest.get(read..).unwrap_or_default();
            let mut from = plain.get(..written).unwrap_or_default();
            rebuild.copy(written as u64, |to| take(&mut from, to))?;
            if rest.is_empty() && written < plain.len() {
                break;
            }
            if (read, written) == (0, 0) {
                return Err(Error::Malformed("a stream that goes nowhere"));
            }
        }
    }
    if !unpacker.ended() {
        return Err(Error::Truncated);
    }
    input.end()?;
    rebuild.finish()
}

/// Fills `to` from the start of `from`.
fn take(from: &mut &[u8], to: &mut [u8]) -> Result<(), Error> {
    let (now, later) = from.split_at_checked(to.len()).ok_or(Error::Truncated)?;
    to.copy_from_slice(now);
    *from = later;
    Ok(())
}

/// The decoder's walk.
struct Writer<'a> {
    rebuild: Rebuild<'a>,
    hashes: Option<Hashes>,
}

impl Walker for Writer<'_> {
    fn known(&self, _: u32, _: usize) -> Option<&[u8]> {
        None
    }

    fn pages(&mut self, length: u32) -> Result<(), Error> {
        let hashes = self.hashes.take().map(|hashes| hashes.hashes).unwrap_or_default();
        if hashes.len() != length as usize {
            return Err(Error::Malformed("hashes of pages that are not there"));
        }
        self.give(&hashes)
    }

    fn give(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(hashes) = &mut self.hashes {
            hashes.update(bytes);
        }
        let mut from = bytes;
        self.rebuild.copy(bytes.len() as u64, |to| take(&mut from, to))
    }
}

/// The hashes of the pages that went by.
struct Hashes {
    pages: PageHashes,
    hasher: Hasher,
    /// How many bytes went by, up to the limit.
    seen: u32,
    hashes: Vec<u8>,
}

impl Hashes {
    fn new(pages: PageHashes) -> Self {
        let hashes = Vec::with_capacity((pages.end() - pages.offset) as usize);
        Self { pages, hasher: Hasher::new(), seen: 0, hashes }
    }

    fn update(&mut self, bytes: &[u8]) {
        let left = (self.pages.limit - self.seen) as usize;
        let mut bytes = bytes.get(..left.min(bytes.len())).unwrap_or_default();
        while !bytes.is_empty() {
            let room = (self.pages.page - self.seen % self.pages.page) as usize;
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.hasher.update(now);
            self.seen += now.len() as u32;
            if self.seen.is_multiple_of(self.pages.page) || self.seen == self.pages.limit {
                let hasher = std::mem::replace(&mut self.hasher, Hasher::new());
                self.hashes.extend(hasher.finish().as_bytes());
            }
            bytes = later;
        }
    }
}
