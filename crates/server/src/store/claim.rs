//! Work that one of several servers does: a claim on an object that is to be made, which is a lease with a name made of the
//! object's. What is no gain is remembered in it, so that no other server tries the same.

use std::path::Path;

use tempfile::NamedTempFile;

use super::bucket::{Put, StoreError};
use super::lease::{self, Lease, Taken};
use super::{Commons, transfer};
/// The longest object that is created in one request, in bytes: so much of it is in memory. What is longer goes in pieces, and
/// only the claim keeps two from sending it.
const AT_ONCE: u64 = 32 << 20;

/// What came of the wish to make an object.
pub(crate) enum Claimed {
    /// It is ours to make.
    Mine(Lease),
    /// It is there.
    There,
    /// Another server makes it.
    Elsewhere,
    /// It is known to be longer than this.
    Useless,
}

/// Claims an object that may have `longest` bytes; `name` with the app in front.
pub(crate) async fn claim(commons: &Commons, name: &str, longest: u64) -> Result<Claimed, StoreError> {
    if commons.bucket.head(name).await?.is_some() {
        return Ok(Claimed::There);
    }
    let lease = match take(commons, name).await? {
        Some(lease) => lease,
        None => return Ok(Claimed::Elsewhere),
    };
    if lease.remark().await.is_some_and(|longer_than| longest <= longer_than) {
        lease.release(None).await;
        return Ok(Claimed::Useless);
    }
    // It may have come between the look and the claim.
    if commons.bucket.head(name).await?.is_some() {
        lease.release(None).await;
        return Ok(Claimed::There);
    }
    Ok(Claimed::Mine(lease))
}

/// The claim on an object, whether it is there or not; None: somebody else has it.
pub(crate) async fn take(commons: &Commons, name: &str) -> Result<Option<Lease>, StoreError> {
    let (app, rest) = name.split_once('/').unwrap_or((name, ""));
    let claim = format!("{app}/.claims/{rest}.json");
    let taken = lease::take(&commons.bucket, &claim, &commons.terms, std::time::Duration::ZERO).await?;
    Ok(match taken {
        Taken::Mine(lease) => Some(lease),
        Taken::Theirs { .. } => None,
    })
}

/// Fetches an object into a temporary file of a folder.
pub(crate) async fn fetch(
    commons: &Commons,
    name: &str,
    scratch: &Path,
) -> Result<NamedTempFile, StoreError> {
    let missing = || StoreError::Malformed {
        name: name.to_owned(),
        why: "it is listed and not there: was it deleted by hand?".to_owned(),
    };
    let length = commons.bucket.head(name).await?.ok_or_else(missing)?.length;
    let temporary = tempfile::Builder::new().prefix("fetched-").tempfile_in(scratch)?;
    let file = temporary.reopen()?;
    if transfer::download(&commons.bucket, name, file, length).await? {
        Ok(temporary)
    } else {
        Err(missing())
    }
}

/// Gives a finished file its name in the bucket; returns the length of what lies there now: somebody may have been faster.
pub(crate) async fn publish(commons: &Commons, name: &str, file: NamedTempFile) -> Result<u64, StoreError> {
    let length = file.as_file().metadata()?.len();
    if length > AT_ONCE {
        return transfer::upload(&commons.bucket, file.path(), name).await;
    }
    let bytes = super::mirror::on_disk(move || Ok(std::fs::read(file.path())?)).await?;
    match commons.bucket.create(name, bytes.into()).await? {
        Put::Done(_) => Ok(length),
        Put::Lost => Ok(commons.bucket.head(name).await?.map_or(length, |found| found.length)),
    }
}
