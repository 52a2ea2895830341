//! What was told already, on disk: a notification is shown once per version, also when the app was started again.

use std::path::PathBuf;

use autoupdate::store::{self, Folders};
use serde::{Deserialize, Serialize};

use crate::notice::Told;

const FORMAT: u32 = 1;
/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 256 << 10;

#[derive(Serialize, Deserialize)]
struct File {
    format: u32,
    #[serde(flatten)]
    told: Told,
}

fn path(folders: &Folders) -> PathBuf {
    folders.state.join("told.json")
}

/// What was told. A file that is damaged or of another format counts as none: then something is told twice.
#[must_use]
pub fn load(folders: &Folders) -> Told {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let read =
        std::fs::File::open(path(folders)).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    let file = read.ok().and_then(|_| serde_json::from_slice::<File>(&bytes).ok());
    file.filter(|file| file.format == FORMAT).map(|file| file.told).unwrap_or_default()
}

/// Keeps what was told.
///
/// # Errors
/// The file cannot be written.
pub fn save(folders: &Folders, told: &Told) -> Result<(), store::Error> {
    let path = path(folders);
    let bytes = serde_json::to_vec(&File { format: FORMAT, told: told.clone() })
        .map_err(|error| store::Error::Write { path: path.clone(), source: error.into() })?;
    store::write_atomically(&path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_golden_file_of_format_1_is_read_and_written_alike() {
        let golden = include_str!("../fixtures/v1/told.json").trim();
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(folder.path());
        assert_eq!(load(&folders), Told::default());
        std::fs::create_dir_all(&folders.state).unwrap();
        std::fs::write(path(&folders), golden).unwrap();
        let told = load(&folders);
        assert_eq!((told.ready.len(), told.undone.len()), (1, 1));
        save(&folders, &told).unwrap();
        assert_eq!(std::fs::read_to_string(path(&folders)).unwrap(), golden);
        for bad in ["", "{", &golden.replace("\"format\":1", "\"format\":2")] {
            std::fs::write(path(&folders), bad).unwrap();
            assert_eq!(load(&folders), Told::default(), "{bad}");
        }
    }

    /// What format 1 has learned since.
    #[test]
    fn what_waits_and_what_does_not_work_is_read_and_written_alike() {
        let golden = include_str!("../fixtures/v1/told-later.json").trim();
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(folder.path());
        std::fs::create_dir_all(&folders.state).unwrap();
        std::fs::write(path(&folders), golden).unwrap();
        let told = load(&folders);
        assert_eq!(
            (told.waiting.len(), told.updated.len(), told.good.len(), told.failing.len()),
            (1, 1, 1, 1)
        );
        save(&folders, &told).unwrap();
        assert_eq!(std::fs::read_to_string(path(&folders)).unwrap(), golden);
    }

    #[test]
    fn that_there_is_no_tray_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::below(folder.path());
        let told = Told { no_tray: true, ..Told::default() };
        save(&folders, &told).unwrap();
        assert_eq!(load(&folders), told);
    }
}
