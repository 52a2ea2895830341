//! The one picture that windows, tray and command line see.
//!
//! Whoever shows something shows a pure function of a [`View`]: tray icon, menu, tooltip, notification and window can then
//! never contradict each other. The rules:
//!
//! - plain data with `PartialEq`: a renderer compares two Views to know what changed;
//! - it crosses the local socket and is drawn in other languages, so keys are in snake_case and
//!   every choice is tagged with a name in kebab-case; sentences for people are made from codes and reasons by whoever shows them, the `text` of a
//!   [`Failure`] is for logs, diagnostics and terminals;
//! - [`AppState::UpToDate`] is only ever made from verified freshness, and only while it lasts: see
//!   [`crate::machine`], which turns it into [`AppState::CannotVerify`] when it has run out.
//!
//! Layout: [`View`] → [`AppView`] → [`AppState`], then the nouns that they hold; [`Failure`] in a file of its own.

mod failure;

use jiff::Timestamp;
use protocol::{AppId, Channel, Digest, FormatId, Language, Mode, SourceKind, Urgency, Version};
use serde::{Deserialize, Serialize};

pub use failure::Failure;

use crate::policy::deferral::{Deferred, Pause};
use crate::policy::{Asker, Reason};

/// Everything that can be shown, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct View {
    /// Format version, [`View::FORMAT`].
    pub format: u32,
    /// The enrolled programs, ordered by name, then id.
    pub apps: Vec<AppView>,
    /// Enrolments that cannot be used. They never hide the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<Problem>>"))]
    pub problems: Vec<Problem>,
    /// A person paused everything that happens by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional = nullable))]
    pub paused: Option<Pause>,
}

impl View {
    /// The format version that this code writes and reads.
    pub const FORMAT: u32 = 1;

    /// A View of these programs.
    #[must_use]
    pub fn new(apps: Vec<AppView>, problems: Vec<Problem>) -> Self {
        Self { format: Self::FORMAT, apps, problems, paused: None }
    }

    /// The program with this id.
    #[must_use]
    pub fn app(&self, id: &AppId) -> Option<&AppView> {
        self.apps.iter().find(|app| &app.id == id)
    }
}

/// One enrolled program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct AppView {
    /// The app.
    pub id: AppId,
    /// What people call it.
    pub name: String,
    /// Where the program is, as text for people: what is not Unicode in it is replaced. Never open this.
    pub path: String,
    /// Whose enrolment it is.
    pub owner: Owner,
    /// The channel it follows.
    pub channel: Channel,
    /// What may happen without asking.
    pub mode: Mode,
    /// How offers are found; absent = a TUF repository. What another kind cannot prove is never shown as proved.
    #[serde(default, skip_serializing_if = "SourceKind::is_tuf")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<SourceKind>"))]
    pub source: SourceKind,
    /// What is on disk now; `None` until it has been looked at or while it cannot be read.
    pub installed: Option<InstalledView>,
    /// What is going on.
    pub state: AppState,
    /// The version that a roll back by hand would bring back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Version>,
    /// The last check that ended, good or bad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_check: Option<LastCheck>,
    /// Checks that failed in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<u32>"))]
    pub failures: u32,
    /// The last check that could be verified, since this engine started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_good: Option<Timestamp>,
    /// It is its quiet time: nothing happens by itself, and nobody is told anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<bool>"))]
    pub quiet: bool,
    /// When the next check in the background is planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_check: Option<Timestamp>,
    /// The last update that was committed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update: Option<UpdateReport>,
}

// The shape that serde wants.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Whose enrolment it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// The machine's administrator.
    Machine,
    /// The person.
    User,
    /// The program itself, which embeds this engine.
    Program,
}

/// What is on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct InstalledView {
    /// Its version, `None` = unknown: these bytes are in no release that we could verify.
    pub version: Option<Version>,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Its length in bytes.
    pub length: u64,
}

