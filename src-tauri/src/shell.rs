//! The one task that owns what the desktop sees.
//!
//! Something happens (a new View, a click, a second start) → what is shown is made anew → tray, notifications and window
//! are brought in line. Everybody else holds a [`Desk`] and says what they wish; only this task talks to the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use autoupdate::handle::{Answer, How, Later};
use autoupdate::store::Folders;
use autoupdate::view::AppState;
use autoupdate::{Command, Handle, View};
use protocol::{AppId, Version};
use tauri::AppHandle;
use tokio::sync::{mpsc, oneshot};

use crate::face::{Act, Message, Shell, Shown, shown};
use crate::login::Login;
use crate::menu::Does;
use crate::notes::{self, Block};
use crate::notice::{Change, Key, Told, changes};
use crate::tray::Tray;
use crate::words::Words;
use crate::{here, host, language, notify, session, told, window};

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

    /// Wishes something that is answered.
    pub(crate) async fn ask<T>(&self, wish: impl FnOnce(oneshot::Sender<T>) -> Wish) -> Option<T> {
        let (sender, answer) = oneshot::channel();
        self.0.send(wish(sender)).await.ok()?;
        answer.await.ok()
    }
}

/// The task.
pub(crate) struct ShellTask {
    pub(crate) app: AppHandle,
    pub(crate) engine: Handle,
    pub(crate) folders: Folders,
    /// This executable, if a package manager owns it.
    pub(crate) packaged: Option<PathBuf>,
    pub(crate) desk: Desk,
    pub(crate) tray: Option<Tray>,
    pub(crate) about: Shell,
    pub(crate) login: Login,
    pub(crate) words: Arc<Words>,
}

/// What was shown last.
struct Seen {
    shown: Shown,
    /// Counts what was shown. The window has seen 0 at its start: nothing.
    number: u64,
    told: Told,
    up: BTreeMap<Key, (u64, notify::Withdraw)>,
    /// How many notifications there were since the start.
    notices: u64,
    /// What could not be shown. It is not tried again before the next start, and does not count as told then.
    unshown: BTreeSet<Key>,
    /// The window waits for what comes next.
    waits: Option<oneshot::Sender<(u64, Shown)>>,
    /// There is no icon, and there was time enough for one.
    no_tray: bool,
}

impl ShellTask {
    /// Runs until somebody quits.
    pub(crate) async fn run(mut self, mut wishes: mpsc::Receiver<Wish>) {
        let mut views = self.engine.view();
        let view = self.honoured(views.borrow_and_update().clone());
        let mut seen = Seen {
            shown: shown(&view, &self.about),
            number: 0,
            told: told::load(&self.folders),
            up: BTreeMap::new(),
            notices: 0,
            unshown: BTreeSet::new(),
            waits: None,
            no_tray: false,
        };
        self.render(&mut seen, &view, true);
        if !self.about.tray {
            self.miss_tray();
        }
        drop(tokio::spawn(host::watch(self.desk.clone())));
        drop(tokio::spawn(session::watch(self.desk.clone())));
        loop {
            tokio::select! {
                changed = views.changed() => match changed {
                    Ok(()) => {
                        let view = self.honoured(views.borrow_and_update().clone());
                        self.render(&mut seen, &view, false);
                    }
                    // The engine has ended by itself: nothing can be kept up to date any more.
                    Err(_) => break,
                },
                wish = wishes.recv() => match wish {
                    Some(Wish::Quit | Wish::Do(Does::Quit)) | None => break,
                    // Before any end of the engine that may come next.
                    Some(Wish::SessionEnds(ends)) => self.engine.session_ends(ends).await,
                    Some(wish) => self.fulfil(&mut seen, wish),
                },
            }
        }
        self.engine.shutdown().await;
        self.app.exit(0);
    }

    /// The View without this copy itself, if a package manager updates it: nothing is offered that it would not do.
    fn honoured(&self, mut view: View) -> View {
        if let Some(program) = &self.packaged {
            view.apps.retain(|app| !here::is_same(Path::new(&app.path), program));
        }
        view
    }

