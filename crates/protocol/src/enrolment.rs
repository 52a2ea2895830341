//! An app's entry in `apps.d`: where the program is, where its updates come from, and what it wants around them.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{AppId, Channel, Digest, Invalid, SourceUrl};

/// The longest enrolment file that is read, in bytes.
const MAX_BYTES: usize = 64 << 10;

/// What may happen without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Download and stage in the background, activate when the program is not in the way.
    Automatic,
    /// Download and stage in the background, activate when the person says so.
    #[default]
    Download,
    /// Ask before downloading.
    Ask,
    /// Never check in the background.
    Off,
}

/// How offers are found and verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A TUF repository: our server or any static host.
    #[default]
    Tuf,
    /// A server that speaks the update protocol of Lantern's first clients. One RSA key signs everything; nothing says that an
    /// answer is the newest.
    Lantern,
}

impl SourceKind {
    /// Whether it is a TUF repository, as for nearly every program.
    #[must_use]
    pub fn is_tuf(&self) -> bool {
        *self == Self::Tuf
    }
}

/// How a running program is asked to close.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Close {
    /// A polite signal (SIGTERM; on Windows a close message).
    #[default]
    Signal,
    /// Start the program itself with these arguments, for example `["--quit"]`.
    Arguments(Vec<String>),
    /// Start another command: absolute path, then arguments.
    Command(Vec<String>),
}

/// Who starts the program again after the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Restart {
    /// We do, with its arguments, if we closed it.
    #[default]
    Ours,
    /// Nobody: the new bytes serve the next start.
    Never,
}

/// What becomes of rights that belong to the installed file itself: set-user-id, set-group-id, file capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rights {
    /// A program that has any is not updated.
    #[default]
    Refuse,
    /// The new version takes them over.
    Keep,
}

/// How a fresh version proves that it lives.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Run once with these arguments after activation: must exit 0 within 10 s.
    Probe(Vec<String>),
    /// Closed and started again by us: must live this long. One that hangs lives, as far as anybody else can see, and one that dies
    /// later did: both stay until a person undoes them. A program that can tell that it works confirms instead.
    Alive(#[serde(with = "duration")] Duration),
    /// Must confirm, by library call or `autoupdate confirm`, within this time.
    Confirm(#[serde(with = "duration")] Duration),
}

impl Default for Health {
    fn default() -> Self {
        Self::Alive(Duration::from_secs(60))
    }
}

/// What is trusted first: a file, and the SHA-256 it must have.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Absolute path of the file, or a path beside the enrolment file.
    pub file: PathBuf,
    /// SHA-256 of that file.
    pub sha256: Digest,
}

/// An app's entry in `apps.d`. Unknown keys are refused: in a file that people write they are spelling mistakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The app.
    pub id: AppId,
    /// What people call it. 1 to 64 characters, no control characters.
    pub name: String,
    /// Absolute path of the installed executable.
    pub path: PathBuf,
    /// Base URLs, tried in order. At least one, at most 8.
    pub sources: Vec<SourceUrl>,
    /// How offers are found.
    pub source: SourceKind,
    /// What is trusted first: the root metadata of a TUF repository (key `root`), the RSA public key of a Lantern server as PEM
    /// (key `key`).
    pub anchor: Pin,
    /// The channel whose releases are offered.
    pub channel: Channel,
    /// What may happen without asking.
    pub mode: Mode,
    /// How the program is asked to close.
    pub close: Close,
    /// Who starts it again.
    pub restart: Restart,
    /// How a fresh version proves that it lives.
    pub health: Health,
    /// Plain http to other machines is allowed. Only believed in a machine-owned enrolment.
    pub allow_http: bool,
    /// What becomes of special rights of the file. Only believed in a machine-owned enrolment: whoever signs releases would
    /// otherwise get rights from a person who does not have them.
    pub rights: Rights,
}

