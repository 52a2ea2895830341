//! Which signatures count: the crypto provider of this process and the list of key schemes.
//!
//! The verifier asks one process-wide provider. Two facts make that safe: it can be set only once, and [`Crypto`], without
//! which nothing here can be called, exists only where the provider that is set is the wanted one.

use ed25519_dalek::{Signature, VerifyingKey};
use sha2::Digest as _;
use sigstore_crypto::{CryptoProvider, Error, HashContext, SigningScheme};
use sigstore_types::HashAlgorithm;

/// Proof that the wanted crypto provider is installed, and the list of key schemes that are accepted.
#[derive(Debug, Clone, Copy)]
pub struct Crypto {
    schemes: &'static [&'static str],
}

impl Crypto {
    /// Ed25519 and nothing else, strictly verified: what every product uses.
    ///
    /// # Errors
    /// [`crate::Error::Provider`] if this process has another provider already.
    pub fn ed25519() -> Result<Self, crate::Error> {
        Self::new(&STRICT, &["ed25519"])
    }

    /// Another provider and list of schemes: for a client of foreign repositories, such as a conformance test.
    ///
    /// # Errors
    /// [`crate::Error::Provider`] if this process has another provider already, or if `provider` is a value without a size:
    /// such values cannot be told apart.
    pub fn new(
        provider: &'static dyn CryptoProvider,
        schemes: &'static [&'static str],
    ) -> Result<Self, crate::Error> {
        if size_of_val(provider) == 0 {
            return Err(crate::Error::Provider);
        }
        // Only the first call of a process succeeds; what counts is what is installed afterwards.
        let _ = sigstore_crypto::install_default_provider(provider);
        match sigstore_crypto::try_default_provider() {
            Some(installed) if std::ptr::addr_eq(installed, provider) => Ok(Self { schemes }),
            _ => Err(crate::Error::Provider),
        }
    }

    /// Whether keys of this scheme are accepted.
    pub(crate) fn accepts(self, scheme: &str) -> bool {
        self.schemes.contains(&scheme)
    }
}

/// Ed25519 by `verify_strict`, SHA-2. The byte gives the static an address of its own (see [`Crypto::new`]).
#[derive(Debug)]
struct Strict(#[expect(dead_code, reason = "only its address matters")] u8);

static STRICT: Strict = Strict(1);

impl CryptoProvider for Strict {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>, Error> {
        match algorithm {
            HashAlgorithm::Sha2256 => Ok(Box::new(Sha2(sha2::Sha256::new()))),
            HashAlgorithm::Sha2384 => Ok(Box::new(Sha2(sha2::Sha384::new()))),
            HashAlgorithm::Sha2512 => Ok(Box::new(Sha2(sha2::Sha512::new()))),
            other => Err(Error::UnsupportedAlgorithm(format!("{other:?}"))),
        }
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        if scheme != SigningScheme::Ed25519 {
            return Err(Error::UnsupportedAlgorithm(scheme.name().to_owned()));
        }
        let refused = |why: &str| Error::Verification(why.to_owned());
        let key = key.try_into().map_err(|_| refused("the key is not 32 bytes long"))?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| refused("the key is no point of the curve"))?;
        let signature =
            Signature::from_slice(signature).map_err(|_| refused("the signature is not 64 bytes long"))?;
        // Strict: small-order keys and nonces and non-canonical scalars are refused (RFC 8032 5.1.7, and beyond).
        key.verify_strict(data, &signature).map_err(|_| refused("the signature does not match"))
    }

    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        _key: &[u8],
        _digest: &[u8],
        _signature: &[u8],
    ) -> Result<(), Error> {
        Err(Error::UnsupportedAlgorithm(scheme.name().to_owned()))
    }
}

/// An incremental SHA-2 state.
struct Sha2<H>(H);

impl<H: sha2::Digest + Send> HashContext for Sha2<H> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

/// Whether an Ed25519 public key is one point in its one encoding, and not of small order.
pub(crate) fn is_strong(public: &[u8; 32]) -> bool {
    VerifyingKey::from_bytes(public)
        .is_ok_and(|key| !key.is_weak() && key.to_edwards().compress().to_bytes() == *public)
}

/// What the provider says about one signature.
#[cfg(test)]
pub(crate) fn strict_accepts(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    STRICT.verify_raw(SigningScheme::Ed25519, key, message, signature).is_ok()
}
