//! `autoupdate`: one command for publishers, users and the people who help them.
//!
//! A verb is a file with its arguments and one function `run`; adding one is a variant of [`Verb`] and a line in
//! [`Verb::run`]. Results go to standard output, as text or with `--json` as one JSON object; everything else goes to
//! standard error. Exit codes are a contract: see [`exit::Exit`].
//!
//! Layout: `user/` the verbs of people with installed programs · `publisher/` of whoever makes releases ·
//! `patch/` patches between any two files · `exit`, `failure`, `log`, `output` what all verbs share ·
//! `guide` completions and manual.

mod exit;
mod failure;
mod guide;
mod log;
mod output;
mod patch;
mod publisher;
mod user;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Keeps programs up to date, safely: updates what is installed; makes, signs and publishes releases.
#[derive(Debug, Parser)]
#[command(name = "autoupdate", version, max_term_width = 110, after_help = exit::HELP)]
struct Command {
    /// Answer with one JSON object on standard output.
    #[arg(long, global = true)]
    json: bool,
    /// Say on standard error what is being done; twice for every detail.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[command(flatten)]
    User(user::Verb),
    Keygen(publisher::keygen::Args),
    Init(publisher::init::Args),
    Add(publisher::add::Args),
    List(publisher::list::Args),
    Diff(publisher::diff::Args),
    Promote(publisher::promote::Args),
    Withdraw(publisher::withdraw::Args),
    Sign(publisher::sign::Args),
    Publish(publisher::publish::Args),
    Rollout(publisher::rollout::Args),
    Refresh(publisher::refresh::Args),
    #[command(subcommand)]
    Root(publisher::root::Verb),
    Verify(publisher::verify::Args),
    #[command(subcommand)]
    Patch(patch::Verb),
    #[command(flatten)]
    Guide(guide::Verb),
}

impl Verb {
    fn run(self, out: &Output) -> Result<Exit, Failure> {
        match self {
            Self::User(verb) => user::run(verb, out),
            Self::Keygen(args) => args.run(out),
            Self::Init(args) => args.run(out),
            Self::Add(args) => args.run(out),
            Self::List(args) => args.run(out),
            Self::Diff(args) => args.run(out),
            Self::Promote(args) => args.run(out),
            Self::Withdraw(args) => args.run(out),
            Self::Sign(args) => args.run(out),
            Self::Publish(args) => args.run(out),
            Self::Rollout(args) => args.run(out),
            Self::Refresh(args) => args.run(out),
            Self::Root(verb) => verb.run(out),
            Self::Verify(args) => args.run(out),
            Self::Patch(verb) => verb.run(out),
            Self::Guide(verb) => guide::run(&verb, Command::command(), out),
        }
    }
}

fn main() -> ExitCode {
    let command = Command::parse();
    log::start(command.verbose);
    let out = Output::new(command.json);
    let exit = command.verb.run(&out).unwrap_or_else(|failure| out.failed(&failure));
    exit.into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        super::Command::command().debug_assert();
    }

    #[test]
    fn every_verb_explains_itself() {
        fn check(command: &clap::Command) {
            for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
                assert!(verb.get_about().is_some(), "{}", verb.get_name());
                for argument in verb.get_arguments() {
                    assert!(argument.get_help().is_some(), "{} {}", verb.get_name(), argument.get_id());
                }
                check(verb);
            }
        }
        let mut command = super::Command::command();
        command.build();
        check(&command);
    }
}
