//! What everybody but the driver holds: commands in, an [`Answer`] with its reason out, and the View.
//!
//! A handle is cheap to clone and outlives nothing: when the engine has stopped, every command answers
//! [`Refusal::Stopped`]. A command's future ends when what was asked for has come to its end, which may take as long as
//! a download; dropping the future cancels nothing, [`Handle::cancel`] does.

use protocol::{AppId, Digest, Language, Version};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};

pub use crate::policy::plan::Later;
use crate::policy::surroundings::Surroundings;
use crate::policy::{Reason, Trace};
use crate::store::Entry;
use crate::support::{Examined, Settings};
use crate::view::{Blocker, Failure, OfferView, RollBackWhy, UpdateReport, View};

/// A command, as a person or a program gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// Look for an update now.
    Check {
        /// The app.
        app: AppId,
        /// Also past what a person once undid. See [`crate::policy::Asker::Insisting`].
        #[serde(default)]
        force: bool,
    },
    /// Get the update ready, looking for it first if need be.
    Prepare {
        /// The app.
        app: AppId,
        /// How.
        #[serde(default, flatten)]
        how: How,
    },
    /// Put the update in place, getting it ready first if need be.
    Activate {
        /// The app.
        app: AppId,
        /// How.
        #[serde(default, flatten)]
        how: How,
    },
    /// Put the previous version back.
    RollBack {
        /// The app.
        app: AppId,
    },
    /// See whether the program is what it should be, and put it right if it is not: the same version once more.
    Repair {
        /// The app.
        app: AppId,
        /// Bytes of which nobody knows which version they should be may be replaced by what is offered.
        #[serde(default)]
        consent: bool,
    },
    /// Let the program stay as it is, until it is released.
    Hold {
        /// The app.
        app: AppId,
    },
    /// Leave one version out.
    Skip {
        /// The app.
        app: AppId,
        /// The version.
        version: Version,
    },
    /// Let the program go on: what was held and skipped is offered again.
    Release {
        /// The app.
        app: AppId,
    },
    /// Stop what is going on, as far as it can be stopped. A download goes on where it was when somebody wants it again; by itself
    /// it does not.
    Cancel {
        /// The app.
        app: AppId,
        /// What was received goes, too.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        drop: bool,
    },
    /// The new version says that it lives.
    Confirm {
        /// The app.
        app: AppId,
    },
    /// Why the last check came to what it came to.
    Why {
        /// The app.
        app: AppId,
    },
    /// What is new in the version that is offered, or was just put in place.
    Notes {
        /// The app.
        app: AppId,
        /// Languages, the most wanted first. If there is none of them, English, else whatever there is.
        languages: Vec<Language>,
    },
    /// Put the update in place at a better time, or drop that plan. What is not prepared yet is prepared now.
    Plan {
        /// The app.
        app: AppId,
        /// When; absent = a person says so again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        when: Option<Later>,
    },
    /// The program says that it is busy: nothing is fetched for it or put in place by itself meanwhile.
    Busy {
        /// The app.
        app: AppId,
        /// Until when, at most [`MAX_LEASE`] from now. A moment that has passed ends it.
        until: jiff::Timestamp,
    },
    /// Let nothing happen by itself, of no program.
    Pause {
        /// Until when; absent = until it is resumed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<jiff::Timestamp>,
    },
    /// Let everything go on after a pause.
    Resume,
    /// Every setting that is in effect.
    Settings,
    /// Change a setting in the person's file.
    Set {
        /// The program that it is for; absent = the updater, and every program that says nothing else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app: Option<AppId>,
        /// Its key.
        key: String,
        /// Its value; absent = what it is without that line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<String>,
    },
    /// What happened lately, newest last.
    History {
        /// How many events at most.
        last: usize,
    },
    /// What support looks at, without asking any source.
    Examine {
        /// The app.
        app: AppId,
    },
    /// Read the enrolments and settings again.
    Reload,
}

