//! What a header says.

use std::io::Read;

use protocol::{Digest, FormatId};
use serde::Serialize;

use crate::container::{self, Header};
use crate::input::Input;
use crate::{Error, bsdiff40};

/// A file as a patch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Length in bytes.
    pub length: u64,
    /// SHA-256.
    pub sha256: Digest,
}

/// One stream of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StreamInfo {
    /// What it carries: `control`, `difference`, `extra`, or `unknown` for a role from the future.
    pub name: &'static str,
    /// Bytes after decompression; `None` where the format does not say.
    pub plain: Option<u64>,
    /// Bytes in the patch; `None` where the format does not say.
    pub packed: Option<u64>,
}

/// What the header of a patch says about it. Untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Info {
    /// The format.
    pub format: FormatId,
    /// The base; `None` where the format does not say.
    pub base: Option<Identity>,
    /// The artifact's length in bytes.
    pub artifact_length: u64,
    /// The artifact's SHA-256; `None` where the format does not say.
    pub artifact_sha256: Option<Digest>,
    /// The memory that applying needs, in bytes.
    pub memory: u64,
    /// The streams, in the format's order.
    pub streams: Vec<StreamInfo>,
}

pub(crate) fn read(patch: &mut dyn Read) -> Result<Info, Error> {
    let mut input = Input::new(patch);
    let magic: [u8; 8] = input.array()?;
    if &magic == container::MAGIC {
        Ok(Header::read_after_magic(&mut input)?.info())
    } else if &magic == bsdiff40::MAGIC {
        bsdiff40::Header::read_after_magic(&mut input)?.info()
    } else {
        Err(Error::NoPatch)
    }
}
