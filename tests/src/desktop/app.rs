//! The app as a process.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

use crate::{Person, poll_until};

/// The running app. Killed with its value.
#[derive(Debug)]
pub struct TrayApp {
    child: Child,
    /// What it says on standard error. Not on that of the tests: the lines of their results would be torn.
    said: tempfile::NamedTempFile,
    /// Where its log lies, and that of whoever takes its place.
    log: Option<PathBuf>,
}

impl TrayApp {
    /// Starts it, as a command of [`Desktop::command_of`](super::Desktop::command_of).
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        let said = tempfile::NamedTempFile::new()?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said.reopen()?);
        let state =
            command.get_envs().find(|(name, _)| *name == "XDG_STATE_HOME").and_then(|(_, value)| value);
        let log = state.map(|state| Path::new(state).join("autoupdate/log"));
        Ok(Self { child: command.spawn().context("the app")?, said, log })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it runs.
    ///
    /// # Errors
    /// If that cannot be told.
    pub fn runs(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Waits until it has become the one engine of this person: others can talk to it.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn serves(&self, person: &Person) -> Result<()> {
        let socket = person.folders().socket();
        poll_until("the app's socket", || UnixStream::connect(&socket).ok()).map(drop)
    }

    /// Its log so far.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn log(&self) -> Result<String> {
        let mut log = String::new();
        for file in fs::read_dir(self.log.as_ref().context("its folder")?)? {
            log.push_str(&fs::read_to_string(file?.path())?);
        }
        Ok(log)
    }

    /// How it ended, as soon as it has.
    ///
    /// # Errors
    /// If it does not end.
    pub fn ended(&mut self) -> Result<ExitStatus> {
        poll_until("the app ends", || self.child.try_wait().ok().flatten())
    }

    /// Asks it to end, as the session does.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub fn terminate(&self) -> Result<()> {
        Command::new("kill").args(["-TERM", &self.pid().to_string()]).status()?;
        Ok(())
    }

    /// Ends it as the kernel does when memory is short.
    ///
    /// # Errors
    /// If it does not die.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// How many processes draw pages for it.
    #[must_use]
    pub fn web_processes(&self) -> usize {
        children_of(self.pid()).into_iter().filter(|child| is_called(*child, "WebKitWebProces")).count()
    }
}

impl Drop for TrayApp {
    fn drop(&mut self) {
        // The processes that draw pages outlive it by a moment, and would write into folders that go.
        let children = children_of(self.pid());
        self.child.kill().ok();
        self.child.wait().ok();
        children.into_iter().for_each(kill);
        // Seen where the test fails.
        println!("the app said: {}", fs::read_to_string(self.said.path()).unwrap_or_default());
        let log = self.log.as_ref().and_then(|folder| fs::read_dir(folder).ok());
        for file in log.into_iter().flatten().flatten() {
            println!("its log:\n{}", fs::read_to_string(file.path()).unwrap_or_default());
        }
    }
}

/// Ends a process at once. What has gone already is no error.
pub fn kill(pid: u32) {
    Command::new("kill").args(["-9", &pid.to_string()]).stderr(Stdio::null()).status().ok();
}

/// All processes that this one has started, and theirs.
#[must_use]
pub fn children_of(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return found };
    for task in tasks.flatten() {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
            found.push(child);
            found.extend(children_of(child));
        }
    }
    found
}

/// Whether the kernel calls a process so: its first 15 letters.
fn is_called(pid: u32, name: &str) -> bool {
    fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("comm"))
        .is_ok_and(|comm| comm.trim() == name)
}
