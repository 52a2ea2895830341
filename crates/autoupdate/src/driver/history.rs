//! What of the machine's notes becomes a line of the local history.

use crate::machine::Note;
use crate::store::Event;
use crate::view::{RollBackWhy, RouteView};

/// The line of a note, if it has one.
pub(super) fn event(note: &Note) -> Option<Event> {
    match note {
        Note::Updated(report) => Some(Event::Updated {
            from: report.from.clone(),
            to: report.to.clone(),
            route: report.route.as_ref().map_or_else(|| "unknown".to_owned(), route),
            bytes_fetched: report.bytes_fetched,
            full_bytes: report.full_bytes,
            seconds: report.seconds,
            sha256_before: report.sha256_before,
            sha256_after: report.sha256_after,
        }),
        Note::RolledBack(undone) => Some(Event::RolledBack {
            from: undone.from.clone(),
            to: undone.to.clone(),
            why: match &undone.why {
                RollBackWhy::ByPerson => "by-person".to_owned(),
                RollBackWhy::Recalled => "recalled".to_owned(),
                RollBackWhy::Unhealthy { code, .. } => code.clone(),
            },
        }),
        Note::Failed { version, failure } => Some(Event::Failed {
            version: version.clone(),
            code: failure.code.clone(),
            text: failure.text.clone(),
        }),
        Note::Decided(_) | Note::Ready(_) | Note::DropStage => None,
    }
}

fn route(route: &RouteView) -> String {
    match route {
        RouteView::Patch { format } => format!("patch {format}"),
        RouteView::CompressedFull => "compressed full".to_owned(),
        RouteView::Full => "full".to_owned(),
    }
}
