//! What may happen without asking.

use protocol::Mode;

use super::deferral::{Deferred, Moment};
use super::plan::Planned;
use super::{Asker, Decided, Offer, Rule, Trace, Verdict};

/// Whether an offer may be fetched now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Download {
    /// Fetch it.
    Go {
        /// Only over a way that is no longer than this, in bytes.
        limit: Option<u64>,
    },
    /// Fetch it at a better moment.
    Wait(Deferred),
    /// A person decides.
    Ask(AskWhy),
}

/// Why a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskWhy {
    /// The enrolment says so.
    Mode,
    /// Nobody knows what is installed now.
    Consent,
    /// They stopped it.
    Stopped,
}

/// Whether a prepared update may be put in place now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// Put it in place.
    Go,
    /// Put it in place at a better moment.
    Wait(Deferred),
    /// A person says when.
    Ask,
    /// By itself, once the program does not run.
    WhenClosed,
}

/// How far a person asked us to go. See [`crate::machine::Errand`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Who asked.
    pub asker: Asker,
    /// They said: fetch it.
    pub fetch: bool,
    /// They said: put it in place.
    pub activate: bool,
    /// They agree to replace bytes that nobody knows.
    pub consent: bool,
}

/// May `offer` be fetched now? What a person wishes waits for no better moment, and what they `stopped` for them.
#[must_use]
pub fn download(mode: Mode, wish: Wish, offer: &Offer, moment: &Moment, stopped: bool) -> Decided<Download> {
    let mut trace = Vec::new();
    let answer = if offer.needs_consent && !wish.consent {
        Download::Ask(AskWhy::Consent)
    } else if wish.fetch {
        Download::Go { limit: None }
    } else if stopped {
        Download::Ask(AskWhy::Stopped)
    } else {
        match mode {
            Mode::Automatic | Mode::Download => {
                trace.clone_from(&moment.fetch_trace);
                match moment.fetch {
                    Some(deferred) => Download::Wait(deferred),
                    // What is short as a whole is short on every way.
                    None => {
                        Download::Go { limit: moment.limit.filter(|limit| offer.artifact.length > *limit) }
                    }
                }
            }
            Mode::Ask | Mode::Off => Download::Ask(AskWhy::Mode),
        }
    };
    let verdict = if matches!(answer, Download::Go { .. }) { Verdict::Pass } else { Verdict::Stop };
    let told = Trace::new(Rule::DownloadGate, verdict)
        .about(offer.version())
        .fact("mode", name(mode))
        .fact("asked to fetch", wish.fetch)
        .fact("stopped", stopped)
        .fact("needs consent", offer.needs_consent)
        .fact("consent", wish.consent);
    // What decided comes last.
    trace.insert(0, told);
    Decided { answer, trace }
}

/// May a prepared update be put in place now? `running` = whether the program runs, `plan` = what a person planned.
#[must_use]
pub fn restart(
    mode: Mode,
    wish: Wish,
    running: bool,
    plan: Option<Planned>,
    moment: &Moment,
) -> Decided<Restart> {
    let mut trace = Vec::new();
    let answer = if wish.activate || (plan == Some(Planned::AtQuit) && !running) {
        Restart::Go
    } else {
        match (mode, running) {
            (Mode::Automatic, false) => {
                trace.clone_from(&moment.replace_trace);
                moment.replace.map_or(Restart::Go, Restart::Wait)
            }
            (Mode::Automatic, true) => Restart::WhenClosed,
            (Mode::Download | Mode::Ask | Mode::Off, _) => Restart::Ask,
        }
    };
    let verdict = if answer == Restart::Go { Verdict::Pass } else { Verdict::Stop };
    let told = Trace::new(Rule::RestartGate, verdict)
        .fact("mode", name(mode))
        .fact("asked to restart", wish.activate)
        .fact("running", running)
        .fact("planned at quit", plan == Some(Planned::AtQuit));
    trace.insert(0, told);
    Decided { answer, trace }
}

const fn name(mode: Mode) -> &'static str {
    match mode {
        Mode::Automatic => "automatic",
        Mode::Download => "download",
        Mode::Ask => "ask",
        Mode::Off => "off",
    }
}

#[cfg(test)]
#[path = "tests/gate.rs"]
mod tests;
