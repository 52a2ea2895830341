//! The window: made when it is wanted, gone when it is closed. Without it no web view costs memory.

#[cfg(target_os = "linux")]
mod leftover;
#[cfg(target_os = "linux")]
mod trim;

use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager as _, Url, WebviewWindowBuilder};

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
    let window = WebviewWindowBuilder::from_config(app, config)?
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny);
    window.build().map(drop)
}

/// Whether a page is one of the app's own. No content policy says where a page may go.
fn is_ours(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        // Windows has no schemes of its own.
        "http" | "https" => url.host_str() == Some("tauri.localhost") && url.port().is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_shown() {
        let check = |url: &str, expected| assert_eq!(is_ours(&url.parse().unwrap()), expected, "{url}");
        check("tauri://localhost/", true);
        check("tauri://localhost/index.html#settings", true);
        check("http://tauri.localhost/", true);
        for foreign in [
            "https://example.org/",
            "http://localhost/",
            "http://tauri.localhost:8080/",
            "http://tauri.localhost.example.org/",
            "tauri://example.org/",
            "data:text/html,x",
            "file:///etc/passwd",
            "about:blank",
            "javascript:alert(1)",
        ] {
            check(foreign, false);
        }
    }
}
