//! The tray's menu and title as plain data: a pure function of what is shown.
//!
//! A status line (disabled, the first one: on Linux a tray has no tooltip) · the act that fits · one line per program, with
//! its acts below it when there are several programs · who updates this app, if it does not · Open · Quit.

use protocol::AppId;

use crate::face::{Act, Message, Shown};
use crate::words::Words;

/// The tray's menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    /// Its lines, from the top.
    pub lines: Vec<Line>,
}

/// A line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Words that cannot be clicked.
    Words(String),
    /// Something that can be clicked.
    Item {
        /// What it says.
        label: String,
        /// What it does.
        does: Does,
    },
    /// A program and what can be done with it.
    Program {
        /// What it says.
        label: String,
        /// What can be done.
        items: Vec<Line>,
    },
    /// A line between groups.
    Separator,
}

/// What a click does. Ids and wishes only: everything else is the engine's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// An act with a program.
    Act(AppId, Act),
    /// Looks for updates of all programs.
    CheckAll,
    /// Opens the window.
    Open,
    /// Ends the app.
    Quit,
}

impl Does {
    /// As the id of a menu item.
    #[must_use]
    pub fn to_id(&self) -> String {
        match self {
            Self::Act(app, act) => format!("act {app} {}", word(*act)),
            Self::CheckAll => "check-all".to_owned(),
            Self::Open => "open".to_owned(),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// From the id of a menu item.
    #[must_use]
    pub fn of_id(id: &str) -> Option<Self> {
        match id {
            "check-all" => Some(Self::CheckAll),
            "open" => Some(Self::Open),
            "quit" => Some(Self::Quit),
            id => {
                let (app, act) = id.strip_prefix("act ")?.split_once(' ')?;
                let act = ACTS.iter().copied().find(|one| word(*one) == act)?;
                Some(Self::Act(AppId::parse(app).ok()?, act))
            }
        }
    }
}

const ACTS: [Act; 16] = [
    Act::Check,
    Act::Install,
    Act::Replace,
    Act::Restart,
    Act::Cancel,
    Act::Retry,
    Act::RollBack,
    Act::Tonight,
    Act::AtQuit,
    Act::Postpone,
    Act::Skip,
    Act::Hold,
    Act::Release,
    Act::Force,
    Act::Full,
    Act::Repair,
];

/// An act's word, in ids and in the catalogue's `act-…` keys.
#[must_use]
pub const fn word(act: Act) -> &'static str {
    match act {
        Act::Check => "check",
        Act::Install => "install",
        Act::Replace => "replace",
        Act::Restart => "restart",
        Act::Cancel => "cancel",
        Act::Retry => "retry",
        Act::RollBack => "roll-back",
        Act::Tonight => "tonight",
        Act::AtQuit => "at-quit",
        Act::Postpone => "postpone",
        Act::Skip => "skip",
        Act::Hold => "hold",
        Act::Release => "release",
        Act::Force => "force",
        Act::Full => "full",
        Act::Repair => "repair",
    }
}

/// The catalogue's key of what a click does, as its button says it.
#[must_use]
pub(crate) fn label(does: &Does) -> String {
    match does {
        Does::Act(_, act) => format!("act-{}", word(*act)),
        Does::CheckAll => "act-check".to_owned(),
        Does::Open => "menu-open".to_owned(),
        Does::Quit => "menu-quit".to_owned(),
    }
}

/// The menu of what is shown.
#[must_use]
pub fn menu(shown: &Shown, words: &Words) -> Menu {
    let mut lines = vec![Line::Words(words.say(&shown.summary.words))];
    if let Some((app, act)) = &shown.summary.act {
        let does = match app {
            Some(app) => Does::Act(app.clone(), *act),
            None => Does::CheckAll,
        };
        lines.push(Line::Item { label: words.key(&format!("act-{}", word(*act))), does });
    }
    lines.push(Line::Separator);
    for app in &shown.view.apps {
        let Some(face) = shown.faces.get(&app.id) else { continue };
        let version = app.installed.as_ref().and_then(|installed| installed.version.as_ref());
        let message = match version {
            Some(version) => Message::new("menu-program").with("version", version),
            None => Message::new("menu-program-unknown"),
        };
        let message = message.with("name", &app.name).with("words", &words.say(&face.words));
        let label = words.say(&message);
        let items = face.acts.iter().map(|act| item(words, Does::Act(app.id.clone(), *act)));
        lines.push(Line::Program { label, items: items.collect() });
    }
    if !shown.view.apps.is_empty() {
        lines.push(Line::Separator);
    }
    if shown.shell.packaged {
        lines.push(Line::Words(words.key("menu-packaged")));
    }
    lines.push(item(words, Does::Open));
    lines.push(item(words, Does::Quit));
    Menu { lines }
}

fn item(words: &Words, does: Does) -> Line {
    Line::Item { label: words.key(&label(&does)), does }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::shown;
    use crate::testing::{app, offer, shell, view};
    use autoupdate::view::AppState;

    fn lines(states: &[(&str, AppState)]) -> Vec<String> {
        fn write(line: &Line) -> String {
            match line {
                Line::Words(words) => format!("({words})"),
                Line::Item { label, does } => format!("{label} [{}]", does.to_id()),
                Line::Program { label, items } => {
                    format!("{label} {{{}}}", items.iter().map(write).collect::<Vec<_>>().join(", "))
                }
                Line::Separator => "-".to_owned(),
            }
        }
        let apps = states.iter().map(|(name, state)| app(name, state.clone())).collect();
        let shown = shown(&view(apps), &shell());
        menu(&shown, &Words::english()).lines.iter().map(write).collect()
    }

    #[test]
    fn without_programs() {
        assert_eq!(lines(&[]), ["(No programs yet)", "-", "Open [open]", "Quit [quit]"]);
    }

    #[test]
    fn a_packaged_copy_says_who_updates_it() {
        let about = crate::face::Shell { packaged: true, ..shell() };
        let menu = menu(&shown(&view(Vec::new()), &about), &Words::english());
        assert_eq!(menu.lines[2], Line::Words("Updated by your package manager".to_owned()));
    }

    #[test]
    fn one_program_is_ready() {
        assert_eq!(
            lines(&[("Demo", AppState::Ready { offer: offer("7.2.0"), planned: None })]),
            [
                "(Demo 7.2.0 is ready)",
                "Restart to update [act demo restart]",
                "-",
                "Demo 7.1.0: Version 7.2.0 is ready {Restart to update [act demo restart]}",
                "-",
                "Open [open]",
                "Quit [quit]",
            ]
        );
    }

    #[test]
    fn several_programs_share_the_status_line() {
        let ready = |version| AppState::Ready { offer: offer(version), planned: None };
        let lines = lines(&[("One", ready("2.0.0")), ("Two", ready("3.0.0"))]);
        assert_eq!(lines[0], "(2 updates are ready)");
        assert_eq!(lines[2], "One 7.1.0: Version 2.0.0 is ready {Restart to update [act one restart]}");
    }

    #[test]
    fn ids_are_read_as_they_are_written() {
        let app = AppId::parse("demo").unwrap();
        let acts = ACTS.iter().map(|act| Does::Act(app.clone(), *act));
        for does in acts.chain([Does::CheckAll, Does::Open, Does::Quit]) {
            assert_eq!(Does::of_id(&does.to_id()), Some(does));
        }
        for id in ["", "act", "act demo", "act demo fly", "act De mo check", "act demo check now"] {
            assert_eq!(Does::of_id(id), None, "{id}");
        }
    }
}
