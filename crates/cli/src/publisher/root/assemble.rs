//! `autoupdate root assemble`: copies of a draft become the next root.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::json;
use signing::{Repository, RootDraft};

use super::super::passphrase::Unlocking;
use super::super::sign::renewed;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Put signed copies of a draft together; with enough signatures the new root is accepted.
///
/// With too few it says how many are missing, writes nothing, and can be called again with more copies. Where the keys of
/// targets or of online roles changed, what they sign is signed again: the new keys must lie in the repository.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository.
    #[arg(value_name = "REPO")]
    folder: PathBuf,
    /// The copies that came back.
    #[arg(required = true, value_name = "COPY")]
    copies: Vec<PathBuf>,
    #[command(flatten)]
    unlocking: Unlocking,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let repository = Repository::open(&self.folder)?;
        let mut copies = self.copies.iter().map(|path| RootDraft::read(path));
        // clap asks for at least one.
        let Some(first) = copies.next() else { return Ok(Exit::Failed) };
        let mut draft = first?;
        for copy in copies {
            draft.merge(&copy?)?;
        }
        out.note(&super::text(&repository.root_progress(&draft)?));
        let accepted = repository.accept_root(&draft, &mut self.unlocking.unlock(), Timestamp::now())?;
        let online = accepted.online.as_ref().map(renewed);
        let answer = json!({ "root": accepted.version, "targets": accepted.targets, "online": online });
        let text = format!("root version {} accepted; publish it next", accepted.version);
        Ok(out.done(&answer, &text))
    }
}
