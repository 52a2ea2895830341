//! What a person or administrator set, parsed once. Every value knows where it came from.
//!
//! Both files are TOML with the same keys, all optional:
//!
//! ```toml
//! # The updater itself.
//! proxy = "system"            # or "off", or a URL
//! no_proxy = ".corp.example"  # hosts that a proxy URL is not used for
//! check_every = "4h"          # between background checks, 15 minutes to 7 days
//! patch_memory_mib = 128      # a patch that needs more is not taken, 16 to 4096
//! language = "system"         # or "en", "zh-Hans", "fa", "ru"
//! look = "system"             # or "light", "dark"
//!
//! # Every program that says nothing else.
//! mode = "download"           # or "automatic", "ask", "off"; else that of its enrolment
//! quiet_hours = "22:00-07:00" # nothing happens by itself then; or "none"
//! metered = "small"           # over a metered network 20 MiB at most; or "wait", "allow"
//! battery = "wait"            # for the charger below 30 %; or "ignore"
//! allowed_hours = "none"      # administrator only: something happens by itself only then
//! defer_days = 0              # administrator only: others try a version for so long first
//!
//! [app.lantern]               # one program: the same keys, and
//! channel = "beta"            # else that of its enrolment
//! pin = "7.1.0"               # it stays at this version or below; or "none"
//! sources = ["https://mirror.corp.example/"]  # administrator only: instead of its enrolment's
//! ```
//!
//! The administrator's file wins over the person's, a program's table over the top. `mode = "off"` of the administrator turns
//! updates off also for who asks by hand.

mod edit;
mod key;
mod parse;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use protocol::{AppId, Channel, Mode, SourceUrl, Version};

use crate::enrolments::{Enrolled, Enrolments};
use crate::fetch::Proxy;
use crate::policy::SetBy;
use crate::policy::deferral::Metered;
use crate::policy::hours::Hours;
use crate::support::{Setting, Settings as Shown};

pub(super) use edit::set;
pub use key::Key;

/// What one file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Layer {
    file: PathBuf,
    /// Value and line, counted from 1, of each key; `None` = at the top.
    values: BTreeMap<(Option<AppId>, Key), (String, usize)>,
}

/// The effective settings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    administrator: Layer,
    person: Layer,
}

/// What is set for one program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// What may happen without asking.
    pub mode: Mode,
    /// The administrator turned updates off, also for who asks by hand.
    pub turned_off: bool,
    /// The channel it follows.
    pub channel: Channel,
    /// Hours in which nothing happens by itself.
    pub quiet_hours: Option<Hours>,
    /// The only hours in which something happens by itself.
    pub allowed_hours: Option<Hours>,
    /// What is fetched over a network that is paid by volume.
    pub metered: Metered,
    /// The charger is waited for when the battery is nearly empty.
    pub wait_on_battery: bool,
    /// The version that it stays at or below, and who said so.
    pub pin: Option<(Version, SetBy)>,
    /// Days that a version must have been known here before it is taken.
    pub defer_days: u16,
    /// Where updates come from.
    pub sources: Vec<SourceUrl>,
}

/// A value, and where it comes from.
struct Found<'a> {
    text: &'a str,
    by: SetBy,
    place: Option<String>,
}

impl Settings {
    /// The proxy of all requests.
    #[must_use]
    pub fn proxy(&self) -> Proxy {
        let (layer, found) = match self.layer(None, Key::Proxy) {
            Some((layer, _, text)) => (Some(layer), text.as_str()),
            None => (None, Key::Proxy.default()),
        };
        // An exception belongs to the URL of the same file.
        let except = layer.and_then(|layer| layer.values.get(&(None, Key::NoProxy)));
        key::proxy(found, except.map_or("", |(text, _)| text.as_str())).unwrap_or(Proxy::System)
    }

    /// Time between background checks.
    #[must_use]
    pub fn check_every(&self) -> Duration {
        key::time(self.find(None, Key::CheckEvery).text).unwrap_or(Duration::from_secs(4 * 3600))
    }

    /// The most memory that applying a patch may need, in bytes.
    #[must_use]
    pub fn patch_memory(&self) -> u64 {
        key::memory(self.find(None, Key::PatchMemoryMib).text).unwrap_or(128 << 20)
    }

    /// The language of window, tray and notifications; `None` = the system's.
    #[must_use]
    pub fn language(&self) -> Option<&str> {
        Some(self.find(None, Key::Language).text).filter(|language| *language != "system")
    }

