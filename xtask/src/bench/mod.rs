//! `cargo xtask bench`: figures that we promise, measured on this machine, judged, and kept in `docs/bench/`.

mod delta;
mod footprint;
mod machine;
mod server;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use self::delta::launch;
use crate::workspace::Workspace;

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Memory and processor time of the desktop app at rest, against an empty Tauri app built in the same run.
    Footprint(footprint::Options),
    /// Size, time and memory of our patches on real releases, against five other programs that make patches.
    Delta(delta::Options),
    /// Processor time of a check against nginx, memory, and the time of a start with a thousand releases.
    Server(server::Options),
}

/// The verb: whether every goal is met.
pub(crate) fn main(workspace: &Workspace, options: &Options) -> Result<bool> {
    match &options.what {
        What::Footprint(options) => footprint::main(workspace, options),
        What::Delta(options) => delta::main(workspace, options),
        What::Server(options) => server::main(workspace, options),
    }
}
