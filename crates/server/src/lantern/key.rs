//! The one RSA key that old Lantern clients believe, and what it signs.
//!
//! Signatures are RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2). An artifact's is made over the digest that is known already, so
//! no artifact is read to sign it; an answer's is made for each client anew, by the faster of two libraries. Even there the private
//! operation takes a millisecond of processor time, where all else of a check takes some microseconds: it runs at a desk of its
//! own, so that everything else stays quick however many ask.

use std::path::Path;

use protocol::Digest;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::PrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _};
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::sha2::Sha256;
use rsa::traits::PublicKeyParts as _;

use super::LanternError;

/// The longest key file that is read, in bytes.
const MAX_BYTES: u64 = 16 << 10;
/// The shortest modulus that is used, in bits.
const MIN_BITS: usize = 2048;

/// The private key.
pub(crate) struct Key {
    private: PrivateKey,
    /// The same key for ring. None: ring does not take it (a modulus beyond 4096 bits, an exponent below 65537).
    fast: Option<RsaKeyPair>,
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignError {
    #[error("RSA: {0}")]
    Digest(#[from] rsa::Error),
    /// ring says no more.
    #[error("RSA: the private operation failed")]
    Message,
}

impl Key {
    /// Reads a key file.
    pub(super) fn open(file: &Path) -> Result<Self, LanternError> {
        let no_key = |why| LanternError::NoKey { file: file.to_owned(), why };
        let bytes = signing::read_private(file, MAX_BYTES).map_err(LanternError::Unreadable)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| no_key("it is no text"))?;
        let begin = text.find("-----BEGIN ").ok_or_else(|| no_key("it has no PEM block"))?;
        let pem = text.get(begin..).unwrap_or_default();
        let damaged = "its PEM block is damaged, or no RSA key";
        let private = if pem.starts_with("-----BEGIN RSA PRIVATE KEY-----") {
            PrivateKey::from_pkcs1_pem(pem).map_err(|_| no_key(damaged))?
        } else if pem.starts_with("-----BEGIN PRIVATE KEY-----") {
            PrivateKey::from_pkcs8_pem(pem).map_err(|_| no_key(damaged))?
        } else {
            return Err(no_key(
                "it must be `RSA PRIVATE KEY` (PKCS#1) or `PRIVATE KEY` (PKCS#8), not encrypted",
            ));
        };
        // In whole bytes: a modulus of 2047 bits has 256 bytes too, and a leading zero bit.
        let bits =
            private.n_bytes().first().map_or(0, |first| 8 * private.size() - first.leading_zeros() as usize);
        if bits < MIN_BITS {
            return Err(LanternError::Short { file: file.to_owned(), bits, least: MIN_BITS });
        }
        let der = private.to_pkcs1_der().map_err(|_| no_key(damaged))?;
        Ok(Self { fast: RsaKeyPair::from_der(der.as_bytes()).ok(), private })
    }

    /// The signature over a message, as clients read it: hexadecimal.
    pub(super) fn sign(&self, message: &[u8]) -> Result<String, SignError> {
        let Some(key) = &self.fast else { return self.sign_digest(&Digest::of(message)) };
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| SignError::Message)?;
        Ok(hex::encode(&signature))
    }

    /// The signature over bytes with this digest, which need not be read again. Slower.
    pub(super) fn sign_digest(&self, sha256: &Digest) -> Result<String, SignError> {
        Ok(hex::encode(&self.private.pkcs1v15_sign_prehash::<Sha256>(sha256.as_bytes())?))
    }
}

// Modes are for Unix alone.
#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Made for these tests alone: openssl genrsa.
    const PKCS1: &str = include_str!("../../fixtures/lantern/pkcs1.pem");
    const PKCS8: &str = include_str!("../../fixtures/lantern/pkcs8.pem");
    const SHORT: &str = include_str!("../../fixtures/lantern/short.pem");

    fn open(text: &str, mode: u32) -> Result<Key, LanternError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.pem");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        Key::open(&file)
    }

    #[test]
    fn both_forms_of_a_key_sign_as_openssl_does() {
        // printf %s "signed text" | openssl dgst -sha256 -sign pkcs1.pem -hex
        let expected = include_str!("../../fixtures/lantern/signature.hex").trim();
        for pem in [PKCS1, PKCS8, &format!("some words before\n{PKCS8}")] {
            let key = open(pem, 0o600).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(key.sign(b"signed text").unwrap(), expected);
            assert_eq!(key.sign_digest(&Digest::of(b"signed text")).unwrap(), expected);
            assert!(key.fast.is_some());
        }
    }

    #[test]
    fn a_key_that_one_library_refuses_signs_all_the_same() {
        // openssl genrsa -3 2048
        let key = open(include_str!("../../fixtures/lantern/exponent-3.pem"), 0o600).unwrap();
        assert!(key.fast.is_none());
        let expected = include_str!("../../fixtures/lantern/exponent-3-signature.hex").trim();
        assert_eq!(key.sign(b"signed text").unwrap(), expected);
    }

    #[test]
    fn what_is_no_key_for_this_is_refused_with_the_reason() {
        let damaged = PKCS1.replacen("MII", "MIJ", 1);
        let ed25519 = include_str!("../../../signing/fixtures/v1/key-plain.pem");
        let encrypted = include_str!("../../../signing/fixtures/v1/key-encrypted.pem");
        for (text, mode, expected) in [
            (PKCS1, 0o640, "0640"),
            (PKCS1, 0o604, "0604"),
            ("", 0o600, "no PEM block"),
            ("\u{7f}ELF", 0o600, "no PEM block"),
            (&damaged, 0o600, "damaged"),
            (ed25519, 0o600, "no RSA key"),
            (encrypted, 0o600, "not encrypted"),
            (SHORT, 0o600, "1024 bits"),
            (&"x".repeat(20_000), 0o600, "16384"),
        ] {
            let error = open(text, mode).err().unwrap_or_else(|| panic!("taken: {expected}")).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
