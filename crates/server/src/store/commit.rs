//! Makes visible what was signed on a copy: new objects by creating them, then the timestamp, if nobody else published.
//!
//! The condition on the timestamp is the fence of the whole: whoever began from an older one than the bucket has now cannot
//! publish, however sure it is of its lease. Its ETag is no ABA: versions of timestamps always rise, so a body never comes
//! back. What a loser created before stays as orphans under names of its own, or was created by the winner with other
//! bytes: that is noticed here, too. Orphans are whole, and who signs next goes on from them.

use std::path::Path;

use bytes::Bytes;
use protocol::{AppId, object};

use super::bucket::{Bucket, Put, StoreError};
use super::mirror::{self, Known, Mirrored};

/// How it ended.
pub(crate) enum Committed {
    /// It is in the bucket.
    Done {
        /// What the copy for signing has now.
        known: Known,
    },
    /// Somebody else published meanwhile; nothing of ours is visible.
    Lost,
}

/// Sends what a copy has and the bucket had not, and takes away what was swept from the copy.
pub(crate) async fn commit(
    bucket: &Bucket,
    app: &AppId,
    folder: &Path,
    before: Mirrored,
) -> Result<Committed, StoreError> {
    let Mirrored { timestamp, mut names } = before;
    let at = folder.to_owned();
    let here = mirror::on_disk(move || mirror::local(&at)).await?;
    for name in here {
        if names.contains_key(&name) {
            continue;
        }
        let bytes = Bytes::from(tokio::fs::read(folder.join(&name)).await?);
        match bucket.create(&format!("{app}/{name}"), bytes).await? {
            Put::Done(edition) => names.insert(name, edition),
            Put::Lost => return Ok(lost(bucket)),
        };
    }
    match tokio::fs::read(folder.join(object::TIMESTAMP)).await {
        Ok(bytes) if timestamp.as_ref().is_none_or(|before| before.bytes != bytes) => {
            let (name, bytes) = (format!("{app}/{}", object::TIMESTAMP), Bytes::from(bytes));
            let put = match &timestamp {
                None => bucket.create(&name, bytes).await?,
                Some(before) => bucket.update(&name, bytes, &before.edition).await?,
            };
            if let Put::Lost = put {
                return Ok(lost(bucket));
            }
        }
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let swept: Vec<String> = names.keys().filter(|name| !folder.join(name).exists()).cloned().collect();
    for name in swept {
        // It is published all the same, and the next sweep comes to the same result.
        match bucket.delete(&format!("{app}/{name}")).await {
            Ok(()) => drop(names.remove(&name)),
            Err(error) => tracing::warn!(%app, name, %error, "old metadata stays in the store for a while"),
        }
    }
    Ok(Committed::Done { known: names })
}

fn lost(bucket: &Bucket) -> Committed {
    bucket.metrics().store_lost_races.inc();
    Committed::Lost
}
