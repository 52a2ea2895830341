//! The demo program in two versions, published on a real server, and running at a person's.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::desktop::kill;
use crate::{Person, Server, Valve, Workshop, binary, poll_until, run};

/// What the program is started with, beside its status file; one has a space, because restarts lose such things.
const ARGUMENTS: &[&str] = &["--name", "a demo"];

/// The second version has this many bytes that are in no other, so that also the difference takes its time to come.
const NEWS: usize = 1 << 20;

/// Publisher, server, tap and person, with 1.0.0 installed and 2.0.0 not published yet.
#[derive(Debug)]
pub struct Demo {
    /// The publisher.
    pub workshop: Workshop,
    /// The tap in front of the server: the person is enrolled through it.
    pub valve: Valve,
    /// The server.
    pub server: Server,
    /// The person.
    pub person: Person,
    /// The two versions.
    pub versions: [Vec<u8>; 2],
}

/// What the running program says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Status {
    /// Its version.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// What it was started with.
    pub arguments: Vec<String>,
}

impl Demo {
    /// Makes all of it; `lines` are further lines of the enrolment.
    ///
    /// # Errors
    /// If something cannot be made.
    pub fn with(lines: &str) -> Result<Self> {
        let mut noise = crate::Noise::new(2);
        let news: Vec<u8> =
            std::iter::repeat_with(|| noise.next().to_le_bytes()).take(NEWS / 8).flatten().collect();
        // What follows the last segment of an executable is never loaded.
        let versions = [stripped("demo-program-1")?, [stripped("demo-program-2")?, news].concat()];
        let workshop = Workshop::new(&[])?;
        let server = Server::of(&workshop)?;
        workshop.release(&server, "1.0.0", &versions[0])?;
        let valve = Valve::before(server.url())?;
        let person = Person::enrolled(&versions[0], &workshop.root()?, &valve.url(), lines)?;
        Ok(Self { workshop, valve, server, person, versions })
    }

    /// Publishes the second version.
    ///
    /// # Errors
    /// If it cannot be published.
    pub fn release(&self) -> Result<()> {
        self.workshop.release(&self.server, "2.0.0", &self.versions[1])
    }

    /// The person starts the program, from no terminal.
    ///
    /// # Errors
    /// If it does not come to run.
    pub fn start(&self) -> Result<Running> {
        self.start_as(self.status_file(), ARGUMENTS, Path::new("/"), &[])
    }

    /// The same for one of several windows, with a name of its own and in a folder.
    ///
    /// # Errors
    /// If it does not come to run.
    pub fn start_window(&self, name: &str, folder: &Path) -> Result<Running> {
        self.start_as(self.status_file_of(name), &["--name", name], folder, &[])
    }

    /// The same for one that another program starts, which is told at the end what to start.
    ///
    /// # Errors
    /// If it does not come to run.
    pub fn start_by(&self, name: &str, by: &[&str]) -> Result<Running> {
        self.start_as(self.status_file_of(name), &["--name", name], Path::new("/"), by)
    }

    fn start_as(&self, file: PathBuf, arguments: &[&str], folder: &Path, by: &[&str]) -> Result<Running> {
        let name = file.to_str().context("a temporary path is Unicode")?;
        let arguments = [&["--status", name], arguments].concat();
        // A file that this process has just written may still be open in a child that another test is starting.
        let child = poll_until("the demo program starts", || {
            let mut command = Command::new("setsid");
            let started = self.person.starts(&self.person.program(), &arguments);
            command
                .args(by)
                .arg(started.get_program())
                .args(started.get_args())
                .env_clear()
                .current_dir(folder);
            command.envs(started.get_envs().filter_map(|(name, value)| Some((name, value?))));
            let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
            let up = poll_until("its status", || match child.try_wait() {
                Ok(None) => status(&file).map(|_| true),
                _ended => Some(false),
            });
            up.is_ok_and(|up| up).then_some(child)
        })?;
        Ok(Running { file, child })
    }

    /// What the running program says of itself; `None` = it was never started.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        status(&self.status_file())
    }

    fn status_file(&self) -> PathBuf {
        self.person.home().join("demo-status")
    }

    fn status_file_of(&self, name: &str) -> PathBuf {
        self.person.home().join(format!("demo-status-{name}"))
    }
}

/// The program of a person. Whatever runs in its place is killed with this value.
#[derive(Debug)]
pub struct Running {
    file: PathBuf,
    child: Child,
}

impl Running {
    /// What it says of itself now.
    ///
    /// # Errors
    /// If it says nothing.
    pub fn status(&self) -> Result<Status> {
        status(&self.file).context("the demo program's status")
    }

    /// Whether the process runs that started last. One that has ended and was not collected by its parent does not.
    ///
    /// # Errors
    /// If it never said anything.
    pub fn runs(&self) -> Result<bool> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.status()?.pid));
        Ok(stat.is_ok_and(|stat| !stat.contains(") Z ")))
    }

    /// Whether the process that the person started runs still.
    ///
    /// # Errors
    /// If that cannot be told.
    pub fn first_runs(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if let Some(status) = status(&self.file).filter(|status| status.pid != self.child.id()) {
            kill(status.pid);
        }
    }
}

fn status(file: &Path) -> Option<Status> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

/// A program of this workspace as it is shipped: without what debuggers want, which is most of it.
///
/// # Errors
/// If it was not built.
pub fn stripped(name: &str) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join(name);
    run(Command::new("strip").arg("-o").args([&file, &binary(name)?]))?.expect(0)?;
    Ok(std::fs::read(file)?)
}
