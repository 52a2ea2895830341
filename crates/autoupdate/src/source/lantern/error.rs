//! What can go wrong with a check of a Lantern source, beside the network.

use std::io;
use std::path::PathBuf;

use protocol::{Digest, Invalid, Platform, Version};

use crate::error::{Actor, Fault, Phase};

/// Why a check brought nothing that can be believed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The pinned key cannot be read.
    #[error("the key {} cannot be read: {source}", file.display())]
    KeyFile {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The pinned key is not the file that was pinned.
    #[error("the key {} has SHA-256 {found}, but {expected} was pinned", file.display())]
    KeyPin {
        /// The file.
        file: PathBuf,
        /// What was pinned.
        expected: Digest,
        /// What it is.
        found: Digest,
    },
    /// The pinned file is no key that can sign for programs.
    #[error("the key {} cannot be used: {why}", file.display())]
    Key {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The server has nothing for such a machine, or could not make what it wanted to offer (417).
    #[error(
        "the server serves no {platform}, did not understand the question, or could not make a patch: it says the same of all (417)"
    )]
    Unsupported {
        /// This machine.
        platform: Platform,
    },
    /// The answer is not signed for this question.
    #[error("the answer is not believed: {why}")]
    AnswerSignature {
        /// What is wrong.
        why: &'static str,
    },
    /// The answer is rightly signed, but says nothing that can be used.
    #[error("the answer is signed, but cannot be used: {why}")]
    Answer {
        /// What is wrong with it.
        why: String,
    },
    /// The answer names an address that must not be asked.
    #[error("the answer names an address that is not allowed: {0}")]
    Url(Invalid),
    /// The announced program is not signed by the pinned key.
    #[error("the server names version {version}, but not with a signature of the pinned key")]
    ArtifactSignature {
        /// The version.
        version: Version,
    },
    /// The system gives no random numbers.
    #[error("the system gave no random numbers: {0}")]
    Random(getrandom::Error),
}

impl Error {
    /// What it means: phase, who must act, stable code.
    #[must_use]
    pub fn fault(&self) -> Fault {
        use Actor::{Machine, Repository};
        let phase = Phase::Check;
        match self {
            Self::KeyFile { .. } => Fault::lasting("E-LANTERN-KEY-FILE", phase, Machine),
            Self::KeyPin { .. } => Fault::lasting("E-LANTERN-KEY-PIN", phase, Machine),
            Self::Key { .. } => Fault::lasting("E-LANTERN-KEY", phase, Machine),
            Self::Unsupported { .. } => Fault::passing("E-LANTERN-UNSUPPORTED", phase, Repository),
            Self::AnswerSignature { .. } => Fault::passing("E-LANTERN-ANSWER-SIGNATURE", phase, Repository),
            Self::Answer { .. } => Fault::passing("E-LANTERN-ANSWER", phase, Repository),
            Self::Url(_) => Fault::passing("E-LANTERN-URL", phase, Repository),
            Self::ArtifactSignature { .. } => Fault::passing("E-LANTERN-SIGNATURE", phase, Repository),
            Self::Random(_) => Fault::passing("E-STATE-RANDOM", phase, Machine),
        }
    }

    /// Whether it says something about the server's word rather than about this machine.
    pub(in crate::source) fn is_about_the_server(&self) -> bool {
        match self {
            Self::Unsupported { .. }
            | Self::AnswerSignature { .. }
            | Self::Answer { .. }
            | Self::Url(_)
            | Self::ArtifactSignature { .. } => true,
            Self::KeyFile { .. } | Self::KeyPin { .. } | Self::Key { .. } | Self::Random(_) => false,
        }
    }
}
