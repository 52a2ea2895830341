//! The one task that owns what the desktop sees.
//!
//! Something happens (a new View, a click, a second start) → what is shown is made anew → tray, notifications and window
//! are brought in line. Everybody else holds a [`Desk`] and says what they wish; only this task talks to the engine.

mod act;
mod wish;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use autoupdate::handle::Answer;
use autoupdate::policy::deferral;
use autoupdate::policy::surroundings::Surroundings;
use autoupdate::store::Folders;
use autoupdate::view::{AppState, AppView};
use autoupdate::{Command, Handle, View};
use jiff::Timestamp;
use protocol::AppId;
use tauri::AppHandle;
use tokio::sync::{mpsc, oneshot};

use crate::commands::pausing;
use crate::face::{Act, Message, Shell, Shown, shown};
use crate::knob::Knob;
use crate::login::Login;
use crate::menu::Does;
use crate::notes::{self, Block};
use crate::notice::{self, Change, Key, Notice, Told, changes};
use crate::panel::{Go, Panel};
use crate::tray::Tray;
use crate::words::Words;
use crate::{here, host, language, notify, session, support, surroundings, told, window};
use act::commands;

pub use wish::{Desk, Wish};

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
    pub(crate) words: Words,
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
    /// Programs that a person asked about outside of the window, and when they were looked at before that.
    asked: BTreeMap<AppId, Option<Timestamp>>,
    /// What they were answered.
    answered: Option<Message>,
    /// What the desktop knows about this moment.
    surroundings: Surroundings,
}

