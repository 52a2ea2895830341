//! What is staged, remembered over a restart of the engine: the offer, and what getting it cost.
//!
//! Only for the View and the history: what may be activated is what the place's journal says is staged. If this file is lost,
//! the next check finds the offer again and the stage is used as it is.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use protocol::AppId;
use serde::{Deserialize, Serialize};

use crate::machine::Ready;
use crate::store::{self, Store};

const FORMAT: u32 = 1;
const MAX_BYTES: u64 = 256 << 10;

#[derive(Serialize, Deserialize)]
struct File {
    format: u32,
    ready: Ready,
}

fn path(store: &Store, app: &AppId) -> PathBuf {
    store.folders().state.join("pending").join(format!("{app}.json"))
}

/// What is staged, if that is known.
pub(super) fn load(store: &Store, app: &AppId) -> Option<Ready> {
    let mut bytes = Vec::new();
    fs::File::open(path(store, app)).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    let file: File = serde_json::from_slice(&bytes).ok()?;
    (file.format == FORMAT).then_some(file.ready)
}

/// Remembers what is staged.
pub(super) fn save(store: &Store, app: &AppId, ready: &Ready) -> Result<(), store::Error> {
    let path = path(store, app);
    let bytes = serde_json::to_vec(&File { format: FORMAT, ready: ready.clone() })
        .map_err(|error| store::Error::Write { path: path.clone(), source: error.into() })?;
    store::write_atomically(&path, &bytes)
}

/// Forgets it.
pub(super) fn forget(store: &Store, app: &AppId) {
    match fs::remove_file(path(store, app)) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => tracing::debug!(%app, %error, "cannot forget what was staged"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Cost;
    use crate::store::Folders;
    use crate::testing::{app, offer};
    use crate::view::{FallbackView, RouteView};

    fn ready() -> Ready {
        let fallback =
            FallbackView { route: RouteView::Full, code: "E-NET-SLOW".to_owned(), text: "slow".to_owned() };
        let cost = Cost {
            route: Some(RouteView::CompressedFull),
            bytes_fetched: 5,
            patches_fetched: 0,
            milliseconds: 7,
            fallbacks: vec![fallback],
        };
        Ready { offer: offer("1.1.0"), cost }
    }

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(Folders::below(folder.path()));
        (folder, store)
    }

    #[test]
    fn it_is_kept_until_it_is_forgotten() {
        let (_guard, store) = store();
        assert_eq!(load(&store, &app()), None);
        save(&store, &app(), &ready()).unwrap();
        assert_eq!(load(&store, &app()), Some(ready()));
        forget(&store, &app());
        forget(&store, &app());
        assert_eq!(load(&store, &app()), None);
    }

    #[test]
    fn what_is_damaged_or_newer_counts_as_nothing() {
        let (_guard, store) = store();
        save(&store, &app(), &ready()).unwrap();
        let file = path(&store, &app());
        let newer = fs::read_to_string(&file).unwrap().replace("\"format\":1", "\"format\":2");
        for bad in [newer.as_str(), "", "{", "[]"] {
            fs::write(&file, bad).unwrap();
            assert_eq!(load(&store, &app()), None, "{bad}");
        }
    }

    #[test]
    fn the_golden_file_of_format_1_is_read_and_written_alike() {
        let golden = include_str!("../../fixtures/v1/pending.json").trim();
        let (_guard, store) = store();
        save(&store, &app(), &ready()).unwrap();
        assert_eq!(fs::read_to_string(path(&store, &app())).unwrap(), golden);
        fs::write(path(&store, &app()), golden).unwrap();
        assert_eq!(load(&store, &app()), Some(ready()));
    }
}
