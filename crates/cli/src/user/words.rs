//! What the engine says, in words for a terminal.

use autoupdate::handle::{Answer, Refusal, VersionNotes};
use autoupdate::policy::deferral::{Deferral, Deferred};
use autoupdate::policy::{Reason, SetBy};
use autoupdate::text::plain;
use autoupdate::view::{
    AppState, AppView, Blocker, Failure, FallbackView, OfferView, Plan, Problem, RollBackWhy, RouteView,
    UpdateReport,
};
use protocol::{SourceKind, Version};

/// What a Lantern server can say at most.
const NOTHING_NEWER: &str = "no newer version was offered; this source cannot prove that it is the newest";

/// One program, as `status` shows it.
pub(crate) fn of_app(app: &AppView) -> String {
    let installed = match &app.installed {
        Some(found) => format!("{} (sha256 {})", version(found.version.as_ref()), found.sha256.short()),
        None => "not looked at".to_owned(),
    };
    let mut lines = vec![format!("{} ({}) {installed}", app.name, app.id)];
    lines.push(format!("  {}", of_state(&app.state)));
    lines.push(format!("  channel {}, {}", app.channel, app.path));
    if app.source == SourceKind::Lantern {
        lines.push(
            "  from a Lantern server: what it names is verified, that it is the newest is not".to_owned(),
        );
    }
    if let Some(check) = &app.last_check {
        let outcome = check.failure.as_ref().map_or_else(|| "answered".to_owned(), of_failure);
        lines.push(format!("  last check {}: {outcome}", check.at));
    }
    if let Some(previous) = &app.previous {
        lines.push(format!("  {previous} is kept: `autoupdate rollback {}` brings it back", app.id));
    }
    lines.join("\n")
}

/// An enrolment that cannot be used.
pub(crate) fn of_problem(problem: &Problem) -> String {
    let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line} cannot be used: {}", problem.file, problem.text)
}

fn of_state(state: &AppState) -> String {
    match state {
        AppState::Idle => "not checked yet".to_owned(),
        AppState::Checking { .. } => "looking for an update".to_owned(),
        AppState::UpToDate { checked_at, .. } => format!("up to date, verified {checked_at}"),
        AppState::NothingNewer { checked_at } => format!("{NOTHING_NEWER}, asked {checked_at}"),
        AppState::CannotVerify { failure, last_good } => {
            let since = last_good.map(|at| format!(", last verified {at}")).unwrap_or_default();
            format!("cannot verify what is newest{since}: {}", of_failure(failure))
        }
        AppState::NotOffered { version, reason, .. } => of_reason(version.as_ref(), reason),
        AppState::Available { offer, stopped: None } => format!("{} is available", offer.version),
        AppState::Available { offer, stopped: Some(progress) } => {
            format!("{} is available, stopped after {} bytes", offer.version, progress.fetched)
        }
        AppState::Downloading { offer, progress } => {
            let of = progress.of.map(|of| format!(" of {of}")).unwrap_or_default();
            format!("fetching {}: {}{of} bytes", offer.version, progress.fetched)
        }
        AppState::Verifying { offer } => format!("verifying {}", offer.version),
        AppState::FallingBack { offer, why, .. } => {
            format!("fetching {}: {}", offer.version, of_fallback(why))
        }
        AppState::Deferred { offer, deferred } => {
            format!("{} is available, and is fetched later: {}", offer.version, of_deferred(deferred))
        }
        AppState::Ready { offer, planned } => {
            let when = match planned {
                None => "`autoupdate apply` or a restart puts it in place".to_owned(),
                Some(Plan::AtQuit) => "it is put in place when the program is closed".to_owned(),
                Some(Plan::At { at, .. }) => format!("it is put in place at {at}"),
            };
            format!("{} is ready: {when}", offer.version)
        }
        AppState::WaitingForClose { offer, blockers, .. } => {
            let names: Vec<_> = blockers.iter().map(|one| format!("{} ({})", one.name, one.pid)).collect();
            format!("{} is ready, waiting for {} to close", offer.version, names.join(", "))
        }
        AppState::Restarting { offer } => format!("putting {} in place", offer.version),
        AppState::Probation { to, until, .. } => format!("{to} must prove that it lives until {until}"),
        AppState::Updated { report } => of_report(report),
        AppState::RollingBack { why } => format!("putting the previous version back: {}", of_why(why)),
        AppState::RolledBack { from, to, why } => of_roll_back(from.as_ref(), to.as_ref(), why),
        AppState::Failed { failure, .. } => of_failure(failure),
        AppState::Disabled { .. } => "not looked for in the background".to_owned(),
    }
}

