//! What the engine needs of the machine that a test must be able to set: the clock, and other programs.

use std::fmt::Debug;
use std::path::Path;
use std::process::Child;
use std::time::Instant;

use jiff::Timestamp;
use protocol::Close;

use crate::platform::processes::{self, Error, Instance};

/// The wall clock. It may be wrong, and may be set at any time.
pub trait Clock: Debug + Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The machine, and the programs that run on it. Calls may block.
pub trait Platform: Debug + Send + Sync {
    /// What kind of machine it is; `None` = a kind that we have no name for.
    fn platform(&self) -> Option<protocol::Platform>;

    /// The version of the operating system, as that system counts it; `None` = cannot be told.
    fn os_version(&self) -> Option<String>;

    /// The running instances of the program at `path`, of this user.
    ///
    /// # Errors
    /// They cannot be listed.
    fn instances(&self, path: &Path) -> Result<Vec<Instance>, Error>;

    /// Asks an instance to close and waits until it has, or until `deadline`. Never kills.
    ///
    /// # Errors
    /// It cannot be asked, or did not close.
    fn close(&self, path: &Path, instance: &Instance, how: &Close, deadline: Instant) -> Result<(), Error>;

    /// Starts `path` as `instance` was running.
    ///
    /// # Errors
    /// It cannot be started.
    fn relaunch(&self, path: &Path, instance: &Instance) -> Result<Child, Error>;
}

/// The machine that this runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThisMachine;

impl Platform for ThisMachine {
    fn platform(&self) -> Option<protocol::Platform> {
        protocol::Platform::current()
    }

    fn os_version(&self) -> Option<String> {
        os_version()
    }

    fn instances(&self, path: &Path) -> Result<Vec<Instance>, Error> {
        processes::instances(path)
    }

    fn close(&self, path: &Path, instance: &Instance, how: &Close, deadline: Instant) -> Result<(), Error> {
        processes::close(path, instance, how, deadline)
    }

    fn relaunch(&self, path: &Path, instance: &Instance) -> Result<Child, Error> {
        processes::relaunch(path, instance)
    }
}

/// The kernel's release: what Linux programs depend on and can be compared across distributions.
#[cfg(target_os = "linux")]
fn os_version() -> Option<String> {
    let name = rustix::system::uname();
    name.release().to_str().ok().map(ToOwned::to_owned)
}

/// Not read yet on this system: a release that names a lowest version is then not offered.
#[cfg(not(target_os = "linux"))]
fn os_version() -> Option<String> {
    None
}
