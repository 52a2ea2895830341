//! What can go wrong with state on disk.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Actor, Fault, Phase};

/// Why state could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user has no home folder.
    #[error("this user has no home folder to keep state in")]
    NoHome,
    /// A file or folder could not be read.
    #[error("{} could not be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file or folder could not be written or synced.
    #[error("{} could not be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Another process is changing the file and does not come to an end.
    #[error("{} is being changed by another process that does not come to an end: try again later", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// A settings file is wrong.
    #[error("{}:{line}: key `{key}`: {why}", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The key; empty where the file is no TOML.
        key: String,
        /// The rule that is broken.
        why: String,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes: {0}")]
    Random(getrandom::Error),
}

impl Error {
    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_path_buf(), source }
    }

    /// There is no such setting.
    pub(crate) fn no_setting(store: &super::Store, key: &str) -> Self {
        let path = store.folders().config.join(super::SETTINGS);
        Self::Setting { path, line: 1, key: key.to_owned(), why: "there is no such setting".to_owned() }
    }

    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_path_buf(), source }
    }

    /// What it means: phase, who must act, stable code.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoHome => Fault::lasting("E-STATE-HOME", Phase::Setup, Actor::Machine),
            Self::Read { .. } => Fault::lasting("E-STATE-READ", Phase::Setup, Actor::Machine),
            Self::Write { source, .. } if is_full(source) => {
                Fault::passing("E-DISK-FULL", Phase::Setup, Actor::Machine)
            }
            Self::Write { .. } => Fault::lasting("E-STATE-WRITE", Phase::Setup, Actor::Machine),
            Self::Locked { .. } => Fault::passing("E-LOCK-STATE", Phase::Setup, Actor::Machine),
            Self::Setting { .. } => Fault::lasting("E-STATE-SETTING", Phase::Setup, Actor::Machine),
            Self::Random(_) => Fault::passing("E-STATE-RANDOM", Phase::Setup, Actor::Machine),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
