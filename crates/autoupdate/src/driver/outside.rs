//! What is outside of an app and the same for all: the desktop's word on this moment, and a pause.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::policy::deferral::{self, Moment, Pause};
use crate::policy::surroundings::Surroundings;
use crate::store::Program;

/// What is outside of an app and the same for all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outside {
    pub(super) surroundings: Surroundings,
    pub(super) pause: Option<Pause>,
}

impl Outside {
    /// Whether a person paused everything.
    pub(super) fn is_paused(&self, now: Timestamp) -> bool {
        self.pause.is_some_and(|pause| pause.lasts(now))
    }

    /// What this moment allows to happen by itself to a program, and when that may change by itself.
    pub(super) fn moment(
        &self,
        program: &Program,
        busy_until: Option<Timestamp>,
        now: Timestamp,
        zone: &TimeZone,
    ) -> (Moment, Option<Timestamp>) {
        let facts = deferral::Facts {
            now,
            zone,
            pause: self.pause,
            quiet_hours: program.quiet_hours,
            allowed_hours: program.allowed_hours,
            busy_until,
            metered: program.metered,
            wait_on_battery: program.wait_on_battery,
            surroundings: self.surroundings,
        };
        (deferral::moment(&facts), deferral::changes_at(&facts))
    }
}
