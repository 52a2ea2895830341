//! How the bytes come: the list of ways, best first.
//!
//! 1. The smallest patch of the index that starts from the installed bytes, that this program can apply within its memory
//!    limit, and that is clearly smaller than the artifact. One only: a second patch after a bad first one would
//!    rather cost a third download than save one.
//! 2. If the index names none for the installed bytes in a format that this program knows: ask the server to make one.
//!    A static host answers 404; a server of later years, which names newer formats, still makes the old ones.
//! 3. The whole artifact, compressed, where somebody has put it.
//! 4. The whole artifact.
//!
//! Bytes that nobody knows are no base: only the whole artifact replaces them.

use protocol::{Artifact, Digest, FormatId, PatchEntry, PatchIndex};

use super::{Decided, Rule, Trace, Verdict};
use crate::prepare::Route;
use crate::source::lantern::Ways;

/// A patch must be smaller than this share of the artifact, in percent: applying costs work, too.
pub const WORTH_PERCENT: u64 = 90;

/// What [`routes`] looks at.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// SHA-256 of the installed bytes.
    pub installed: &'a Digest,
    /// Whether it is known which version they are.
    pub known: bool,
    /// What to get.
    pub artifact: &'a Artifact,
    /// The patches that are said to exist; `None` = no index.
    pub index: Option<&'a PatchIndex>,
    /// The formats that this program can apply, best first.
    pub applicable: &'a [&'a str],
    /// The most memory that applying a patch may need, in bytes.
    pub memory: u64,
    /// Somebody wants the whole artifact.
    pub full: bool,
}

/// The ways to get the artifact, best first. Never empty; the last one is always [`Route::Full`].
#[must_use]
pub fn routes(facts: &Facts<'_>) -> Decided<Vec<Route>> {
    let mut trace = Vec::new();
    let patch = if facts.full || !facts.known {
        let entry = Trace::new(Rule::Patch, Verdict::Stop);
        trace.push(entry.fact("whole artifact wanted", facts.full).fact("base known", facts.known));
        None
    } else {
        patch(facts, &mut trace)
    };
    let routes: Vec<_> = patch.into_iter().chain([Route::CompressedFull, Route::Full]).collect();
    let names: Vec<_> = routes.iter().map(ToString::to_string).collect();
    trace.push(Trace::new(Rule::Route, Verdict::Pass).fact("ways", names.join(", ")));
    Decided { answer: routes, trace }
}

/// The ways to get what a Lantern server names, best first. Nobody says how long they are. Bytes that nobody knows are no base here
/// either, and a patch for other bytes than the installed ones is of no use.
#[must_use]
pub fn of_lantern(ways: &Ways, installed: &Digest, known: bool, full: bool) -> Decided<Vec<Route>> {
    let fits = known && !full && ways.base == *installed;
    let format = FormatId::parse(FormatId::BSDIFF40).ok().filter(|_| fits && ways.patch.is_some());
    let patch = format.map(|format| Route::Patch { format, base: ways.base, length: None, memory: None });
    let verdict = if patch.is_some() { Verdict::Pass } else { Verdict::Stop };
    let told = Trace::new(Rule::Patch, verdict).fact("whole artifact wanted", full).fact("base known", known);
    let told = told.fact("named", ways.patch.is_some());
    let routes: Vec<_> = patch.into_iter().chain(ways.full.is_some().then_some(Route::Full)).collect();
    let names: Vec<_> = routes.iter().map(ToString::to_string).collect();
    let all = Trace::new(Rule::Route, Verdict::Pass).fact("ways", names.join(", "));
    Decided { answer: routes, trace: vec![told, all] }
}

fn patch(facts: &Facts<'_>, trace: &mut Vec<Trace>) -> Option<Route> {
    let preference = |entry: &PatchEntry| facts.applicable.iter().position(|f| *f == entry.format.as_str());
    let mut best: Option<&PatchEntry> = None;
    let mut known = false;
    let named = facts.index.iter().flat_map(|index| &index.patches);
    for entry in named.filter(|entry| entry.base == *facts.installed) {
        known |= preference(entry).is_some();
        let why = if preference(entry).is_none() {
            Some("unknown format")
        } else if entry.memory > facts.memory {
            Some("too much memory")
        } else if !worth(entry.length, facts.artifact.length) {
            Some("not clearly smaller")
        } else {
            None
        };
        let verdict = if why.is_some() { Verdict::Stop } else { Verdict::Pass };
        let told = Trace::new(Rule::Patch, verdict).fact("format", &entry.format);
        let told = told.fact("length", entry.length).fact("memory", entry.memory);
        trace.push(why.into_iter().fold(told, |told, why| told.fact("why", why)));
        let order = |entry: &PatchEntry| (entry.length, preference(entry));
        if why.is_none() && best.is_none_or(|best| order(entry) < order(best)) {
            best = Some(entry);
        }
    }
    if !known {
        let format = facts.applicable.first().and_then(|format| FormatId::parse(format).ok())?;
        trace.push(Trace::new(Rule::Patch, Verdict::Pass).fact("named", "none").fact("asked for", &format));
        return Some(Route::Patch { format, base: *facts.installed, length: None, memory: None });
    }
    best.map(|entry| Route::Patch {
        format: entry.format.clone(),
        base: entry.base,
        length: Some(entry.length),
        memory: Some(entry.memory),
    })
}

/// How many bytes a way to an artifact of `full` bytes fetches, if that is known before it is taken.
#[must_use]
pub fn length(route: &Route, full: u64) -> Option<u64> {
    match route {
        Route::Patch { length, .. } => *length,
        // Nobody says how long the compressed twin is.
        Route::CompressedFull => None,
        Route::Full => Some(full),
    }
}

fn worth(patch: u64, full: u64) -> bool {
    u128::from(patch) * 100 < u128::from(full) * u128::from(WORTH_PERCENT)
}

#[cfg(test)]
#[path = "tests/route.rs"]
mod tests;
