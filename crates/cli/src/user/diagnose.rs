//! `autoupdate diagnose`: what support needs to see, in one archive, without what is nobody's business.
//!
//! | file | what |
//! |---|---|
//! | `doctor.json` | what could stop an update: see [`super::doctor`] |
//! | `view.json` | what the engine shows |
//! | `history.json` | the last events |
//! | `config/…` | settings and enrolments, of the person and of the administrator |
//! | `log/…` | the end of the desktop app's logs |
//!
//! Left out: keys, tokens, the id of this installation, metadata. Masked in every file: the home folder, the person's name
//! where it stands alone, and names and passwords in URLs. It leaves the machine only if the person sends it.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use autoupdate::store::{Folders, Store};
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::doctor;
use super::redact::Redactor;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// The last events that are told.
const EVENTS: usize = 500;
/// How much of a file is taken, its end; in bytes.
const MAX_FILE: u64 = 512 << 10;
/// Files of one folder that are taken.
const MAX_FILES: usize = 32;

/// Writes the archive. One that is there already stays as it is.
pub(crate) fn run(out: &Path, output: &Output) -> Result<Exit, Failure> {
    // Before a check takes its time.
    let archive = create(out)?;
    let written = gather(output).and_then(|files| write(archive, out, &files).map(|()| files));
    let files = written.inspect_err(|_| {
        // It is ours and of no use; the error that is told is the first.
        let _gone = fs::remove_file(out);
    })?;
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let told = format!(
        "{} holds {}\nlook at it before you send it: it stays here until you do",
        out.display(),
        names.join(", ")
    );
    Ok(output.done(&json!({ "file": out, "holds": names }), &told))
}

/// Name and text of each file, with everything taken out that is nobody's business.
fn gather(output: &Output) -> Result<Vec<(String, String)>, Failure> {
    let folders = Folders::of_user().map_err(|error| Failure::of(error.fault(), &error))?;
    let (report, view) = doctor::examine(None, output)?;
    let history = Store::new(folders.clone()).history().last(EVENTS);
    let history = history.map_err(|error| Failure::of(error.fault(), &error))?;
    let mut files = vec![
        ("doctor.json".to_owned(), pretty(&report)),
        ("view.json".to_owned(), pretty(&view)),
        ("history.json".to_owned(), pretty(&history)),
    ];
    for (name, folder) in [("person", &folders.config), ("machine", &folders.machine)] {
        files.extend(texts(&format!("config/{name}"), folder, "toml"));
        files.extend(texts(&format!("config/{name}/apps.d"), &folder.join("apps.d"), "toml"));
    }
    files.extend(texts("log", &folders.state.join("log"), "log"));
    let redactor = Redactor::of_this_person();
    for (_, text) in &mut files {
        *text = redactor.redact(text);
    }
    Ok(files)
}

fn pretty(what: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(what).unwrap_or_default()
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

/// Makes the archive's file, for its person alone.
fn create(out: &Path) -> Result<File, Failure> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(out).map_err(|source| Failure::Io { doing: "make", path: out.to_owned(), source })
}

fn write(archive: File, out: &Path, files: &[(String, String)]) -> Result<(), Failure> {
    let failed = |source| Failure::Io { doing: "write", path: out.to_owned(), source };
    let mut archive = ZipWriter::new(archive);
    for (name, text) in files {
        archive
            .start_file(name.as_str(), SimpleFileOptions::default())
            .map_err(|error| failed(error.into()))?;
        archive.write_all(text.as_bytes()).map_err(failed)?;
    }
    archive.finish().map(drop).map_err(|error| failed(error.into()))
}
