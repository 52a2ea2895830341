//! The desktop app: an icon in the tray, a window, notifications, around the engine.
//!
//! - One task ([`shell`]) owns what is seen and is the only one that talks to the engine; it only ever renders the engine's View.
//! - What is seen is plain data, made by pure functions: [`face`] and from it [`menu`] and [`notice`]; `tray`, `window` and `notify`
//!   only draw it.
//! - The window asks for what is shown, each time after what it has seen, and acts, by the few commands in [`commands`].
//! - One process per person: whoever holds the engine's socket is it, a second start asks it to show itself.
//!
//! Started with `--install` or `--uninstall` it is no app at all: [`install`].
//!
//! Layout: `run` → [`shell`] → [`face`], [`menu`], [`notice`], [`notes`], [`words`] → `tray`, `window`, `notify`.

pub mod commands;
mod display;
mod entry;
pub mod face;
mod here;
mod host;
pub mod install;
pub mod knob;
mod language;
mod log;
pub mod login;
pub mod menu;
pub mod notes;
pub mod notice;
mod notify;
pub mod panel;
mod run;
mod session;
pub mod shell;
mod support;
mod surroundings;
#[cfg(test)]
mod testing;
pub mod told;
mod tray;
#[cfg(test)]
mod typescript;
mod window;
pub mod words;

pub use run::{Open, run, take_over};
