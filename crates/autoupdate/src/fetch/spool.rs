//! What was received of objects so far, on disk, so that a broken download goes on where it stopped.
//!
//! `{artifact sha256}.{format}.part` holds the bytes; `….part.about` beside it says which object they belong to and
//! under which entity tag. The bytes are not trusted: after a crash they may be anything, and whoever uses them compares
//! the result with what was signed.
//!
//! The file is also the pipe between the download and whoever decodes: [`Follow`] reads what has been received and
//! waits for more. So memory stays small, a slow reader holds nothing up, and a resumed download is read from its start
//! exactly as a fresh one.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use protocol::Digest;
use serde::{Deserialize, Serialize};

use super::Error;

const FORMAT: u32 = 1;
/// Unfinished downloads that are kept; the oldest go. Stops a disk that fills over the years.
const MAX_PARTS: usize = 8;
/// The longest `.about` file that is read, in bytes.
const MAX_ABOUT_BYTES: u64 = 8 << 10;

/// The folder of unfinished downloads.
#[derive(Debug, Clone)]
pub struct Spool {
    folder: PathBuf,
}

/// The place of one unfinished download.
#[derive(Debug, Clone)]
pub struct SpoolFile {
    part: PathBuf,
    about: PathBuf,
}

/// What the bytes in a part belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    format: u32,
    /// The object's name below its app, for example `patches/…/….bsz1`.
    pub(super) object: String,
    /// Its strong entity tag.
    pub(super) etag: String,
    /// Its length in bytes, once a server has said it.
    pub(super) total: Option<u64>,
}

impl About {
    pub(super) fn new(object: &str, etag: &str, total: Option<u64>) -> Self {
        Self { format: FORMAT, object: object.to_owned(), etag: etag.to_owned(), total }
    }
}

impl Spool {
    /// The spool in this folder, which is made (0700) if it is missing.
    ///
    /// # Errors
    /// [`Error::Spool`].
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder).map_err(|source| Error::Spool { path: folder.to_path_buf(), source })?;
        Ok(Self { folder: folder.to_path_buf() })
    }

    /// The place for the way `format` (a patch format, `full`, `zst`) to an artifact.
    #[must_use]
    pub fn file(&self, artifact: &Digest, format: &str) -> SpoolFile {
        let part = self.folder.join(format!("{artifact}.{format}.part"));
        let about = self.folder.join(format!("{artifact}.{format}.part.about"));
        SpoolFile { part, about }
    }

    /// Removes everything that was received of an artifact: it is in place or staged, and nothing of it is fetched again.
    pub fn forget(&self, artifact: &Digest) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mine = format!("{artifact}.");
        for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(&mine))
        {
            if let Err(error) = fs::remove_file(entry.path()) {
                tracing::debug!(file = %entry.path().display(), %error, "a used download could not be removed");
            }
        }
    }

    /// Removes the oldest unfinished downloads beyond the limit, and what belongs to none.
    pub fn clean(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut parts: Vec<_> = (entries.flatten())
            .filter_map(|entry| {
                let path = entry.path();
                let name = path.file_name()?.to_str()?.to_owned();
                let alone = name.strip_suffix(".about").is_some_and(|part| !self.folder.join(part).exists());
                // A temporary file of an atomic write whose process died.
                if alone || name.ends_with(".about.new") {
                    let _ = fs::remove_file(&path);
                }
                name.ends_with(".part")
                    .then(|| (entry.metadata().and_then(|data| data.modified()).ok(), path))
            })
            .collect();
        parts.sort();
        let surplus = parts.len().saturating_sub(MAX_PARTS);
        for (_, part) in parts.into_iter().take(surplus) {
            tracing::debug!(file = %part.display(), "an old unfinished download is removed");
            let about = format!("{}.about", part.display());
            let _ = fs::remove_file(&part);
            let _ = fs::remove_file(about);
        }
    }
}

impl SpoolFile {
    /// Forgets everything that was received: it led to a wrong result, or is not needed any more.
    ///
    /// # Errors
    /// [`Error::Spool`].
    pub fn remove(&self) -> Result<(), Error> {
        for path in [&self.part, &self.about] {
            match fs::remove_file(path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(self.failed(source)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Opens the part for writing, made if missing, locked against other processes.
    pub(super) fn open(&self) -> Result<File, Error> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // Others may read along, not write.
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 1);
        let file = options.open(&self.part).map_err(|source| self.failed(source))?;
        #[cfg(unix)]
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| self.failed(error.into()))?;
        Ok(file)
    }

    /// What the received bytes belong to; `None` if that is not known, and then they are worth nothing.
    pub(super) fn about(&self) -> Option<About> {
        let mut bytes = Vec::new();
        File::open(&self.about).ok()?.take(MAX_ABOUT_BYTES).read_to_end(&mut bytes).ok()?;
        serde_json::from_slice::<About>(&bytes).ok().filter(|about| about.format == FORMAT)
    }

    /// Notes what the bytes that follow belong to. The part must be empty or belong to it already.
    pub(super) fn set_about(&self, about: &About) -> Result<(), Error> {
        let bytes = serde_json::to_vec(about).map_err(|error| self.failed(error.into()))?;
        crate::store::write_atomically(&self.about, &bytes)
            .map_err(|error| self.failed(io::Error::other(error)))
    }

    /// Forgets what the bytes belong to.
    pub(super) fn forget_about(&self) -> Result<(), Error> {
        match fs::remove_file(&self.about) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(self.failed(source)),
            _ => Ok(()),
        }
    }

    pub(super) fn failed(&self, source: io::Error) -> Error {
        Error::Spool { path: self.part.clone(), source }
    }

