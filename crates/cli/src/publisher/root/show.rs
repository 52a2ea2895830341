//! `autoupdate root show`: what a draft says and who has signed it.

use std::path::PathBuf;

use signing::{Repository, RootDraft};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Show what a draft says and who has signed it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The draft, or a copy of it.
    draft: PathBuf,
    /// The repository, to see what changes against the old root, and the signatures of its keys.
    #[arg(long, value_name = "REPO")]
    repository: Option<PathBuf>,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let draft = RootDraft::read(&self.draft)?;
        let summary = match &self.repository {
            Some(folder) => Repository::open(folder)?.root_progress(&draft)?,
            None => draft.summary()?,
        };
        Ok(out.done(&summary, &super::text(&summary)))
    }
}
