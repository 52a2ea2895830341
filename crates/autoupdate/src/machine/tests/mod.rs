//! The machine, step by step and as whole stories.

mod later;
mod show;
mod steps;
mod stories;

use jiff::Timestamp;
use protocol::{Channel, Digest, Mode};

use super::*;
use crate::error::{Actor, Phase};
use crate::install::Installed;
use crate::policy::deferral::Moment;
use crate::policy::plan::Planned;
use crate::policy::rollout::Control;
use crate::policy::schedule::Timing;
use crate::testing::{app, artifact, failure, freshness, linux, noon, offer, program, version};
use crate::view::{Failure, RollBackWhy, UpdateReport};

/// What a test can change of the facts.
struct World {
    mode: Mode,
    now: Timestamp,
    memory: Memory,
    moment: Moment,
    plan: Option<Planned>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            mode: Mode::Download,
            now: noon(),
            memory: Memory::default(),
            moment: Moment::default(),
            plan: None,
        }
    }
}

impl World {
    fn step(&mut self, state: State, event: Event) -> (State, Vec<Effect>) {
        let (state, effects, _) = self.step_with_news(state, event);
        (state, effects)
    }

    fn step_with_news(&mut self, state: State, event: Event) -> (State, Vec<Effect>, News) {
        let asker = match &state {
            State::Checking { errand, .. } => errand.asker,
            _ => crate::policy::Asker::Timer,
        };
        self.memory.note(&event, asker, &app(), linux(), self.now);
        let facts = Facts {
            now: self.now,
            who: Who {
                app: &app(),
                channel: &Channel::default(),
                platform: linux(),
                os_version: Some("6.1"),
                installation_id: "id-1",
                program: &program(),
            },
            mode: self.mode,
            draw: Draw { timing: Timing::default(), draw: 0 },
            memory: &self.memory,
            moment: &self.moment,
            plan: self.plan,
        };
        let news = News::of(&event, &self.memory);
        let (state, effects) = step(state, event, &facts);
        (state, effects, news)
    }
}

/// A state in one or two words.
fn name(state: &State) -> &'static str {
    match state {
        State::Resting(rest) => match rest {
            Rest::Fresh => "fresh",
            Rest::UpToDate(_) => "up to date",
            Rest::NothingNewer { .. } => "nothing newer",
            Rest::NotOffered { .. } => "not offered",
            Rest::Available(_) => "available",
            Rest::Deferred(..) => "deferred",
            Rest::Ready(_) => "ready",
            Rest::CannotVerify(_) => "cannot verify",
            Rest::Failed { .. } => "failed",
            Rest::Updated(_) => "updated",
            Rest::RolledBack(_) => "rolled back",
        },
        State::Checking { .. } => "checking",
        State::Preparing { .. } => "preparing",
        State::Activating { stage: Stage::Closing { .. }, .. } => "closing",
        State::Activating { stage: Stage::Replacing, .. } => "replacing",
        State::Probation(_) => "probation",
        State::RollingBack { begun: false, .. } => "about to roll back",
        State::RollingBack { begun: true, .. } => "rolling back",
    }
}

/// Effects in one word each.
fn told(effects: &[Effect]) -> String {
    let told = effects.iter().filter(|effect| !matches!(effect, Effect::Persist(Note::Gated { .. })));
    let told = told.map(|effect| match effect {
        Effect::Check { .. } => "check",
        Effect::Prepare { .. } => "prepare",
        Effect::Activate(Activation::Begin(_)) => "activate",
        Effect::Activate(Activation::Watch(_)) => "watch",
        Effect::RollBack { .. } => "roll-back",
        Effect::Schedule(_) => "schedule",
        Effect::Cancel => "cancel",
        Effect::Persist(Note::Decided { .. }) => "why",
        Effect::Persist(Note::Gated { .. }) => "gated",
        Effect::Persist(Note::Ready(_)) => "remember",
        Effect::Persist(Note::DropStage) => "drop-stage",
        Effect::Persist(Note::Updated(_) | Note::RolledBack(_) | Note::Failed { .. }) => "history",
    });
    told.collect::<Vec<_>>().join(" ")
}

/// What a check finds: version 1.0.0 is installed, these are signed.
fn found(signed: &[&str], running: bool) -> Event {
    Event::Checked(Box::new(Found {
        assurance: Assurance::Fresh(freshness(noon())),
        ways: None,
        artifacts: signed.iter().map(|text| artifact(text)).collect(),
        control: Control::Open,
        installed: Installed {
            path: "/opt/demo".into(),
            length: 1000,
            sha256: Digest::of(b"1.0.0"),
            mode: 0o755,
            uid: 0,
            gid: 0,
            version: None,
            floor: None,
            bad: Vec::new(),
            held: None,
            recorded: None,
        },
        skipped: Vec::new(),
        on_hold: false,
        running,
        seen: Default::default(),
    }))
}

fn prepared(running: bool) -> Event {
    Event::Prepared { cost: Box::default(), running }
}

fn ready(text: &str) -> Box<Ready> {
    Box::new(Ready { offer: offer(text), cost: Cost::default() })
}

fn fresh() -> Fresh {
    Fresh { from: Some(version("1.0.0")), to: version("1.1.0"), until: noon() }
}

fn undone() -> Undone {
    Undone { from: Some(version("1.1.0")), to: Some(version("1.0.0")), why: RollBackWhy::ByPerson }
}

fn unhealthy() -> RollBackWhy {
    RollBackWhy::Unhealthy { code: "E-RUN-ENDED".to_owned(), text: String::new() }
}

fn report() -> Box<UpdateReport> {
    Box::new(UpdateReport {
        app: app(),
        from: Some(version("1.0.0")),
        to: version("1.1.0"),
        at: noon(),
        route: None,
        bytes_fetched: 0,
        full_bytes: 1000,
        patches_fetched: 0,
        sha256_before: Digest::of(b"1.0.0"),
        sha256_after: Digest::of(b"1.1.0"),
        seconds: 1,
        repaired: false,
        fallbacks: Vec::new(),
        still_old: Vec::new(),
    })
}

fn no_network() -> Failure {
    failure("E-NET-CONNECT", Phase::Check, Actor::Network)
}

fn bad_repository() -> Failure {
    failure("E-META-SIGNATURE", Phase::Check, Actor::Repository)
}

fn check_failed(failure: Failure) -> Event {
    Event::CheckFailed { failure, retry_after: None }
}

fn wanted(reach: Reach) -> Event {
    Event::Wanted(person(reach))
}

fn person(reach: Reach) -> Errand {
    Errand { asker: crate::policy::Asker::Person, reach, consent: false, full: false, repair: false }
}
