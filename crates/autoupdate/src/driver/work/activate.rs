//! Close, replace, start, watch, commit.

use protocol::{Digest, Health};
use tokio::time::Instant;

use super::close::{Closed, close_all, hold_session, still_old, undo_close};
use super::hand_over::hand_over;
use super::open::left;
use super::{Job, SharedPlace, at_place, blocking, failure, locked, watch};
use crate::driver::pending;
use crate::driver::system::Session;
use crate::error::Error;
use crate::fetch::Spool;
use crate::install::{self, Committed, Place, Probation, Trial};
use crate::machine::{Activation, Cost, Event, Fresh, Ready};
use crate::view::{Failure, RollBackWhy, UpdateReport};

/// Runs an activation, or what is left of one, to its end.
pub(crate) async fn activate(job: &mut Job, activation: &Activation) -> Event {
    let end = match activation {
        Activation::Begin(ready) => begin(job, ready).await,
        Activation::Watch(_) => go_on(job).await,
    };
    match end {
        Ok(event) => event,
        Err(Error::Cancelled) => Event::Cancelled,
        Err(error) => {
            let failure = failure(&error);
            tracing::error!(
                app = %job.subject.enrolment.id, code = failure.code, error = failure.text, "activating failed"
            );
            Event::ActivateFailed(failure)
        }
    }
}

async fn begin(job: &mut Job, ready: &Ready) -> Result<Event, Error> {
    let place = job.place().await?;
    let sha256 = ready.offer.artifact.sha256;
    if !locked(&place, |place| place.staged().is_some_and(|staged| staged.sha256 == sha256)) {
        return Err(install::Error::NoStage { path: job.subject.path().to_owned() }.into());
    }
    let own = job.shared.own(&job.subject.enrolment.id).cloned();
    // Before anybody closes anything for it. Of ourselves more is asked: after a power cut nobody else could undo us.
    let trial = match job.subject.enrolment.health {
        Health::Confirm(_) if own.is_some() => Trial::Start,
        _ => Trial::Look,
    };
    if let Err(error) = at_place(&place, move |place| place.try_stage(trial)).await? {
        forget_download(job, sha256).await;
        return Err(error.into());
    }
    if let Some(own) = own {
        drop(place);
        return hand_over(job, &own).await;
    }
    let session = hold_session(job).await;
    // Nothing is closed yet, so it can wait: for the next session, or for the person who stopped it.
    if matches!(session, Session::Ends) || job.cancel.is_cancelled() {
        return Ok(Event::Cancelled);
    }
    let closed = match close_all(job).await {
        Ok(closed) => closed,
        Err(error) => {
            undo_close(job).await;
            return Err(error);
        }
    };
    match closed {
        // Asked to stop while the last one closed.
        Closed::All if job.cancel.is_cancelled() => {
            undo_close(job).await;
            return Ok(Event::Cancelled);
        }
        Closed::All => {}
        Closed::Not(blockers) => {
            undo_close(job).await;
            return Ok(Event::StillRunning { blockers });
        }
        Closed::Cancelled => {
            undo_close(job).await;
            return Ok(Event::Cancelled);
        }
    }
    job.reporter.event(Event::Replacing).await;
    let began = Instant::now();
    let (health, now) = (job.subject.enrolment.health.clone(), job.shared.clock.now());
    let activated = at_place(&place, move |place| place.activate(&health, now)).await;
    let probation = match activated {
        Ok(probation) => probation,
        Err(error) => {
            undo_close(job).await;
            return Err(error);
        }
    };
    job.seen(&place).await;
    job.reporter.event(Event::Activated(fresh(&probation))).await;
    let proof = watch::fresh(job, &place, &probation.health, session).await;
    let mut cost = ready.cost.clone();
    let worked = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    cost.milliseconds = cost.milliseconds.saturating_add(worked);
    end(job, &place, proof, cost, ready.offer.repair).await
}

/// An earlier process put the new version in place and did not see the end of its probation.
async fn go_on(job: &mut Job) -> Result<Event, Error> {
    let place = job.place().await?;
    let Some(probation) = locked(&place, |place| place.probation().cloned()) else {
        // Another updater has ended it.
        return Ok(Event::Opened(left(job).await?));
    };
    let proof = watch::again(job, &place, &probation).await;
    let (store, app) = (job.shared.store.clone(), job.subject.enrolment.id.clone());
    let known = blocking(move || Ok::<_, Error>(pending::load(&store, &app))).await?;
    let (cost, repaired) = known
        .filter(|ready| ready.offer.artifact.sha256 == probation.to.sha256)
        .map(|ready| (ready.cost, ready.offer.repair))
        .unwrap_or_default();
    end(job, &place, proof, cost, repaired).await
}

/// Commits, or says why not.
async fn end(
    job: &mut Job,
    place: &SharedPlace,
    proof: Result<(), Error>,
    cost: Cost,
    repaired: bool,
) -> Result<Event, Error> {
    let app = &job.subject.enrolment.id;
    match proof {
        Ok(()) => {}
        Err(Error::Cancelled) => return Ok(Event::Cancelled),
        Err(error) => {
            let Failure { code, text, .. } = failure(&error);
            tracing::warn!(%app, code, error = text, "the new version did not prove that it lives");
            return Ok(Event::Unhealthy(if error.blames_the_version() {
                RollBackWhy::Unhealthy { code, text }
            } else {
                RollBackWhy::Unproven { code, text }
            }));
        }
    }
    let committed = at_place(place, Place::commit).await?;
    job.carry.closed.clear();
    job.seen(place).await;
    forget_download(job, committed.to.sha256).await;
    let report = report(job, place, &committed, cost, repaired).await;
    tracing::info!(
        app = %job.subject.enrolment.id, to = %report.to, bytes = report.bytes_fetched,
        full = report.full_bytes, "updated"
    );
    Ok(Event::Committed(Box::new(report)))
}

/// What was received of an artifact that is not fetched again: it is in place, or has gone. Ways that led nowhere, and what an
/// earlier process could not tidy away any more.
pub(crate) async fn forget_download(job: &Job, artifact: Digest) {
    let folder = job.shared.store.folders().spool();
    let forgotten = blocking(move || {
        if folder.exists() {
            Spool::open(&folder)?.forget(&artifact);
        }
        Ok::<_, Error>(())
    });
    if let Err(error) = forgotten.await {
        tracing::debug!(app = %job.subject.enrolment.id, %error, "a used download could not be removed");
    }
}

/// What an update that is over has done.
pub(crate) async fn report(
    job: &Job,
    place: &SharedPlace,
    committed: &Committed,
    cost: Cost,
    repaired: bool,
) -> UpdateReport {
    let Committed { from, to } = committed;
    let path = locked(place, |place| place.installed().path.clone());
    UpdateReport {
        app: job.subject.enrolment.id.clone(),
        from: from.version.clone(),
        to: to.version.clone(),
        at: job.shared.clock.now(),
        route: cost.route,
        bytes_fetched: cost.bytes_fetched,
        full_bytes: to.length,
        patches_fetched: cost.patches_fetched,
        sha256_before: from.sha256,
        sha256_after: to.sha256,
        seconds: cost.milliseconds.div_ceil(1000),
        repaired,
        fallbacks: cost.fallbacks,
        still_old: still_old(job, path).await,
    }
}

pub(super) fn fresh(probation: &Probation) -> Fresh {
    Fresh {
        from: probation.from.version.clone(),
        to: probation.to.version.clone(),
        until: watch::until(probation),
    }
}
