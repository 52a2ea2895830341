//! The copies that run: asked to close before they are removed, and told of what has changed.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use autoupdate::install::{Error, Place};
use autoupdate::platform::processes;
use autoupdate::socket::Remote;
use autoupdate::store::Folders;
use autoupdate::{Command, handle};
use protocol::Close;

use super::plan::Places;

/// How long a copy that was asked may take to close.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether one runs.
pub(super) fn is_any(program: &Path) -> bool {
    processes::instances(program).is_ok_and(|found| !found.is_empty())
}

/// Asks all copies of this person's to close, and waits for it. None is killed.
///
/// # Errors
/// One does not close.
pub(super) fn close_all(program: &Path) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let asked = processes::instances(program)?.into_iter();
    let asked: Vec<_> =
        asked.map(|one| processes::ask(program, &one, &Close::Signal)).collect::<Result<_, _>>()?;
    for one in asked {
        one.wait(deadline).context("the app was asked to close; choose Quit in its menu, then try again")?;
    }
    Ok(())
}

/// Keeps updates away from the program, as long as this is held. `None`: no update has ever been here.
///
/// # Errors
/// One is being put in place just now.
pub(super) fn keep_still(places: &Places) -> Result<Option<Place>> {
    if !places.program().exists() || !places.private().exists() {
        return Ok(None);
    }
    match Place::open(&places.program()) {
        Ok(place) => Ok(Some(place)),
        Err(error @ Error::Locked { .. }) => {
            Err(error).context("the app is being updated just now; try again when that is over")
        }
        // Whatever is wrong with it: it is replaced or removed.
        Err(error) => {
            tracing::warn!(%error, "what updates left beside the program cannot be looked at");
            Ok(None)
        }
    }
}

/// Whether an engine runs for this person, whoever's it is.
pub(super) fn has_engine(folders: &Folders) -> Result<bool> {
    Ok(crate::run::runtime()?.block_on(Remote::connect(folders)).is_ok())
}

/// Lets the engine that runs read its enrolments again. Without one there is nothing to tell.
pub(super) fn tell_engine(folders: &Folders) -> Result<()> {
    crate::run::runtime()?.block_on(async {
        let Ok(mut remote) = Remote::connect(folders).await else { return };
        match tokio::time::timeout(PATIENCE, remote.command(Command::Reload)).await {
            Ok(Ok(handle::Answer::Refused { why })) => {
                tracing::warn!(?why, "the running app does not look again");
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the running app looks again at its next start"),
            Err(_) => tracing::warn!("the running app does not answer; it looks again at its next start"),
        }
    });
    Ok(())
}
