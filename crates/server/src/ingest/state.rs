//! What is remembered about one app's repository on GitHub: `{data}/.state/{app}/github.json`, format 1.
//!
//! Nothing in it is trusted with what clients install: that is what was signed. It says where it came from, so that the next look
//! costs one request, and so that what changes on GitHub afterwards is noticed. If it is lost, all assets are fetched once more
//! and compared with what is signed. One of a newer format is refused, a damaged one set aside.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use protocol::{AppId, Channel, Digest};
use serde::{Deserialize, Serialize};

use super::names::Packing;
use crate::disk;

/// The longest state file that is read, in bytes: 10,000 artifacts and more.
const MAX_BYTES: u64 = 16 << 20;
/// The format that this code writes and reads.
const FORMAT: u32 = 1;

/// All that is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) format: u32,
    /// `owner/name`.
    pub(crate) repository: String,
    /// SHA-256 of the rules by which the pages below were understood.
    pub(crate) rules: Option<Digest>,
    /// The pages of the list of releases as they were last seen; empty if something of them is still to be done.
    pub(crate) pages: Vec<Page>,
    /// What is signed, by target path.
    pub(crate) taken: BTreeMap<String, Taken>,
    /// What will not be taken as it is, by the asset's id on GitHub.
    pub(crate) refused: BTreeMap<u64, Refused>,
    /// What a person should look at.
    pub(crate) alarms: Vec<Alarm>,
}

/// A page of the list of releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) url: String,
    pub(crate) etag: String,
}

/// Where a signed artifact came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// The id of the release.
    pub(crate) release: u64,
    pub(crate) tag: String,
    /// The id of the asset: another one with each upload.
    pub(crate) asset: u64,
    pub(crate) name: String,
    /// Where everybody can fetch the asset.
    pub(crate) url: String,
    /// The length of the asset in bytes.
    pub(crate) size: u64,
    /// SHA-256 of the asset, as it was fetched.
    pub(crate) digest: Digest,
    pub(crate) packing: Packing,
    /// SHA-256 of the artifact.
    pub(crate) sha256: Digest,
    /// The channels in which it was offered from here.
    pub(crate) channels: Vec<Channel>,
    pub(crate) at: Timestamp,
}

/// An asset that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) tag: String,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) digest: Option<String>,
    /// The id of its signature.
    pub(crate) signature: Option<u64>,
    pub(crate) reason: Reason,
}

/// Why an asset is not taken, whatever the next attempt brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reason {
    /// It is larger, packed or unpacked, than the configuration allows.
    TooLarge,
    /// It has no bytes, packed or unpacked.
    Empty,
    /// It cannot be unpacked.
    Damaged,
    /// The signature that is demanded is not there.
    Unsigned,
    /// The signature that is demanded does not verify.
    BadSignature,
    /// What is signed under this name has other bytes.
    Conflict,
}

impl Reason {
    /// As a label of a metric.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Empty => "empty",
            Self::Damaged => "damaged",
            Self::Unsigned => "unsigned",
            Self::BadSignature => "bad-signature",
            Self::Conflict => "conflict",
        }
    }
}

/// Something on GitHub that a person should look at. What is signed stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alarm {
    pub(crate) kind: AlarmKind,
    /// The target path.
    pub(crate) path: String,
    /// What is wrong, as a sentence.
    pub(crate) text: String,
    pub(crate) since: Timestamp,
}

/// What may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AlarmKind {
    /// Under the name of an asset that is signed there is another one now.
    Swapped,
    /// An asset that is signed, or its release, is gone.
    Withdrawn,
    /// Several assets could be the one for a version and platform.
    Ambiguous,
}

impl AlarmKind {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Swapped, Self::Withdrawn, Self::Ambiguous];

    /// As a label of a metric.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Swapped => "swapped",
            Self::Withdrawn => "withdrawn",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// A state that cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The disk says no.
    #[error("{}: {source}", file.display())]
    Disk {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Written by a newer server.
    #[error("{}: format {format} is not known here: update this server", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// Its format.
        format: u32,
    },
    /// Another repository than the one that is configured.
    #[error(
        "{}: what is signed was taken from {there}, but the configuration names {named}: set `github.repository` back, or delete \
         this file to go on with the other one, whose assets are then fetched and compared with what is signed",
        file.display()
    )]
    Repository {
        /// The file.
        file: PathBuf,
        /// The repository it is about.
        there: String,
        /// The repository of the configuration.
        named: String,
    },
}

/// What a look at a state file found.
pub(crate) enum Found {
    Good(State),
    None,
    Damaged,
}

impl State {
    /// The state about a repository of which nothing is known.
    pub(crate) fn new(repository: &str) -> Self {
        Self {
            format: FORMAT,
            repository: repository.to_owned(),
            rules: None,
            pages: Vec::new(),
            taken: BTreeMap::new(),
            refused: BTreeMap::new(),
            alarms: Vec::new(),
        }
    }

