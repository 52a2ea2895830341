//! What can go wrong between an offer and its stage.

use std::io;
use std::time::Duration;

use protocol::{Digest, FormatId, Invalid};

use crate::error::{Actor, Fault, Phase};
use crate::fetch;
use crate::install;

/// Why a route did not lead to a stage.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network, a server or the spool.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// The disk or the program.
    #[error(transparent)]
    Install(#[from] install::Error),
    /// The patch is bad, or bad for these bytes.
    #[error(transparent)]
    Patch(#[from] delta::Error),
    /// What came under this name is to blame.
    #[error("{object}: {source}")]
    Object {
        /// The object's name below its app.
        object: String,
        /// What is wrong with it.
        source: Box<Error>,
    },
    /// A patch starts from other bytes than those installed: somebody changed the program.
    #[error("the patch starts from {expected:?}, but {found:?} is installed")]
    OtherBase {
        /// What the patch starts from.
        expected: Digest,
        /// What is installed.
        found: Digest,
    },
    /// A format that this program cannot apply.
    #[error("patches of format {format} cannot be applied here")]
    Format {
        /// The format.
        format: FormatId,
    },
    /// A patch that needs too much memory.
    #[error("the patch needs {needed} bytes of memory; {limit} are allowed")]
    Memory {
        /// What it says it needs, in bytes.
        needed: u64,
        /// What is allowed, in bytes.
        limit: u64,
    },
    /// A patch that is not smaller than the artifact.
    #[error("the patch has {length} bytes, the artifact itself {full}")]
    NotSmaller {
        /// Length of the patch in bytes.
        length: u64,
        /// Length of the artifact in bytes.
        full: u64,
    },
    /// The server was still making the patch when the patience ended.
    #[error("the server did not make the patch within {waited:?}")]
    NotMade {
        /// How long was waited.
        waited: Duration,
    },
    /// More bytes than were signed.
    #[error("more than the signed {limit} bytes came")]
    TooLong {
        /// The signed length in bytes.
        limit: u64,
    },
    /// The spool could not be read.
    #[error("the received bytes could not be read: {source}")]
    Read {
        /// The cause.
        source: io::Error,
    },
    /// The compressed artifact cannot be read.
    #[error("the compressed artifact is damaged: {0}")]
    Compressed(io::Error),
    /// A name in verified metadata cannot be an object's name.
    #[error("the artifact cannot be addressed: {0}")]
    Name(Invalid),
    /// There was no source or no route.
    #[error("there is no way to get the artifact")]
    NoRoute,
    /// What a Lantern server named is not what it signed, or must not be fetched.
    #[error(transparent)]
    Lantern(#[from] super::lantern::Error),
    /// A blocking step died.
    #[error("a step of the preparation died")]
    Died,
}

impl Error {
    /// What it means: phase, who must act, stable code.
    #[must_use]
    pub fn fault(&self) -> Fault {
        use Actor::{Bug, Machine, Repository};
        match self {
            Self::Fetch(error) => error.fault(),
            Self::Install(error) => error.fault(),
            Self::Patch(error) => Fault::passing(error.code(), Phase::Apply, Repository),
            Self::Object { source, .. } => source.fault(),
            Self::OtherBase { .. } => Fault::lasting("E-PATCH-BASE", Phase::Apply, Machine),
            Self::Format { .. } => Fault::lasting("E-PATCH-FORMAT", Phase::Apply, Machine),
            Self::Memory { .. } => Fault::lasting("E-PATCH-MEMORY", Phase::Apply, Repository),
            Self::NotSmaller { .. } => Fault::lasting("E-PATCH-SIZE", Phase::Fetch, Repository),
            Self::NotMade { .. } => Fault::passing("E-PATCH-NOT-MADE", Phase::Fetch, Repository),
            Self::TooLong { .. } => Fault::passing("E-FILE-LENGTH", Phase::Verify, Repository),
            Self::Read { .. } => Fault::lasting("E-DISK-SPOOL", Phase::Stage, Machine),
            Self::Compressed(_) => Fault::passing("E-FILE-COMPRESSED", Phase::Apply, Repository),
            Self::Name(_) => Fault::lasting("E-META-NAME", Phase::Fetch, Repository),
            Self::NoRoute => Fault::lasting("E-FILE-NO-ROUTE", Phase::Fetch, Repository),
            Self::Lantern(error) => error.fault(),
            Self::Died => Fault::passing("E-FILE-DIED", Phase::Stage, Bug),
        }
    }

    /// Whether the received bytes are to blame: then they are not worth continuing, and fresh ones may do.
    pub(super) fn is_about_the_bytes(&self) -> bool {
        match self {
            Self::Patch(error) => match error {
                delta::Error::ReadBase(_)
                | delta::Error::ReadPatch(_)
                | delta::Error::WriteOut(_)
                | delta::Error::Match(_)
                | delta::Error::Compress(_)
                | delta::Error::Memory { .. }
                | delta::Error::UnknownFormat(_) => false,
                delta::Error::NoPatch
                | delta::Error::OtherFormat { .. }
                | delta::Error::UnknownContainer(_)
                | delta::Error::OtherBase { .. }
                | delta::Error::OtherArtifact { .. }
                | delta::Error::Malformed(_)
                | delta::Error::Truncated
                | delta::Error::TrailingBytes
                | delta::Error::TooLong { .. }
                | delta::Error::WrongResult { .. } => true,
            },
            Self::Install(error) => matches!(
                error,
                install::Error::TooLong { .. }
                    | install::Error::WrongLength { .. }
                    | install::Error::WrongHash { .. }
            ),
            Self::TooLong { .. } | Self::Compressed(_) | Self::Object { .. } => true,
            Self::Lantern(error) => error.is_about_the_bytes(),
            Self::Fetch(error) => {
                matches!(error, fetch::Error::WrongLength { .. } | fetch::Error::TooLong { .. })
            }
            Self::OtherBase { .. }
            | Self::Format { .. }
            | Self::Memory { .. }
            | Self::NotSmaller { .. }
            | Self::NotMade { .. }
            | Self::Read { .. }
            | Self::Name(_)
            | Self::NoRoute
            | Self::Died => false,
        }
    }

    /// This error with the name of the object that is to blame. Errors of the network name their address already.
    pub(super) fn of(self, object: &str) -> Self {
        match self {
            Self::Fetch(_) => self,
            error if error.is_about_the_bytes() => {
                Self::Object { object: object.to_owned(), source: Box::new(error) }
            }
            error => error,
        }
    }

    /// Whether another route may cure this.
    pub(super) fn is_the_routes_own(&self) -> bool {
        match self {
            // What is about the bytes is the route's; everything else that installing says is the disk's or program's.
            Self::Install(_) => self.is_about_the_bytes(),
            Self::Fetch(fetch::Error::Cancelled | fetch::Error::Spool { .. })
            | Self::Read { .. }
            | Self::Name(_)
            | Self::Died => false,
            Self::Fetch(_)
            | Self::Patch(_)
            | Self::Object { .. }
            | Self::OtherBase { .. }
            | Self::Format { .. }
            | Self::Memory { .. }
            | Self::NotSmaller { .. }
            | Self::NotMade { .. }
            | Self::TooLong { .. }
            | Self::Compressed(_)
            | Self::Lantern(_)
            | Self::NoRoute => true,
        }
    }
}
