//! The one key of a Lantern source: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2), verification alone.
//!
//! Nothing of this is in the room `trust`: TUF metadata is signed with Ed25519 and nothing else, and no enrolment of a repository
//! can bring an RSA key there.

use std::path::Path;

use protocol::{Digest, Enrolment};
use rsa::Pkcs1v15Sign;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;

use super::Error;
use crate::source::read_file;

/// The longest key file that is read, in bytes. One of 8,192 bits has 1.5 KiB.
const MAX_FILE_BYTES: u64 = 16 << 10;

/// The shortest modulus, in bits. The library refuses more than 8,192, and exponents of more than 33 bits.
const MIN_BITS: u32 = 2048;

/// The longest signature that is read, in bytes: that of the longest key.
const MAX_SIGNATURE_BYTES: usize = 1024;

/// An RSA public key that signs for a Lantern source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    key: rsa::PublicKey,
}

impl PublicKey {
    /// Reads a key from PEM (`BEGIN PUBLIC KEY`, RFC 5280 `SubjectPublicKeyInfo`).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(pem: &[u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(pem).map_err(|_| "it is not text")?;
        let key = rsa::PublicKey::from_public_key_pem(text.trim())
            .map_err(|_| "it is no RSA public key in PEM that begins with `BEGIN PUBLIC KEY`")?;
        if key.n().as_ref().bit_width_vartime() < MIN_BITS {
            return Err("it has fewer than 2048 bits, which is too weak to sign programs");
        }
        Ok(Self { key })
    }

    /// Whether `signature` is this key's for bytes with that SHA-256.
    #[must_use]
    pub fn verify(&self, digest: &Digest, signature: &[u8]) -> bool {
        self.key.verify(Pkcs1v15Sign::new::<sha2::Sha256>(), digest.as_bytes(), signature).is_ok()
    }
}

/// A signature from its hexadecimal digits, of either case.
pub(super) fn signature(text: &str) -> Option<Vec<u8>> {
    (!text.is_empty() && text.len() <= 2 * MAX_SIGNATURE_BYTES).then(|| hex::decode(text).ok()).flatten()
}

/// Reads the pinned key of an enrolment. `beside` is the folder of the enrolment's file. Blocks.
///
/// # Errors
/// [`Error::KeyFile`], [`Error::KeyPin`], [`Error::Key`].
pub fn pinned_key(enrolment: &Enrolment, beside: &Path) -> Result<PublicKey, Error> {
    let file = beside.join(&enrolment.anchor.file);
    let bytes =
        read_file(&file, MAX_FILE_BYTES).map_err(|source| Error::KeyFile { file: file.clone(), source })?;
    let (expected, found) = (enrolment.anchor.sha256, Digest::of(&bytes));
    if found != expected {
        return Err(Error::KeyPin { file, expected, found });
    }
    PublicKey::parse(&bytes).map_err(|why| Error::Key { file, why })
}
