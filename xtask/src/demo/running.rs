//! The demo program while it runs: it says who it is in a status file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::files;

/// The longest that the program may take to say who it is.
const LIMIT: Duration = Duration::from_secs(30);

/// What the program writes into its status file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Status {
    pub(super) version: String,
    pub(super) pid: u32,
    pub(super) started: u64,
    pub(super) arguments: Vec<String>,
}

/// A program that was started, and what it said at first.
pub(super) struct Running {
    program: PathBuf,
    file: PathBuf,
    first: Status,
}

impl Running {
    /// Starts it with `--status FILE` and these arguments, and waits for its first words.
    pub(super) fn start(program: &Path, file: &Path, arguments: &[&str]) -> Result<Self> {
        // As a desktop starts it: what runs in somebody's terminal is never closed for an update.
        let mut command = Command::new("setsid");
        command.arg(program).arg("--status").arg(file).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| format!("starting {}", program.display()))?;
        // Somebody has to wait for it, else it stays in the list of processes after its end.
        thread::spawn(move || child.wait());
        let deadline = Instant::now() + LIMIT;
        let first = loop {
            match read(file) {
                Ok(status) => break status,
                Err(error) if Instant::now() >= deadline => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(10)),
            }
        };
        Ok(Self { program: program.to_path_buf(), file: file.to_path_buf(), first })
    }

    /// Why it does not run now as the new version with its old arguments. `None`: it does.
    pub(super) fn fault(&self, version: &str) -> Option<String> {
        match read(&self.file) {
            Ok(now) => fault(&self.first, &now, version, self.runs(now.pid)),
            Err(error) => Some(format!("it says nothing: {error:#}")),
        }
    }

    /// Whether this process runs the installed file. After an update the old file has no name any more.
    fn runs(&self, pid: u32) -> bool {
        fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == self.program)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(now) = read(&self.file)
            && self.runs(now.pid)
        {
            let _ = Command::new("kill").arg(now.pid.to_string()).status();
        }
    }
}

fn fault(first: &Status, now: &Status, version: &str, runs: bool) -> Option<String> {
    if now.version != version {
        return Some(format!("version {} runs instead of {version}", now.version));
    }
    if now.pid == first.pid || now.started <= first.started {
        return Some("it was not started again".to_owned());
    }
    if now.arguments != first.arguments {
        return Some(format!("it runs with {:?} instead of {:?}", now.arguments, first.arguments));
    }
    (!runs).then(|| "it was started again, but does not run any more".to_owned())
}

fn read(file: &Path) -> Result<Status> {
    let bytes = files::read(file)?;
    if bytes.is_empty() {
        bail!("{} is empty", file.display());
    }
    serde_json::from_slice(&bytes).with_context(|| format!("reading {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_is_seen_and_so_is_its_lack() {
        let old = Status { version: "1".into(), pid: 7, started: 10, arguments: vec!["a b".into()] };
        let new = Status { version: "2".into(), pid: 8, started: 11, ..old.clone() };
        assert_eq!(fault(&old, &new, "2", true), None);
        let check = |now: &Status, runs, expected: &str| {
            let fault = fault(&old, now, "2", runs).unwrap();
            assert!(fault.contains(expected), "{fault}");
        };
        check(&old, true, "version 1 runs");
        check(&Status { pid: 7, ..new.clone() }, true, "not started again");
        check(&Status { started: 10, ..new.clone() }, true, "not started again");
        check(&Status { arguments: vec![], ..new.clone() }, true, "runs with []");
        check(&new, false, "does not run any more");
    }
}
