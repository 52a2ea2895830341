//! x86-64: near calls and jumps, and operands relative to the instruction pointer.
//!
//! Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, appendix A (opcode maps) and
//! section 2.2.1.6 (RIP-relative addressing: ModRM with mod = 0 and r/m = 5, a displacement of 32 bits that counts
//! from the end of the instruction).

use super::{Anchor, Finder, Form, Piece, Reference, View};

/// Opcodes of the one-byte map that are often followed by a ModRM byte with an operand in memory.
const ONE_BYTE: &[u8] = &[
    0x01, 0x03, 0x09, 0x0b, 0x10, 0x11, 0x21, 0x23, 0x28, 0x29, 0x2b, 0x2e, 0x2f, 0x31, 0x33, 0x38, 0x39,
    0x3a, 0x3b, 0x51, 0x54, 0x57, 0x58, 0x59, 0x5c, 0x5e, 0x63, 0x69, 0x6b, 0x6e, 0x6f, 0x7e, 0x7f, 0x80,
    0x81, 0x83, 0x84, 0x85, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8d, 0xb6, 0xb7, 0xbe, 0xbf, 0xc6, 0xc7, 0xd4,
    0xd6, 0xdb, 0xeb, 0xef, 0xf6, 0xf7, 0xfa, 0xfb, 0xfe, 0xff,
];

/// What a byte may be.
const NOTHING: u8 = 0;
const CALL: u8 = 1;
const CONDITION: u8 = 2;
const OPERAND: u8 = 3;
/// What each byte may be, and whether an opcode takes an operand.
static CLASS: [u8; 256] = classes();
static OPCODE: [bool; 256] = opcodes();

const fn classes() -> [u8; 256] {
    let mut classes = [NOTHING; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte {
            0xe8 | 0xe9 => CALL,
            0x80..=0x8f if byte & 0xc7 != 5 => CONDITION,
            _ if byte & 0xc7 == 5 => OPERAND,
            _ => NOTHING,
        };
        byte += 1;
    }
    classes
}

const fn opcodes() -> [bool; 256] {
    let mut opcodes = [false; 256];
    let mut at = 0;
    while at < ONE_BYTE.len() {
        opcodes[ONE_BYTE[at] as usize] = true;
        at += 1;
    }
    opcodes
}

pub(super) fn find(finder: &Finder<'_>, piece: Piece<'_>, view: View<'_>, found: &mut Vec<Reference>) {
    let mut at = piece.from;
    while at + 5 <= piece.to {
        let byte = view.byte(at);
        let hit = match CLASS[usize::from(byte)] {
            NOTHING => None,
            CALL => code(finder, &piece, view, at),
            CONDITION if at > piece.from && view.byte(at - 1) == 0x0f => code(finder, &piece, view, at),
            OPERAND if at >= piece.from + 2 => operand(finder, &piece, view, at),
            _ => None,
        };
        at += match hit {
            Some(reference) => {
                found.push(reference);
                5
            }
            None => 1,
        };
    }
}

/// A displacement after the byte at `at` that leads to code.
fn code(finder: &Finder<'_>, piece: &Piece<'_>, view: View<'_>, at: u32) -> Option<Reference> {
    let reference = relative(piece, view, at + 1, 4);
    finder.is_code(reference.target).then_some(reference)
}

/// A displacement after the ModRM byte at `at` that leads anywhere in the image.
fn operand(finder: &Finder<'_>, piece: &Piece<'_>, view: View<'_>, at: u32) -> Option<Reference> {
    let (opcode, before) = (view.byte(at - 1), view.byte(at - 2));
    let two_bytes = before == 0x0f;
    if !two_bytes && !OPCODE[usize::from(opcode)] {
        return None;
    }
    // The displacement counts from the end of the instruction: behind an immediate operand, if there is one.
    let immediate = match opcode {
        0x80 | 0x83 | 0xc6 | 0x6b if !two_bytes => 1,
        0x81 | 0xc7 | 0x69 if !two_bytes => 4,
        0xf6 if !two_bytes && view.byte(at) & 0x30 == 0 => 1,
        0xf7 if !two_bytes && view.byte(at) & 0x30 == 0 => 4,
        _ => 0,
    };
    let reference = relative(piece, view, at + 1, 4 + immediate);
    finder.is_place(reference.target).then_some(reference)
}

fn relative(piece: &Piece<'_>, view: View<'_>, field: u32, bias: u8) -> Reference {
    let target = piece.place(field).wrapping_add(bias.into()).wrapping_add(view.word(field));
    Reference { offset: field, form: Form::Relative, bias, anchor: Anchor::Image, target }
}
