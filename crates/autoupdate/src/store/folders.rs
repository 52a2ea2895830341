//! Where everything lies on this machine, for this user.

use std::path::{Path, PathBuf};

use super::Error;

/// The folders of one user's state and of the machine's configuration. Built once; tests build their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// The person's configuration: `settings.toml`, `apps.d/`.
    pub config: PathBuf,
    /// What must survive: metadata, history, holds, the installation id.
    pub state: PathBuf,
    /// What may be deleted at any time: the spool.
    pub cache: PathBuf,
    /// What lives as long as the session: the socket.
    pub runtime: PathBuf,
    /// The administrator's configuration: `settings.toml`, `apps.d/`.
    pub machine: PathBuf,
}

impl Folders {
    /// The folders of the user who runs this process, as the platform has them.
    ///
    /// # Errors
    /// [`Error::NoHome`] if the user has no home folder.
    pub fn of_user() -> Result<Self, Error> {
        let dirs = directories::ProjectDirs::from("", "", "autoupdate").ok_or(Error::NoHome)?;
        let state = dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_path_buf();
        // Without a session folder the socket lies in the state folder, which is as private.
        let runtime = dirs.runtime_dir().map_or_else(|| state.join("run"), Path::to_path_buf);
        Ok(Self {
            config: dirs.config_dir().to_path_buf(),
            state,
            cache: dirs.cache_dir().to_path_buf(),
            runtime,
            machine: machine_folder(),
        })
    }

    /// All folders below one: for tests, demonstrations and portable installations.
    #[must_use]
    pub fn below(folder: &Path) -> Self {
        Self {
            config: folder.join("config"),
            state: folder.join("state"),
            cache: folder.join("cache"),
            runtime: folder.join("run"),
            machine: folder.join("machine"),
        }
    }

    /// The person's enrolments, `*.toml`.
    #[must_use]
    pub fn user_apps(&self) -> PathBuf {
        self.config.join("apps.d")
    }

    /// The administrator's enrolments, `*.toml`.
    #[must_use]
    pub fn machine_apps(&self) -> PathBuf {
        self.machine.join("apps.d")
    }

    /// The socket of the running engine.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.runtime.join("engine.sock")
    }

    /// The spool of downloads.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.cache.join("spool")
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn machine_folder() -> PathBuf {
    PathBuf::from("/etc/autoupdate")
}

#[cfg(target_os = "macos")]
fn machine_folder() -> PathBuf {
    PathBuf::from("/Library/Application Support/autoupdate")
}

#[cfg(windows)]
fn machine_folder() -> PathBuf {
    std::env::var_os("ProgramData")
        .map_or_else(|| PathBuf::from(r"C:\ProgramData"), PathBuf::from)
        .join("autoupdate")
}
