//! Put the previous version back.

use super::activate::forget_download;
use super::close::{Closed, close_all, hold_session, let_live, start_again};
use super::{Job, at_place, failure};
use crate::error::Error;
use crate::install::RollBackReason;
use crate::machine::{Event, Undone};
use crate::view::RollBackWhy;

/// Runs a roll back to its end.
pub(crate) async fn roll_back(job: &mut Job, why: &RollBackWhy) -> Event {
    match put_back(job, why).await {
        Ok(undone) => Event::RolledBack(undone),
        Err(error) => {
            let failure = failure(&error);
            tracing::error!(
                app = %job.subject.enrolment.id, code = failure.code, error = failure.text, "rolling back failed"
            );
            Event::RollBackFailed(failure)
        }
    }
}

async fn put_back(job: &mut Job, why: &RollBackWhy) -> Result<Undone, Error> {
    let place = job.place().await?;
    // Also where it ends already: what is in place is not to stay, and putting the other back is short.
    let _session = hold_session(job).await;
    let before_update = std::mem::take(&mut job.carry.closed);
    // A version that does not live may not close either. Its bytes go all the same: what runs keeps running on its own
    // copy, and the next start is the previous version.
    match close_all(job).await {
        Ok(Closed::All) => {}
        Ok(Closed::Not(blockers)) => {
            tracing::warn!(app = %job.subject.enrolment.id, ?blockers, "did not close before the roll back");
        }
        // The engine or the session ends: what was begun is brought to its end without waiting any longer.
        Ok(Closed::Cancelled) => {
            tracing::info!(app = %job.subject.enrolment.id, "did not wait for its end before the roll back");
        }
        Err(error) => {
            tracing::warn!(app = %job.subject.enrolment.id, %error, "could not be closed before the roll back");
        }
    }
    if !before_update.is_empty() {
        // What was open before the update comes back, not what the update itself started in its place.
        job.carry.closed = before_update;
    }
    let reason = match why {
        RollBackWhy::ByPerson => RollBackReason::ByPerson,
        RollBackWhy::Recalled => RollBackReason::Recalled,
        RollBackWhy::Unhealthy { .. } => RollBackReason::Bad,
        RollBackWhy::Unproven { .. } => RollBackReason::Unproven,
    };
    let done = at_place(&place, move |place| place.roll_back(reason)).await;
    // Whichever version is in place now: what a person had open comes back.
    match start_again(job).await {
        Ok(children) => children.into_iter().for_each(let_live),
        Err(error) => {
            tracing::error!(app = %job.subject.enrolment.id, %error, "cannot start the program again");
        }
    }
    job.carry.closed.clear();
    let done = done?;
    job.seen(&place).await;
    forget_download(job, done.undone.sha256).await;
    tracing::info!(app = %job.subject.enrolment.id, ?why, "rolled back");
    Ok(Undone { from: done.undone.version, to: done.restored.version, why: why.clone() })
}
