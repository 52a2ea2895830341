//! The keys of a settings file, and what their values must be.

use std::time::Duration;

use protocol::{Channel, Mode, SourceUrl, Version};

use crate::fetch::{Proxy, ProxyUrl};
use crate::policy::deferral::Metered;
use crate::policy::hours::Hours;

/// What stands for "there is none".
pub(super) const NONE: &str = "none";
/// Languages that words exist in, beside `system`.
const LANGUAGES: &[&str] = &["system", "en", "zh-Hans", "fa", "ru"];
/// The longest time that an administrator lets others try a new version first, in days.
const MAX_DEFER: u16 = 365;
/// Sources that can stand in for those of an enrolment.
const MAX_SOURCES: usize = 8;

/// A key of a settings file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The way to the network.
    Proxy,
    /// Hosts that a proxy URL is not used for.
    NoProxy,
    /// Time between background checks.
    CheckEvery,
    /// The most memory that applying a patch may need.
    PatchMemoryMib,
    /// The language of window, tray and notifications.
    Language,
    /// Light or dark.
    Look,
    /// What may happen without asking.
    Mode,
    /// Which releases are offered.
    Channel,
    /// Hours in which nothing happens by itself.
    QuietHours,
    /// The only hours in which something happens by itself.
    AllowedHours,
    /// What is fetched over a network that is paid by volume.
    Metered,
    /// What happens when the battery is nearly empty.
    Battery,
    /// The version that it stays at or below.
    Pin,
    /// Days that a version must have been known here before it is taken.
    DeferDays,
    /// Where updates come from instead.
    Sources,
}

/// Where a key may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// At the top only: it is about the updater.
    General,
    /// Below a program only.
    Program,
    /// Both: at the top it counts for every program that says nothing else.
    Both,
}

impl Key {
    /// All of them, in the order in which people see them.
    pub const ALL: [Self; 15] = [
        Self::Mode,
        Self::Channel,
        Self::QuietHours,
        Self::AllowedHours,
        Self::Metered,
        Self::Battery,
        Self::Pin,
        Self::DeferDays,
        Self::Sources,
        Self::CheckEvery,
        Self::Proxy,
        Self::NoProxy,
        Self::PatchMemoryMib,
        Self::Language,
        Self::Look,
    ];

    /// As it stands in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::NoProxy => "no_proxy",
            Self::CheckEvery => "check_every",
            Self::PatchMemoryMib => "patch_memory_mib",
            Self::Language => "language",
            Self::Look => "look",
            Self::Mode => "mode",
            Self::Channel => "channel",
            Self::QuietHours => "quiet_hours",
            Self::AllowedHours => "allowed_hours",
            Self::Metered => "metered",
            Self::Battery => "battery",
            Self::Pin => "pin",
            Self::DeferDays => "defer_days",
            Self::Sources => "sources",
        }
    }

    /// The key with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    pub(super) const fn scope(self) -> Scope {
        match self {
            Self::Proxy
            | Self::NoProxy
            | Self::CheckEvery
            | Self::PatchMemoryMib
            | Self::Language
            | Self::Look => Scope::General,
            Self::Channel | Self::Pin | Self::Sources => Scope::Program,
            Self::Mode
            | Self::QuietHours
            | Self::AllowedHours
            | Self::Metered
            | Self::Battery
            | Self::DeferDays => Scope::Both,
        }
    }

    /// Whether only the administrator may set it.
    pub(super) const fn is_administrators(self) -> bool {
        matches!(self, Self::AllowedHours | Self::DeferDays | Self::Sources)
    }

    /// What it is if nobody sets it. A program's mode and channel are then those of its enrolment.
    pub(super) const fn default(self) -> &'static str {
        match self {
            Self::Proxy | Self::Language | Self::Look => "system",
            Self::CheckEvery => "4h",
            Self::PatchMemoryMib => "128",
            Self::Metered => "small",
            Self::Battery => "wait",
            Self::DeferDays => "0",
            Self::NoProxy | Self::QuietHours | Self::AllowedHours | Self::Pin => NONE,
            Self::Mode | Self::Channel | Self::Sources => "enrolment",
        }
    }

    /// Whether it is a number in the file. Every other one is a text, sources are a list of texts.
    pub(super) const fn is_number(self) -> bool {
        matches!(self, Self::PatchMemoryMib | Self::DeferDays)
    }

    /// The rule that a value breaks, if it does.
    pub(super) fn refuse(self, text: &str) -> Option<&'static str> {
        let (fine, rule) = match self {
            Self::Proxy => {
                (proxy(text, "").is_some(), "it must be \"system\", \"off\" or an http:// or https:// URL")
            }
            Self::NoProxy => (true, ""),
            Self::CheckEvery => (time(text).is_some(), "it must be a time from \"15m\" to \"168h\""),
            Self::PatchMemoryMib => (memory(text).is_some(), "it must be a number from 16 to 4096"),
            Self::Language => {
                (LANGUAGES.contains(&text), "it must be \"system\", \"en\", \"zh-Hans\", \"fa\" or \"ru\"")
            }
            Self::Look => {
                (matches!(text, "system" | "light" | "dark"), "it must be \"system\", \"light\" or \"dark\"")
            }
            Self::Mode => {
                (mode(text).is_some(), "it must be \"automatic\", \"download\", \"ask\" or \"off\"")
            }
            Self::Channel => {
                (Channel::parse(text).is_ok(), "it must be the name of a channel such as \"stable\"")
            }
            Self::QuietHours | Self::AllowedHours => {
                (hours(text).is_some(), "it must be two times such as \"22:00-07:00\", or \"none\"")
            }
            Self::Metered => (metered(text).is_some(), "it must be \"wait\", \"small\" or \"allow\""),
            Self::Battery => (matches!(text, "wait" | "ignore"), "it must be \"wait\" or \"ignore\""),
            Self::Pin => (version(text).is_some(), "it must be a version such as \"7.1.0\", or \"none\""),
            Self::DeferDays => (days(text).is_some(), "it must be a number of days from 0 to 365"),
            Self::Sources => (sources(text).is_some(), "it must be a list of 1 to 8 https:// URLs"),
        };
        (!fine).then_some(rule)
    }
}

