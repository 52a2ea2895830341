//! What a Lantern server names: where its bytes lie, and when they are right.
//!
//! The server signed SHA-256 and signature of the new program, and nobody signed its length. So a download ends at a limit of our
//! own, a patch says itself how much it makes and is held to that, and only bytes whose SHA-256 is the announced one *and* over
//! which the announced signature verifies are staged. A full download is bzip2 if it begins with `BZ`, else the program itself:
//! the first clients go by these two bytes, and publishers rely on it.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use bzip2::read::MultiBzDecoder;
use protocol::{Digest, object};

use super::stream::{self, Stage, copy, lock};
use super::{Job, Route, Way};
use crate::error::{Actor, Fault, Phase};
use crate::fetch::{Follow, Length, Spool};
use crate::install::{self, StageWriter, Staged};
use crate::source::lantern::{MAX_ARTIFACT_BYTES, PatchWay, PublicKey, Ways};

/// What a bzip2 stream begins with.
const BZIP2: &[u8] = b"BZ";
/// What a patch begins with.
const PATCH_MAGIC: &[u8] = b"BSDIFF40";
/// The head of a patch: magic and three lengths.
const PATCH_HEAD_BYTES: u64 = 32;

/// What a Lantern server named, and the key that signs for it.
#[derive(Debug)]
pub struct Signed {
    /// Where the bytes lie, and their signature.
    pub ways: Ways,
    /// The pinned key.
    pub key: PublicKey,
}

/// How received bytes become the program.
#[derive(Debug, Clone)]
pub(super) struct Decode {
    signed: Arc<Signed>,
    /// They are a patch, and applying it may need so much memory, in bytes.
    patch: Option<u64>,
}

/// Why bytes are not those that the server signed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The patch is not asked for.
    #[error("the patch is not used: {why}")]
    PatchUnusable {
        /// Why.
        why: String,
    },
    /// The program itself is not what was announced.
    #[error("the program has SHA-256 {found}, but {expected} was announced")]
    Checksum {
        /// What was announced.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// The announced signature is not over these bytes.
    #[error("the announced signature is not that of the pinned key over the program")]
    Signature,
    /// The bzip2 streams cannot be read.
    #[error("the program was packed with bzip2 and is damaged: {0}")]
    Compressed(io::Error),
    /// The program is larger than any that is taken without a signed length.
    #[error("the program is larger than {limit} bytes, and nobody signed its length")]
    TooLong {
        /// The limit in bytes.
        limit: u64,
    },
}

impl Error {
    /// What it means: phase, who must act, stable code.
    pub(super) fn fault(&self) -> Fault {
        use Actor::Repository;
        match self {
            Self::PatchUnusable { .. } => Fault::passing("E-LANTERN-PATCH", Phase::Fetch, Repository),
            Self::Checksum { .. } => Fault::passing("E-LANTERN-CHECKSUM", Phase::Verify, Repository),
            Self::Signature => Fault::passing("E-LANTERN-SIGNATURE", Phase::Verify, Repository),
            Self::Compressed(_) => Fault::passing("E-LANTERN-COMPRESSED", Phase::Apply, Repository),
            Self::TooLong { .. } => Fault::passing("E-LANTERN-TOO-LONG", Phase::Fetch, Repository),
        }
    }

    /// Whether the received bytes are to blame.
    pub(super) fn is_about_the_bytes(&self) -> bool {
        match self {
            Self::Checksum { .. } | Self::Signature | Self::Compressed(_) | Self::TooLong { .. } => true,
            Self::PatchUnusable { .. } => false,
        }
    }
}

