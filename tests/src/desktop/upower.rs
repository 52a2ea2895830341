//! UPower on the system bus, as far as the desktop app asks it: properties that a test sets.

use anyhow::Result;
use zbus::{Connection, connection};

const NAME: &str = "org.freedesktop.UPower";
const PATH: &str = "/org/freedesktop/UPower";
const BATTERY_PATH: &str = "/org/freedesktop/UPower/devices/DisplayDevice";

struct Daemon {
    on_battery: bool,
}

#[zbus::interface(name = "org.freedesktop.UPower")]
impl Daemon {
    #[zbus(property)]
    fn on_battery(&self) -> bool {
        self.on_battery
    }
}

struct Battery {
    percentage: f64,
}

#[zbus::interface(name = "org.freedesktop.UPower.Device")]
impl Battery {
    #[zbus(property, name = "Type")]
    fn kind(&self) -> u32 {
        2
    }

    #[zbus(property)]
    fn is_present(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn percentage(&self) -> f64 {
        self.percentage
    }
}

/// UPower. It ends with its value.
#[derive(Debug)]
pub struct UPower(Connection);

impl UPower {
    /// Of a laptop on mains, with a battery that is half full.
    pub(super) fn start(address: &str) -> Result<Self> {
        let builder = connection::Builder::address(address)
            .serve_at(PATH, Daemon { on_battery: false })
            .serve_at(BATTERY_PATH, Battery { percentage: 50.0 })
            .name(NAME);
        Ok(Self(zbus::block_on(builder.build())?))
    }

    /// The plug is pulled, or put back.
    ///
    /// # Errors
    /// If the bus does not take the news.
    pub fn on_battery(&self, is: bool) -> Result<()> {
        zbus::block_on(async {
            let daemon = self.0.object_server().interface::<_, Daemon>(PATH).await?;
            let mut now = daemon.get_mut().await;
            now.on_battery = is;
            Ok(now.on_battery_changed(daemon.signal_emitter()).await?)
        })
    }

    /// How full the battery is.
    ///
    /// # Errors
    /// If the bus does not take the news.
    pub fn percentage(&self, is: f64) -> Result<()> {
        zbus::block_on(async {
            let battery = self.0.object_server().interface::<_, Battery>(BATTERY_PATH).await?;
            let mut now = battery.get_mut().await;
            now.percentage = is;
            Ok(now.percentage_changed(battery.signal_emitter()).await?)
        })
    }
}
