//! Whether a window covers the whole screen, as the window manager of an X server knows it (freedesktop.org, Extended Window Manager
//! Hints): the root window names the active one, and its state says whether it does.
//!
//! The server is listened to by a thread of its own, which sleeps until a property changes, and ends with the display or the process:
//! what this app draws with is gone then too, so an answer that does not come needs no deadline. A window manager that does not name
//! the active window leaves it unknown. So does a session of Wayland: there a program is not told about the windows of others, and
//! Xwayland, if it is there, knows only its own; asking could even start it.

use std::{env, thread};

use tokio::sync::oneshot;
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyError;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, Window,
};
use x11rb::rust_connection::RustConnection;

use crate::surroundings::Known;

/// How many states of a window are looked at; there are some ten.
const MAX_STATES: u32 = 64;

/// Follows it until the display goes.
pub(super) async fn follow(known: Known) {
    if env::var_os("WAYLAND_DISPLAY").is_some_and(|name| !name.is_empty()) {
        return tracing::debug!("on Wayland nobody says whether a window covers the screen");
    }
    let (end, ended) = oneshot::channel::<()>();
    let started = thread::Builder::new().name("full-screen".to_owned()).spawn(move || {
        listen(&known);
        known.note(|known| known.full_screen = None);
        drop(end);
    });
    match started {
        // That nothing was sent means that it has ended.
        Ok(_) => drop(ended.await),
        Err(error) => tracing::debug!(%error, "nobody can listen to the display"),
    }
}

fn listen(known: &Known) {
    let heard = match x11rb::connect(None) {
        Ok((display, screen)) => look(&display, screen, known),
        Err(error) => return tracing::debug!(%error, "there is no X server"),
    };
    if let Err(error) = heard {
        tracing::debug!(%error, "the display says nothing more of its windows");
    }
}

/// What is asked for by name.
struct Names {
    active: Atom,
    state: Atom,
    full_screen: Atom,
}

fn look(display: &RustConnection, screen: usize, known: &Known) -> Result<(), ReplyError> {
    let Some(root) = display.setup().roots.get(screen).map(|screen| screen.root) else { return Ok(()) };
    let names = {
        let ask = |name: &str| display.intern_atom(false, name.as_bytes());
        let (active, state) = (ask("_NET_ACTIVE_WINDOW")?, ask("_NET_WM_STATE")?);
        let full_screen = ask("_NET_WM_STATE_FULLSCREEN")?;
        Names {
            active: active.reply()?.atom,
            state: state.reply()?.atom,
            full_screen: full_screen.reply()?.atom,
        }
    };
    hear(display, root, true)?;
    let mut followed = None;
    loop {
        let active = active(display, root, &names)?;
        let window = active.filter(|window| *window != x11rb::NONE && *window != root);
        if window != followed {
            if let Some(left) = followed {
                hear(display, left, false)?;
            }
            if let Some(window) = window {
                hear(display, window, true)?;
            }
            followed = window;
        }
        let full_screen = match (active, window) {
            (None, _) => None,
            (Some(_), None) => Some(false),
            (Some(_), Some(window)) => Some(is_full_screen(display, window, &names)?),
        };
        known.note(|known| known.full_screen = full_screen);
        let news = |window, atom| {
            (window == root && atom == names.active) || (Some(window) == followed && atom == names.state)
        };
        loop {
            match display.wait_for_event()? {
                Event::PropertyNotify(event) if news(event.window, event.atom) => break,
                _ => {}
            }
        }
    }
}

/// Asks to be told when a property of this window changes, or not any more. The window may be gone; that does not matter.
fn hear(display: &RustConnection, window: Window, does: bool) -> Result<(), ReplyError> {
    let mask = if does { EventMask::PROPERTY_CHANGE } else { EventMask::NO_EVENT };
    let wish = ChangeWindowAttributesAux::new().event_mask(mask);
    display.change_window_attributes(window, &wish)?.ignore_error();
    Ok(())
}

/// The window that the person works with. `None`: nobody says.
fn active(display: &RustConnection, root: Window, names: &Names) -> Result<Option<Window>, ReplyError> {
    let said = display.get_property(false, root, names.active, AtomEnum::WINDOW, 0, 1)?.reply()?;
    Ok(said.value32().and_then(|mut windows| windows.next()))
}

fn is_full_screen(display: &RustConnection, window: Window, names: &Names) -> Result<bool, ReplyError> {
    match display.get_property(false, window, names.state, AtomEnum::ATOM, 0, MAX_STATES)?.reply() {
        Ok(states) => {
            Ok(states.value32().is_some_and(|mut states| states.any(|state| state == names.full_screen)))
        }
        // It has gone meanwhile; the next active one is named at once.
        Err(ReplyError::X11Error(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
