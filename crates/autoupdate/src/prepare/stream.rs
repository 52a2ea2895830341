//! The blocking half: received bytes in, verified stage out, in pieces.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::{Artifact, Digest, FormatId};

use super::{Error, lantern};
use crate::fetch::Follow;
use crate::install::{self, Place, Staged};

/// The largest window of a compressed twin, as a power of two: 8 MiB, so that a full download of any size stays below
/// 16 MiB of memory.
const WINDOW_LOG: u32 = 23;
/// Bytes that are copied at once.
const PIECE: usize = 64 << 10;

/// How received bytes become the artifact.
#[derive(Debug, Clone)]
pub(super) enum Decode {
    /// They are the artifact.
    Plain,
    /// They are one zstd frame.
    Zstd,
    /// A Lantern server named them.
    Lantern(lantern::Decode),
    /// They are a patch against the installed bytes.
    Patch {
        /// Its format.
        format: FormatId,
        /// The most memory that applying it may need, in bytes.
        memory: u64,
    },
}

/// What to make of the bytes.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) place: Arc<Mutex<Place>>,
    pub(super) artifact: Artifact,
    pub(super) decode: Decode,
}

/// Reads the bytes to their end and stages what they become. On an error no stage is left.
pub(super) fn stage(what: &Stage, mut follow: Follow) -> Result<Staged, Error> {
    if let Decode::Lantern(decode) = &what.decode {
        return lantern::stage(what, decode, follow);
    }
    let (mut writer, base) = {
        let mut place = lock(&what.place);
        let base = match what.decode {
            Decode::Patch { .. } => Some(place.base()?),
            Decode::Plain | Decode::Zstd | Decode::Lantern(_) => None,
        };
        (place.begin_stage(&what.artifact)?, base)
    };
    match (&what.decode, base) {
        (Decode::Patch { format, memory }, Some(base)) => {
            let base = delta::BaseFile::new(base).map_err(delta::Error::ReadBase)?;
            let expected = delta::Expected { length: what.artifact.length, sha256: what.artifact.sha256 };
            let limits = delta::Limits { memory: *memory };
            delta::apply(format, &base, &mut follow, &mut writer, &expected, &limits).map_err(|error| {
                match error {
                    delta::Error::WriteOut(source) => install::Error::of_write(source).into(),
                    other => Error::Patch(other),
                }
            })?;
        }
        (Decode::Zstd, _) => {
            let mut decoder = zstd::stream::read::Decoder::new(&mut follow).map_err(Error::Compressed)?;
            decoder.window_log_max(WINDOW_LOG).map_err(Error::Compressed)?;
            copy(decoder, &mut writer, what.artifact.length, Error::Compressed)?;
        }
        (Decode::Plain | Decode::Lantern(_) | Decode::Patch { .. }, _) => {
            copy(&mut follow, &mut writer, what.artifact.length, |source| Error::Read { source })?;
        }
    }
    Ok(lock(&what.place).finish_stage(writer)?)
}

/// Copies in pieces, and stops at the first byte beyond `limit`: what expands for ever costs one piece more.
pub(super) fn copy(
    mut from: impl Read,
    to: &mut impl Write,
    limit: u64,
    read_failed: impl Fn(io::Error) -> Error,
) -> Result<(), Error> {
    let (mut piece, mut left) = (vec![0; PIECE], limit);
    loop {
        let length = match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(read_failed(error)),
        };
        left = left.checked_sub(length as u64).ok_or(Error::TooLong { limit })?;
        to.write_all(piece.get(..length).unwrap_or_default()).map_err(install::Error::of_write)?;
    }
}

/// The installed bytes are still there and are what a patch starts from.
pub(super) fn check_base(place: &Mutex<Place>, expected: &Digest) -> Result<(), Error> {
    let place = lock(place);
    let found = place.installed().sha256;
    if found != *expected {
        return Err(Error::OtherBase { expected: *expected, found });
    }
    place.base()?;
    Ok(())
}

/// A panic elsewhere while the place was held left it as its journal says; the next step checks for itself.
pub(super) fn lock(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
