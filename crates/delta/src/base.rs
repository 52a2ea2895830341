//! The file that a patch starts from, read by offset.

use std::fs::File;
use std::io;

/// Bytes that can be read at any offset without moving a shared position.
///
/// Contract: [`ReadAt::len`] does not change while a patch is applied; a base that becomes shorter gives an error
/// from [`ReadAt::read_exact_at`], one whose bytes change gives a result with a wrong SHA-256.
pub trait ReadAt {
    /// Fills `buf` from `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if there are not so many bytes, or what reading gives.
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()>;

    /// The length in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ReadAt for [u8] {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|start| self.get(start..start.checked_add(buf.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(bytes);
        Ok(())
    }

    fn len(&self) -> u64 {
        self.len() as u64
    }
}

impl ReadAt for Vec<u8> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.as_slice().read_exact_at(buf, offset)
    }

    fn len(&self) -> u64 {
        self.len() as u64
    }
}

/// Any base behind one pointer.
pub(crate) struct Borrowed<'a, T: ?Sized>(pub(crate) &'a T);

impl<T: ReadAt + ?Sized> ReadAt for Borrowed<'_, T> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buf, offset)
    }

    fn len(&self) -> u64 {
        self.0.len()
    }
}

/// An open file as a base. Its length is taken once, when it is made.
#[derive(Debug)]
pub struct BaseFile {
    file: File,
    length: u64,
}

impl BaseFile {
    /// Takes an open file, at whatever position it is.
    ///
    /// # Errors
    /// If its length cannot be read.
    pub fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }
}

impl ReadAt for BaseFile {
    #[cfg(unix)]
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buf, offset)
    }

    #[cfg(windows)]
    fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(&self.file, buf, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    buf = buf.split_at_mut(read).1;
                    offset += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn len(&self) -> u64 {
        self.length
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn check(base: &(impl ReadAt + ?Sized)) {
        assert_eq!(base.len(), 5);
        let mut three = [0; 3];
        base.read_exact_at(&mut three, 2).unwrap();
        assert_eq!(&three, b"llo");
        for offset in [3, 6, u64::MAX] {
            let error = base.read_exact_at(&mut three, offset).unwrap_err();
            assert!(
                matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput),
                "{offset}"
            );
        }
    }

    #[test]
    fn slices_and_files_read_alike() {
        check(b"hello".as_slice());
        check(&b"hello".to_vec());
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"hello").unwrap();
        check(&BaseFile::new(file).unwrap());
    }
}
