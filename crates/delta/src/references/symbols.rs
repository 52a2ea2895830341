//! Symbols: their names and addresses.
//!
//! Sources: System V gABI, `Elf64_Sym`; Apple's `mach-o/nlist.h`, `nlist_64`.

use super::{Anchor, Finder, Form, Piece, Reference, View};

/// Entries of 24 bytes: the name first, the address in the third quarter.
pub(super) fn elf(finder: &Finder<'_>, piece: Piece<'_>, view: View<'_>, found: &mut Vec<Reference>) {
    entries(finder, piece, view, found, 24, 8);
}

/// Entries of 16 bytes: the name first, the address in the second half.
pub(super) fn mach(finder: &Finder<'_>, piece: Piece<'_>, view: View<'_>, found: &mut Vec<Reference>) {
    entries(finder, piece, view, found, 16, 8);
}

fn entries(
    finder: &Finder<'_>,
    piece: Piece<'_>,
    view: View<'_>,
    found: &mut Vec<Reference>,
    size: u32,
    address: u32,
) {
    let region = piece.region;
    let first = (piece.from - region.offset) / size;
    let mut entry = region.offset + first * size;
    while entry < piece.to {
        let name = view.word(entry);
        if name != 0 && entry >= piece.from && entry + 4 <= piece.to {
            let target = region.anchor.wrapping_add(name);
            let anchor = Anchor::Stated;
            found.push(Reference { offset: entry, form: Form::Anchored, bias: 0, anchor, target });
        }
        let offset = entry + address;
        let word = view.long(offset);
        let target = u32::try_from(word.wrapping_sub(finder.layout.base)).ok();
        if let Some(target) = target.filter(|target| finder.is_place(*target) && word >= 0x1000)
            && offset >= piece.from
            && offset + 8 <= piece.to
        {
            found.push(Reference { offset, form: Form::Absolute, bias: 0, anchor: Anchor::Image, target });
        }
        entry = entry.saturating_add(size);
    }
}
