//! What strace makes of a call, and how the verb ends then.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use super::{Call, Scenario, Scene, Snapshot};
use crate::{binary, run};

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL at its entry: it does not happen any more.
    Kill,
    /// It fails with this error, once.
    Errno(&'static str),
    /// It and every later one of its name fail with this error.
    Lasting(&'static str),
    /// It does nothing and says that it has.
    Lie,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Exit code; `None`: a signal.
    pub code: Option<i32>,
    /// What it said on standard error.
    pub said: String,
}

impl Fault {
    /// For strace.
    fn at(self, call: &Call) -> String {
        let Call { name, nth, .. } = call;
        match self {
            Self::Kill => format!("inject={name}:signal=SIGKILL:when={nth}"),
            Self::Errno(error) => format!("inject={name}:error={error}:when={nth}"),
            Self::Lasting(error) => format!("inject={name}:error={error}:when={nth}+"),
            Self::Lie => format!("inject={name}:retval=0:when={nth}"),
        }
    }
}

impl Ended {
    /// Runs `install-step WORDS` with these faults. One name can have one fault.
    ///
    /// # Errors
    /// If it cannot be run.
    pub fn of(words: &[String], without_links: bool, faults: &[(Fault, &Call)]) -> Result<Self> {
        let mut names: Vec<&str> = faults.iter().map(|(_, call)| call.name.as_str()).collect();
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o", "/dev/null"]);
        if !faults.iter().any(|(fault, _)| *fault == Fault::Kill) {
            // Stops at the named calls alone. Signals are lost with it (strace 6.1).
            strace.arg("--seccomp-bpf");
        }
        for (fault, call) in faults {
            strace.args(["-e", &fault.at(call)]);
        }
        if without_links && !names.contains(&"linkat") {
            names.extend(["linkat", "link"]);
            strace.args(["-e", &Call::no_links()]);
        }
        let trace = if names.is_empty() { "none".to_owned() } else { names.join(",") };
        strace.args(["-e", &format!("trace={trace}")]);
        strace.arg("--").arg(binary("install-step")?).args(words);
        let answer = run(&mut strace).context("strace")?;
        Ok(Self { code: answer.code, said: answer.err })
    }

    /// Killed as it was meant to be.
    ///
    /// # Errors
    /// If it came to an end of its own.
    pub fn died(&self) -> Result<()> {
        ensure!(self.code.is_none(), "it was not killed but ended with {:?}: {}", self.code, self.said);
        Ok(())
    }

    /// Whether it did its work; if not, it said why with an error of the installer.
    ///
    /// # Errors
    /// If it did neither: a panic, a signal, an error without a code.
    pub fn did_or_said_why(&self) -> Result<bool> {
        match self.code {
            Some(0) => Ok(true),
            // Where every write fails it cannot say anything.
            Some(3) if self.said.is_empty() || self.said.contains(" E-") => Ok(false),
            _ => bail!("it ended with {:?} and said: {}", self.code, self.said),
        }
    }
}

/// What a death just before the program is replaced leaves, and one just after.
///
/// # Errors
/// If it is not replaced.
pub fn around_the_exchange(begin: &Snapshot, scenario: &Scenario) -> Result<Vec<Snapshot>> {
    let calls = Call::all(&scenario.words(&Scene::from(begin, scenario)?), scenario.without_links)?;
    let exchange = calls.iter().position(Call::replaces_the_program).context("nothing is replaced")?;
    let states = calls[exchange..].iter().take(2).map(|call| {
        let scene = Scene::from(begin, scenario)?;
        Ended::of(&scenario.words(&scene), scenario.without_links, &[(Fault::Kill, call)])?.died()?;
        Snapshot::of(&scene.apps())
    });
    states.collect()
}

/// Whether strace is at hand.
#[must_use]
pub fn there_is_strace() -> bool {
    Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok()
}
