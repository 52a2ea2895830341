//! What a program costs, as the kernel counted it.
//!
//! `getrusage` knows the sum of a process's children. So each program is the only child of a process of its own: this
//! program, started again with [`WORD`]. A child counts as large as what started it was, so that is kept small.

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};

use crate::command;

/// The first argument that makes this program start another one and say what it cost.
const WORD: &str = "measured";

/// This very program, also when it was built anew while it runs: that takes an hour.
const MYSELF: &str = "/proc/self/exe";

/// The longest that one program may take.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// What one or several programs, one after the other, cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Cost {
    /// The processor's time in the programs' own code, in microseconds.
    pub(super) user: u64,
    /// The processor's time in the kernel, in microseconds.
    pub(super) system: u64,
    /// The most memory that one of them held, in bytes.
    pub(super) rss: u64,
}

impl Cost {
    /// After this, that.
    fn then(self, next: Self) -> Self {
        Self { user: self.user + next.user, system: self.system + next.system, rss: self.rss.max(next.rss) }
    }

    /// The mean time and the largest memory of equal runs.
    pub(super) fn mean(runs: &[Self]) -> Self {
        let count = runs.len().max(1) as u64;
        let all = runs.iter().fold(Self::default(), |all, run| all.then(*run));
        Self { user: all.user / count, system: all.system / count, rss: all.rss }
    }
}

/// A program and its arguments.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
}

/// Runs them one after the other; each must succeed.
pub(super) fn cost(runs: &[Run]) -> Result<Cost> {
    runs.iter().try_fold(Cost::default(), |all, run| Ok(all.then(one(run)?)))
}

fn one(run: &Run) -> Result<Cost> {
    let mut command = Command::new(MYSELF);
    command.arg(WORD).arg(&run.program).args(&run.arguments);
    let ended = command::run_within(&mut command, LIMIT)?;
    let last = ended.text.lines().next_back().unwrap_or_default();
    match ended.status {
        Some(status) if status.success() => {
            serde_json::from_str(last).with_context(|| format!("what was measured is `{last}`"))
        }
        Some(_) => bail!("`{}` failed: {}", command::words(&command), ended.text.trim()),
        None => {
            bail!("`{}` took more than {} minutes", command::words(&command), LIMIT.as_secs() / 60)
        }
    }
}

/// What `main` does first of all: if the first argument is [`WORD`], to be that process.
pub(crate) fn launch() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != WORD {
        return None;
    }
    let mut command = Command::new(words.next()?);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null());
    Some(match launched(&mut command) {
        Ok(cost) => {
            println!("\n{cost}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    })
}

fn launched(command: &mut Command) -> Result<String> {
    let status = command.status().context("it could not be started")?;
    if !status.success() {
        bail!("it ended with {status}");
    }
    Ok(serde_json::to_string(&read(&getrusage(UsageWho::RUSAGE_CHILDREN)?))?)
}

fn read(usage: &Usage) -> Cost {
    let micros = |time: TimeVal| u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap_or(0);
    Cost {
        user: micros(usage.user_time()),
        system: micros(usage.system_time()),
        // Linux counts it in KiB: getrusage(2).
        rss: u64::try_from(usage.max_rss()).unwrap_or(0) * 1024,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(user: u64, rss: u64) -> Cost {
        Cost { user, system: 1, rss }
    }

    #[test]
    fn times_add_up_and_memory_does_not() {
        assert_eq!(of(5, 70).then(of(6, 50)), Cost { user: 11, system: 2, rss: 70 });
    }

    #[test]
    fn of_equal_runs_the_mean_time_counts_and_the_largest_memory() {
        assert_eq!(Cost::mean(&[of(4, 70), of(8, 90), of(6, 80)]), Cost { user: 6, system: 1, rss: 90 });
        assert_eq!(Cost::mean(&[]), Cost::default());
    }
}
