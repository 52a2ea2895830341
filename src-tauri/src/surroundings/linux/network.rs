//! The network, as NetworkManager knows it.

use zbus::Connection;

use super::watched::{Object, Properties, Watched};
use crate::surroundings::Known;

const MANAGER: Object = Object {
    service: "org.freedesktop.NetworkManager",
    path: "/org/freedesktop/NetworkManager",
    interface: "org.freedesktop.NetworkManager",
};

/// Follows it until the bus goes.
pub(super) async fn follow(bus: &Connection, known: &Known) -> zbus::Result<()> {
    let mut manager = Watched::begin(bus, MANAGER, &["Metered", "Connectivity", "State"]).await?;
    loop {
        let now = manager.read().await;
        known.note(|known| (known.metered, known.online) = (metered(&now), online(&now)));
        if manager.changed().await.is_none() {
            return Ok(());
        }
    }
}

/// `NMMetered`: what was guessed counts as said.
fn metered(manager: &Properties) -> Option<bool> {
    match manager.get("Metered")? {
        1_u32 | 3 => Some(true),
        2 | 4 => Some(false),
        _ => None,
    }
}

/// Whether there is a network at all, as far as its `State` (`NMState`) says so for certain. What NetworkManager found out about the
/// way to the Internet (`Connectivity`) is no "no": it asks one address, which is out of reach in many a country where updates
/// are not; it can only show that there is a way after all, over an interface that is not its own.
fn online(manager: &Properties) -> Option<bool> {
    match (manager.get("State")?, manager.get("Connectivity")) {
        // Asleep, disconnected, connecting; and no way was found, or none was looked for.
        (10..=40_u32, Some(0..=1_u32) | None) => Some(false),
        // A way out, a captive portal's included: that is told apart where it is met.
        (60 | 70, _) | (_, Some(2..=4)) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_is_understood() {
        let check = |said: [u32; 3], expected: (Option<bool>, Option<bool>)| {
            let said = Properties::of(["Metered", "Connectivity", "State"].into_iter().zip(said));
            assert_eq!((metered(&said), online(&said)), expected, "{said:?}");
        };
        check([0, 0, 0], (None, None));
        check([1, 4, 70], (Some(true), Some(true)));
        // Its address is out of reach, others need not be.
        check([2, 3, 60], (Some(false), Some(true)));
        check([3, 2, 60], (Some(true), Some(true)));
        check([4, 1, 20], (Some(false), Some(false)));
        check([0, 0, 40], (None, Some(false)));
        check([0, 0, 60], (None, Some(true)));
        // An interface that is not its own.
        check([0, 4, 20], (None, Some(true)));
        check([0, 0, 50], (None, None));
        check([9, 0, 70], (None, Some(true)));
        let nothing = Properties::default();
        assert_eq!((metered(&nothing), online(&nothing)), (None, None));
    }
}
