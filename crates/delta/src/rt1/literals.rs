//! Bytes that the base does not have.

use super::bytes::Bytes;
use super::coder::Coder;
use super::mix::{Tools, context};
use crate::Error;
use crate::image::Kind;

const CONTEXTS: usize = 4;

/// A model of literal bytes, of which it remembers the last.
pub(super) struct Literals {
    mix: Bytes<CONTEXTS>,
    /// The last four literal bytes, the newest lowest.
    last: u32,
    /// The last literals, a ring.
    history: Box<[u8]>,
    /// How many literals there were by now.
    count: u32,
    /// Where in the history the last four bytes were before, by their hash.
    seen: Box<[u32]>,
    /// What is expected to follow, and for how long that was right.
    expected: Option<(u32, u32)>,
}

/// Bytes to code.
pub(super) struct Text<'a> {
    /// The kind of the region that they are in.
    pub(super) kind: Kind,
    /// Where they are in the artifact.
    pub(super) offset: u32,
    pub(super) length: usize,
    /// The bytes, as far as they are known.
    pub(super) known: Option<&'a [u8]>,
    /// The bytes of the base that would be there if the block before went on.
    pub(super) beside: &'a [u8],
}

/// So many literals are remembered.
const HISTORY: usize = 1 << 20;

impl Literals {
    pub(super) fn new() -> Self {
        Self {
            mix: Bytes::new(16, 24),
            last: 0,
            history: vec![0; HISTORY].into_boxed_slice(),
            count: 0,
            seen: vec![0; 1 << 16].into_boxed_slice(),
            expected: None,
        }
    }

    /// Codes the bytes of a gap, and appends them to `bytes`.
    pub(super) fn code<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        text: &Text<'_>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let Text { kind, offset, length, known, beside } = *text;
        // For how many bytes the base was right.
        let mut right = 0;
        for at in 0..length {
            let old = beside.get(at).map_or(0x100, |byte| u32::from(*byte));
            let last = self.last;
            let (predicted, sure) = match self.expected {
                Some((from, good)) => {
                    let byte = self.history[from as usize % HISTORY];
                    (u32::from(byte) | 0x100, good.min(15))
                }
                None => (0, 0),
            };
            let kind = kind as u32;
            let contexts = [
                context([kind, last & 0xff, 1]),
                context([last & 0xffff, 2]),
                context([old, right, last & 0xff, 5]),
                context([predicted, sure, 7 + (offset.wrapping_add(at as u32) & 3)]),
            ];
            let set = (sure.min(3) * 3 + right.min(2)) as usize + if kind == 0 { 12 } else { 0 };
            let byte = known.and_then(|known| known.get(at)).copied().unwrap_or(0);
            let byte = self.mix.byte(tools, byte, &contexts, set)?;
            right = if old == u32::from(byte) { (right + 1).min(7) } else { 0 };
            bytes.push(byte);
            self.remember(byte);
        }
        Ok(())
    }

    fn remember(&mut self, byte: u8) {
        self.expected = self
            .expected
            .filter(|(from, _)| self.history[*from as usize % HISTORY] == byte)
            .map(|(from, good)| (from + 1, good + 1));
        self.last = self.last << 8 | u32::from(byte);
        self.history[self.count as usize % HISTORY] = byte;
        self.count += 1;
        let hash = (self.last.wrapping_mul(0x9e37_79b1) >> 16) as usize;
        if let Some(seen) = self.seen.get_mut(hash) {
            let age = self.count - *seen;
            if self.expected.is_none() && *seen > 0 && (age as usize) < HISTORY {
                self.expected = Some((*seen, 0));
            }
            *seen = self.count;
        }
    }
}
