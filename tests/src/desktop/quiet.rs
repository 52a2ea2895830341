//! Notification services that can be told to be quiet, as far as the desktop app asks them, and the settings of GNOME.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use zbus::{Connection, OwnedVariant, connection, fdo};

use super::tray::connect;
use super::{Owned, find};
use crate::{Person, poll_until, run};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const DCONF: &str = "ca.desrt.dconf";

struct Server {
    name: String,
    inhibited: bool,
    told: Told,
}

/// Summary and body of every notification, as they came over the bus.
type Told = Arc<Mutex<Vec<[String; 2]>>>;

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Server {
    fn get_server_information(&self) -> (String, String, String, String) {
        (self.name.clone(), "Test".to_owned(), "1".to_owned(), "1.2".to_owned())
    }

    fn get_capabilities(&self) -> Vec<&'static str> {
        vec!["actions", "body", "body-markup"]
    }

    #[allow(clippy::too_many_arguments)]
    fn notify(
        &self,
        _app: &str,
        _replaces: u32,
        _icon: &str,
        summary: String,
        body: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _timeout: i32,
    ) -> u32 {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.push([summary, body]);
        u32::try_from(told.len()).unwrap_or_default()
    }

    fn close_notification(&self, _id: u32) {}

    #[zbus(property)]
    fn inhibited(&self) -> bool {
        self.inhibited
    }
}

/// A notification service that shows nothing, and writes down what it was told. It ends with its value.
#[derive(Debug)]
pub struct QuietServer(Connection, Told);

impl QuietServer {
    pub(super) fn start(address: &str, name: &str) -> Result<Self> {
        let told = Told::default();
        let server = Server { name: name.to_owned(), inhibited: false, told: told.clone() };
        let builder = connection::Builder::address(address).serve_at(PATH, server).name(NAME);
        Ok(Self(zbus::block_on(builder.build())?, told))
    }

    /// Summary and body of every notification that was to be shown, as they came.
    #[must_use]
    pub fn told(&self) -> Vec<[String; 2]> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The person wants quiet, or not any more.
    ///
    /// # Errors
    /// If the bus does not take the news.
    pub fn inhibited(&self, is: bool) -> Result<()> {
        zbus::block_on(async {
            let server = self.0.object_server().interface::<_, Server>(PATH).await?;
            let mut now = server.get_mut().await;
            now.inhibited = is;
            Ok(now.inhibited_changed(server.signal_emitter()).await?)
        })
    }
}

/// dconf, which keeps the settings of GNOME, as it is installed here. It ends with its value.
#[derive(Debug)]
pub struct Settings {
    gsettings: PathBuf,
    environment: Vec<(&'static str, OsString)>,
    _daemon: Owned,
}

impl Settings {
    pub(super) fn start(
        person: &Person,
        environment: Vec<(&'static str, OsString)>,
        address: &str,
    ) -> Result<Self> {
        let gsettings = find("gsettings").context("gsettings is not installed")?;
        let mut dconf = person.starts(&dconf()?, &[]);
        dconf.envs(environment.clone()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = Owned(dconf.spawn().context("dconf")?);
        let bus = connect(address)?;
        poll_until("dconf is on the bus", || {
            let name = DCONF.try_into().ok()?;
            let asked = async { fdo::DBusProxy::new(&bus).await?.name_has_owner(name).await };
            zbus::block_on(asked).is_ok_and(|has| has).then_some(())
        })?;
        Ok(Self { gsettings, environment, _daemon: daemon })
    }

    /// Switches this person's banners on or off, as the switch of GNOME Shell does.
    ///
    /// # Errors
    /// If the setting cannot be written.
    pub fn show_banners(&self, person: &Person, does: bool) -> Result<()> {
        let value = if does { "true" } else { "false" };
        let set = ["set", "org.gnome.desktop.notifications", "show-banners", value];
        let mut command = person.starts(&self.gsettings, &set);
        command.envs(self.environment.clone()).env("GSETTINGS_BACKEND", "dconf");
        run(&mut command)?.expect(0)?;
        Ok(())
    }
}

/// Where dconf lies, as its file for the bus says.
fn dconf() -> Result<PathBuf> {
    let file = std::fs::read_to_string(format!("/usr/share/dbus-1/services/{DCONF}.service"));
    let file = file.context("dconf is not installed")?;
    let line = file.lines().find_map(|line| line.strip_prefix("Exec=")).context("its Exec line")?;
    Ok(line.into())
}
