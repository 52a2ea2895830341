//! A publisher: a signed repository, its releases, and a static host's folder.
//!
//! It uses the library under the command line's verbs, because a test must be able to say what time it is when something
//! is signed. The verbs themselves are exercised by `cargo xtask demo` and the publisher tests.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use jiff::{Timestamp, ToSpan as _};
use protocol::{AppId, Artifact, Channel, Digest, Language, Platform, Version, object};
use signing::{NewKeys, NewRelease, Renew, Repository, Settings, Unlock, Validity};

use crate::{APP, program};

/// A publisher. Their folder is temporary; `site` is what a static host serves.
pub struct Publisher {
    folder: tempfile::TempDir,
    repository: Repository,
}

impl Publisher {
    /// A publisher with fresh keys and no release.
    ///
    /// # Errors
    /// If the repository cannot be made.
    pub fn new() -> Result<Self> {
        Self::at(Timestamp::now())
    }

    /// The same, having begun at another time.
    ///
    /// # Errors
    /// If the repository cannot be made.
    pub fn at(now: Timestamp) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let settings = Settings {
            format: Settings::FORMAT,
            app: AppId::parse(APP)?,
            name: "Demo".to_owned(),
            validity: Validity::static_host(),
        };
        let repository =
            Repository::init(&folder.path().join("repository"), &settings, &NewKeys::default(), now)?;
        std::fs::create_dir_all(folder.path().join("site/apps"))?;
        std::os::unix::fs::symlink(repository.tree().folder(), folder.path().join("site/apps").join(APP))?;
        Ok(Self { folder, repository })
    }

    /// A publisher who has released [`program()`]s of these versions, each with the patch from the one before.
    ///
    /// # Errors
    /// If something cannot be made.
    pub fn of(versions: &[&str]) -> Result<Self> {
        let publisher = Self::new()?;
        for version in versions {
            publisher.release(version, &program(version), Timestamp::now())?;
        }
        for pair in versions.windows(2) {
            publisher.make_patch(&program(pair[0]), &program(pair[1]))?;
        }
        Ok(publisher)
    }

    /// Releases bytes as a version, on the channel `stable`.
    ///
    /// # Errors
    /// If a rule of the repository forbids it.
    pub fn release(&self, version: &str, bytes: &[u8], now: Timestamp) -> Result<Artifact> {
        self.release_with(version, bytes, BTreeMap::new(), now)
    }

    /// The same with English notes.
    ///
    /// # Errors
    /// If a rule of the repository forbids it.
    pub fn release_told(&self, version: &str, bytes: &[u8], notes: &str) -> Result<Artifact> {
        let file = self.folder.path().join("notes.md");
        std::fs::write(&file, notes)?;
        let notes = BTreeMap::from([(Language::parse("en")?, file)]);
        self.release_with(version, bytes, notes, Timestamp::now())
    }

    fn release_with(
        &self,
        version: &str,
        bytes: &[u8],
        notes: BTreeMap<Language, PathBuf>,
        now: Timestamp,
    ) -> Result<Artifact> {
        let file = self.folder.path().join(APP);
        std::fs::write(&file, bytes)?;
        let artifact = self.repository.add(&NewRelease {
            version: Version::parse(version)?,
            platform: here()?,
            file,
            notes,
            channels: vec![Channel::default()],
            min_os: None,
            urgency: protocol::Urgency::Normal,
            twin: false,
        })?;
        self.repository.sign(&mut *unlocked(), now)?;
        Ok(artifact)
    }

    /// Puts the patch between two artifacts on the site, with its index: what a server makes on demand.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn make_patch(&self, base: &[u8], artifact: &[u8]) -> Result<()> {
        let format = protocol::FormatId::parse(protocol::FormatId::RT1)?;
        let mut patch = Vec::new();
        let made = delta::make(&format, base, artifact, &mut patch)?;
        let (from, to) = (Digest::of(base), Digest::of(artifact));
        let entry = protocol::PatchEntry {
            base: from,
            format: format.clone(),
            length: made.length,
            memory: made.memory,
        };
        let tree = self.repository.tree().folder();
        std::fs::create_dir_all(tree.join(format!("patches/{to}")))?;
        std::fs::write(tree.join(object::patch(&to, &from, &format)), patch)?;
        let index = serde_json::to_vec(&protocol::PatchIndex::new(vec![entry]))?;
        Ok(std::fs::write(tree.join(object::patch_index(&to)), index)?)
    }

    /// Signs the online roles again, at `now`.
    ///
    /// # Errors
    /// If the result would not verify.
    pub fn refresh(&self, now: Timestamp) -> Result<()> {
        self.repository.refresh(&mut *unlocked(), now, Renew::Changed)?;
        Ok(())
    }

    /// Takes the root through so many versions, each signed by the one before.
    ///
    /// # Errors
    /// If a version would not verify.
    pub fn rotate_root(&self, times: usize, now: Timestamp) -> Result<()> {
        for _ in 0..times {
            let mut draft = self.repository.draft_root(&[], now)?;
            self.repository.sign_root(&mut draft, &mut *unlocked())?;
            self.repository.accept_root(&draft, &mut *unlocked(), now)?;
        }
        Ok(())
    }

    /// The bytes of the first root.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn root(&self) -> Result<Vec<u8>> {
        Ok(std::fs::read(self.repository.first_root()?.0)?)
    }

    /// What a static host serves: `apps/{app}/…` lies below it.
    #[must_use]
    pub fn site(&self) -> PathBuf {
        self.folder.path().join("site")
    }
}

/// So many days ago.
///
/// # Panics
/// Never for the few days that tests go back.
#[must_use]
pub fn days_ago(days: i64) -> Timestamp {
    Timestamp::now().checked_sub((days * 24).hours()).expect("a few days ago is a time")
}

/// The platform that tests run on.
///
/// # Errors
/// If it is none that we know.
pub fn here() -> Result<Platform> {
    Platform::current().ok_or_else(|| anyhow::anyhow!("this platform is unknown"))
}

fn unlocked() -> Box<Unlock<'static>> {
    Box::new(|_| Ok(None))
}
