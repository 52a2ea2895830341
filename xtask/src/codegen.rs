//! `cargo xtask codegen`: the window's TypeScript types, made from our own.
//!
//! A test of the desktop app makes them and compares; here it is told to write them. So CI needs no step of its own.

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{command, window};

/// Write, or only look.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Change nothing; fail if they are stale.
    #[arg(long)]
    check: bool,
}

/// The verb.
pub(crate) fn main(workspace: &Workspace, options: &Options) -> Result<bool> {
    window::build(workspace)?;
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--quiet", "--package", "autoupdate-tray", "--lib", "types_of_the_window"]);
    if !options.check {
        cargo.env("AUTOUPDATE_CODEGEN", "1");
    }
    command::succeeds(&mut cargo)
}
