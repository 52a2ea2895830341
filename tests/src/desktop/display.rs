//! A display without a screen, and what stands on it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{AtomEnum, ClientMessageEvent, ConnectionExt as _, EventMask, MapState};
use x11rb::rust_connection::RustConnection;

use super::Owned;

#[derive(Debug)]
pub(super) struct Display {
    name: String,
    _server: Owned,
}

impl Display {
    pub(super) fn start() -> Result<Self> {
        let mut command = Command::new("Xvfb");
        // The server chooses a free number, and says it when it listens.
        command.args(["-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-noreset"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.spawn().context("Xvfb")?;
        let out = server.stdout.take().context("its output")?;
        let server = Owned(server);
        let mut number = String::new();
        BufReader::new(out).read_line(&mut number)?;
        ensure!(!number.trim().is_empty(), "Xvfb ended without a display");
        Ok(Self { name: format!(":{}", number.trim()), _server: server })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The windows with this title that are seen. There is no window manager, so they are children of the root.
    pub(super) fn windows(&self, title: &str) -> Result<Vec<u32>> {
        let (display, screen) = self.connect()?;
        titled(&display, screen, title)
    }

    pub(super) fn close_windows(&self, title: &str) -> Result<()> {
        let (display, screen) = self.connect()?;
        let atom = |name: &str| anyhow::Ok(display.intern_atom(false, name.as_bytes())?.reply()?.atom);
        let (protocols, delete) = (atom("WM_PROTOCOLS")?, atom("WM_DELETE_WINDOW")?);
        for window in titled(&display, screen, title)? {
            let message = ClientMessageEvent::new(32, window, protocols, [delete, 0, 0, 0, 0]);
            display.send_event(false, window, EventMask::NO_EVENT, message)?.check()?;
        }
        Ok(())
    }

    pub(super) fn connect(&self) -> Result<(RustConnection, usize)> {
        x11rb::connect(Some(&self.name)).context("the display")
    }
}

/// The windows with this title that are seen, on a screen.
pub(super) fn titled(display: &RustConnection, screen: usize, title: &str) -> Result<Vec<u32>> {
    let root = display.setup().roots.get(screen).context("the display's screen")?.root;
    let mut found = Vec::new();
    for window in display.query_tree(root)?.reply()?.children {
        // A window may go while we look: then it is not there.
        let Ok(name) = display.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 256)?.reply()
        else {
            continue;
        };
        let seen = display.get_window_attributes(window)?.reply();
        if name.value == title.as_bytes() && seen.is_ok_and(|seen| seen.map_state == MapState::VIEWABLE) {
            found.push(window);
        }
    }
    Ok(found)
}
