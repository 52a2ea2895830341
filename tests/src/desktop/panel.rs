//! xfce4-panel: what shows tray icons on a real desktop, and their menus.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use zbus::{Connection, OwnedVariant};

use super::tray::{WATCHER, WATCHER_PATH, connect};
use super::{Icon, Owned, find};
use crate::{Person, poll_until};

/// At the lower edge, as wide as the display; at its right end the tray.
const LAYOUT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=8;x=512;y=752"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray"/>
  </property>
</channel>
"#;

/// Where Debian has the panel's settings service, which is no command: below the folder of the processor's libraries.
const SETTINGS: (&str, &str) = ("/usr/lib", "xfce4/xfconf/xfconfd");

/// A panel. It ends with its value.
#[derive(Debug)]
pub struct Panel {
    connection: Connection,
    _panel: Owned,
    _settings: Owned,
}

impl Panel {
    /// Why there can be none here; `None` = there can.
    #[must_use]
    pub fn missing() -> Option<&'static str> {
        (find("xfce4-panel").is_none() || settings().is_none()).then_some("xfce4-panel is not installed")
    }

    pub(super) fn start(person: &Person, desktop: &[(&str, OsString)], address: &str) -> Result<Self> {
        let folder = person.home().join("config/xfce4/xfconf/xfce-perchannel-xml");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("xfce4-panel.xml"), LAYOUT)?;
        let start = |program: &Path, arguments: &[&str]| {
            let mut command = person.starts(program, arguments);
            command.envs(desktop.iter().cloned());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().map(Owned).with_context(|| program.display().to_string())
        };
        let settings = start(&settings().context("xfconfd is not installed")?, &[])?;
        let panel = start(Path::new("xfce4-panel"), &["--disable-wm-check"])?;
        let panel = Self { connection: connect(address)?, _panel: panel, _settings: settings };
        poll_until("the panel has a place for tray icons", || panel.listed().ok())?;
        Ok(panel)
    }

    /// The icon, as soon as the panel knows it.
    ///
    /// # Errors
    /// If there is none in time.
    pub fn icon(&self) -> Result<Icon> {
        poll_until("an icon in the panel", || {
            let icon = Icon::listed(&self.connection, self.listed().ok()?.last()?)?;
            icon.lines().is_ok_and(|lines| lines.len() > 1).then_some(icon)
        })
    }

    fn listed(&self) -> Result<Vec<String>> {
        zbus::block_on(async {
            let ask = ("org.freedesktop.DBus.Properties", "GetAll");
            let ask =
                self.connection.call_method(Some(WATCHER), WATCHER_PATH, Some(ask.0), ask.1, &(WATCHER));
            let mut all: HashMap<String, OwnedVariant> = ask.await?.body().deserialize()?;
            let items = all.remove("RegisteredStatusNotifierItems").context("the panel's icons")?;
            Ok(Vec::<String>::try_from(items)?)
        })
    }
}

fn settings() -> Option<PathBuf> {
    let folders = std::fs::read_dir(SETTINGS.0).ok()?.flatten();
    folders.map(|folder| folder.path().join(SETTINGS.1)).find(|file| file.is_file())
}
