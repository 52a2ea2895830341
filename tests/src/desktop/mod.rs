//! A desktop of a test's own: a display, a session bus, a notification service, a place for tray icons, and the app on it.
//!
//! Nothing of it is the developer's: the display is Xvfb's, the bus starts no service by itself, the folders are the
//! [`Person`]'s. Every process ends with its value.
//!
//! - [`Desktop`] is display and bus, where there can be such things;
//! - [`TrayApp`] is the real app, started as a person or the session starts it;
//! - [`Tray`] is the other end of its icon, over D-Bus, as a panel sees it, and [`Panel`] is a real one;
//! - [`Notices`] is dunst;
//! - [`Logind`] is the end of the session;
//! - [`Network`], [`UPower`], [`QuietServer`], [`Settings`] and [`Film`] are what the desktop knows about the moment;
//! - [`Machine`] is a computer with an administrator;
//! - [`Window`] is its window, through WebDriver.

mod app;
mod bus;
mod display;
mod film;
mod logind;
mod machine;
mod network;
mod notices;
mod panel;
mod quiet;
mod screen;
mod tray;
mod upower;
mod window;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use anyhow::{Result, bail};

pub use app::{TrayApp, children_of, kill};
pub use film::Film;
pub use logind::{DelayLock, Logind};
pub use machine::Machine;
pub use network::Network;
pub use notices::Notices;
pub use panel::Panel;
pub use quiet::{QuietServer, Settings};
pub use screen::{Area, Picture};
pub use tray::{Entry, Icon, Tray};
pub use upower::UPower;
pub use window::Window;

use self::bus::Bus;
use self::display::Display;
use crate::{Person, binary, poll_until, skip};

/// The app's name, as it is built.
const APP: &str = "autoupdate-tray";

/// What the person is called on this machine.
pub const LOGIN: &str = "annabelle";

/// After so many looks in which nothing has changed, the display rests.
const RESTED: u32 = 30;

/// A display, a session bus and a system bus.
#[derive(Debug)]
pub struct Desktop {
    display: Display,
    bus: Bus,
    /// Of the machine; there is nothing on it unless a test says so.
    system: Bus,
}

impl Desktop {
    /// Starts a display and a session bus. `None`: there can be none here, and that was said in the name of this test.
    ///
    /// # Errors
    /// If one of them does not come up, or the test may not be skipped.
    pub fn or_skip(test: &str) -> Result<Option<Self>> {
        if let Some(missing) = missing() {
            skip(test, &missing)?;
            return Ok(None);
        }
        Self::start().map(Some)
    }

    /// The same for a program that is no test and cannot do without.
    ///
    /// # Errors
    /// If something is not installed, or does not come up.
    pub fn start() -> Result<Self> {
        if let Some(missing) = missing() {
            bail!("there can be no desktop here: {missing}");
        }
        Ok(Self { display: Display::start()?, bus: Bus::start()?, system: Bus::start()? })
    }

