//! What the engine goes by: enrolments and settings, which can change while it runs.

use protocol::AppId;

use super::Error;
use super::work::{Network, Shared};
use crate::enrolments::{Enrolled, Enrolments};
use crate::policy::schedule::Timing;
use crate::store::{self, Key, Program, Settings};

/// What the engine goes by.
#[derive(Debug)]
pub(super) struct Rules {
    /// When to check in the background; `None` = never, and do only what is asked for.
    pub(super) timing: Option<Timing>,
    /// What a person or administrator set.
    pub(super) settings: Settings,
    /// The programs, as their files say.
    pub(super) enrolments: Enrolments,
}

impl Rules {
    /// Every program as settings leave it.
    pub(super) fn programs(&self) -> Vec<(Enrolled, Program)> {
        self.enrolments.apps.iter().map(|enrolled| self.settings.apply(enrolled)).collect()
    }

    /// A program as its file says.
    pub(super) fn enrolled(&self, app: &AppId) -> Option<&Enrolled> {
        self.enrolments.app(app)
    }

    /// Goes by other settings from now on.
    pub(super) fn settle(&mut self, settings: Settings, shared: &Shared) -> Result<(), Error> {
        let client = if settings.proxy() == self.settings.proxy() {
            shared.network().client
        } else {
            super::client(&settings)?
        };
        shared.set_network(Network { client, patch_memory: settings.patch_memory() });
        if let Some(timing) = &mut self.timing
            && settings.check_every() != self.settings.check_every()
        {
            timing.interval = settings.check_every();
        }
        self.settings = settings;
        Ok(())
    }
}

/// Writes one setting down, and gives what is in effect then. `None`: the administrator has set it. Blocks.
pub(super) fn set(
    store: &store::Store,
    settings: &Settings,
    app: Option<&AppId>,
    name: &str,
    value: Option<&str>,
) -> Result<Option<Settings>, Error> {
    let Some(key) = Key::named(name) else {
        return Err(store::Error::no_setting(store, name).into());
    };
    if settings.is_locked(app, key) {
        return Ok(None);
    }
    store.set(app, key, value)?;
    Ok(Some(store.settings()?))
}
