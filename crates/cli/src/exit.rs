//! Exit codes: scripts branch on them, so they never change their meaning.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Failed; a code was printed.
    Failed,
    /// Nothing is offered, for a reason.
    NotOffered,
    /// A person must act first.
    PersonNeeded,
    /// What is newest cannot be verified: metadata has expired.
    CannotVerify,
    /// Another process is at work.
    Busy,
}

/// For the end of `--help`.
pub(crate) const HELP: &str = "Exit codes: 0 done · 1 failed (an error code is printed) · 2 wrong usage · 3 nothing is \
offered, for a reason · 4 a person must act first · 5 freshness cannot be verified · 6 another process is at work";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            // 2 is clap's own, for wrong usage.
            Exit::NotOffered => 3,
            Exit::PersonNeeded => 4,
            Exit::CannotVerify => 5,
            Exit::Busy => 6,
        })
    }
}
