//! The first and the second thing that a program which updates itself does: [`init`] and [`confirm`].
//!
//! A version that does not even start cannot undo itself, and nobody watches a program that a person starts. So the starts of
//! a fresh version are counted before it does anything else, and a version that was started [`MAX_STARTS`] times without
//! confirming is undone at its next start.
//!
//! [`MAX_STARTS`]: crate::install::MAX_STARTS

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::driver::work::private_folder;
use crate::error::Error;
use crate::install::{self, Place, Recovered, RolledBack, Start};
use crate::updater::own_path;

/// Set in the environment of a program that is to end in [`init`]: whether it starts at all is asked before it may replace
/// its predecessor, which nobody could do for it later.
pub(crate) const START_PROBE: &str = "AUTOUPDATE_START_PROBE";

/// What a start of the program is.
#[derive(Debug)]
pub enum Started {
    /// A start like any other.
    Plain,
    /// A fresh version that must confirm; this was its start of that number, from 1.
    OnProbation(usize),
    /// The previous version is in place again: it must run instead of this one.
    RolledBack(Back),
}

/// The previous version is in place again.
#[derive(Debug)]
pub struct Back {
    path: PathBuf,
}

impl Back {
    /// Starts the previous version with the arguments of this program. On Unix it takes this program's place, so this
    /// only comes back if that fails; elsewhere it runs beside it: return from `main` then.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn restart(self) -> Result<(), Error> {
        let mut command = Command::new(&self.path);
        command.args(std::env::args_os().skip(1));
        #[cfg(unix)]
        {
            Err(Error::Restart(std::os::unix::process::CommandExt::exec(&mut command)))
        }
        #[cfg(not(unix))]
        {
            command.spawn().map(drop).map_err(Error::Restart)
        }
    }
}

/// To be called first in `main`: finishes or undoes what an earlier process left, counts the starts of a fresh version and
/// undoes one that never confirmed. Quick when nothing is in progress.
///
/// Never keeps the program from starting: where the place cannot be read or written (a full disk, a read-only one, a folder
/// of another user), that is logged, and the start is a plain one.
///
/// A program that an updater starts only to see whether it starts at all ends here.
#[must_use]
pub fn init() -> Started {
    if std::env::var_os(START_PROBE).is_some() {
        end_probe();
    }
    let started = own_path().and_then(|path| init_at(&path));
    started.unwrap_or_else(|error| {
        tracing::warn!(%error, "what an earlier update left cannot be looked at; the program starts all the same");
        Started::Plain
    })
}

/// It came as far as this: that is the whole proof.
// The one way to end a program from inside of its `main` that does not depend on what it would do next.
#[allow(clippy::exit)]
fn end_probe() -> ! {
    std::process::exit(0)
}

/// [`init`] for the program at `path`, without the probe.
///
/// # Errors
/// The place cannot be read or written. The program may run all the same.
pub fn init_at(path: &Path) -> Result<Started, Error> {
    // Nothing of ours beside the program: it was never updated here, and a start leaves no trace.
    if !private_folder(path).is_some_and(|folder| folder.exists()) {
        return Ok(Started::Plain);
    }
    let mut place = match Place::open(path) {
        Ok(place) => place,
        // Whoever holds the place watches over it.
        Err(install::Error::Locked { .. }) => return Ok(Started::Plain),
        Err(error) => return Err(error.into()),
    };
    match place.recovered().clone() {
        Recovered::RolledBack(done) => return Ok(back(&mut place, path, &done)),
        Recovered::Nothing
        | Recovered::Undone
        | Recovered::Finished
        | Recovered::InProbation(_)
        | Recovered::Replaced
        | Recovered::CannotRollBack => {}
    }
    Ok(match place.count_start(jiff::Timestamp::now())? {
        Start::Free => Started::Plain,
        Start::Counted(number) => Started::OnProbation(number),
        Start::RolledBack(done) => back(&mut place, path, &done),
    })
}

/// The engine of the previous version, or another one on this machine, tells the person.
fn back(place: &mut Place, path: &Path, done: &RolledBack) -> Started {
    if let Err(error) = place.leave_word(done) {
        tracing::warn!(%error, "nobody will tell that this version was undone");
    }
    Started::RolledBack(Back { path: path.to_owned() })
}

/// To be called once the program works: a fresh version is then kept for good. Gives whether there was one to confirm.
///
/// What keeps it from being written down is logged: the program works, and its next start tries again.
#[allow(clippy::must_use_candidate)]
pub fn confirm() -> bool {
    let confirmed = own_path().and_then(|path| confirm_at(&path));
    confirmed.unwrap_or_else(|error| {
        tracing::warn!(%error, "that this version works could not be written down; its next start tries again");
        false
    })
}

/// [`confirm`] for the program at `path`.
///
/// # Errors
/// The place cannot be read or written.
pub fn confirm_at(path: &Path) -> Result<bool, Error> {
    if !private_folder(path).is_some_and(|folder| folder.exists()) || !install::confirm(path)? {
        return Ok(false);
    }
    // Whoever watches commits; where nobody does, we do.
    match Place::open(path) {
        Ok(mut place) => {
            if place.probation().is_some_and(|probation| probation.confirmed) {
                place.commit()?;
            }
        }
        Err(install::Error::Locked { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(true)
}
