//! Where the power comes from, as UPower knows it.
//!
//! The battery is followed only while it is used: UPower measures it every half a minute or two, and says so each time.

use autoupdate::policy::surroundings::Power;
use zbus::Connection;

use super::watched::{Object, Properties, Watched};
use crate::surroundings::Known;

const DAEMON: Object = Object {
    service: "org.freedesktop.UPower",
    path: "/org/freedesktop/UPower",
    interface: "org.freedesktop.UPower",
};
/// All batteries taken together, as desktops show them.
const BATTERY: Object = Object {
    path: "/org/freedesktop/UPower/devices/DisplayDevice",
    interface: "org.freedesktop.UPower.Device",
    ..DAEMON
};
/// `Type` of what can feed a computer: a battery, an uninterruptible supply.
const FEEDS: [u32; 2] = [2, 3];

/// Follows it until the bus goes.
pub(super) async fn follow(bus: &Connection, known: &Known) -> zbus::Result<()> {
    let mut daemon = Watched::begin(bus, DAEMON, &["OnBattery"]).await?;
    let mut used: Option<Watched> = None;
    loop {
        let power = match daemon.read().await.get("OnBattery") {
            Some(true) => {
                let battery = match used.take() {
                    Some(battery) => battery,
                    None => Watched::begin(bus, BATTERY, &["Type", "IsPresent", "Percentage"]).await?,
                };
                charge(&used.insert(battery).read().await).map(|percent| Power::Battery { percent })
            }
            other => {
                used = None;
                other.map(|_| Power::Mains)
            }
        };
        known.note(|known| known.power = power);
        let more = match &mut used {
            Some(battery) => tokio::select! {
                more = daemon.changed() => more,
                more = battery.changed() => more,
            },
            None => daemon.changed().await,
        };
        if more.is_none() {
            return Ok(());
        }
    }
}

/// How full it is, in whole percent: no tenth of one changes what is decided.
fn charge(battery: &Properties) -> Option<u8> {
    let feeds = battery.get("IsPresent")? && FEEDS.contains(&battery.get("Type")?);
    let percent: f64 = battery.get("Percentage").filter(|_| feeds)?;
    // Never more than it holds; no number at all is empty.
    Some(percent.clamp(0.0, 100.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zbus::Variant;

    #[test]
    fn a_charge_is_whole_percents_of_what_feeds_the_computer() {
        let check = |kind: u32, present: bool, percent: f64, expected: Option<u8>| {
            let said = [
                ("Type", Variant::from(kind)),
                ("IsPresent", present.into()),
                ("Percentage", percent.into()),
            ];
            assert_eq!(charge(&Properties::of(said)), expected);
        };
        check(2, true, 29.9, Some(29));
        check(3, true, 100.0, Some(100));
        check(2, true, 250.0, Some(100));
        check(2, true, -1.0, Some(0));
        check(2, false, 50.0, None);
        // A mouse's.
        check(5, true, 50.0, None);
        assert_eq!(charge(&Properties::default()), None);
    }
}
