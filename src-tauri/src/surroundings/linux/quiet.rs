//! Whether the person wants no notifications, as the notification service of the session knows it.
//!
//! The standard has no word for that, so each service is asked in its own way, and every way here announces changes by itself:
//!
//! - dunst has the property `paused` of `org.dunstproject.cmd0`;
//! - Plasma has `Inhibited`, and whoever else has it is asked for that too; Plasma announces it although its interface does not
//!   promise to;
//! - GNOME Shell has a setting: `show-banners` of `org.gnome.desktop.notifications`. The portal does not offer that namespace,
//!   only those that toolkits draw by. dconf, which keeps it, announces writes on the session bus but answers no questions: its
//!   file is read, by [`dconf`]. GSettings could do the same, but ends the process where a schema is missing.
//!
//! Of all others it is unknown.

use futures_util::StreamExt as _;
use zbus::Connection;

use super::dconf;
use super::watched::{Object, Watched};
use crate::surroundings::Known;

const SERVER: Object = Object {
    service: "org.freedesktop.Notifications",
    path: "/org/freedesktop/Notifications",
    interface: "org.freedesktop.Notifications",
};
const DUNST: Object = Object { interface: "org.dunstproject.cmd0", ..SERVER };

/// Follows it until the bus goes.
pub(super) async fn follow(bus: &Connection, known: &Known) -> zbus::Result<()> {
    let mut server = Watched::begin(bus, SERVER, &["Inhibited"]).await?;
    let mut dunst = Watched::begin(bus, DUNST, &["paused"]).await?;
    let mut banners = dconf::writes(bus).await?;
    loop {
        let wanted = match name(bus).await.as_deref() {
            None => None,
            Some("dunst") => dunst.read().await.get("paused"),
            Some("gnome-shell") => dconf::shows_banners().await.map(|shows| !shows),
            Some(_) => server.read().await.get("Inhibited"),
        };
        known.note(|known| known.do_not_disturb = wanted);
        let more = tokio::select! {
            more = server.changed() => more,
            more = dunst.changed() => more,
            more = banners.next() => more.map(drop),
        };
        if more.is_none() {
            return Ok(());
        }
    }
}

/// Which service it is, if one runs.
async fn name(bus: &Connection) -> Option<String> {
    type About = (String, String, String, String);
    match SERVER.call::<About>(bus, SERVER.interface, "GetServerInformation", &()).await {
        Ok((name, _vendor, _version, _standard)) => Some(name),
        Err(error) => {
            tracing::debug!(%error, "no notification service says what it is");
            None
        }
    }
}
