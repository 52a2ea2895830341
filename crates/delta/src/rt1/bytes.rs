//! Predicts bytes in contexts that are met seldom.
//!
//! As [`mix`](super::mix), but for many contexts: a context's fifteen nodes of half a byte lie in one line, with a check
//! that tells contexts apart which share it.

use std::array;

use super::coder::Coder;
use super::mix::{Mixer, Tools};
use crate::Error;

/// A line: the check, then the nodes. A node is a probability of 12 bits, and how often it was met, in four bits.
type Line = [u16; 16];
/// Never met, as likely as not.
const EVEN: u16 = 0x8000;

/// A model of bytes in `N` contexts each.
pub(crate) struct Bytes<const N: usize> {
    lines: Box<[Line]>,
    mixer: Mixer<N>,
}

/// By how much of the way a node moves that was met so often, in 1/65536.
const SHARES: [u32; 16] = [
    43_690, 26_214, 18_724, 14_563, 11_915, 10_082, 8_738, 7_710, 6_898, 6_241, 5_698, 5_242, 4_854, 4_519,
    4_228, 3_276,
];

impl<const N: usize> Bytes<N> {
    /// A model with 2^`log` lines of 32 bytes, and `sets` sets of weights.
    pub(crate) fn new(log: u32, sets: usize) -> Self {
        let line = array::from_fn(|at| if at == 0 { 0 } else { EVEN });
        Self { lines: vec![line; 1 << log].into_boxed_slice(), mixer: Mixer::new(sets * 256) }
    }

    /// Codes a byte in these contexts. `set` chooses the weights.
    #[inline]
    pub(crate) fn byte<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        byte: u8,
        contexts: &[u32; N],
        set: usize,
    ) -> Result<u8, Error> {
        let high = self.nibble(tools, byte >> 4, contexts, set * 256, 1)?;
        let salt = (u32::from(high) + 1).wrapping_mul(0x9e37_79b1);
        let contexts = array::from_fn(|at| contexts[at] ^ salt);
        let low = self.nibble(tools, byte & 15, &contexts, set * 256, 16 | usize::from(high))?;
        Ok(high << 4 | low)
    }

    #[inline]
    fn nibble<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        value: u8,
        contexts: &[u32; N],
        set: usize,
        start: usize,
    ) -> Result<u8, Error> {
        let mask = self.lines.len() - 1;
        let lines: [usize; N] = array::from_fn(|at| {
            let hash =
                (contexts[at].wrapping_add((at as u32).wrapping_mul(0x3d4d_51cb))).wrapping_mul(0x85eb_ca6b);
            let hash = (hash ^ hash >> 15).wrapping_mul(0x2c1b_3c6d);
            let check = (hash >> 16) as u16;
            let slot = (hash ^ hash >> 17) as usize & mask;
            if let Some(line) = self.lines.get_mut(slot)
                && line[0] != check
            {
                *line = array::from_fn(|at| if at == 0 { check } else { EVEN });
            }
            slot
        });
        let mut local: [Line; N] =
            array::from_fn(|at| self.lines.get(lines[at]).copied().unwrap_or([EVEN; 16]));
        let mut node = 1usize;
        let mut path = start;
        for step in 0..4 {
            let bit = value >> (3 - step) & 1 != 0;
            let nodes: [u16; N] = array::from_fn(|at| local[at][node & 15]);
            let opinions = array::from_fn(|at| tools.logistic().stretch12(nodes[at] >> 4));
            let bit = self.mixer.code(tools, bit, &opinions, set + path)?;
            for at in 0..N {
                local[at][node & 15] = update(nodes[at], bit);
            }
            node = node << 1 | usize::from(bit);
            path = path << 1 | usize::from(bit);
        }
        for at in 0..N {
            if let Some(line) = self.lines.get_mut(lines[at]) {
                *line = local[at];
            }
        }
        Ok((node & 15) as u8)
    }
}

/// Moves a node towards what came.
#[inline]
fn update(node: u16, bit: bool) -> u16 {
    let (probability, count) = (i32::from(node >> 4), node & 15);
    let wanted = if bit { 4095 } else { 0 };
    let share = SHARES[usize::from(count)] as i32;
    let moved = ((wanted - probability) * share + (1 << 15)) >> 16;
    ((probability + moved) as u16) << 4 | (count + u16::from(count < 15))
}
