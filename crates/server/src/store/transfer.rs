//! Large objects on their way between this disk and the store, in pieces.

use std::io;
use std::path::Path;

use bytes::Bytes;
use futures_util::StreamExt as _;
use object_store::{MultipartUpload, ObjectStoreExt as _};
use protocol::Hasher;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::bucket::{Bucket, StoreError, refused};

/// The size of a piece in bytes: what one transfer has in memory. S3 takes no smaller ones, and 10,000 of them at most.
const PIECE: usize = 8 << 20;
/// How many times as long as a small object one piece may take.
const PATIENCE: u32 = 6;

/// Sends a file whose bytes are what `name` says: replacing is harmless, because the same bytes lie there.
pub(crate) async fn upload(bucket: &Bucket, file: &Path, name: &str) -> Result<u64, StoreError> {
    let outcome = send(bucket, file, name).await;
    bucket.count("upload", &outcome, |_| "done");
    outcome
}

async fn send(bucket: &Bucket, file: &Path, name: &str) -> Result<u64, StoreError> {
    let (store, key, timeout) = bucket.raw(name);
    let mut file = tokio::fs::File::open(file).await?;
    let limit = timeout * PATIENCE;
    let late = |_| StoreError::TimedOut { doing: "write", name: name.to_owned(), limit };
    let first = piece(&mut file).await?;
    if first.len() < PIECE {
        let length = first.len() as u64;
        let sent = tokio::time::timeout(limit, store.put(&key, first.into())).await.map_err(late)?;
        return sent.map(|_| length).map_err(refused("write", name));
    }
    let begun = tokio::time::timeout(limit, store.put_multipart(&key)).await.map_err(late)?;
    let mut upload = begun.map_err(refused("write", name))?;
    let sending = async {
        let (mut next, mut length) = (first, 0);
        while !next.is_empty() {
            length += next.len() as u64;
            let sent = tokio::time::timeout(limit, upload.put_part(next.into())).await.map_err(late)?;
            sent.map_err(refused("write", name))?;
            next = piece(&mut file).await?;
        }
        let done = tokio::time::timeout(limit, upload.complete()).await.map_err(late)?;
        done.map(|_| length).map_err(refused("write", name))
    };
    let outcome = sending.await;
    if outcome.is_err() {
        give_up(&mut *upload, name, limit).await;
    }
    outcome
}

/// Pieces of an upload that does not end cost room in the store until its own rules sweep them.
async fn give_up(upload: &mut dyn MultipartUpload, name: &str, limit: std::time::Duration) {
    if !matches!(tokio::time::timeout(limit, upload.abort()).await, Ok(Ok(()))) {
        tracing::warn!(name, "pieces of an upload stay in the store until its rule for unfinished uploads");
    }
}

async fn piece(file: &mut tokio::fs::File) -> io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(PIECE);
    file.take(PIECE as u64).read_to_end(&mut bytes).await?;
    Ok(bytes.into())
}

/// Fetches an object of at most `limit` bytes into a file. False: there is none.
pub(crate) async fn download(
    bucket: &Bucket,
    name: &str,
    file: std::fs::File,
    limit: u64,
) -> Result<bool, StoreError> {
    let Some(mut pieces) = bucket.open(name, None).await? else { return Ok(false) };
    let (mut file, mut length) = (tokio::fs::File::from_std(file), 0_u64);
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        length += piece.len() as u64;
        if length > limit {
            return Err(StoreError::TooLong { name: name.to_owned(), limit });
        }
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    Ok(true)
}

/// SHA-256 and length of an object, from its bytes; None if there is none.
pub(crate) async fn digest(
    bucket: &Bucket,
    name: &str,
) -> Result<Option<(protocol::Digest, u64)>, StoreError> {
    let Some(mut pieces) = bucket.open(name, None).await? else { return Ok(None) };
    let (mut hasher, mut length) = (Hasher::new(), 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        length += piece.len() as u64;
        hasher.update(&piece);
    }
    Ok(Some((hasher.finish(), length)))
}
