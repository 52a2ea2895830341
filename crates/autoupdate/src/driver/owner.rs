//! The task that owns every app's state.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use protocol::AppId;
use tokio::sync::{mpsc, oneshot, watch};

use super::LONGEST_SLEEP;
use super::app::{App, Around, tell};
use super::goal::goal_of;
use super::outside::Outside;
use super::rules::{self, Rules};
use super::work::{FromWork, Shared, blocking, failure};
use crate::enrolments;
use crate::error::Error;
use crate::handle::{Answer, Command, Message, Refusal};
use crate::install;
use crate::policy::deferral::Pause;
use crate::policy::plan::Planned;
use crate::store::{Hold, Holds, Settings, Wishes};
use crate::view::View;

/// Reports that may wait for the driver; a task that sends more waits.
const MAX_REPORTS: usize = 64;
/// Events of the history that are told at once.
const MAX_EVENTS: usize = 2000;
/// The longest that the end of the engine waits for work that cannot be stopped. Longer than any step of it may take.
const LONGEST_STOP: Duration = Duration::from_secs(120);

/// The owner of all state.
#[derive(Debug)]
pub(super) struct Driver {
    around: Around,
    apps: BTreeMap<AppId, App>,
    rules: Rules,
    outside: Outside,
    /// Restarts that were planned before the engine started.
    plans: BTreeMap<AppId, Planned>,
    /// Some app could not take its changed enrolment yet, because something runs for it.
    dirty: bool,
    inbox: mpsc::Receiver<Message>,
    reports: mpsc::Receiver<FromWork>,
    view: watch::Sender<View>,
}

impl Driver {
    pub(super) fn new(
        shared: Arc<Shared>,
        rules: Rules,
        wishes: Wishes,
        inbox: mpsc::Receiver<Message>,
        view: watch::Sender<View>,
    ) -> Self {
        let (sender, reports) = mpsc::channel(MAX_REPORTS);
        let around = Around { shared, timing: rules.timing, reports: sender };
        let outside = Outside { pause: wishes.pause, ..Outside::default() };
        let mut driver = Self {
            around,
            apps: BTreeMap::new(),
            rules,
            outside,
            plans: wishes.plans,
            dirty: false,
            inbox,
            reports,
            view,
        };
        driver.reconcile();
        driver.publish();
        driver
    }

    /// Runs until somebody ends it or nobody is left to ask for anything.
    pub(super) async fn run(mut self) {
        let clock = Arc::clone(&self.around.shared.clock);
        let done = loop {
            let wait = self.wait();
            tokio::select! {
                biased;
                Some(report) = self.reports.recv() => self.reported(report).await,
                message = self.inbox.recv() => match message {
                    Some(Message::Command(command, reply)) => self.command(command, reply).await,
                    Some(Message::Session { ends }) => self.session(ends),
                    Some(Message::Surroundings(surroundings)) => self.outside.surroundings = surroundings,
                    Some(Message::Shutdown(done)) => break Some(done),
                    None => break None,
                },
                // Timers stand still while a machine sleeps, and clocks are set: what was shown may not hold any more.
                () = clock.stepped() => self.tick().await,
                () = tokio::time::sleep(wait) => self.tick().await,
            }
            if self.dirty {
                self.reconcile();
            }
            self.look_around().await;
            self.publish();
        };
        self.stop().await;
        if let Some(done) = done {
            let _gone = done.send(());
        }
    }

    fn now(&self) -> Timestamp {
        self.around.shared.clock.now()
    }

