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

use std::collections::{BTreeMap, BTreeSet};

use autoupdate::View;
use autoupdate::error::Actor;
use autoupdate::view::{AppState, AppView, OfferView, Plan, RollBackWhy};
use jiff::{SignedDuration, Timestamp};
use protocol::{AppId, Mode, Urgency, Version};
use serde::{Deserialize, Serialize};

use crate::face::{Act, Message};
use crate::menu::Does;

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
            AppState::Available { offer } => self.waits(app, offer, About::Available),
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

fn message(id: &str, app: &AppView, version: &Version) -> Message {
    Message::new(id).with("name", &app.name).with("version", version)
}

fn key(app: &AppView, about: About) -> Key {
    Key { app: Some(app.id.clone()), about }
}

fn waits(app: &AppView, offer: &OfferView, about: About, again: bool) -> Notice {
    let (summary, body, act) = match (about, again) {
        (About::Ready, false) => ("notice-ready", "notice-ready-body", Act::Restart),
        (About::Ready, true) => ("notice-ready-again", "notice-ready-body", Act::Restart),
        _ => ("notice-available", "notice-available-body", Act::Install),
    };
    let does = if offer.needs_consent {
        vec![Does::Open]
    } else if about == About::Ready {
        vec![Does::Act(app.id.clone(), act), Does::Act(app.id.clone(), Act::Tonight)]
    } else {
        vec![Does::Act(app.id.clone(), act)]
    };
    let (summary, body) = (message(summary, app, &offer.version), message(body, app, &offer.version));
    Notice { key: key(app, about), summary, body, does, brief: false }
}

fn counting(app: &AppView, offer: &OfferView) -> Notice {
    Notice {
        key: key(app, About::Counting),
        summary: message("notice-counting", app, &offer.version),
        body: message("notice-counting-body", app, &offer.version),
        does: vec![Does::Act(app.id.clone(), Act::Postpone)],
        brief: false,
    }
}

fn updated(app: &AppView, to: &Version) -> Notice {
    let undo = app.previous.as_ref().map(|_| Does::Act(app.id.clone(), Act::RollBack));
    Notice {
        key: key(app, About::Updated),
        summary: message("notice-updated", app, to),
        body: message("notice-updated-body", app, to),
        does: [Does::WhatsNew].into_iter().chain(undo).collect(),
        brief: true,
    }
}

fn undone(app: &AppView, from: &Version, to: Option<&Version>) -> Notice {
    Notice {
        key: key(app, About::Undone),
        summary: match to {
            Some(to) => message("notice-rolled-back", app, to),
            None => message("notice-rolled-back-unknown", app, from),
        },
        body: message("notice-rolled-back-body", app, from),
        does: Vec::new(),
        brief: false,
    }
}

fn failing(app: &AppView) -> Notice {
    Notice {
        key: key(app, About::Failing),
        summary: Message::new("notice-failing").with("name", &app.name),
        body: Message::new("notice-failing-body").with("name", &app.name),
        does: vec![Does::Panel(crate::panel::Panel::Support)],
        brief: false,
    }
}

/// Without an icon a notification may be the only face: it says how to get at another.
fn without_tray() -> Notice {
    Notice {
        key: Key { app: None, about: About::NoTray },
        summary: Message::new("notice-no-tray"),
        body: Message::new("notice-no-tray-body"),
        does: vec![Does::Open],
        brief: false,
    }
}

/// The key of [`answer`].
#[must_use]
pub const fn answer_key() -> Key {
    Key { app: None, about: About::Answer }
}

/// What came of a check that a person asked for where no window says it.
#[must_use]
pub fn answer(summary: Message) -> Notice {
    Notice {
        key: answer_key(),
        summary,
        body: Message::new("notice-answer-body"),
        does: vec![Does::Open],
        brief: true,
    }
}

