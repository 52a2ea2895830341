//! `autoupdate diagnose`: what support needs to see, in one archive, without what is nobody's business.
//!
//! `doctor.json` is what could stop an update ([`super::doctor`]), `view.json` what the engine shows, `history.json` the last events;
//! what else there is and what is taken out says [`autoupdate::support::bundle`].

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use autoupdate::store::{Folders, Store};
use autoupdate::support::bundle;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::doctor;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// The last events that are told.
const EVENTS: usize = 500;
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
    let told = vec![
        ("doctor.json".to_owned(), pretty(&report)),
        ("view.json".to_owned(), pretty(&view)),
        ("history.json".to_owned(), pretty(&history)),
    ];
    Ok(bundle(&folders, told))
}

fn pretty(what: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(what).unwrap_or_default()
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