/// An enrolment that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentError {
    /// Longer than 64 KiB.
    #[error("the enrolment is longer than 64 KiB")]
    TooLong,
    /// No TOML, an unknown key, a missing key or a value of the wrong kind.
    #[error("{text}")]
    Toml {
        /// The line, counted from 1, if the error has a place.
        line: Option<u32>,
        /// What is wrong and in which words of the file, on one line.
        text: String,
    },
    /// A key whose value breaks a rule.
    #[error("key `{key}`: {why}")]
    Key {
        /// The line, counted from 1; `None` where the enrolment does not come from a text.
        line: Option<u32>,
        /// The key.
        key: &'static str,
        /// The rule it breaks.
        why: String,
    },
}

impl EnrolmentError {
    /// The same error with the line of its key.
    fn in_text(self, text: &str) -> Self {
        let Self::Key { line: None, key, why } = self else { return self };
        let keys = toml::de::DeTable::parse(text).ok();
        let span = keys.and_then(|keys| {
            keys.get_ref()
                .iter()
                .find(|(name, _)| name.get_ref().as_ref() == key)
                .map(|(name, _)| name.span())
        });
        Self::Key { line: span.map(|span| line_of(text, span.start)), key, why }
    }
}

/// The line of a place in a text, counted from 1.
fn line_of(text: &str, at: usize) -> u32 {
    let breaks = text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1)
}

/// The file as written; becomes an [`Enrolment`] once its rules are checked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// May be left away: people write these files, and there is one format so far.
    #[serde(default = "format")]
    format: u32,
    id: AppId,
    name: String,
    path: PathBuf,
    sources: Vec<String>,
    #[serde(default)]
    source: SourceKind,
    #[serde(default)]
    channel: Channel,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    restart: Restart,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    allow_http: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    rights: Rights,
    #[serde(default)]
    close: Close,
    #[serde(default)]
    health: Health,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    root: Option<Pin>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Pin>,
}

/// The format version that this code writes and reads.
const FORMAT: u32 = 1;
/// How much of a wrong line is quoted, in letters.
const MAX_QUOTED: usize = 80;

fn is_default(rights: &Rights) -> bool {
    *rights == Rights::default()
}

const fn format() -> u32 {
    FORMAT
}

/// Only the version of a file, which is read first: everything else may be different in another version.
#[derive(Deserialize)]
struct Head {
    #[serde(default = "format")]
    format: u32,
}

impl Enrolment {
    /// Parses an enrolment. `machine_owned` says whether the file belongs to the machine's administrator: only then are
    /// `allow_http` and `rights` accepted.
    ///
    /// # Errors
    /// [`EnrolmentError`], which names the line or key and the rule.
    pub fn parse(text: &str, machine_owned: bool) -> Result<Self, EnrolmentError> {
        if text.len() > MAX_BYTES {
            return Err(EnrolmentError::TooLong);
        }
        if let Ok(Head { format }) = toml::from_str(text)
            && format != FORMAT
        {
            let why = format!("{format} is not known here, only {FORMAT}: update autoupdate itself first");
            return Err(EnrolmentError::Key { line: None, key: "format", why }.in_text(text));
        }
        let file: File = toml::from_str(text).map_err(|error| not_toml(text, &error))?;
        file.check(machine_owned).map_err(|error| error.in_text(text))
    }

    /// The TOML text of this enrolment; [`Self::parse`] gives the same enrolment back.
    ///
    /// # Errors
    /// [`EnrolmentError::Toml`] if a path is not Unicode.
    pub fn to_toml(&self) -> Result<String, EnrolmentError> {
        let file = File {
            format: FORMAT,
            id: self.id.clone(),
            name: self.name.clone(),
            path: self.path.clone(),
            sources: self.sources.iter().map(ToString::to_string).collect(),
            source: self.source,
            root: self.source.is_tuf().then(|| self.anchor.clone()),
            key: (!self.source.is_tuf()).then(|| self.anchor.clone()),
            channel: self.channel.clone(),
            mode: self.mode,
            close: self.close.clone(),
            restart: self.restart,
            health: self.health.clone(),
            allow_http: self.allow_http,
            rights: self.rights,
        };
        toml::to_string(&file).map_err(|error| EnrolmentError::Toml { line: None, text: error.to_string() })
    }
}

