//! What targets have become, as far as references told by now: dense, of a fixed size.

use crate::references::Reference;

/// So many slots lie together, in which a target may be: 64 bytes.
const BUCKET: usize = 8;
/// Targets so close to each other move alike, mostly: bytes, as a logarithm.
const GRANULE: u32 = 8;

/// A target of the base, and what it has become; both zero for none.
type Pair = (u32, u32);

/// A target that is never learned: its slots are free.
const NOTHING: u32 = 0;

/// Maps targets of the base to targets of the artifact.
pub(super) struct Learned {
    /// Buckets of pairs, by a hash of the target.
    pairs: Box<[Pair]>,
    /// The last pair of each granule, by a hash of the granule.
    near: Box<[Pair]>,
}

impl Learned {
    /// With 2^`log` slots for pairs.
    pub(super) fn new(log: u8) -> Self {
        let slots = |log: u8| vec![(0, 0); 1 << log].into_boxed_slice();
        Self { pairs: slots(log), near: slots(log.saturating_sub(3)) }
    }

    /// Remembers what a target has become.
    pub(super) fn insert(&mut self, reference: &Reference, became: u32) {
        let key = key(reference);
        if key == NOTHING {
            return;
        }
        let near = granule(key, self.near.len());
        if let Some(slot) = self.near.get_mut(near) {
            *slot = (key, became);
        }
        let hash = hash(key);
        let bucket = bucket(hash, &mut self.pairs);
        // Where there is no room, a slot that the hash chooses makes some.
        let at = bucket.iter().position(|(known, _)| *known == key || *known == NOTHING);
        if let Some(slot) = bucket.get_mut(at.unwrap_or(hash as usize % BUCKET)) {
            *slot = (key, became);
        }
    }

    /// What a target has become.
    pub(super) fn get(&self, reference: &Reference) -> Option<u32> {
        let key = key(reference);
        let start = hash(key) as usize & (self.pairs.len() - 1) & !(BUCKET - 1);
        let bucket = self.pairs.get(start..start + BUCKET).unwrap_or_default();
        bucket.iter().find(|(known, _)| *known == key && key != NOTHING).map(|(_, became)| *became)
    }

    /// By how much the nearest target moved that is known in the same granule or one beside it, and how far it is.
    pub(super) fn near(&self, reference: &Reference) -> Option<(u32, u32)> {
        let key = key(reference);
        let beside = [key, key.wrapping_sub(1 << GRANULE), key.wrapping_add(1 << GRANULE)];
        let known = beside.into_iter().filter_map(|beside| {
            let (target, became) = *self.near.get(granule(beside, self.near.len()))?;
            (target >> GRANULE == beside >> GRANULE && target != NOTHING)
                .then_some((became.wrapping_sub(target), target.abs_diff(key)))
        });
        known.min_by_key(|(_, distance)| *distance)
    }
}

/// The target with its space folded in. Two that meet in one number only spoil a prediction.
fn key(reference: &Reference) -> u32 {
    let key = reference.key();
    key as u32 ^ ((key >> 32) as u32).wrapping_mul(0x9000_0000)
}

fn hash(key: u32) -> u32 {
    let hash = key.wrapping_mul(0x9e37_79b1);
    hash ^ hash >> 15
}

fn granule(key: u32, slots: usize) -> usize {
    hash(key >> GRANULE) as usize & (slots - 1)
}

fn bucket(hash: u32, pairs: &mut [Pair]) -> &mut [Pair] {
    let start = hash as usize & (pairs.len() - 1) & !(BUCKET - 1);
    pairs.get_mut(start..start + BUCKET).unwrap_or_default()
}
