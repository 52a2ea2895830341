//! The running instances of a program: find them, ask them to close, start them again.
//!
//! - an instance is a process of the own user whose executable is the file in place (device and inode, not name), or
//!   the one that was in place before an update; helper processes that an instance started are part of it;
//! - nobody is ever killed: an instance is asked, and given time;
//! - a process id is only used through a descriptor that was checked to mean the process that was found.

#[cfg(target_os = "linux")]
mod linux;
// With the tests on every system, so that it cannot rot where nobody compiles it.
#[cfg(any(test, not(target_os = "linux")))]
#[cfg_attr(target_os = "linux", allow(dead_code))]
mod unsupported;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use protocol::Close;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use unsupported as system;

use super::spawn::{Spawn, spawn};
use crate::error::{Actor, Fault, Phase};

/// Variables with which a desktop marks one start of a program (xdg-activation, freedesktop.org startup notification): a second
/// one with the same mark would take the focus for a click that is long past, or never get it.
const OF_ONE_START: &[&str] = &["XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID"];

/// How long a command that asks may go on after the instance has ended.
const HELPER_TIME: Duration = Duration::from_secs(2);

/// A running instance of a program, of the own user, other than the calling process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Process id.
    pub pid: u32,
    /// When it started, in the system's own count; tells it from a later process with the same id.
    pub started: u64,
    /// Its arguments, the program's name first.
    pub args: Vec<OsString>,
    /// Its working directory, if it still exists.
    pub cwd: Option<PathBuf>,
    /// Its environment.
    pub env: Vec<(OsString, OsString)>,
    /// It runs in a terminal: a person or a script waits for it, so it is never closed.
    pub terminal: bool,
    /// It runs bytes that are no longer in place.
    pub outdated: bool,
}

/// A process that goes on with bytes of a program that are no longer in place, other than the calling one. Helper processes that
/// it started are part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outdated {
    /// Process id.
    pub pid: u32,
    /// What it was started as.
    pub name: Option<OsString>,
    /// The number of the user whose process it is, if it is not ours.
    pub user: Option<u32>,
}

/// A failure with other processes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The list of processes cannot be read.
    #[error("the running programs cannot be listed: {source}")]
    List {
        /// What the system said.
        source: io::Error,
    },
    /// It could not be asked to close.
    #[error("process {pid} cannot be asked to close: {source}; close the program by hand")]
    Ask {
        /// The process.
        pid: u32,
        /// What the system said.
        source: io::Error,
    },
    /// It did not close in time.
    #[error("process {pid} did not close; close the program by hand")]
    StillRunning {
        /// The process.
        pid: u32,
    },
    /// It could not be started.
    #[error("{path} cannot be started: {source}")]
    Start {
        /// The program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// This operating system gives no safe way to do it.
    #[error("this system gives no way to {what}; close and start the program by hand")]
    Unsupported {
        /// What was wanted, as a verb phrase.
        what: &'static str,
    },
}

impl Error {
    /// What this means to people.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let machine = Actor::Machine;
        match self {
            Self::List { .. } => Fault::passing("E-RUN-LIST", Phase::Restart, machine),
            Self::Ask { .. } => Fault::passing("E-RUN-ASK", Phase::Restart, machine),
            Self::StillRunning { .. } => Fault::passing("E-RUN-OPEN", Phase::Restart, machine),
            Self::Start { .. } => Fault::lasting("E-RUN-START", Phase::Restart, machine),
            Self::Unsupported { .. } => Fault::lasting("E-RUN-UNSUPPORTED", Phase::Restart, machine),
        }
    }
}

/// The running instances of the program at `path`, an absolute path without links. None where a system gives no safe way to tell
/// them: then the program goes on with its old bytes until its next start.
///
/// # Errors
/// [`Error::List`].
pub fn instances(path: &Path) -> Result<Vec<Instance>, Error> {
    system::instances(path)
}

/// Waits until no instance that `list` gives runs any more; for ever where that cannot be told.
pub async fn closed(list: impl Fn() -> Result<Vec<Instance>, Error> + Clone + Send + 'static) {
    loop {
        let list = list.clone();
        let open = tokio::task::spawn_blocking(move || {
            list()?.iter().map(system::watch).collect::<Result<Vec<_>, _>>()
        });
        match open.await {
            Ok(Ok(open)) if open.is_empty() => return,
            Ok(Ok(open)) => {
                for instance in open.into_iter().flatten() {
                    if let Err(error) = instance.ended().await {
                        tracing::debug!(%error, "the end of a program cannot be waited for");
                        return std::future::pending().await;
                    }
                }
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "the end of a program cannot be waited for");
                return std::future::pending().await;
            }
            Err(_died) => return std::future::pending().await,
        }
    }
}

