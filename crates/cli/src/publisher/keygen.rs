//! `autoupdate keygen`: a key of one's own, for instance to hold a root key.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::json;
use signing::{KeyFile, SecretKey};

use super::passphrase::Protecting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Make a key: a private file, and a public one beside it to give away.
///
/// The private file is encrypted with a passphrase, readable by you alone, and never overwritten. The public one,
/// `FILE` with `.pub.pem`, is what you send to whoever leads a root ceremony.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The private key's file, for example root-anna.pem.
    file: PathBuf,
    #[command(flatten)]
    protecting: Protecting,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let passphrase = self.protecting.passphrase(out, &self.file.display().to_string())?;
        let key = SecretKey::generate()?;
        KeyFile::create(&self.file, &key, passphrase.as_ref())?;
        let public = self.file.with_extension("pub.pem");
        let made = OpenOptions::new().write(true).create_new(true).open(&public);
        made.and_then(|mut file| file.write_all(key.public().to_pem().unwrap_or_default().as_bytes()))
            .map_err(Failure::io("make", &public))?;
        let id = key.public().id();
        let text = format!("{}\nkey id {id}\ngive away: {}", self.file.display(), public.display());
        Ok(out.done(&json!({ "id": id.as_str(), "private": self.file, "public": public }), &text))
    }
}
