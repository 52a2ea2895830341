//! NetworkManager on the system bus, as far as the desktop app asks it: properties that a test sets.

use anyhow::Result;
use zbus::{Connection, connection};

const NAME: &str = "org.freedesktop.NetworkManager";
const PATH: &str = "/org/freedesktop/NetworkManager";

/// What it says: `NMMetered`, `NMConnectivityState`, `NMState`.
#[derive(Debug, Clone, Copy)]
struct Says {
    metered: u32,
    connectivity: u32,
    state: u32,
}

#[zbus::interface(name = "org.freedesktop.NetworkManager")]
impl Says {
    #[zbus(property)]
    fn metered(&self) -> u32 {
        self.metered
    }

    #[zbus(property)]
    fn connectivity(&self) -> u32 {
        self.connectivity
    }

    #[zbus(property)]
    fn state(&self) -> u32 {
        self.state
    }
}

/// What says how this machine reaches others. It ends with its value.
#[derive(Debug)]
pub struct Network(Connection);

impl Network {
    /// Of a machine with an Internet that costs nothing by volume.
    pub(super) fn start(address: &str) -> Result<Self> {
        let says = Says { metered: 4, connectivity: 4, state: 70 };
        let builder = connection::Builder::address(address).serve_at(PATH, says).name(NAME);
        Ok(Self(zbus::block_on(builder.build())?))
    }

    /// From now on the network is paid by volume, or is not (`NMMetered`).
    ///
    /// # Errors
    /// If the bus does not take the news.
    pub fn metered(&self, is: u32) -> Result<()> {
        zbus::block_on(async {
            let network = self.0.object_server().interface::<_, Says>(PATH).await?;
            let mut now = network.get_mut().await;
            now.metered = is;
            Ok(now.metered_changed(network.signal_emitter()).await?)
        })
    }

    /// From now on there is a network, or none (`NMState`, `NMConnectivityState`).
    ///
    /// # Errors
    /// If the bus does not take the news.
    pub fn reaches(&self, state: u32, connectivity: u32) -> Result<()> {
        zbus::block_on(async {
            let network = self.0.object_server().interface::<_, Says>(PATH).await?;
            let mut now = network.get_mut().await;
            (now.state, now.connectivity) = (state, connectivity);
            now.state_changed(network.signal_emitter()).await?;
            Ok(now.connectivity_changed(network.signal_emitter()).await?)
        })
    }
}
