//! What the window may ask. Ids come from the last View and wishes are a closed list: never a URL, a path or a version.

// Tauri hands arguments over by value.
#![allow(clippy::needless_pass_by_value)]

use protocol::AppId;
use tauri::State;

use crate::face::{Act, Message, Shown};
use crate::menu::Does;
use crate::notes::Block;
use crate::shell::{Desk, Wish};

/// What is shown and its number, as soon as that is another than the page has seen.
///
/// The page asks, it is not told: what a page is told runs as a script whose result comes back, and for that WebKit sets up
/// a whole JavaScript engine in this process, which stays in memory when the window has gone.
#[tauri::command]
pub async fn next(desk: State<'_, Desk>, seen: u64) -> Result<(u64, Shown), ()> {
    desk.ask(|reply| Wish::Next(seen, reply)).await.ok_or(())
}

/// One act with one program.
#[tauri::command]
pub async fn act(desk: State<'_, Desk>, app: AppId, act: Act) -> Result<(), Message> {
    let done = desk.ask(|reply| Wish::Act(app, act, reply)).await;
    done.unwrap_or_else(|| Err(Message::new("act-too-late")))
}

/// Looks for updates of all programs.
#[tauri::command]
pub fn check_all(desk: State<'_, Desk>) {
    desk.wish(Wish::Do(Does::CheckAll));
}

/// The notes of the version that is offered.
#[tauri::command]
pub async fn notes(desk: State<'_, Desk>, app: AppId) -> Result<Vec<Block>, ()> {
    Ok(desk.ask(|reply| Wish::Notes(app, reply)).await.unwrap_or_default())
}

/// Starts the app at login, or does not.
#[tauri::command]
pub async fn start_at_login(desk: State<'_, Desk>, on: bool) -> Result<(), Message> {
    let done = desk.ask(|reply| Wish::StartAtLogin(on, reply)).await;
    done.unwrap_or_else(|| Err(Message::new("start-at-login-refused")))
}
