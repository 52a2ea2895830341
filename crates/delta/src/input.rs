//! The patch as it is read: errors told apart, nothing read twice.

use std::io::{ErrorKind, Read};

use crate::Error;

/// A patch being read, in order.
pub(crate) struct Input<'a>(&'a mut dyn Read);

impl<'a> Input<'a> {
    pub(crate) fn new(reader: &'a mut dyn Read) -> Self {
        Self(reader)
    }

    /// Reads what there is, up to the buffer's length; 0 only at the end.
    pub(crate) fn read(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        loop {
            match self.0.read(buf) {
                Ok(read) => return Ok(read),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::ReadPatch(error)),
            }
        }
    }

    /// Fills the buffer.
    pub(crate) fn fill(&mut self, mut buf: &mut [u8]) -> Result<(), Error> {
        while !buf.is_empty() {
            match self.read(buf)? {
                0 => return Err(Error::Truncated),
                read => buf = buf.get_mut(read..).unwrap_or_default(),
            }
        }
        Ok(())
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Makes sure that nothing follows.
    pub(crate) fn end(&mut self) -> Result<(), Error> {
        match self.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(Error::TrailingBytes),
        }
    }
}
