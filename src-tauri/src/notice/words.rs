//! What each notification says, and what its buttons do.

use autoupdate::view::{AppView, OfferView};
use protocol::Version;

use super::{About, Key, Notice};
use crate::face::{Act, Message};
use crate::menu::Does;
use crate::panel::Panel;

fn message(id: &str, app: &AppView, version: &Version) -> Message {
    Message::new(id).with("name", &app.name).with("version", version)
}

fn key(app: &AppView, about: About) -> Key {
    Key { app: Some(app.id.clone()), about }
}

pub(super) fn waits(app: &AppView, offer: &OfferView, about: About, again: bool) -> Notice {
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

pub(super) fn counting(app: &AppView, offer: &OfferView) -> Notice {
    Notice {
        key: key(app, About::Counting),
        summary: message("notice-counting", app, &offer.version),
        body: message("notice-counting-body", app, &offer.version),
        does: vec![Does::Act(app.id.clone(), Act::Postpone)],
        brief: false,
    }
}

pub(super) fn updated(app: &AppView, to: &Version) -> Notice {
    let undo = app.previous.as_ref().map(|_| Does::Act(app.id.clone(), Act::RollBack));
    Notice {
        key: key(app, About::Updated),
        summary: message("notice-updated", app, to),
        body: message("notice-updated-body", app, to),
        does: [Does::WhatsNew].into_iter().chain(undo).collect(),
        brief: true,
    }
}

pub(super) fn undone(app: &AppView, from: &Version, to: Option<&Version>) -> Notice {
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

pub(super) fn failing(app: &AppView) -> Notice {
    Notice {
        key: key(app, About::Failing),
        summary: Message::new("notice-failing").with("name", &app.name),
        body: Message::new("notice-failing-body").with("name", &app.name),
        does: vec![Does::Panel(Panel::Support)],
        brief: false,
    }
}

/// Without an icon a notification may be the only face: it says how to get at another.
pub(super) fn without_tray() -> Notice {
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
