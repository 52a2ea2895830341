//! What every face of the app shows of a View: glyph, tone, words, and the acts that fit.
//!
//! Tray icon, tray menu, window and notification carry the same fact, so it is made once, here, as plain data: a pure
//! function of the View. Words are a [`Message`]: a key of the catalogue with its arguments, which each face looks up.

use std::collections::BTreeMap;

use autoupdate::View;
use autoupdate::policy::Reason;
use autoupdate::policy::deferral::Deferral;
use autoupdate::view::{AppState, AppView, Failure, OfferView, Owner, Plan};
use protocol::{AppId, Urgency, Version};
use serde::{Deserialize, Serialize};

use crate::panel::Go;

/// Everything that the window shows, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Shown {
    /// The engine's picture.
    pub view: View,
    /// All programs in one line: the tray's title and first menu line, the window's headline.
    pub summary: Summary,
    /// One face per program of the View.
    pub faces: BTreeMap<AppId, Face>,
    /// About this app itself.
    pub shell: Shell,
}

/// About this app itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Shell {
    /// Its version.
    pub version: String,
    /// Its id in the View, if it keeps itself up to date.
    pub own_id: Option<AppId>,
    /// A package manager updates it.
    pub packaged: bool,
    /// It has an icon in a tray that somebody shows. Without one the window says so.
    pub tray: bool,
    /// It starts when the person logs in.
    pub starts_at_login: bool,
    /// The part of the window that a click outside of it asked for last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub go: Option<Go>,
}

/// All programs in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Summary {
    /// The tray's icon.
    pub glyph: Glyph,
    /// How the words are coloured, where there is colour.
    pub tone: Tone,
    /// The words.
    pub words: Message,
    /// The act that fits best, and whose it is; `None` = of all programs.
    pub act: Option<(Option<AppId>, Act)>,
}

/// One program in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Face {
    /// Shape before colour.
    pub glyph: Glyph,
    /// How it is coloured, where there is colour.
    pub tone: Tone,
    /// The words.
    pub words: Message,
    /// What a person can do, the one that moves them forward first.
    pub acts: Vec<Act>,
    /// What support can do beside.
    pub support: Vec<Act>,
}

impl Face {
    fn new(glyph: Glyph, tone: Tone, words: Message, acts: Vec<Act>) -> Self {
        Self { glyph, tone, words, acts, support: Vec::new() }
    }
}

/// A shape. The first seven are tray icons, in rising order of how much they want to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Glyph {
    /// Nothing to do.
    Normal,
    /// Held or turned off.
    Held,
    /// There is an update.
    Available,
    /// Something goes on.
    Working,
    /// A restart puts it in place.
    Ready,
    /// A person is needed.
    Attention,
    /// A person is needed now.
    Critical,
    /// Good.
    Check,
    /// Went back.
    Back,
    /// Later.
    Clock,
    /// Not for this computer.
    Stop,
}

impl Glyph {
    /// The same as a tray icon: small things are no news.
    #[must_use]
    pub const fn in_tray(self) -> Self {
        match self {
            Self::Normal | Self::Check | Self::Clock | Self::Stop => Self::Normal,
            Self::Back => Self::Attention,
            Self::Held | Self::Available | Self::Working | Self::Ready | Self::Attention | Self::Critical => {
                self
            }
        }
    }
}

/// A colour's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Tone {
    /// Good.
    Ok,
    /// News.
    Info,
    /// Needs a look.
    Warn,
    /// Did not work.
    Danger,
    /// Nothing to see.
    Quiet,
}

/// Words by key: a message of the catalogue `ui/locales/{language}.ftl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Message {
    /// The key.
    pub id: String,
    /// Its arguments.
    pub args: BTreeMap<String, String>,
    /// A count, for plural forms.
    pub count: Option<u32>,
}

impl Message {
    /// A message without arguments.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), args: BTreeMap::new(), count: None }
    }

    /// With one argument more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &(impl ToString + ?Sized)) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    fn version(id: &str, version: &Version) -> Self {
        Self::new(id).with("version", version)
    }
}

