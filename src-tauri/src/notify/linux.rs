//! The desktop's notification service on the session bus.

use notify_rust::{Notification, NotificationResponse, Timeout};
use tokio::sync::oneshot;

use super::{Clicked, Spoken};

const BUTTON: &str = "act";

/// Shows it until it is clicked, taken away, or `withdrawn` by the other end.
pub(super) async fn show(spoken: &Spoken, withdrawn: oneshot::Receiver<()>) -> Clicked {
    let mut notification = Notification::new();
    notification.appname("autoupdate").icon("autoupdate-tray").summary(&spoken.summary).body(&spoken.body);
    notification.timeout(Timeout::Never).action("default", "");
    if let Some(label) = &spoken.button {
        notification.action(BUTTON, label);
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
            NotificationResponse::Action(id) if id == BUTTON => Clicked::Button,
            NotificationResponse::Default | NotificationResponse::Action(_) => Clicked::Body,
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