/// The processes that go on with bytes of the program at `path` that are no longer in place: in terminals, tools, those of other
/// users. They are only to be told of; nobody touches them. What others run the system tells root alone, so for anybody else only
/// their own are known. None where a system gives no safe way to tell them.
///
/// # Errors
/// [`Error::List`].
pub fn outdated(path: &Path) -> Result<Vec<Outdated>, Error> {
    system::outdated(path)
}

/// Asks an instance of `path` to close and waits until it has, or until `deadline`. Never kills it.
///
/// To close several at once, [`ask`] all of them first, then wait for each.
///
/// # Errors
/// [`Error::Ask`], [`Error::StillRunning`], [`Error::Start`] for a command that cannot be started.
pub fn close(path: &Path, instance: &Instance, how: &Close, deadline: Instant) -> Result<(), Error> {
    ask(path, instance, how)?.wait(deadline)
}

/// Asks an instance of `path` to close.
///
/// # Errors
/// [`Error::Ask`], [`Error::Start`] for a command that cannot be started.
pub fn ask(path: &Path, instance: &Instance, how: &Close) -> Result<Closing, Error> {
    let watched = system::watch(instance)?;
    let helper = match how {
        Close::Signal => {
            system::terminate(instance, watched.as_ref())?;
            None
        }
        Close::Arguments(args) => Some((path, args.as_slice())),
        Close::Command(command) => command.split_first().map(|(program, args)| (Path::new(program), args)),
    };
    let helper = helper.map(|(program, args)| start_helper(program, args, instance)).transpose()?;
    Ok(Closing { pid: instance.pid, watched, helper })
}

/// An instance that was asked to close.
#[derive(Debug)]
pub struct Closing {
    pid: u32,
    /// `None`: it had ended already.
    watched: Option<system::Watched>,
    /// The command that asks it.
    helper: Option<Child>,
}

impl Closing {
    /// Waits until the instance has ended, or until `deadline`.
    ///
    /// # Errors
    /// [`Error::StillRunning`].
    pub fn wait(mut self, deadline: Instant) -> Result<(), Error> {
        let ended = match &self.watched {
            Some(watched) => watched.wait(deadline).map_err(|source| Error::Ask { pid: self.pid, source })?,
            None => true,
        };
        if let Some(helper) = &mut self.helper {
            let left = deadline.saturating_duration_since(Instant::now());
            // The command is ours, and its work is done or in vain.
            if !matches!(super::wait_child(helper, left.min(HELPER_TIME)), Ok(Some(_))) {
                super::kill_group(helper);
            }
            self.helper = None;
        }
        if ended { Ok(()) } else { Err(Error::StillRunning { pid: self.pid }) }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(helper) = &mut self.helper {
            super::kill_group(helper);
        }
    }
}

/// Starts `path` as `instance` was running: arguments, working directory, environment without loader variables and without
/// marks of one start, a process group of its own, no standard streams.
///
/// # Errors
/// [`Error::Start`].
pub fn relaunch(path: &Path, instance: &Instance) -> Result<Child, Error> {
    let mut args = instance.args.iter().map(OsString::as_os_str);
    let name = args.next();
    let cwd = instance.cwd.as_deref().filter(|cwd| cwd.is_dir()).or_else(|| path.parent());
    let wanted = Spawn {
        program: path,
        name,
        args: args.collect(),
        cwd: cwd.unwrap_or(Path::new("/")),
        env: environment(instance),
    };
    spawn(&wanted).map_err(|source| Error::Start { path: path.to_owned(), source })
}

/// The command runs in the instance's environment, so that it finds the instance as the person's own command would.
fn start_helper(program: &Path, args: &[String], instance: &Instance) -> Result<Child, Error> {
    let wanted = Spawn {
        program,
        name: None,
        args: args.iter().map(AsRef::as_ref).collect(),
        cwd: Path::new("/"),
        env: environment(instance),
    };
    spawn(&wanted).map_err(|source| Error::Start { path: program.to_owned(), source })
}

/// The environment of an instance, without what was meant for its own start alone.
fn environment(instance: &Instance) -> Vec<(OsString, OsString)> {
    let lasts = |name: &OsString| !OF_ONE_START.iter().any(|one| name == one);
    instance.env.iter().filter(|(name, _)| lasts(name)).cloned().collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
