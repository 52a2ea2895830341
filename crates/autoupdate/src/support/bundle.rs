//! What somebody who helps needs to see, as named texts without what is nobody's business.
//!
//! | name | what |
//! |---|---|
//! | as given | what the engine answered |
//! | `config/…` | settings and enrolments, of the person and of the administrator |
//! | `log/…` | the end of the desktop app's logs |
//!
//! Left out: keys, tokens, the id of this installation, metadata. Masked everywhere: the home folder, the person's name
//! where it stands alone, and names and passwords in URLs. It leaves the machine only if the person sends it.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::redact::Redactor;
use crate::store::Folders;

/// How much of a file is taken, its end; in bytes.
const MAX_FILE: u64 = 512 << 10;
/// Files of one folder that are taken.
const MAX_FILES: usize = 32;

/// Name and text of everything, with what was `told` first. Blocks.
#[must_use]
pub fn bundle(folders: &Folders, told: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut files = told;
    for (name, folder) in [("person", &folders.config), ("machine", &folders.machine)] {
        files.extend(texts(&format!("config/{name}"), folder, "toml"));
        files.extend(texts(&format!("config/{name}/apps.d"), &folder.join("apps.d"), "toml"));
    }
    files.extend(texts("log", &folders.state.join("log"), "log"));
    let redactor = Redactor::of_this_person();
    for (_, text) in &mut files {
        *text = redactor.redact(text);
    }
    files
}

/// The ends of the files of a folder. What cannot be read says so in its place.
fn texts(name: &str, folder: &Path, extension: &str) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension) && path.is_file());
    paths.sort();
    // Logs are named by their day: the newest count.
    let newest = paths.split_off(paths.len().saturating_sub(MAX_FILES));
    let text = |path: &PathBuf| end_of(path).unwrap_or_else(|error| format!("cannot be read: {error}"));
    let named = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    newest.iter().map(|path| (format!("{name}/{}", named(path)), text(path))).collect()
}

fn end_of(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let begin = file.metadata()?.len().saturating_sub(MAX_FILE);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
