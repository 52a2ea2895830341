//! Ed25519 keys, and their ids as every TUF implementation computes them.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use protocol::Digest;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::Error;

/// The id of a key: SHA-256 of the canonical JSON of its public part, as securesystemslib computes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// The 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight digits, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", self.short())
    }
}

/// The public part of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// From the 32 bytes of RFC 8032. `None` for bytes that are no point of the curve, or one of small order, which
    /// would accept signatures by anybody.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak()).map(Self)
    }

    /// The 32 bytes of RFC 8032.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        // The canonical form of `to_json()`, written out: keys sorted, no space, only plain characters inside.
        let public = hex::encode(self.0.to_bytes());
        let canonical =
            format!(r#"{{"keytype":"ed25519","keyval":{{"public":"{public}"}},"scheme":"ed25519"}}"#);
        KeyId(Digest::of(canonical.as_bytes()).to_string())
    }

    /// From root metadata; `None` for other schemes and for weak keys.
    #[must_use]
    pub fn from_json(key: &Value) -> Option<Self> {
        if key.get("keytype")? != "ed25519" || key.get("scheme")? != "ed25519" {
            return None;
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(key.get("keyval")?.get("public")?.as_str()?, &mut bytes).ok()?;
        Self::from_bytes(&bytes)
    }

    /// As it stands in root metadata.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "keytype": "ed25519",
            "scheme": "ed25519",
            "keyval": { "public": hex::encode(self.0.to_bytes()) },
        })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.id())
    }
}

/// A private key. Wiped from memory when dropped, never printed.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A new key from the operating system's random numbers.
    ///
    /// # Errors
    /// [`Error::Random`] if the system gives none.
    pub fn generate() -> Result<Self, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(Error::Random)?;
        Ok(Self::from_seed(&seed))
    }

    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    pub(crate) fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public part.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs bytes.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({:?})", self.public().id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_hash_of_the_canonical_public_part() {
        let key = SecretKey::from_seed(&[7; 32]).public();
        // serde_json without `preserve_order` sorts keys and writes no space: for plain ASCII that is the canonical form.
        let canonical = serde_json::to_vec(&key.to_json()).unwrap();
        assert_eq!(key.id().as_str(), Digest::of(&canonical).to_string());
    }

    #[test]
    fn weak_keys_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert!(PublicKey::from_bytes(&identity).is_none());
        assert!(PublicKey::from_bytes(&[0; 32]).is_none());
        assert!(PublicKey::from_bytes(&SecretKey::from_seed(&[1; 32]).public().to_bytes()).is_some());
    }

    #[test]
    fn nothing_secret_is_printed() {
        let key = SecretKey::from_seed(&[0xab; 32]);
        assert!(!format!("{key:?}").contains("abab"));
    }
}
