//! Does the new version live?

use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use protocol::Health;

use super::close::{let_live, start_again};
use super::{Job, SharedPlace, at_place, on_thread};
use crate::error::Error;
use crate::install::probation::{PROBE_TIME, Unhealthy, run_probe, watch_alive};
use crate::install::{Place, Probation};

/// How often the journal is asked whether the new version has confirmed. Only while a version is on probation.
const CONFIRM_POLL: Duration = Duration::from_millis(250);

/// When the proof must be there.
pub(super) fn until(probation: &Probation) -> Timestamp {
    let time = match &probation.health {
        Health::Probe(_) => PROBE_TIME,
        Health::Alive(time) | Health::Confirm(time) => *time,
    };
    probation.since.saturating_add(time).unwrap_or(Timestamp::MAX)
}

/// Starts what we closed, and watches. `Ok` = it lives, or there was nothing to watch: a program that a person starts later
/// is not watched, the previous version is kept for a roll back by hand.
///
/// # Errors
/// [`Error::Cancelled`] if it was stopped; everything else means that it does not live.
pub(super) async fn fresh(job: &mut Job, place: &SharedPlace, health: &Health) -> Result<(), Error> {
    match health {
        Health::Probe(args) => {
            probe(job, args).await?;
            start_again(job).await?.into_iter().for_each(let_live);
            Ok(())
        }
        Health::Alive(time) => {
            let children = start_again(job).await?;
            alive(job, children, *time).await
        }
        Health::Confirm(time) => {
            let children = start_again(job).await?;
            if children.is_empty() { Ok(()) } else { confirmed(job, place, children, *time).await }
        }
    }
}

/// Goes on with a probation that an earlier process began. Its children are not ours, so what is left is the clock.
///
/// # Errors
/// As [`fresh`].
pub(super) async fn again(job: &Job, place: &SharedPlace, probation: &Probation) -> Result<(), Error> {
    let now = job.shared.clock.now();
    let left = |whole: Duration| {
        let left = until(probation).duration_since(now);
        // A clock that was set back must not make it longer than it ever was.
        Duration::try_from(left).unwrap_or_default().min(whole)
    };
    match &probation.health {
        Health::Probe(args) => probe(job, args).await,
        Health::Alive(time) => tokio::select! {
            () = job.cancel.cancelled() => Err(Error::Cancelled),
            () = tokio::time::sleep(left(*time)) => Ok(()),
        },
        Health::Confirm(time) => match confirmed(job, place, Vec::new(), left(*time)).await {
            // Nobody started it, so nobody could confirm.
            Err(Error::NotConfirmed) if probation.starts.is_empty() => Ok(()),
            other => other,
        },
    }
}

async fn probe(job: &Job, args: &[String]) -> Result<(), Error> {
    let (subject, args) = (Arc::clone(&job.subject), args.to_vec());
    let probe = on_thread(move || run_probe(subject.path(), &args, PROBE_TIME));
    // Not cancelled in between: it is short, and its answer is wanted.
    Ok(probe.await??)
}

async fn alive(job: &Job, children: Vec<Child>, time: Duration) -> Result<(), Error> {
    let mut watched = tokio::task::JoinSet::new();
    for mut child in children {
        watched.spawn(on_thread(move || {
            let lives = watch_alive(&mut child, time);
            if lives.is_ok() {
                let_live(child);
            }
            lives
        }));
    }
    loop {
        let ended = tokio::select! {
            biased;
            () = job.cancel.cancelled() => return Err(Error::Cancelled),
            ended = watched.join_next() => ended,
        };
        match ended {
            None => return Ok(()),
            Some(Ok(lives)) => lives??,
            Some(Err(_died)) => return Err(Error::Died),
        }
    }
}

async fn confirmed(
    job: &Job,
    place: &SharedPlace,
    mut children: Vec<Child>,
    time: Duration,
) -> Result<(), Error> {
    let deadline = tokio::time::Instant::now() + time;
    loop {
        if at_place(place, Place::confirmed).await? {
            children.into_iter().for_each(let_live);
            return Ok(());
        }
        for child in &mut children {
            if let Some(status) = child.try_wait().map_err(Unhealthy::Unwatched)? {
                return Err(Unhealthy::Ended(status).into());
            }
        }
        let late = tokio::time::Instant::now() >= deadline;
        let wait = tokio::time::sleep(CONFIRM_POLL);
        tokio::select! {
            biased;
            () = job.cancel.cancelled() => {
                children.into_iter().for_each(let_live);
                return Err(Error::Cancelled);
            }
            () = std::future::ready(()), if late => {
                children.into_iter().for_each(let_live);
                return Err(Error::NotConfirmed);
            }
            () = wait => {}
        }
    }
}
