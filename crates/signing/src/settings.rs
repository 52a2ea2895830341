//! `repository.toml`: what a publisher decided once about a repository. No secret stands in it.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protocol::AppId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;
use crate::disk;

/// The longest settings file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 10;

/// For how long what a role signs is valid. As text `365d`, `12h`. Short for online roles, because an attacker who holds
/// clients back can do so only that long; they are renewed when a third of it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Validity {
    /// The root: a ceremony at least that often.
    #[serde(with = "duration")]
    pub root: Duration,
    /// The list of releases.
    #[serde(with = "duration")]
    pub targets: Duration,
    /// Artifacts taken in by an online key.
    #[serde(with = "duration")]
    pub ingest: Duration,
    /// Who gets a release when.
    #[serde(with = "duration")]
    pub rollout: Duration,
    /// Which metadata belongs together.
    #[serde(with = "duration")]
    pub snapshot: Duration,
    /// What is newest.
    #[serde(with = "duration")]
    pub timestamp: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Validity {
    /// For a server that renews by itself.
    fn default() -> Self {
        Self {
            root: 365 * DAY,
            targets: 90 * DAY,
            ingest: 30 * DAY,
            rollout: 7 * DAY,
            snapshot: 7 * DAY,
            timestamp: 3 * DAY,
        }
    }
}

impl Validity {
    /// For a static host, where a person or cron runs `autoupdate refresh`.
    #[must_use]
    pub fn static_host() -> Self {
        Self { rollout: 30 * DAY, snapshot: 30 * DAY, timestamp: 30 * DAY, ..Self::default() }
    }

    /// Changes the validity of a role by its name; `false` if there is no such role.
    pub fn set(&mut self, role: &str, life: Duration) -> bool {
        let place = match role {
            "root" => &mut self.root,
            "targets" => &mut self.targets,
            "ingest" => &mut self.ingest,
            "rollout" => &mut self.rollout,
            "snapshot" => &mut self.snapshot,
            "timestamp" => &mut self.timestamp,
            _ => return false,
        };
        *place = life;
        true
    }

    /// The validity of a role by its name; delegated roles that are not known are treated as `targets`.
    #[must_use]
    pub fn of(&self, role: &str) -> Duration {
        match role {
            "root" => self.root,
            "ingest" => self.ingest,
            "rollout" => self.rollout,
            "snapshot" => self.snapshot,
            "timestamp" => self.timestamp,
            _ => self.targets,
        }
    }

    /// When something signed at `now` expires, in whole seconds. At the end of time it stays there.
    #[must_use]
    pub fn expiry(&self, role: &str, now: Timestamp) -> Timestamp {
        let life = SignedDuration::try_from(self.of(role)).unwrap_or(SignedDuration::MAX);
        let end = now.saturating_add(life).unwrap_or(Timestamp::MAX);
        Timestamp::from_second(end.as_second()).unwrap_or(end)
    }
}

/// `repository.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Format version, 1.
    pub format: u32,
    /// The app.
    pub app: AppId,
    /// What people call it.
    pub name: String,
    /// For how long signatures are valid.
    #[serde(default)]
    pub validity: Validity,
}

impl Settings {
    /// The file name in a repository.
    pub const FILE: &'static str = "repository.toml";
    /// The format version that this code writes and reads.
    pub const FORMAT: u32 = 1;

    /// Reads `repository.toml`.
    ///
    /// # Errors
    /// If it cannot be read, is too long, or is not what it should be (with line and key).
    pub fn read(path: &Path) -> Result<Self, Error> {
        let invalid = |why: String| Error::Settings { path: path.to_owned(), why };
        let bytes = disk::read(path, MAX_BYTES)?;
        let text = String::from_utf8(bytes).map_err(|_| invalid("it is no UTF-8 text".to_owned()))?;
        let settings: Self = toml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        if settings.format != Self::FORMAT {
            return Err(invalid(format!(
                "format {} is not known here: update this program",
                settings.format
            )));
        }
        Ok(settings)
    }

    /// As text for `repository.toml`.
    ///
    /// # Errors
    /// Never for values that this code made.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string(self)
            .map_err(|error| Error::Settings { path: Self::FILE.into(), why: error.to_string() })
    }
}

/// Durations as text: `90d`, `12h`.
mod duration {
    use super::{Deserialize, Deserializer, Duration, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        let (seconds, day) = (value.as_secs(), super::DAY.as_secs());
        if seconds.is_multiple_of(day) {
            serializer.collect_str(&format_args!("{}d", seconds / day))
        } else {
            serializer.collect_str(&humantime::format_duration(*value))
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let value = humantime::parse_duration(&text).map_err(serde::de::Error::custom)?;
        if value.as_secs() < 3 {
            return Err(serde::de::Error::custom("a validity must be at least 3 seconds"));
        }
        Ok(value)
    }
}