    /// Brings everything that is seen in line with a View.
    fn render(&self, seen: &mut Seen, view: &View, first: bool) {
        let now = shown(view, &self.about);
        if first || now != seen.shown {
            if let Some(tray) = &self.tray {
                tray.show(&now, &self.words);
            }
            seen.shown = now;
            seen.number += 1;
            if let Some(reply) = seen.waits.take() {
                let _gone = reply.send((seen.number, seen.shown.clone()));
            }
        }
        let up: BTreeSet<Key> = seen.up.keys().cloned().collect();
        let (told, changes) = changes(view, seen.no_tray, &seen.told, &up);
        for change in changes {
            match change {
                Change::Show(notice) => {
                    let key = notice.key.clone();
                    seen.notices += 1;
                    let shown = notify::show(notice, seen.notices, &self.words, self.desk.clone());
                    seen.unshown.remove(&key);
                    seen.up.insert(key, (seen.notices, shown));
                }
                Change::Withdraw(key) => drop(seen.up.remove(&key)),
            }
        }
        if told != seen.told {
            seen.told = told;
            self.keep_told(seen);
        }
    }

    fn keep_told(&self, seen: &Seen) {
        if let Err(error) = told::save(&self.folders, &seen.told.without(&seen.unshown)) {
            tracing::warn!(%error, "what was told cannot be kept; after a restart it is told again");
        }
    }

    fn fulfil(&mut self, seen: &mut Seen, wish: Wish) {
        match wish {
            Wish::Do(Does::Open) => window::open(&self.app),
            Wish::Do(Does::CheckAll) => {
                for app in &seen.shown.view.apps {
                    self.give(Command::Check { app: app.id.clone(), force: false });
                }
            }
            Wish::Do(Does::Act(app, act)) => {
                if let Err(why) = self.act(&seen.shown, &app, act) {
                    tracing::info!(%app, ?act, ?why, "a click came too late");
                }
            }
            Wish::Act(app, act, reply) => {
                let _gone = reply.send(self.act(&seen.shown, &app, act));
            }
            Wish::Next(number, reply) if number == seen.number => seen.waits = Some(reply),
            Wish::Next(_, reply) => {
                let _gone = reply.send((seen.number, seen.shown.clone()));
            }
            Wish::Notes(app, reply) => self.notes(app, reply),
            Wish::StartAtLogin(on, reply) => {
                let _gone = reply.send(self.start_at_login(seen, on));
            }
            Wish::TrayHost(has) => self.tray_host(seen, has),
            Wish::TrayMissed => {
                seen.no_tray = !self.about.tray;
                let view = seen.shown.view.clone();
                self.render(seen, &view, false);
            }
            Wish::NoticeGone { key, number, shown } => {
                // A newer one of the same key may be there by now.
                if seen.up.get(&key).is_some_and(|(up, _)| *up == number) {
                    seen.up.remove(&key);
                }
                if !shown && seen.unshown.insert(key) {
                    self.keep_told(seen);
                }
            }
            Wish::Do(Does::Quit) | Wish::Quit | Wish::SessionEnds(_) => {}
        }
    }

    fn tray_host(&mut self, seen: &mut Seen, has: bool) {
        let shows = has && self.tray.is_some();
        if shows == self.about.tray {
            return;
        }
        tracing::info!(shows, "whether the icon is seen has changed");
        self.about.tray = shows;
        if shows {
            seen.no_tray = false;
        } else {
            self.miss_tray();
        }
        let view = seen.shown.view.clone();
        self.render(seen, &view, false);
    }

    /// Looks after a while whether there still is no icon.
    fn miss_tray(&self) {
        let desk = self.desk.clone();
        drop(tokio::spawn(async move {
            tokio::time::sleep(host::PATIENCE).await;
            desk.wish(Wish::TrayMissed);
        }));
    }

    fn start_at_login(&mut self, seen: &mut Seen, on: bool) -> Result<(), Message> {
        let done = here::program().and_then(|program| self.login.set(on, &program)).map_err(|error| {
            tracing::warn!(%error, on, "whether the app starts at login cannot be changed");
            match self.login.file() {
                Some(file) => Message::new("start-at-login-entry").with("file", &file.display()),
                None => Message::new("start-at-login-refused"),
            }
        });
        // Told as it is, not as it was wished.
        self.about.starts_at_login = self.login.is_on();
        let view = seen.shown.view.clone();
        self.render(seen, &view, true);
        done
    }

