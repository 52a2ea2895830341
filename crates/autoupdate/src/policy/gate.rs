//! What may happen without asking.

use protocol::Mode;

use super::{Asker, Decided, Offer, Rule, Trace, Verdict};

/// Whether an offer may be fetched now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Download {
    /// Fetch it.
    Go,
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
}

/// Whether a prepared update may be put in place now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// Put it in place.
    Go,
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

/// May `offer` be fetched now?
#[must_use]
pub fn download(mode: Mode, wish: Wish, offer: &Offer) -> Decided<Download> {
    let answer = if offer.needs_consent && !wish.consent {
        Download::Ask(AskWhy::Consent)
    } else if wish.fetch {
        Download::Go
    } else {
        match mode {
            Mode::Automatic | Mode::Download => Download::Go,
            Mode::Ask | Mode::Off => Download::Ask(AskWhy::Mode),
        }
    };
    let verdict = if answer == Download::Go { Verdict::Pass } else { Verdict::Stop };
    let trace = Trace::new(Rule::DownloadGate, verdict)
        .about(offer.version())
        .fact("mode", name(mode))
        .fact("asked to fetch", wish.fetch)
        .fact("needs consent", offer.needs_consent)
        .fact("consent", wish.consent);
    Decided { answer, trace: vec![trace] }
}

/// May a prepared update be put in place now? `running` = whether the program runs.
#[must_use]
pub fn restart(mode: Mode, wish: Wish, running: bool) -> Decided<Restart> {
    let answer = if wish.activate {
        Restart::Go
    } else {
        match (mode, running) {
            (Mode::Automatic, false) => Restart::Go,
            (Mode::Automatic, true) => Restart::WhenClosed,
            (Mode::Download | Mode::Ask | Mode::Off, _) => Restart::Ask,
        }
    };
    let verdict = if answer == Restart::Go { Verdict::Pass } else { Verdict::Stop };
    let trace = Trace::new(Rule::RestartGate, verdict)
        .fact("mode", name(mode))
        .fact("asked to restart", wish.activate)
        .fact("running", running);
    Decided { answer, trace: vec![trace] }
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
