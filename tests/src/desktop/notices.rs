//! dunst: a real notification service, whose buttons can be pressed from outside.

use std::collections::HashMap;
use std::fs::File;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Serialize;
use zbus::{Connection, DynamicType, OwnedVariant};

use super::Owned;
use super::tray::connect;
use crate::poll_until;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// What `dunstctl` speaks.
const DUNST: &str = "org.dunstproject.cmd0";

/// A notification service. It ends with its value.
#[derive(Debug)]
pub struct Notices {
    connection: Connection,
    /// What is shown is written to `said`; the menu of buttons is answered with the line that contains `wanted`.
    folder: tempfile::TempDir,
    _daemon: Owned,
}

impl Notices {
    pub(super) fn start(command: &mut Command, address: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = |name: &str| folder.path().join(name);
        let out = File::create(file("said"))?;
        // Its defaults, not the configuration of this machine. In place of the menu that a person would see stands one who
        // chooses by himself. An age that counts seconds would never let the display rest.
        let choose = format!(
            "[global]\nfont = Sans 10\nshow_age_threshold = -1\ndmenu = grep -m1 -F -f {}\n",
            file("wanted").display()
        );
        std::fs::write(file("dunstrc"), choose)?;
        command.arg("-conf").arg(file("dunstrc")).arg("-print");
        let daemon =
            command.stdin(Stdio::null()).stdout(out).stderr(Stdio::null()).spawn().context("dunst")?;
        let notices = Self { connection: connect(address)?, folder, _daemon: Owned(daemon) };
        poll_until("dunst is on the bus", || notices.displayed().ok())?;
        Ok(notices)
    }

    /// How many notifications are seen.
    ///
    /// # Errors
    /// If dunst does not answer.
    pub fn displayed(&self) -> Result<u32> {
        zbus::block_on(async {
            let ask = ("org.freedesktop.DBus.Properties", "GetAll");
            let reply = self.connection.call_method(Some(NAME), PATH, Some(ask.0), ask.1, &(DUNST)).await?;
            let all: HashMap<String, OwnedVariant> = reply.body().deserialize()?;
            Ok(u32::try_from(all.get("displayedLength").context("displayedLength")?)?)
        })
    }

    /// Clicks the newest notification itself.
    ///
    /// # Errors
    /// If dunst does not answer.
    pub fn click(&self) -> Result<()> {
        self.are_heard()?;
        self.call("NotificationAction", &0_u32)
    }

    /// Presses the button with this label, of any notification.
    ///
    /// # Errors
    /// If dunst does not answer.
    pub fn press(&self, label: &str) -> Result<()> {
        self.are_heard()?;
        std::fs::write(self.folder.path().join("wanted"), format!("{label}\n"))?;
        self.call("ContextMenuCall", &())
    }

    /// Takes all notifications away, as a person does.
    ///
    /// # Errors
    /// If dunst does not answer.
    pub fn close_all(&self) -> Result<()> {
        self.call("NotificationCloseAll", &())
    }

    /// The person wants quiet, or not any more.
    ///
    /// # Errors
    /// If dunst does not answer.
    pub fn pause(&self, does: bool) -> Result<()> {
        let set = ("org.freedesktop.DBus.Properties", "Set");
        let paused = (DUNST, "paused", zbus::Variant::from(does));
        zbus::block_on(self.connection.call_method(Some(NAME), PATH, Some(set.0), set.1, &paused))?;
        Ok(())
    }

    /// Everything that was ever shown, as dunst prints it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn said(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder.path().join("said"))?)
    }

    /// Waits until the app listens for clicks on everything that is seen: a moment after it is seen, and no person is as
    /// quick as a test.
    fn are_heard(&self) -> Result<()> {
        poll_until("the app listens for clicks", || {
            (self.listeners().ok()? >= self.displayed().ok()?).then_some(())
        })
    }

    /// How many connections have asked the bus for clicks.
    fn listeners(&self) -> Result<u32> {
        zbus::block_on(async {
            let (bus, path) = ("org.freedesktop.DBus", "/org/freedesktop/DBus");
            let stats = Some("org.freedesktop.DBus.Debug.Stats");
            let ask = self.connection.call_method(Some(bus), path, stats, "GetAllMatchRules", &());
            let rules: HashMap<String, Vec<String>> = ask.await?.body().deserialize()?;
            let listen = |rules: &&Vec<String>| rules.iter().any(|rule| rule.contains("ActionInvoked"));
            Ok(rules.values().filter(listen).count().try_into()?)
        })
    }

    fn call(&self, method: &str, body: &(impl Serialize + DynamicType)) -> Result<()> {
        zbus::block_on(self.connection.call_method(Some(NAME), PATH, Some(DUNST), method, body))?;
        Ok(())
    }
}
