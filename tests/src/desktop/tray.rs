//! The other end of a tray icon: what a panel sees and does over D-Bus.
//!
//! `org.kde.StatusNotifierWatcher` is where icons announce themselves; the icon is an `org.kde.StatusNotifierItem`, and
//! its menu speaks `com.canonical.dbusmenu`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zbus::message::Flags;
use zbus::{
    Connection, DynamicType, Message, OwnedObjectPath, OwnedVariant, Structure, Type, Variant, connection,
};

use crate::poll_until;

pub(super) const WATCHER: &str = "org.kde.StatusNotifierWatcher";
pub(super) const WATCHER_PATH: &str = "/StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

type Announced = Arc<Mutex<Vec<(String, String)>>>;

struct Watcher {
    announced: Announced,
    /// A panel listens.
    has_host: Arc<AtomicBool>,
}

// zbus hands headers over by value.
#[allow(clippy::needless_pass_by_value)]
#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(
        &self,
        service: &str,
        #[zbus(header)] header: zbus::message::Header<'_>,
    ) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let item = match service.starts_with('/') {
            true => (sender, service.to_owned()),
            false => (service.to_owned(), "/StatusNotifierItem".to_owned()),
        };
        lock(&self.announced).push(item);
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        lock(&self.announced).iter().map(|(name, path)| format!("{name}{path}")).collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        self.has_host.load(Ordering::SeqCst)
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

fn lock(announced: &Announced) -> MutexGuard<'_, Vec<(String, String)>> {
    announced.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection to the session bus of a test.
pub(super) fn connect(address: &str) -> Result<Connection> {
    zbus::block_on(connection::Builder::address(address).build()).context("the session bus")
}

/// A place for tray icons. It ends with its value.
#[derive(Debug)]
pub struct Tray {
    connection: Connection,
    announced: Announced,
    has_host: Arc<AtomicBool>,
}

impl Tray {
    pub(super) fn start(address: &str, has_host: bool) -> Result<Self> {
        let announced = Announced::default();
        let has_host = Arc::new(AtomicBool::new(has_host));
        let watcher = Watcher { announced: announced.clone(), has_host: has_host.clone() };
        let builder = connection::Builder::address(address).serve_at(WATCHER_PATH, watcher).name(WATCHER);
        Ok(Self { connection: zbus::block_on(builder.build())?, announced, has_host })
    }

    /// A panel comes, or goes.
    ///
    /// # Errors
    /// If the bus does not take the news.
    pub fn host(&self, has: bool) -> Result<()> {
        self.has_host.store(has, Ordering::SeqCst);
        let news = if has { "StatusNotifierHostRegistered" } else { "StatusNotifierHostUnregistered" };
        let told = self.connection.emit_signal(None::<&str>, WATCHER_PATH, WATCHER, news, &());
        Ok(zbus::block_on(told)?)
    }

    /// The icon, as soon as it is announced and has a menu. Another one than was taken before, after the app started again.
    ///
    /// # Errors
    /// If there is none in time.
    pub fn icon(&self) -> Result<Icon> {
        poll_until("an icon with a menu", || {
            let (name, path) = lock(&self.announced).last().cloned()?;
            let icon = Icon { connection: self.connection.clone(), name, path };
            icon.lines().is_ok_and(|lines| lines.len() > 1).then(|| {
                lock(&self.announced).clear();
                icon
            })
        })
    }
}

/// A tray icon with its menu.
#[derive(Debug)]
pub struct Icon {
    connection: Connection,
    name: String,
    path: String,
}

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    id: i32,
    /// What it says; empty for a separator.
    pub label: String,
    /// Whether it can be clicked.
    pub enabled: bool,
    /// The lines below it.
    pub below: Vec<Entry>,
}

impl Icon {
    /// The icon that a watcher lists as `item`: the name of a connection, then a path.
    pub(super) fn listed(connection: &Connection, item: &str) -> Option<Self> {
        let (name, path) = item.split_at(item.find('/')?);
        Some(Self { connection: connection.clone(), name: name.to_owned(), path: path.to_owned() })
    }

    /// The menu's lines from the top, without separators.
    ///
    /// # Errors
    /// If the app does not answer.
    pub fn lines(&self) -> Result<Vec<Entry>> {
        let (_revision, root): (u32, Node) =
            self.ask(&self.menu()?, MENU, "GetLayout", &(0_i32, -1_i32, Vec::<&str>::new()))?;
        let lines = Entry::of(root)?.below;
        Ok(lines.into_iter().filter(|line| !line.label.is_empty()).collect())
    }

