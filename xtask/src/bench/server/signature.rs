//! What one signature costs alone: the same function of the same library as the server's, on all processors at once, because those
//! that share a core are slower together, and none is idle while the server is asked either.

use std::fs;
use std::path::Path;
use std::thread::{self, available_parallelism};

use anyhow::{Context, Result, anyhow};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::PrivateKey;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _};

/// How long the messages are, in bytes: as long as an answer of the bench, because who signs hashes, too.
const MESSAGE: usize = 950;
/// How often each thread signs.
const SIGNATURES: u32 = 1000;

/// The processor time of one signature under the key in a file, in microseconds.
pub(super) fn measure(file: &Path) -> Result<f64> {
    let pem = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let key = PrivateKey::from_pkcs1_pem(&pem).with_context(|| format!("{} is no key", file.display()))?;
    let key = RsaKeyPair::from_der(key.to_pkcs1_der()?.as_bytes())
        .map_err(|error| anyhow!("{}: {error}", file.display()))?;
    let threads = available_parallelism()?.get();
    let times = thread::scope(|scope| {
        let each: Vec<_> = (0..threads).map(|_| scope.spawn(|| on_this_thread(&key))).collect();
        let joined = each.into_iter().map(|one| one.join().map_err(|_| anyhow!("a signer died"))?);
        joined.collect::<Result<Vec<_>>>()
    })?;
    Ok(times.iter().sum::<f64>() / times.len() as f64)
}

fn on_this_thread(key: &RsaKeyPair) -> Result<f64> {
    let spent = || {
        getrusage(UsageWho::RUSAGE_THREAD)
            .map(|usage| micros(usage.user_time()) + micros(usage.system_time()))
    };
    let random = SystemRandom::new();
    let mut signature = vec![0; key.public().modulus_len()];
    let before = spent()?;
    for number in 0..SIGNATURES {
        let message = [number as u8; MESSAGE];
        key.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature)
            .map_err(|error| anyhow!("no signature: {error}"))?;
    }
    Ok((spent()? - before) / f64::from(SIGNATURES))
}

fn micros(time: TimeVal) -> f64 {
    time.tv_sec() as f64 * 1e6 + time.tv_usec() as f64
}
