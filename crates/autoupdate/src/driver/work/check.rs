//! Look at the program, refresh and verify metadata.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use protocol::{AppId, Artifact, Version};

use super::open::unfinished;
use super::{Job, Shared, blocking, failure};
use crate::error::Error;
use crate::install::Place;
use crate::machine::{Event, Found};
use crate::policy::rollout::Control;
use crate::source;
use crate::source::tuf::{self, RolloutState};

/// Runs a check to its end.
pub(crate) async fn check(job: &mut Job) -> Event {
    let cancel = job.cancel.clone();
    tokio::select! {
        biased;
        () = cancel.cancelled() => Event::Cancelled,
        looked = look(job) => match looked {
            Ok(event) => event,
            Err(error) => {
                let retry_after = match &error {
                    Error::Source(source::Error::Fetch(error)) => error.retry_after(),
                    _ => None,
                };
                let failure = failure(&error);
                tracing::warn!(app = %job.subject.enrolment.id, code = failure.code, error = failure.text, "check failed");
                Event::CheckFailed { failure, retry_after }
            }
        },
    }
}

async fn look(job: &mut Job) -> Result<Event, Error> {
    Ok(match unfinished(job).await? {
        Some(opened) => opened,
        None => Event::Checked(Box::new(find(job).await?)),
    })
}

/// What there is to be found, facts only.
pub(crate) async fn find(job: &Job) -> Result<Found, Error> {
    let (shared, subject) = (&job.shared, &job.subject);
    let enrolment = &subject.enrolment;
    // One fixed time for everything that is verified in this check.
    let now = shared.clock.now();
    let (for_disk, at_disk) = (Arc::clone(subject), Arc::clone(shared));
    let (installed, root, (skipped, on_hold), running) = blocking(move || {
        let installed = Place::inspect(for_disk.path())?;
        let root = for_disk.pinned_root()?;
        let unwanted = unwanted(&at_disk, &for_disk.enrolment.id)?;
        let running = is_running(&at_disk, &for_disk.enrolment.id, &installed.path);
        Ok::<_, Error>((installed, root, unwanted, running))
    })
    .await?;
    let _walk = subject.walk.lock().await;
    let client = shared.network().client;
    let checked = tuf::refresh(&client, &shared.store, enrolment, &root, shared.crypto, now).await?;
    for left_out in checked.verified.left_out(&enrolment.id, shared.machine) {
        tracing::debug!(app = %enrolment.id, path = left_out.path, why = ?left_out.why, "not a release for us");
    }
    let fetched: u64 = checked.objects.iter().map(|object| object.bytes).sum();
    tracing::info!(app = %enrolment.id, objects = checked.objects.len(), bytes = fetched, "checked");
    let artifacts = checked.verified.artifacts(&enrolment.id, shared.machine);
    let seen = sightings(shared, &enrolment.id, &artifacts, now).await;
    Ok(Found {
        freshness: checked.verified.freshness(),
        artifacts,
        seen,
        control: match checked.rollout {
            RolloutState::Open => Control::Open,
            RolloutState::Rules(rollout) => Control::Rules(rollout),
            RolloutState::Unverified { why, code } => Control::Unverified { why: format!("{code}: {why}") },
        },
        installed,
        skipped,
        on_hold,
        running,
    })
}

/// When these versions were seen here first. Where that cannot be kept they are new: then they are waited for, not taken early.
async fn sightings(
    shared: &Arc<Shared>,
    app: &AppId,
    artifacts: &[Artifact],
    now: Timestamp,
) -> BTreeMap<Version, Timestamp> {
    let versions: Vec<_> = artifacts.iter().map(|artifact| artifact.release.version.clone()).collect();
    let (store, id) = (shared.store.clone(), app.clone());
    let noted = blocking(move || Ok::<_, Error>(store.sightings().note(&id, &versions, now)?));
    noted.await.unwrap_or_else(|error| {
        tracing::warn!(%app, %error, "when versions were seen first cannot be kept");
        BTreeMap::new()
    })
}

/// The versions that a person skips, and whether the program is to stay as it is.
fn unwanted(shared: &Shared, app: &AppId) -> Result<(Vec<Version>, bool), Error> {
    let holds = shared.store.holds();
    let skipped = holds.of(app)?.into_iter().map(|hold| hold.version).collect();
    Ok((skipped, holds.on_hold(app)?.is_some()))
}

/// Whether the program runs in somebody's way. What runs in a terminal does not count: it is never closed, and the new bytes
/// serve its next start. Where it cannot be told, it counts as running: then a person is asked.
pub(super) fn is_running(shared: &Shared, app: &AppId, path: &std::path::Path) -> bool {
    if shared.own(app).is_some() {
        return true;
    }
    match shared.platform.instances(path) {
        Ok(instances) => instances.iter().any(|instance| !instance.terminal),
        Err(error) => {
            tracing::debug!(%error, path = %path.display(), "cannot tell whether it runs");
            true
        }
    }
}
