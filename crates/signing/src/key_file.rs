//! Key files: PKCS#8 in PEM (RFC 5208, 7468, 8410), encrypted with scrypt and AES-256-CBC (RFC 8018), 0600.
//!
//! The lines before `-----BEGIN` say which key it is, so that nobody has to unlock ten files to find one. They are a
//! hint: what was unlocked is compared with them. Other programs (openssl) read the same file and skip them.
//!
//! ```text
//! autoupdate private key, format 1. Keep it secret.
//! id: 3f2a…            (64 hexadecimal digits)
//! public: 9c41…        (64 hexadecimal digits)
//! -----BEGIN ENCRYPTED PRIVATE KEY-----
//! ```
//!
//! The public part has the same head and a `PUBLIC KEY` block (RFC 5280 `SubjectPublicKeyInfo`). It is what a holder
//! of a root key sends to the others.

use std::fmt;
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _, KeypairBytes};
use ed25519_dalek::{SigningKey, VerifyingKey};
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

use crate::disk;
use crate::{Error, Passphrase, PublicKey, SecretKey};

/// The longest key file that is read, in bytes.
const MAX_BYTES: u64 = 16 << 10;

/// scrypt's cost (RFC 7914): N as a power of two, r, p. Five passes over 16 MiB cost a guesser about as much as one over
/// 128 MiB would, and openssl, which refuses more than 32 MiB, can still open the file in ten years without us.
const SCRYPT: (u8, u32, u32) = (14, 8, 5);

/// A private key's file that was opened, but is perhaps still locked.
pub struct KeyFile {
    path: PathBuf,
    public: Option<PublicKey>,
    encrypted: bool,
    pem: Zeroizing<String>,
}

impl KeyFile {
    /// Makes a new file for a key, 0600, and refuses if anything is there. Without a passphrase whoever can read the
    /// file, or a backup of it, can sign: only for keys of machines that work unattended.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::ShortPassphrase`], or if the disk fails.
    pub fn create(path: &Path, key: &SecretKey, passphrase: Option<&Passphrase>) -> Result<(), Error> {
        let broken = |_| Error::KeyFile { path: path.to_owned(), why: "it cannot be encoded" };
        // Without the optional public part (version 1 of PKCS#8), which older programs do not read.
        let pair = KeypairBytes { secret_key: *key.seed(), public_key: None };
        let pem = match passphrase {
            None => pair.to_pkcs8_pem(LineEnding::LF).map_err(broken)?,
            Some(passphrase) => {
                passphrase.check_new()?;
                let plain = pair.to_pkcs8_der().map_err(broken)?;
                encrypt(&plain, passphrase)?.map_err(broken)?
            }
        };
        let mut text = Zeroizing::new(String::with_capacity(1024));
        text.push_str("autoupdate private key, format 1. Keep it secret.\n");
        text.push_str(&head(&key.public()));
        text.push_str(&pem);
        disk::create_private(path, text.as_bytes())
    }

    /// Opens a key file without unlocking it.
    ///
    /// # Errors
    /// [`Error::Readable`] if group or others have any right to it, [`Error::KeyFile`] if it is no private key.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let no_key = |why| Error::KeyFile { path: path.to_owned(), why };
        let bytes = disk::read_private(path, MAX_BYTES)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| no_key("it is no text"))?;
        let (head, pem) = text
            .find("-----BEGIN ")
            .and_then(|at| text.split_at_checked(at))
            .ok_or_else(|| no_key("it has no PEM block"))?;
        let encrypted = pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----");
        if !encrypted && !pem.starts_with("-----BEGIN PRIVATE KEY-----") {
            return Err(no_key("it is no PKCS#8 private key"));
        }
        let public = claimed(head).map_err(no_key)?;
        let mut file = Self { path: path.to_owned(), public, encrypted, pem: Zeroizing::new(pem.to_owned()) };
        if !encrypted {
            file.public = Some(file.unlock(None)?.public());
        }
        Ok(file)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a passphrase is needed.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// The public part, as the head of the file claims while it is locked. `None` for files that others made.
    #[must_use]
    pub fn public(&self) -> Option<&PublicKey> {
        self.public.as_ref()
    }

    /// The private key.
    ///
    /// # Errors
    /// [`Error::PassphraseNeeded`], [`Error::WrongPassphrase`], or [`Error::KeyFile`] if the key inside is not
    /// Ed25519 or not the one that the head claims.
    pub fn unlock(&self, passphrase: Option<&Passphrase>) -> Result<SecretKey, Error> {
        let no_key = |why| Error::KeyFile { path: self.path.clone(), why };
        let (_, document) =
            SecretDocument::from_pem(&self.pem).map_err(|_| no_key("its PEM block is damaged"))?;
        let document = if self.encrypted {
            let passphrase = passphrase.ok_or_else(|| Error::PassphraseNeeded { path: self.path.clone() })?;
            EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
                .map_err(|_| no_key("its PEM block is damaged"))?
                .decrypt(passphrase.as_bytes())
                .map_err(|_| Error::WrongPassphrase { path: self.path.clone() })?
        } else {
            document
        };
        let info = PrivateKeyInfoRef::try_from(document.as_bytes())
            .map_err(|_| no_key("its PEM block is damaged"))?;
        let signing = SigningKey::try_from(info).map_err(|_| no_key("it is no Ed25519 key"))?;
        let key = SecretKey::from_seed(&Zeroizing::new(signing.to_bytes()));
        if self.public.as_ref().is_some_and(|claimed| *claimed != key.public()) {
            return Err(no_key("the key inside is not the one that its first lines name"));
        }
        Ok(key)
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile")
            .field("path", &self.path)
            .field("encrypted", &self.encrypted)
            .finish_non_exhaustive()
    }
}

