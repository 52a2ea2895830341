//! What a command failed with: a sentence, a stable code, an exit code.

use std::io;
use std::path::{Path, PathBuf};

use crate::exit::Exit;

/// A command's failure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A key, a repository or a signature.
    #[error(transparent)]
    Signing(#[from] signing::Error),
    /// A name, version or number.
    #[error(transparent)]
    Invalid(#[from] protocol::Invalid),
    /// An option whose value is wrong in a way that only the command can see.
    #[error("{option}: {why}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong and what would be right.
        why: String,
    },
    /// A file or terminal.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The network.
    #[error("{method} {url}: {why}")]
    Network {
        /// The method.
        method: &'static str,
        /// The address, without anything secret.
        url: String,
        /// What happened.
        why: String,
    },
    /// A server that says no.
    #[error("{method} {url}: the server answered {status}: {message}")]
    Server {
        /// The method.
        method: &'static str,
        /// The address.
        url: String,
        /// The status.
        status: u16,
        /// What it said.
        message: String,
    },
    /// Other releases are published than those that this repository builds on.
    #[error(
        "{place} has version {published} of the list of releases, and this repository has another version \
         {published}: somebody else published; start from a copy of their repository"
    )]
    Foreign {
        /// Where.
        place: String,
        /// The version there.
        published: u64,
    },
    /// A rollout that was changed in the repository, where a server has its own.
    #[error(
        "the rollout of {channel} in this repository is not that of {server} ({what}), and publishing does not bring it \
         there: change it with `autoupdate rollout {repository} --channel {channel} … --server {server}`, and here so that \
         both say the same or all is open (--share 100%, --resume, --unpin)", repository = repository.display()
    )]
    RolloutElsewhere {
        /// The channel.
        channel: protocol::Channel,
        /// What would be lost.
        what: String,
        /// The repository.
        repository: PathBuf,
        /// The server.
        server: String,
    },
    /// Online keys are needed here.
    #[error(
        "there are no online keys in {}: publish to a server that has them, or put them back", folder.display()
    )]
    NoOnlineKeys {
        /// Where they should be.
        folder: PathBuf,
    },
    /// An object that metadata promises is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// An object that does not verify.
    #[error("{object}: {why}")]
    Refused {
        /// The object.
        object: String,
        /// Why.
        why: trust::Error,
    },
    /// An object with other bytes than were signed.
    #[error("{object} is not what was signed: {why}")]
    Damaged {
        /// The object.
        object: String,
        /// What differs.
        why: &'static str,
    },
    /// The engine, an installed program or its enrolment.
    #[error("{text}")]
    Engine {
        /// Stable code.
        code: String,
        /// What went wrong, where, and what to do.
        text: String,
    },
    /// A patch, or a file that does not go with one.
    #[error("{}: {why}; {advice}", path.display())]
    Patch {
        /// Stable code.
        code: &'static str,
        /// The file that is to blame.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// What to do.
        advice: &'static str,
    },
    /// The person or the system ended the command before it had written its file.
    #[error("interrupted; {} was not written", path.display())]
    Interrupted {
        /// The file.
        path: PathBuf,
    },
    /// Two passphrases that differ.
    #[error("the passphrases are not the same")]
    Mistyped,
}

impl Failure {
    /// Stable code.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Signing(error) => error.code(),
            Self::Invalid(_) | Self::Option { .. } => "E-USAGE",
            Self::Io { .. } => "E-DISK-IO",
            Self::Network { .. } => "E-NET-UNREACHABLE",
            Self::Server { .. } => "E-NET-REFUSED",
            Self::Foreign { .. } | Self::RolloutElsewhere { .. } => "E-REPO-CONFLICT",
            Self::NoOnlineKeys { .. } => "E-KEY-NONE",
            Self::Missing(_) => "E-REPO-MISSING",
            Self::Refused { why, .. } => why.code(),
            Self::Damaged { .. } => "E-REPO-DAMAGED",
            Self::Engine { code, .. } => code,
            Self::Patch { code, .. } => code,
            Self::Interrupted { .. } => "E-INTERRUPTED",
            Self::Mistyped => "E-KEY-PASSPHRASE",
        }
    }

    /// How the command ends.
    pub(crate) fn exit(&self) -> Exit {
        let expired = |error: &trust::Error| matches!(error, trust::Error::Expired { .. });
        match self {
            Self::Signing(signing::Error::Locked { .. }) => Exit::Busy,
            Self::Engine { code, .. } if code == "E-LOCK-HELD" || code == "E-LOCK-STATE" => Exit::Busy,
            Self::Signing(signing::Error::PassphraseNeeded { .. }) => Exit::PersonNeeded,
            Self::Refused { why, .. } | Self::Signing(signing::Error::Refused { why, .. })
                if expired(why) =>
            {
                Exit::CannotVerify
            }
            _ => Exit::Failed,
        }
    }

    /// A failure with a stable code.
    pub(crate) fn engine(code: &str, text: impl Into<String>) -> Self {
        Self::Engine { code: code.to_owned(), text: text.into() }
    }

    /// A failure of making or applying a patch, the file to blame, and what to do.
    pub(crate) fn patch(why: &delta::Error, path: &Path, advice: &'static str) -> Self {
        Self::Patch { code: why.code(), path: path.to_owned(), why: why.to_string(), advice }
    }

    /// A failure of the engine, with its causes.
    pub(crate) fn of(fault: autoupdate::error::Fault, error: &(dyn std::error::Error + 'static)) -> Self {
        let failure = autoupdate::view::Failure::new(fault, error);
        Self::engine(&failure.code, failure.text)
    }

    /// For `map_err`: what was being done, and to which file.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