/// A check that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct LastCheck {
    /// When it ended.
    pub at: Timestamp,
    /// Who asked for it.
    pub by: Asker,
    /// Why it failed; `None` = it gave an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// What is going on with one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum AppState {
    /// Nothing, and nothing is known yet.
    Idle,
    /// Looking for an update.
    Checking {
        /// Who asked. Only a person's check can be cancelled by a person.
        by: Asker,
    },
    /// There is nothing newer, and that was verified.
    UpToDate {
        /// When.
        checked_at: Timestamp,
        /// Until when the publisher's word counts.
        valid_until: Timestamp,
    },
    /// The source names nothing newer, and it is of a kind that cannot prove that there is nothing.
    NothingNewer {
        /// When it said so.
        checked_at: Timestamp,
    },
    /// Whether there is something newer cannot be said: what the source gave is too old or not rightly signed.
    CannotVerify {
        /// Why.
        failure: Failure,
        /// The last time it could be verified.
        last_good: Option<Timestamp>,
    },
    /// There is something, but not for this installation now.
    NotOffered {
        /// The version that is kept from us, if it is about one.
        version: Option<Version>,
        /// Why.
        reason: Reason,
        /// When this was found out.
        checked_at: Timestamp,
    },
    /// There is an update, and a person decides whether to fetch it.
    Available {
        /// The update.
        offer: OfferView,
        /// How far it was when they stopped it. It goes on from there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional = nullable))]
        stopped: Option<Progress>,
    },
    /// There is an update that is fetched by itself, but not now.
    Deferred {
        /// The update.
        offer: OfferView,
        /// Why not now, and until when.
        deferred: Deferred,
    },
    /// Getting the bytes.
    Downloading {
        /// The update.
        offer: OfferView,
        /// How far it is.
        progress: Progress,
    },
    /// All bytes are here and are compared with what was signed.
    Verifying {
        /// The update.
        offer: OfferView,
    },
    /// The cheaper way did not work: the next one is under way, on the same bar.
    FallingBack {
        /// The update.
        offer: OfferView,
        /// How far it is.
        progress: Progress,
        /// What was given up, and why.
        why: FallbackView,
    },
    /// Verified and on disk; a restart puts it in place.
    Ready {
        /// The update.
        offer: OfferView,
        /// When that happens by itself, if a person said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "typescript", ts(optional = nullable))]
        planned: Option<Plan>,
    },
    /// The program was asked to close.
    WaitingForClose {
        /// The update.
        offer: OfferView,
        /// What still runs.
        blockers: Vec<Blocker>,
        /// When waiting ends and the update stays ready.
        until: Timestamp,
    },
    /// The new version is put in place and started.
    Restarting {
        /// The update.
        offer: OfferView,
    },
    /// The new version runs and must prove that it lives.
    Probation {
        /// The version before, if it was known.
        from: Option<Version>,
        /// The version now.
        to: Version,
        /// When the proof must be there.
        until: Timestamp,
    },
    /// The new version is in place for good.
    Updated {
        /// What was done.
        report: UpdateReport,
    },
    /// The previous version is being put back.
    RollingBack {
        /// Why.
        why: RollBackWhy,
    },
    /// The previous version is in place again.
    RolledBack {
        /// The version that was undone.
        from: Option<Version>,
        /// The version that runs again.
        to: Option<Version>,
        /// Why.
        why: RollBackWhy,
    },
    /// It did not work. The installed program is unchanged.
    Failed {
        /// Why.
        failure: Failure,
        /// The version that it was about.
        version: Option<Version>,
        /// When it is tried again without anybody asking.
        again_at: Option<Timestamp>,
    },
    /// Not looked for in the background.
    Disabled {
        /// Who decided that.
        by: Owner,
    },
}

