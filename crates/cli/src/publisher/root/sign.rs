//! `autoupdate root sign`: a holder's signature on a draft.

use std::path::PathBuf;

use signing::{KeyFile, RootDraft};

use super::super::passphrase::Unlocking;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Sign a draft with your root key. The file is changed in place: send it back.
///
/// What you sign is printed; look at it with `root show` before. Needs no repository and no network.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The draft, or your copy of it.
    draft: PathBuf,
    /// Your private key's file.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    unlocking: Unlocking,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let mut draft = RootDraft::read(&self.draft)?;
        let file = KeyFile::open(&self.key)?;
        let passphrase = if file.is_encrypted() { self.unlocking.unlock()(&file)? } else { None };
        let key = file.unlock(passphrase.as_ref())?;
        if !draft.sign(&key)? {
            out.note(
                "note: the new root does not name this key; the signature counts only if the old root does",
            );
        }
        draft.write(&self.draft)?;
        let summary = draft.summary()?;
        Ok(out.done(&summary, &super::text(&summary)))
    }
}
