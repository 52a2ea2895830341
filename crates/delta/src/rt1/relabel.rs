//! Copies of both files for the matcher, in which references look alike when they refer to the same thing.

use super::field::{mask, scatter};
use super::places::Places;
use crate::image::Layout;
use crate::matching::Block;
use crate::references::{CHUNK, Finder, Form, MARGIN, Reference, View};

/// Whether a reference's distance to its target says nothing about what it refers to.
fn is_relative(form: Form) -> bool {
    !matches!(form, Form::Absolute | Form::Fixup | Form::Anchored)
}

/// A copy without the distances of relative references.
pub(super) fn masked(bytes: &[u8], layout: &Layout) -> Vec<u8> {
    changed(
        bytes,
        layout,
        |reference, word| {
            if is_relative(reference.form) { word & !mask(reference.form) } else { word }
        },
    )
}

/// A copy of the base that has labels of the targets in its references.
pub(super) fn base(bytes: &[u8], layout: &Layout) -> Vec<u8> {
    changed(bytes, layout, |reference, word| label(reference, word, reference.target))
}

/// A copy of the artifact that has in its references the labels that the base has, by the blocks that are known.
pub(super) fn artifact(bytes: &[u8], layout: &Layout, base: &Layout, blocks: &[Block]) -> Vec<u8> {
    let back: Vec<Block> = blocks
        .iter()
        .map(|block| Block { base: block.artifact, artifact: block.base, length: block.length })
        .collect();
    let places = Places::new(layout, base, &back, 3);
    changed(bytes, layout, |reference, word| {
        let target = reference.target;
        let was = if reference.is_place() { places.in_block(target) } else { Some(target) };
        label(reference, word, was.unwrap_or(target ^ 0x8000_0000))
    })
}

/// A word with a label in the place of its target.
fn label(reference: &Reference, word: u64, label: u32) -> u64 {
    let number = match reference.form {
        Form::Branch26 | Form::Branch19 => u64::from(label >> 2),
        Form::Page => u64::from(label.wrapping_mul(0x9e37_79b1) >> 13 << 2),
        Form::PageOffset => u64::from(label.wrapping_mul(0x85eb_ca6b) >> 20),
        // The upper half stays: it tells a pointer from other words.
        Form::Absolute | Form::Fixup => return word & !0xffff_ffff | u64::from(label),
        Form::Relative | Form::Anchored => u64::from(label),
    };
    scatter(reference.form, word, number)
}

fn changed(bytes: &[u8], layout: &Layout, change: impl Fn(&Reference, u64) -> u64) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    let finder = Finder::new(layout);
    let mut found = Vec::new();
    let whole = View { bytes, start: 0 };
    let mut read = |offset| whole.word(offset);
    for start in (0..bytes.len()).step_by(CHUNK as usize) {
        let from = start.saturating_sub(MARGIN as usize);
        let to = bytes.len().min(start + (CHUNK + MARGIN) as usize);
        let view = View { bytes: bytes.get(from..to).unwrap_or_default(), start: from as u32 };
        finder.find(start as u32, view, &mut read, &mut found);
        for reference in &found {
            let at = reference.offset as usize;
            if let Some(field) = copy.get_mut(at..at + reference.width()) {
                let word = if field.len() == 8 {
                    whole.long(reference.offset)
                } else {
                    whole.word(reference.offset).into()
                };
                for (byte, new) in field.iter_mut().zip(change(reference, word).to_le_bytes()) {
                    *byte = new;
                }
            }
        }
    }
    copy
}
