//! Which notifications there should be: a pure policy over the View and what was told already.
//!
//! - "X 7.2.0 is ready" once per version, also over restarts of the app; then again after 2, 4 and 7 days, and daily if it is
//!   critical. What waits for a person's word is a quiet dot in the tray before that, unless it is critical;
//! - nothing while a restart is planned, until it is counted down: then there is a button that stops it;
//! - "Updated to X" after a restart that a person asked for, with the way back;
//! - "X is back on 7.1.0" once per version that was undone, unless the person undid it;
//! - that checks do not work: from the tenth on if it is not the network, or after 7 days, once until one works; never while
//!   there is no network;
//! - that nobody shows tray icons, once per installation;
//! - none in quiet hours, while something covers the whole screen, or when the person wants none: they come afterwards, if
//!   they are true still;
//! - what is not true any more is withdrawn; a check that is under way changes nothing yet.
//!
//! Reminders need no clock of their own: every check changes the View.

mod words;

use std::collections::{BTreeMap, BTreeSet};

use autoupdate::View;
use autoupdate::error::Actor;
use autoupdate::view::{AppState, AppView, OfferView, Plan, RollBackWhy};
use jiff::{SignedDuration, Timestamp};
use protocol::{AppId, Mode, Urgency, Version};
use serde::{Deserialize, Serialize};

use crate::face::Message;
use crate::menu::Does;
use words::{counting, failing, undone, updated, waits, without_tray};

pub use words::{answer, answer_key, exported};

/// After how many days a version that waits is told again.
const REMIND_AFTER: [i64; 3] = [2, 4, 7];
/// Checks that may fail in a row before anybody is told.
const FAILURES: u32 = 10;
/// How long no check may work before anybody is told.
const WITHOUT_A_CHECK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What was told. Kept on disk, see [`crate::told`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Told {
    /// The version of which it was told that it is ready.
    #[serde(default)]
    pub ready: BTreeMap<AppId, Version>,
    /// The version of which it was told that it was undone.
    #[serde(default)]
    pub undone: BTreeMap<AppId, Version>,
    /// That there is no tray was told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_tray: bool,
    /// The version that waits for a person.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waiting: BTreeMap<AppId, Waiting>,
    /// The version of which it was told that it is in place.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub updated: BTreeMap<AppId, Version>,
    /// The last check that worked, as far as that is known here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub good: BTreeMap<AppId, Timestamp>,
    /// Programs of which it was told that checks do not work.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub failing: BTreeSet<AppId>,
    /// The restart that was counted down. Nobody remembers it.
    #[serde(skip)]
    pub counted: BTreeMap<AppId, Timestamp>,
}

/// A version that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// The version.
    pub version: Version,
    /// Since when.
    pub since: Timestamp,
    /// How often it was told again.
    pub reminded: u32,
}

impl Told {
    /// What remains of it when these could not be shown.
    #[must_use]
    pub fn without(&self, unshown: &BTreeSet<Key>) -> Self {
        let mut told = self.clone();
        for key in unshown {
            match (&key.about, &key.app) {
                (About::Ready, Some(app)) => drop(told.ready.remove(app)),
                (About::Undone, Some(app)) => drop(told.undone.remove(app)),
                (About::Updated, Some(app)) => drop(told.updated.remove(app)),
                (About::Failing, Some(app)) => drop(told.failing.remove(app)),
                (About::NoTray, _) => told.no_tray = false,
                (About::Available | About::Counting | About::Answer | About::Exported, _) => {}
                (About::Ready | About::Undone | About::Updated | About::Failing, None) => {}
            }
        }
        told
    }
}

/// Which notification it is. There is at most one of each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The program, if it is about one.
    pub app: Option<AppId>,
    /// What it is about.
    pub about: About,
}

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// A version can be had.
    Available,
    /// A version is ready.
    Ready,
    /// A planned restart is near.
    Counting,
    /// A version is in place.
    Updated,
    /// A version was undone.
    Undone,
    /// Checks do not work.
    Failing,
    /// Nobody shows tray icons.
    NoTray,
    /// What came of a check that a person asked for.
    Answer,
    /// Where a file was written.
    Exported,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which it is.
    pub key: Key,
    /// Its first line.
    pub summary: Message,
    /// The rest.
    pub body: Message,
    /// What its buttons do.
    pub does: Vec<Does>,
    /// It goes by itself after some seconds.
    pub brief: bool,
}

/// What is to be done about notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Show this.
    Show(Notice),
    /// Take this away.
    Withdraw(Key),
}

/// What this moment is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// It is certain that nobody shows tray icons.
    pub no_tray: bool,
    /// The person wants to see none now.
    pub quiet: bool,
    /// There is no network.
    pub offline: bool,
}

/// What is to be done now, and what has been told then. `up` are the notifications that may still be seen.
#[must_use]
pub fn changes(view: &View, moment: &Moment, told: &Told, up: &BTreeSet<Key>) -> (Told, Vec<Change>) {
    let mut news = News { moment, now: told.clone(), changes: Vec::new(), still: BTreeSet::new() };
    for app in &view.apps {
        news.still.extend(up.iter().filter(|key| is_open(app, key, told)).cloned());
        news.of_checks(app);
        news.of_state(app);
    }
    if moment.no_tray {
        let notice = without_tray();
        news.still.insert(notice.key.clone());
        if !std::mem::replace(&mut news.now.no_tray, true) {
            news.changes.push(Change::Show(notice));
        }
    }
    let News { now, mut changes, still, .. } = news;
    // What came of a wish goes by itself.
    let stale = up.iter().filter(|key| !still.contains(*key) && !is_answer(key));
    changes.splice(0..0, stale.cloned().map(Change::Withdraw));
    (now, changes)
}

