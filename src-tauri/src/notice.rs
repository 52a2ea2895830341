//! Which notifications there should be: a pure policy over the View and what was told already.
//!
//! - "X 7.2.0 is ready" once per version, also over restarts of the app;
//! - "X is back on 7.1.0" once per version that was undone, unless the person undid it;
//! - that nobody shows tray icons, once per installation;
//! - what is not true any more is withdrawn; a check that is under way changes nothing yet.

use std::collections::{BTreeMap, BTreeSet};

use autoupdate::View;
use autoupdate::view::{AppState, AppView, RollBackWhy};
use protocol::{AppId, Version};
use serde::{Deserialize, Serialize};

use crate::face::{Act, Message};
use crate::menu::Does;

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
                (About::NoTray, _) => told.no_tray = false,
                (About::Ready | About::Undone, None) => {}
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
    /// A version is ready.
    Ready,
    /// A version was undone.
    Undone,
    /// Nobody shows tray icons.
    NoTray,
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
    /// What its button does.
    pub does: Option<Does>,
}

/// What is to be done about notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Show this.
    Show(Notice),
    /// Take this away.
    Withdraw(Key),
}

/// What is to be done now, and what has been told then. `no_tray`: it is certain that nobody shows tray icons. `up` are the
/// notifications that may still be seen.
#[must_use]
pub fn changes(view: &View, no_tray: bool, told: &Told, up: &BTreeSet<Key>) -> (Told, Vec<Change>) {
    let (mut now, mut changes, mut true_still) = (told.clone(), Vec::new(), BTreeSet::new());
    for app in &view.apps {
        let Some((about, version, notice)) = notice(app) else {
            true_still.extend(up.iter().filter(|key| is_open(app, key, told)).cloned());
            continue;
        };
        true_still.insert(notice.key.clone());
        let told = match about {
            OfVersion::Ready => &mut now.ready,
            OfVersion::Undone => &mut now.undone,
        };
        if told.insert(app.id.clone(), version.clone()).as_ref() != Some(version) {
            changes.push(Change::Show(notice));
        }
    }
    if no_tray {
        let notice = without_tray();
        true_still.insert(notice.key.clone());
        if !std::mem::replace(&mut now.no_tray, true) {
            changes.push(Change::Show(notice));
        }
    }
    let stale = up.iter().filter(|key| !true_still.contains(*key)).cloned().map(Change::Withdraw);
    changes.splice(0..0, stale);
    (now, changes)
}

/// What is told of a version.
enum OfVersion {
    Ready,
    Undone,
}

/// The notification that an app's state deserves, and the version that it is about.
fn notice(app: &AppView) -> Option<(OfVersion, &Version, Notice)> {
    let key = |about| Key { app: Some(app.id.clone()), about };
    let message =
        |id: &str, version: &Version| Message::new(id).with("name", &app.name).with("version", version);
    match &app.state {
        AppState::Ready { offer, planned: None } => {
            let notice = Notice {
                key: key(About::Ready),
                summary: message("notice-ready", &offer.version),
                body: message("notice-ready-body", &offer.version),
                does: Some(Does::Act(app.id.clone(), Act::Restart)),
            };
            Some((OfVersion::Ready, &offer.version, notice))
        }
        AppState::RolledBack { from: Some(from), to, why } => {
            match why {
                RollBackWhy::ByPerson => return None,
                RollBackWhy::Recalled | RollBackWhy::Unhealthy { .. } | RollBackWhy::Unproven { .. } => {}
            }
            let notice = Notice {
                key: key(About::Undone),
                summary: match to {
                    Some(to) => message("notice-rolled-back", to),
                    None => message("notice-rolled-back-unknown", from),
                },
                body: message("notice-rolled-back-body", from),
                does: None,
            };
            Some((OfVersion::Undone, from, notice))
        }
        _ => None,
    }
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

/// Without an icon a notification may be the only face: it says how to get at another.
fn without_tray() -> Notice {
    Notice {
        key: Key { app: None, about: About::NoTray },
        summary: Message::new("notice-no-tray"),
        body: Message::new("notice-no-tray-body"),
        does: Some(Does::Open),
    }
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
        let (told, changes) = changes(&view(apps), no_tray, told, &up.iter().cloned().collect());
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
        assert_eq!(rest, Told::default());
        assert_eq!(told.without(&[key("demo", About::Undone), key("other", About::Ready)].into()), told);
    }

    #[test]
    fn a_program_that_is_gone_takes_its_notification_along() {
        check(&[], &Told::default(), &[key("demo", About::Ready)], &["- demo Ready"]);
    }
}
