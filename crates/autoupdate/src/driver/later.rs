//! What an app does at a better moment: when the network, the hour or the person let it, at a planned time, when its program
//! is closed.

use jiff::Timestamp;

use super::app::App;
use super::outside::Outside;
use super::work::{FromWork, Report, blocking};
use crate::enrolments::Enrolled;
use crate::error::Error;
use crate::fetch::Spool;
use crate::handle::{Answer, MAX_LEASE, Refusal};
use crate::machine::{Errand, Event, Reach, Rest, State, Stopped};
use crate::policy::deferral::Moment;
use crate::policy::plan::{self, Later, Planned, Turn};
use crate::policy::{Asker, schedule};
use crate::store::Program;
use protocol::{Digest, Mode};

/// Waits for the end of the program.
#[derive(Debug)]
pub(super) struct QuitWatch {
    number: u64,
    /// Ends with this.
    _task: AbortOnDrop,
    /// It has been told: it is waited for anew once something else was done.
    heard: bool,
}

/// Ends a task that nobody waits for any more.
#[derive(Debug)]
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl App {
    /// Goes by other settings from now on. What it is, stays.
    pub(super) fn settle(&mut self, enrolled: Enrolled, program: Program, timing: Option<schedule::Timing>) {
        (self.enrolled, self.program, self.around.timing) = (enrolled, program, timing);
    }

    /// What is outside may have changed, or the hour: what waited for that goes on, what must wait stops.
    pub(super) async fn look_around(&mut self, outside: Outside) {
        let was_offline = self.outside.surroundings.online == Some(false);
        self.outside = outside;
        let now = self.now();
        let fresh = self.moment_at(now);
        let (before, after) = (std::mem::replace(&mut self.moment, fresh), &self.moment);
        if self.early.is_some() {
            return;
        }
        if !same(&before.0, &after.0) {
            self.happened(Event::Moment).await;
        }
        let mode = self.mode();
        if mode != std::mem::replace(&mut self.mode, mode) {
            self.mode_changed(mode).await;
        }
        self.look_at_plan(now).await;
        // There is a network again: what could not be asked for is asked for now.
        if was_offline && !self.outside.is_paused(now) && self.memory.check_failures > 0 {
            self.look_anew().await;
        }
    }

    async fn mode_changed(&mut self, mode: Mode) {
        self.happened(Event::Moment).await;
        match mode {
            Mode::Off => self.plan_next_check().await,
            Mode::Automatic | Mode::Download | Mode::Ask => self.look_anew().await,
        }
    }

    /// The same after a person has said what is to be offered: they see what came of it also where nothing is looked for by
    /// itself. Whoever asks for an update is offered what was skipped, so this is no question of theirs.
    pub(super) async fn look_as_wished(&mut self) {
        if self.around.timing.is_some() && self.early.is_none() {
            self.happened(Event::Wanted(Errand::TIMER)).await;
        }
    }

    pub(super) fn moment_at(&self, now: Timestamp) -> (Moment, Option<Timestamp>) {
        let zone = self.around.shared.clock.zone();
        self.outside.moment(&self.program, self.busy_until, now, &zone)
    }

    /// A person stopped a download: it does not go on by itself, and what was received stays unless they said otherwise.
    pub(super) async fn note_stop(&mut self, event: &Event) {
        let drops = std::mem::take(&mut self.drops);
        let (State::Preparing { offer, anew: false, .. }, Event::Cancelled) = (&self.state, event) else {
            return;
        };
        let sha256 = offer.artifact.sha256;
        let kept = (!drops).then(|| self.measured.progress.clone());
        self.memory.stopped = Some(Stopped { sha256, kept });
        if drops {
            self.forget_download(sha256).await;
        }
    }

    /// What is being received goes as soon as it has stopped.
    pub(super) fn drop_when_stopped(&mut self) {
        self.drops = matches!(self.state, State::Preparing { .. });
    }

    /// What was received of a stopped download goes. Gives whether there was one.
    pub(super) async fn drop_stopped(&mut self) -> bool {
        let Some(stopped) = self.memory.stopped.as_mut().filter(|stopped| stopped.kept.is_some()) else {
            return false;
        };
        stopped.kept = None;
        let sha256 = stopped.sha256;
        self.forget_download(sha256).await;
        true
    }

    async fn forget_download(&self, artifact: Digest) {
        let (folder, app) = (self.around.shared.store.folders().spool(), self.enrolled.enrolment.id.clone());
        let forgotten = blocking(move || {
            if folder.exists() {
                Spool::open(&folder)?.forget(&artifact);
            }
            Ok::<_, Error>(())
        });
        if let Err(error) = forgotten.await {
            tracing::debug!(%app, %error, "a stopped download could not be removed");
        }
    }

    /// The program says until when it is busy.
    pub(super) fn busy(&mut self, until: Timestamp) -> Answer {
        let longest = self.now().saturating_add(MAX_LEASE).unwrap_or(until);
        self.busy_until = Some(until.min(longest));
        Answer::Done
    }

    /// A person plans a restart, or drops the plan. What is not prepared yet is prepared now.
    pub(super) async fn plan(&mut self, when: Option<Later>) -> Answer {
        let Some(later) = when else {
            self.set_plan(None).await;
            return Answer::Done;
        };
        if self.state.offer().is_none_or(|offer| offer.needs_consent) {
            return Answer::Refused { why: Refusal::NothingToPlan };
        }
        self.set_plan(Some(plan::plan(later, self.now(), &self.around.shared.clock.zone()))).await;
        if self.around.timing.is_some() && !matches!(self.state, State::Resting(Rest::Ready(_))) {
            self.happened(Event::Wanted(errand(Reach::Prepare))).await;
        }
        self.mind_quit();
        Answer::Done
    }

    pub(super) async fn set_plan(&mut self, plan: Option<Planned>) {
        if self.plan == plan {
            return;
        }
        self.plan = plan;
        let (holds, app) = (self.around.shared.store.holds(), self.enrolled.enrolment.id.clone());
        let id = app.clone();
        if let Err(error) = blocking(move || Ok::<_, Error>(holds.plan(&app, plan)?)).await {
            tracing::warn!(app = %id, %error, "a planned restart cannot be kept over a restart of the engine");
        }
    }

    /// When something is to be seen or done about a plan.
    pub(super) fn plan_turns(&self) -> [Option<Timestamp>; 2] {
        match self.plan {
            Some(Planned::At { at }) => [Some(plan::count_from(at)), Some(at)],
            Some(Planned::AtQuit) | None => [None, None],
        }
    }

    /// The planned time may have come. One that was slept through is dropped: nobody wants it in the middle of a morning.
    pub(super) async fn look_at_plan(&mut self, now: Timestamp) {
        let Some(Planned::At { at }) = self.plan else { return };
        if self.early.is_some() || self.around.timing.is_none() {
            return;
        }
        match plan::turn(at, now) {
            Turn::Waits | Turn::Counts => {}
            Turn::Missed => self.set_plan(None).await,
            // Somebody watches a film or gives a talk in the night: later, or not in this one.
            Turn::Now if self.outside.surroundings.full_screen == Some(true) => {}
            Turn::Now => {
                self.set_plan(None).await;
                if self.state.offer().is_some() {
                    self.happened(Event::Wanted(errand(Reach::Activate))).await;
                }
            }
        }
    }

    /// Waits for the end of the program if what is prepared then goes in its place.
    pub(super) fn mind_quit(&mut self) {
        let by_itself = self.plan == Some(Planned::AtQuit) || self.mode() == Mode::Automatic;
        let id = &self.enrolled.enrolment.id;
        let wanted = matches!(self.state, State::Resting(Rest::Ready(_)))
            && by_itself
            && self.around.timing.is_some()
            && self.around.shared.own(id).is_none();
        if !wanted {
            self.quit = None;
            return;
        }
        if self.quit.is_some() {
            return;
        }
        self.number += 1;
        let (number, app, reports) = (self.number, id.clone(), self.around.reports.clone());
        let closed = self.around.shared.platform.closed(self.subject.path());
        let task = tokio::spawn(async move {
            closed.await;
            // An error means that the engine has gone.
            let _gone = reports.send(FromWork { app, number, report: Report::Quit }).await;
        });
        self.quit = Some(QuitWatch { number, _task: AbortOnDrop(task.abort_handle()), heard: false });
    }

    pub(super) async fn heard_quit(&mut self, number: u64) {
        match &mut self.quit {
            Some(quit) if quit.number == number && !quit.heard => quit.heard = true,
            Some(_) | None => return,
        }
        if !self.around.shared.session_ends() {
            self.happened(Event::Quit).await;
        }
    }

    /// Whether it is its quiet time.
    pub(super) fn is_quiet(&self, now: Timestamp) -> bool {
        let zone = self.around.shared.clock.zone();
        self.program.quiet_hours.is_some_and(|hours| hours.contain(now, &zone))
    }

    /// When the next check in the background is, as people are told.
    pub(super) fn next_check(&self, now: Timestamp) -> Option<Timestamp> {
        let next = self.memory.next_check?;
        match self.outside.pause.filter(|pause| pause.lasts(now)) {
            Some(pause) => Some(next.max(pause.until?)),
            None => Some(next),
        }
    }

    async fn plan_next_check(&mut self) {
        let State::Resting(rest) = &self.state else { return };
        let next = schedule::next(&self.memory.schedule(rest, self.now(), self.mode(), self.draw()));
        self.carry_out(crate::machine::Effect::Schedule(next.answer)).await;
    }
}

const fn errand(reach: Reach) -> Errand {
    Errand { asker: Asker::Person, reach, ..Errand::TIMER }
}

/// Whether both allow the same. What was asked on the way may differ.
fn same(one: &Moment, other: &Moment) -> bool {
    (one.fetch, one.limit, one.replace) == (other.fetch, other.limit, other.replace)
}
