//! Whether somebody shows tray icons: an icon that nobody shows is no face, and the person must be told.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "other.rs")]
mod system;

use std::time::Duration;

pub(crate) use system::watch;

/// How long a desktop may be without anybody who shows icons before the person is told: at login the panel often comes after
/// the app, and one that crashed comes again.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
