//! What can go wrong with a check, split by who must act.

use std::io;
use std::path::PathBuf;

use protocol::Digest;

use crate::error::{Actor, Fault, Phase};
use crate::{fetch, store};

/// Why a check brought nothing that can be believed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network, a server or somebody in between.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// What came does not verify.
    #[error(transparent)]
    Trust(#[from] trust::Error),
    /// What came could not be kept.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// An object that verified metadata names does not exist.
    #[error("{object} is named by verified metadata but does not exist")]
    Missing {
        /// The object's name.
        object: String,
    },
    /// A name in verified metadata cannot be an object's name.
    #[error("verified metadata names an object that cannot exist: {0}")]
    Name(protocol::Invalid),
    /// The pinned root cannot be read.
    #[error("the trusted root {} cannot be read: {source}", file.display())]
    RootFile {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The pinned root is not the file that was pinned.
    #[error("the trusted root {} has SHA-256 {found}, but {expected} was pinned", file.display())]
    RootPin {
        /// The file.
        file: PathBuf,
        /// What was pinned.
        expected: Digest,
        /// What it is.
        found: Digest,
    },
    /// A Lantern source.
    #[error(transparent)]
    Lantern(#[from] super::lantern::Error),
    /// The enrolment names no source.
    #[error("there is no source to ask")]
    NoSource,
    /// A blocking step died.
    #[error("a step of the check died")]
    Died,
}

impl Error {
    /// What it means: phase, who must act, stable code.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let phase = Phase::Check;
        match self {
            Self::Fetch(error) => Fault { phase, ..error.fault() },
            Self::Store(error) => Fault { phase, ..error.fault() },
            Self::Trust(error) => {
                let actor = match error.actor() {
                    trust::Actor::Repository => Actor::Repository,
                    trust::Actor::Machine => Actor::Machine,
                    trust::Actor::Bug => Actor::Bug,
                };
                // Whatever the repository did wrong, its next publication may have put right.
                Fault { code: error.code(), phase, actor, retry: actor == Actor::Repository }
            }
            Self::Missing { .. } => Fault::passing("E-META-MISSING", phase, Actor::Repository),
            Self::Name(_) => Fault::passing("E-META-NAME", phase, Actor::Repository),
            Self::RootFile { .. } => Fault::lasting("E-META-ROOT-FILE", phase, Actor::Machine),
            Self::RootPin { .. } => Fault::lasting("E-META-ROOT-PIN", phase, Actor::Machine),
            Self::Lantern(error) => error.fault(),
            Self::NoSource => Fault::lasting("E-META-NO-SOURCE", phase, Actor::Machine),
            Self::Died => Fault::passing("E-META-DIED", phase, Actor::Bug),
        }
    }

    /// Of this and what an earlier source gave, the one to report: the first that says something about the repository, else the
    /// first at all.
    pub(super) fn or_one_that_tells_more(self, earlier: Option<Self>) -> Self {
        match earlier {
            Some(earlier) if earlier.is_about_the_repository() || !self.is_about_the_repository() => earlier,
            _ => self,
        }
    }

    /// Whether this says something about the repository rather than about the way to it.
    fn is_about_the_repository(&self) -> bool {
        match self {
            Self::Trust(_) | Self::Missing { .. } | Self::Name(_) => true,
            Self::Lantern(error) => error.is_about_the_server(),
            Self::Fetch(_)
            | Self::Store(_)
            | Self::RootFile { .. }
            | Self::RootPin { .. }
            | Self::NoSource
            | Self::Died => false,
        }
    }
}
