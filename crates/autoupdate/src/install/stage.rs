//! New bytes on their way to becoming a verified stage.
//!
//! The file is made exclusively in the private folder, takes no more bytes than were signed, and is hashed while it is
//! written. Only when length and digest are the signed ones does it get the program's mode, owner and attributes, is
//! synced, and is named in the journal. A writer that is dropped before takes its file along.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::sync::Arc;

use protocol::{Artifact, Digest, Hasher, Version};

use super::error::{During as _, Error, synced};
use super::folder::{Facts, Folder, STAGE, copy_attributes, facts_of};
use super::ground::Expected;
use super::journal::{Entry, Progress, Staged};
use super::place::Place;
use super::preflight::check_program;
use crate::error::Phase;

const PHASE: Phase = Phase::Stage;

/// Takes the bytes of a new version: refuses more than were signed, hashes while writing. Dropped unfinished, it takes
/// its file along.
///
/// Its errors as an [`io::Write`] are I/O errors that [`Error::of_write`] turns back into errors of this room.
#[derive(Debug)]
pub struct StageWriter {
    file: File,
    private: Arc<Folder>,
    wanted: Staged,
    /// Whether the length is the signed one; otherwise it is a limit.
    measured: bool,
    hasher: Hasher,
    written: u64,
    finished: bool,
}

impl Place {
    /// Begins a new stage; one that was there before is thrown away.
    ///
    /// # Errors
    /// [`Error::Unfinished`] during a probation; [`Error::SetId`], [`Error::Capabilities`]; the disk.
    pub fn begin_stage(&mut self, artifact: &Artifact) -> Result<StageWriter, Error> {
        let Artifact { sha256, length, release, .. } = artifact;
        self.begin(Staged { version: release.version.clone(), sha256: *sha256, length: *length }, true)
    }

    /// The same for an artifact whose length nobody signed: at most so many bytes, and the length is what comes.
    ///
    /// # Errors
    /// As [`Self::begin_stage`].
    pub fn begin_unmeasured_stage(
        &mut self,
        version: &Version,
        sha256: Digest,
        at_most: u64,
    ) -> Result<StageWriter, Error> {
        self.begin(Staged { version: version.clone(), sha256, length: at_most }, false)
    }

    fn begin(&mut self, wanted: Staged, measured: bool) -> Result<StageWriter, Error> {
        match &self.progress {
            Progress::Nothing | Progress::Staged { .. } => {}
            Progress::Activating(_)
            | Progress::Probation(_)
            | Progress::Committing(_)
            | Progress::RollingBack { .. } => {
                return Err(Error::Unfinished { path: self.installed().path.clone() });
            }
        }
        check_program(&self.installed().path, &self.base()?, self.rights)?;
        self.discard_stage()?;
        let path = self.ground.private.path().join(STAGE);
        // A writer that is still around loses its file; it notices when it is finished.
        self.ground.private.remove(STAGE).during(PHASE, "remove", &path)?;
        let file = self.ground.private.create(STAGE).during(PHASE, "make", &path)?;
        let private = Arc::clone(&self.ground.private);
        Ok(StageWriter {
            file,
            private,
            wanted,
            measured,
            hasher: Hasher::new(),
            written: 0,
            finished: false,
        })
    }

    /// Ends the stage: length and digest must be the signed ones; mode, owner and attributes become the program's.
    ///
    /// # Errors
    /// [`Error::WrongLength`], [`Error::WrongHash`], [`Error::Changed`], the disk. The stage is then gone.
    pub fn finish_stage(&mut self, mut writer: StageWriter) -> Result<Staged, Error> {
        let mut wanted = writer.wanted.clone();
        if !writer.measured {
            wanted.length = writer.written;
        }
        if writer.written != wanted.length {
            return Err(Error::WrongLength { expected: wanted.length, actual: writer.written });
        }
        let actual = writer.hasher.clone().finish();
        if actual != wanted.sha256 {
            return Err(Error::WrongHash { expected: wanted.sha256, actual });
        }
        let path = self.ground.private.path().join(STAGE);
        if !writer.owns_stage().during(PHASE, "look at", &path)?
            || !matches!(self.progress, Progress::Nothing)
            || !Arc::ptr_eq(&writer.private, &self.ground.private)
        {
            return Err(Error::UnsafeFile { path, why: "it was begun anew meanwhile" });
        }
        let program = self.base()?;
        copy_attributes(&program, &writer.file, &self.installed().path)?;
        synced(writer.file.sync_all(), PHASE, &path)?;
        synced(self.ground.private.sync(), PHASE, self.ground.private.path())?;
        let entry = Entry::Staged { staged: wanted.clone(), base: self.installed().sha256 };
        // From here on the file stays, whatever happens: the journal may say so on the disk although writing it failed. One that
        // the journal does not know is removed at the next start.
        writer.finished = true;
        self.journal.append(&self.ground.private, &entry, PHASE)?;
        self.progress = self.journal.progress();
        Ok(wanted)
    }

    /// The verified stage, if there is one. It survives restarts.
    #[must_use]
    pub fn staged(&self) -> Option<&Staged> {
        match &self.progress {
            Progress::Staged { staged, .. } => Some(staged),
            Progress::Nothing
            | Progress::Activating(_)
            | Progress::Probation(_)
            | Progress::Committing(_)
            | Progress::RollingBack { .. } => None,
        }
    }

    /// Opens the stage and looks whether it is what was staged, like the program in mode and owner. One that is not is thrown
    /// away.
    pub(super) fn verified_stage(&mut self, staged: &Staged, like: &Facts) -> Result<(File, Facts), Error> {
        let expected = Expected { sha256: &staged.sha256, length: staged.length, like: Some(like) };
        let stage = self.ground.verified(STAGE, &expected, Phase::Activate);
        if stage.is_err() {
            self.discard_stage()?;
        }
        stage
    }

    /// Throws the stage away, if there is one.
    ///
    /// # Errors
    /// The disk.
    pub fn discard_stage(&mut self) -> Result<(), Error> {
        if self.staged().is_none() {
            return Ok(());
        }
        self.journal.replace(&self.ground.private, Vec::new(), PHASE)?;
        self.progress = Progress::Nothing;
        let path = self.ground.private.path().join(STAGE);
        self.ground.private.remove(STAGE).during(PHASE, "remove", &path)
    }
}

impl StageWriter {
    /// SHA-256 of the bytes taken so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Whether the file of the name `stage` is still this writer's.
    fn owns_stage(&self) -> io::Result<bool> {
        let there = self.private.facts(OsStr::new(STAGE))?;
        let ours = facts_of(&self.file)?;
        Ok(there.is_some_and(|there| there.identity == ours.identity) && ours.links == 1)
    }
}

impl io::Write for StageWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let limit = self.wanted.length;
        if self.written.saturating_add(bytes.len() as u64) > limit {
            return Err(io::Error::new(io::ErrorKind::InvalidData, Error::TooLong { limit }));
        }
        let count = match self.file.write(bytes) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(source) => {
                let (kind, path) = (source.kind(), self.private.path().join(STAGE));
                let error = Error::Io { phase: PHASE, doing: "write the new version to", path, source };
                return Err(io::Error::new(kind, error));
            }
        };
        self.hasher.update(bytes.get(..count).unwrap_or_default());
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for StageWriter {
    fn drop(&mut self) {
        if !self.finished && self.owns_stage().unwrap_or(false) {
            // Best effort: the next start removes it as well.
            let _ = self.private.remove(STAGE);
        }
    }
}