const fn is_answer(key: &Key) -> bool {
    matches!(key.about, About::Answer | About::Exported)
}

/// What is being found out.
struct News<'a> {
    moment: &'a Moment,
    now: Told,
    changes: Vec<Change>,
    /// Notifications that are true.
    still: BTreeSet<Key>,
}

impl News<'_> {
    fn of_state(&mut self, app: &AppView) {
        match &app.state {
            AppState::Available { offer, .. } => self.waits(app, offer, About::Available),
            AppState::Ready { offer, planned: None } => self.waits(app, offer, About::Ready),
            AppState::Ready { offer, planned: Some(Plan::At { at, counting: true }) } => {
                let notice = counting(app, offer);
                self.still.insert(notice.key.clone());
                // Also in quiet hours: it is about to happen.
                if self.now.counted.insert(app.id.clone(), *at) != Some(*at) {
                    self.changes.push(Change::Show(notice));
                }
            }
            AppState::Updated { report } if !report.repaired && app.mode != Mode::Automatic => {
                let notice = updated(app, &report.to);
                self.once(app, notice, |told| &mut told.updated, &report.to);
            }
            AppState::RolledBack { from: Some(from), to, why } => {
                match why {
                    RollBackWhy::ByPerson => return,
                    RollBackWhy::Recalled | RollBackWhy::Unhealthy { .. } | RollBackWhy::Unproven { .. } => {}
                }
                self.once(app, undone(app, from, to.as_ref()), |told| &mut told.undone, from);
            }
            _ => {}
        }
    }

    /// A version waits for a person: it is told once, and again by its age.
    fn waits(&mut self, app: &AppView, offer: &OfferView, about: About) {
        let waiting = self.now.waiting.get(&app.id).filter(|waiting| waiting.version == offer.version);
        let fresh = Waiting { version: offer.version.clone(), since: self.moment.now, reminded: 0 };
        let mut waiting = waiting.cloned().unwrap_or(fresh);
        let urgent_at_once = u32::from(about != About::Ready && offer.urgency == Urgency::Critical);
        // What can be had is a quiet dot in the tray at first, unless it is critical.
        let due = reminders(offer.urgency, waiting.since, self.moment.now) + urgent_at_once;
        let first = about == About::Ready && self.now.ready.get(&app.id) != Some(&offer.version);
        let again = due > waiting.reminded;
        let notice = waits(app, offer, about, again && !first);
        self.still.insert(notice.key.clone());
        if (first || again) && !self.is_quiet(app) {
            waiting.reminded = due;
            if first {
                self.now.ready.insert(app.id.clone(), offer.version.clone());
            }
            self.changes.push(Change::Show(notice));
        }
        self.now.waiting.insert(app.id.clone(), waiting);
    }

    fn once(
        &mut self,
        app: &AppView,
        notice: Notice,
        of: impl Fn(&mut Told) -> &mut BTreeMap<AppId, Version>,
        version: &Version,
    ) {
        self.still.insert(notice.key.clone());
        if of(&mut self.now).get(&app.id) == Some(version) || self.is_quiet(app) {
            return;
        }
        of(&mut self.now).insert(app.id.clone(), version.clone());
        self.changes.push(Change::Show(notice));
    }

    fn of_checks(&mut self, app: &AppView) {
        let now = self.moment.now;
        if let Some(good) = app.last_good {
            self.now.good.insert(app.id.clone(), good);
        }
        let good = *self.now.good.entry(app.id.clone()).or_insert(now);
        if app.failures == 0 {
            self.now.failing.remove(&app.id);
            return;
        }
        let network = app.last_check.as_ref().and_then(|check| check.failure.as_ref());
        let network = network.is_some_and(|failure| failure.actor == Actor::Network);
        let long = now.duration_since(good) >= WITHOUT_A_CHECK;
        let bothers = app.mode != Mode::Off && !self.moment.offline;
        if !bothers || !(long || (app.failures >= FAILURES && !network)) {
            return;
        }
        let notice = failing(app);
        self.still.insert(notice.key.clone());
        if !self.is_quiet(app) && self.now.failing.insert(app.id.clone()) {
            self.changes.push(Change::Show(notice));
        }
    }

    fn is_quiet(&self, app: &AppView) -> bool {
        self.moment.quiet || app.quiet
    }
}

/// How often a version should have been told again by now.
fn reminders(urgency: Urgency, since: Timestamp, now: Timestamp) -> u32 {
    let days = now.duration_since(since).as_hours() / 24;
    let due = match urgency {
        Urgency::Critical => days,
        Urgency::Normal => {
            let due = REMIND_AFTER.iter().filter(|after| days >= **after).count();
            i64::try_from(due).unwrap_or(i64::MAX)
        }
    };
    u32::try_from(due).unwrap_or_default()
}

/// Whether it is not decided at the moment whether a notification is still true: the program is looked after anew.
fn is_open(app: &AppView, key: &Key, told: &Told) -> bool {
    key.app.as_ref() == Some(&app.id)
        && match &app.state {
            AppState::Checking { .. } => true,
            // The same version once more, from what is on disk.
            AppState::Downloading { offer, .. }
            | AppState::Verifying { offer }
            | AppState::FallingBack { offer, .. } => {
                key.about == About::Ready && told.ready.get(&app.id) == Some(&offer.version)
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests;
