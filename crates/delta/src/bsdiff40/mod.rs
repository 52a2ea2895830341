//! `bsdiff40`: the classic format of bsdiff 4, which Debian's `bspatch` and old Lantern clients read.
//!
//! Its three bzip2 blocks stand one after the other, and applying needs all three at once. The lengths of the
//! first two stand in the header: they are kept in memory, packed, and counted; the third is read as it comes.

mod apply;
mod bzip;
mod check;
mod make;

use protocol::FormatId;

use crate::input::Input;
use crate::{Error, Info, StreamInfo};

pub(crate) use apply::apply;
pub(crate) use check::check;
pub(crate) use make::make;
#[cfg(all(test, target_os = "linux"))]
pub(crate) use make::write;

/// The first bytes of every patch.
pub(crate) const MAGIC: &[u8; 8] = b"BSDIFF40";
/// Memory to apply, apart from the packed control and difference blocks: three bzip2 decoders of at most 3.7 MB
/// each (blocks of 900 kB) and the buffers of the base and of the result.
const MEMORY_FIXED: u64 = 16 << 20;

/// The header: 32 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    /// Length of the packed control block.
    control: u64,
    /// Length of the packed difference block.
    difference: u64,
    /// Length of the artifact.
    artifact: u64,
}

impl Header {
    /// Reads the rest of a header whose magic was read.
    pub(crate) fn read_after_magic(input: &mut Input) -> Result<Self, Error> {
        let [control, difference, artifact] = crate::steps::numbers(input.array()?);
        // Sign and magnitude: what has the top bit is negative.
        if [control, difference, artifact].iter().any(|length| length >> 63 != 0) {
            return Err(Error::Malformed("a negative length"));
        }
        Ok(Self { control, difference, artifact })
    }

    /// The memory that applying needs, in bytes.
    fn memory(&self) -> u64 {
        MEMORY_FIXED.saturating_add(self.control).saturating_add(self.difference)
    }

    pub(crate) fn info(self) -> Result<Info, Error> {
        let stream = |name, packed| StreamInfo { name, plain: None, packed };
        Ok(Info {
            format: FormatId::parse(FormatId::BSDIFF40).map_err(|_| Error::NoPatch)?,
            base: None,
            artifact_length: self.artifact,
            artifact_sha256: None,
            memory: self.memory(),
            streams: vec![
                stream("control", Some(self.control)),
                stream("difference", Some(self.difference)),
                stream("extra", None),
            ],
        })
    }
}

/// A number as sign and magnitude.
fn sign_magnitude(number: i64) -> [u8; 8] {
    let sign = if number < 0 { 1 << 63 } else { 0 };
    (number.unsigned_abs() | sign).to_le_bytes()
}

/// The number that sign and magnitude say. Minus zero is zero.
fn from_sign_magnitude(number: u64) -> i64 {
    let magnitude = (number & !(1 << 63)).cast_signed();
    if number >> 63 == 0 { magnitude } else { -magnitude }
}
