//! Passphrases come from a private file or from the terminal, never from an argument or the environment.

use std::path::{Path, PathBuf};

use signing::{Error, KeyFile, Passphrase};

use crate::failure::Failure;
use crate::output::Output;

/// Opens keys that exist.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Unlocking {
    /// File (0600) whose first line is the passphrase of the keys; without it the terminal asks.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Unlocking {
    /// From an option of a command that has its own words for it.
    pub(crate) fn from_file(passphrase_file: Option<PathBuf>) -> Self {
        Self { passphrase_file }
    }

    /// What `signing` calls for each locked key. A passphrase that was typed is tried on the next key before the terminal
    /// asks again: root and targets keys made together share one.
    pub(crate) fn unlock(&self) -> impl FnMut(&KeyFile) -> Result<Option<Passphrase>, Error> + use<> {
        let file = self.passphrase_file.clone();
        let mut typed: Option<Passphrase> = None;
        move |key| {
            if let Some(file) = &file {
                return Passphrase::from_file(file).map(Some);
            }
            if let Some(known) = typed.as_ref().filter(|known| key.unlock(Some(known)).is_ok()) {
                return Ok(Some(known.clone()));
            }
            let needed = |_| Error::PassphraseNeeded { path: key.path().to_owned() };
            let text = rpassword::prompt_password(format!("Passphrase of {}: ", key.path().display()));
            let passphrase = Passphrase::new(text.map_err(needed)?);
            typed = Some(passphrase.clone());
            Ok(Some(passphrase))
        }
    }
}

/// Protects keys that are made.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Protecting {
    /// File (0600) whose first line is the passphrase of the new keys; without it the terminal asks.
    #[arg(long, value_name = "FILE", conflicts_with = "unencrypted")]
    passphrase_file: Option<PathBuf>,
    /// Do not encrypt the new keys. Whoever reads the files, or a backup of them, can then sign. For CI and trials.
    #[arg(long)]
    unencrypted: bool,
}

impl Protecting {
    /// The passphrase for a key that a machine uses unattended: nobody is asked, it is encrypted where a file was named.
    pub(crate) fn passphrase_if_named(&self) -> Result<Option<Passphrase>, Failure> {
        self.passphrase_file.as_deref().map(from_file).transpose()
    }

    /// The passphrase for new keys; `None` where that was asked for by name.
    pub(crate) fn passphrase(&self, out: &Output, what: &str) -> Result<Option<Passphrase>, Failure> {
        if self.unencrypted {
            out.note(&format!("warning: {what} will not be encrypted: whoever reads the files can sign"));
            return Ok(None);
        }
        if let Some(file) = &self.passphrase_file {
            return Ok(Some(from_file(file)?));
        }
        let ask = |text: String| {
            rpassword::prompt_password(text).map(Passphrase::new).map_err(|_| Failure::Option {
                option: "--passphrase-file",
                why: "there is no terminal to ask for a passphrase: name a file, or say --unencrypted"
                    .to_owned(),
            })
        };
        let first = ask(format!("New passphrase for {what}: "))?;
        first.check_new()?;
        if ask("The same again: ".to_owned())? != first {
            return Err(Failure::Mistyped);
        }
        Ok(Some(first))
    }
}

/// The passphrase in a file.
pub(crate) fn from_file(path: &Path) -> Result<Passphrase, Failure> {
    Ok(Passphrase::from_file(path)?)
}
