//! `autoupdate withdraw`: take a release off offer.

use std::path::PathBuf;

use protocol::{Channel, Version};
use signing::Repository;

use super::report;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Take a version off offer, in one channel or in all, for all its platforms.
///
/// Those who have it keep it, and it stays known as a base of patches. To stop a release at once, before you come to sign,
/// use `rollout --halt`; to take those who have it back, `rollout --recall`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository.
    #[arg(value_name = "REPO")]
    folder: PathBuf,
    /// The version.
    #[arg(long)]
    version: Version,
    /// Only from this channel. [default: all]
    #[arg(long)]
    from: Option<Channel>,
    /// Drop it from the list altogether, notes included: those who have it can only update by a full download.
    #[arg(long, conflicts_with = "from")]
    delete: bool,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let repository = Repository::open(&self.folder)?;
        let (artifacts, text) = if self.delete {
            let gone = repository.delete(&self.version)?;
            let text = format!("{} is no longer listed", self.version);
            (gone, text)
        } else {
            let artifacts = repository.withdraw(&self.version, self.from.as_ref())?;
            let text = report::table(&artifacts);
            (artifacts, text)
        };
        Ok(out.done(&artifacts, &text))
    }
}
