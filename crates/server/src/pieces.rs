//! A file, piece by piece, as it is sent.
//!
//! What the system has in memory is read at once, where it is wanted: what many clients fetch costs no change of threads. Only
//! what must come from a disk is read on a thread that may block. Each piece is one buffer, handed on as it was read.

use std::fs::File;
use std::io;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::try_unfold;

use crate::blocking;

/// The size of a piece in bytes: what one connection costs while it is slow.
const PIECE: usize = 64 << 10;

/// A part of a file that has still to be sent.
struct Part<T> {
    file: File,
    offset: u64,
    left: u64,
    /// Held until the last piece is gone.
    _held: T,
}

/// The `length` bytes behind `offset`. `held` lives as long as the pieces.
///
/// Errors as reading gives them; [`io::ErrorKind::UnexpectedEof`] where the file ends too early.
pub(crate) fn of<T: Send>(
    file: File,
    offset: u64,
    length: u64,
    held: T,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    try_unfold(Part { file, offset, left: length, _held: held }, |mut part| async move {
        if part.left == 0 {
            return Ok(None);
        }
        let most = usize::try_from(part.left).map_or(PIECE, |left| left.min(PIECE));
        let piece = match in_memory(&part.file, part.offset, most) {
            Some(piece) => piece?,
            None => {
                let (file, offset) = (part.file.try_clone()?, part.offset);
                let read = blocking::run(move || from_disk(&file, offset, most)).await;
                read.ok_or(io::ErrorKind::Interrupted)??
            }
        };
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        part.offset += piece.len() as u64;
        part.left -= piece.len() as u64;
        Ok(Some((piece, part)))
    })
}

/// At most so many bytes, if reading them waits for no disk.
#[cfg(target_os = "linux")]
fn in_memory(file: &File, offset: u64, most: usize) -> Option<io::Result<Bytes>> {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};
    let mut bytes = vec![0; most];
    let mut parts = [io::IoSliceMut::new(&mut bytes)];
    match preadv2(file, &mut parts, offset, ReadWriteFlags::NOWAIT) {
        Ok(read) => {
            bytes.truncate(read);
            Some(Ok(bytes.into()))
        }
        // Not in memory; or a file system that cannot tell.
        Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS) => None,
        Err(error) => Some(Err(error.into())),
    }
}

/// No other system says whether a read would wait.
#[cfg(not(target_os = "linux"))]
fn in_memory(_: &File, _: u64, _: usize) -> Option<io::Result<Bytes>> {
    None
}

/// At most so many bytes; none at the end. Blocks.
fn from_disk(file: &File, offset: u64, most: usize) -> io::Result<Bytes> {
    let mut bytes = vec![0; most];
    #[cfg(unix)]
    let read = std::os::unix::fs::FileExt::read_at(file, &mut bytes, offset)?;
    #[cfg(windows)]
    let read = std::os::windows::fs::FileExt::seek_read(file, &mut bytes, offset)?;
    bytes.truncate(read);
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;

    use super::*;

    async fn read(bytes: &[u8], offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let pieces = of(File::open(&path).unwrap(), offset, length, ());
        pieces
            .try_fold(Vec::new(), |mut all, piece| async move {
                assert!(!piece.is_empty() && piece.len() <= PIECE);
                all.extend_from_slice(&piece);
                Ok(all)
            })
            .await
    }

    #[tokio::test]
    async fn a_part_is_read_exactly() {
        let bytes: Vec<u8> = (0..3 * PIECE + 17).map(|n| (n % 251) as u8).collect();
        for (offset, length) in
            [(0, bytes.len()), (1, PIECE), (PIECE - 1, 2 * PIECE), (5, 0), (3 * PIECE, 17)]
        {
            let part = read(&bytes, offset as u64, length as u64).await.unwrap();
            assert!(part == bytes[offset..offset + length], "{length} bytes from {offset}");
        }
    }

    #[tokio::test]
    async fn a_file_that_ends_too_early_is_no_whole_answer() {
        let error = read(b"0123456789", 4, 7).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn both_ways_read_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"0123456789").unwrap();
        let file = File::open(&path).unwrap();
        for (offset, expected) in [(0, &b"0123"[..]), (8, b"89"), (10, b"")] {
            assert_eq!(from_disk(&file, offset, 4).unwrap(), expected);
            if let Some(piece) = in_memory(&file, offset, 4) {
                assert_eq!(piece.unwrap(), expected);
            }
        }
    }
}
