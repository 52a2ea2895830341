//! The update of the program that runs this engine.

use std::path::Path;
use std::time::Duration;

use super::close::let_live;
use super::{Job, blocking, on_thread};
use crate::driver::Own;
use crate::error::Error;
use crate::machine::Event;
use crate::platform::spawn::{Spawn, spawn};
use crate::platform::wait_child;
use crate::updater::own_path;

/// How much longer than a program may take to close the one that takes over may take to ask for that.
const START_TIME: Duration = Duration::from_secs(30);

/// Starts the program that takes over and lets it have the place. In a good end it asks this program to close, and this
/// engine is stopped while it waits.
///
/// # Errors
/// It cannot be started, or ended while this program still runs: then nothing was replaced, or it was put back.
pub(super) async fn hand_over(job: &mut Job, own: &Own) -> Result<Event, Error> {
    job.carry.place = None;
    job.reporter.event(Event::Replacing).await;
    let arguments = own.arguments.clone();
    let mut child = blocking(move || {
        let program = own_path()?;
        let wanted = Spawn {
            program: &program,
            name: None,
            args: arguments.iter().map(AsRef::as_ref).collect(),
            cwd: Path::new("/"),
            env: std::env::vars_os().collect(),
        };
        spawn(&wanted).map_err(Error::HandOver)
    })
    .await?;
    tracing::info!(app = %own.app, pid = child.id(), "another process takes over to replace this program");
    let patience = job.shared.patience.close + START_TIME;
    let ended = on_thread(move || wait_child(&mut child, patience).map(|ended| (ended, child)));
    tokio::select! {
        biased;
        () = job.cancel.cancelled() => Ok(Event::Cancelled),
        ended = ended => match ended? {
            Ok((Some(status), _)) => Err(Error::NotTakenOver { how: status.to_string() }),
            Ok((None, child)) => {
                // Whatever it does now, it does alone.
                let_live(child);
                Err(Error::NotTakenOver { how: format!("nothing happened for {patience:?}") })
            }
            Err(error) => Err(Error::HandOver(error)),
        }
    }
}
