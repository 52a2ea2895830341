//! Whether a store is fit to be shared: tried at every start, before anything else is written.
//!
//! Several servers on one bucket are correct only if the store refuses a write whose condition does not hold. Some stores
//! ignore conditions, others look first and write later, so that two succeed. The first are found out for certain, the
//! second by a small race; the large race is in the tests, with the stores that were tried in docs/OPERATING.md.
//!
//! Some stores want the ETag of a condition with its quotes, as HTTP has it, others without. Both are tried.

use bytes::Bytes;
use futures_util::future::join_all;

use super::bucket::{Bucket, Edition, Put, StoreError};
use super::nonce;

/// The folder of what the probe writes; no app can have this name.
const FOLDER: &str = ".probe";
/// How many race for one name, and for one edition.
const RACERS: usize = 12;
/// The length of what they write, in bytes: enough for a write to take a while.
const LENGTH: usize = 64 << 10;
/// The longest of all.
const LIMIT: u64 = 1 << 20;

/// Why a store is not shared.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// A condition was ignored, or two writers were both told that they were first.
    #[error(
        "this store cannot be shared: {0}. Two servers would overwrite each other's releases. Use a store with conditional writes \
         (If-None-Match and If-Match of PUT; docs/OPERATING.md names some), or keep the trees on a disk: leave `store` away"
    )]
    Unfit(&'static str),
    /// It could not be tried.
    #[error(
        "the store cannot be tried: {0}. Look at `store` and at the section [s3] of the configuration: endpoint, region, keys, and whether the key may read, write, list and delete"
    )]
    Store(#[from] StoreError),
}

/// Tries the store, and tells the bucket how it wants ETags.
pub(crate) async fn probe(bucket: &Bucket) -> Result<(), ProbeError> {
    let name = format!("{FOLDER}/{}", nonce());
    let race = format!("{name}-race");
    let outcome = async {
        conditions(bucket, &name).await?;
        creators(bucket, &race).await?;
        updaters(bucket, &race).await
    };
    let outcome = outcome.await;
    for name in [&name, &race] {
        if let Err(error) = bucket.delete(name).await {
            tracing::warn!(%error, "what the probe of the store wrote stays there");
        }
    }
    outcome
}

async fn conditions(bucket: &Bucket, name: &str) -> Result<(), ProbeError> {
    let [first, second, third] = [nonce(), nonce(), nonce()].map(Bytes::from);
    let Put::Done(old) = bucket.create(name, first.clone()).await? else {
        return Err(ProbeError::Unfit("it refuses a new name"));
    };
    if let Put::Done(_) = bucket.create(name, second.clone()).await? {
        return Err(ProbeError::Unfit("it lets a second writer create a name that is taken (If-None-Match)"));
    }
    expect(bucket, name, &first, "it says that a name is taken and writes all the same").await?;
    let mut done = None;
    for unquoted in [false, true] {
        bucket.set_unquoted(unquoted);
        if let Put::Done(edition) = bucket.update(name, second.clone(), &old).await? {
            done = Some(edition);
            break;
        }
    }
    let Some(new) = done else {
        return Err(ProbeError::Unfit("it refuses a write whose condition holds (If-Match)"));
    };
    if let Put::Done(_) = bucket.update(name, third.clone(), &old).await? {
        return Err(ProbeError::Unfit("it lets a writer replace what it has not seen (If-Match)"));
    }
    expect(bucket, name, &second, "it refuses a write and writes all the same").await?;
    if let Put::Done(_) = bucket.update(&format!("{name}-none"), third, &new).await? {
        bucket.delete(&format!("{name}-none")).await?;
        return Err(ProbeError::Unfit("it creates a name where one should be replaced (If-Match)"));
    }
    Ok(())
}

async fn expect(bucket: &Bucket, name: &str, bytes: &Bytes, why: &'static str) -> Result<(), ProbeError> {
    match bucket.get(name, LIMIT).await? {
        Some(read) if read.bytes == *bytes => Ok(()),
        _ => Err(ProbeError::Unfit(why)),
    }
}

async fn creators(bucket: &Bucket, name: &str) -> Result<(), ProbeError> {
    let bodies = bodies();
    let puts = join_all(bodies.iter().map(|body| bucket.create(name, body.clone()))).await;
    one_winner(bucket, name, &bodies, puts, "two writers create the same name at the same time").await
}

async fn updaters(bucket: &Bucket, name: &str) -> Result<(), ProbeError> {
    let gone = ProbeError::Unfit("it forgets what was just written");
    let old: Edition = bucket.get(name, LIMIT).await?.ok_or(gone)?.edition;
    let bodies = bodies();
    let puts = join_all(bodies.iter().map(|body| bucket.update(name, body.clone(), &old))).await;
    one_winner(bucket, name, &bodies, puts, "two writers replace the same edition at the same time").await
}

fn bodies() -> Vec<Bytes> {
    std::iter::repeat_with(|| Bytes::from(nonce().repeat(LENGTH / 32))).take(RACERS).collect()
}

/// One was told that it was first, and its bytes lie there.
async fn one_winner(
    bucket: &Bucket,
    name: &str,
    bodies: &[Bytes],
    puts: Vec<Result<Put, StoreError>>,
    why: &'static str,
) -> Result<(), ProbeError> {
    let mut winners = Vec::new();
    for (body, put) in bodies.iter().zip(puts) {
        if let Put::Done(_) = put? {
            winners.push(body);
        }
    }
    let [winner] = winners.as_slice() else { return Err(ProbeError::Unfit(why)) };
    expect(bucket, name, winner, why).await
}
