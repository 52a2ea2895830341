//! A random id of this installation. It decides who is early in a rollout and never leaves the machine.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::lock::Lock;
use super::{Error, atomic};

const FORMAT: u32 = 1;
const MAX_BYTES: u64 = 4 << 10;

/// 32 lower-case hexadecimal digits, drawn once.
#[derive(Clone, PartialEq, Eq)]
pub struct InstallationId(String);

#[derive(Serialize, Deserialize)]
struct File {
    format: u32,
    id: String,
}

impl InstallationId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An id from its text; `None` if it is not 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let good = text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        good.then(|| Self(text.to_owned()))
    }

    pub(super) fn load_or_make(path: &Path) -> Result<Self, Error> {
        if let Some(Some(id)) = Self::read(path)? {
            return Ok(id);
        }
        // Two who draw at once must come to the same.
        let _lock = Lock::of(path)?;
        match Self::read(path)? {
            Some(Some(id)) => return Ok(id),
            Some(None) => atomic::set_aside(path, "it holds no installation id"),
            None => {}
        }
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(Error::Random)?;
        let id = Self(hex::encode(random));
        let bytes = serde_json::to_vec(&File { format: FORMAT, id: id.0.clone() });
        let bytes = bytes.map_err(|error| Error::write(path, std::io::Error::other(error)))?;
        atomic::write(path, &bytes)?;
        Ok(id)
    }

    /// The id in the file, if it holds one; `None` without a file.
    fn read(path: &Path) -> Result<Option<Option<Self>>, Error> {
        let Some(bytes) = atomic::read(path, MAX_BYTES)? else { return Ok(None) };
        let file = serde_json::from_slice::<File>(&bytes).ok().filter(|file| file.format == FORMAT);
        Ok(Some(file.and_then(|file| Self::parse(&file.id))))
    }
}

impl fmt::Debug for InstallationId {
    /// Without the id: it must not get into logs that people send away.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstallationId")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_is_drawn_once_and_survives_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/installation.json");
        let first = InstallationId::load_or_make(&path).unwrap();
        assert_eq!(InstallationId::load_or_make(&path).unwrap(), first);
        for bad in [
            "",
            "{}",
            r#"{"format":1,"id":"../../x"}"#,
            r#"{"format":9,"id":"00000000000000000000000000000000"}"#,
        ] {
            fs::write(&path, bad).unwrap();
            assert_ne!(InstallationId::load_or_make(&path).unwrap(), first, "{bad}");
        }
    }

    #[test]
    fn all_who_draw_at_once_get_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("installation.json");
        for before in [None, Some("damaged")] {
            fs::remove_file(&path).ok();
            if let Some(text) = before {
                fs::write(&path, text).unwrap();
            }
            let all: Vec<_> = std::thread::scope(|scope| {
                let draw = || InstallationId::load_or_make(&path).unwrap();
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(draw)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(all.iter().all(|id| *id == InstallationId::load_or_make(&path).unwrap()));
        }
    }

    #[test]
    fn the_golden_file_of_format_1_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("installation.json");
        fs::write(&path, include_str!("../../fixtures/v1/installation.json")).unwrap();
        let id = InstallationId::load_or_make(&path).unwrap();
        assert_eq!(id.as_str(), "0123456789abcdef0123456789abcdef");
    }
}
