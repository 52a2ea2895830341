//! Notifications of Windows and macOS: shown, not clicked and not withdrawn. Never run so far.

use notify_rust::Notification;
use tokio::sync::oneshot;

use super::{Clicked, Spoken};

/// Shows it.
pub(super) async fn show(spoken: &Spoken, _withdrawn: oneshot::Receiver<()>) -> Clicked {
    let (summary, body) = (spoken.summary.clone(), spoken.body.clone());
    let shown = tokio::task::spawn_blocking(move || {
        Notification::new().appname("autoupdate").summary(&summary).body(&body).show().map(drop)
    });
    if let Ok(Err(error)) = shown.await {
        tracing::warn!(%error, "no notification can be shown");
        return Clicked::Unshown;
    }
    Clicked::Gone
}
