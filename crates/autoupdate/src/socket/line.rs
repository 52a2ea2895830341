//! Lines with a limit.

use std::io;

use serde::Serialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The next line without its end; `None` = the other side has hung up.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] for a line that is longer than `limit` bytes, [`io::ErrorKind::UnexpectedEof`] if the other
/// side has hung up in the middle of a line, and what else the system says.
pub(super) async fn read(from: &mut (impl AsyncBufRead + Unpin), limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.take(limit).read_until(b'\n', &mut line).await?;
    match line.pop() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(line)),
        // The end that was taken is a byte of the line too.
        Some(_) if line.len() as u64 + 1 >= limit => {
            Err(io::Error::new(io::ErrorKind::InvalidData, "the line is too long"))
        }
        Some(_) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the line has no end")),
    }
}

/// Writes a message as one line.
///
/// # Errors
/// The other side has hung up.
pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), message: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(message)?;
    bytes.push(b'\n');
    to.write_all(&bytes).await?;
    to.flush().await
}
