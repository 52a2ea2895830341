//! `autoupdate list`: the releases of a repository.

use std::path::PathBuf;

use serde_json::json;
use signing::Repository;

use super::report;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// List the releases as they will be published next, draft included.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository.
    #[arg(value_name = "REPO")]
    folder: PathBuf,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let repository = Repository::open(&self.folder)?;
        let (artifacts, draft) = (repository.artifacts()?, repository.has_draft()?);
        let mut text = report::table(&artifacts);
        if draft {
            text.push_str("\n(with changes that are not signed yet: `autoupdate diff` shows them)");
        }
        let answer = json!({ "app": repository.settings().app, "draft": draft, "artifacts": artifacts });
        Ok(out.done(&answer, &text))
    }
}