/// What a person can do with one program. Never more than a wish: which version, from where and to where is the engine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Look for an update.
    Check,
    /// Get the update.
    Install,
    /// Agree to replace a program that nobody knows, and get the update.
    Replace,
    /// Put the update in place and start the program again.
    Restart,
    /// Stop, and drop what was received.
    Cancel,
    /// Stop, and go on from there later.
    Pause,
    /// Go on where it was stopped.
    Resume,
    /// The same once more.
    Retry,
    /// Put the previous version back.
    RollBack,
    /// Put the update in place tonight.
    Tonight,
    /// Put the update in place when the program is closed.
    AtQuit,
    /// Not at the planned time: a person says when.
    Postpone,
    /// Leave this version out.
    Skip,
    /// Let the program stay as it is.
    Hold,
    /// Offer what was held, skipped or undone again.
    Release,
    /// Look for an update past steps, skipped and undone versions.
    Force,
    /// Get the update in full, without building on what is installed.
    Full,
    /// See whether the program is what it should be, and put it right.
    Repair,
}

/// Everything that is shown of this View.
#[must_use]
pub fn shown(view: &View, shell: &Shell) -> Shown {
    let of_app = |app: &AppView| {
        let mut face = face(app);
        // This app never closes but to be updated, or for good.
        if shell.own_id.as_ref() == Some(&app.id) {
            face.acts.retain(|act| *act != Act::AtQuit);
        }
        (app.id.clone(), face)
    };
    let faces = view.apps.iter().map(of_app).collect();
    Shown { summary: summary(view), faces, view: view.clone(), shell: shell.clone() }
}

/// One program in one line, and what can be done with it.
#[must_use]
pub fn face(app: &AppView) -> Face {
    Face { support: support(app), ..of_state(app) }
}

/// What support can do: nothing while something goes on.
fn support(app: &AppView) -> Vec<Act> {
    let getting: &[Act] = match &app.state {
        AppState::Available { .. } | AppState::Deferred { .. } | AppState::Failed { .. } => &[Act::Full],
        AppState::Idle
        | AppState::UpToDate { .. }
        | AppState::NothingNewer { .. }
        | AppState::CannotVerify { .. }
        | AppState::NotOffered { .. }
        | AppState::Ready { .. }
        | AppState::Updated { .. }
        | AppState::RolledBack { .. }
        | AppState::Disabled { .. } => &[],
        AppState::Checking { .. }
        | AppState::Downloading { .. }
        | AppState::Verifying { .. }
        | AppState::FallingBack { .. }
        | AppState::WaitingForClose { .. }
        | AppState::Restarting { .. }
        | AppState::Probation { .. }
        | AppState::RollingBack { .. } => return Vec::new(),
    };
    let back: &[Act] = if app.previous.is_some() { &[Act::RollBack] } else { &[] };
    [&[Act::Force], getting, &[Act::Repair], back, &[Act::Hold, Act::Release]].concat()
}

fn of_state(app: &AppView) -> Face {
    let make = |glyph, tone, words, acts: &[Act]| Face::new(glyph, tone, words, acts.to_vec());
    let undo = |first: Act| match app.previous {
        Some(_) => vec![first, Act::RollBack],
        None => vec![first],
    };
    match &app.state {
        AppState::Idle => make(Glyph::Normal, Tone::Quiet, Message::new("state-idle"), &[Act::Check]),
        AppState::Checking { by } => {
            let acts: &[Act] = if by.is_person() { &[Act::Cancel] } else { &[] };
            make(Glyph::Working, Tone::Info, Message::new("state-checking"), acts)
        }
        AppState::UpToDate { .. } => {
            make(Glyph::Check, Tone::Ok, Message::new("state-up-to-date"), &[Act::Check])
        }
        // Never the tick: nothing was proved.
        AppState::NothingNewer { .. } => {
            make(Glyph::Normal, Tone::Quiet, Message::new("state-nothing-newer"), &[Act::Check])
        }
        AppState::CannotVerify { .. } => {
            make(Glyph::Attention, Tone::Warn, Message::new("state-cannot-verify"), &[Act::Retry])
        }
        AppState::NotOffered { version, reason, .. } => not_offered(app, version.as_ref(), reason),
        AppState::Available { offer, stopped } => available(offer, stopped.is_some()),
        AppState::Downloading { offer, .. } | AppState::FallingBack { offer, .. } => {
            let words = Message::version("state-getting", &offer.version);
            make(Glyph::Working, Tone::Info, words, &[Act::Pause, Act::Cancel])
        }
        AppState::Verifying { offer } => {
            let words = Message::version("state-getting", &offer.version);
            make(Glyph::Working, Tone::Info, words, &[Act::Cancel])
        }
        AppState::Deferred { offer, deferred } => {
            let id = match deferred.why {
                Deferral::Paused => "state-deferred-paused",
                Deferral::QuietHours | Deferral::OutsideHours => "state-deferred-hours",
                Deferral::Busy => "state-deferred-busy",
                Deferral::Metered { .. } => "state-deferred-metered",
                Deferral::Battery { .. } => "state-deferred-battery",
            };
            let (glyph, tone) = match offer.urgency {
                Urgency::Critical => (Glyph::Critical, Tone::Danger),
                Urgency::Normal => (Glyph::Clock, Tone::Quiet),
            };
            make(glyph, tone, Message::version(id, &offer.version), &[Act::Install])
        }
        AppState::Ready { offer, planned } => ready(offer, planned.as_ref()),
        AppState::WaitingForClose { .. } => {
            let words = Message::new("state-waiting-for-close").with("name", &app.name);
            make(Glyph::Attention, Tone::Info, words, &[Act::Cancel])
        }
        AppState::Restarting { offer } => {
            make(Glyph::Working, Tone::Info, Message::version("state-restarting", &offer.version), &[])
        }
        AppState::Probation { to, .. } => {
            make(Glyph::Working, Tone::Info, Message::version("state-probation", to), &[])
        }
        AppState::Updated { report } => {
            let id = if report.repaired { "state-repaired" } else { "state-updated" };
            let words = Message::version(id, &report.to);
            Face::new(Glyph::Check, Tone::Ok, words, undo(Act::Check))
        }
        AppState::RollingBack { .. } => {
            make(Glyph::Working, Tone::Warn, Message::new("state-rolling-back"), &[])
        }
        AppState::RolledBack { to, .. } => {
            let words = match to {
                Some(version) => Message::version("state-rolled-back", version),
                None => Message::new("state-rolled-back-unknown"),
            };
            make(Glyph::Back, Tone::Warn, words, &[Act::Check])
        }
        AppState::Failed { failure, version, .. } => failed(failure, version.as_ref()),
        AppState::Disabled { by } => {
            let id = match by {
                Owner::Machine => "state-disabled-by-machine",
                Owner::User | Owner::Program => "state-disabled",
            };
            make(Glyph::Held, Tone::Quiet, Message::new(id), &[Act::Check])
        }
    }
}

