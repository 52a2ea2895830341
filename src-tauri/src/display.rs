//! Whether there is a desktop to be on: GTK answers that question with a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context as _, Result, bail};

/// What is said besides, to whoever is on a machine without a desktop.
const INSTEAD: &str = "Start it from a desktop session; the command `autoupdate` needs none";

/// Looks for a display, before anything is begun.
///
/// # Errors
/// There is none.
pub(crate) fn look() -> Result<()> {
    let wanted = cfg!(all(unix, not(target_os = "macos")));
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if wanted && !set("DISPLAY") && !set("WAYLAND_DISPLAY") {
        bail!("the desktop cannot be reached: neither DISPLAY nor WAYLAND_DISPLAY is set. {INSTEAD}");
    }
    Ok(())
}

/// Does what needs a display that answers.
///
/// # Errors
/// It does not, or `build` says why not.
pub(crate) fn reach<T>(build: impl FnOnce() -> tauri::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(build)) {
        Ok(built) => built.context("the desktop cannot be reached"),
        Err(_) => bail!("the desktop cannot be reached: its display does not answer. {INSTEAD}"),
    }
}
