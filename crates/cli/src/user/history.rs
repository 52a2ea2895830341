//! `autoupdate history`: what happened on this machine, newest last.

use autoupdate::store::{Entry, Event, Folders, Store};
use autoupdate::text::plain;
use protocol::{AppId, Version};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// More than a history can hold.
const ALL: usize = 1 << 20;

/// Shows the last events of one program, or of all. An app that is enrolled no longer keeps its past.
pub(crate) fn run(app: Option<&AppId>, last: usize, output: &Output) -> Result<Exit, Failure> {
    let folders = Folders::of_user().map_err(|error| Failure::of(error.fault(), &error))?;
    let history = Store::new(folders).history();
    let all = history.last(ALL).map_err(|error| Failure::of(error.fault(), &error))?;
    let of_app = |entry: &Entry| app.is_none_or(|app| entry.app == *app);
    let mut entries: Vec<Entry> = all.into_iter().rev().filter(of_app).take(last).collect();
    entries.reverse();
    output.done(&entries, &of_entries(&entries));
    Ok(Exit::Done)
}

/// Events as lines.
pub(crate) fn of_entries(entries: &[Entry]) -> String {
    if entries.is_empty() {
        return "nothing has happened yet".to_owned();
    }
    entries.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(entry: &Entry) -> String {
    let Entry { at, app, event } = entry;
    // Whole seconds: nobody needs more, and lines stay under each other.
    format!("{at:.0}  {app}  {}", words(event))
}

fn words(event: &Event) -> String {
    match event {
        Event::Updated { to, route, bytes_fetched, full_bytes, repaired: true, .. } => {
            format!("repaired {to}: {bytes_fetched} of {full_bytes} bytes fetched ({route})")
        }
        Event::Updated { from, to, route, bytes_fetched, full_bytes, .. } => format!(
            "updated from {} to {to}: {bytes_fetched} of {full_bytes} bytes fetched ({route})",
            version(from.as_ref())
        ),
        Event::RolledBack { from, to, why } => {
            format!("went back from {} to {} ({why})", version(from.as_ref()), version(to.as_ref()))
        }
        Event::Failed { version: about, code, text } => {
            let what = about.as_ref().map_or_else(|| "a check".to_owned(), ToString::to_string);
            format!("{what} did not work: {code}: {}", plain(text).trim_end())
        }
        Event::FellBack { version, route, code } => format!("{version} did not come by {route}: {code}"),
    }
}

fn version(version: Option<&Version>) -> String {
    version.map_or_else(|| "an unknown version".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever a history of format 1 holds has words.
    #[test]
    fn every_event_is_one_line() {
        let golden = include_str!("../../../autoupdate/fixtures/v1/history.jsonl");
        let lines: Vec<_> = golden.lines().map(|text| line(&serde_json::from_str(text).unwrap())).collect();
        assert_eq!(
            lines,
            [
                "2026-11-23T10:00:00Z  demo  updated from 1.0.0 to 1.1.0: 1000 of 50000 bytes fetched (patch bsz1)",
                "2026-11-23T11:00:00Z  demo  went back from 1.1.0 to 1.0.0 (probe-failed)",
                "2026-11-23T12:00:00Z  demo  1.2.0 did not work: E-NET-PORTAL: a login page",
                "2026-11-23T13:00:00Z  demo  1.2.0 did not come by patch bsz1: E-PATCH-RESULT",
                "2026-11-23T14:00:00Z  demo  repaired 1.1.0: 1000 of 50000 bytes fetched (full)",
            ]
        );
    }
}
