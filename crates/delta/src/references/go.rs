//! Go's function table, and the records of the functions it points to.
//!
//! Source: `runtime/symtab.go` (`moduledata`, `functab`, `_func`) and `cmd/link/internal/ld/pcln.go` of the Go
//! distribution, the format of Go 1.20 and later.

use super::{Anchor, Form, Piece, Reference, View};
use crate::image::{Go, Layout};

/// The length of a record without its tables.
const RECORD: u32 = 44;
/// More tables of program counters than any function has.
const TABLES: u32 = 64;

pub(super) fn find(
    layout: &Layout,
    piece: Piece<'_>,
    view: View<'_>,
    read: &mut dyn FnMut(u32) -> u32,
    found: &mut Vec<Reference>,
) {
    let go = &layout.go;
    let table = piece.region.offset;
    let records = table.saturating_add(go.count.saturating_mul(8));
    let mut give = |offset: u32, anchor: Anchor| {
        // Records may lie over each other in a damaged file.
        let free = found.last().is_none_or(|last: &Reference| last.offset + 4 <= offset);
        let word = view.word(offset);
        if free
            && word != 0
            && offset >= piece.from
            && offset.saturating_add(4) <= piece.to
            && word != u32::MAX
        {
            let target = target(anchor, word, go);
            found.push(Reference { offset, form: Form::Anchored, bias: 0, anchor, target });
        }
    };
    let mut at = piece.from.next_multiple_of(4).max(table);
    while at < records.min(piece.to) {
        let anchor = if (at - table).is_multiple_of(8) { Anchor::GoText } else { Anchor::GoFunctions };
        give(at, anchor);
        at += 4;
    }
    // The table is sorted by place in the file, too: look for the first record that starts in the piece.
    let record = |index: u32, read: &mut dyn FnMut(u32) -> u32| {
        table.saturating_add(read(table.saturating_add(index.saturating_mul(8)).saturating_add(4)))
    };
    let (mut low, mut high) = (0, go.count);
    while low < high {
        let middle = low + (high - low) / 2;
        if record(middle, read) < piece.from { low = middle + 1 } else { high = middle }
    }
    // Records are apart; in a damaged table they may all be one.
    let mut next = piece.from;
    for index in low..go.count {
        let start = record(index, read);
        if start < next || start >= piece.to {
            break;
        }
        next = start + RECORD;
        one_record(start, view, &mut give);
    }
}

/// The fields of a record that refer to something.
fn one_record(start: u32, view: View<'_>, give: &mut impl FnMut(u32, Anchor)) {
    give(start, Anchor::GoText);
    give(start + 4, Anchor::GoNames);
    for field in [16, 20, 24] {
        give(start + field, Anchor::GoCounters);
    }
    give(start + 32, Anchor::GoUnits);
    let tables = view.word(start + 28);
    if tables > TABLES {
        return;
    }
    for table in 0..tables {
        give(start + RECORD + 4 * table, Anchor::GoCounters);
    }
    for datum in 0..u32::from(view.byte(start + 43)) {
        give(start + RECORD + 4 * tables + 4 * datum, Anchor::GoData);
    }
}

/// What a field refers to.
pub(super) fn target(anchor: Anchor, word: u32, go: &Go) -> u32 {
    anchor_place(anchor, go).wrapping_add(word)
}

/// What fields of Go's tables are relative to.
pub(crate) fn anchor_place(anchor: Anchor, go: &Go) -> u32 {
    match anchor {
        Anchor::Image | Anchor::Region | Anchor::Stated | Anchor::GoUnits => 0,
        Anchor::GoData => go.data,
        Anchor::GoTypes => go.types,
        Anchor::GoRodata => go.rodata,
        Anchor::GoText => go.text,
        Anchor::GoFunctions => go.functions,
        Anchor::GoNames => go.names,
        Anchor::GoCounters => go.counters,
    }
}
