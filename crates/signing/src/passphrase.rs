//! Passphrases: from a terminal or a private file, never from an argument or the environment, where others could read them.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use crate::Error;
use crate::disk;

/// A passphrase. Wiped from memory when dropped, never printed.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// The least length of a new passphrase, in characters.
    pub const LEAST: usize = 8;
    /// The longest file that is read as a passphrase, in bytes.
    const MAX_BYTES: u64 = 4096;

    /// A passphrase that somebody typed.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Reads the first line of a private file.
    ///
    /// # Errors
    /// If the file cannot be read, may be read by others, is longer than 4 KiB or is no UTF-8 text.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let bytes = disk::read_private(path, Self::MAX_BYTES)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Error::KeyFile { path: path.to_owned(), why: "the passphrase is no UTF-8 text" })?;
        Ok(Self::new(text.lines().next().unwrap_or_default().to_owned()))
    }

    /// Refuses a passphrase that is too short to protect a new key.
    ///
    /// # Errors
    /// [`Error::ShortPassphrase`] below [`Self::LEAST`] characters.
    pub fn check_new(&self) -> Result<(), Error> {
        if self.0.chars().count() < Self::LEAST {
            return Err(Error::ShortPassphrase { least: Self::LEAST });
        }
        Ok(())
    }

    /// The text, for whoever must send it on. The same file form serves upload tokens.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl PartialEq for Passphrase {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}