/// The longest that a program can be busy for at once. It may say so again.
pub const MAX_LEASE: jiff::SignedDuration = jiff::SignedDuration::from_hours(12);

/// What a person grants beside the command itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct How {
    /// Also past what a person once undid.
    #[serde(default)]
    pub force: bool,
    /// Bytes that nobody knows may be replaced.
    #[serde(default)]
    pub consent: bool,
    /// Use no patch.
    #[serde(default)]
    pub full: bool,
}

/// What a command came to. Every one carries its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    /// There is nothing newer, and that was verified.
    UpToDate {
        /// The installed version, if it is known.
        installed: Option<Version>,
        /// When it was verified.
        checked_at: jiff::Timestamp,
        /// Until when the publisher's word counts.
        valid_until: jiff::Timestamp,
    },
    /// The source names nothing newer, and it is of a kind that cannot prove that there is nothing.
    NothingNewer {
        /// The installed version, if it is known.
        installed: Option<Version>,
        /// When it said so.
        checked_at: jiff::Timestamp,
    },
    /// There is an update; it may be on its way already.
    Offered {
        /// The update.
        offer: OfferView,
    },
    /// There is something, but not for this installation now.
    NotOffered {
        /// The version that is kept from us, if it is about one.
        version: Option<Version>,
        /// Why.
        reason: Reason,
    },
    /// What the source gave is too old or not rightly signed.
    CannotVerify {
        /// Why.
        failure: Failure,
    },
    /// The program is what it should be, byte by byte. Nothing was fetched.
    Sound {
        /// The installed version.
        version: Version,
        /// SHA-256 of its file.
        sha256: Digest,
        /// Verified metadata names these bytes still. Otherwise they are those that were verified when they were put in place.
        signed: bool,
    },
    /// The update is verified and on disk.
    Ready {
        /// The update.
        offer: OfferView,
    },
    /// The update is in place for good.
    Updated {
        /// What was done.
        report: UpdateReport,
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
    /// A person must agree to replace bytes that nobody knows.
    NeedsConsent {
        /// The update.
        offer: OfferView,
    },
    /// The program did not close in time; the update stays ready.
    StillRunning {
        /// What runs.
        blockers: Vec<Blocker>,
    },
    /// It was stopped.
    Cancelled,
    /// It was noted.
    Done,
    /// The rules that were asked at the last check, in order.
    Why {
        /// The rules.
        trace: Vec<Trace>,
    },
    /// Every setting that is in effect.
    Settings {
        /// The settings.
        settings: Settings,
    },
    /// What happened lately, newest last.
    History {
        /// The events.
        entries: Vec<Entry>,
    },
    /// What support looks at.
    Examined {
        /// It.
        examined: Box<Examined>,
    },
    /// What is new, as its publisher signed it.
    Notes {
        /// Markdown. Whoever shows it must not believe that it is harmless. `None` = there are none.
        text: Option<String>,
        /// The same of the versions between the installed and the offered one, newest first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        earlier: Vec<VersionNotes>,
    },
    /// It did not work.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// Nothing was done.
    Refused {
        /// Why.
        why: Refusal,
    },
}

/// What is new in one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionNotes {
    /// The version.
    pub version: Version,
    /// Markdown, as its publisher signed it.
    pub text: String,
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Refusal {
    /// No such app is enrolled.
    UnknownApp,
    /// Something else is going on with it.
    Busy {
        /// What.
        doing: Doing,
    },
    /// There is nothing to cancel.
    NothingToCancel,
    /// It is past the point where it can be stopped.
    TooLate,
    /// No previous version is kept.
    NoPrevious,
    /// No new version waits for a confirmation.
    NothingToConfirm,
    /// There is no app around the engine.
    NothingToShow,
    /// There is no update that a plan could be about.
    NothingToPlan,
    /// The administrator set it.
    ByAdministrator,
    /// The engine has stopped.
    Stopped,
}

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// Looking for an update.
    Checking,
    /// Getting it ready.
    Preparing,
    /// Putting it in place.
    Activating,
    /// Waiting for proof that the new version lives.
    Probation,
    /// Putting the previous version back.
    RollingBack,
}

