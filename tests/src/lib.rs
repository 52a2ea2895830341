//! What the system tests stand on: a publisher, a host and a person, each with a folder of its own.
//!
//! Everything runs the real programs as people run them, through their command lines. Only the host is ours: an honest
//! static host that writes down what was asked, and does harm where a test says so.
//!
//! - [`Publisher`] makes keys and releases, at any time that a test names;
//! - [`Workshop`] does it with the verbs of the `autoupdate` command, and [`Server`] is the real update server it publishes to;
//! - [`Host`] serves a published directory on loopback, logs requests, and spoils answers on demand;
//! - [`Lantern`] is a server of the old kind, whose key is thrown away;
//! - [`Person`] has a home, an installed program and an enrolment, and runs the `autoupdate` command;
//! - [`Demo`] is all of them around a program that runs, with a [`Valve`] in the pipe;
//! - [`desktop`] is a display, a session bus and the desktop app on them;
//! - [`sweep`] hits the installer at every step, and says what must hold then;
//! - [`program()`] makes the executables that are published.

mod demo;
pub mod desktop;
mod host;
mod lantern;
mod person;
mod program;
mod publisher;
mod run;
pub mod sweep;
mod valve;
mod workshop;

pub use demo::{Demo, Running, Status, stripped};
pub use host::{Harm, Host, Served};
pub use lantern::{LANTERN_KEY, LANTERN_PRIVATE_KEY, Lantern};
pub use person::Person;
pub use program::{Noise, program};
pub use publisher::{Publisher, days_ago, here};
pub use run::{Answer, binary, example, exhaustive, poll_until, run, run_within, skip};
pub use valve::Valve;
pub use workshop::{Server, TOKEN, Workshop};

/// The app of all system tests.
pub const APP: &str = "demo";