/// What a command came to.
pub(crate) fn of_answer(answer: &Answer) -> String {
    match answer {
        Answer::UpToDate { installed, checked_at, .. } => {
            format!("{} is up to date, verified {checked_at}", version(installed.as_ref()))
        }
        Answer::NothingNewer { installed, checked_at } => {
            format!("{}: {NOTHING_NEWER}, asked {checked_at}", version(installed.as_ref()))
        }
        Answer::Offered { offer } => {
            format!("{} is available: `autoupdate apply` installs it", of_offer(offer))
        }
        Answer::NotOffered { version, reason } => of_reason(version.as_ref(), reason),
        Answer::CannotVerify { failure } => {
            format!("it cannot be verified what is newest: {}", of_failure(failure))
        }
        Answer::Sound { version, sha256, signed: true } => {
            format!(
                "nothing to repair: {version} is exactly what its publisher signed (sha256 {})",
                sha256.short()
            )
        }
        Answer::Sound { version, sha256, signed: false } => format!(
            "nothing to repair: {version} is exactly what was verified when it was installed (sha256 {}); its \
             publisher does not name it now",
            sha256.short()
        ),
        Answer::Ready { offer } => format!("{} is ready", of_offer(offer)),
        Answer::Updated { report } => of_report(report),
        Answer::RolledBack { from, to, why } => of_roll_back(from.as_ref(), to.as_ref(), why),
        Answer::NeedsConsent { offer } => format!(
            "what is installed belongs to no release we know; to replace it with {} agree with --yes",
            offer.version
        ),
        Answer::StillRunning { blockers } => {
            let names: Vec<_> =
                blockers.iter().map(|one| format!("{} (process {})", one.name, one.pid)).collect();
            format!("still running: {}; close it and try again, the update stays ready", names.join(", "))
        }
        Answer::Cancelled => "stopped".to_owned(),
        Answer::Done => "done".to_owned(),
        Answer::Notes { text: None, earlier } if earlier.is_empty() => "there are no notes".to_owned(),
        Answer::Notes { text, earlier } => of_notes(text.as_deref(), earlier),
        Answer::Why { trace } => super::why::of_trace(trace),
        Answer::Settings { settings } => super::settings::of_settings(settings),
        Answer::History { entries } => super::history::of_entries(entries),
        Answer::Examined { examined } => super::why::of_trace(&examined.trace),
        Answer::Failed { failure } => of_failure(failure),
        Answer::Refused { why } => of_refusal(why).to_owned(),
    }
}

/// Notes as text for a terminal; those of left out versions below their names.
fn of_notes(text: Option<&str>, earlier: &[VersionNotes]) -> String {
    let offered = text.map(|text| plain(text).trim_end().to_owned());
    let earlier = earlier.iter().map(|one| format!("{}\n{}", one.version, plain(&one.text).trim_end()));
    offered.into_iter().chain(earlier).collect::<Vec<_>>().join("\n\n")
}

fn of_offer(offer: &OfferView) -> String {
    match &offer.from {
        Some(from) => format!("{} (from {from})", offer.version),
        None => offer.version.to_string(),
    }
}

fn of_report(report: &UpdateReport) -> String {
    let saved = report.full_bytes.saturating_sub(report.bytes_fetched);
    let way = report.route.as_ref().map_or("forgotten way", of_route);
    let mut text = if report.repaired {
        format!(
            "repaired: {} is in place again, {} bytes fetched; the damaged file is kept, `autoupdate rollback {}` \
             brings it back",
            report.to, report.bytes_fetched, report.app
        )
    } else {
        format!(
            "updated from {} to {}: {} bytes fetched ({way}), {saved} less than a full download",
            version(report.from.as_ref()),
            report.to,
            report.bytes_fetched
        )
    };
    for fallback in &report.fallbacks {
        text.push_str("\n  ");
        text.push_str(&of_fallback(fallback));
    }
    if !report.still_old.is_empty() {
        text.push_str("\n  ");
        text.push_str(&of_still_old(&report.still_old));
    }
    text
}

/// Whoever closes them by hand wants to know which they are.
fn of_still_old(copies: &[Blocker]) -> String {
    let of = |copy: &Blocker| match copy.user {
        Some(user) => format!("{} (process {} of user {user})", copy.name, copy.pid),
        None => format!("{} (process {})", copy.name, copy.pid),
    };
    let which = copies.iter().map(of).collect::<Vec<_>>().join(", ");
    match copies.len() {
        1 => format!("1 running copy keeps the version before until it is closed: {which}"),
        several => format!("{several} running copies keep the version before until they are closed: {which}"),
    }
}