    /// A reader of the part that follows a writer.
    pub(super) fn follow(&self, feed: &Feed) -> Result<Follow, Error> {
        let file = File::open(&self.part).map_err(|source| self.failed(source))?;
        Ok(Follow { file, position: 0, shared: Arc::clone(&feed.shared) })
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    received: u64,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Complete,
    Broken,
}

/// The writing end: says how much of the part is good to read. Dropped before [`Feed::complete`], it tells readers that
/// nothing more will come.
#[derive(Debug, Default)]
pub(super) struct Feed {
    shared: Arc<Shared>,
}

impl Feed {
    /// `length` bytes are in the part by now.
    pub(super) fn received(&self, length: u64) {
        self.change(|state| state.received = length);
    }

    /// All bytes are in the part.
    pub(super) fn complete(&self) {
        self.change(|state| state.end = Some(End::Complete));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        // A poisoned lock still holds two plain values.
        change(&mut self.shared.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.changed.notify_all();
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.change(|state| state.end = state.end.or(Some(End::Broken)));
    }
}

/// Reads a part from its start while it is being received; at its end it waits for more. Blocking, but never for ever:
/// the download has deadlines, and its end of any kind wakes the reader.
#[derive(Debug)]
pub struct Follow {
    file: File,
    position: u64,
    shared: Arc<Shared>,
}

impl Read for Follow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let ready = loop {
            if state.received > self.position {
                break state.received - self.position;
            }
            match state.end {
                Some(End::Complete) => return Ok(0),
                Some(End::Broken) => return Err(io::Error::other(Stopped)),
                None => state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(state);
        let length = buffer.len().min(usize::try_from(ready).unwrap_or(usize::MAX));
        let read = self.file.read(buffer.get_mut(..length).unwrap_or_default())?;
        if read == 0 && length > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += read as u64;
        Ok(read)
    }
}

/// The download ended before its object did; its own error says why.
#[derive(Debug, thiserror::Error)]
#[error("the download stopped")]
pub(crate) struct Stopped;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn spool() -> (tempfile::TempDir, Spool) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(&folder.path().join("spool")).unwrap();
        (folder, spool)
    }

    #[test]
    fn a_reader_sees_all_bytes_in_order_while_they_come() {
        let (_folder, spool) = spool();
        let place = spool.file(&Digest::of(b""), "full");
        let mut file = place.open().unwrap();
        let feed = Feed::default();
        let mut follow = place.follow(&feed).unwrap();
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            follow.read_to_end(&mut bytes).map(|_| bytes)
        });
        let mut expected = Vec::new();
        for piece in 0_u8..200 {
            let bytes = vec![piece; usize::from(piece) * 7];
            file.write_all(&bytes).unwrap();
            expected.extend(bytes);
            feed.received(expected.len() as u64);
        }
        feed.complete();
        assert_eq!(reader.join().unwrap().unwrap(), expected);
    }

    #[test]
    fn a_reader_is_told_when_the_download_dies() {
        let (_folder, spool) = spool();
        let place = spool.file(&Digest::of(b""), "full");
        let mut file = place.open().unwrap();
        let feed = Feed::default();
        let mut follow = place.follow(&feed).unwrap();
        file.write_all(b"abc").unwrap();
        feed.received(3);
        let reader = std::thread::spawn(move || follow.read_to_end(&mut Vec::new()));
        drop(feed);
        let error = reader.join().unwrap().unwrap_err();
        assert!(error.get_ref().unwrap().is::<Stopped>());
    }

    #[test]
    fn old_parts_go_and_the_newest_stay() {
        let (_folder, spool) = spool();
        let file = |number: u64| spool.file(&Digest::of(&number.to_le_bytes()), "bsz1");
        for number in 0..20 {
            let place = file(number);
            let part = place.open().unwrap();
            place.set_about(&About::new("x", "\"1\"", None)).unwrap();
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 + number);
            part.set_modified(time).unwrap();
        }
        fs::remove_file(file(19).part).unwrap();
        spool.clean();
        let left: Vec<_> = (0..20).filter(|number| file(*number).part.exists()).collect();
        assert_eq!(left, (11..19).collect::<Vec<_>>());
        assert_eq!(fs::read_dir(&spool.folder).unwrap().count(), 16);
    }

    #[test]
    fn what_is_staged_is_forgotten_and_nothing_else() {
        let (_folder, spool) = spool();
        let (mine, other) = (Digest::of(b"mine"), Digest::of(b"other"));
        for (artifact, format) in [(&mine, "bsz1"), (&mine, "full"), (&other, "full")] {
            let place = spool.file(artifact, format);
            place.open().unwrap();
            place.set_about(&About::new("x", "\"1\"", None)).unwrap();
        }
        spool.forget(&mine);
        let left = fs::read_dir(&spool.folder).unwrap().flatten().map(|entry| entry.file_name());
        assert!(left.into_iter().all(|name| name.to_string_lossy().starts_with(&other.to_string())));
        assert!(spool.file(&other, "full").about().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_part_has_one_writer() {
        let (_folder, spool) = spool();
        let place = spool.file(&Digest::of(b""), "full");
        let first = place.open().unwrap();
        assert!(place.open().is_err());
        drop(first);
        assert!(place.open().is_ok());
    }

    #[test]
    fn the_golden_about_file_of_format_1_is_read() {
        let (_folder, spool) = spool();
        let place = spool.file(&Digest::of(b""), "full");
        fs::write(&place.about, include_str!("../../fixtures/v1/spool-about.json")).unwrap();
        assert_eq!(
            place.about(),
            Some(About::new("targets/releases/1.0.0/linux-x86_64/x.app", "\"abc\"", Some(7)))
        );
        fs::write(&place.about, r#"{"format":2,"object":"x","etag":"y","total":null}"#).unwrap();
        assert_eq!(place.about(), None);
    }
}
