//! The desktop's notification service on the session bus.

use notify_rust::{Notification, NotificationResponse, Timeout, get_capabilities};
use tokio::sync::oneshot;

use super::{Clicked, Spoken};

/// What the ids of buttons begin with; their place follows.
const BUTTON: &str = "act-";

/// Shows it until it is clicked, taken away, or `withdrawn` by the other end.
pub(super) async fn show(spoken: &Spoken, withdrawn: oneshot::Receiver<()>) -> Clicked {
    let mut notification = Notification::new();
    let body = if takes_markup().await { literal(&spoken.body) } else { spoken.body.clone() };
    notification.appname("autoupdate").icon("autoupdate-tray").summary(&spoken.summary).body(&body);
    // The service knows best how long something brief is seen.
    let timeout = if spoken.brief { Timeout::Default } else { Timeout::Never };
    notification.timeout(timeout).action("default", "");
    for (at, label) in spoken.buttons.iter().enumerate() {
        notification.action(&format!("{BUTTON}{at}"), label);
    }
    let handle = match notification.show_async().await {
        Ok(handle) => handle,
        Err(error) => {
            tracing::warn!(%error, "no notification can be shown");
            return Clicked::Unshown;
        }
    };
    // What is clicked before this listens, some milliseconds after it is seen, is lost: the service tells only the library's
    // own connection.
    let mut clicked = Clicked::Gone;
    let waiting = handle.wait_for_action_async(|response| {
        clicked = match response {
            NotificationResponse::Action(id) => {
                match id.strip_prefix(BUTTON).and_then(|at| at.parse().ok()) {
                    Some(at) => Clicked::Button(at),
                    None => Clicked::Body,
                }
            }
            NotificationResponse::Default => Clicked::Body,
            _ => Clicked::Gone,
        };
    });
    let withdraw = tokio::select! {
        // Most services take away what was clicked, not all of them; and what is gone can be withdrawn once more.
        () = waiting => !matches!(clicked, Clicked::Gone),
        _ = withdrawn => true,
    };
    if withdraw {
        handle.close_async().await;
    }
    clicked
}

/// Whether the service reads markup in a body (Desktop Notifications Specification, "Markup"). If nobody can be asked,
/// nobody shows anything.
async fn takes_markup() -> bool {
    // The library has it only for threads that may wait.
    let all = tokio::task::spawn_blocking(get_capabilities).await;
    all.is_ok_and(|all| all.is_ok_and(|all| all.iter().any(|one| one == "body-markup")))
}

/// Words as such a service takes them: a program's name is no markup.
fn literal(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
