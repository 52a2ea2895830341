//! What a publisher does to the list of releases, files included.

use std::collections::BTreeMap;
use std::path::PathBuf;

use protocol::{Artifact, Channel, Language, Platform, Urgency, Version, object};

use crate::release::{self, Change, EditError, MAX_NOTES_BYTES, NewArtifact};
use crate::{Error, Repository, disk};

/// A file to be released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRelease {
    /// The version.
    pub version: Version,
    /// Where it runs.
    pub platform: Platform,
    /// The executable. Its file name becomes part of the target path.
    pub file: PathBuf,
    /// Markdown by language, at most [`MAX_NOTES_BYTES`] each.
    pub notes: BTreeMap<Language, PathBuf>,
    /// The channels that offer it.
    pub channels: Vec<Channel>,
    /// The lowest version of the operating system.
    pub min_os: Option<String>,
    /// How soon it wants to be installed.
    pub urgency: Urgency,
    /// Write the compressed twin beside it.
    pub twin: bool,
}

impl Repository {
    /// Adds a release for a platform to the draft, and its bytes to the public tree, where nobody sees them before the
    /// draft is signed and published. Adding the same again changes nothing.
    ///
    /// # Errors
    /// [`Error::Edit`] where a rule or limit forbids it, [`Error::TooLong`] for notes, or if the disk fails.
    pub fn add(&self, new: &NewRelease) -> Result<Artifact, Error> {
        let file = new.file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let path = object::artifact_path(&new.version, new.platform, file)?;
        // What would be refused is refused before a large file is copied.
        if let Some((there, found)) = self.listed(&path)?.zip(disk::digest(&new.file)?)
            && there.sha256 != found.0
        {
            return Err(EditError::OtherBytes { path, sha256: there.sha256 }.into());
        }
        let (sha256, length) = self.put_object(&path, &new.file)?;
        let mut notes = BTreeMap::new();
        for (language, from) in &new.notes {
            if disk::length(from)?.is_some_and(|length| length > MAX_NOTES_BYTES) {
                return Err(Error::TooLong { what: from.display().to_string(), limit: MAX_NOTES_BYTES });
            }
            let path = object::notes_path(&new.version, language);
            notes.insert(language.clone(), self.put_object(&path, from)?);
        }
        let new_artifact = NewArtifact {
            version: new.version.clone(),
            platform: new.platform,
            file: file.to_owned(),
            sha256,
            length,
            channels: new.channels.clone(),
            min_os: new.min_os.clone(),
            urgency: new.urgency,
            notes,
        };
        let artifact = self.edit(|targets| release::add(targets, &self.settings.app, &new_artifact))?;
        if new.twin {
            self.tree.write_twin(&artifact)?;
        }
        Ok(artifact)
    }

    /// Offers a version in one more channel.
    ///
    /// # Errors
    /// [`Error::Edit`] for a version that is not listed, or where a limit forbids it.
    pub fn promote(&self, version: &Version, to: &Channel) -> Result<Vec<Artifact>, Error> {
        self.edit(|targets| release::promote(targets, version, to))
    }

    /// Takes a version off offer, in one channel or in all. Its bytes stay known as bases of patches.
    ///
    /// # Errors
    /// [`Error::Edit`] for a version that is not listed.
    pub fn withdraw(&self, version: &Version, from: Option<&Channel>) -> Result<Vec<Artifact>, Error> {
        self.edit(|targets| release::withdraw(targets, version, from))
    }

    /// Drops a version from the list, notes included. Its objects stay in the tree.
    ///
    /// # Errors
    /// [`Error::Edit`] for a version that is not listed.
    pub fn delete(&self, version: &Version) -> Result<Vec<Artifact>, Error> {
        self.edit(|targets| release::delete(targets, version))
    }

    /// What the draft would change in a list of releases.
    ///
    /// # Errors
    /// If the draft cannot be read.
    pub fn changes(&self, published: &[Artifact]) -> Result<Vec<Change>, Error> {
        Ok(release::changes(published, &self.artifacts()?))
    }

    fn listed(&self, path: &str) -> Result<Option<Artifact>, Error> {
        Ok(self.artifacts()?.into_iter().find(|artifact| artifact.path == path))
    }
}
