//! State on disk: trusted metadata, history, holds, settings, and the id of this installation.
//!
//! Rules:
//! - a file is replaced, never changed: written beside itself, synced, renamed, the folder synced ([`atomic`]);
//! - what is read, changed and written again is locked meanwhile against other processes ([`lock`]);
//! - files are 0600, folders 0700; the administrator's enrolments are for everybody: 0644 and 0755;
//! - every format carries its version;
//! - a damaged file is set aside (`.damaged`) and the state begins anew: it must never stop an update. What protects
//!   against older releases does not depend on these files alone: the floor lies beside the program;
//! - everything is bounded: the history has a length, metadata the limits of the verifier.
//!
//! Layout: one file per noun. [`Folders`] says where everything lies and is built once.

mod atomic;
mod error;
mod folders;
mod history;
mod holds;
mod installation;
mod lock;
mod metadata;
mod named;
mod settings;
mod sightings;

use protocol::{AppId, Digest};

pub use atomic::{write as write_atomically, write_for_everybody};
pub use error::Error;
pub use folders::Folders;
pub use history::{Entry, Event, History};
pub use holds::{Hold, Holds, Wishes};
pub use installation::InstallationId;
pub use metadata::{Metadata, percent_encoded};
pub use named::Named;
pub use settings::{Key, Program, Settings};
pub use sightings::Sightings;

/// The name of both settings files.
const SETTINGS: &str = "settings.toml";

/// The state of one user, below one set of [`Folders`].
#[derive(Debug, Clone)]
pub struct Store {
    folders: Folders,
}

impl Store {
    /// The state below these folders. Creates nothing; every write makes the folders that it needs.
    #[must_use]
    pub fn new(folders: Folders) -> Self {
        Self { folders }
    }

    /// Where everything lies.
    #[must_use]
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The trusted metadata of an app. It is kept per pinned root: another pin is another chain of trust.
    #[must_use]
    pub fn metadata(&self, app: &AppId, pinned_root: &Digest) -> Metadata {
        Metadata::at(self.folders.state.join("metadata").join(app.as_str()).join(pinned_root.to_string()))
    }

    /// What happened on this machine, newest last.
    #[must_use]
    pub fn history(&self) -> History {
        History::at(self.folders.state.join("history.jsonl"))
    }

    /// Which versions a person or administrator does not want.
    #[must_use]
    pub fn holds(&self) -> Holds {
        Holds::at(self.folders.state.join("holds.json"))
    }

    /// The id of this installation, made at random at the first call.
    ///
    /// # Errors
    /// [`Error`] if it can be neither read nor kept.
    pub fn installation_id(&self) -> Result<InstallationId, Error> {
        InstallationId::load_or_make(&self.folders.state.join("installation.json"))
    }

    /// The effective settings: the administrator's before the person's before the defaults.
    ///
    /// # Errors
    /// [`Error::Setting`], which names file, line and key.
    pub fn settings(&self) -> Result<Settings, Error> {
        Settings::load(&self.folders.machine.join(SETTINGS), &self.folders.config.join(SETTINGS))
    }

    /// Changes one setting in the person's file; `None` takes its line away.
    ///
    /// # Errors
    /// [`Error::Setting`] for a value or a place that is wrong, and for a file that was wrong before.
    pub fn set(&self, app: Option<&AppId>, key: Key, to: Option<&str>) -> Result<(), Error> {
        settings::set(&self.folders.config.join(SETTINGS), app, key, to)
    }

    /// Which version the installed bytes of an app are, where only a signed answer says so.
    #[must_use]
    pub fn named(&self, app: &AppId) -> Named {
        Named::at(self.folders.state.join("named").join(format!("{app}.json")))
    }

    /// When versions were seen here first.
    #[must_use]
    pub fn sightings(&self) -> Sightings {
        Sightings::at(self.folders.state.join("sightings.json"))
    }
}
