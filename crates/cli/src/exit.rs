//! Exit codes: scripts branch on them, so they never change their meaning.

use std::process::ExitCode;

/// How a command ended, the best first: a command about several programs ends with the worst of theirs. What passes by
/// itself is better than what needs a person, and what may hide an attack or a fault is worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Nothing is offered, for a reason.
    NotOffered,
    /// Another process is at work.
    Busy,
    /// A person must act first.
    PersonNeeded,
    /// What is newest cannot be verified: metadata has expired.
    CannotVerify,
    /// Failed; a code was printed.
    Failed,
}

/// For the end of `--help`.
pub(crate) const HELP: &str = "Exit codes: 0 done · 1 failed (an error code is printed) · 2 wrong usage · 3 nothing is \
offered, for a reason · 4 a person must act first · 5 freshness cannot be verified · 6 another process is at work. Of several programs \
the worst counts: 1, then 5, 4, 6, 3, 0";

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

#[cfg(test)]
mod tests {
    use super::*;

    /// [`HELP`] promises this order to people.
    #[test]
    fn the_worst_of_several_is_the_promised_one() {
        let order =
            [Exit::Failed, Exit::CannotVerify, Exit::PersonNeeded, Exit::Busy, Exit::NotOffered, Exit::Done];
        assert!(order.is_sorted_by(|worse, better| worse > better), "{order:?}");
    }
}
