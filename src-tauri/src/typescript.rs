//! The window's types, made from ours. `cargo xtask codegen` writes them, and this test fails where they are stale.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ts_rs::TS as _;

#[test]
fn types_of_the_window_are_fresh() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("ui/src/generated");
    let fresh = tempfile::tempdir().unwrap();
    // Lengths and times stay far below 2^53, so that JavaScript's numbers hold them.
    let config = ts_rs::Config::new().with_large_int("number").with_out_dir(fresh.path());
    crate::face::Shown::export_all(&config).unwrap();
    crate::notes::Block::export_all(&config).unwrap();
    autoupdate::store::Entry::export_all(&config).unwrap();
    autoupdate::support::Examined::export_all(&config).unwrap();
    autoupdate::support::Settings::export_all(&config).unwrap();
    if std::env::var_os("AUTOUPDATE_CODEGEN").is_some() {
        let _old = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in files(fresh.path()) {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let (fresh, found) = (files(fresh.path()), files(&folder));
    let stale: Vec<_> = fresh.iter().filter(|(name, text)| found.get(*name) != Some(*text)).collect();
    assert!(
        stale.is_empty(),
        "stale, run `cargo xtask codegen`: {:?}",
        stale.iter().map(|(name, _)| name).collect::<Vec<_>>()
    );
    let gone: Vec<_> = found.keys().filter(|name| !fresh.contains_key(*name)).collect();
    assert!(gone.is_empty(), "not made any more, run `cargo xtask codegen`: {gone:?}");
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    let file = |entry: fs::DirEntry| {
        (entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(|entry| file(entry.unwrap())).collect()
}
