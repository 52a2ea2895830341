//! Go's data of functions: the lists of inlined calls, and of objects on stacks.
//!
//! Source: `runtime/symtab.go` (`inlinedCall`: 16 bytes with the function's kind, its name, a program counter and a line)
//! and `runtime/stack.go` (`stackObjectRecord`: 16 bytes with an offset in the frame, two sizes and a mask in read-only
//! data) of the Go distribution. Both are told from what lies around them by their values.

use super::{Anchor, Form, Piece, Reference, View};
use crate::image::Layout;

/// The length of a record of either list.
const RECORD: u32 = 16;

pub(super) fn find(layout: &Layout, piece: Piece<'_>, view: View<'_>, found: &mut Vec<Reference>) {
    let go = &layout.go;
    let names = go.units.saturating_sub(go.names);
    let mut at = piece.from.next_multiple_of(4);
    while at + RECORD <= piece.to {
        let words = [0, 4, 8, 12].map(|field| view.word(at + field));
        let field = if is_call(words, names) {
            Some((at + 4, Anchor::GoNames, go.names, words[1]))
        } else if is_object(words) {
            Some((at + 12, Anchor::GoRodata, go.rodata, words[3]))
        } else {
            None
        };
        if let Some((offset, anchor, start, word)) = field {
            let target = start.wrapping_add(word);
            found.push(Reference { offset, form: Form::Anchored, bias: 0, anchor, target });
            at += RECORD;
        } else {
            at += 4;
        }
    }
}

/// Whether these words look like an inlined call.
fn is_call([kind, name, counter, line]: [u32; 4], names: u32) -> bool {
    kind == 0 && name >= 64 && name < names && counter < 1 << 20 && line > 0 && line < 1 << 17
}

/// Whether these words look like an object on a stack.
fn is_object([offset, size, pointers, mask]: [u32; 4]) -> bool {
    offset.cast_signed().unsigned_abs() < 1 << 20
        && size > 0
        && size < 1 << 24
        && pointers <= size
        && pointers.is_multiple_of(8)
        && mask > 0
        && mask < 1 << 28
        && pointers > 0
}
