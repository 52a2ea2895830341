//! What one signature costs alone: the same function of the same library as the server's, on as many threads as it signs on, because
//! processors that share a core are slower together.

use std::fs;
use std::path::Path;
use std::thread::{self, available_parallelism};

use anyhow::{Context, Result};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use rsa::PrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::sha2::Sha256;

/// How often each thread signs.
const SIGNATURES: u32 = 1000;

/// The processor time of one signature under the key in a file, in microseconds.
pub(super) fn measure(file: &Path) -> Result<f64> {
    let pem = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let key = PrivateKey::from_pkcs1_pem(&pem).with_context(|| format!("{} is no key", file.display()))?;
    let threads = available_parallelism()?.get();
    let times = thread::scope(|scope| {
        let each: Vec<_> = (0..threads).map(|_| scope.spawn(|| on_this_thread(&key))).collect();
        let joined = each.into_iter().map(|one| one.join().map_err(|_| anyhow::anyhow!("a signer died"))?);
        joined.collect::<Result<Vec<_>>>()
    })?;
    Ok(times.iter().sum::<f64>() / times.len() as f64)
}

fn on_this_thread(key: &PrivateKey) -> Result<f64> {
    let spent = || {
        getrusage(UsageWho::RUSAGE_THREAD)
            .map(|usage| micros(usage.user_time()) + micros(usage.system_time()))
    };
    let before = spent()?;
    for number in 0..SIGNATURES {
        let mut digest = [0; 32];
        digest.iter_mut().zip(number.to_le_bytes()).for_each(|(byte, with)| *byte = with);
        key.pkcs1v15_sign_prehash::<Sha256>(&digest)?;
    }
    Ok((spent()? - before) / f64::from(SIGNATURES))
}

fn micros(time: TimeVal) -> f64 {
    time.tv_sec() as f64 * 1e6 + time.tv_usec() as f64
}
