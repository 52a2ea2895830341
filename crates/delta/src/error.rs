//! What can go wrong with a patch.

use std::io;

use protocol::{Digest, FormatId};

/// Why a patch could not be made or applied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The format is not one that this program knows.
    #[error("patch format {0} is not known here")]
    UnknownFormat(FormatId),
    /// The bytes start with no magic of a known patch format.
    #[error("these bytes are no patch of a known format")]
    NoPatch,
    /// A patch in another format than the one asked for.
    #[error("the patch is of format {found}, not {wanted}")]
    OtherFormat {
        /// The format that was asked for.
        wanted: &'static str,
        /// The format that the header names.
        found: String,
    },
    /// Our container in a version from the future.
    #[error("patch container version {0} is not known here")]
    UnknownContainer(u16),
    /// Applying would need more memory than is allowed.
    #[error("applying the patch needs {needed} bytes of memory, {limit} are allowed")]
    Memory {
        /// What the header asks for, in bytes.
        needed: u64,
        /// What is allowed, in bytes.
        limit: u64,
    },
    /// The patch starts from a file of another length than the base.
    #[error("the patch is for a base of {patch} bytes, this one has {base}")]
    OtherBase {
        /// The length of the base that the patch was made for.
        patch: u64,
        /// The length of the base that is there.
        base: u64,
    },
    /// The patch says that it gives something else than verified metadata wants.
    #[error(
        "the patch gives another artifact, of {found_length} bytes; the one that is wanted has {expected_length}"
    )]
    OtherArtifact {
        /// The length that verified metadata says.
        expected_length: u64,
        /// The length that the patch says.
        found_length: u64,
    },
    /// A rule of the format is broken.
    #[error("the patch is malformed: {0}")]
    Malformed(&'static str),
    /// The patch ends before the artifact is complete.
    #[error("the patch is cut short")]
    Truncated,
    /// The artifact is complete, and the patch goes on.
    #[error("the patch has bytes after its end")]
    TrailingBytes,
    /// The patch would write more than the artifact's length.
    #[error("the patch gives more than the {expected} bytes that are wanted")]
    TooLong {
        /// The length that verified metadata says.
        expected: u64,
    },
    /// The result has the right length and other bytes: a wrong base, a damaged or a hostile patch.
    #[error("the patch gave a file with SHA-256 {found}, wanted is {expected}")]
    WrongResult {
        /// The SHA-256 that verified metadata says.
        expected: Digest,
        /// The SHA-256 of what came out.
        found: Digest,
    },
    /// Reading the patch failed.
    #[error("reading the patch: {0}")]
    ReadPatch(#[source] io::Error),
    /// Reading the base failed.
    #[error("reading the base: {0}")]
    ReadBase(#[source] io::Error),
    /// Writing the result failed.
    #[error("writing the result: {0}")]
    WriteOut(#[source] io::Error),
    /// Comparing the files failed while a patch was made: they are too large, or there is not enough memory.
    #[error("comparing the base and the artifact: {0}")]
    Match(#[source] io::Error),
    /// Compressing failed while a patch was made.
    #[error("compressing the patch: {0}")]
    Compress(#[source] io::Error),
}

impl Error {
    /// The stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownFormat(_) | Self::NoPatch | Self::OtherFormat { .. } | Self::UnknownContainer(_) => {
                "E-PATCH-FORMAT"
            }
            Self::Memory { .. } => "E-PATCH-MEMORY",
            Self::OtherBase { .. } => "E-PATCH-BASE",
            Self::OtherArtifact { .. } => "E-PATCH-ARTIFACT",
            Self::Malformed(_) => "E-PATCH-MALFORMED",
            Self::Truncated => "E-PATCH-TRUNCATED",
            Self::TrailingBytes => "E-PATCH-TRAILING",
            Self::TooLong { .. } => "E-PATCH-TOO-LONG",
            Self::WrongResult { .. } => "E-PATCH-RESULT",
            Self::ReadPatch(_) => "E-PATCH-READ",
            Self::ReadBase(_) => "E-PATCH-READ-BASE",
            Self::WriteOut(_) => "E-PATCH-WRITE",
            Self::Match(_) => "E-PATCH-MATCH",
            Self::Compress(_) => "E-PATCH-COMPRESS",
        }
    }
}
