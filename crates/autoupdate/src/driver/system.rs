//! What the engine needs of the machine that a test must be able to set: the clock, and other programs.

use std::fmt::Debug;
use std::path::Path;
use std::pin::Pin;
use std::process::Child;
use std::time::Instant;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use protocol::Close;

use crate::platform::clock_steps;
use crate::platform::kernel_version::kernel_version;
use crate::platform::os_version::os_version;
use crate::platform::processes::{self, Error, Instance, Outdated};

/// The wall clock. It may be wrong, and may be set at any time.
pub trait Clock: Debug + Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// The zone that people here read it in.
    fn zone(&self) -> TimeZone {
        TimeZone::system()
    }

    /// Waits until it is set, or the machine wakes up; for ever where that cannot be told.
    fn stepped(&self) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn stepped(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(clock_steps::stepped())
    }
}

/// Whether the person's session waits with its end while a program is being replaced.
#[derive(Debug)]
pub enum Session {
    /// It waits until this is dropped, as long as the system lets it.
    Waits(Box<dyn Debug + Send>),
    /// Nobody can be asked to wait here.
    Unasked,
    /// It ends already, so nothing is to be begun.
    Ends,
}

/// The machine, and the programs that run on it. Calls may block.
pub trait Platform: Debug + Send + Sync {
    /// What kind of machine it is; `None` = a kind that we have no name for.
    fn platform(&self) -> Option<protocol::Platform>;

    /// The version of the operating system, as that system counts it; `None` = cannot be told.
    fn os_version(&self) -> Option<String>;

    /// The version of the kernel, where it is a semantic one; else empty.
    fn kernel_version(&self) -> String {
        kernel_version()
    }

    /// The running instances of the program at `path`, of this user.
    ///
    /// # Errors
    /// They cannot be listed.
    fn instances(&self, path: &Path) -> Result<Vec<Instance>, Error>;

    /// The processes that go on with bytes of the program at `path` that are no longer in place, of all users as far as that can
    /// be known.
    ///
    /// # Errors
    /// They cannot be listed.
    fn outdated(&self, path: &Path) -> Result<Vec<Outdated>, Error>;

    /// Asks an instance to close and waits until it has, or until `deadline`. Never kills.
    ///
    /// # Errors
    /// It cannot be asked, or did not close.
    fn close(&self, path: &Path, instance: &Instance, how: &Close, deadline: Instant) -> Result<(), Error>;

    /// Waits until no instance of the program at `path` runs any more, of this user and in no terminal; for ever where that cannot
    /// be told.
    fn closed(&self, path: &Path) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Starts `path` as `instance` was running.
    ///
    /// # Errors
    /// It cannot be started.
    fn relaunch(&self, path: &Path, instance: &Instance) -> Result<Child, Error>;

    /// Asks the session not to end for the moment that a program is closed, replaced and started in. An engine without a desktop
    /// around it asks nobody.
    fn hold_session(&self) -> Session {
        Session::Unasked
    }
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

    fn outdated(&self, path: &Path) -> Result<Vec<Outdated>, Error> {
        processes::outdated(path)
    }

    fn close(&self, path: &Path, instance: &Instance, how: &Close, deadline: Instant) -> Result<(), Error> {
        processes::close(path, instance, how, deadline)
    }

    fn relaunch(&self, path: &Path, instance: &Instance) -> Result<Child, Error> {
        processes::relaunch(path, instance)
    }

    fn closed(&self, path: &Path) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let path = path.to_owned();
        Box::pin(processes::closed(move || {
            let instances = processes::instances(&path)?;
            Ok(instances.into_iter().filter(|instance| !instance.terminal).collect())
        }))
    }
}
