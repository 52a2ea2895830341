//! The window: made when it is wanted, gone when it is closed. Without it no web view costs memory.

#[cfg(target_os = "linux")]
mod leftover;

use tauri::{AppHandle, Manager as _, WebviewWindowBuilder};

/// Its name in `tauri.conf.json` and in the capabilities.
const LABEL: &str = "main";

/// Opens the window, or brings it to the front.
pub(crate) fn open(app: &AppHandle) {
    let app = app.clone();
    let here = app.clone();
    let asked = here.run_on_main_thread(move || {
        if let Err(error) = open_here(&app) {
            tracing::error!(%error, "the window cannot be opened");
        }
    });
    if let Err(error) = asked {
        tracing::error!(%error, "the window cannot be opened");
    }
}

/// Whether somebody can see it.
pub(crate) fn is_open(app: &AppHandle) -> bool {
    app.get_webview_window(LABEL).is_some()
}

/// The last window has gone: nothing of it may stay.
pub(crate) fn closed(app: &AppHandle) {
    #[cfg(target_os = "linux")]
    leftover::end(app);
    #[cfg(not(target_os = "linux"))]
    let _nothing_stays = app;
}

fn open_here(app: &AppHandle) -> tauri::Result<()> {
    if let Some(window) = app.get_webview_window(LABEL) {
        window.unminimize()?;
        window.show()?;
        return window.set_focus();
    }
    let windows = &app.config().app.windows;
    let Some(config) = windows.iter().find(|window| window.label == LABEL) else {
        return Err(tauri::Error::WindowNotFound);
    };
    WebviewWindowBuilder::from_config(app, config)?.build().map(drop)
}