/// Where a file was written.
#[must_use]
pub fn exported(body: Message) -> Notice {
    let key = Key { app: None, about: About::Exported };
    Notice { key, summary: Message::new("notice-exported"), body, does: Vec::new(), brief: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{app, offer, version, view};

    fn key(id: &str, about: About) -> Key {
        Key { app: Some(AppId::parse(id).unwrap()), about }
    }

    /// Words for changes: `+ demo Ready` shows, `- demo Ready` withdraws.
    fn check(states: &[(&str, AppState)], told: &Told, up: &[Key], expected: &[&str]) -> Told {
        check_tray(false, states, told, up, expected)
    }

    fn check_tray(
        no_tray: bool,
        states: &[(&str, AppState)],
        told: &Told,
        up: &[Key],
        expected: &[&str],
    ) -> Told {
        let apps = states.iter().map(|(name, state)| app(name, state.clone())).collect();
        check_at(&Moment { no_tray, ..moment(NOON) }, apps, told, up, expected)
    }

    const NOON: &str = "2030-06-01T12:00:00Z";

    fn moment(now: &str) -> Moment {
        Moment { now: now.parse().unwrap(), no_tray: false, quiet: false, offline: false }
    }

    fn check_at(moment: &Moment, apps: Vec<AppView>, told: &Told, up: &[Key], expected: &[&str]) -> Told {
        let (told, changes) = changes(&view(apps), moment, told, &up.iter().cloned().collect());
        let words: Vec<_> = changes
            .iter()
            .map(|change| {
                let (sign, key) = match change {
                    Change::Show(Notice { key, .. }) => ("+", key),
                    Change::Withdraw(key) => ("-", key),
                };
                let app = key.app.as_ref().map_or("", AppId::as_str);
                format!("{sign} {app} {:?}", key.about)
            })
            .collect();
        assert_eq!(words, expected);
        told
    }

    #[test]
    fn that_there_is_no_tray_is_told_once_and_taken_back() {
        let up = [without_tray().key];
        let told = check_tray(true, &[], &Told::default(), &[], &["+  NoTray"]);
        let told = check_tray(true, &[], &told, &up, &[]);
        let told = check_tray(false, &[], &told, &up, &["-  NoTray"]);
        let told = check_tray(true, &[("Demo", ready("7.2.0"))], &told, &[], &["+ demo Ready"]);
        check_tray(true, &[], &told, &up, &[]);
    }

    fn ready(version: &str) -> AppState {
        AppState::Ready { offer: offer(version), planned: None }
    }

    fn back(why: RollBackWhy) -> AppState {
        AppState::RolledBack { from: Some(version("7.2.0")), to: Some(version("7.1.0")), why }
    }

    #[test]
    fn ready_is_told_once_per_version() {
        let told = check(&[("Demo", ready("7.2.0"))], &Told::default(), &[], &["+ demo Ready"]);
        let up = [key("demo", About::Ready)];
        let told = check(&[("Demo", ready("7.2.0"))], &told, &up, &[]);
        let told = check(&[("Demo", ready("7.2.0"))], &told, &[], &[]);
        let told = check(&[("Demo", ready("7.3.0"))], &told, &up, &["+ demo Ready"]);
        check(&[("Demo", AppState::Idle)], &told, &up, &["- demo Ready"]);
    }

    #[test]
    fn a_check_leaves_it_where_it_is() {
        let told = check(&[("Demo", ready("7.2.0"))], &Told::default(), &[], &["+ demo Ready"]);
        let up = [key("demo", About::Ready)];
        let checking = AppState::Checking { by: autoupdate::policy::Asker::Timer };
        let told = check(&[("Demo", checking)], &told, &up, &[]);
        let told = check(&[("Demo", AppState::Verifying { offer: offer("7.2.0") })], &told, &up, &[]);
        let told = check(&[("Demo", ready("7.2.0"))], &told, &up, &[]);
        check(&[("Demo", AppState::Verifying { offer: offer("7.3.0") })], &told, &up, &["- demo Ready"]);
    }

    #[test]
    fn what_a_person_did_needs_no_telling() {
        let unhealthy = RollBackWhy::Unhealthy { code: "E-RUN-ENDED".into(), text: String::new() };
        let told = check(&[("Demo", back(unhealthy.clone()))], &Told::default(), &[], &["+ demo Undone"]);
        check(&[("Demo", back(unhealthy))], &told, &[], &[]);
        check(&[("Demo", back(RollBackWhy::ByPerson))], &Told::default(), &[], &[]);
    }

    #[test]
    fn what_could_not_be_shown_is_not_told() {
        let told = check_tray(
            true,
            &[("Demo", ready("7.2.0"))],
            &Told::default(),
            &[],
            &["+ demo Ready", "+  NoTray"],
        );
        let rest = told.without(&[key("demo", About::Ready), without_tray().key].into());
        assert_eq!((rest.ready.len(), rest.no_tray), (0, false));
        assert_eq!(told.without(&[key("demo", About::Undone), key("other", About::Ready)].into()), told);
    }

    #[test]
    fn a_program_that_is_gone_takes_its_notification_along() {
        check(&[], &Told::default(), &[key("demo", About::Ready)], &["- demo Ready"]);
    }

    fn demo(state: AppState) -> Vec<AppView> {
        vec![app("Demo", state)]
    }

    fn critical(version: &str) -> OfferView {
        OfferView { urgency: Urgency::Critical, ..offer(version) }
    }

    #[test]
    fn what_waits_is_told_again_after_two_four_and_seven_days() {
        let mut told = Told::default();
        for (now, expected) in [
            ("2030-06-01T12:00:00Z", &["+ demo Ready"][..]),
            ("2030-06-02T12:00:00Z", &[]),
            ("2030-06-03T12:00:00Z", &["+ demo Ready"]),
            ("2030-06-04T12:00:00Z", &[]),
            ("2030-06-05T12:00:00Z", &["+ demo Ready"]),
            ("2030-06-08T12:00:00Z", &["+ demo Ready"]),
            ("2030-07-08T12:00:00Z", &[]),
        ] {
            told = check_at(&moment(now), demo(ready("7.2.0")), &told, &[], expected);
        }
        // Another version begins anew.
        check_at(&moment("2030-07-08T12:00:00Z"), demo(ready("7.3.0")), &told, &[], &["+ demo Ready"]);
    }

    #[test]
    fn what_is_critical_is_told_daily() {
        let state = || AppState::Ready { offer: critical("7.2.0"), planned: None };
        let mut told = Told::default();
        for (now, expected) in [
            ("2030-06-01T12:00:00Z", &["+ demo Ready"][..]),
            ("2030-06-01T20:00:00Z", &[]),
            ("2030-06-02T12:00:00Z", &["+ demo Ready"]),
            ("2030-06-03T12:00:00Z", &["+ demo Ready"]),
            ("2030-06-03T13:00:00Z", &[]),
        ] {
            told = check_at(&moment(now), demo(state()), &told, &[], expected);
        }
    }

    #[test]
    fn what_can_be_had_is_a_quiet_dot_at_first() {
        let state = || AppState::Available { offer: offer("7.2.0") };
        let told = check_at(&moment(NOON), demo(state()), &Told::default(), &[], &[]);
        let told = check_at(&moment("2030-06-02T12:00:00Z"), demo(state()), &told, &[], &[]);
        check_at(&moment("2030-06-03T12:00:00Z"), demo(state()), &told, &[], &["+ demo Available"]);
        let urgent = AppState::Available { offer: critical("7.2.0") };
        let told =
            check_at(&moment(NOON), demo(urgent.clone()), &Told::default(), &[], &["+ demo Available"]);
        check_at(&moment(NOON), demo(urgent), &told, &[], &[]);
    }

    #[test]
    fn nobody_is_disturbed_and_it_comes_afterwards() {
        let quiet = Moment { quiet: true, ..moment(NOON) };
        let told = check_at(&quiet, demo(ready("7.2.0")), &Told::default(), &[], &[]);
        check_at(&moment("2030-06-01T14:00:00Z"), demo(ready("7.2.0")), &told, &[], &["+ demo Ready"]);
        let sleeping = || AppView { quiet: true, ..app("Demo", ready("7.2.0")) };
        check_at(&moment(NOON), vec![sleeping()], &Told::default(), &[], &[]);
        // What is urgent waits as well, and is as new as before when the film is over.
        let urgent = || AppState::Available { offer: critical("7.2.0") };
        let told = check_at(&quiet, demo(urgent()), &Told::default(), &[], &[]);
        check_at(&moment("2030-06-01T14:00:00Z"), demo(urgent()), &told, &[], &["+ demo Available"]);
    }

    #[test]
    fn a_planned_restart_is_only_told_when_it_is_near() {
        let planned = |counting| {
            let at = "2030-06-02T03:30:00Z".parse().unwrap();
            demo(AppState::Ready { offer: offer("7.2.0"), planned: Some(Plan::At { at, counting }) })
        };
        let up = [key("demo", About::Ready)];
        let told = check_at(&moment(NOON), planned(false), &Told::default(), &up, &["- demo Ready"]);
        let quiet = Moment { quiet: true, ..moment("2030-06-02T03:29:00Z") };
        let told = check_at(&quiet, planned(true), &told, &[], &["+ demo Counting"]);
        check_at(&quiet, planned(true), &told, &[], &[]);
        let at_quit = AppState::Ready { offer: offer("7.2.0"), planned: Some(Plan::AtQuit) };
        check_at(&moment(NOON), demo(at_quit), &told, &[key("demo", About::Counting)], &["- demo Counting"]);
    }

    #[test]
    fn an_update_that_a_person_wanted_is_told_once_with_the_way_back() {
        let updated = |mode| {
            let state = AppState::Updated { report: crate::testing::report("7.2.0") };
            vec![AppView { mode, previous: Some(version("7.1.0")), ..app("Demo", state) }]
        };
        let told =
            check_at(&moment(NOON), updated(Mode::Download), &Told::default(), &[], &["+ demo Updated"]);
        check_at(&moment(NOON), updated(Mode::Download), &told, &[], &[]);
        check_at(&moment(NOON), updated(Mode::Automatic), &Told::default(), &[], &[]);
        let (_, changes) =
            changes(&view(updated(Mode::Ask)), &moment(NOON), &Told::default(), &BTreeSet::new());
        let Some(Change::Show(notice)) = changes.first() else { panic!("{changes:?}") };
        assert_eq!(notice.does, [Does::WhatsNew, Does::Act(AppId::parse("demo").unwrap(), Act::RollBack)]);
    }

    #[test]
    fn checks_that_do_not_work_bother_late_and_once() {
        let failing = |failures, actor, last_good: Option<&str>| {
            let failure = autoupdate::view::Failure {
                code: "E-NET-STATUS".into(),
                phase: autoupdate::error::Phase::Check,
                actor,
                retry: true,
                text: String::new(),
            };
            let by = autoupdate::policy::Asker::Timer;
            let check = autoupdate::view::LastCheck { at: NOON.parse().unwrap(), by, failure: Some(failure) };
            let last_good = last_good.map(|text| text.parse().unwrap());
            vec![AppView { failures, last_good, last_check: Some(check), ..app("Demo", AppState::Idle) }]
        };
        let (server, network) = (Actor::Repository, Actor::Network);
        let lately = Some("2030-06-01T10:00:00Z");
        let first = |apps, moment: Moment, expected: &[&str]| {
            check_at(&moment, apps, &Told::default(), &[], expected)
        };
        first(failing(9, server, lately), moment(NOON), &[]);
        first(failing(10, network, lately), moment(NOON), &[]);
        let told = first(failing(10, server, lately), moment(NOON), &["+ demo Failing"]);
        check_at(&moment(NOON), failing(11, server, None), &told, &[], &[]);
        // It works again, and then does not: told anew.
        let told = check_at(&moment(NOON), failing(0, server, lately), &told, &[], &[]);
        check_at(&moment(NOON), failing(10, server, lately), &told, &[], &["+ demo Failing"]);
        let week = Some("2030-05-25T12:00:00Z");
        first(failing(1, network, week), moment(NOON), &["+ demo Failing"]);
        first(failing(1, network, week), Moment { offline: true, ..moment(NOON) }, &[]);
        // After a restart of the app only what was written down knows when it worked last.
        let told = first(failing(1, network, None), moment(NOON), &[]);
        check_at(
            &moment("2030-06-08T12:00:00Z"),
            failing(40, network, None),
            &told,
            &[],
            &["+ demo Failing"],
        );
        let off =
            failing(40, server, week).into_iter().map(|app| AppView { mode: Mode::Off, ..app }).collect();
        first(off, moment(NOON), &[]);
    }

    #[test]
    fn answers_go_by_themselves() {
        let up = [
            answer(Message::new("summary-up-to-date")).key,
            exported(Message::new("notice-answer-body")).key,
        ];
        check_at(&moment(NOON), demo(AppState::Idle), &Told::default(), &up, &[]);
    }
}
