//! References of blocks: re-targeted, which mostly is right.

use super::coder::Coder;
use super::field::{Site, bits, decode, encode, gather, mask, scatter};
use super::mix::{Mix, Tools, context};
use super::number::Numbers;
use super::places::Places;
use crate::Error;
use crate::image::Layout;
use crate::references::{Form, Reference};

/// How a word that is not as predicted is: as it is in the base.
const SAME: u8 = 1;
/// Off by what an earlier one was off.
const AGAIN: u8 = 2;
/// Off by something else.
const OFF: u8 = 3;
/// Other bits than those of the target differ, too.
const OTHER: u8 = 4;

/// A field of a block.
#[derive(Clone, Copy)]
struct Words {
    /// The base's word.
    base: u64,
    predicted: u64,
    /// The artifact's word; the decoder has none yet.
    actual: u64,
}

/// A model of fields.
pub(super) struct Fields {
    hits: Mix<5>,
    ways: Mix<3>,
    other: Mix<3>,
    offs: Numbers,
    /// Whether the last predictions were wrong, the newest lowest.
    wrong: u32,
    /// By how much the last wrong ones were off.
    recent: [i64; 4],
    /// Pages of the last `ADRP`s: the target in the base, the page in the artifact.
    pages: [(u32, u32); 8],
    turn: usize,
}

impl Fields {
    pub(super) fn new() -> Self {
        Self {
            hits: Mix::new(18, 8 * 4 * 4),
            ways: Mix::new(14, 8 * 4),
            other: Mix::new(16, 8 * 8),
            offs: Numbers::new(8),
            wrong: 0,
            recent: [0; 4],
            pages: [(u32::MAX, 0); 8],
            turn: 0,
        }
    }

    /// Codes the word of a field at `offset` of the artifact; `word` is the base's, `actual` the artifact's.
    pub(super) fn code<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        reference: &Reference,
        word: u64,
        actual: Option<u64>,
        offset: u32,
        places: &mut Places<'_>,
    ) -> Result<u64, Error> {
        let layout = places.layout();
        let form = reference.form;
        let (became, source) = places.find(reference);
        let site = match places.artifact().region(offset) {
            Some(region) => Site {
                place: region.place.wrapping_add(offset - region.offset),
                region: region.place,
                anchor: region.anchor,
            },
            None => Site { place: places.artifact().place(offset), region: 0, anchor: 0 },
        };
        let predicted = encode(reference, word, became, site, layout);
        let kind = form as u32 * 16 + reference.anchor as u32;
        let source = source as u32;
        let moved = became.wrapping_sub(reference.target).wrapping_mul(0x9e37_79b1) >> 20;
        let contexts = [
            context([kind, source, self.wrong & 0xff]),
            context([kind, source, self.wrong & 3, u32::from(predicted == word)]),
            context([kind, source, reference.target >> 8]),
            context([kind, source, moved]),
            context([reference.target, (reference.key() >> 32) as u32]),
        ];
        let set = (form as usize * 4 + source as usize) * 4 + (self.wrong & 3) as usize;
        let wrong = self.hits.bit(tools, actual.is_some_and(|actual| actual != predicted), &contexts, set)?;
        self.wrong = self.wrong << 1 | u32::from(wrong);
        let actual = if wrong {
            let words = Words { base: word, predicted, actual: actual.unwrap_or(0) };
            self.miss(tools, reference, words, [kind, source])?
        } else {
            predicted
        };
        self.learn(reference, actual, site, places, layout);
        Ok(actual)
    }

    /// Codes a word that is not as predicted.
    fn miss<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        reference: &Reference,
        words: Words,
        [kind, source]: [u32; 2],
    ) -> Result<u64, Error> {
        let Words { base: word, predicted, actual } = words;
        let form = reference.form;
        let off = |word: u64| {
            let shift = 64 - bits(form);
            (gather(form, word).wrapping_sub(gather(form, predicted)) << shift).cast_signed() >> shift
        };
        let again = self.recent.iter().position(|recent| *recent == off(actual));
        let way = if actual == word {
            SAME
        } else if (actual ^ predicted) & !mask(form) != 0 || off(actual).unsigned_abs() > 1 << 60 {
            OTHER
        } else if again.is_some() {
            AGAIN
        } else {
            OFF
        };
        let contexts = [context([kind]), context([kind, source]), context([kind, source, self.wrong & 15])];
        let way = self.ways.nibble(tools, way, &contexts, form as usize * 4)?;
        match way {
            SAME => Ok(word),
            AGAIN => {
                let contexts = [
                    context([kind, 1]),
                    context([kind, source, 1]),
                    context([kind, source, self.wrong & 15, 1]),
                ];
                let again =
                    self.ways.nibble(tools, again.unwrap_or(0) as u8, &contexts, form as usize * 4)?;
                let off = self.recent.get(usize::from(again)).copied().ok_or(BAD)?;
                self.recent.get_mut(..=usize::from(again)).ok_or(BAD)?.rotate_right(1);
                Ok(scatter(form, predicted, gather(form, predicted).wrapping_add_signed(off)))
            }
            OFF => {
                let off = self.offs.signed(tools, off(actual), form as usize, [source, kind])?;
                self.recent.rotate_right(1);
                self.recent[0] = off;
                Ok(scatter(form, predicted, gather(form, predicted).wrapping_add_signed(off)))
            }
            OTHER => {
                let mut number = 0;
                for at in 0..reference.width() {
                    let [old, new] = [word, actual].map(|word| (word >> (8 * at)) as u8);
                    let contexts = [
                        context([kind, at as u32]),
                        context([kind, at as u32, old.into()]),
                        context([kind, at as u32, (number >> (8 * at.saturating_sub(1))) as u32 & 0xff]),
                    ];
                    let byte = self.other.byte(tools, new.wrapping_sub(old), &contexts, at)?;
                    number |= u64::from(old.wrapping_add(byte)) << (8 * at);
                }
                Ok(number)
            }
            _ => Err(BAD),
        }
    }

    /// Remembers what a target has become.
    fn learn(
        &mut self,
        reference: &Reference,
        word: u64,
        site: Site,
        places: &mut Places<'_>,
        layout: &Layout,
    ) {
        let page = match reference.form {
            Form::Page => {
                let page = decode(reference, word, 0, site, layout);
                if let Some(slot) = self.pages.get_mut(self.turn % 8) {
                    *slot = (reference.target, page);
                }
                self.turn = self.turn.wrapping_add(1);
                return;
            }
            Form::PageOffset => {
                let newest = (1..=8).filter_map(|back| self.pages.get(self.turn.wrapping_sub(back) % 8));
                match newest.into_iter().find(|(target, _)| *target == reference.target) {
                    Some((_, page)) => *page,
                    None => return,
                }
            }
            _ => 0,
        };
        places.learn(reference, decode(reference, word, page, site, layout));
    }
}

const BAD: Error = Error::Malformed("a reference that is none");