    /// The words of the menu's lines.
    ///
    /// # Errors
    /// If the app does not answer.
    pub fn labels(&self) -> Result<Vec<String>> {
        Ok(self.lines()?.into_iter().map(|line| line.label).collect())
    }

    /// Waits until the first line says this.
    ///
    /// # Errors
    /// If it does not come to say so; the error says what the menu says.
    pub fn says(&self, first: &str) -> Result<()> {
        let said = || self.labels().ok().filter(|labels| labels.first().is_some_and(|label| label == first));
        poll_until(first, || said().map(drop)).with_context(|| format!("the menu says {:?}", self.labels()))
    }

    /// Clicks the first line with this label, also one below another.
    ///
    /// # Errors
    /// If there is no such line, or it cannot be clicked.
    pub fn click(&self, label: &str) -> Result<()> {
        let lines = self.lines()?;
        self.click_one(lines.iter().chain(lines.iter().flat_map(|line| &line.below)), label)
    }

    /// Clicks a line below the line that begins with the name of a program.
    ///
    /// # Errors
    /// If there is no such line, or it cannot be clicked.
    pub fn click_below(&self, program: &str, label: &str) -> Result<()> {
        let lines = self.lines()?;
        let programs = lines.iter().filter(|line| line.label.starts_with(program));
        self.click_one(programs.flat_map(|line| &line.below), label)
    }

    fn click_one<'a>(&self, lines: impl Iterator<Item = &'a Entry> + Clone, label: &str) -> Result<()> {
        let entry = lines.clone().find(|entry| entry.label == label && entry.enabled);
        let entry = entry
            .with_context(|| format!("no line \"{label}\" to click in {:?}", lines.collect::<Vec<_>>()))?;
        // As panels do it, without waiting: who was clicked to quit may be gone before an answer.
        let click = Message::method_call(self.menu()?, "Event")
            .destination(self.name.as_str())
            .interface(MENU)
            .with_flags(Flags::NO_REPLY_EXPECTED)
            .build(&(entry.id, "clicked", Variant::from(0_i32), 0_u32))?;
        zbus::block_on(self.connection.send(&click))?;
        Ok(())
    }

    /// The process whose icon it is.
    ///
    /// # Errors
    /// If it has ended.
    pub fn pid(&self) -> Result<u32> {
        let (bus, name) = ("org.freedesktop.DBus", self.name.as_str());
        let ask = self.connection.call_method(
            Some(bus),
            "/org/freedesktop/DBus",
            Some(bus),
            "GetConnectionUnixProcessID",
            &name,
        );
        Ok(zbus::block_on(ask)?.body().deserialize()?)
    }

    /// The file of the icon's picture.
    ///
    /// # Errors
    /// If the app does not answer.
    pub fn picture(&self) -> Result<Vec<u8>> {
        let name: String = self.property("IconName")?;
        std::fs::read(&name).with_context(|| format!("the icon {name}"))
    }

    fn menu(&self) -> Result<String> {
        let path: OwnedObjectPath = self.property("Menu")?;
        Ok(path.to_string())
    }

    fn property<T>(&self, name: &str) -> Result<T>
    where
        T: TryFrom<OwnedVariant>,
        T::Error: std::error::Error + Send + Sync + 'static,
    {
        let value: OwnedVariant =
            self.ask(&self.path, "org.freedesktop.DBus.Properties", "Get", &(ITEM, name))?;
        Ok(T::try_from(value)?)
    }

    fn ask<T>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &(impl Serialize + DynamicType),
    ) -> Result<T>
    where
        T: DeserializeOwned + Type,
    {
        let ask = self.connection.call_method(Some(self.name.as_str()), path, Some(interface), method, body);
        Ok(zbus::block_on(ask)?.body().deserialize()?)
    }
}

/// `(ia{sv}av)`, as the menu's layout is written.
type Node = (i32, HashMap<String, OwnedVariant>, Vec<OwnedVariant>);

impl Entry {
    fn of((id, properties, children): Node) -> Result<Self> {
        let label = properties.get("label").and_then(|label| <&str>::try_from(label).ok());
        let enabled = properties.get("enabled").and_then(|enabled| bool::try_from(enabled).ok());
        let below = children.into_iter().map(|child| Self::of(Structure::try_from(child)?.try_into()?));
        Ok(Self {
            id,
            label: label.unwrap_or_default().to_owned(),
            // The protocol leaves out what is so by default.
            enabled: enabled.unwrap_or(true),
            below: below.collect::<Result<_>>()?,
        })
    }
}
