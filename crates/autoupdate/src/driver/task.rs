//! What runs for an app as a task of its own.

use super::work::{self, Carry, Job};
use crate::error::Error;
use crate::machine::{Effect, Event, Opened};

/// Something that runs for an app as a task of its own.
#[derive(Debug)]
pub(super) enum Task {
    /// The first look at the place.
    Open,
    /// An effect.
    Effect(Effect),
}

/// Runs it to its end: exactly one event, and what is left for the next task.
pub(super) async fn run(mut job: Job, task: Task) -> (Event, Carry) {
    let event = match task {
        Task::Open => work::open(&mut job).await,
        Task::Effect(Effect::Check { .. }) => work::check(&mut job).await,
        Task::Effect(Effect::Prepare { offer, full, limit }) => {
            work::prepare(&mut job, &offer, full, limit).await
        }
        Task::Effect(Effect::Activate(activation)) => work::activate(&mut job, &activation).await,
        Task::Effect(Effect::RollBack { why }) => work::roll_back(&mut job, &why).await,
        // Never started as a task: see `carry_out`.
        Task::Effect(Effect::Schedule(_) | Effect::Cancel | Effect::Persist(_)) => Event::Cancelled,
    };
    (event, job.carry)
}

/// What it means that a task ended without an answer.
pub(super) fn died(task: &Task) -> Event {
    let failure = work::failure(&Error::Died);
    match task {
        Task::Open => Event::Opened(Opened::Nothing),
        Task::Effect(Effect::Prepare { .. }) => Event::PrepareFailed(failure),
        Task::Effect(Effect::Activate(_)) => Event::ActivateFailed(failure),
        Task::Effect(Effect::RollBack { .. }) => Event::RollBackFailed(failure),
        Task::Effect(Effect::Check { .. } | Effect::Schedule(_) | Effect::Cancel | Effect::Persist(_)) => {
            Event::CheckFailed { failure, retry_after: None }
        }
    }
}
