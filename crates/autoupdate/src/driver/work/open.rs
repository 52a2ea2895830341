//! The first look at a program's place: what did an earlier process leave?

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::activate::{forget_download, fresh};
use super::{Job, Report, Seen, SharedPlace, at_place, blocking, locked};
use crate::driver::{history, pending};
use crate::error::{Error, UNPROVEN};
use crate::install::{self, Place, Recovered, RollBackReason, RolledBack};
use crate::machine::{Event, Opened, Undone};
use crate::view::RollBackWhy;

/// How long another updater is waited for at the start: longer than a probation usually is.
const LONGEST_WAIT: Duration = Duration::from_secs(180);
/// Lines of the history that are looked at.
const MAX_ENTRIES: usize = 200;
/// What is told of a roll back that this process only completed.
const INTERRUPTED: &str = "the new version was being undone when the computer or the updater stopped";
/// How often it is asked meanwhile.
const LOCK_POLL: Duration = Duration::from_millis(500);

/// Looks. Opens the place only if there is something of ours beside the program: a mere look must leave no trace.
pub(crate) async fn open(job: &mut Job) -> Event {
    let subject = Arc::clone(&job.subject);
    let ours =
        blocking(move || Ok::<_, Error>(private_folder(subject.path()).is_some_and(|path| path.exists())));
    if ours.await.unwrap_or(false) {
        match left_when_free(job).await {
            Ok(opened) => return Event::Opened(opened),
            Err(error) => {
                tracing::info!(app = %job.subject.enrolment.id, %error, "cannot open the program's place yet");
            }
        }
    }
    look(job).await;
    Event::Opened(Opened::Nothing)
}

/// What an updater that has gone left unfinished at a place that was in order before. It comes before anything else: what is
/// in place may not be what stays.
///
/// # Errors
/// Another updater holds the place, which is at work then; the place cannot be read.
pub(super) async fn unfinished(job: &mut Job) -> Result<Option<Event>, Error> {
    if job.carry.place.is_none() {
        let subject = Arc::clone(&job.subject);
        let seen = blocking(move || Ok::<_, Error>(Place::glance(subject.path())?)).await?;
        if !seen.unfinished {
            return Ok(None);
        }
        job.reporter.tell(Report::Seen(Seen::new(&seen.installed, seen.previous))).await;
    }
    Ok(match left(job).await? {
        opened @ (Opened::Probation(_) | Opened::RolledBack(_)) => Some(Event::Opened(opened)),
        Opened::Nothing | Opened::Ready(_) | Opened::Lately(_) => None,
    })
}

/// Looks at the program without a lock, and tells what is to be seen.
async fn look(job: &Job) {
    let subject = Arc::clone(&job.subject);
    match blocking(move || Ok::<_, Error>(Place::glance(subject.path())?)).await {
        Ok(seen) => job.reporter.tell(Report::Seen(Seen::new(&seen.installed, seen.previous))).await,
        Err(error) => tracing::info!(app = %job.subject.enrolment.id, %error, "cannot look at the program"),
    }
}

/// What an earlier process left. Where the engine stays, another updater that is at work is waited for: it may be the one
/// that has just replaced this very program, and watches it.
async fn left_when_free(job: &mut Job) -> Result<Opened, Error> {
    let until = Instant::now() + LONGEST_WAIT;
    loop {
        match left(job).await {
            Err(Error::Install(install::Error::Locked { .. }))
                if job.shared.background && Instant::now() < until => {}
            other => return other,
        }
        look(job).await;
        tokio::select! {
            () = job.cancel.cancelled() => return Err(Error::Cancelled),
            () = tokio::time::sleep(LOCK_POLL) => {}
        }
    }
}

/// What an earlier process left; the place is opened for it.
pub(super) async fn left(job: &mut Job) -> Result<Opened, Error> {
    let place = job.place().await?;
    let (probation, staged, recovered) = locked(&place, |place| {
        (place.probation().cloned(), place.staged().cloned(), place.recovered().clone())
    });
    if let Some(probation) = probation {
        return Ok(Opened::Probation(fresh(&probation)));
    }
    let word = at_place(&place, Place::take_word).await?;
    if let Recovered::RolledBack(done) = recovered {
        forget_download(job, done.undone.sha256).await;
        return Ok(Opened::RolledBack(undone(done, UNPROVEN, INTERRUPTED)));
    }
    if let Some(done) = word {
        let error = Error::NotConfirmed;
        return Ok(Opened::RolledBack(undone(done, error.fault().code, &error.to_string())));
    }
    let Some(staged) = staged else { return lately(job, &place).await };
    let (store, app) = (job.shared.store.clone(), job.subject.enrolment.id.clone());
    let known = blocking(move || Ok::<_, Error>(pending::load(&store, &app))).await?;
    Ok(match known.filter(|ready| ready.offer.artifact.sha256 == staged.sha256) {
        Some(ready) => Opened::Ready(Box::new(ready)),
        // The next check offers it again and finds the stage.
        None => Opened::Nothing,
    })
}

fn undone(done: RolledBack, code: &str, text: &str) -> Undone {
    let (code, text) = (code.to_owned(), text.to_owned());
    let why = match done.why {
        RollBackReason::ByPerson => RollBackWhy::ByPerson,
        RollBackReason::Recalled => RollBackWhy::Recalled,
        RollBackReason::Bad => RollBackWhy::Unhealthy { code, text },
        RollBackReason::Unproven => RollBackWhy::Unproven { code, text },
    };
    Undone { from: done.undone.version, to: done.restored.version, why }
}

/// Nothing is in progress: what was the last thing that happened?
async fn lately(job: &Job, place: &SharedPlace) -> Result<Opened, Error> {
    let installed = locked(place, |place| place.installed().sha256);
    let (store, app, now) =
        (job.shared.store.clone(), job.subject.enrolment.id.clone(), job.shared.clock.now());
    let known = blocking(move || {
        let entries = store.history().last(MAX_ENTRIES)?;
        Ok::<_, Error>(history::lately(&entries, &app, &installed, now))
    });
    Ok(known.await?.map_or(Opened::Nothing, Opened::Lately))
}

/// Where our private folder would be.
pub(crate) fn private_folder(path: &Path) -> Option<PathBuf> {
    let previous = install::previous_path(&path.canonicalize().ok()?)?;
    previous.parent().map(ToOwned::to_owned)
}
