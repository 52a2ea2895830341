//! Objects that are served from the bucket: targets, patches and their indexes. Metadata is served from the copy.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use protocol::{AppId, MAX_INDEX_BYTES};

use super::bucket::{Bucket, StoreError};
use crate::object_name::ObjectName;

/// An object of the bucket that is there.
pub(crate) struct Found {
    pub(crate) length: u64,
    /// For objects whose name does not say it.
    pub(crate) etag: String,
    /// When it came; not known of what was read whole.
    pub(crate) modified: Option<SystemTime>,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    /// Small, and read.
    Bytes(Bytes),
    /// To be opened when it is known which part is wanted.
    Remote(Remote),
}

/// An object that was looked at.
pub(crate) struct Remote {
    bucket: Arc<Bucket>,
    name: String,
}

/// Whether objects of this name are served from the bucket. Rollouts' rules are copied with the metadata.
pub(crate) fn is_remote(name: &ObjectName) -> bool {
    match name {
        ObjectName::Target { folders, .. } => folders != "rollout",
        ObjectName::Patch(_) | ObjectName::PatchIndex { .. } => true,
        ObjectName::Timestamp | ObjectName::Metadata { .. } => false,
    }
}

/// Looks for an object; None if it is not there.
pub(crate) async fn find(
    bucket: &Arc<Bucket>,
    app: &AppId,
    name: &ObjectName,
) -> Result<Option<Found>, StoreError> {
    let remote = name.as_path().to_str().map(|name| format!("{app}/{name}"));
    let Some(remote) = remote else { return Ok(None) };
    if let ObjectName::PatchIndex { .. } = name {
        let Some(read) = bucket.get(&remote, MAX_INDEX_BYTES).await? else { return Ok(None) };
        let etag = format!("\"{}\"", protocol::Digest::of(&read.bytes));
        let length = read.bytes.len() as u64;
        return Ok(Some(Found { length, etag, modified: None, content: Content::Bytes(read.bytes) }));
    }
    let Some(found) = bucket.head(&remote).await? else { return Ok(None) };
    let etag = format!("\"{}\"", found.edition.text());
    let content = Content::Remote(Remote { bucket: Arc::clone(bucket), name: remote });
    Ok(Some(Found { length: found.length, etag, modified: Some(found.modified.into()), content }))
}

impl Remote {
    /// The bytes of a part. They come as they are taken: a slow client holds one piece in memory.
    pub(crate) async fn open(
        self,
        part: Range<u64>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, StoreError> {
        let gone = || io::Error::new(io::ErrorKind::NotFound, "it was there a moment ago");
        if part.is_empty() {
            return Ok(Box::pin(futures_util::stream::empty()));
        }
        Ok(self.bucket.open(&self.name, Some(part)).await?.ok_or_else(gone)?)
    }
}