impl PublicKey {
    /// As text for a file that may be shown to anybody.
    ///
    /// # Errors
    /// Never for a valid key.
    pub fn to_pem(&self) -> Result<String, Error> {
        let broken = |_| Error::KeyFile { path: PathBuf::new(), why: "it cannot be encoded" };
        let pem = VerifyingKey::from_bytes(&self.to_bytes())
            .map_err(|_| Error::KeyFile { path: PathBuf::new(), why: "it is no point of the curve" })?
            .to_public_key_pem(LineEnding::LF)
            .map_err(broken)?;
        Ok(format!("autoupdate public key, format 1.\n{}{pem}", head(self)))
    }

    /// Reads a public key's file, ours or any PEM `PUBLIC KEY` with an Ed25519 key.
    ///
    /// # Errors
    /// [`Error::KeyFile`] if it is none, or not the one its first lines name.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let no_key = |why| Error::KeyFile { path: path.to_owned(), why };
        let text = String::from_utf8(disk::read(path, MAX_BYTES)?).map_err(|_| no_key("it is no text"))?;
        let (head, pem) = text
            .find("-----BEGIN PUBLIC KEY-----")
            .and_then(|at| text.split_at_checked(at))
            .ok_or_else(|| no_key("it has no PEM block `PUBLIC KEY`"))?;
        let key = VerifyingKey::from_public_key_pem(pem).map_err(|_| no_key("it is no Ed25519 key"))?;
        let key = Self::from_bytes(&key.to_bytes()).ok_or_else(|| no_key("it is a weak key"))?;
        match claimed(head).map_err(no_key)? {
            Some(claimed) if claimed != key => {
                Err(no_key("the key inside is not the one that its first lines name"))
            }
            _ => Ok(key),
        }
    }
}

/// The outer error is ours, the inner one the encoder's.
fn encrypt(
    plain: &SecretDocument,
    passphrase: &Passphrase,
) -> Result<pkcs8::Result<Zeroizing<String>>, Error> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    getrandom::fill(&mut salt).and_then(|()| getrandom::fill(&mut iv)).map_err(Error::Random)?;
    let encode = || {
        let (log_n, r, p) = SCRYPT;
        let cost =
            pkcs8::pkcs5::scrypt::Params::new(log_n, r, p).map_err(|_| pkcs8::Error::ParametersMalformed)?;
        let parameters = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv)?;
        let info = PrivateKeyInfoRef::try_from(plain.as_bytes())?;
        let document = info.encrypt_with_params(parameters, passphrase.as_bytes())?;
        Ok(document.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)?)
    };
    Ok(encode())
}

fn head(public: &PublicKey) -> String {
    format!("id: {}\npublic: {}\n", public.id(), hex::encode(public.to_bytes()))
}

/// The key that the lines before the PEM block name, if they name one.
fn claimed(head: &str) -> Result<Option<PublicKey>, &'static str> {
    let value = |name| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let Some(public) = value("public: ") else { return Ok(None) };
    let mut bytes = [0; 32];
    hex::decode_to_slice(public, &mut bytes).map_err(|_| "its first lines name no key")?;
    let public = PublicKey::from_bytes(&bytes).ok_or("its first lines name a weak key")?;
    match value("id: ") {
        Some(id) if id != public.id().as_str() => Err("the id in its first lines is not that of its key"),
        _ => Ok(Some(public)),
    }
}
