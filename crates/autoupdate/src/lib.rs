//! The update engine: a few lines make a program update itself.
//!
//! A program calls [`init`] first, [`confirm`] once it works, and [`apply_next`] (or the steps of [`Updater`]) whenever it suits:
//! `examples/self_update.rs` is all of it.
//!
//! Whoever watches several programs (the tray app, the command line) starts an [`Engine`] and holds its [`Handle`].
//!
//! Layout: [`policy`] decides, [`machine`] says what comes next, [`driver`] does it with [`source`], [`fetch`], [`prepare`] and
//! [`install`]; [`view`] is what can be seen, [`text`] how it is made fit for that, [`handle`] what can be asked,
//! over the local [`socket`] too; [`support`] what is looked at when something is wrong; [`enrolments`] and [`store`] are on disk.

pub mod driver;
pub mod enrolments;
pub mod error;
pub mod fetch;
pub mod handle;
pub mod install;
pub mod machine;
pub mod platform;
pub mod policy;
pub mod prepare;
pub mod socket;
pub mod source;
mod start;
pub mod store;
pub mod support;
#[cfg(test)]
mod testing;
pub mod text;
mod updater;
pub mod view;

pub use driver::{Config, Engine};
pub use error::Error;
pub use handle::{Answer, Command, Handle};
pub use start::{Back, Started, confirm, confirm_at, init, init_at};
pub use updater::{Activated, Consent, Looked, SelfUpdate, Staged, Updater, apply_next};
pub use view::View;