/// The parser's own report has several lines and draws an arrow; this one fits wherever errors are shown.
fn not_toml(text: &str, error: &toml::de::Error) -> EnrolmentError {
    let line = error.span().map(|span| line_of(text, span.start));
    let words = line.and_then(|line| text.lines().nth(line as usize - 1)).unwrap_or_default().trim();
    let message = error.message().trim().replace('\n', ", ");
    let message = line.map_or_else(|| message.clone(), |line| format!("line {line}: {message}"));
    let text = match words.chars().take(MAX_QUOTED).collect::<String>() {
        quoted if quoted.is_empty() => message,
        quoted => format!("{message}, in `{quoted}`"),
    };
    EnrolmentError::Toml { line, text }
}

impl File {
    fn check(self, machine_owned: bool) -> Result<Enrolment, EnrolmentError> {
        let wrong = |key, why: &str| Err(EnrolmentError::Key { line: None, key, why: why.to_owned() });
        if self.name.trim().is_empty()
            || self.name.chars().count() > 64
            || self.name.chars().any(char::is_control)
        {
            return wrong("name", "it must be 1 to 64 characters without control characters");
        }
        if !self.path.is_absolute() || self.path.file_name().is_none() {
            return wrong("path", "it must be the absolute path of the installed executable");
        }
        if self.allow_http && !machine_owned {
            return wrong("allow_http", "only an enrolment that the administrator owns may allow plain http");
        }
        if self.rights == Rights::Keep && !machine_owned {
            return wrong("rights", "only an enrolment that the administrator owns may keep special rights");
        }
        if self.sources.is_empty() || self.sources.len() > 8 {
            return wrong("sources", "there must be 1 to 8 sources");
        }
        let sources = (self.sources.iter())
            .map(|text| SourceUrl::parse(text, self.allow_http))
            .collect::<Result<_, Invalid>>()
            .map_err(|invalid| EnrolmentError::Key {
                line: None,
                key: "sources",
                why: invalid.to_string(),
            })?;
        if matches!(&self.close, Close::Arguments(list) if list.is_empty()) {
            return wrong("close", "arguments must not be empty");
        }
        if let Close::Command(list) = &self.close
            && !list.first().is_some_and(|program| PathBuf::from(program).is_absolute())
        {
            return wrong("close", "a command must begin with an absolute path");
        }
        if let Health::Alive(time) | Health::Confirm(time) = &self.health
            && !(1..=3600).contains(&time.as_secs())
        {
            return wrong("health", "the time must be 1 second to 1 hour");
        }
        let anchor = match (self.source, self.root, self.key) {
            (SourceKind::Tuf, Some(root), None) => root,
            (SourceKind::Lantern, None, Some(key)) => key,
            (SourceKind::Tuf, None, None) => {
                return wrong("root", "it is missing: a TUF repository is trusted by its first root");
            }
            (SourceKind::Lantern, None, None) => {
                return wrong("key", "it is missing: a Lantern server is trusted by its RSA public key");
            }
            (SourceKind::Tuf, _, Some(_)) => {
                return wrong(
                    "key",
                    "only an enrolment with source = \"lantern\" has a key; name the `root` instead",
                );
            }
            (SourceKind::Lantern, Some(_), _) => {
                return wrong(
                    "root",
                    "an enrolment with source = \"lantern\" has no root; name the `key` instead",
                );
            }
        };
        Ok(Enrolment {
            id: self.id,
            name: self.name,
            path: self.path,
            sources,
            source: self.source,
            anchor,
            channel: self.channel,
            mode: self.mode,
            close: self.close,
            restart: self.restart,
            health: self.health,
            allow_http: self.allow_http,
            rights: self.rights,
        })
    }
}

/// Durations as people write them: `60s`, `5m`.
mod duration {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(*time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        humantime::parse_duration(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
