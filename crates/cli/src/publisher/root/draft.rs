//! `autoupdate root draft`: what the next root will say.

use std::path::PathBuf;

use jiff::Timestamp;
use signing::{PublicKey, Repository, RootChange};

use super::super::options;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Write the draft of the next root, not signed. Without changes it only gets a new expiry.
///
/// Example, from one root key to two of three:
/// autoupdate root draft REPO --add root=anna.pub.pem --add root=ben.pub.pem --threshold root=2 --out root.draft.json
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository.
    #[arg(value_name = "REPO")]
    folder: PathBuf,
    /// Let a key sign for a role; the file is what `keygen` made to give away. May be repeated.
    #[arg(long, value_name = "ROLE=FILE", value_parser = options::of_role)]
    add: Vec<(String, String)>,
    /// Let a key no longer sign for a role; enough of its id to be the only one. May be repeated.
    #[arg(long, value_name = "ROLE=KEYID", value_parser = options::of_role)]
    remove: Vec<(String, String)>,
    /// How many keys must sign for a role. May be repeated.
    #[arg(long, value_name = "ROLE=NUMBER", value_parser = options::of_role)]
    threshold: Vec<(String, String)>,
    /// The draft's file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let repository = Repository::open(&self.folder)?;
        let mut changes = Vec::new();
        for (role, file) in self.add {
            changes.push(RootChange::Add { role, key: PublicKey::from_file(file.as_ref())? });
        }
        changes.extend(self.remove.into_iter().map(|(role, key)| RootChange::Remove { role, key }));
        for (role, number) in self.threshold {
            let threshold = number.parse().map_err(|_| Failure::Option {
                option: "--threshold",
                why: format!("{number:?} is no number"),
            })?;
            changes.push(RootChange::Threshold { role, threshold });
        }
        let draft = repository.draft_root(&changes, Timestamp::now())?;
        draft.write(&self.out)?;
        let summary = repository.root_progress(&draft)?;
        let file = self.out.display();
        let text = format!(
            "{}\nnext, by every holder: autoupdate root sign {file} --key KEY.pem",
            super::text(&summary)
        );
        Ok(out.done(&summary, &text))
    }
}
