//! When each version was seen here first, so that an administrator can let others try it before. The publisher's own date is not
//! asked: whoever holds a server could set it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;
use protocol::{AppId, Version};
use serde::{Deserialize, Serialize};

use super::lock::Lock;
use super::{Error, atomic};

const FORMAT: u32 = 1;
const MAX_BYTES: u64 = 256 << 10;
/// Versions per app; the lowest go first. No list of a publisher is longer.
const MAX_PER_APP: usize = 128;

#[derive(Default, Serialize, Deserialize)]
struct File {
    format: u32,
    apps: BTreeMap<AppId, BTreeMap<Version, Timestamp>>,
}

/// The file of first sightings.
#[derive(Debug, Clone)]
pub struct Sightings {
    path: PathBuf,
}

impl Sightings {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Notes versions that are seen now, and gives when each was seen first.
    ///
    /// # Errors
    /// [`Error`].
    pub fn note(
        &self,
        app: &AppId,
        versions: &[Version],
        now: Timestamp,
    ) -> Result<BTreeMap<Version, Timestamp>, Error> {
        let known = self.read()?.unwrap_or_default();
        let of_app = known.apps.get(app);
        if versions.iter().all(|version| of_app.is_some_and(|seen| seen.contains_key(version))) {
            return Ok(known.apps.get(app).cloned().unwrap_or_default());
        }
        let _lock = Lock::of(&self.path)?;
        let mut file = self.read()?.unwrap_or_else(|damage| {
            atomic::set_aside(&self.path, &damage);
            File::default()
        });
        let seen = file.apps.entry(app.clone()).or_default();
        for version in versions {
            seen.entry(version.clone()).or_insert(now);
        }
        while seen.len() > MAX_PER_APP {
            seen.pop_first();
        }
        let seen = seen.clone();
        file.format = FORMAT;
        let bytes = serde_json::to_vec(&file).map_err(|error| Error::write(&self.path, error.into()))?;
        atomic::write(&self.path, &bytes)?;
        Ok(seen)
    }

    /// The file, or what is wrong with it.
    fn read(&self) -> Result<Result<File, String>, Error> {
        let Some(bytes) = atomic::read(&self.path, MAX_BYTES)? else { return Ok(Ok(File::default())) };
        Ok(match serde_json::from_slice::<File>(&bytes) {
            Ok(file) if file.format == FORMAT => Ok(file),
            Ok(file) => Err(format!("format {} is not known", file.format)),
            Err(error) => Err(error.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{app, noon, time, version};

    #[test]
    fn the_first_time_counts_and_the_file_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let sightings = Sightings::at(folder.path().join("sightings.json"));
        let (early, late) = (noon(), time("2030-06-08T12:00:00Z"));
        sightings.note(&app(), &[version("1.0.0")], early).unwrap();
        let seen = sightings.note(&app(), &[version("1.0.0"), version("1.1.0")], late).unwrap();
        assert_eq!(seen, BTreeMap::from([(version("1.0.0"), early), (version("1.1.0"), late)]));
        let many: Vec<_> = (0..MAX_PER_APP).map(|n| version(&format!("2.0.{n}"))).collect();
        let seen = sightings.note(&app(), &many, late).unwrap();
        assert_eq!((seen.len(), seen.first_key_value().unwrap().0), (MAX_PER_APP, &version("2.0.0")));
    }

    #[test]
    fn the_golden_file_of_format_1_is_read_and_written_alike() {
        let golden = include_str!("../../fixtures/v1/sightings.json").trim();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sightings.json");
        std::fs::write(&path, golden).unwrap();
        let seen = Sightings::at(path.clone())
            .note(&app(), &[version("1.1.0")], time("2031-01-01T00:00:00Z"))
            .unwrap();
        assert_eq!(seen, BTreeMap::from([(version("1.1.0"), noon())]));
        std::fs::remove_file(&path).unwrap();
        Sightings::at(path.clone()).note(&app(), &[version("1.1.0")], noon()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), golden);
        // A damaged one begins anew.
        std::fs::write(&path, "{").unwrap();
        Sightings::at(path.clone()).note(&app(), &[version("1.1.0")], noon()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), golden);
    }
}
