//! Look at the program, refresh and verify metadata.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use protocol::{AppId, Artifact, SourceKind, Version};

use super::open::unfinished;
use super::{Job, Shared, Subject, blocking, failure};
use crate::error::Error;
use crate::install::{Installed, Place};
use crate::machine::{Assurance, Event, Found};
use crate::policy::rollout::Control;
use crate::source;
use crate::source::lantern::{self, Announcement, Question};
use crate::source::tuf::{self, RolloutState};
use crate::store::Named;

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
    match job.subject.enrolment.source {
        SourceKind::Tuf => find_listed(job).await,
        SourceKind::Lantern => find_named(job).await,
    }
}

/// What there is to be seen here: the program, and what its person wants.
struct Here {
    installed: Installed,
    skipped: Vec<Version>,
    on_hold: bool,
    running: bool,
}

/// Looks, and reads what is trusted first. Nothing is asked for before both are there.
async fn look_here<T: Send + 'static>(
    job: &Job,
    pinned: impl FnOnce(&Subject) -> Result<T, Error> + Send + 'static,
) -> Result<(Here, T), Error> {
    let (subject, shared) = (Arc::clone(&job.subject), Arc::clone(&job.shared));
    blocking(move || {
        let installed = Place::inspect(subject.path())?;
        let pinned = pinned(&subject)?;
        let (skipped, on_hold) = unwanted(&shared, &subject.enrolment.id)?;
        let running = is_running(&shared, &subject.enrolment.id, &installed.path);
        Ok::<_, Error>((Here { installed, skipped, on_hold, running }, pinned))
    })
    .await
}

/// What a repository lists.
async fn find_listed(job: &Job) -> Result<Found, Error> {
    let (shared, subject) = (&job.shared, &job.subject);
    let enrolment = &subject.enrolment;
    // One fixed time for everything that is verified in this check.
    let now = shared.clock.now();
    let (here, root) = look_here(job, Subject::pinned_root).await?;
    let Here { installed, skipped, on_hold, running } = here;
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
        assurance: Assurance::Fresh(checked.verified.freshness()),
        artifacts,
        ways: None,
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

/// What a Lantern server names.
async fn find_named(job: &Job) -> Result<Found, Error> {
    let (shared, enrolment) = (&job.shared, &job.subject.enrolment);
    let now = shared.clock.now();
    let (here, key) = look_here(job, Subject::pinned_key).await?;
    let Here { mut installed, skipped, on_hold, running } = here;
    let (named, platform) = (shared.store.named(&enrolment.id), Arc::clone(&shared.platform));
    let (known, os_version) = {
        let (named, sha256) = (named.clone(), installed.sha256);
        blocking(move || Ok::<_, Error>((named.version_of(&sha256), platform.kernel_version()))).await?
    };
    installed.version = installed.version.or(known);
    let question = Question {
        version: installed.version.as_ref(),
        os_version: &os_version,
        checksum: &installed.sha256,
        platform: shared.machine,
        channel: &enrolment.channel,
    };
    let client = shared.network().client;
    let heard = lantern::ask(&client, enrolment, &key, &question).await?;
    tracing::info!(app = %enrolment.id, bytes = heard.object.bytes, named = heard.announcement.is_some(), "checked");
    let (artifacts, ways) = match heard.announcement {
        Some(announcement) => {
            if announcement.sha256 == installed.sha256 {
                keep_name(named, &announcement).await;
            }
            let artifact = announcement.artifact(&enrolment.id, &enrolment.channel, shared.machine);
            (vec![artifact], Some(Box::new(announcement.ways)))
        }
        None => (Vec::new(), None),
    };
    Ok(Found {
        assurance: Assurance::Answered { at: now, key: enrolment.anchor.sha256 },
        seen: sightings(shared, &enrolment.id, &artifacts, now).await,
        artifacts,
        ways,
        control: Control::Open,
        installed,
        skipped,
        on_hold,
        running,
    })
}

/// The server says what the installed bytes are: that is kept. Where it cannot be, it is only told again.
async fn keep_name(named: Named, announcement: &Announcement) {
    let (sha256, version) = (announcement.sha256, announcement.version.clone());
    if let Err(error) = blocking(move || Ok::<_, Error>(named.keep(&sha256, &version)?)).await {
        tracing::warn!(%error, "which version is installed cannot be kept");
    }
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
