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
use super::work::{FromWork, Shared, blocking, failure};
use crate::enrolments::{self, Enrolments};
use crate::error::Error;
use crate::handle::{Answer, Command, Message, Refusal};
use crate::install;
use crate::policy::schedule::Timing;
use crate::policy::surroundings::Surroundings;
use crate::store::{Hold, Holds};
use crate::view::View;

/// Reports that may wait for the driver; a task that sends more waits.
const MAX_REPORTS: usize = 64;
/// The longest that the end of the engine waits for work that cannot be stopped. Longer than any step of it may take.
const LONGEST_STOP: Duration = Duration::from_secs(120);

/// The owner of all state.
#[derive(Debug)]
pub(super) struct Driver {
    around: Around,
    apps: BTreeMap<AppId, App>,
    enrolments: Enrolments,
    /// Some app could not take its changed enrolment yet, because something runs for it.
    dirty: bool,
    inbox: mpsc::Receiver<Message>,
    reports: mpsc::Receiver<FromWork>,
    surroundings: Surroundings,
    view: watch::Sender<View>,
}

impl Driver {
    pub(super) fn new(
        shared: Arc<Shared>,
        timing: Option<Timing>,
        enrolments: Enrolments,
        inbox: mpsc::Receiver<Message>,
        view: watch::Sender<View>,
    ) -> Self {
        let (sender, reports) = mpsc::channel(MAX_REPORTS);
        let around = Around { shared, timing, reports: sender };
        let mut driver = Self {
            around,
            apps: BTreeMap::new(),
            enrolments,
            dirty: false,
            inbox,
            reports,
            surroundings: Surroundings::default(),
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
                    Some(Message::Surroundings(surroundings)) => self.surroundings = surroundings,
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

    async fn tick(&mut self) {
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
                let folders = self.around.shared.store.folders().clone();
                match blocking(move || Ok::<_, Error>(enrolments::load(&folders))).await {
                    Ok(enrolments) => {
                        self.enrolments = enrolments;
                        self.reconcile();
                        self.publish();
                        tell(reply, Answer::Done);
                    }
                    Err(error) => tell(reply, Answer::Failed { failure: failure(&error) }),
                }
            }
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
                    app.look_anew().await;
                }
            }
            Command::Notes { app, languages } => match self.apps.get(app) {
                Some(app) => app.notes(languages.clone(), reply),
                None => tell(reply, unknown),
            },
            Command::Plan { .. }
            | Command::Busy { .. }
            | Command::Pause { .. }
            | Command::Resume
            | Command::Settings
            | Command::Set { .. }
            | Command::History { .. }
            | Command::Examine { .. } => tell(reply, unknown),
            Command::Why { app } => tell(reply, self.apps.get(app).map_or(unknown, App::why)),
            Command::Check { app, .. }
            | Command::Prepare { app, .. }
            | Command::Activate { app, .. }
            | Command::RollBack { app }
            | Command::Repair { app, .. }
            | Command::Cancel { app } => match (self.apps.get_mut(app), goal_of(&command)) {
                (Some(app), Some((goal, event))) => app.wanted(goal, event, reply).await,
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

    /// Makes the apps those of the enrolments. An app whose enrolment has changed begins anew once nothing runs for it.
    fn reconcile(&mut self) {
        self.dirty = false;
        let ids: Vec<_> = self.apps.keys().cloned().collect();
        for id in ids {
            let wanted = self.enrolments.app(&id).map(super::fingerprint);
            let Some(app) = self.apps.get_mut(&id) else { continue };
            if wanted == Some(app.fingerprint) {
                continue;
            }
            if app.is_idle() {
                if let Some(app) = self.apps.remove(&id) {
                    app.gone();
                }
            } else {
                self.dirty = true;
            }
        }
        for enrolled in &self.enrolments.apps {
            let id = &enrolled.enrolment.id;
            if !self.apps.contains_key(id) {
                self.apps.insert(id.clone(), App::new(self.around.clone(), enrolled.clone()));
            }
        }
    }

    /// Shows the present picture, if it differs from the last one.
    fn publish(&self) {
        let now = self.now();
        let mut apps: Vec<_> = self.apps.values().map(|app| app.view(now)).collect();
        apps.sort_by(|left, right| (&left.name, &left.id).cmp(&(&right.name, &right.id)));
        let view = View::new(apps, self.enrolments.problems.clone());
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
