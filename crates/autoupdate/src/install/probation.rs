//! Does the fresh version live?
//!
//! Two of the three health rules are watched here, from outside: a probe is run once, a relaunched program must stay
//! alive. The third, confirmation, is the program's own word: `supervise.rs`.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use crate::error::{Actor, Fault, Phase};
use crate::platform::{Spawn, kill_group, spawn, wait_child};
use crate::start::START_PROBE;

/// How long a probe may run.
pub const PROBE_TIME: Duration = Duration::from_secs(10);

/// A fresh version did not pass its probe or did not live long enough.
#[derive(Debug, thiserror::Error)]
pub enum Unhealthy {
    /// It could not be started at all.
    #[error("the new version cannot be started: {0}")]
    NotStarted(io::Error),
    /// It ended with a failure, or too early.
    #[error("the new version ended with {0}")]
    Ended(ExitStatus),
    /// It did not end in time.
    #[error("the new version did not end within {0:?}")]
    TimedOut(Duration),
    /// The system did not let us watch it.
    #[error("the new version cannot be watched: {0}")]
    Unwatched(io::Error),
}

impl Unhealthy {
    /// What this means to people.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let code = match self {
            Self::NotStarted(_) => "E-RUN-NOT-STARTED",
            Self::Ended(_) => "E-RUN-ENDED",
            Self::TimedOut(_) => "E-RUN-HANGS",
            Self::Unwatched(_) => return Fault::passing("E-RUN-UNWATCHED", Phase::Probation, Actor::Machine),
        };
        Fault::lasting(code, Phase::Probation, Actor::Repository)
    }

    /// Whether it tells something about the new version, as opposed to this machine at this moment: only then is that version
    /// never offered here again.
    #[must_use]
    pub fn blames_the_version(&self) -> bool {
        match self {
            Self::NotStarted(error) => is_no_program(error),
            Self::Ended(_) | Self::TimedOut(_) => true,
            Self::Unwatched(_) => false,
        }
    }
}

/// Whether the system said that a file is nothing that it could ever run, or names an interpreter that is not there.
pub(crate) fn is_no_program(error: &io::Error) -> bool {
    #[cfg(unix)]
    let format = Some(rustix::io::Errno::NOEXEC.raw_os_error());
    // ERROR_BAD_EXE_FORMAT, Windows "System Error Codes (0-499)".
    #[cfg(windows)]
    let format = Some(193);
    error.raw_os_error() == format || error.kind() == io::ErrorKind::NotFound
}

/// Runs the program once with `args`: it must end with exit code 0 within `limit`, else it and its process group are
/// killed. Blocks for at most `limit` and a moment.
///
/// # Errors
/// What was wrong with it.
pub fn run_probe(program: &Path, args: &[String], limit: Duration) -> Result<(), Unhealthy> {
    run(program, args, std::env::vars_os().collect(), limit)
}

/// Starts a program that calls [`crate::init`] first in its `main`, and expects it to end there. Says whether it starts at all:
/// its format, its libraries, its first lines. Otherwise as [`run_probe`].
///
/// # Errors
/// What was wrong with it.
pub fn run_start_probe(program: &Path, limit: Duration) -> Result<(), Unhealthy> {
    let mark = (START_PROBE.into(), "1".into());
    run(program, &[], std::env::vars_os().chain([mark]).collect(), limit)
}

fn run(
    program: &Path,
    args: &[String],
    env: Vec<(OsString, OsString)>,
    limit: Duration,
) -> Result<(), Unhealthy> {
    let wanted = Spawn {
        program,
        name: None,
        args: args.iter().map(AsRef::as_ref).collect(),
        cwd: program.parent().unwrap_or(Path::new("/")),
        env,
    };
    let mut child = spawn(&wanted).map_err(Unhealthy::NotStarted)?;
    match wait_child(&mut child, limit) {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => Err(Unhealthy::Ended(status)),
        Ok(None) => {
            kill_group(&mut child);
            Err(Unhealthy::TimedOut(limit))
        }
        Err(error) => {
            kill_group(&mut child);
            Err(Unhealthy::Unwatched(error))
        }
    }
}

/// Waits until `time` has passed or `child` ended, whichever is first. Blocks for at most `time`.
///
/// # Errors
/// [`Unhealthy::Ended`] if it ended before.
pub fn watch_alive(child: &mut Child, time: Duration) -> Result<(), Unhealthy> {
    match wait_child(child, time) {
        Ok(None) => Ok(()),
        Ok(Some(status)) => Err(Unhealthy::Ended(status)),
        Err(error) => Err(Unhealthy::Unwatched(error)),
    }
}

#[cfg(all(test, unix))]
mod tests {
    #[cfg(target_os = "linux")]
    use std::time::Instant;

    use super::*;

    fn probe(script: &str, limit: Duration) -> Result<(), String> {
        let args = ["-c".to_owned(), script.to_owned()];
        run_probe(Path::new("/bin/sh"), &args, limit).map_err(|error| error.fault().code.to_owned())
    }

    #[test]
    fn a_probe_ends_with_zero_in_time() {
        let check = |script, limit, expected: Result<(), &str>| {
            assert_eq!(probe(script, limit), expected.map_err(str::to_owned), "{script}");
        };
        check("exit 0", PROBE_TIME, Ok(()));
        check("exit 3", PROBE_TIME, Err("E-RUN-ENDED"));
        check("kill -9 $$", PROBE_TIME, Err("E-RUN-ENDED"));
        check("exec sleep 600", Duration::from_millis(50), Err("E-RUN-HANGS"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_children_of_a_hanging_probe_end_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, file) = (folder.path().join("pipe"), folder.path().join("pid"));
        // The grandchild writes its id, then waits for a pipe that nobody opens.
        let script = format!(
            "mkfifo {pipe}; sh -c 'echo $$ > {file}; mv {file} {file}.done; read x < {pipe}' & wait",
            pipe = pipe.display(),
            file = file.display()
        );
        assert_eq!(probe(&script, Duration::from_secs(3)), Err("E-RUN-HANGS".to_owned()));
        let pid = std::fs::read_to_string(format!("{}.done", file.display())).unwrap();
        let stat = || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        let ended = || stat().is_empty() || stat().contains(") Z ");
        let deadline = Instant::now() + PROBE_TIME;
        while !ended() {
            assert!(Instant::now() < deadline, "it still runs: {}", stat());
            std::thread::yield_now();
        }
    }

    #[test]
    fn what_is_no_program_cannot_be_started() {
        let folder = tempfile::tempdir().unwrap();
        let check = |path: &Path| {
            let error = run_probe(path, &[], PROBE_TIME).unwrap_err();
            assert_eq!(error.fault().code, "E-RUN-NOT-STARTED", "{}", path.display());
        };
        check(&folder.path().join("missing"));
        std::fs::write(folder.path().join("text"), "no program").unwrap();
        check(&folder.path().join("text"));
    }

    #[test]
    fn alive_means_until_the_end_of_the_time() {
        let check = |script: &str, time, expected: Result<(), &str>| {
            let mut child = std::process::Command::new("/bin/sh").args(["-c", script]).spawn().unwrap();
            let seen = watch_alive(&mut child, time).map_err(|error| error.fault().code);
            assert_eq!(seen, expected, "{script}");
            let _ = child.kill();
            child.wait().unwrap();
        };
        check("exec sleep 600", Duration::from_millis(50), Ok(()));
        check("exit 0", PROBE_TIME, Err("E-RUN-ENDED"));
    }
}