    /// What is set for a program. What nobody set is as its enrolment says.
    #[must_use]
    pub fn program(&self, enrolled: &Enrolled) -> Program {
        let app = Some(&enrolled.enrolment.id);
        let (mode, channel, pin) =
            (self.find(app, Key::Mode), self.find(app, Key::Channel), self.find(app, Key::Pin));
        let text = |key| self.find(app, key).text;
        // Every text was checked when it was read; that of nobody stands for the enrolment.
        Program {
            mode: key::mode(mode.text).unwrap_or(enrolled.enrolment.mode),
            turned_off: mode.by == SetBy::Administrator && mode.text == "off",
            channel: match channel.by {
                SetBy::Default | SetBy::Enrolment => enrolled.enrolment.channel.clone(),
                SetBy::Person | SetBy::Administrator => {
                    Channel::parse(channel.text).unwrap_or_else(|_| enrolled.enrolment.channel.clone())
                }
            },
            quiet_hours: key::hours(text(Key::QuietHours)).flatten(),
            allowed_hours: key::hours(text(Key::AllowedHours)).flatten(),
            metered: key::metered(text(Key::Metered)).unwrap_or_default(),
            wait_on_battery: text(Key::Battery) != "ignore",
            pin: key::version(pin.text).flatten().map(|version| (version, pin.by)),
            defer_days: key::days(text(Key::DeferDays)).unwrap_or_default(),
            sources: key::sources(text(Key::Sources)).unwrap_or_else(|| enrolled.enrolment.sources.clone()),
        }
    }

    /// The enrolment as settings leave it, and what else is set for its program.
    #[must_use]
    pub fn apply(&self, enrolled: &Enrolled) -> (Enrolled, Program) {
        let (program, mut enrolled) = (self.program(enrolled), enrolled.clone());
        let enrolment = &mut enrolled.enrolment;
        enrolment.mode = program.mode;
        enrolment.channel.clone_from(&program.channel);
        enrolment.sources.clone_from(&program.sources);
        (enrolled, program)
    }

    /// Whether the administrator has set a key, so that nobody else can.
    #[must_use]
    pub fn is_locked(&self, app: Option<&AppId>, key: Key) -> bool {
        self.find(app, key).by == SetBy::Administrator
    }

    /// Every setting in effect, for people.
    #[must_use]
    pub fn shown(&self, enrolments: &Enrolments) -> Shown {
        let general = Key::ALL.into_iter().filter(|key| key.scope() != key::Scope::Program);
        let general =
            general.filter(|key| *key != Key::NoProxy).map(|key| self.shown_one(None, key)).collect();
        let apps = enrolments.apps.iter().map(|one| (one.enrolment.id.clone(), self.shown_of(one)));
        Shown { general, apps: apps.collect() }
    }

    /// Every setting in effect for one program, for people.
    #[must_use]
    pub fn shown_of(&self, enrolled: &Enrolled) -> Vec<Setting> {
        let enrolment = &enrolled.enrolment;
        let keys = Key::ALL.into_iter().filter(|key| key.scope() != key::Scope::General);
        let shown = keys.map(|key| {
            let mut setting = self.shown_one(Some(&enrolment.id), key);
            if setting.by == SetBy::Default {
                let enrolled_as = match key {
                    Key::Mode => Some(key::word(enrolment.mode).to_owned()),
                    Key::Channel => Some(enrolment.channel.to_string()),
                    Key::Sources => {
                        Some(enrolment.sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
                    }
                    _ => None,
                };
                if let Some(value) = enrolled_as {
                    let place = Some(enrolled.file.display().to_string());
                    setting = Setting { value, by: SetBy::Enrolment, place, ..setting };
                }
            }
            setting
        });
        shown.collect()
    }

    fn shown_one(&self, app: Option<&AppId>, key: Key) -> Setting {
        let Found { text, by, place } = self.find(app, key);
        // Never with its password.
        let value = match key::proxy(text, "").filter(|_| key == Key::Proxy) {
            Some(Proxy::Set { url, .. }) => url.to_string(),
            _ => text.to_owned(),
        };
        Setting { key: key.name().to_owned(), value, by, place }
    }

    fn find(&self, app: Option<&AppId>, key: Key) -> Found<'_> {
        match self.layer(app, key) {
            Some((layer, by, text)) => {
                let line = layer.line(app, key);
                Found { text, by, place: Some(format!("{}:{line}", layer.file.display())) }
            }
            None => Found { text: key.default(), by: SetBy::Default, place: None },
        }
    }

    /// The file that decides, and what it says.
    fn layer(&self, app: Option<&AppId>, key: Key) -> Option<(&Layer, SetBy, &String)> {
        let both = [(&self.administrator, SetBy::Administrator), (&self.person, SetBy::Person)];
        both.into_iter().find_map(|(layer, by)| Some((layer, by, &layer.get(app, key)?.0)))
    }
}

impl Layer {
    /// A program's own line before the one at the top.
    fn get(&self, app: Option<&AppId>, key: Key) -> Option<&(String, usize)> {
        let own = app.and_then(|app| self.values.get(&(Some(app.clone()), key)));
        own.or_else(|| self.values.get(&(None, key)))
    }

    fn line(&self, app: Option<&AppId>, key: Key) -> usize {
        self.get(app, key).map_or(1, |(_, line)| *line)
    }
}

#[cfg(test)]
mod tests;
