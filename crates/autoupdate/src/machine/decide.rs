//! From what a check found to what it comes to.

use protocol::{AppId, Channel, Platform, Version};

use super::event::Found;
use super::memory::version_of;
use crate::policy::eligibility::{self, Installed};
use crate::policy::repair::{self, Recorded, Repair};
use crate::policy::{Asker, Decided, Decision};

/// Which app, on which machine.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// The app.
    pub app: &'a AppId,
    /// The channel it follows.
    pub channel: &'a Channel,
    /// This machine.
    pub platform: Platform,
    /// The version of its operating system, if it can be told.
    pub os_version: Option<&'a str>,
    /// The id of this installation.
    pub installation_id: &'a str,
}

/// What does it come to, what a check found?
#[must_use]
pub fn decide(found: &Found, asker: Asker, who: &Who<'_>) -> Decided<Decision> {
    let version = version_of(found, who.app, who.platform);
    eligibility::decide(&facts(found, version.as_ref(), asker, who))
}

/// What puts the program right, by what a check found?
#[must_use]
pub(super) fn repair(found: &Found, asker: Asker, who: &Who<'_>) -> Decided<Repair> {
    let version = version_of(found, who.app, who.platform);
    let recorded = found.installed.recorded.as_ref();
    let recorded = recorded.map(|known| Recorded { sha256: &known.sha256, version: &known.version });
    repair::decide(&facts(found, version.as_ref(), asker, who), recorded)
}

fn facts<'a>(
    found: &'a Found,
    version: Option<&'a Version>,
    asker: Asker,
    who: &Who<'a>,
) -> eligibility::Facts<'a> {
    eligibility::Facts {
        app: who.app,
        channel: who.channel,
        platform: who.platform,
        os_version: who.os_version,
        installed: Installed {
            sha256: &found.installed.sha256,
            version,
            floor: found.installed.floor.as_ref(),
            bad: &found.installed.bad,
            undone: found.installed.held.as_ref(),
        },
        skipped: &found.skipped,
        on_hold: found.on_hold,
        artifacts: &found.artifacts,
        control: &found.control,
        installation_id: who.installation_id,
        asker,
    }
}