/// What a route means here on the wire and in the spool.
pub(super) fn way(
    job: &Job,
    signed: &Arc<Signed>,
    spool: &Spool,
    route: &Route,
) -> Result<Way, super::Error> {
    let sha256 = &job.artifact.sha256;
    let decode = |patch| stream::Decode::Lantern(Decode { signed: Arc::clone(signed), patch });
    let length = Length::AtMost(MAX_ARTIFACT_BYTES);
    match route {
        Route::Patch { base, format, .. } => {
            let url = match &signed.ways.patch {
                Some(PatchWay::At(url)) => url.as_url().clone(),
                Some(PatchWay::Unusable { why }) => {
                    return Err(Error::PatchUnusable { why: why.clone() }.into());
                }
                None => return Err(super::Error::NoRoute),
            };
            Ok(Way {
                object: object::patch(sha256, base, format),
                addresses: vec![url],
                file: spool.file(sha256, format.as_str()),
                length,
                decode: decode(Some(job.patch_memory)),
            })
        }
        Route::Full => {
            let url = signed.ways.full.as_ref().ok_or(super::Error::NoRoute)?.as_url().clone();
            // Its name in errors, and what a broken download belongs to: the query may be a secret of the day.
            let mut name = url.clone();
            name.set_query(None);
            Ok(Way {
                object: name.into(),
                addresses: vec![url],
                file: spool.file(sha256, "full"),
                length,
                decode: decode(None),
            })
        }
        Route::CompressedFull => Err(super::Error::NoRoute),
    }
}

/// Reads the bytes to their end, and stages what they become if that is what was signed.
pub(super) fn stage(what: &Stage, decode: &Decode, follow: Follow) -> Result<Staged, super::Error> {
    let writer = match decode.patch {
        Some(memory) => patched(what, memory, follow)?,
        None => unpacked(what, follow)?,
    };
    let (expected, found) = (what.artifact.sha256, writer.digest());
    if found != expected {
        return Err(Error::Checksum { expected, found }.into());
    }
    if !decode.signed.key.verify(&found, &decode.signed.ways.signature) {
        return Err(Error::Signature.into());
    }
    Ok(lock(&what.place).finish_stage(writer)?)
}

fn begin(what: &Stage, at_most: u64) -> Result<StageWriter, super::Error> {
    let version = &what.artifact.release.version;
    Ok(lock(&what.place).begin_unmeasured_stage(version, what.artifact.sha256, at_most)?)
}

/// The installed bytes with the patch applied. How long the result is says the patch alone.
fn patched(what: &Stage, memory: u64, mut follow: Follow) -> Result<StageWriter, super::Error> {
    let head = head(&mut follow, PATCH_HEAD_BYTES)?;
    if !head.starts_with(PATCH_MAGIC) {
        // Our own formats, too: no first client reads them, so no such server names them.
        return Err(delta::Error::NoPatch.into());
    }
    let info = delta::info(head.as_slice())?;
    let length = info.artifact_length;
    if length > MAX_ARTIFACT_BYTES {
        return Err(Error::TooLong { limit: MAX_ARTIFACT_BYTES }.into());
    }
    let mut writer = begin(what, length)?;
    let base = lock(&what.place).base()?;
    let base = delta::BaseFile::new(base).map_err(delta::Error::ReadBase)?;
    let expected = delta::Expected { length, sha256: what.artifact.sha256 };
    let patch = Cursor::new(head).chain(follow);
    delta::apply(&info.format, &base, patch, &mut writer, &expected, &delta::Limits { memory }).map_err(
        |error| match error {
            delta::Error::WriteOut(source) => install::Error::of_write(source).into(),
            other => super::Error::Patch(other),
        },
    )?;
    Ok(writer)
}

/// The whole program.
fn unpacked(what: &Stage, mut follow: Follow) -> Result<StageWriter, super::Error> {
    let head = head(&mut follow, BZIP2.len() as u64)?;
    let packed = head == BZIP2;
    let mut writer = begin(what, MAX_ARTIFACT_BYTES)?;
    let whole = Cursor::new(head).chain(follow);
    let copied = if packed {
        let failed = |error| Error::Compressed(error).into();
        copy(MultiBzDecoder::new(whole), &mut writer, MAX_ARTIFACT_BYTES, failed)
    } else {
        copy(whole, &mut writer, MAX_ARTIFACT_BYTES, |source| super::Error::Read { source })
    };
    match copied {
        Err(super::Error::TooLong { limit }) => Err(Error::TooLong { limit }.into()),
        copied => copied.map(|()| writer),
    }
}

/// The first bytes, or as many as there are.
fn head(follow: &mut Follow, bytes: u64) -> Result<Vec<u8>, super::Error> {
    let mut head = Vec::new();
    follow.take(bytes).read_to_end(&mut head).map_err(|source| super::Error::Read { source })?;
    Ok(head)
}
