//! Linux: services on the system bus and on the session bus, and the X server.
//!
//! Layout: [`network`] NetworkManager · [`power`] UPower · [`quiet`] the notification service, with [`dconf`] for GNOME's ·
//! [`screen`] the active window of an X server · [`watched`] how any service on a bus is followed.

mod dconf;
mod network;
mod power;
mod quiet;
mod screen;
mod watched;

use zbus::Connection;

use self::watched::in_time;
use super::Known;

/// Follows everything that can be known here. Ends with the buses and the display.
pub(super) async fn follow(known: Known) {
    tokio::join!(system_bus(&known), session_bus(&known), screen::follow(known.clone()));
}

async fn system_bus(known: &Known) {
    let bus = match in_time(Connection::system()).await {
        Ok(bus) => bus,
        Err(error) => return tracing::debug!(%error, "there is no system bus"),
    };
    let network = async {
        ended("the network", network::follow(&bus, known).await);
        known.note(|now| (now.metered, now.online) = (None, None));
    };
    let power = async {
        ended("the power", power::follow(&bus, known).await);
        known.note(|now| now.power = None);
    };
    tokio::join!(network, power);
}

async fn session_bus(known: &Known) {
    let followed = async { quiet::follow(&in_time(Connection::session()).await?, known).await };
    ended("do not disturb", followed.await);
    known.note(|now| now.do_not_disturb = None);
}

fn ended(what: &str, how: zbus::Result<()>) {
    match how {
        Ok(()) => tracing::debug!(what, "the bus has gone, nothing is known of it any more"),
        Err(error) => tracing::debug!(what, %error, "nothing can be known of it here"),
    }
}