fn available(offer: &OfferView, stopped: bool) -> Face {
    if stopped {
        let (glyph, tone) = urgency(offer, Glyph::Held);
        let words = Message::version("state-stopped", &offer.version);
        return Face::new(glyph, tone, words, vec![Act::Resume, Act::Cancel]);
    }
    let (glyph, tone) = urgency(offer, Glyph::Available);
    let words = Message::version("state-available", &offer.version);
    // What nobody knows is replaced while its person looks on.
    let acts = if offer.needs_consent { vec![Act::Replace] } else { vec![Act::Install, Act::Tonight] };
    Face::new(glyph, tone, words, [acts, vec![Act::Skip]].concat())
}

fn ready(offer: &OfferView, planned: Option<&Plan>) -> Face {
    let (glyph, tone) = urgency(offer, Glyph::Ready);
    let (id, acts) = match planned {
        None => ("state-ready", vec![Act::Restart, Act::Tonight, Act::AtQuit]),
        Some(Plan::AtQuit) => ("state-ready-at-quit", vec![Act::Restart, Act::Postpone]),
        Some(Plan::At { counting: false, .. }) => ("state-ready-tonight", vec![Act::Restart, Act::Postpone]),
        Some(Plan::At { counting: true, .. }) => ("state-ready-counting", vec![Act::Postpone, Act::Restart]),
    };
    Face::new(glyph, tone, Message::version(id, &offer.version), acts)
}

/// How an offer is shown: an urgent one stands out, whatever it is at.
fn urgency(offer: &OfferView, otherwise: Glyph) -> (Glyph, Tone) {
    match offer.urgency {
        Urgency::Critical => (Glyph::Critical, Tone::Danger),
        Urgency::Normal => (otherwise, Tone::Info),
    }
}

