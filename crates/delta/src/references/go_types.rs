//! Go's descriptors of types: names, types and methods by 32 bits.
//!
//! Source: `internal/abi/type.go` of the Go distribution: `Type` (48 bytes, the name at 40, the type of pointers to it at
//! 44), `UncommonType` (16 bytes, the package's name first), `Method` (16 bytes: name, type, two functions). They are told
//! from what lies around them by their values.

use super::{Anchor, Finder, Form, Piece, Reference, View};
use crate::image::Go;

pub(super) fn find(finder: &Finder<'_>, piece: Piece<'_>, view: View<'_>, found: &mut Vec<Reference>) {
    let go = &finder.layout.go;
    let limits = Limits {
        types: go.types_end.saturating_sub(go.types),
        text: finder.code_end().saturating_sub(go.text),
    };
    let mut at = piece.from.next_multiple_of(4);
    while at + 4 <= piece.to {
        if at.is_multiple_of(8) && at + 8 <= piece.to {
            let word = view.long(at);
            let target = u32::try_from(word.wrapping_sub(finder.layout.base)).ok();
            if let Some(target) = target.filter(|target| finder.is_place(*target) && word >= 0x1000) {
                found.push(Reference {
                    offset: at,
                    form: Form::Absolute,
                    bias: 0,
                    anchor: Anchor::Image,
                    target,
                });
                at += 8;
                continue;
            }
            if is_type(finder, at.wrapping_sub(40), view, limits) {
                give(at, Anchor::GoTypes, go, view, found);
                give(at + 4, Anchor::GoTypes, go, view, found);
                at += 8;
                continue;
            }
        }
        if at + 16 <= piece.to && is_method(at, view, limits) {
            for (field, anchor) in
                [Anchor::GoTypes, Anchor::GoTypes, Anchor::GoText, Anchor::GoText].into_iter().enumerate()
            {
                give(at + 4 * field as u32, anchor, go, view, found);
            }
            at += 16;
        } else if at + 16 <= piece.to && is_uncommon(at, view, limits) {
            give(at, Anchor::GoTypes, go, view, found);
            at += 16;
        } else {
            at += 4;
        }
    }
}

/// How large offsets may be.
#[derive(Clone, Copy)]
struct Limits {
    types: u32,
    text: u32,
}

fn give(offset: u32, anchor: Anchor, go: &Go, view: View<'_>, found: &mut Vec<Reference>) {
    let word = view.word(offset);
    if word != 0 && word != u32::MAX {
        let target = super::go::target(anchor, word, go);
        found.push(Reference { offset, form: Form::Anchored, bias: 0, anchor, target });
    }
}

/// Whether a descriptor starts at `at`, by its alignments, its kind, its pointers and its name.
fn is_type(finder: &Finder<'_>, at: u32, view: View<'_>, limits: Limits) -> bool {
    let pointer = |field: u32| {
        let word = view.long(at.wrapping_add(field));
        let place = u32::try_from(word.wrapping_sub(finder.layout.base)).ok();
        word == 0 || place.is_some_and(|place| finder.is_place(place))
    };
    let byte = |field: u32| view.byte(at.wrapping_add(field));
    let (name, to) = (view.word(at.wrapping_add(40)), view.word(at.wrapping_add(44)));
    let (size, pointers) = (view.long(at), view.long(at.wrapping_add(8)));
    matches!(byte(21), 1 | 2 | 4 | 8)
        && byte(21) == byte(22)
        && (1..=26).contains(&(byte(23) & 31))
        && pointers <= size
        && size < 1 << 40
        && pointers.is_multiple_of(8)
        && pointer(24)
        && pointer(32)
        && name > 0
        && name < limits.types
        && to < limits.types
}

/// Whether a method starts at `at`.
fn is_method(at: u32, view: View<'_>, limits: Limits) -> bool {
    let [name, kind, first, second] = [0, 4, 8, 12].map(|field| view.word(at + field));
    let function = |word: u32| word == u32::MAX || word > 0 && word < limits.text && word.is_multiple_of(16);
    name > 0 && name < limits.types && kind < limits.types && function(first) && function(second)
}

/// Whether the part of a descriptor that only types with methods or a package have starts at `at`.
fn is_uncommon(at: u32, view: View<'_>, limits: Limits) -> bool {
    let [name, counts, methods, zero] = [0, 4, 8, 12].map(|field| view.word(at + field));
    name > 0
        && name < limits.types
        && counts & 0xffff >= counts >> 16
        && (16..8192).contains(&methods)
        && methods.is_multiple_of(4)
        && zero == 0
}