/// A command on its way to the driver, and where its answer goes.
#[derive(Debug)]
pub(crate) enum Message {
    /// A command.
    Command(Command, oneshot::Sender<Answer>),
    /// The person's session ends, or after all does not.
    Session {
        /// It does.
        ends: bool,
    },
    /// What the desktop says about this moment.
    Surroundings(Surroundings),
    /// End everything in good order.
    Shutdown(oneshot::Sender<()>),
}

/// A cloneable handle to a running engine.
#[derive(Debug, Clone)]
pub struct Handle {
    messages: mpsc::Sender<Message>,
    view: watch::Receiver<View>,
}

impl Handle {
    pub(crate) const fn new(messages: mpsc::Sender<Message>, view: watch::Receiver<View>) -> Self {
        Self { messages, view }
    }

    /// Gives a command and waits for what it comes to.
    pub async fn command(&self, command: Command) -> Answer {
        let (sender, answer) = oneshot::channel();
        let stopped = Answer::Refused { why: Refusal::Stopped };
        if self.messages.send(Message::Command(command, sender)).await.is_err() {
            return stopped;
        }
        answer.await.unwrap_or(stopped)
    }

    /// Looks for an update now. Answers when it is known; in the modes that fetch by themselves the download goes on.
    pub async fn check(&self, app: &AppId, force: bool) -> Answer {
        self.command(Command::Check { app: app.clone(), force }).await
    }

    /// Gets the update ready.
    pub async fn prepare(&self, app: &AppId, how: How) -> Answer {
        self.command(Command::Prepare { app: app.clone(), how }).await
    }

    /// Puts the update in place; answers after the probation.
    pub async fn activate(&self, app: &AppId, how: How) -> Answer {
        self.command(Command::Activate { app: app.clone(), how }).await
    }

    /// Puts the previous version back.
    pub async fn roll_back(&self, app: &AppId) -> Answer {
        self.command(Command::RollBack { app: app.clone() }).await
    }

    /// Sees whether the program is what it should be, and puts it right if it is not. See [`Command::Repair`].
    pub async fn repair(&self, app: &AppId, consent: bool) -> Answer {
        self.command(Command::Repair { app: app.clone(), consent }).await
    }

    /// Stops what is going on.
    pub async fn cancel(&self, app: &AppId) -> Answer {
        self.command(Command::Cancel { app: app.clone(), drop: false }).await
    }

    /// Says that the new version lives.
    pub async fn confirm(&self, app: &AppId) -> Answer {
        self.command(Command::Confirm { app: app.clone() }).await
    }

    /// The View: the present one, and a notice of each later one.
    #[must_use]
    pub fn view(&self) -> watch::Receiver<View> {
        self.view.clone()
    }

    /// Says that the person's session ends, or after all does not. An update that has not replaced its program yet then waits
    /// for the next session, one that has is finished; nothing is begun, and no program is started. What was closed for an
    /// update stays closed, also if the end is called off.
    pub async fn session_ends(&self, ends: bool) {
        // An error means that the engine has already gone.
        let _gone = self.messages.send(Message::Session { ends }).await;
    }

    /// Says what the desktop knows about this moment. What was put off because of another answer goes on by itself.
    pub async fn surroundings(&self, surroundings: Surroundings) {
        // An error means that the engine has already gone.
        let _gone = self.messages.send(Message::Surroundings(surroundings)).await;
    }

    /// Ends the engine: what can be stopped is stopped, a swap that has begun is finished first. What was closed for an update
    /// that did not happen is started again, unless the session ends too.
    pub async fn shutdown(&self) {
        let (sender, done) = oneshot::channel();
        if self.messages.send(Message::Shutdown(sender)).await.is_ok() {
            // An error means that the engine has already gone.
            let _gone = done.await;
        }
    }
}