fn not_offered(app: &AppView, version: Option<&Version>, reason: &Reason) -> Face {
    let (glyph, id) = match reason {
        Reason::NothingForPlatform => (Glyph::Stop, "not-offered-nothing-for-platform"),
        Reason::OsTooOld { .. } => (Glyph::Stop, "not-offered-os-too-old"),
        Reason::OsPinned { .. } => (Glyph::Stop, "not-offered-os-pinned"),
        Reason::NotYet { .. } => (Glyph::Clock, "not-offered-not-yet"),
        Reason::Halted => (Glyph::Held, "not-offered-halted"),
        Reason::Recalled => (Glyph::Attention, "not-offered-recalled"),
        Reason::ControlUnverified { .. } => (Glyph::Attention, "not-offered-control-unverified"),
        Reason::KnownBad => (Glyph::Stop, "not-offered-known-bad"),
        Reason::BelowFloor { .. } => (Glyph::Stop, "not-offered-below-floor"),
        Reason::Undone => (Glyph::Held, "not-offered-undone"),
        Reason::Skipped => (Glyph::Held, "not-offered-skipped"),
        Reason::OnHold => (Glyph::Held, "not-offered-on-hold"),
        Reason::Pinned { .. } => (Glyph::Held, "not-offered-pinned"),
        Reason::TooYoung { .. } => (Glyph::Clock, "not-offered-too-young"),
        Reason::TurnedOff => (Glyph::Held, "not-offered-turned-off"),
    };
    let tone = if glyph == Glyph::Attention { Tone::Warn } else { Tone::Quiet };
    let words = match version {
        Some(version) => Message::version(id, version),
        // Every such sentence has a form without a version.
        None => Message::new(id).with("version", "none"),
    };
    let mut acts = vec![Act::Check];
    if matches!(reason, Reason::OnHold | Reason::Skipped | Reason::Undone) {
        acts.push(Act::Release);
    }
    if matches!(reason, Reason::Recalled) && app.previous.is_some() {
        acts.insert(0, Act::RollBack);
    }
    Face::new(glyph, tone, words, acts)
}

fn failed(failure: &Failure, version: Option<&Version>) -> Face {
    let words = match version {
        Some(version) => Message::version("state-failed", version),
        None => Message::new("state-failed-check"),
    };
    let words = words.with("code", &failure.code);
    Face::new(Glyph::Attention, Tone::Danger, words, vec![Act::Retry])
}

/// All programs in one line. What wants to be seen most is told; of several such programs, how many they are.
#[must_use]
pub fn summary(view: &View) -> Summary {
    let faces: Vec<(&AppView, Face)> = view.apps.iter().map(|app| (app, face(app))).collect();
    let Some(top) = faces.iter().map(|(_, face)| face.glyph.in_tray()).max() else {
        let id = if view.problems.is_empty() { "summary-empty" } else { "summary-problems" };
        let (glyph, tone) = if view.problems.is_empty() {
            (Glyph::Normal, Tone::Quiet)
        } else {
            (Glyph::Attention, Tone::Warn)
        };
        return Summary { glyph, tone, words: Message::new(id), act: None };
    };
    let most: Vec<_> = faces.iter().filter(|(_, face)| face.glyph.in_tray() == top).collect();
    // Somebody enrolled a program, and nobody looks after it.
    if top <= Glyph::Held && !view.problems.is_empty() {
        let words = Message::new("summary-problems");
        return Summary { glyph: Glyph::Attention, tone: Tone::Warn, words, act: None };
    }
    if top <= Glyph::Held && view.paused.is_some() {
        let words = Message::new("summary-paused");
        return Summary { glyph: Glyph::Held, tone: Tone::Quiet, words, act: Some((None, Act::Check)) };
    }
    if top == Glyph::Normal {
        let unknown = faces.iter().any(|(app, _)| matches!(app.state, AppState::Idle));
        let current = faces.iter().all(|(_, face)| face.glyph == Glyph::Check);
        let (tone, id) = match (unknown, current) {
            (true, _) => (Tone::Quiet, "summary-idle"),
            (false, true) => (Tone::Ok, "summary-up-to-date"),
            (false, false) => (Tone::Ok, "summary-nothing-to-install"),
        };
        return Summary { glyph: top, tone, words: Message::new(id), act: Some((None, Act::Check)) };
    }
    match most.as_slice() {
        [(app, face)] => {
            let mut words = face.words.clone().with("name", &app.name);
            words.id = format!("one-{}", words.id);
            let act = face.acts.first().map(|act| (Some(app.id.clone()), *act));
            Summary { glyph: top, tone: face.tone, words, act }
        }
        several => {
            let id = match top {
                Glyph::Held => "summary-held",
                Glyph::Available => "summary-available",
                Glyph::Working => "summary-working",
                Glyph::Ready => "summary-ready",
                Glyph::Critical => "summary-critical",
                Glyph::Normal
                | Glyph::Attention
                | Glyph::Check
                | Glyph::Back
                | Glyph::Clock
                | Glyph::Stop => "summary-attention",
            };
            let tone = several.first().map_or(Tone::Info, |(_, face)| face.tone);
            let count = u32::try_from(several.len()).ok();
            let act = match top {
                Glyph::Held => Some((None, Act::Check)),
                _ => None,
            };
            Summary { glyph: top, tone, words: Message { count, ..Message::new(id) }, act }
        }
    }
}

#[cfg(test)]
mod tests;
