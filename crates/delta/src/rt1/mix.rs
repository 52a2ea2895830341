//! Predicts bits: several contexts each have an opinion, and a small network learns whom to believe.
//!
//! Source: M. Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", Florida Tech TR
//! CS-2005-16: opinions in the logistic domain, weights that follow the coding error. Everything is integers, so
//! that every machine computes alike.

use std::array;

use super::coder::Coder;
use crate::Error;

/// The largest value in the logistic domain, in 1/256: a probability of 1.1 / 65536.
const REACH: i32 = 2816;
/// 65536 / (1 + e^(-x / 256)) for x from -2816 to 2816 in steps of 128.
const CURVE: [i32; 45] = [
    1, 2, 3, 5, 8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11_955, 17_625,
    24_743, 32_768, 40_793, 47_911, 53_581, 57_724, 60_565, 62_428, 63_615, 64_357, 64_816, 65_097, 65_269,
    65_374, 65_438, 65_476, 65_500, 65_514, 65_523, 65_528, 65_531, 65_533, 65_534, 65_535,
];

/// Both ways between probabilities and the logistic domain.
pub(crate) struct Logistic {
    /// ln(p / (1 - p)) in 1/256, by the upper 12 bits of the probability.
    stretch: Box<[i16; 4096]>,
    /// The probability of 16 bits, from -REACH on.
    squash: Box<[u16]>,
}

impl Logistic {
    pub(crate) fn new() -> Self {
        let squash: Box<[u16]> = (0..=2 * REACH).map(curve).collect();
        // The inverse: the first value whose probability is not below.
        let mut at = 0;
        let mut stretch = Box::new([0; 4096]);
        for (wanted, stretched) in (8..=u16::MAX).step_by(16).zip(stretch.iter_mut()) {
            while squash.get(at).is_some_and(|probability| *probability < wanted) {
                at += 1;
            }
            *stretched = i16::try_from(at).unwrap_or(i16::MAX) - REACH as i16;
        }
        Self { stretch, squash }
    }

    #[inline]
    fn stretch(&self, probability: u32) -> i32 {
        i32::from(self.stretch[probability as usize >> 4 & 4095])
    }

    /// As [`stretch`](Self::stretch), of a probability of 12 bits.
    #[inline]
    pub(crate) fn stretch12(&self, probability: u16) -> i32 {
        i32::from(self.stretch[usize::from(probability & 4095)])
    }

    #[inline]
    fn squash(&self, x: i32) -> u32 {
        let at = (x.clamp(-REACH, REACH) + REACH) as usize;
        self.squash.get(at).map_or(32_768, |p| u32::from(*p))
    }
}

/// The curve at a value from 0 to 2 REACH, between its points.
fn curve(x: i32) -> u16 {
    let point = |at: i32| CURVE.get(at as usize).copied().unwrap_or(65_535);
    let (at, part) = (x / 128, x % 128);
    (point(at) + (point(at + 1) - point(at)) * part / 128) as u16
}

/// The lower bits of a slot count how often it was met, the upper 22 are a probability.
const COUNT: u32 = 10;
/// From this count on a probability moves no slower.
const LIMIT: u32 = 255;
/// A probability of one half, never met.
const EVEN: u32 = 1 << 31;

/// A model of bits in `N` contexts each.
pub(crate) struct Mix<const N: usize> {
    /// Probabilities, by hashes of contexts.
    slots: Box<[u32]>,
    mixer: Mixer<N>,
}

impl<const N: usize> Mix<N> {
    /// A model with 2^`log` slots and so many sets of weights.
    pub(crate) fn new(log: u32, sets: usize) -> Self {
        Self { slots: vec![EVEN; 1 << log].into_boxed_slice(), mixer: Mixer::new(sets) }
    }

