//! What somebody wishes of the shell, and how.

use autoupdate::Command;
use autoupdate::handle::{Answer, Refusal};
use autoupdate::policy::surroundings::Surroundings;
use protocol::AppId;
use tokio::sync::{mpsc, oneshot};

use crate::face::{Act, Message, Shown};
use crate::menu::Does;
use crate::notes::Block;
use crate::notice::Key;
use crate::words::Words;

/// Wishes that may wait; who has more waits.
const MAX_WISHES: usize = 64;

/// What somebody wishes.
pub enum Wish {
    /// A click in the tray's menu or on a notification.
    Do(Does),
    /// The same from the window, which is told if it cannot be.
    Act(AppId, Act, oneshot::Sender<Result<(), Message>>),
    /// The window wants what is shown, with its number, as soon as that is not this one.
    Next(u64, oneshot::Sender<(u64, Shown)>),
    /// The window wants the notes of the version that is offered.
    Notes(AppId, oneshot::Sender<Vec<Block>>),
    /// Start at login, or do not; the window is told if that cannot be changed.
    StartAtLogin(bool, oneshot::Sender<Result<(), Message>>),
    /// A command for the engine, and where its answer goes. Only for commands that are answered at once.
    Engine(Command, oneshot::Sender<Answer>),
    /// Commands for the engine, each when the one before has come to its end. What they come to is in the View.
    Give(Vec<Command>),
    /// The person chose another language.
    Language,
    /// The words of that language.
    Spoken(Words),
    /// What somebody who helps wants to see.
    Diagnostics(oneshot::Sender<String>),
    /// The same as a file.
    Export(oneshot::Sender<Result<String, Message>>),
    /// The file was written, for who clicked in the tray.
    Exported(Result<String, Message>),
    /// The log is to be seen.
    Log(oneshot::Sender<Result<(), Message>>),
    /// Somebody shows tray icons, or nobody does.
    TrayHost(bool),
    /// Nobody has shown tray icons for a while, if that is still so.
    TrayMissed,
    /// A notification is gone, whoever took it away.
    NoticeGone {
        /// Which it was.
        key: Key,
        /// The how manyeth it was of all that were shown.
        number: u64,
        /// Whether anybody could see it.
        shown: bool,
    },
    /// The session ends, or after all does not.
    SessionEnds(bool),
    /// What the desktop knows about this moment, which is not what it knew before.
    Surroundings(Surroundings),
    /// Somebody asks this process to end.
    Quit,
}

/// What everybody but the shell holds.
#[derive(Clone)]
pub struct Desk(mpsc::Sender<Wish>);

impl Desk {
    /// A desk, and where its wishes come out.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<Wish>) {
        let (sender, wishes) = mpsc::channel(MAX_WISHES);
        (Self(sender), wishes)
    }

    /// Wishes something; may be called on any thread. A shell that has gone wishes nothing any more.
    pub fn wish(&self, wish: Wish) {
        if self.0.try_send(wish).is_err() {
            tracing::warn!("a wish was lost: too many at once, or the app is ending");
        }
    }

    /// Asks the engine for something that is answered at once.
    pub(crate) async fn engine(&self, command: Command) -> Answer {
        let answer = self.ask(|reply| Wish::Engine(command, reply)).await;
        answer.unwrap_or(Answer::Refused { why: Refusal::Stopped })
    }

    /// Wishes something that is answered.
    pub(crate) async fn ask<T>(&self, wish: impl FnOnce(oneshot::Sender<T>) -> Wish) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        self.0.send(wish(sender)).await.ok()?;
        answer.await.ok()
    }
}
