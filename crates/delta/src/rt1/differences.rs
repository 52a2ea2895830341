//! Bytes of blocks that belong to no reference: mostly those of the base.

use std::ops::Range;

use super::bytes::Bytes;
use super::coder::Coder;
use super::mix::{Mix, Tools, context};
use crate::Error;
use crate::image::Kind;

/// So many bytes share the flag that says whether any of them differs.
const GROUP: usize = 32;

/// A model of the differences of bytes.
pub(super) struct Differences {
    groups: Mix<4>,
    flags: Mix<5>,
    values: Bytes<6>,
    kind: u32,
    offset: u32,
    /// How long the block is, as a number of bits.
    length: u32,
    /// Bytes since the block's start.
    done: u32,
    /// Whether the last groups differed, the newest lowest.
    history: u32,
    /// Whether the last bytes differed, the newest lowest.
    differed: u64,
    /// The last differences, the newest lowest.
    last: u64,
    /// The last difference that is not zero.
    nonzero: u8,
}

impl Differences {
    pub(super) fn new() -> Self {
        Self {
            groups: Mix::new(16, 64),
            flags: Mix::new(18, 256),
            values: Bytes::new(16, 16),
            kind: 0,
            offset: 0,
            length: 0,
            done: 0,
            history: 0,
            differed: 0,
            last: 0,
            nonzero: 0,
        }
    }

    /// A block begins.
    pub(super) fn start(&mut self, length: u32) {
        self.length = 32 - length.leading_zeros();
        self.done = 0;
        self.history = 0;
        self.differed = 0;
        self.last = 0;
    }

    /// A piece of it begins.
    pub(super) fn piece(&mut self, kind: Kind, offset: u32) {
        self.kind = kind as u32;
        self.offset = offset;
    }

    /// A reference was there.
    pub(super) fn skip(&mut self) {
        self.differed <<= 4;
        self.last <<= 32;
    }

    /// Codes the bytes of a range of the piece `old`.
    pub(super) fn code<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        old: &[u8],
        range: Range<usize>,
        known: Option<&[u8]>,
        new: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let mut at = range.start;
        while at < range.end {
            let end = (at + GROUP).min(range.end);
            let olds = old.get(at..end).unwrap_or_default();
            let news = known.and_then(|known| known.get(at..end));
            let differs = news.is_some_and(|news| news != olds);
            let size = (end - at) as u32;
            let place = self.done.min(64) >> 2;
            let contexts = [
                context([self.kind, self.history & 0xff, size]),
                context([self.kind, self.history & 7, self.length, place]),
                context([
                    olds.first().copied().unwrap_or(0).into(),
                    size,
                    old.get(at.wrapping_sub(1)).copied().unwrap_or(0).into(),
                    self.kind,
                ]),
                context([self.history & 0xffff, (self.differed & 0xff) as u32]),
            ];
            let differs =
                self.groups.bit(tools, differs, &contexts, (self.kind * 2 + (self.history & 1)) as usize)?;
            self.history = self.history << 1 | u32::from(differs);
            self.done += size;
            if differs {
                self.bytes(tools, old, at..end, known, new)?;
            } else {
                new.extend(olds);
                self.differed = self.differed.checked_shl(size).unwrap_or(0);
                self.last = self.last.checked_shl(size * 8).unwrap_or(0);
            }
            at = end;
        }
        Ok(())
    }

    /// Codes bytes of which one differs.
    fn bytes<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        old: &[u8],
        range: Range<usize>,
        known: Option<&[u8]>,
        new: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let mut any = false;
        let byte = |at: usize| old.get(at).map_or(0, |byte| u32::from(*byte));
        for at in range.clone() {
            let (now, before, before2) = (byte(at), byte(at.wrapping_sub(1)), byte(at.wrapping_sub(2)));
            let actual = known.and_then(|known| known.get(at)).copied().unwrap_or(0);
            let difference = actual.wrapping_sub(now as u8);
            let left = (range.end - at) as u32;
            let aligned = (self.offset + at as u32) & 7;
            let recent = (self.differed & 0xf) as u32;
            let sure = !any && left == 1;
            let differs = if sure {
                true
            } else {
                let contexts = [
                    context([self.kind, recent, left, u32::from(any)]),
                    context([now, before, u32::from(any), recent & 1]),
                    context([now, before, before2, byte(at + 1)]),
                    context([self.kind, aligned, (self.differed & 0xff) as u32, u32::from(any)]),
                    context([(self.differed & 0xffff) as u32, now]),
                ];
                self.flags.bit(tools, difference != 0, &contexts, (self.kind * 16 + recent) as usize)?
            };
            self.differed = self.differed << 1 | u64::from(differs);
            let mut coded = now as u8;
            if differs {
                any = true;
                let recent = (self.differed >> 1 & 3) as u32;
                let contexts = [
                    context([self.kind, (self.last & 0xff) as u32, recent]),
                    context([now, self.kind]),
                    context([now, before, (self.last & 0xff) as u32]),
                    context([u32::from(self.nonzero), aligned, recent]),
                    context([(self.last & 0xffff) as u32, before]),
                    context([now, before, before2]),
                ];
                let difference = self.values.byte(
                    tools,
                    difference,
                    &contexts,
                    (recent * 4 + self.kind.min(3)) as usize,
                )?;
                coded = (now as u8).wrapping_add(difference);
                self.nonzero = difference;
                self.last = self.last << 8 | u64::from(difference);
            } else {
                self.last <<= 8;
            }
            new.push(coded);
        }
        Ok(())
    }
}
