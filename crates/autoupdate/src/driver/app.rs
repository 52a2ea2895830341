//! One app: its state, what runs for it, and who waits for it.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use protocol::{Digest, Mode};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::due::Due;
use super::later::QuitWatch;
use super::outside::Outside;
use super::task::{Task, died, run};
use super::work::{self, Carry, FromWork, Job, Report, Reporter, Root, Seen, Shared, Subject, blocking};
use super::{fingerprint, pending};
use crate::enrolments::Enrolled;
use crate::error::Error;
use crate::handle::{Answer, Doing, Refusal};
use crate::install::Place;
use crate::machine::{
    self, Draw, Effect, Event, Facts, Frame, Goal, Measured, Memory, News, Note, Rest, Stage, State,
};
use crate::policy::Asker;
use crate::policy::deferral::Moment;
use crate::policy::plan::Planned;
use crate::policy::schedule::{Timing, When};
use crate::store::{Entry, Program};
use crate::text::plain;
use crate::view::AppView;

/// Commands that may wait until the program's place was looked at for the first time.
const MAX_EARLY: usize = 64;

/// What every app needs of the driver.
#[derive(Debug, Clone)]
pub(super) struct Around {
    pub(super) shared: Arc<Shared>,
    /// When to check in the background; `None` = never, and do only what is asked for.
    pub(super) timing: Option<Timing>,
    pub(super) reports: mpsc::Sender<FromWork>,
}

/// Somebody who waits.
#[derive(Debug)]
struct Waiter {
    goal: Goal,
    reply: oneshot::Sender<Answer>,
}

/// An effect that runs.
#[derive(Debug)]
struct Running {
    number: u64,
    cancel: CancellationToken,
}

/// One app.
#[derive(Debug)]
pub(super) struct App {
    pub(super) around: Around,
    pub(super) enrolled: Enrolled,
    pub(super) fingerprint: Digest,
    pub(super) subject: Arc<Subject>,
    pub(super) state: State,
    pub(super) memory: Memory,
    pub(super) measured: Measured,
    due: Option<Due>,
    running: Option<Running>,
    /// Numbers tasks, so that a report of an old one is known as such.
    pub(super) number: u64,
    /// What is to run when what runs has ended.
    queued: VecDeque<Task>,
    carry: Carry,
    waiters: Vec<Waiter>,
    /// Commands that came before the place was looked at; `None` afterwards.
    pub(super) early: Option<VecDeque<(Goal, Event, oneshot::Sender<Answer>)>>,
    stopping: bool,
    /// What was received goes when what runs has stopped.
    pub(super) drops: bool,
    /// What is set for it.
    pub(super) program: Program,
    /// What is outside.
    pub(super) outside: Outside,
    /// Until when the program said that it is busy.
    pub(super) busy_until: Option<Timestamp>,
    /// When a person wants a restart.
    pub(super) plan: Option<Planned>,
    /// What the present moment allows, and when that may change by itself.
    pub(super) moment: (Moment, Option<Timestamp>),
    /// The mode that was gone by last.
    pub(super) mode: Mode,
    /// Who waits for the end of the program.
    pub(super) quit: Option<QuitWatch>,
}

impl App {
    /// An app, whose place is being looked at.
    pub(super) fn new(
        around: Around,
        (enrolled, program): (Enrolled, Program),
        outside: Outside,
        plan: Option<Planned>,
    ) -> Self {
        let root = Root::Beside(enrolled.file.clone());
        let mut app = Self {
            subject: Arc::new(Subject::new(enrolled.enrolment.clone(), root)),
            fingerprint: fingerprint(&enrolled),
            enrolled,
            around,
            state: State::Resting(Rest::Fresh),
            memory: Memory::default(),
            measured: Measured::default(),
            due: None,
            running: None,
            number: 0,
            queued: VecDeque::new(),
            carry: Carry::default(),
            waiters: Vec::new(),
            early: Some(VecDeque::new()),
            stopping: false,
            drops: false,
            program,
            outside,
            busy_until: None,
            plan,
            moment: (Moment::default(), None),
            mode: Mode::Off,
            quit: None,
        };
        app.mode = app.mode();
        app.moment = app.moment_at(app.now());
        app.start(Task::Open);
        app
    }

