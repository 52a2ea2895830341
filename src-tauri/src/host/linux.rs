//! Who shows icons is on the session bus: a watcher that icons announce themselves to, and that knows whether a panel listens
//! (freedesktop.org, StatusNotifierItem). Both come and go; the bus says so, nobody is asked again and again.

use std::time::Duration;

use futures_util::StreamExt as _;
use zbus::proxy::{Builder, CacheProperties};
use zbus::{Connection, Proxy, fdo};

use crate::shell::{Desk, Wish};

const NAME: &str = "org.kde.StatusNotifierWatcher";
const PATH: &str = "/StatusNotifierWatcher";
/// How long a watcher may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Tells the shell whether icons are shown, now and whenever that changes. Ends with the session bus.
pub(crate) async fn watch(desk: Desk) {
    if let Err(error) = follow(&desk).await {
        tracing::info!(%error, "the session bus is not there, so nobody shows icons");
    }
    desk.wish(Wish::TrayHost(false));
}

async fn follow(desk: &Desk) -> zbus::Result<()> {
    let bus = Connection::session().await?;
    let names = fdo::DBusProxy::new(&bus).await?;
    let watcher: Proxy<'_> = Builder::new(&bus)
        .destination(NAME)
        .path(PATH)
        .interface(NAME)
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    let mut owners = watcher.receive_owner_changed().await?;
    // That a panel has come or gone; that an icon has is said the same way, and looking once more does not matter.
    let mut signals = watcher.receive_all_signals().await?;
    loop {
        desk.wish(Wish::TrayHost(has_host(&names, &watcher).await));
        let more = tokio::select! {
            more = owners.next() => more.is_some(),
            more = signals.next() => more.is_some(),
        };
        if !more {
            return Ok(());
        }
    }
}

/// Whether a panel listens. A watcher that does not say counts as one: it is there to show icons.
async fn has_host(names: &fdo::DBusProxy<'_>, watcher: &Proxy<'_>) -> bool {
    // Not asked of the watcher itself: a question would start one where the bus can.
    let Ok(name) = NAME.try_into() else { return false };
    if !names.name_has_owner(name).await.unwrap_or(false) {
        return false;
    }
    let asked = watcher.get_property::<bool>("IsStatusNotifierHostRegistered");
    match tokio::time::timeout(ANSWER_TIME, asked).await {
        Ok(Ok(has)) => has,
        Ok(Err(error)) => {
            tracing::debug!(%error, "the watcher does not say whether icons are shown");
            true
        }
        Err(_) => true,
    }
}
