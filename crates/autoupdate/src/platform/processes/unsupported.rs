//! Neither the standard library nor a safe crate lists processes here in a way that can tell instances from other
//! programs of the same name. So none is found and nobody is closed: the new bytes are put in place beside whatever still
//! runs on the old ones, and serve the program's next start. That is what an instance in a terminal gets on every system.
//! What would need a process that was found says that there is no way.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::time::Instant;

use super::{Error, Instance, Outdated};

/// No process can be watched.
#[derive(Debug)]
pub(super) struct Watched(Infallible);

impl Watched {
    pub(super) fn wait(&self, _deadline: Instant) -> io::Result<bool> {
        match self.0 {}
    }

    #[allow(clippy::unused_async)] // the same shape as where it waits
    pub(super) async fn ended(self) -> io::Result<()> {
        match self.0 {}
    }
}

#[allow(clippy::unnecessary_wraps)] // the same shape as where it can fail
pub(super) fn instances(_path: &Path) -> Result<Vec<Instance>, Error> {
    Ok(Vec::new())
}

#[allow(clippy::unnecessary_wraps)] // the same shape as where it can fail
pub(super) fn outdated(_path: &Path) -> Result<Vec<Outdated>, Error> {
    Ok(Vec::new())
}

pub(super) fn watch(_instance: &Instance) -> Result<Option<Watched>, Error> {
    Err(Error::Unsupported { what: "watch a running program" })
}

pub(super) fn terminate(_instance: &Instance, watched: Option<&Watched>) -> Result<(), Error> {
    match watched {
        Some(watched) => match watched.0 {},
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This very program runs, and an update of it is in nobody's way.
    #[test]
    fn nobody_must_be_closed_and_who_is_named_cannot_be() {
        let own = std::env::current_exe().unwrap();
        assert_eq!(instances(&own).unwrap(), []);
        assert_eq!(outdated(&own).unwrap(), []);
        let instance = Instance {
            pid: std::process::id(),
            started: 0,
            args: Vec::new(),
            cwd: None,
            env: Vec::new(),
            terminal: false,
            outdated: false,
        };
        let error = watch(&instance).unwrap_err();
        assert_eq!(error.fault().code, "E-RUN-UNSUPPORTED");
        assert!(terminate(&instance, None).is_ok(), "who has ended needs no word");
    }
}