    /// Whether nothing runs for it.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_none() && self.queued.is_empty()
    }

    /// When something happens by itself next.
    pub(super) fn wake(&self, now: Timestamp) -> Option<Timestamp> {
        // A picture that has changed already needs no further wake-up.
        let picture = machine::changes_at(&self.state).filter(|at| *at > now);
        let due = self.due.filter(|_| !self.outside.is_paused(now)).map(|due| due.left(now));
        let due = due.and_then(|left| now.saturating_add(left).ok());
        let other = [picture, self.moment.1].into_iter().chain(self.plan_turns());
        other.flatten().filter(|at| *at > now).chain(due).min()
    }

    /// What may happen without asking: an engine without a background asks.
    pub(super) fn mode(&self) -> Mode {
        match (self.around.timing, self.enrolled.enrolment.mode) {
            (Some(_), mode) => mode,
            (None, Mode::Automatic | Mode::Download | Mode::Ask | Mode::Off) => Mode::Ask,
        }
    }

    /// The time may have come.
    pub(super) async fn tick(&mut self, now: Timestamp) {
        self.look_at_plan(now).await;
        if self.outside.is_paused(now) {
            return;
        }
        if self.due.is_some_and(|due| due.left(now).is_zero()) {
            self.due = None;
            self.happened(Event::Due).await;
        }
    }

    /// What it goes by has changed. An engine that only does what it is asked for looks when it is asked.
    pub(super) async fn look_anew(&mut self) {
        if self.around.timing.is_some() && self.early.is_none() && !self.outside.is_paused(self.now()) {
            self.happened(Event::Due).await;
        }
    }

    /// Somebody wants something that takes time.
    pub(super) async fn wanted(&mut self, goal: Goal, event: Event, reply: oneshot::Sender<Answer>) {
        if let Some(early) = &mut self.early {
            if early.len() < MAX_EARLY {
                early.push_back((goal, event, reply));
            } else {
                tell(reply, Answer::Refused { why: Refusal::Busy { doing: Doing::Checking } });
            }
            return;
        }
        if self.around.shared.session_ends() && goal != Goal::Cancel {
            return tell(reply, Answer::Cancelled);
        }
        match machine::admit(goal, &self.state, &self.memory) {
            Err(why) => tell(reply, Answer::Refused { why }),
            Ok(()) => {
                self.waiters.push(Waiter { goal, reply });
                self.happened(event).await;
            }
        }
    }

    /// A report of a task.
    pub(super) async fn reported(&mut self, number: u64, report: Report) {
        if matches!(report, Report::Quit) {
            return self.heard_quit(number).await;
        }
        if self.running.as_ref().is_none_or(|running| running.number != number) {
            tracing::debug!(app = %self.enrolled.enrolment.id, number, "a report of a task that is over");
            return;
        }
        match report {
            Report::Event(event) => self.happened(*event).await,
            Report::Measured(measured) => self.measured = measured,
            Report::Seen(seen) => self.saw(seen),
            Report::Quit => {}
            Report::Ended(event, carry) => {
                self.running = None;
                self.carry = carry;
                self.note_stop(&event).await;
                self.measured = Measured::default();
                self.happened(*event).await;
                self.start_queued();
                if self.is_idle() {
                    // Lets go of the place and its lock.
                    self.carry = Carry::default();
                }
                for (goal, event, reply) in self.early.take().into_iter().flatten() {
                    self.wanted(goal, event, reply).await;
                }
            }
        }
    }

    /// The session ends, or after all does not. What has not replaced anything yet waits, what has is finished without waiting
    /// for anybody; everything else would be torn in any case, and is made for that.
    pub(super) fn session_changed(&mut self) {
        if !self.around.shared.session_ends() {
            return self.start_queued();
        }
        let running = match &self.state {
            State::Activating { stage: Stage::Closing { .. }, .. } | State::RollingBack { .. } => {
                &self.running
            }
            State::Activating { stage: Stage::Replacing, .. }
            | State::Resting(_)
            | State::Checking { .. }
            | State::Preparing { .. }
            | State::Probation(_) => &None,
        };
        if let Some(running) = running {
            running.cancel.cancel();
        }
    }

    /// Ends what can be ended; what cannot is finished first.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        self.queued.clear();
        if let Some(running) = &self.running {
            running.cancel.cancel();
        }
    }

    /// Nobody looks after this app any more.
    pub(super) fn gone(self) {
        for waiter in self.waiters {
            tell(waiter.reply, Answer::Refused { why: Refusal::UnknownApp });
        }
    }

    fn saw(&mut self, seen: Seen) {
        let mut installed = seen.installed;
        // A look at the disk knows less than verified metadata: what that named these bytes stays their name.
        if installed.version.is_none()
            && let Some(known) =
                self.memory.installed.as_ref().filter(|known| known.sha256 == installed.sha256)
        {
            installed.version.clone_from(&known.version);
        }
        self.memory.installed = Some(installed);
        self.memory.previous = seen.previous.map(|kept| kept.version);
    }

    /// The one way in which the state changes.
    pub(super) async fn happened(&mut self, event: Event) {
        let now = self.now();
        let asker = match &self.state {
            State::Checking { errand, .. } => errand.asker,
            State::Resting(_)
            | State::Preparing { .. }
            | State::Activating { .. }
            | State::Probation(_)
            | State::RollingBack { .. } => Asker::Timer,
        };
        let enrolment = &self.enrolled.enrolment;
        let shared = Arc::clone(&self.around.shared);
        self.memory.note(&event, asker, &enrolment.id, shared.machine, now);
        let news = News::of(&event, &self.memory);
        let before = std::mem::replace(&mut self.state, State::Resting(Rest::Fresh));
        let told = format!("{event:?}").chars().take(200).collect::<String>();
        let (state, effects) = machine::step(
            before.clone(),
            event,
            &Facts {
                now,
                who: shared.who(enrolment, &self.program),
                mode: self.mode(),
                draw: self.draw(),
                memory: &self.memory,
                moment: &self.moment.0,
                plan: self.plan,
            },
        );
        if state == before && effects.is_empty() {
            tracing::debug!(app = %enrolment.id, event = told, "changes nothing");
        } else {
            tracing::debug!(app = %enrolment.id, event = told, effects = effects.len(), "stepped");
        }
        self.state = state;
        for effect in effects {
            self.carry_out(effect).await;
        }
        self.mind_quit();
        let waiters = std::mem::take(&mut self.waiters);
        for waiter in waiters {
            match machine::answer(waiter.goal, &self.state, &self.memory, &news) {
                Some(answer) => tell(waiter.reply, answer),
                None => self.waiters.push(waiter),
            }
        }
    }

    pub(super) async fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Check { .. } | Effect::Prepare { .. } | Effect::Activate(_) | Effect::RollBack { .. } => {
                self.start(Task::Effect(effect));
            }
            Effect::Schedule(when) => {
                let at = match when {
                    When::At(at) => self.around.timing.map(|_| at),
                    When::Never => None,
                };
                self.due = at.map(|at| Due::new(at, self.around.shared.clock.now()));
                self.memory.next_check = at;
            }
            Effect::Cancel => {
                if let Some(running) = &self.running {
                    running.cancel.cancel();
                }
            }
            Effect::Persist(Note::Decided { trace, choices }) => {
                (self.memory.trace, self.memory.choices) = (trace, choices);
                self.memory.gates.clear();
            }
            Effect::Persist(Note::Gated { trace, put_off }) => {
                (self.memory.gates, self.memory.put_off) = (trace, put_off);
            }
            Effect::Persist(note) => self.persist(note).await,
        }
    }

    pub(super) fn draw(&self) -> Draw {
        Draw { timing: self.around.timing.unwrap_or_default(), draw: draw() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.around.shared.clock.now()
    }

    /// Starts what is to run next, if nothing runs.
    fn start_queued(&mut self) {
        if self.running.is_none()
            && !self.around.shared.session_ends()
            && let Some(next) = self.queued.pop_front()
        {
            self.start(next);
        }
    }

    /// Starts a task, or queues it behind what runs. While the session ends nothing is begun.
    fn start(&mut self, task: Task) {
        if self.stopping {
            return;
        }
        if self.running.is_some() || self.around.shared.session_ends() {
            self.queued.push_back(task);
            return;
        }
        self.number += 1;
        let cancel = CancellationToken::new();
        let reporter = Reporter {
            app: self.enrolled.enrolment.id.clone(),
            number: self.number,
            reports: self.around.reports.clone(),
        };
        let job = Job {
            shared: Arc::clone(&self.around.shared),
            subject: Arc::clone(&self.subject),
            cancel: cancel.clone(),
            carry: std::mem::take(&mut self.carry),
            reporter: reporter.clone(),
        };
        self.running = Some(Running { number: self.number, cancel });
        let died = died(&task);
        let task = tokio::spawn(run(job, task));
        // Whatever happens to the task, the app hears of its end.
        drop(tokio::spawn(async move {
            let (event, carry) = task.await.unwrap_or_else(|_| (died, Carry::default()));
            reporter.tell(Report::Ended(Box::new(event), carry)).await;
        }));
    }

    /// Writes down what is to be remembered. That it could not be is no reason to stop: the program's own record and journal
    /// do not depend on it.
    async fn persist(&mut self, note: Note) {
        if matches!(note, Note::Updated(_) | Note::RolledBack(_) | Note::DropStage) {
            self.set_plan(None).await;
        }
        let app = self.enrolled.enrolment.id.clone();
        let now = self.now();
        let (store, subject) = (self.around.shared.store.clone(), Arc::clone(&self.subject));
        let place = self.carry.place.clone();
        let entry = super::history::event(&note).map(|event| Entry { at: now, app: app.clone(), event });
        let id = app.clone();
        let done = blocking(move || {
            match &note {
                Note::Decided { .. } | Note::Gated { .. } | Note::Failed { .. } => {}
                Note::Ready(ready) => pending::save(&store, &app, ready)?,
                Note::Updated(_) | Note::RolledBack(_) => pending::forget(&store, &app),
                Note::DropStage => {
                    pending::forget(&store, &app);
                    match place {
                        Some(place) => work::locked(&place, Place::discard_stage)?,
                        None => Place::open(subject.path())?.discard_stage()?,
                    }
                }
            }
            match entry {
                Some(entry) => Ok::<_, Error>(store.history().append(&entry)?),
                None => Ok(()),
            }
        });
        if let Err(error) = done.await {
            tracing::warn!(app = %id, %error, "could not be written down");
        }
    }

    /// The picture of this app.
    pub(super) fn view(&self, now: Timestamp) -> AppView {
        let enrolment = &self.enrolled.enrolment;
        let name = plain(&enrolment.name);
        let frame = Frame {
            now,
            mode: enrolment.mode,
            owner: self.enrolled.owner,
            memory: &self.memory,
            measured: &self.measured,
            plan: self.plan,
        };
        AppView {
            id: enrolment.id.clone(),
            name: if name.trim().is_empty() { enrolment.id.to_string() } else { name },
            path: enrolment.path.display().to_string(),
            owner: self.enrolled.owner,
            channel: enrolment.channel.clone(),
            mode: enrolment.mode,
            source: enrolment.source,
            installed: self.memory.installed.clone(),
            state: machine::show(&self.state, &frame),
            previous: self.memory.previous.clone().flatten(),
            last_check: self.memory.last_check.clone(),
            failures: self.memory.check_failures,
            last_good: self.memory.last_good,
            quiet: self.is_quiet(now),
            next_check: self.next_check(now),
            last_update: self.memory.last_update.clone(),
        }
    }
}

/// A number from 0 to 9,999. Without random bytes the middle: it only spreads load.
fn draw() -> u16 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u16::try_from(u32::from_le_bytes(bytes) % 10_000).unwrap_or(5_000),
        Err(_) => 5_000,
    }
}

/// Who waited may have gone.
pub(super) fn tell(reply: oneshot::Sender<Answer>, answer: Answer) {
    let _gone = reply.send(answer);
}
