//! A process that already has another crypto provider gets no verifier. In a test binary of its own, because the provider
//! can be set only once.

use sigstore_crypto::{CryptoProvider, Error, HashContext, SigningScheme};
use sigstore_types::HashAlgorithm;

/// Says yes to every signature.
#[derive(Debug)]
struct Yes(#[expect(dead_code, reason = "gives the value an address of its own")] u8);

impl CryptoProvider for Yes {
    fn hash(&self, _: HashAlgorithm) -> Result<Box<dyn HashContext>, Error> {
        Err(Error::UnsupportedAlgorithm("none".to_owned()))
    }

    fn verify_raw(&self, _: SigningScheme, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    fn verify_prehashed(&self, _: SigningScheme, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

/// As [`Yes`], without a size.
#[derive(Debug)]
struct Nothing;

impl CryptoProvider for Nothing {
    fn hash(&self, _: HashAlgorithm) -> Result<Box<dyn HashContext>, Error> {
        Err(Error::UnsupportedAlgorithm("none".to_owned()))
    }

    fn verify_raw(&self, _: SigningScheme, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    fn verify_prehashed(&self, _: SigningScheme, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

static YES: Yes = Yes(0);
static OTHER: Yes = Yes(1);

#[test]
fn the_first_provider_stays_and_every_other_one_is_refused() {
    use autoupdate_trust::Crypto;
    let code = |crypto: Result<Crypto, autoupdate_trust::Error>| {
        crypto.map_or_else(|error| error.code(), |_| "given")
    };
    assert_eq!(code(Crypto::new(&Nothing, &["ed25519"])), "E-META-PROVIDER");
    assert!(sigstore_crypto::try_default_provider().is_none(), "a refused provider is not installed");
    assert_eq!(code(Crypto::new(&YES, &["ed25519"])), "given");
    assert_eq!(code(Crypto::new(&YES, &["ed25519"])), "given");
    assert_eq!(code(Crypto::ed25519()), "E-META-PROVIDER");
    assert_eq!(code(Crypto::new(&OTHER, &["ed25519"])), "E-META-PROVIDER");
}
