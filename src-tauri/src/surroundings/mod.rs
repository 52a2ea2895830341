//! What the desktop knows about this moment, for the engine: is the network paid by volume, is there one, where does the power come
//! from, does a window cover the whole screen, does the person want no notifications.
//!
//! - Nobody is asked again and again: every source says by itself when something changes, so an idle desktop wakes nothing here.
//! - A source that is not there, comes later, starts again or goes leaves its facts unknown for that time, and nothing else.
//! - Nothing is started by asking: what does not run knows nothing.
//! - Waking up from sleep needs no source. The engine waits for steps of the clock (`timerfd_create(2)` with
//!   `TFD_TIMER_CANCEL_ON_SET`), and Linux ends that wait on resume too: `timekeeping_resume` adds the time slept to the wall clock
//!   and calls `timerfd_resume`, which cancels every such timer whose wall clock has moved against the monotonic one. (Before 5.15
//!   the same came by way of `clock_was_set`.) A machine that cannot tell how long it slept moves its clock later, from the network,
//!   and that is a step as well. So `PrepareForSleep` of logind would say nothing that is not heard already.

#[cfg_attr(target_os = "linux", path = "linux/mod.rs")]
#[cfg_attr(not(target_os = "linux"), path = "other.rs")]
mod system;

use autoupdate::policy::surroundings::Surroundings;
use tokio::sync::watch as latest;

/// Where the sources write down what they know; each has its own facts.
#[derive(Clone)]
struct Known(latest::Sender<Surroundings>);

impl Known {
    fn note(&self, fact: impl FnOnce(&mut Surroundings)) {
        self.0.send_if_modified(|known| {
            let before = *known;
            fact(known);
            *known != before
        });
    }
}

/// Says what the desktop knows whenever that differs from what was said last; at first everything is unknown. Ends when nobody can
/// know anything any more.
pub(crate) async fn watch(mut say: impl FnMut(Surroundings)) {
    let (known, mut news) = latest::channel(Surroundings::default());
    let told = async {
        let mut said = Surroundings::default();
        while news.changed().await.is_ok() {
            let now = *news.borrow_and_update();
            // There and back again while nobody looked.
            if now != said {
                tracing::info!(surroundings = ?now, "the desktop says");
                said = now;
                say(now);
            }
        }
    };
    tokio::join!(system::follow(Known(known)), told);
}
