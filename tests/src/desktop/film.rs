//! A window that can cover the whole screen, with what a window manager writes about it.

use anyhow::{Context, Result};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt as _, CreateWindowAux, PropMode, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::display::Display;

/// A film in a window. It closes with its value.
#[derive(Debug)]
pub struct Film {
    display: RustConnection,
    root: Window,
    window: Window,
}

impl Film {
    pub(super) fn open(display: &Display) -> Result<Self> {
        let (display, screen) = display.connect()?;
        let root = display.setup().roots.get(screen).context("the display's screen")?.root;
        let window = display.generate_id()?;
        let (kind, aux) = (WindowClass::INPUT_OUTPUT, CreateWindowAux::new());
        display.create_window(0, window, root, 0, 0, 320, 180, 0, kind, 0, &aux)?.check()?;
        Ok(Self { display, root, window })
    }

    /// The person works with it, or with nothing.
    ///
    /// # Errors
    /// If the display does not answer.
    pub fn active(&self, is: bool) -> Result<()> {
        let active = if is { self.window } else { x11rb::NONE };
        self.write(self.root, "_NET_ACTIVE_WINDOW", AtomEnum::WINDOW, &[active])
    }

    /// It covers the screen, or is a window among others.
    ///
    /// # Errors
    /// If the display does not answer.
    pub fn full_screen(&self, is: bool) -> Result<()> {
        let mut states = vec![self.atom("_NET_WM_STATE_FOCUSED")?];
        if is {
            states.push(self.atom("_NET_WM_STATE_FULLSCREEN")?);
        }
        self.write(self.window, "_NET_WM_STATE", AtomEnum::ATOM, &states)
    }

    fn write(&self, window: Window, name: &str, kind: AtomEnum, values: &[u32]) -> Result<()> {
        let name = self.atom(name)?;
        self.display.change_property32(PropMode::REPLACE, window, name, kind, values)?.check()?;
        Ok(())
    }

    fn atom(&self, name: &str) -> Result<Atom> {
        Ok(self.display.intern_atom(false, name.as_bytes())?.reply()?.atom)
    }
}
