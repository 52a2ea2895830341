//! AArch64: branches, and pages with the offsets within them.
//!
//! Source: Arm Architecture Reference Manual for A-profile, C4.1 (instruction encodings): `B`/`BL` imm26, `B.cond`,
//! `CBZ`/`CBNZ` imm19, `ADRP` immhi:immlo, `ADD (immediate)` and `LDR`/`STR (unsigned immediate)` imm12.

use super::{Anchor, Finder, Form, Piece, Reference, View};

/// An offset is looked for in so many instructions after its `ADRP`.
const AHEAD: u32 = 8;

pub(super) fn find(finder: &Finder<'_>, piece: Piece<'_>, view: View<'_>, found: &mut Vec<Reference>) {
    // Bit n: the instruction n after this one already has its page.
    let mut taken = 0u32;
    // References of offsets that come after the page's: kept until their turn.
    let mut waiting: [Option<Reference>; AHEAD as usize] = [None; AHEAD as usize];
    for at in piece.aligned(4) {
        let slot = (at / 4 % AHEAD) as usize;
        if let Some(reference) = waiting.get_mut(slot).and_then(Option::take) {
            found.push(reference);
        }
        let word = view.word(at);
        let place = piece.place(at);
        if word & 0x7c00_0000 == 0x1400_0000 {
            let words = (word << 6).cast_signed() >> 6;
            let target = place.wrapping_add_signed(words * 4);
            if finder.is_code(target) {
                found.push(branch(at, Form::Branch26, target));
            }
        } else if word & 0xff00_0010 == 0x5400_0000 || word & 0x7e00_0000 == 0x3400_0000 {
            let words = (word << 8).cast_signed() >> 13;
            let target = place.wrapping_add_signed(words * 4);
            if finder.is_code(target) {
                found.push(branch(at, Form::Branch19, target));
            }
        } else if word & 0x9f00_0000 == 0x9000_0000 {
            page(finder, &piece, view, at, &mut taken, &mut waiting, found);
        }
        taken >>= 1;
    }
}

fn branch(offset: u32, form: Form, target: u32) -> Reference {
    Reference { offset, form, bias: 0, anchor: Anchor::Image, target }
}

/// An `ADRP`: the page, and the first instruction after it that adds an offset to the same register.
fn page(
    finder: &Finder<'_>,
    piece: &Piece<'_>,
    view: View<'_>,
    at: u32,
    taken: &mut u32,
    waiting: &mut [Option<Reference>; AHEAD as usize],
    found: &mut Vec<Reference>,
) {
    let word = view.word(at);
    let register = word & 31;
    let page = (piece.place(at) & !0xfff).wrapping_add_signed(pages(word) << 12);
    let mut target = page;
    for ahead in 1..AHEAD {
        let next = at + 4 * ahead;
        if next + 4 > piece.to {
            break;
        }
        let word = view.word(next);
        if let Some(shift) = offset_shift(word).filter(|_| word >> 5 & 31 == register) {
            target = page.wrapping_add((word >> 10 & 0xfff) << shift);
            if finder.is_place(target) && *taken >> ahead & 1 == 0 {
                *taken |= 1 << ahead;
                let reference = Reference {
                    offset: next,
                    form: Form::PageOffset,
                    bias: shift,
                    anchor: Anchor::Image,
                    target,
                };
                if let Some(slot) = waiting.get_mut((next / 4 % AHEAD) as usize) {
                    *slot = Some(reference);
                }
            }
            break;
        }
        if word & 0x9f00_001f == 0x9000_0000 | register {
            break;
        }
    }
    if finder.is_place(target) {
        found.push(Reference { offset: at, form: Form::Page, bias: 0, anchor: Anchor::Image, target });
    }
}

/// The signed number of pages of an `ADRP`.
pub(crate) fn pages(word: u32) -> i32 {
    let number = (word >> 5 & 0x7_ffff) << 2 | word >> 29 & 3;
    (number << 11).cast_signed() >> 11
}

/// By how much the 12 bits of an `ADD (immediate)`, load or store are shifted; `None` for other instructions.
fn offset_shift(word: u32) -> Option<u8> {
    if word & 0xff80_0000 == 0x9100_0000 {
        Some(0)
    } else if word & 0x3b00_0000 == 0x3900_0000 {
        Some(if word & 0x0480_0000 == 0x0480_0000 { 4 } else { (word >> 30) as u8 })
    } else {
        None
    }
}