/// An update that this installation may take now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct OfferView {
    /// Its version.
    pub version: Version,
    /// The installed version, `None` = unknown.
    pub from: Option<Version>,
    /// How soon it wants to be installed.
    pub urgency: Urgency,
    /// Length of the whole artifact in bytes: what a full download would fetch. `None` = nobody signed it, so nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional = nullable))]
    pub full_bytes: Option<u64>,
    /// A person must agree first, because nobody knows what is installed now.
    pub needs_consent: bool,
    /// Languages that its release notes exist in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<Language>>"))]
    pub notes: Vec<Language>,
}

/// When a restart happens by itself, because a person said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "plan", rename_all = "kebab-case")]
pub enum Plan {
    /// When the program is closed.
    AtQuit,
    /// Then; the program is asked to close.
    At {
        /// The moment.
        at: Timestamp,
        /// It is so near that it is counted down.
        counting: bool,
    },
}

/// How the bytes come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "way", rename_all = "kebab-case")]
pub enum RouteView {
    /// Only the difference.
    Patch {
        /// The patch format.
        format: FormatId,
    },
    /// The whole artifact, compressed.
    CompressedFull,
    /// The whole artifact.
    Full,
}

/// How far a download is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Progress {
    /// How the bytes come, `None` until it is decided.
    pub route: Option<RouteView>,
    /// Bytes fetched on this route.
    pub fetched: u64,
    /// Bytes that this route fetches in all, if that is known.
    pub of: Option<u64>,
    /// Bytes per second, measured over the last seconds. `None` until it can be said.
    pub bytes_per_second: Option<u64>,
}

/// A way that did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct FallbackView {
    /// The way.
    pub route: RouteView,
    /// Stable code of what was wrong.
    pub code: String,
    /// What was wrong, for logs and terminals.
    pub text: String,
}

/// A process that must close before something can happen: before an update, or before the new version is what runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Blocker {
    /// Its process id.
    pub pid: u32,
    /// Its command line's program name, for people.
    pub name: String,
    /// The number of the user whose process it is; absent = it is the person's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<u32>,
}

/// Why the previous version was put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum RollBackWhy {
    /// A person asked for it.
    ByPerson,
    /// Its publisher recalled the version.
    Recalled,
    /// The new version did not prove that it lives.
    Unhealthy {
        /// Stable code of what was wrong.
        code: String,
        /// What was wrong, for logs and terminals.
        text: String,
    },
    /// Whether the new version lives could not be found out, through no fault of its own: it may be offered again.
    Unproven {
        /// Stable code of what was in the way.
        code: String,
        /// What was in the way, for logs and terminals.
        text: String,
    },
}

/// An enrolment that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
pub struct Problem {
    /// The file, as text for people.
    pub file: String,
    /// The line, counted from 1, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The key, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The rule that is broken.
    pub text: String,
}

/// What one update did: the line of the history, and the proof of what it cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct UpdateReport {
    /// The app.
    pub app: AppId,
    /// The version before, if it was known.
    pub from: Option<Version>,
    /// The version now.
    pub to: Version,
    /// When it was put in place.
    pub at: Timestamp,
    /// The way that its bytes came, `None` if that was forgotten between download and restart.
    pub route: Option<RouteView>,
    /// Bytes fetched for the artifact, failed ways included, metadata not.
    pub bytes_fetched: u64,
    /// Length of the whole artifact in bytes.
    pub full_bytes: u64,
    /// Patches fetched, failed ones included.
    pub patches_fetched: u32,
    /// SHA-256 of the file before.
    pub sha256_before: Digest,
    /// SHA-256 of the file now.
    pub sha256_after: Digest,
    /// Seconds of work: preparing and activating, without waiting for people.
    pub seconds: u64,
    /// It was the version that should have been there, in place of damaged bytes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<bool>"))]
    pub repaired: bool,
    /// Ways that did not work, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<FallbackView>>"))]
    pub fallbacks: Vec<FallbackView>,
    /// What went on with the bytes before when the update was over: copies in terminals, tools, those of other users.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<Vec<Blocker>>"))]
    pub still_old: Vec<Blocker>,
}

#[cfg(test)]
mod tests;