    /// Where the state of an app lies.
    pub(crate) fn file(data: &Path, app: &AppId) -> PathBuf {
        data.join(".state").join(app.as_str()).join("github.json")
    }

    /// Looks at a state file and changes nothing. Blocks.
    pub(crate) fn look(file: &Path, repository: &str) -> Result<Found, StateError> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let refused = |source| StateError::Disk { file: file.to_owned(), source };
        let Some((opened, _)) = disk::open(file).map_err(refused)? else { return Ok(Found::None) };
        let mut bytes = Vec::new();
        opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(refused)?;
        match serde_json::from_slice::<Head>(&bytes) {
            Ok(Head { format }) if format > FORMAT => {
                return Err(StateError::Format { file: file.to_owned(), format });
            }
            _ => {}
        }
        // GitHub takes names in any case.
        let same = |there: &str| there.eq_ignore_ascii_case(repository);
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(state) if state.format == FORMAT && same(&state.repository) => Ok(Found::Good(state)),
            Ok(state) if state.format == FORMAT => Err(StateError::Repository {
                file: file.to_owned(),
                there: state.repository,
                named: repository.to_owned(),
            }),
            _ => Ok(Found::Damaged),
        }
    }

    /// Reads the state of an app, or begins one; a damaged file is set aside. Blocks.
    pub(crate) fn open(file: &Path, repository: &str) -> Result<Self, StateError> {
        match Self::look(file, repository)? {
            Found::Good(state) => return Ok(state),
            Found::None => {}
            Found::Damaged => {
                let aside = file.with_extension("json.damaged");
                let renamed = std::fs::rename(file, &aside);
                renamed.map_err(|source| StateError::Disk { file: file.to_owned(), source })?;
                tracing::error!(
                    file = %file.display(), aside = %aside.display(),
                    "what is known about GitHub is damaged and set aside: assets are fetched again and compared with what is signed"
                );
            }
        }
        Ok(Self::new(repository))
    }

    /// Writes it as a whole. Blocks.
    pub(crate) fn write(&self, file: &Path) -> io::Result<()> {
        disk::write(file, &serde_json::to_vec(self)?)
    }

    /// Whether an artifact is what everybody can fetch from GitHub now.
    pub(crate) fn is_undisturbed(&self, path: &str) -> bool {
        let disturbed = |alarm: &Alarm| {
            alarm.path == path && matches!(alarm.kind, AlarmKind::Swapped | AlarmKind::Withdrawn)
        };
        !self.alarms.iter().any(disturbed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = include_str!("../../fixtures/v1/github.json");

    fn look(text: &str, repository: &str) -> Result<Found, StateError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("github.json");
        std::fs::write(&file, text).unwrap();
        State::look(&file, repository)
    }

    #[test]
    fn the_first_format_is_read_for_ever() {
        let Ok(Found::Good(state)) = look(GOLDEN, "Owner/tool") else { panic!("it is not read") };
        assert_eq!((state.pages.len(), state.taken.len(), state.refused.len()), (1, 1, 6));
        let taken = &state.taken["releases/1.2.0/linux-x86_64/tool"];
        assert_eq!((taken.asset, taken.packing, taken.channels.len()), (7001, Packing::Bzip2, 1));
        let kinds: Vec<AlarmKind> = state.alarms.iter().map(|alarm| alarm.kind).collect();
        assert_eq!(kinds, AlarmKind::ALL);
        for (path, undisturbed) in [("1.0.0", false), ("1.1.0", false), ("1.2.0", true), ("1.3.0", true)] {
            assert_eq!(state.is_undisturbed(&format!("releases/{path}/linux-x86_64/tool")), undisturbed);
        }
        let folder = tempfile::tempdir().unwrap();
        let again = folder.path().join("a/github.json");
        state.write(&again).unwrap();
        assert_eq!(std::fs::read_to_string(again).unwrap(), GOLDEN.trim_end());
    }

    #[test]
    fn what_is_newer_or_about_others_is_refused_and_what_is_damaged_set_aside() {
        let newer = look(&GOLDEN.replace("\"format\":1", "\"format\":2"), "owner/tool");
        assert!(matches!(newer, Err(StateError::Format { format: 2, .. })));
        let Err(other) = look(GOLDEN, "owner/other") else { panic!("taken for another repository") };
        assert!(other.to_string().contains("owner/tool"), "{other}");

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("github.json");
        assert_eq!(State::open(&file, "o/r").unwrap(), State::new("o/r"));
        for text in ["", "{", "{\"format\":1}", &GOLDEN[..GOLDEN.len() - 9]] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(State::open(&file, "o/r").unwrap(), State::new("o/r"));
            let aside = folder.path().join("github.json.damaged");
            assert_eq!(std::fs::read_to_string(aside).unwrap(), text, "it is kept for who looks");
            assert!(!file.exists());
        }
    }
}
