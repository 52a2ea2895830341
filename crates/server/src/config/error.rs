//! Why a configuration cannot be used: always with the file, and with line and key where there is one.

use std::path::PathBuf;

use super::GithubError;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{file}: cannot be read: {source}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Longer than 256 KiB.
    #[error("{file}: longer than 256 KiB, so it is no configuration")]
    TooLong {
        /// The file.
        file: PathBuf,
    },
    /// No TOML, an unknown key, a missing key or a wrong value.
    #[error("{file}: {source}")]
    Toml {
        /// The file.
        file: PathBuf,
        /// Names line, column and key.
        source: toml::de::Error,
    },
    /// Keys that do not fit each other.
    #[error("{file}: key `{key}`: {why}")]
    Key {
        /// The file.
        file: PathBuf,
        /// The key.
        key: &'static str,
        /// The rule it breaks, and what to do.
        why: &'static str,
    },
    /// A mapping of `[[github]]` that cannot be used.
    #[error("{file}: {source}")]
    Github {
        /// The file.
        file: PathBuf,
        /// Names app and key.
        source: GithubError,
    },
}
