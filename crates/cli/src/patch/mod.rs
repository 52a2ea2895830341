//! `autoupdate patch`: patches between any two files, without keys, repository or server. One file per verb.
//!
//! What is read is a plain file ([`source`]); what is written gets its name when it is whole and on the disk, whatever
//! happens before ([`fresh`], [`interruption`]); what does not fit is named, with what to do ([`pair`]).

mod apply;
mod fresh;
mod info;
mod interruption;
mod make;
mod pair;
mod size;
mod source;
mod verify;

use clap::Subcommand;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Make patches between two files, apply them, look at them.
///
/// For one's own channels, for measuring and for support: a server makes patches by itself, and the engine applies them.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Make(make::Args),
    Apply(apply::Args),
    Info(info::Args),
    Verify(verify::Args),
}

impl Verb {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        match self {
            Self::Make(args) => args.run(out),
            Self::Apply(args) => args.run(out),
            Self::Info(args) => args.run(out),
            Self::Verify(args) => args.run(out),
        }
    }
}
