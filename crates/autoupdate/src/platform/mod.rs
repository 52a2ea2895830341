//! What differs per operating system outside the program's folder: processes, waiting for them, and the
//! system's own version.
//!
//! One small file per system behind the same functions. Where a system gives no safe way, the function says so, by an error or
//! by finding nothing, instead of doing half; an update of a program that nobody must close works all the same.

pub mod clock_steps;
pub mod kernel_version;
pub mod os_version;
mod patience;
pub mod processes;
pub(crate) mod spawn;
mod wait;

pub(crate) use patience::patiently;
pub(crate) use spawn::{Spawn, spawn};
pub(crate) use wait::{kill_group, wait_child};