fn of_fallback(fallback: &FallbackView) -> String {
    format!("{} did not work ({}): {}", of_route(&fallback.route), fallback.code, fallback.text)
}

fn of_route(route: &RouteView) -> &'static str {
    match route {
        RouteView::Patch { .. } => "patch",
        RouteView::CompressedFull => "compressed full package",
        RouteView::Full => "full package",
    }
}

fn of_roll_back(from: Option<&Version>, to: Option<&Version>, why: &RollBackWhy) -> String {
    format!("{} is back in place of {}: {}", version(to), version(from), of_why(why))
}

fn of_why(why: &RollBackWhy) -> String {
    match why {
        RollBackWhy::ByPerson => "you asked for it".to_owned(),
        RollBackWhy::Recalled => "its publisher recalled the newer one".to_owned(),
        RollBackWhy::Unhealthy { code, text } => format!("the new one did not live ({code}): {text}"),
        RollBackWhy::Unproven { code, text } => {
            format!(
                "whether the new one lives could not be found out ({code}): {text}; it may be offered again"
            )
        }
    }
}

pub(crate) fn of_failure(failure: &Failure) -> String {
    format!("{}: {}", failure.code, failure.text)
}

fn of_reason(about: Option<&Version>, reason: &Reason) -> String {
    let why = match reason {
        Reason::NothingForPlatform => "this channel has no release for this platform".to_owned(),
        Reason::OsTooOld { needs, has } => {
            format!("it needs system version {needs}, this is {}", has.as_deref().unwrap_or("unknown"))
        }
        Reason::OsPinned { at } => format!("systems as old as this one stay at {at}"),
        Reason::NotYet { share, bucket } => {
            format!("it goes out in steps: {share} of 10000 have their turn, this machine is number {bucket}")
        }
        Reason::Halted => "its publisher halted it".to_owned(),
        Reason::Recalled => "its publisher recalled it".to_owned(),
        Reason::ControlUnverified { why } => format!("who gets it when cannot be verified: {why}"),
        Reason::KnownBad => "it did not live when it was installed here".to_owned(),
        Reason::BelowFloor { floor } => {
            format!("{floor} was already good here, and there is no way back over the network")
        }
        Reason::Undone => "it was undone here by hand; --force takes it all the same".to_owned(),
        Reason::OnHold => {
            "the program is on hold; `autoupdate release` lets it go on, --force takes it once".to_owned()
        }
        Reason::Pinned { at, by } => {
            let who =
                if *by == SetBy::Administrator { "your administrator keeps it" } else { "it is to stay" };
            format!("{who} at {at} or below (setting `pin`)")
        }
        Reason::TooYoung { until } => {
            format!("your administrator lets others try it first, here it may come from {until} on")
        }
        Reason::TurnedOff => "your administrator turned updates of this program off".to_owned(),
        Reason::Skipped => "it was skipped here by hand; --force takes it all the same".to_owned(),
    };
    match about {
        Some(version) => format!("{version} is not offered: {why}"),
        None => format!("nothing is offered: {why}"),
    }
}

/// Why something waits, and until when.
pub(crate) fn of_deferred(deferred: &Deferred) -> String {
    let why = match deferred.why {
        Deferral::Paused => "updates are paused".to_owned(),
        Deferral::QuietHours => "it is your quiet time".to_owned(),
        Deferral::OutsideHours => "your administrator allows it at another time".to_owned(),
        Deferral::Busy => "the program is busy".to_owned(),
        Deferral::Metered { limit: 0 } => "the network is metered".to_owned(),
        Deferral::Metered { limit } => {
            format!("the network is metered, and it is longer than {limit} bytes")
        }
        Deferral::Battery { percent } => format!("the battery is at {percent} %"),
    };
    match deferred.until {
        Some(until) => format!("{why} until {until}"),
        None => why,
    }
}

fn of_refusal(why: &Refusal) -> &'static str {
    match why {
        Refusal::UnknownApp => "no such app is enrolled",
        Refusal::Busy { .. } => "something else is going on with it: try again when it is over",
        Refusal::NothingToCancel => "there is nothing to stop",
        Refusal::TooLate => "it is past the point where it can be stopped",
        Refusal::NoPrevious => "no previous version is kept",
        Refusal::NothingToConfirm => "no new version waits for a confirmation",
        Refusal::Stopped => "the engine has stopped",
        Refusal::NothingToPlan => "there is no update that could be put in place later",
        Refusal::ByAdministrator => "your administrator has set it, and nobody else can change it",
        Refusal::NothingToShow => "no app runs around the engine",
    }
}

pub(crate) fn version(version: Option<&Version>) -> String {
    version.map_or_else(|| "unknown version".to_owned(), ToString::to_string)
}
