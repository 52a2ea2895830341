//! The parts of the window, and which one a click outside of it asks for.

use serde::Serialize;

/// A part of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Panel {
    /// What the programs are at.
    Updates,
    /// What happened.
    History,
    /// What is set.
    Settings,
    /// What to look at when something is wrong.
    Support,
}

impl Panel {
    const ALL: [Self; 4] = [Self::Updates, Self::History, Self::Settings, Self::Support];

    /// Its word, as in the window.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Updates => "updates",
            Self::History => "history",
            Self::Settings => "settings",
            Self::Support => "support",
        }
    }

    /// The panel of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|panel| panel.word() == word)
    }
}

/// A click outside of the window asked for a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Go {
    /// Counts the clicks: each is followed once.
    pub number: u32,
    /// The part.
    pub panel: Panel,
}
