//! What can go wrong while keys and repositories are made. Split by who must act: see [`Error::fault`].

use std::io;
use std::path::{Path, PathBuf};

use protocol::{Digest, Invalid};

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// What was asked for or handed in is wrong: another input would work.
    Request,
    /// Somebody else published in between: read the newest state, then try again.
    Conflict,
    /// This machine: its disk, permissions, keys or settings.
    Machine,
}

/// A failure of signing, of a key file or of a repository on disk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk said no.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A name, version, path or number that breaks its rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A settings file that cannot be used.
    #[error("{}: {why}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and key.
        why: String,
    },
    /// Something is there already and is not overwritten.
    #[error("{} exists already: it is not overwritten", path.display())]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// Another process works on the same repository.
    #[error("another process works on {}: wait for it", path.display())]
    Locked {
        /// The repository.
        path: PathBuf,
    },
    /// A folder that is no repository.
    #[error("{} is no repository: it has no {missing}; make one with `autoupdate init`", path.display())]
    NoRepository {
        /// The folder.
        path: PathBuf,
        /// What it lacks.
        missing: &'static str,
    },
    /// More bytes than anything of this kind may have.
    #[error("{what} is longer than {limit} bytes")]
    TooLong {
        /// The object.
        what: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// A key file that others may read.
    #[error("{} can be read by others (mode {mode:04o}): its key may be known; chmod 600 it, or better make a new key", path.display())]
    Readable {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file that holds no key we can use.
    #[error("{} holds no usable key: {why}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An encrypted key and no passphrase for it.
    #[error("{} is encrypted: its passphrase is needed", path.display())]
    PassphraseNeeded {
        /// The key file.
        path: PathBuf,
    },
    /// A passphrase that does not open the key file.
    #[error("wrong passphrase for {}", path.display())]
    WrongPassphrase {
        /// The key file.
        path: PathBuf,
    },
    /// A passphrase that anybody could guess.
    #[error("a passphrase must have at least {least} characters")]
    ShortPassphrase {
        /// The least length in characters.
        least: usize,
    },
    /// The system gave no random bytes.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// An offline key where only online keys may lie.
    #[error("{} is a key of the {role} role and must not lie here: a thief of this machine could sign releases with it", path.display())]
    OfflineKey {
        /// The key file.
        path: PathBuf,
        /// The role it signs for.
        role: String,
    },
    /// The key that is needed is not in the folder.
    #[error("no key for the {role} role in {}: the trusted root names {wanted}", folder.display())]
    NoKey {
        /// The role.
        role: String,
        /// Where keys were looked for.
        folder: PathBuf,
        /// Short ids of the keys that would do.
        wanted: String,
    },
    /// A signed document that does not have its form.
    #[error("{what} is damaged: {why}")]
    Malformed {
        /// The object.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// `trust`, reading as a client would, refuses what was signed or handed in.
    #[error("a client would refuse {object}: {why}")]
    Refused {
        /// The object.
        object: String,
        /// Why.
        #[source]
        why: trust::Error,
    },
    /// Two publishers, or a publisher and a copy of an old state.
    #[error(
        "targets version {published} is published, this one is version {given} and builds on version {replaces}"
    )]
    Conflict {
        /// The version that is published.
        published: u64,
        /// The version that was handed in.
        given: u64,
        /// The version it was made from.
        replaces: u64,
    },
    /// Another root of the same version is published: the ceremony was held twice.
    #[error("another root version {version} is published already")]
    RootConflict {
        /// The version.
        version: u64,
    },
    /// A target whose bytes nobody has uploaded.
    #[error("{path} is listed, but its bytes (SHA-256 {sha256}) are not here: upload them first")]
    MissingObject {
        /// The target path.
        path: String,
        /// The SHA-256 that was signed.
        sha256: Digest,
    },
    /// A target whose bytes are not what was signed.
    #[error("the bytes of {path} are not those that were signed (SHA-256 {sha256})")]
    DamagedObject {
        /// The target path.
        path: String,
        /// The SHA-256 that was signed.
        sha256: Digest,
    },
    /// A file that somebody writes to while it is read.
    #[error("{} changed while it was read: try again when nobody writes to it", path.display())]
    Changing {
        /// The file.
        path: PathBuf,
    },
    /// An edit of the list of releases that a rule forbids.
    #[error(transparent)]
    Edit(#[from] crate::release::EditError),
    /// A root ceremony that cannot go on.
    #[error(transparent)]
    Ceremony(#[from] crate::ceremony::CeremonyError),
    /// A rollout was changed, but the repository has no rollout role.
    #[error("this repository has no {role} role: its targets delegate nothing to it")]
    NoDelegation {
        /// The role.
        role: &'static str,
    },
}

impl Error {
    /// Who must act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Invalid(_)
            | Self::Exists { .. }
            | Self::TooLong { .. }
            | Self::WrongPassphrase { .. }
            | Self::ShortPassphrase { .. }
            | Self::PassphraseNeeded { .. }
            | Self::Malformed { .. }
            | Self::Refused { .. }
            | Self::MissingObject { .. }
            | Self::DamagedObject { .. }
            | Self::Changing { .. }
            | Self::Edit(_)
            | Self::Ceremony(_)
            | Self::NoDelegation { .. } => Fault::Request,
            Self::Conflict { .. } | Self::RootConflict { .. } => Fault::Conflict,
            Self::Io { .. }
            | Self::Settings { .. }
            | Self::Locked { .. }
            | Self::NoRepository { .. }
            | Self::Readable { .. }
            | Self::KeyFile { .. }
            | Self::Random(_)
            | Self::OfflineKey { .. }
            | Self::NoKey { .. } => Fault::Machine,
        }
    }

    /// Stable code. Never changes its meaning; scripts compare it, documentation lists it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "E-DISK-IO",
            Self::Invalid(_) => "E-REPO-INVALID",
            Self::Settings { .. } => "E-REPO-SETTINGS",
            Self::Exists { .. } => "E-REPO-EXISTS",
            Self::Locked { .. } => "E-LOCK-HELD",
            Self::NoRepository { .. } => "E-REPO-NONE",
            Self::TooLong { .. } => "E-REPO-TOO-LONG",
            Self::Readable { .. } => "E-KEY-READABLE",
            Self::KeyFile { .. } => "E-KEY-FILE",
            Self::PassphraseNeeded { .. } => "E-KEY-LOCKED",
            Self::WrongPassphrase { .. } => "E-KEY-PASSPHRASE",
            Self::ShortPassphrase { .. } => "E-KEY-SHORT-PASSPHRASE",
            Self::Random(_) => "E-KEY-RANDOM",
            Self::OfflineKey { .. } => "E-KEY-OFFLINE",
            Self::NoKey { .. } => "E-KEY-NONE",
            Self::Malformed { .. } => "E-REPO-MALFORMED",
            Self::Refused { why, .. } => why.code(),
            Self::Conflict { .. } | Self::RootConflict { .. } => "E-REPO-CONFLICT",
            Self::MissingObject { .. } => "E-REPO-MISSING",
            Self::DamagedObject { .. } => "E-REPO-DAMAGED",
            Self::Changing { .. } => "E-REPO-CHANGING",
            Self::Edit(_) => "E-REPO-EDIT",
            Self::Ceremony(_) => "E-ROOT-CEREMONY",
            Self::NoDelegation { .. } => "E-REPO-NO-ROLE",
        }
    }

    /// For `map_err`: what was being done, and to which file.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
