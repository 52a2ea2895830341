//! Numbers: how many bits, then the bits, of which the upper ones are modelled.

use super::coder::Coder;
use super::mix::{Mix, Tools, context};
use crate::Error;

/// A model of numbers that mostly are small.
pub(crate) struct Numbers {
    mix: Mix<3>,
}

/// An even chance.
const EVEN: u32 = 32_768;

impl Numbers {
    /// For `kinds` kinds of numbers.
    pub(crate) fn new(kinds: usize) -> Self {
        Self { mix: Mix::new(16, kinds * 16) }
    }

    /// Codes a number below 2^62 of a kind, in up to three contexts of which the last should be the most special.
    pub(crate) fn code<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        number: u64,
        kind: usize,
        contexts: [u32; 2],
    ) -> Result<u64, Error> {
        let kind_number = kind as u32;
        // A decoder's number is anything.
        let number = number.wrapping_add(1);
        let wanted = number.checked_ilog2().unwrap_or(0);
        let with = |salt: u32| {
            [
                context([kind_number, salt]),
                context([kind_number, salt, contexts[0]]),
                context([kind_number, salt, contexts[0], contexts[1]]),
            ]
        };
        // How many bits: four bits of that, and four more whenever those are all ones.
        let mut length = 0;
        for round in 0..5 {
            let part = wanted.saturating_sub(length).min(15) as u8;
            let set = kind * 16 + if round == 0 { 0 } else { 4 };
            let part = self.mix.nibble(tools, part, &with(round), set)?;
            length += u32::from(part);
            if part < 15 {
                break;
            }
        }
        if length > 62 {
            return Err(Error::Malformed("a number that is too large"));
        }
        let mut value = 1u64;
        for step in 0..length {
            let bit = number >> (length - 1 - step) & 1 != 0;
            let bit = if step < 3 || length <= 6 {
                let salt = 16 + length * 8 + step;
                let upper = value as u32;
                self.mix.bit(
                    tools,
                    bit,
                    &[
                        context([kind_number, salt, upper]),
                        context([kind_number, salt, upper, contexts[0]]),
                        context([kind_number, salt, upper, contexts[0], contexts[1]]),
                    ],
                    kind * 16 + 8 + step.min(7) as usize,
                )?
            } else {
                tools.coder.bit(bit, EVEN)?
            };
            value = value << 1 | u64::from(bit);
        }
        Ok(value - 1)
    }

    /// Codes a signed number: 0, -1, 1, -2 as 0, 1, 2, 3.
    pub(crate) fn signed<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        number: i64,
        kind: usize,
        contexts: [u32; 2],
    ) -> Result<i64, Error> {
        let folded = (number << 1 ^ number >> 63).cast_unsigned();
        let folded = self.code(tools, folded, kind, contexts)?;
        Ok((folded >> 1).cast_signed() ^ -(folded & 1).cast_signed())
    }
}
