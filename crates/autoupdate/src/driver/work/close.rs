//! Ask the program to close, and start it again.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use protocol::{Health, Restart};
use tokio::task::JoinSet;

use super::{Job, blocking, locked, on_thread};
use crate::driver::system::Session;
use crate::error::Error;
use crate::machine::Event;
use crate::platform::processes::Instance;
use crate::view::Blocker;

/// How asking the program to close ended.
#[derive(Debug)]
pub(super) enum Closed {
    /// Nothing is in the way.
    All,
    /// These still run.
    Not(Vec<Blocker>),
    /// It was stopped; these still run.
    Cancelled,
}

/// Asks every instance that somebody could miss to close, unless the enrolment says that nobody starts it again.
/// Instances in a terminal are never closed, nor are tools, which some other program waits for: the new bytes serve their
/// next start. What was closed is in the carry.
pub(super) async fn close_all(job: &mut Job) -> Result<Closed, Error> {
    match (job.subject.enrolment.restart, &job.subject.enrolment.health) {
        (Restart::Never, _) | (_, Health::Probe(_)) => return Ok(Closed::All),
        (Restart::Ours, Health::Alive(_) | Health::Confirm(_)) => {}
    }
    let path = real_path(job).await?;
    let (shared, of) = (Arc::clone(&job.shared), path.clone());
    let instances = blocking(move || Ok::<_, Error>(shared.platform.instances(&of)?)).await?;
    let mut open: Vec<_> = instances.into_iter().filter(|instance| !instance.terminal).collect();
    if open.is_empty() {
        return Ok(Closed::All);
    }
    let patience = job.shared.patience.close;
    let until = job.shared.clock.now().saturating_add(patience).unwrap_or(jiff::Timestamp::MAX);
    let deadline = std::time::Instant::now() + patience;
    job.reporter.event(Event::Closing { blockers: blockers(&open), until }).await;
    let mut asked = JoinSet::new();
    for instance in open.clone() {
        let (shared, subject, path) = (Arc::clone(&job.shared), Arc::clone(&job.subject), path.clone());
        asked.spawn(on_thread(move || {
            let closed = shared.platform.close(&path, &instance, &subject.enrolment.close, deadline);
            (instance, closed)
        }));
    }
    loop {
        let ended = tokio::select! {
            biased;
            () = job.cancel.cancelled() => return Ok(Closed::Cancelled),
            ended = asked.join_next() => ended,
        };
        match ended {
            None => break,
            Some(Ok(Ok((instance, Ok(()))))) => {
                open.retain(|other| other.pid != instance.pid);
                job.carry.closed.push(instance);
                job.reporter.event(Event::Closing { blockers: blockers(&open), until }).await;
            }
            Some(Ok(Ok((instance, Err(error))))) => {
                tracing::info!(app = %job.subject.enrolment.id, pid = instance.pid, %error, "did not close");
            }
            Some(Ok(Err(error))) => return Err(error),
            Some(Err(_died)) => return Err(Error::Died),
        }
    }
    Ok(if open.is_empty() { Closed::All } else { Closed::Not(blockers(&open)) })
}

/// Asks the session not to end before the answer is dropped.
pub(super) async fn hold_session(job: &Job) -> Session {
    let shared = Arc::clone(&job.shared);
    let asked = blocking(move || Ok::<_, Error>(shared.platform.hold_session())).await;
    let session = asked.unwrap_or(Session::Unasked);
    if matches!(session, Session::Ends) {
        // Known before it was announced.
        job.shared.session_ends.store(true, Ordering::SeqCst);
    }
    session
}

/// Starts what was closed again. What cannot be started is told in the result, the others run. Nothing is started in a session
/// that ends: it would only be torn down with it, or keep it from ending.
pub(super) async fn start_again(job: &mut Job) -> Result<Vec<Child>, Error> {
    if job.shared.session_ends() {
        return Ok(Vec::new());
    }
    let (shared, closed) = (Arc::clone(&job.shared), job.carry.closed.clone());
    let path = real_path(job).await?;
    blocking(move || {
        let (mut children, mut failed) = (Vec::new(), None);
        for instance in &closed {
            match shared.platform.relaunch(&path, instance) {
                Ok(child) => children.push(child),
                Err(error) => {
                    failed.get_or_insert(error);
                }
            }
        }
        match failed {
            None => Ok(children),
            Some(error) => {
                children.into_iter().for_each(let_live);
                Err(Error::from(error))
            }
        }
    })
    .await
}

/// Puts the running program back as it was, after nothing was changed on disk: see [`start_again`] for the one exception.
pub(super) async fn undo_close(job: &mut Job) {
    match start_again(job).await {
        Ok(children) => children.into_iter().for_each(let_live),
        Err(error) => {
            tracing::error!(app = %job.subject.enrolment.id, %error, "cannot start the program again");
        }
    }
    job.carry.closed.clear();
}

/// Nobody watches this child any more; when it ends it must not stay behind as a zombie.
pub(super) fn let_live(mut child: Child) {
    let pid = child.id();
    let reaper = std::thread::Builder::new().name(format!("autoupdate-child-{pid}")).spawn(move || {
        // How it ends is its own business.
        let _ended = child.wait();
    });
    if let Err(error) = reaper {
        tracing::debug!(%error, pid, "cannot wait for the end of a child");
    }
}

/// The program's path without links: what runs is known by the file itself.
async fn real_path(job: &mut Job) -> Result<PathBuf, Error> {
    let place = job.place().await?;
    Ok(locked(&place, |place| place.installed().path.clone()))
}

fn blockers(instances: &[Instance]) -> Vec<Blocker> {
    let of = |one: &Instance| Blocker { pid: one.pid, name: called(one.args.first()), user: None };
    instances.iter().map(of).collect()
}

/// Who goes on with bytes that are no longer in place. That they cannot be told is no reason for anything.
pub(super) async fn still_old(job: &Job, path: PathBuf) -> Vec<Blocker> {
    let shared = Arc::clone(&job.shared);
    match blocking(move || Ok::<_, Error>(shared.platform.outdated(&path)?)).await {
        Ok(outdated) => (outdated.into_iter())
            .map(|one| Blocker { pid: one.pid, name: called(one.name.as_ref()), user: one.user })
            .collect(),
        Err(error) => {
            tracing::debug!(app = %job.subject.enrolment.id, %error, "who goes on with old bytes is not known");
            Vec::new()
        }
    }
}

/// What people call a program that was started as this.
fn called(started_as: Option<&OsString>) -> String {
    let program = started_as.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    program.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}
