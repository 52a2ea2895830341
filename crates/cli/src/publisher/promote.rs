//! `autoupdate promote`: offer a release in one more channel.

use std::path::PathBuf;

use protocol::{Channel, Version};
use signing::Repository;

use super::report;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Offer a version in one more channel, for all its platforms: the same bytes that were tested there.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository.
    #[arg(value_name = "REPO")]
    folder: PathBuf,
    /// The version.
    #[arg(long)]
    version: Version,
    /// The channel.
    #[arg(long, default_value = "stable")]
    to: Channel,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let artifacts = Repository::open(&self.folder)?.promote(&self.version, &self.to)?;
        Ok(out.done(&artifacts, &report::table(&artifacts)))
    }
}