// What values mean. `None` where they break their rule.

pub(super) fn proxy(text: &str, except: &str) -> Option<Proxy> {
    Some(match text {
        "system" => Proxy::System,
        "off" => Proxy::Off,
        url => Proxy::Set { url: ProxyUrl::parse(url).ok()?, except: except.to_owned() },
    })
}

pub(super) fn time(text: &str) -> Option<Duration> {
    let time = Duration::try_from(text.parse::<jiff::SignedDuration>().ok()?).ok()?;
    (900..=7 * 24 * 3600).contains(&time.as_secs()).then_some(time)
}

/// In bytes.
pub(super) fn memory(text: &str) -> Option<u64> {
    let mib = text.parse::<u64>().ok().filter(|mib| (16..=4096).contains(mib))?;
    Some(mib << 20)
}

pub(super) fn mode(text: &str) -> Option<Mode> {
    Some(match text {
        "automatic" => Mode::Automatic,
        "download" => Mode::Download,
        "ask" => Mode::Ask,
        "off" => Mode::Off,
        _ => return None,
    })
}

/// The word of a mode.
pub(super) const fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Automatic => "automatic",
        Mode::Download => "download",
        Mode::Ask => "ask",
        Mode::Off => "off",
    }
}

pub(super) fn hours(text: &str) -> Option<Option<Hours>> {
    if text == NONE { Some(None) } else { Hours::parse(text).ok().map(Some) }
}

pub(super) fn metered(text: &str) -> Option<Metered> {
    Some(match text {
        "wait" => Metered::Wait,
        "small" => Metered::Small,
        "allow" => Metered::Allow,
        _ => return None,
    })
}

pub(super) fn version(text: &str) -> Option<Option<Version>> {
    if text == NONE { Some(None) } else { Version::parse(text).ok().map(Some) }
}

pub(super) fn days(text: &str) -> Option<u16> {
    text.parse().ok().filter(|days| *days <= MAX_DEFER)
}

/// Sources of the administrator: plain http is theirs to allow, as in an enrolment of the machine.
pub(super) fn sources(text: &str) -> Option<Vec<SourceUrl>> {
    let all: Vec<_> =
        text.split_whitespace().map(|url| SourceUrl::parse(url, false)).collect::<Result<_, _>>().ok()?;
    (1..=MAX_SOURCES).contains(&all.len()).then_some(all)
}
