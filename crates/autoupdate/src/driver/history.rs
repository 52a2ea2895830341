//! What of the machine's notes becomes a line of the local history, and what of that is still news after a restart.

use jiff::{SignedDuration, Timestamp};
use protocol::{AppId, Digest, FormatId};

use crate::machine::{Lately, Note, Undone};
use crate::store::{Entry, Event};
use crate::view::{RollBackWhy, RouteView, UpdateReport};

/// What the code of a version begins with that was undone without being at fault.
const NOT_BLAMED: &str = "unproven ";

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
            repaired: report.repaired,
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
                RollBackWhy::Unproven { code, .. } => format!("{NOT_BLAMED}{code}"),
            },
        }),
        Note::Failed { version, failure } => Some(Event::Failed {
            version: version.clone(),
            code: failure.code.clone(),
            text: failure.text.clone(),
        }),
        Note::Decided { .. } | Note::Gated { .. } | Note::Ready(_) | Note::DropStage => None,
    }
}

/// How long what happened counts as news.
const LATELY: SignedDuration = SignedDuration::from_hours(24);

/// What the history says happened lately to an app whose installed bytes are these. Only its last line counts.
pub(super) fn lately(entries: &[Entry], app: &AppId, installed: &Digest, now: Timestamp) -> Option<Lately> {
    let entry = entries.iter().rev().find(|entry| &entry.app == app)?;
    if now.duration_since(entry.at).abs() > LATELY {
        return None;
    }
    match &entry.event {
        Event::Updated { sha256_after, .. } if sha256_after != installed => None,
        Event::Updated {
            from,
            to,
            route,
            bytes_fetched,
            full_bytes,
            seconds,
            repaired,
            sha256_before,
            sha256_after,
        } => Some(Lately::Updated(Box::new(UpdateReport {
            app: app.clone(),
            from: from.clone(),
            to: to.clone(),
            at: entry.at,
            route: route_of(route),
            bytes_fetched: *bytes_fetched,
            full_bytes: *full_bytes,
            patches_fetched: u32::from(matches!(route_of(route), Some(RouteView::Patch { .. }))),
            sha256_before: *sha256_before,
            sha256_after: *sha256_after,
            seconds: *seconds,
            repaired: *repaired,
            fallbacks: Vec::new(),
            // Not written down: it would not be true for long.
            still_old: Vec::new(),
        }))),
        Event::RolledBack { from, to, why } => Some(Lately::RolledBack(Undone {
            from: from.clone(),
            to: to.clone(),
            why: match why.as_str() {
                "by-person" => RollBackWhy::ByPerson,
                "recalled" => RollBackWhy::Recalled,
                code => match code.strip_prefix(NOT_BLAMED) {
                    Some(code) => RollBackWhy::Unproven { code: code.to_owned(), text: String::new() },
                    None => RollBackWhy::Unhealthy { code: code.to_owned(), text: String::new() },
                },
            },
        })),
        Event::Failed { .. } | Event::FellBack { .. } => None,
    }
}

/// A route as [`route`] writes it.
fn route_of(text: &str) -> Option<RouteView> {
    match text {
        "compressed full" => Some(RouteView::CompressedFull),
        "full" => Some(RouteView::Full),
        text => Some(RouteView::Patch { format: FormatId::parse(text.strip_prefix("patch ")?).ok()? }),
    }
}

fn route(route: &RouteView) -> String {
    match route {
        RouteView::Patch { format } => format!("patch {format}"),
        RouteView::CompressedFull => "compressed full".to_owned(),
        RouteView::Full => "full".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{app, version};

    fn entry(hours_ago: i64, event: Event) -> Entry {
        Entry { at: now() - SignedDuration::from_hours(hours_ago), app: app(), event }
    }

    fn now() -> Timestamp {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn updated(route: &str) -> Event {
        Event::Updated {
            from: None,
            to: version("1.1.0"),
            route: route.to_owned(),
            bytes_fetched: 5,
            full_bytes: 9,
            seconds: 1,
            repaired: false,
            sha256_before: Digest::of(b"old"),
            sha256_after: Digest::of(b"new"),
        }
    }

    fn check(entries: &[Entry], installed: &[u8], expected: Option<&str>) {
        let found = lately(entries, &app(), &Digest::of(installed), now()).map(|found| match found {
            Lately::Updated(report) => {
                format!("updated {} by {:?}", report.to, report.route.map(|way| route(&way)))
            }
            Lately::RolledBack(undone) => format!("back because {:?}", undone.why),
        });
        assert_eq!(found.as_deref(), expected, "{entries:?}");
    }

    #[test]
    fn the_last_line_is_news_for_a_day() {
        let back = Event::RolledBack { from: None, to: None, why: "by-person".to_owned() };
        check(&[], b"new", None);
        check(&[entry(1, updated("patch bsz1"))], b"new", Some("updated 1.1.0 by Some(\"patch bsz1\")"));
        check(&[entry(1, updated("full"))], b"new", Some("updated 1.1.0 by Some(\"full\")"));
        check(&[entry(1, updated("by hand"))], b"new", Some("updated 1.1.0 by None"));
        check(&[entry(1, updated("full"))], b"other", None);
        check(&[entry(25, updated("full"))], b"new", None);
        check(&[entry(2, updated("full")), entry(1, back)], b"new", Some("back because ByPerson"));
    }
}
