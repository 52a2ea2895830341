//! Preflight, fetch, apply, verify, stage.

use std::sync::Arc;

use protocol::Digest;
use tokio::sync::watch;
use tokio::time::Instant;

use super::activate::forget_download;
use super::open::unfinished;
use super::{Job, Network, Report, at_place, blocking, check, failure, locked};
use crate::driver::{pending, progress};
use crate::error::Error;
use crate::install::Need;
use crate::machine::{Cost, Event};
use crate::policy::deferral::{Deferral, Deferred};
use crate::policy::{Decided, Offer, route};
use crate::prepare::{self, Prepared, Progress, Route, Signed};
use crate::source::patch_index;

/// Runs a preparation to its end.
pub(crate) async fn prepare(job: &mut Job, offer: &Offer, full: bool, limit: Option<u64>) -> Event {
    let began = Instant::now();
    match unfinished(job).await {
        Ok(None) => {}
        Ok(Some(opened)) => return opened,
        // The preparation meets the same, and says it.
        Err(error) => {
            tracing::debug!(app = %job.subject.enrolment.id, %error, "cannot look for unfinished work");
        }
    }
    match stage(job, offer, full, limit).await {
        Ok(None) => {
            let limit = limit.unwrap_or_default();
            Event::PutOff(Deferred { why: Deferral::Metered { limit }, until: None })
        }
        Ok(Some(mut cost)) => {
            let worked = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            cost.milliseconds = cost.milliseconds.saturating_add(worked);
            Event::Prepared { cost: Box::new(cost), running: running(job).await }
        }
        Err(_) if job.cancel.is_cancelled() => Event::Cancelled,
        Err(error) => {
            let failure = failure(&error);
            tracing::warn!(
                app = %job.subject.enrolment.id, version = %offer.version(), code = failure.code,
                error = failure.text, "preparing failed"
            );
            Event::PrepareFailed(failure)
        }
    }
}

/// Whether the program runs now; where that cannot be told, it counts as running.
async fn running(job: &mut Job) -> bool {
    let Ok(place) = job.place().await else { return true };
    let path = locked(&place, |place| place.installed().path.clone());
    let (shared, app) = (Arc::clone(&job.shared), job.subject.enrolment.id.clone());
    blocking(move || Ok::<_, Error>(check::is_running(&shared, &app, &path))).await.unwrap_or(true)
}

/// Stages the artifact, and says what that cost. `None`: every way is longer than `limit`.
pub(crate) async fn stage(
    job: &mut Job,
    offer: &Offer,
    full: bool,
    limit: Option<u64>,
) -> Result<Option<Cost>, Error> {
    let place = job.place().await?;
    let artifact = &offer.artifact;
    let app = job.subject.enrolment.id.clone();
    if locked(&place, |place| place.staged().is_some_and(|staged| staged.sha256 == artifact.sha256)) {
        // Staged by an earlier run: nothing to fetch.
        forget_download(job, artifact.sha256).await;
        let (store, app) = (job.shared.store.clone(), app.clone());
        let known = blocking(move || Ok::<_, Error>(pending::load(&store, &app))).await?;
        let known = known.filter(|ready| ready.offer.artifact.sha256 == artifact.sha256);
        return Ok(Some(known.map(|ready| ready.cost).unwrap_or_default()));
    }
    let spool = job.shared.store.folders().spool();
    let installed = locked(&place, |place| place.installed().clone());
    // Where nobody signed a length, the best guess: about as much as now. What is more is met on the way.
    let length = offer.length().unwrap_or(installed.length);
    let need = Need {
        stage: length,
        previous: installed.length,
        // The worst case: no patch leads to it, and all of it comes.
        spool: (spool.clone(), length),
    };
    let version = offer.from.clone();
    at_place(&place, move |place| {
        place.preflight(&need)?;
        // The signed metadata knows these bytes; it may forget them later, the record does not.
        match version.filter(|version| place.installed().version.as_ref() != Some(version)) {
            Some(version) => place.set_version(&version),
            None => Ok(()),
        }
    })
    .await?;
    let sources = job.subject.enrolment.sources.clone();
    let Network { client, patch_memory } = job.shared.network();
    let lantern = signed(job, offer).await?;
    let decided = match &lantern {
        Some(signed) => route::of_lantern(&signed.ways, &installed.sha256, offer.from.is_some(), full),
        None => listed_routes(job, offer, &installed.sha256, full).await?,
    };
    tracing::debug!(%app, trace = ?decided.trace, "the ways");
    let mut routes = decided.answer;
    if let Some(limit) = limit {
        routes.retain(|way| {
            offer.length().and_then(|full| route::length(way, full)).is_some_and(|length| length <= limit)
        });
        if routes.is_empty() {
            return Ok(None);
        }
    }
    let (sender, receiver) = watch::channel(Progress::default());
    let measuring = progress::measure(job.reporter.clone(), receiver);
    let prepared = prepare::prepare(prepare::Job {
        place: Arc::clone(&place),
        app: app.clone(),
        artifact: artifact.clone(),
        routes,
        client,
        sources,
        lantern,
        spool,
        patch_memory,
        patience: job.shared.patience.patch,
        progress: sender,
        cancel: job.cancel.clone(),
    });
    // The measuring ends when the preparation drops its end of the channel.
    let (prepared, ()) = tokio::join!(prepared, measuring);
    let cost = cost(&prepared?);
    job.reporter.tell(Report::Measured(crate::machine::Measured::default())).await;
    Ok(Some(cost))
}

/// Where a Lantern server said that the offer lies, with the key that signs for it; `None` for a repository.
async fn signed(job: &Job, offer: &Offer) -> Result<Option<Arc<Signed>>, Error> {
    if job.subject.enrolment.source.is_tuf() {
        return Ok(None);
    }
    // Only what is staged outlives the check that found it, and nothing of that is fetched.
    let ways = offer.ways.as_deref().cloned().ok_or(prepare::Error::NoRoute)?;
    let subject = Arc::clone(&job.subject);
    let key = blocking(move || subject.pinned_key()).await?;
    Ok(Some(Arc::new(Signed { ways, key })))
}

/// The ways that a repository gives.
async fn listed_routes(
    job: &Job,
    offer: &Offer,
    installed: &Digest,
    full: bool,
) -> Result<Decided<Vec<Route>>, Error> {
    let known = offer.from.is_some();
    let enrolment = &job.subject.enrolment;
    let Network { client, patch_memory } = job.shared.network();
    let index = if full || !known {
        None
    } else {
        tokio::select! {
            () = job.cancel.cancelled() => return Err(Error::Cancelled),
            index = patch_index(&client, &enrolment.sources, &enrolment.id, &offer.artifact.sha256) => index,
        }
    };
    Ok(route::routes(&route::Facts {
        installed,
        known,
        artifact: &offer.artifact,
        index: index.as_ref().map(|(index, _)| index),
        applicable: delta::APPLICABLE,
        memory: patch_memory,
        full,
    }))
}

fn cost(prepared: &Prepared) -> Cost {
    let patches = prepared.objects.iter().filter(|object| is_patch(&object.name)).count();
    Cost {
        route: Some(progress::route_view(&prepared.route)),
        bytes_fetched: prepared.bytes_fetched,
        patches_fetched: u32::try_from(patches).unwrap_or(u32::MAX),
        milliseconds: 0,
        fallbacks: prepared.fallbacks.iter().map(progress::fallback_view).collect(),
    }
}

fn is_patch(name: &str) -> bool {
    name.starts_with("patches/") && !name.ends_with("/index.json")
}
