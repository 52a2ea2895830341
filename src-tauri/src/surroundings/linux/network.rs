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

/// Whether the Internet can be reached. `Connectivity` (`NMConnectivityState`) is what NetworkManager has tried, and full where
/// it is told not to try; before it has tried, `State` (`NMState`) says at least what cannot be.
fn online(manager: &Properties) -> Option<bool> {
    match (manager.get("Connectivity")?, manager.get("State")) {
        (4_u32, _) => Some(true),
        // None; behind a portal; limited.
        (1..=3, _) => Some(false),
        // Asleep, disconnected, connecting, without a way out.
        (0, Some(10..=50_u32)) => Some(false),
        (0, Some(70)) => Some(true),
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
        check([2, 3, 60], (Some(false), Some(false)));
        check([3, 2, 60], (Some(true), Some(false)));
        check([4, 1, 20], (Some(false), Some(false)));
        check([0, 0, 40], (None, Some(false)));
        check([0, 0, 60], (None, None));
        check([9, 0, 70], (None, Some(true)));
        let nothing = Properties::default();
        assert_eq!((metered(&nothing), online(&nothing)), (None, None));
    }
}