    /// Codes a bit in these contexts. `set` chooses the weights.
    #[inline]
    pub(crate) fn bit<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        bit: bool,
        contexts: &[u32; N],
        set: usize,
    ) -> Result<bool, Error> {
        let mask = self.slots.len() - 1;
        self.code(tools, bit, array::from_fn(|at| scatter(contexts[at], at as u32) as usize & mask), set)
    }

    /// Codes a byte in these contexts. The weights are those of `set` times 8 and the seven after.
    #[inline]
    pub(crate) fn byte<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        byte: u8,
        contexts: &[u32; N],
        set: usize,
    ) -> Result<u8, Error> {
        let high = self.nibble(tools, byte >> 4, contexts, set * 8)?;
        let contexts =
            array::from_fn(|at| contexts[at].wrapping_add(u32::from(high) + 1).wrapping_mul(0x9e37_79b1));
        let low = self.nibble(tools, byte & 15, &contexts, set * 8 + 4)?;
        Ok(high << 4 | low)
    }

    /// Codes four bits: their nodes lie together, so a context costs one visit to memory.
    #[inline]
    pub(crate) fn nibble<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        value: u8,
        contexts: &[u32; N],
        set: usize,
    ) -> Result<u8, Error> {
        let mask = self.slots.len() - 16;
        let lines: [usize; N] = array::from_fn(|at| scatter(contexts[at], at as u32) as usize & mask);
        let mut node = 1usize;
        for step in 0..4 {
            let bit = value >> (3 - step) & 1 != 0;
            let bit = self.code(tools, bit, array::from_fn(|at| lines[at] | node), set + step)?;
            node = node << 1 | usize::from(bit);
        }
        Ok((node & 15) as u8)
    }

    #[inline]
    fn code<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        bit: bool,
        slots: [usize; N],
        set: usize,
    ) -> Result<bool, Error> {
        let found: [u32; N] = array::from_fn(|at| self.slots.get(slots[at]).copied().unwrap_or(EVEN));
        let opinions = array::from_fn(|at| tools.logistic.stretch(found[at] >> 16));
        let bit = self.mixer.code(tools, bit, &opinions, set)?;
        for at in 0..N {
            if let Some(slot) = self.slots.get_mut(slots[at]) {
                *slot = update(found[at], bit, &tools.shares);
            }
        }
        Ok(bit)
    }
}

/// Puts the opinions of `N` contexts together.
pub(crate) struct Mixer<const N: usize> {
    /// How much each context is believed, in 1/65536, for each choice of the caller.
    weights: Box<[[i32; N]]>,
}

impl<const N: usize> Mixer<N> {
    /// With so many sets of weights.
    pub(crate) fn new(sets: usize) -> Self {
        let weight = match N {
            1 => 65_536,
            2 => 40_000,
            3 => 30_000,
            _ => 24_000,
        };
        Self { weights: vec![[weight; N]; sets].into_boxed_slice() }
    }

    /// Codes a bit.
    #[inline]
    pub(crate) fn code<C: Coder>(
        &mut self,
        tools: &mut Tools<C>,
        bit: bool,
        opinions: &[i32; N],
        set: usize,
    ) -> Result<bool, Error> {
        let Some(weights) = self.weights.get_mut(set) else {
            return Err(Error::Malformed("a context that is none"));
        };
        let mut sum = 0i64;
        for at in 0..N {
            sum += i64::from(opinions[at].wrapping_mul(weights[at]));
        }
        let one = tools.logistic.squash((sum >> 16).clamp(-i64::from(REACH), i64::from(REACH)) as i32);
        let bit = tools.coder.bit(bit, one)?;
        let error = if bit { 65_536 - one as i32 } else { -(one as i32) };
        for at in 0..N {
            let moved = (opinions[at] * (error >> 2) + (1 << 14)) >> 15;
            weights[at] = (weights[at] + moved).clamp(-(1 << 19), 1 << 19);
        }
        Ok(bit)
    }
}

/// Moves a probability towards what came.
#[inline]
fn update(slot: u32, bit: bool, shares: &[u32; LIMIT as usize + 1]) -> u32 {
    let count = slot & ((1 << COUNT) - 1);
    let probability = i64::from(slot >> COUNT);
    let wanted = if bit { (1 << 22) - 1 } else { 0 };
    let share = i64::from(shares[count.min(LIMIT) as usize]);
    let probability = probability + (((wanted - probability) * share) >> 16);
    (probability as u32) << COUNT | (count + u32::from(count < LIMIT))
}

/// A context's slot: a hash of it and of which of the contexts it is.
#[inline]
fn scatter(context: u32, at: u32) -> u32 {
    let hash = context.wrapping_add(at.wrapping_mul(0x3d4d_51cb)).wrapping_mul(0x85eb_ca6b);
    (hash ^ hash >> 15).wrapping_mul(0x2c1b_3c6d).rotate_left(12)
}

/// A context of several numbers.
#[inline]
pub(crate) fn context<const N: usize>(numbers: [u32; N]) -> u32 {
    numbers.iter().fold(N as u32, |hash, number| {
        (hash ^ number).wrapping_mul(0x9e37_79b1).rotate_left(11).wrapping_add(0x7f4a_7c15)
    })
}

/// What all models use.
pub(crate) struct Tools<C> {
    pub(crate) coder: C,
    logistic: Logistic,
    /// By how much of the way a probability moves that was met so often, in 1/65536.
    shares: Box<[u32; LIMIT as usize + 1]>,
}

impl<C: Coder> Tools<C> {
    #[inline]
    pub(crate) fn logistic(&self) -> &Logistic {
        &self.logistic
    }

    pub(crate) fn new(coder: C) -> Self {
        let mut shares = Box::new([0; LIMIT as usize + 1]);
        for (count, share) in shares.iter_mut().enumerate() {
            *share = (65_536 * 2 / (2 * count + 3)) as u32;
        }
        Self { coder, logistic: Logistic::new(), shares }
    }
}
