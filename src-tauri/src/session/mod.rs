//! The person's session: it waits while a program is being replaced, and says when it ends.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "other.rs")]
mod system;

use std::path::Path;
use std::pin::Pin;
use std::process::Child;
use std::time::Instant;

use autoupdate::driver::{Platform, Session, ThisMachine};
use autoupdate::platform::processes::{Error, Instance, Outdated};
use protocol::Close;

pub(crate) use system::{ends, watch};

/// The machine with a session on it.
#[derive(Debug)]
pub(crate) struct Desktop;

impl Platform for Desktop {
    fn platform(&self) -> Option<protocol::Platform> {
        ThisMachine.platform()
    }

    fn os_version(&self) -> Option<String> {
        ThisMachine.os_version()
    }

    fn instances(&self, path: &Path) -> Result<Vec<Instance>, Error> {
        ThisMachine.instances(path)
    }

    fn outdated(&self, path: &Path) -> Result<Vec<Outdated>, Error> {
        ThisMachine.outdated(path)
    }

    fn close(&self, path: &Path, instance: &Instance, how: &Close, deadline: Instant) -> Result<(), Error> {
        ThisMachine.close(path, instance, how, deadline)
    }

    fn relaunch(&self, path: &Path, instance: &Instance) -> Result<Child, Error> {
        ThisMachine.relaunch(path, instance)
    }

    fn closed(&self, path: &Path) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        ThisMachine.closed(path)
    }

    fn hold_session(&self) -> Session {
        system::hold()
    }
}
