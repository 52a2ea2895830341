//! `autoupdate sign`: sign the draft without publishing it.

use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};
use signing::{Renewed, Repository};

use super::passphrase::Unlocking;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Sign the draft, without publishing it; `publish` does both. Without a draft the same list is signed anew.
///
/// For a machine with the keys and no network. A signed list expires (after 90 days unless `init` was told otherwise):
/// sign it anew before.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository.
    #[arg(value_name = "REPO")]
    folder: PathBuf,
    #[command(flatten)]
    unlocking: Unlocking,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let repository = Repository::open(&self.folder)?;
        let signed = repository.sign(&mut self.unlocking.unlock(), Timestamp::now())?;
        let text = format!("signed targets version {}, valid until {}", signed.targets, signed.expires);
        let online = signed.online.as_ref().map(renewed);
        Ok(out
            .done(&json!({ "targets": signed.targets, "expires": signed.expires, "online": online }), &text))
    }
}

/// A renewal as JSON.
pub(super) fn renewed(renewed: &Renewed) -> Value {
    json!({
        "delegated": renewed.delegated.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
        "snapshot": renewed.snapshot,
        "timestamp": renewed.timestamp,
        "next": renewed.next,
    })
}