impl Seen {
    /// What this moment is like for notifications. Each program's own quiet hours are the engine's to know.
    fn moment(&self) -> notice::Moment {
        notice::Moment {
            now: Timestamp::now(),
            no_tray: self.no_tray,
            quiet: deferral::disturbs(&self.surroundings),
            offline: self.surroundings.online == Some(false),
        }
    }
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
            asked: BTreeMap::new(),
            answered: None,
            surroundings: Surroundings::default(),
        };
        self.render(&mut seen, &view, true);
        if !self.about.tray {
            self.miss_tray();
        }
        drop(tokio::spawn(host::watch(self.desk.clone())));
        drop(tokio::spawn(session::watch(self.desk.clone())));
        let desk = self.desk.clone();
        drop(tokio::spawn(surroundings::watch(move |now| desk.wish(Wish::Surroundings(now)))));
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
                    Some(Wish::Surroundings(now)) => {
                        seen.surroundings = now;
                        self.engine.surroundings(now).await;
                        // What was kept back while a film ran is told now, not with the next check.
                        let view = seen.shown.view.clone();
                        self.render(&mut seen, &view, false);
                    }
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
        let (told, changes) = changes(view, &seen.moment(), &seen.told, &up);
        for change in changes {
            match change {
                Change::Show(notice) => self.tell(seen, notice),
                Change::Withdraw(key) => drop(seen.up.remove(&key)),
            }
        }
        self.answer(seen);
        if told != seen.told {
            seen.told = told;
            self.keep_told(seen);
        }
    }

    /// Shows a notification, in place of one of the same key.
    fn tell(&self, seen: &mut Seen, notice: Notice) {
        let key = notice.key.clone();
        seen.notices += 1;
        let shown = notify::show(notice, seen.notices, &self.words, self.desk.clone());
        seen.unshown.remove(&key);
        seen.up.insert(key, (seen.notices, shown));
    }

    /// Whoever asked outside of the window hears what came of it, once all of it has.
    fn answer(&self, seen: &mut Seen) {
        if seen.answered.as_ref().is_some_and(|said| *said != seen.shown.summary.words) {
            seen.answered = None;
            seen.up.remove(&notice::answer_key());
        }
        let open = |(app, before): (&AppId, &Option<Timestamp>)| {
            let app = seen.shown.view.app(app);
            app.is_some_and(|app| {
                matches!(app.state, AppState::Checking { .. }) || checked_at(app) == *before
            })
        };
        if seen.asked.is_empty() || seen.asked.iter().any(open) {
            return;
        }
        seen.asked.clear();
        if !window::is_open(&self.app) {
            let summary = seen.shown.summary.words.clone();
            seen.answered = Some(summary.clone());
            self.tell(seen, notice::answer(summary));
        }
    }

    fn keep_told(&self, seen: &Seen) {
        if let Err(error) = told::save(&self.folders, &seen.told.without(&seen.unshown)) {
            tracing::warn!(%error, "what was told cannot be kept; after a restart it is told again");
        }
    }

    fn fulfil(&mut self, seen: &mut Seen, wish: Wish) {
        match wish {
            Wish::Do(Does::Open | Does::WhatsNew) => self.open(seen, Panel::Updates),
            Wish::Do(Does::Panel(panel)) => self.open(seen, panel),
            Wish::Do(Does::Pause(span)) => self.give(vec![pausing(span)]),
            Wish::Do(Does::Export) => self.export_from_tray(),
            Wish::Do(Does::Log) => {
                let folders = self.folders.clone();
                drop(tokio::task::spawn_blocking(move || {
                    if let Err(error) = support::open_log(&folders) {
                        tracing::warn!(%error, "the log cannot be shown");
                    }
                }));
            }
            Wish::Engine(command, reply) => {
                let engine = self.engine.clone();
                drop(tokio::spawn(async move {
                    let _gone = reply.send(engine.command(command).await);
                }));
            }
            Wish::Give(commands) => self.give(commands),
            Wish::Language => self.speak(),
            Wish::Diagnostics(reply) => {
                let text = support::diagnostics(self.engine.clone(), self.folders.clone());
                drop(tokio::spawn(async move {
                    let _gone = reply.send(text.await);
                }));
            }
            Wish::Export(reply) => {
                let exported = export(self.engine.clone(), self.folders.clone());
                drop(tokio::spawn(async move {
                    let _gone = reply.send(exported.await);
                }));
            }
            Wish::Log(reply) => {
                let folders = self.folders.clone();
                drop(tokio::task::spawn_blocking(move || {
                    let opened = support::open_log(&folders).map_err(|error| {
                        tracing::warn!(%error, "the log cannot be shown");
                        Message::new("log-refused").with("folder", &folders.state.join("log").display())
                    });
                    let _gone = reply.send(opened);
                }));
            }
            Wish::Exported(file) => {
                let body = file
                    .map_or_else(|why| why, |file| Message::new("notice-exported-body").with("file", &file));
                self.tell(seen, notice::exported(body));
            }
            Wish::Spoken(words) => {
                self.words = words;
                if let Some(tray) = &self.tray {
                    tray.show(&seen.shown, &self.words);
                }
            }
            Wish::Do(Does::CheckAll) => {
                seen.asked =
                    seen.shown.view.apps.iter().map(|app| (app.id.clone(), checked_at(app))).collect();
                for app in &seen.shown.view.apps {
                    self.give(vec![Command::Check { app: app.id.clone(), force: false }]);
                }
            }
            Wish::Do(Does::Act(app, act)) => {
                if matches!(act, Act::Check | Act::Retry | Act::Force)
                    && let Some(asked) = seen.shown.view.app(&app)
                {
                    seen.asked = [(app.clone(), checked_at(asked))].into();
                }
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
            Wish::Do(Does::Quit) | Wish::Quit | Wish::SessionEnds(_) | Wish::Surroundings(_) => {}
        }
    }

    /// Opens the window at a part of it, or brings that to the front.
    fn open(&mut self, seen: &mut Seen, panel: Panel) {
        let number = self.about.go.map_or(1, |go| go.number.wrapping_add(1));
        self.about.go = Some(Go { number, panel });
        window::open(&self.app);
        let view = seen.shown.view.clone();
        self.render(seen, &view, false);
    }

    /// Asks for the words of the language that is set now.
    fn speak(&self) {
        let (desk, engine) = (self.desk.clone(), self.engine.clone());
        drop(tokio::spawn(async move {
            let Answer::Settings { settings } = engine.command(Command::Settings).await else { return };
            let chosen = settings.general.into_iter().find(|setting| setting.key == Knob::Language.key());
            let chosen = chosen.map(|setting| setting.value).filter(|value| value != "system");
            desk.wish(Wish::Spoken(Words::of_person(chosen.as_deref())));
        }));
    }

    /// From the tray there is no window that could say where the file is: its folder or the log would not help, a notification does.
    fn export_from_tray(&self) {
        let (exported, desk) = (export(self.engine.clone(), self.folders.clone()), self.desk.clone());
        drop(tokio::spawn(async move { desk.wish(Wish::Exported(exported.await)) }));
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
        let face = shown.faces.get(app);
        let offered = face.is_some_and(|face| face.acts.contains(&act) || face.support.contains(&act));
        let state = shown.view.app(app).map(|app| &app.state);
        match (offered, state) {
            (true, Some(state)) => {
                self.give(commands(app, act, state));
                Ok(())
            }
            _ => Err(Message::new("act-too-late")),
        }
    }

    /// Gives commands, one after the other; what they come to is in the View.
    fn give(&self, commands: Vec<Command>) {
        let engine = self.engine.clone();
        drop(tokio::spawn(async move {
            for command in commands {
                let about = format!("{command:?}");
                if let Answer::Refused { why } = engine.command(command).await {
                    tracing::info!(command = about, ?why, "refused");
                }
            }
        }));
    }

    fn notes(&self, app: AppId, reply: oneshot::Sender<Vec<Block>>) {
        let engine = self.engine.clone();
        let languages = language::of_notes(&language::wanted());
        drop(tokio::spawn(async move {
            let blocks = match engine.command(Command::Notes { app, languages }).await {
                Answer::Notes { text, earlier } => notes::all(text.as_deref(), &earlier),
                _ => Vec::new(),
            };
            let _gone = reply.send(blocks);
        }));
    }
}

/// When a program was looked at last.
fn checked_at(app: &AppView) -> Option<Timestamp> {
    app.last_check.as_ref().map(|check| check.at)
}

/// Writes what somebody who helps wants to see, and says where.
async fn export(engine: Handle, folders: Folders) -> Result<String, Message> {
    let text = support::diagnostics(engine, folders.clone()).await;
    let written = tokio::task::spawn_blocking(move || support::export(&text, &folders)).await;
    match written {
        Ok(Ok(path)) => Ok(path.display().to_string()),
        Ok(Err(error)) => {
            tracing::warn!(%error, "diagnostics cannot be written");
            Err(Message::new("export-refused"))
        }
        Err(_died) => Err(Message::new("export-refused")),
    }
}
