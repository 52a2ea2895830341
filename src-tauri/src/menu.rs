//! The tray's menu and title as plain data: a pure function of what is shown.
//!
//! A status line (disabled, the first one: on Linux a tray has no tooltip) · the act that fits · one line per program, with
//! its acts below it when there are several programs · who updates this app, if it does not · Open · Quit.

use protocol::AppId;

use autoupdate::view::{AppState, AppView};

use crate::face::{Act, Message, Shown};
use crate::knob::Span;
use crate::panel::Panel;
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
    /// Several things below one name: a program with what can be done with it, help.
    Group {
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
    /// Opens it where what is new can be read.
    WhatsNew,
    /// Opens a part of it.
    Panel(Panel),
    /// Lets nothing happen by itself for so long, or everything go on.
    Pause(Option<Span>),
    /// Writes what somebody who helps wants to see to a file.
    Export,
    /// Shows the log.
    Log,
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
            Self::WhatsNew => "whats-new".to_owned(),
            Self::Panel(panel) => format!("open {}", panel.word()),
            Self::Pause(span) => format!("pause {}", span.map_or(RESUME, Span::word)),
            Self::Export => "export".to_owned(),
            Self::Log => "log".to_owned(),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// From the id of a menu item.
    #[must_use]
    pub fn of_id(id: &str) -> Option<Self> {
        match id {
            "check-all" => Some(Self::CheckAll),
            "open" => Some(Self::Open),
            "whats-new" => Some(Self::WhatsNew),
            "export" => Some(Self::Export),
            "log" => Some(Self::Log),
            "quit" => Some(Self::Quit),
            id if id.starts_with("open ") => {
                id.strip_prefix("open ").and_then(Panel::of_word).map(Self::Panel)
            }
            id if id.starts_with("pause ") => match id.strip_prefix("pause ")? {
                RESUME => Some(Self::Pause(None)),
                word => {
                    Span::ALL.into_iter().find(|span| span.word() == word).map(|span| Self::Pause(Some(span)))
                }
            },
            id => {
                let (app, act) = id.strip_prefix("act ")?.split_once(' ')?;
                let act = ACTS.iter().copied().find(|one| word(*one) == act)?;
                Some(Self::Act(AppId::parse(app).ok()?, act))
            }
        }
    }
}

/// The word for the end of a pause.
const RESUME: &str = "resume";

const ACTS: [Act; 18] = [
    Act::Check,
    Act::Install,
    Act::Replace,
    Act::Restart,
    Act::Cancel,
    Act::Pause,
    Act::Resume,
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
        Act::Pause => "pause",
        Act::Resume => "resume",
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
        Does::WhatsNew => "menu-whats-new".to_owned(),
        Does::Panel(Panel::Support) => "menu-why".to_owned(),
        Does::Panel(panel) => format!("panel-{}", panel.word()),
        Does::Pause(None) => "menu-resume".to_owned(),
        Does::Pause(Some(span)) => format!("pause-{}", span.word()),
        Does::Export => "menu-export".to_owned(),
        Does::Log => "menu-log".to_owned(),
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
        lines.push(Line::Group { label, items: items.collect() });
    }
    if !shown.view.apps.is_empty() {
        lines.push(Line::Separator);
    }
    if shown.shell.packaged {
        lines.push(Line::Words(words.key("menu-packaged")));
    }
    if shown.view.apps.iter().any(has_news) {
        lines.push(item(words, Does::WhatsNew));
    }
    lines.push(pauses(shown, words));
    lines.push(item(words, Does::Panel(Panel::Settings)));
    lines.push(help(shown, words));
    lines.push(item(words, Does::Open));
    lines.push(item(words, Does::Quit));
    Menu { lines }
}

/// Whether there is something to read about a program.
fn has_news(app: &AppView) -> bool {
    match &app.state {
        AppState::Available { offer, .. }
        | AppState::Deferred { offer, .. }
        | AppState::Ready { offer, .. } => !offer.notes.is_empty(),
        AppState::Updated { .. } => true,
        _ => false,
    }
}

/// How long nothing is to happen by itself; while that lasts, its end.
fn pauses(shown: &Shown, words: &Words) -> Line {
    if shown.view.paused.is_some() {
        return item(words, Does::Pause(None));
    }
    let items = Span::ALL.into_iter().map(|span| item(words, Does::Pause(Some(span))));
    Line::Group { label: words.key("menu-pause"), items: items.collect() }
}

