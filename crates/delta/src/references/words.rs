//! Words that are addresses: pointers and relocations, unwind tables, Mach-O fix-ups.
//!
//! Sources: System V gABI (`Elf64_Rela`), LSB 5.0 section 10.6 (`.eh_frame`, `.eh_frame_hdr`), Microsoft PE format
//! (`.pdata`), Apple's `mach-o/fixup-chains.h` (`DYLD_CHAINED_PTR_64_OFFSET` and its like: the target in the low 36
//! bits, the top bit for a symbol of another library).

use super::{Anchor, Finder, Form, Piece, Reference, View};

/// Words of 64 bits that are addresses within the image.
pub(super) fn absolute(finder: &Finder<'_>, piece: Piece<'_>, view: View<'_>, found: &mut Vec<Reference>) {
    let base = finder.layout.base;
    for offset in piece.aligned(8) {
        let word = view.long(offset);
        let target = u32::try_from(word.wrapping_sub(base)).ok();
        // Small numbers are numbers.
        if let Some(target) = target.filter(|target| finder.is_place(*target) && word >= 0x1000) {
            found.push(Reference { offset, form: Form::Absolute, bias: 0, anchor: Anchor::Image, target });
        }
    }
}

/// Words of a Mach-O file that its loader fixes up.
pub(super) fn fixups(finder: &Finder<'_>, piece: Piece<'_>, view: View<'_>, found: &mut Vec<Reference>) {
    for offset in piece.aligned(8) {
        let word = view.long(offset);
        let target = u32::try_from(fixup_target(word, finder.layout.base)).ok();
        let plausible = word >> 63 == 0 && word & FIXUP > 0x4000;
        if let Some(target) = target.filter(|target| plausible && finder.is_place(*target)) {
            found.push(Reference { offset, form: Form::Fixup, bias: 0, anchor: Anchor::Image, target });
        }
    }
}

/// The bits of a fix-up that are its target.
pub(crate) const FIXUP: u64 = 0xf_ffff_ffff;

/// What a fix-up refers to: relative to the image's base, or absolute.
pub(crate) fn fixup_target(word: u64, base: u64) -> u64 {
    let target = word & FIXUP;
    if target < base { target } else { target - base }
}

/// Words of 32 bits that lead from themselves to code.
pub(super) fn frames(finder: &Finder<'_>, piece: Piece<'_>, view: View<'_>, found: &mut Vec<Reference>) {
    for offset in piece.aligned(4) {
        let word = view.word(offset);
        let target = piece.place(offset).wrapping_add(word);
        if word != 0 && finder.is_code(target) {
            found.push(Reference { offset, form: Form::Relative, bias: 0, anchor: Anchor::Image, target });
        }
    }
}

/// The index of the unwind table: 12 bytes, then pairs of words that are relative to its start.
pub(super) fn frame_index(piece: Piece<'_>, view: View<'_>, found: &mut Vec<Reference>) {
    let from = piece.region.offset.saturating_add(12).max(piece.from);
    for offset in (Piece { from, ..piece }).aligned(4) {
        let target = piece.region.place.wrapping_add(view.word(offset));
        found.push(Reference { offset, form: Form::Anchored, bias: 0, anchor: Anchor::Region, target });
    }
}

/// Words of 32 bits that are places.
pub(super) fn image_relative(
    finder: &Finder<'_>,
    piece: Piece<'_>,
    view: View<'_>,
    found: &mut Vec<Reference>,
) {
    for offset in piece.aligned(4) {
        let target = view.word(offset);
        if target > 0x1000 && finder.is_place(target) {
            found.push(Reference { offset, form: Form::Anchored, bias: 0, anchor: Anchor::Image, target });
        }
    }
}

/// Words of 32 bits that are relative to what the region says.
pub(super) fn anchored(piece: Piece<'_>, view: View<'_>, found: &mut Vec<Reference>) {
    for offset in piece.aligned(4) {
        let word = view.word(offset);
        if word != u32::MAX {
            let target = piece.region.anchor.wrapping_add(word);
            found.push(Reference { offset, form: Form::Anchored, bias: 0, anchor: Anchor::Stated, target });
        }
    }
}
