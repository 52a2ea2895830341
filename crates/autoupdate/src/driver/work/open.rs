//! The first look at a program's place: what did an earlier process leave?

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::activate::fresh;
use super::{Job, Report, Seen, blocking, locked};
use crate::driver::pending;
use crate::error::Error;
use crate::install::{self, Place, Recovered, RollBackReason};
use crate::machine::{Event, Opened, Undone};
use crate::view::{InstalledView, RollBackWhy};

/// Looks. Opens the place only if there is something of ours beside the program: a mere look must leave no trace.
pub(crate) async fn open(job: &mut Job) -> Event {
    let subject = Arc::clone(&job.subject);
    let ours =
        blocking(move || Ok::<_, Error>(private_folder(subject.path()).is_some_and(|path| path.exists())));
    if ours.await.unwrap_or(false) {
        match left(job).await {
            Ok(opened) => return Event::Opened(opened),
            Err(error) => {
                tracing::info!(app = %job.subject.enrolment.id, %error, "cannot open the program's place yet");
            }
        }
    }
    let subject = Arc::clone(&job.subject);
    match blocking(move || Ok::<_, Error>(Place::inspect(subject.path())?)).await {
        Ok(installed) => {
            let installed = InstalledView {
                version: installed.version,
                sha256: installed.sha256,
                length: installed.length,
            };
            job.reporter.tell(Report::Seen(Seen { installed, previous: None })).await;
        }
        Err(error) => tracing::info!(app = %job.subject.enrolment.id, %error, "cannot look at the program"),
    }
    Event::Opened(Opened::Nothing)
}

async fn left(job: &mut Job) -> Result<Opened, Error> {
    let place = job.place().await?;
    let (probation, staged, recovered) = locked(&place, |place| {
        (place.probation().cloned(), place.staged().cloned(), place.recovered().clone())
    });
    if let Some(probation) = probation {
        return Ok(Opened::Probation(fresh(&probation)));
    }
    if let Recovered::RolledBack(done) = recovered {
        let why = match done.why {
            RollBackReason::ByPerson => RollBackWhy::ByPerson,
            RollBackReason::Recalled => RollBackWhy::Recalled,
            RollBackReason::Bad => RollBackWhy::Unhealthy {
                code: "E-RUN-INTERRUPTED".to_owned(),
                text: "the new version was being undone when the computer or the updater stopped".to_owned(),
            },
        };
        return Ok(Opened::RolledBack(Undone { from: done.undone.version, to: done.restored.version, why }));
    }
    let Some(staged) = staged else { return Ok(Opened::Nothing) };
    let (store, app) = (job.shared.store.clone(), job.subject.enrolment.id.clone());
    let known = blocking(move || Ok::<_, Error>(pending::load(&store, &app))).await?;
    Ok(match known.filter(|ready| ready.offer.artifact.sha256 == staged.sha256) {
        Some(ready) => Opened::Ready(Box::new(ready)),
        // The next check offers it again and finds the stage.
        None => Opened::Nothing,
    })
}

/// Where our private folder would be.
pub(crate) fn private_folder(path: &Path) -> Option<PathBuf> {
    let previous = install::previous_path(&path.canonicalize().ok()?)?;
    previous.parent().map(ToOwned::to_owned)
}