    /// Does what was offered to this person last; everything else is refused.
    fn act(&self, shown: &Shown, app: &AppId, act: Act) -> Result<(), Message> {
        let offered = shown.faces.get(app).is_some_and(|face| face.acts.contains(&act));
        let state = shown.view.app(app).map(|app| &app.state);
        match (offered, state) {
            (true, Some(state)) => {
                self.give(command(app, act, state));
                Ok(())
            }
            _ => Err(Message::new("act-too-late")),
        }
    }

    /// Gives a command; what it comes to is in the View.
    fn give(&self, command: Command) {
        let engine = self.engine.clone();
        drop(tokio::spawn(async move {
            let about = format!("{command:?}");
            if let Answer::Refused { why } = engine.command(command).await {
                tracing::info!(command = about, ?why, "refused");
            }
        }));
    }

    fn notes(&self, app: AppId, reply: oneshot::Sender<Vec<Block>>) {
        let engine = self.engine.clone();
        let languages = language::of_notes(&language::wanted());
        drop(tokio::spawn(async move {
            let blocks = match engine.command(Command::Notes { app, languages }).await {
                Answer::Notes { text: Some(text) } => notes::parse(&text),
                _ => Vec::new(),
            };
            let _gone = reply.send(blocks);
        }));
    }
}

/// The version that is offered.
fn offered(state: &AppState) -> Option<Version> {
    match state {
        AppState::Available { offer } | AppState::Deferred { offer, .. } | AppState::Ready { offer, .. } => {
            Some(offer.version.clone())
        }
        _ => None,
    }
}

/// What an act means to the engine.
fn command(app: &AppId, act: Act, state: &AppState) -> Command {
    let app = app.clone();
    match act {
        Act::Check => Command::Check { app, force: false },
        Act::Install => Command::Prepare { app, how: How::default() },
        Act::Replace => Command::Prepare { app, how: How { consent: true, ..How::default() } },
        Act::Restart => Command::Activate { app, how: How::default() },
        Act::Cancel => Command::Cancel { app },
        Act::RollBack => Command::RollBack { app },
        Act::Tonight => Command::Plan { app, when: Some(Later::Tonight) },
        Act::AtQuit => Command::Plan { app, when: Some(Later::AtQuit) },
        Act::Postpone => Command::Plan { app, when: None },
        Act::Skip => match offered(state) {
            Some(version) => Command::Skip { app, version },
            None => Command::Check { app, force: false },
        },
        Act::Hold => Command::Hold { app },
        Act::Release => Command::Release { app },
        Act::Force => Command::Check { app, force: true },
        Act::Full => Command::Prepare { app, how: How { full: true, ..How::default() } },
        Act::Repair => Command::Repair { app, consent: false },
        // What failed on the way to a version is tried again all the way, a check is a check.
        Act::Retry => match state {
            AppState::Failed { version: Some(_), .. } => Command::Prepare { app, how: How::default() },
            _ => Command::Check { app, force: false },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::version;
    use autoupdate::error::{Actor, Phase};
    use autoupdate::view::Failure;

    #[test]
    fn acts_are_commands_of_the_engine() {
        let app = AppId::parse("demo").unwrap();
        let failure = Failure {
            code: "E-NET-DNS".into(),
            phase: Phase::Fetch,
            actor: Actor::Network,
            retry: true,
            text: String::new(),
        };
        let failed = |version| AppState::Failed { failure: failure.clone(), version, again_at: None };
        let check = |act, state: AppState, expected: &str| {
            let command = serde_json::to_value(command(&app, act, &state)).unwrap();
            assert_eq!(command["command"], expected, "{act:?}");
            command
        };
        check(Act::Check, AppState::Idle, "check");
        check(Act::Install, AppState::Idle, "prepare");
        assert_eq!(check(Act::Replace, AppState::Idle, "prepare")["consent"], true);
        check(Act::Restart, AppState::Idle, "activate");
        check(Act::Cancel, AppState::Idle, "cancel");
        check(Act::RollBack, AppState::Idle, "roll-back");
        check(Act::Retry, failed(None), "check");
        check(Act::Retry, failed(Some(version("7.2.0"))), "prepare");
    }
}
