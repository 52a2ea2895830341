//! Does the new version live?

use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use protocol::Health;

use super::close::{let_live, start_again};
use super::{Job, SharedPlace, at_place, blocking, locked, on_thread};
use crate::driver::system::Session;
use crate::error::Error;
use crate::install::probation::{PROBE_TIME, Unhealthy, run_probe, watch_alive};
use crate::install::{Place, Probation};

/// How often the journal is asked whether the new version has confirmed. Only while a version is on probation.
const CONFIRM_POLL: Duration = Duration::from_millis(250);

/// How often it is looked whether a new version that is not our child still runs.
const ALIVE_POLL: Duration = Duration::from_secs(1);

/// When the proof must be there.
pub(super) fn until(probation: &Probation) -> Timestamp {
    let time = match &probation.health {
        Health::Probe(_) => PROBE_TIME,
        Health::Alive(time) | Health::Confirm(time) => *time,
    };
    probation.since.saturating_add(time).unwrap_or(Timestamp::MAX)
}

/// Starts what we closed, and watches. `Ok` = it lives, or there was nothing to watch: a program that a person starts later
/// is not watched, the previous version is kept for a roll back by hand. The same goes for one that is not started because the
/// session ends. The session has waited long enough once everything runs.
///
/// # Errors
/// [`Error::Cancelled`] if it was stopped; everything else means that it does not live.
pub(super) async fn fresh(
    job: &mut Job,
    place: &SharedPlace,
    health: &Health,
    session: Session,
) -> Result<(), Error> {
    match health {
        Health::Probe(args) => {
            probe(job, args).await?;
            start_again(job).await?.into_iter().for_each(let_live);
            drop(session);
            Ok(())
        }
        Health::Alive(time) => {
            let children = start_watched(job, place).await?;
            drop(session);
            if children.is_empty() { Ok(()) } else { alive(job, place, children, *time).await }
        }
        Health::Confirm(time) => {
            let children = start_watched(job, place).await?;
            drop(session);
            if children.is_empty() { Ok(()) } else { confirmed(job, place, children, *time).await }
        }
    }
}

/// Starts what we closed, after writing down that we do: whoever has to go on in our place must not take a version that
/// died meanwhile for one that nobody has started.
async fn start_watched(job: &mut Job, place: &SharedPlace) -> Result<Vec<Child>, Error> {
    if !job.carry.closed.is_empty() && !job.shared.session_ends() {
        let now = job.shared.clock.now();
        at_place(place, move |place| place.note_start(now)).await?;
    }
    start_again(job).await
}

/// Goes on with a probation that an earlier process began. How its children ended nobody knows any more, so that time has
/// passed proves nothing: what was started must run, or must have confirmed.
///
/// # Errors
/// As [`fresh`]; [`Error::Unproven`].
pub(super) async fn again(job: &Job, place: &SharedPlace, probation: &Probation) -> Result<(), Error> {
    let now = job.shared.clock.now();
    let left = |whole: Duration| {
        let left = until(probation).duration_since(now);
        // A clock that was set back must not make it longer than it ever was.
        Duration::try_from(left).unwrap_or_default().min(whole)
    };
    match &probation.health {
        Health::Probe(args) => probe(job, args).await,
        // Nobody started it, so there is nothing to watch.
        Health::Alive(_) | Health::Confirm(_) if probation.starts.is_empty() => Ok(()),
        Health::Alive(time) => still_alive(job, place, left(*time)).await,
        Health::Confirm(time) => match confirmed(job, place, Vec::new(), left(*time)).await {
            // It may have had no time to confirm in, because it ended with its watcher.
            Err(Error::NotConfirmed) if !runs(job, place).await? => Err(Error::Unproven),
            other => other,
        },
    }
}

/// Whether the new version runs, other than in somebody's terminal.
async fn runs(job: &Job, place: &SharedPlace) -> Result<bool, Error> {
    let (shared, path) = (Arc::clone(&job.shared), locked(place, |place| place.installed().path.clone()));
    let instances = blocking(move || Ok::<_, Error>(shared.platform.instances(&path)?)).await?;
    Ok(instances.iter().any(|instance| !instance.outdated && !instance.terminal))
}

/// Looks again and again until `time` has passed whether the new version runs, at least once.
async fn still_alive(job: &Job, place: &SharedPlace, time: Duration) -> Result<(), Error> {
    let deadline = tokio::time::Instant::now() + time;
    loop {
        if !runs(job, place).await? {
            return Err(Error::Unproven);
        }
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        tokio::select! {
            biased;
            () = job.cancel.cancelled() => return Err(Error::Cancelled),
            () = tokio::time::sleep(left.min(ALIVE_POLL)) => {}
        }
    }
}

async fn probe(job: &Job, args: &[String]) -> Result<(), Error> {
    let (subject, args) = (Arc::clone(&job.subject), args.to_vec());
    let probe = on_thread(move || run_probe(subject.path(), &args, PROBE_TIME));
    // Not cancelled in between: it is short, and its answer is wanted.
    Ok(probe.await??)
}

/// Watches what was started. One that ends as if somebody had closed it proves nothing against its version: a person may have,
/// the session may end, or it only started another process of the program, which is then looked after.
async fn alive(job: &Job, place: &SharedPlace, children: Vec<Child>, time: Duration) -> Result<(), Error> {
    let deadline = tokio::time::Instant::now() + time;
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
            Some(Ok(Ok(Err(Unhealthy::Ended(status))))) if is_closing(status) => {
                let left = deadline.saturating_duration_since(tokio::time::Instant::now());
                return still_alive(job, place, left).await;
            }
            Some(Ok(lives)) => lives??,
            Some(Err(_died)) => return Err(Error::Died),
        }
    }
}

/// Whether a process ended in good order, or by a signal that asks it to.
fn is_closing(status: std::process::ExitStatus) -> bool {
    #[cfg(unix)]
    {
        use rustix::process::Signal;
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        let asks = [Signal::TERM, Signal::HUP, Signal::INT].map(Signal::as_raw);
        status.success() || signal.is_some_and(|signal| asks.contains(&signal))
    }
    #[cfg(not(unix))]
    status.success()
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
