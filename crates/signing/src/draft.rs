//! The unsigned next list of releases, in `REPO/draft.json`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use protocol::{Channel, Version};
use serde::{Deserialize, Serialize};

use crate::document::Targets;
use crate::{Error, Repository, disk, release, rollout_of};

/// The unsigned next list of releases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Draft {
    format: u32,
    /// The version of the targets that it was made from.
    replaces: u64,
    pub(crate) targets: Targets,
}

impl Draft {
    /// The format version that this code writes and reads.
    const FORMAT: u32 = 1;

    fn file(repository: &Repository) -> PathBuf {
        repository.folder.join("draft.json")
    }

    /// The draft of a repository, if it has one.
    pub(crate) fn of(repository: &Repository) -> Result<Option<Self>, Error> {
        let path = Self::file(repository);
        let malformed = |why: String| Error::Malformed { what: path.display().to_string(), why };
        // A draft is written with indentation, so it may be longer than what is signed.
        let Some(bytes) = disk::read_if_there(&path, 4 * trust::LIMITS.targets_bytes)? else {
            return Ok(None);
        };
        let draft: Self = serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        if draft.format != Self::FORMAT {
            return Err(malformed(format!("format {} is not known here", draft.format)));
        }
        let newest = repository.tree.newest("targets")?.unwrap_or_default();
        let signed = repository.signed_targets()?;
        let is_signed =
            (&signed.targets, &signed.delegations) == (&draft.targets.targets, &draft.targets.delegations);
        if draft.replaces < newest && is_signed {
            // It was signed, and a crash came before it was removed.
            disk::remove(&path)?;
            return Ok(None);
        }
        if draft.replaces != newest {
            let why =
                format!("it was made from version {}, now it is {newest}: delete the file", draft.replaces);
            return Err(malformed(why));
        }
        Ok(Some(draft))
    }

    /// Removes the draft of a repository.
    pub(crate) fn remove(repository: &Repository) -> Result<(), Error> {
        disk::remove(&Self::file(repository))
    }
}

impl Repository {
    /// Edits the draft; nothing is written where the edit or a limit says no.
    pub(crate) fn edit<T>(&self, edit: impl FnOnce(&mut Targets) -> Result<T, Error>) -> Result<T, Error> {
        let mut targets = self.targets()?;
        let before = targets.clone();
        let result = edit(&mut targets)?;
        release::check_limits(&targets, &self.pinned(&targets)?)?;
        if targets != before || self.has_draft()? {
            let replaces = self.tree.newest("targets")?.unwrap_or_default();
            let draft = Draft { format: Draft::FORMAT, replaces, targets };
            let bytes = serde_json::to_vec_pretty(&draft)
                .map_err(|error| Error::Malformed { what: "the draft".to_owned(), why: error.to_string() })?;
            disk::write(&Draft::file(self), &bytes)?;
        }
        Ok(result)
    }

    /// Versions that old operating systems are held at.
    fn pinned(&self, targets: &Targets) -> Result<BTreeSet<Version>, Error> {
        let channels: BTreeSet<Channel> =
            targets.artifacts().into_iter().flat_map(|artifact| artifact.release.channels).collect();
        let mut pinned = BTreeSet::new();
        for channel in channels {
            pinned.extend(rollout_of(&self.tree, &channel)?.os_pins.into_iter().map(|pin| pin.version));
        }
        Ok(pinned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_draft_is_read() {
        let draft: Draft = serde_json::from_str(include_str!("../fixtures/v1/draft.json")).unwrap();
        assert_eq!((draft.format, draft.replaces, draft.targets.artifacts().len()), (1, 2, 2));
        let again = serde_json::to_string_pretty(&draft).unwrap();
        assert_eq!(again, include_str!("../fixtures/v1/draft.json").trim_end());
    }
}