    /// How long nothing happens by itself.
    fn wait(&self) -> Duration {
        let now = self.now();
        let next = self.apps.values().filter_map(|app| app.wake(now)).min();
        let wait =
            next.map_or(LONGEST_SLEEP, |at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        wait.min(LONGEST_SLEEP)
    }

    /// Every app looks at what is outside of it, and at the hour.
    async fn look_around(&mut self) {
        for app in self.apps.values_mut() {
            app.look_around(self.outside).await;
        }
    }

    async fn tick(&mut self) {
        self.reread_settings().await;
        let now = self.now();
        for app in self.apps.values_mut() {
            app.tick(now).await;
        }
    }

    async fn reported(&mut self, from: FromWork) {
        match self.apps.get_mut(&from.app) {
            Some(app) => app.reported(from.number, from.report).await,
            None => tracing::debug!(app = %from.app, "a report for an app that is gone"),
        }
    }

    async fn command(&mut self, command: Command, reply: oneshot::Sender<Answer>) {
        let unknown = Answer::Refused { why: Refusal::UnknownApp };
        match &command {
            Command::Reload => {
                let answer = self.reload().await;
                self.look_around().await;
                self.publish();
                tell(reply, answer);
            }
            Command::Settings => {
                tell(reply, Answer::Settings { settings: self.rules.settings.shown(&self.rules.enrolments) });
            }
            Command::Set { app, key, value } => {
                let answer = self.set(app.clone(), key.clone(), value.clone()).await;
                self.look_around().await;
                self.publish();
                tell(reply, answer);
            }
            Command::Pause { .. } | Command::Resume => {
                let answer = self.pause(&command).await;
                self.look_around().await;
                self.publish();
                tell(reply, answer);
            }
            Command::History { last } => tell(reply, self.history(*last).await),
            Command::Confirm { app } => {
                let answer = match self.apps.get(app) {
                    Some(app) => confirm(app.enrolled.enrolment.path.clone()).await,
                    None => unknown,
                };
                tell(reply, answer);
            }
            Command::Hold { app } | Command::Skip { app, .. } | Command::Release { app } => {
                if !self.apps.contains_key(app) {
                    return tell(reply, unknown);
                }
                let (holds, now, app) = (self.around.shared.store.holds(), self.now(), app.clone());
                let answer = match blocking(move || wish(&holds, command, now)).await {
                    Ok(()) => Answer::Done,
                    Err(error) => Answer::Failed { failure: failure(&error) },
                };
                tell(reply, answer);
                // What was decided before counts no longer.
                if let Some(app) = self.apps.get_mut(&app) {
                    app.look_as_wished().await;
                }
            }
            Command::Notes { app, languages } => match self.apps.get(app) {
                Some(app) => app.notes(languages.clone(), reply),
                None => tell(reply, unknown),
            },
            Command::Plan { app, when } => {
                let answer = match self.apps.get_mut(app) {
                    Some(app) => app.plan(*when).await,
                    None => unknown,
                };
                tell(reply, answer);
            }
            Command::Busy { app, until } => {
                tell(reply, self.apps.get_mut(app).map_or(unknown, |app| app.busy(*until)));
            }
            Command::Examine { app } => match (self.apps.get(app), self.rules.enrolled(app)) {
                (Some(app), Some(enrolled)) => {
                    let settings = &self.rules.settings;
                    app.examine(settings.proxy(), settings.shown_of(enrolled), reply);
                }
                (None, _) | (_, None) => tell(reply, unknown),
            },
            Command::Why { app } => tell(reply, self.apps.get(app).map_or(unknown, App::why)),
            Command::Check { app, .. }
            | Command::Prepare { app, .. }
            | Command::Activate { app, .. }
            | Command::RollBack { app }
            | Command::Repair { app, .. }
            | Command::Cancel { app, .. } => match (self.apps.get_mut(app), goal_of(&command)) {
                (Some(app), Some((goal, event))) => {
                    if let Command::Cancel { drop: true, .. } = &command {
                        if app.drop_stopped().await {
                            return tell(reply, Answer::Done);
                        }
                        app.drop_when_stopped();
                    }
                    app.wanted(goal, event, reply).await;
                }
                (None, _) | (_, None) => tell(reply, unknown),
            },
        }
    }

    /// The session ends, or after all does not.
    fn session(&mut self, ends: bool) {
        if self.around.shared.session_ends.swap(ends, Ordering::SeqCst) != ends {
            tracing::info!(ends, "the end of the session was announced, or called off");
            self.apps.values_mut().for_each(App::session_changed);
        }
    }

    /// What an administrator has changed counts from the next time on that anything is looked at, without anybody telling us.
    async fn reread_settings(&mut self) {
        let store = self.around.shared.store.clone();
        match blocking(move || Ok::<_, Error>(store.settings()?)).await {
            Ok(settings) if settings == self.rules.settings => {}
            Ok(settings) => match self.settle(settings) {
                Answer::Failed { failure } => {
                    tracing::warn!(code = failure.code, error = failure.text, "settings cannot be used");
                }
                _ => tracing::info!("settings were changed"),
            },
            // What was in effect stays so, and who changes the file by our means is told.
            Err(error) => tracing::warn!(%error, "settings cannot be used; those from before still count"),
        }
    }

    /// Reads enrolments and settings again. Settings that are wrong leave everything as it is.
    async fn reload(&mut self) -> Answer {
        let store = self.around.shared.store.clone();
        let read = blocking(move || Ok::<_, Error>((store.settings()?, enrolments::load(store.folders()))));
        match read.await {
            Ok((settings, enrolments)) => {
                self.rules.enrolments = enrolments;
                self.settle(settings)
            }
            Err(error) => failed(&error),
        }
    }

    fn settle(&mut self, settings: Settings) -> Answer {
        match self.rules.settle(settings, &self.around.shared) {
            Ok(()) => {
                self.around.timing = self.rules.timing;
                self.reconcile();
                Answer::Done
            }
            Err(error) => failed(&error),
        }
    }

    async fn set(&mut self, app: Option<AppId>, key: String, value: Option<String>) -> Answer {
        if app.as_ref().is_some_and(|app| !self.apps.contains_key(app)) {
            return Answer::Refused { why: Refusal::UnknownApp };
        }
        let (store, settings) = (self.around.shared.store.clone(), self.rules.settings.clone());
        let set = blocking(move || rules::set(&store, &settings, app.as_ref(), &key, value.as_deref()));
        match set.await {
            Ok(Some(settings)) => self.settle(settings),
            Ok(None) => Answer::Refused { why: Refusal::ByAdministrator },
            Err(error) => failed(&error),
        }
    }

    async fn pause(&mut self, command: &Command) -> Answer {
        let pause = match command {
            Command::Pause { until } => Some(Pause { since: self.now(), until: *until }),
            _ => None,
        };
        let holds = self.around.shared.store.holds();
        match blocking(move || Ok::<_, Error>(holds.pause(pause)?)).await {
            Ok(()) => {
                self.outside.pause = pause;
                Answer::Done
            }
            Err(error) => failed(&error),
        }
    }

    async fn history(&self, last: usize) -> Answer {
        let history = self.around.shared.store.history();
        match blocking(move || Ok::<_, Error>(history.last(last.min(MAX_EVENTS))?)).await {
            Ok(entries) => Answer::History { entries },
            Err(error) => failed(&error),
        }
    }

    /// Makes the apps those of the enrolments. An app whose enrolment has changed begins anew once nothing runs for it.
    fn reconcile(&mut self) {
        self.dirty = false;
        let programs = self.rules.programs();
        let ids: Vec<_> = self.apps.keys().cloned().collect();
        for id in ids {
            let Some(app) = self.apps.get_mut(&id) else { continue };
            let wanted = programs.iter().find(|(enrolled, _)| enrolled.enrolment.id == id);
            match wanted {
                Some((enrolled, program)) if super::fingerprint(enrolled) == app.fingerprint => {
                    app.settle(enrolled.clone(), program.clone(), self.around.timing);
                }
                _ if app.is_idle() => {
                    if let Some(app) = self.apps.remove(&id) {
                        self.plans.extend(app.plan.map(|plan| (id, plan)));
                        app.gone();
                    }
                }
                _ => self.dirty = true,
            }
        }
        for (enrolled, program) in programs {
            let id = enrolled.enrolment.id.clone();
            if !self.apps.contains_key(&id) {
                let plan = self.plans.remove(&id);
                self.apps.insert(id, App::new(self.around.clone(), (enrolled, program), self.outside, plan));
            }
        }
    }

    /// Shows the present picture, if it differs from the last one.
    fn publish(&self) {
        let now = self.now();
        let mut apps: Vec<_> = self.apps.values().map(|app| app.view(now)).collect();
        apps.sort_by(|left, right| (&left.name, &left.id).cmp(&(&right.name, &right.id)));
        let paused = self.outside.pause.filter(|pause| pause.lasts(now));
        let view = View { paused, ..View::new(apps, self.rules.enrolments.problems.clone()) };
        self.view.send_if_modified(|shown| {
            let differs = *shown != view;
            if differs {
                *shown = view;
            }
            differs
        });
    }

    /// Ends everything in good order.
    async fn stop(&mut self) {
        for app in self.apps.values_mut() {
            app.stop();
        }
        let all = async {
            while self.apps.values().any(|app| !app.is_idle()) {
                let Some(report) = self.reports.recv().await else { return };
                self.reported(report).await;
                self.publish();
            }
        };
        if tokio::time::timeout(LONGEST_STOP, all).await.is_err() {
            tracing::error!("the engine ends although something still runs");
        }
    }
}

fn failed(error: &Error) -> Answer {
    Answer::Failed { failure: failure(error) }
}

/// Writes down what a person wants of a program. Blocks.
fn wish(holds: &Holds, command: Command, now: Timestamp) -> Result<(), Error> {
    match command {
        Command::Hold { app } => holds.hold_app(&app, now)?,
        Command::Skip { app, version } => holds.add(Hold { app, version, since: now })?,
        Command::Release { app } => drop(holds.release_app(&app)?),
        _ => {}
    }
    Ok(())
}

async fn confirm(path: std::path::PathBuf) -> Answer {
    match blocking(move || Ok::<_, Error>(install::confirm(&path)?)).await {
        Ok(true) => Answer::Done,
        Ok(false) => Answer::Refused { why: Refusal::NothingToConfirm },
        Err(error) => Answer::Failed { failure: failure(&error) },
    }
}