/// What helps when something is wrong. With several programs, what can be tried with one stands in the window.
fn help(shown: &Shown, words: &Words) -> Line {
    let mut items = vec![item(words, Does::Panel(Panel::Support)), item(words, Does::Export)];
    if let [app] = shown.view.apps.as_slice()
        && let Some(face) = shown.faces.get(&app.id)
    {
        let tries = face.support.iter().filter(|act| matches!(act, Act::Repair | Act::RollBack));
        items.extend(tries.map(|act| item(words, Does::Act(app.id.clone(), *act))));
    }
    items.push(item(words, Does::Log));
    Line::Group { label: words.key("menu-help"), items }
}

fn item(words: &Words, does: Does) -> Line {
    Line::Item { label: words.key(&label(&does)), does }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::shown;
    use crate::testing::{app, offer, shell, view};
    use autoupdate::policy::deferral::Pause;
    use autoupdate::view::AppState;

    fn lines(states: &[(&str, AppState)]) -> Vec<String> {
        fn write(line: &Line) -> String {
            match line {
                Line::Words(words) => format!("({words})"),
                Line::Item { label, does } => format!("{label} [{}]", does.to_id()),
                Line::Group { label, items } => {
                    format!("{label} {{{}}}", items.iter().map(write).collect::<Vec<_>>().join(", "))
                }
                Line::Separator => "-".to_owned(),
            }
        }
        let apps = states.iter().map(|(name, state)| app(name, state.clone())).collect();
        let shown = shown(&view(apps), &shell());
        menu(&shown, &Words::english()).lines.iter().map(write).collect()
    }

    const PAUSE: &str = "Pause updates {For a day [pause day], For a week [pause week], Until I resume [pause until-resumed]}";

    #[test]
    fn what_is_paused_can_be_resumed_and_news_can_be_read() {
        let state = AppState::Updated { report: crate::testing::report("7.2.0") };
        let mut view = view(vec![app("Demo", state)]);
        view.paused = Some(Pause { since: "2030-06-01T12:00:00Z".parse().unwrap(), until: None });
        let menu = menu(&shown(&view, &shell()), &Words::english());
        let items: Vec<_> = menu
            .lines
            .iter()
            .filter_map(|line| match line {
                Line::Item { label, does } => Some((label.as_str(), does.to_id())),
                _ => None,
            })
            .collect();
        assert!(items.contains(&("Resume updates", "pause resume".to_owned())), "{items:?}");
        assert!(items.contains(&("What’s new", "whats-new".to_owned())), "{items:?}");
    }

    #[test]
    fn without_programs() {
        assert_eq!(
            lines(&[]),
            [
                "(No programs yet)",
                "-",
                PAUSE,
                "Settings [open settings]",
                "Help {Why no update? [open support], Export diagnostics [export], Open log [log]}",
                "Open [open]",
                "Quit [quit]",
            ]
        );
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
                "Demo 7.1.0: Version 7.2.0 is ready {Restart to update [act demo restart], Tonight [act demo tonight], \
                 When it is closed [act demo at-quit]}",
                "-",
                PAUSE,
                "Settings [open settings]",
                "Help {Why no update? [open support], Export diagnostics [export], Repair [act demo repair], \
                 Open log [log]}",
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
        assert!(
            lines[2].starts_with("One 7.1.0: Version 2.0.0 is ready {Restart to update [act one restart], ")
        );
        // With several programs what can be tried with one is a matter of the window.
        assert!(!lines.iter().any(|line| line.contains("repair")), "{lines:?}");
    }

    #[test]
    fn ids_are_read_as_they_are_written() {
        let app = AppId::parse("demo").unwrap();
        let acts = ACTS.iter().map(|act| Does::Act(app.clone(), *act));
        let spans = [None].into_iter().chain(Span::ALL.map(Some)).map(Does::Pause);
        let panels = [Panel::Updates, Panel::History, Panel::Settings, Panel::Support].map(Does::Panel);
        let others = [Does::CheckAll, Does::Open, Does::WhatsNew, Does::Export, Does::Log, Does::Quit];
        for does in acts.chain(spans).chain(panels).chain(others) {
            assert_eq!(Does::of_id(&does.to_id()), Some(does));
        }
        for id in [
            "",
            "pause",
            "pause never",
            "open sesame",
            "act",
            "act demo",
            "act demo fly",
            "act De mo check",
            "act demo check now",
        ] {
            assert_eq!(Does::of_id(id), None, "{id}");
        }
    }
}