    /// How programs find it, beside the person's folders.
    fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("DISPLAY", self.display.name().into()),
            ("DBUS_SESSION_BUS_ADDRESS", self.bus.address().into()),
            ("DBUS_SYSTEM_BUS_ADDRESS", self.system.address().into()),
            ("LANG", "C.UTF-8".into()),
            ("USER", LOGIN.into()),
            // No bus for screen readers, no settings service, no portal: nobody here would answer.
            ("NO_AT_BRIDGE", "1".into()),
            ("GSETTINGS_BACKEND", "memory".into()),
            ("GTK_USE_PORTAL", "0".into()),
            ("GDK_BACKEND", "x11".into()),
        ]
    }

    /// How many windows with this title are seen.
    ///
    /// # Errors
    /// If the display does not answer.
    pub fn windows(&self, title: &str) -> Result<usize> {
        Ok(self.display.windows(title)?.len())
    }

    /// Asks every window with this title to close, as the button in its frame does.
    ///
    /// # Errors
    /// If the display does not answer.
    pub fn close_windows(&self, title: &str) -> Result<()> {
        self.display.close_windows(title)
    }

    /// What is seen in a part of the display.
    ///
    /// # Errors
    /// If the display does not answer.
    pub fn picture(&self, area: Area) -> Result<Picture> {
        self.display.picture(area)
    }

    /// The same once the display has changed from what it was, and rests.
    ///
    /// # Errors
    /// If it does neither in time.
    pub fn next_picture(&self, area: Area, before: &Picture) -> Result<Picture> {
        let (mut last, mut rested) = (Picture::default(), 0);
        poll_until("the display rests", || {
            let now = self.picture(area).ok()?;
            rested = if now == last { rested + 1 } else { 0 };
            last = now;
            (rested >= RESTED && last != *before).then(|| last.clone())
        })
    }

    /// Paints the background in this colour (0xRRGGBB).
    ///
    /// # Errors
    /// If the display does not answer.
    pub fn paint(&self, colour: u32) -> Result<()> {
        self.display.paint(colour)
    }

    /// Where the first window with this title is seen.
    ///
    /// # Errors
    /// If there is none in time.
    pub fn place(&self, title: &str) -> Result<Area> {
        poll_until(&format!("the window \"{title}\""), || self.display.place(title).ok())
    }

    /// Clicks a point of the display, with the pointer.
    ///
    /// # Errors
    /// If the display does not answer.
    pub fn click(&self, x: i16, y: i16) -> Result<()> {
        self.display.click(x, y)
    }

    /// The app, started in the background by this person's session.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn log_in(&self, person: &Person) -> Result<TrayApp> {
        self.starts(person, &["--background"])
    }

    /// The app, started by this person with these arguments.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn starts(&self, person: &Person, arguments: &[&str]) -> Result<TrayApp> {
        TrayApp::start(&mut self.command(person, arguments)?)
    }

    /// The command of the app on this desktop.
    ///
    /// # Errors
    /// If it was not built.
    pub fn command(&self, person: &Person, arguments: &[&str]) -> Result<Command> {
        Ok(self.command_of(person, &binary(APP)?, arguments))
    }

    /// The command of the app on this desktop, where this person has it.
    pub fn command_of(&self, person: &Person, app: &Path, arguments: &[&str]) -> Command {
        let mut command = person.starts(app, arguments);
        command.envs(self.environment());
        command
    }

    /// A place for tray icons. Before it there is none, and icons wait for one.
    ///
    /// # Errors
    /// If there is one already.
    pub fn tray(&self) -> Result<Tray> {
        Tray::start(self.bus.address(), true)
    }

    /// The same without a panel: icons can announce themselves, and nobody shows them.
    ///
    /// # Errors
    /// If there is one already.
    pub fn tray_without_host(&self) -> Result<Tray> {
        Tray::start(self.bus.address(), false)
    }

    /// A real panel with a place for tray icons: xfce4-panel.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn panel(&self, person: &Person) -> Result<Panel> {
        Panel::start(person, &self.environment(), self.bus.address())
    }

    /// What says when the session ends. Before it there is none.
    ///
    /// # Errors
    /// If there is one already.
    pub fn logind(&self) -> Result<Logind> {
        Logind::start(self.system.address())
    }

    /// What says how this machine reaches others: NetworkManager. Before it there is none.
    ///
    /// # Errors
    /// If there is one already.
    pub fn network(&self) -> Result<Network> {
        Network::start(self.system.address())
    }

    /// What says where the power comes from: UPower. Before it there is none.
    ///
    /// # Errors
    /// If there is one already.
    pub fn upower(&self) -> Result<UPower> {
        UPower::start(self.system.address())
    }

    /// A notification service that calls itself so, and shows nothing.
    ///
    /// # Errors
    /// If there is one already.
    pub fn quiet_server(&self, name: &str) -> Result<QuietServer> {
        QuietServer::start(self.bus.address(), name)
    }

    /// The settings of this person's GNOME.
    ///
    /// # Errors
    /// If they are not installed here.
    pub fn settings(&self, person: &Person) -> Result<Settings> {
        Settings::start(person, self.environment(), self.bus.address())
    }

    /// A window that can cover the screen.
    ///
    /// # Errors
    /// If the display does not answer.
    pub fn film(&self) -> Result<Film> {
        Film::open(&self.display)
    }

    /// A notification service.
    ///
    /// # Errors
    /// If it does not come up.
    pub fn notices(&self, person: &Person) -> Result<Notices> {
        let mut command = person.starts(&find("dunst").unwrap_or_default(), &[]);
        Notices::start(command.envs(self.environment()), self.bus.address())
    }

    /// The app with its window open, and a hand on the window.
    ///
    /// # Errors
    /// If the window does not come up.
    pub fn window(&self, person: &Person) -> Result<Window> {
        Window::open(&mut self.driver(person), &binary(APP)?)
    }

    /// The same on a computer with an administrator.
    ///
    /// # Errors
    /// If the window does not come up.
    pub fn window_on(&self, machine: &Machine, person: &Person) -> Result<Window> {
        Window::open(&mut machine.of(&self.driver(person)), &binary(APP)?)
    }

    fn driver(&self, person: &Person) -> Command {
        let mut command = person.starts(&find("WebKitWebDriver").unwrap_or_default(), &[]);
        command.envs(self.environment());
        command
    }
}

/// Why there can be no desktop here; `None` = there can.
fn missing() -> Option<String> {
    if let Err(error) = binary(APP) {
        return Some(format!("{error:#}"));
    }
    let tools = ["Xvfb", "dbus-daemon", "dunst", "WebKitWebDriver"];
    let missing: Vec<_> = tools.into_iter().filter(|tool| find(tool).is_none()).collect();
    (!missing.is_empty()).then(|| format!("not installed: {}", missing.join(", ")))
}

/// Whether a program is on the search path.
#[must_use]
pub fn has(name: &str) -> bool {
    find(name).is_some()
}

/// A program on the search path.
fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A process that ends with its value.
#[derive(Debug)]
struct Owned(Child);

impl Drop for Owned {
    fn drop(&mut self) {
        // An error means that it has ended already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
