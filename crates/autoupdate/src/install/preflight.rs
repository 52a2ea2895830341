//! Everything that would stop an update later, looked for before any byte is fetched.

use std::path::PathBuf;

/// The space an update needs, in bytes. Margins are added here, not by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// For the stage: the artifact's length.
    pub stage: u64,
    /// For keeping the previous bytes where they cannot be linked: the installed length.
    pub previous: u64,
    /// For the download: the folder (it need not exist yet) and the most bytes that will be in it.
    pub spool: (PathBuf, u64),
}
