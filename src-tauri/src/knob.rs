//! What the window may set: a closed list of keys, and values without a way out of the machine.

use serde::Deserialize;

/// A key of the settings file that the window may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Knob {
    /// What may happen without asking.
    Mode,
    /// Which releases are offered.
    Channel,
    /// Hours in which nothing happens by itself.
    QuietHours,
    /// What is fetched over a metered network.
    Metered,
    /// What happens when the battery is nearly empty.
    Battery,
    /// The version that it stays at or below.
    Pin,
    /// Time between background checks.
    CheckEvery,
    /// The way to the network.
    Proxy,
    /// The language of everything.
    Language,
    /// Light or dark.
    Look,
}

impl Knob {
    /// Its key in the file.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Channel => "channel",
            Self::QuietHours => "quiet_hours",
            Self::Metered => "metered",
            Self::Battery => "battery",
            Self::Pin => "pin",
            Self::CheckEvery => "check_every",
            Self::Proxy => "proxy",
            Self::Language => "language",
            Self::Look => "look",
        }
    }

    /// Whether the window may set this value. A proxy is an address that everything goes to: its person writes it into the file
    /// by hand. The engine checks the rest.
    #[must_use]
    pub fn may_be(self, value: &str) -> bool {
        self != Self::Proxy || matches!(value, "system" | "off")
    }
}

/// How long a pause lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Span {
    /// One day.
    Day,
    /// One week.
    Week,
    /// Until a person resumes.
    UntilResumed,
}

impl Span {
    /// When a pause that begins now ends, if it ends by itself.
    #[must_use]
    pub fn end(self, now: jiff::Timestamp) -> Option<jiff::Timestamp> {
        let hours = match self {
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::UntilResumed => return None,
        };
        now.saturating_add(jiff::SignedDuration::from_hours(hours)).ok()
    }

    /// Its word, in ids and in the catalogue.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::UntilResumed => "until-resumed",
        }
    }

    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::UntilResumed];
}
