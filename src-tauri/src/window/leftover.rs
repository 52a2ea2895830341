//! What WebKitGTK leaves running when the last window has gone: the process that fetches for pages. It ends with the app
//! alone, and costs tens of megabytes until then. WebKit starts another one for the next page, as after a crash of it.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tauri::{AppHandle, Manager as _};

use super::trim::trim;

/// What draws pages and what fetches for them, as far as the kernel keeps their names.
const DRAWS: &str = "WebKitWebProces";
const FETCHES: &str = "WebKitNetworkPr";
/// A page that goes takes what it needs down with it: looked at so often, at most for ten seconds.
const EVERY: Duration = Duration::from_millis(500);
const LOOKS: u32 = 20;

/// Ends it as soon as no page is left. A window that is opened meanwhile keeps it.
pub(super) fn end(app: &AppHandle) {
    let app = app.clone();
    drop(tauri::async_runtime::spawn(async move {
        for _ in 0..LOOKS {
            tokio::time::sleep(EVERY).await;
            if !children(DRAWS).is_empty() {
                continue;
            }
            let here = app.clone();
            // Where windows are opened: none can begin between the look and the end.
            let asked = app.run_on_main_thread(move || end_here(&here));
            if let Err(error) = asked {
                tracing::debug!(%error, "the app is ending");
            }
            return;
        }
    }));
}

fn end_here(app: &AppHandle) {
    if !app.webview_windows().is_empty() || !children(DRAWS).is_empty() {
        return;
    }
    for pid in children(FETCHES) {
        if let Err(error) = kill_process(pid, Signal::TERM) {
            tracing::debug!(%error, "what fetched for the window cannot be ended");
        }
    }
    trim();
}

/// Our own children of this name.
fn children(name: &str) -> Vec<Pid> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let pids: Vec<i32> =
        lists.flat_map(|list| list.split_whitespace().flat_map(str::parse).collect::<Vec<_>>()).collect();
    (pids.into_iter())
        .filter(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name))
        .filter_map(Pid::from_raw)
        .collect()
}
