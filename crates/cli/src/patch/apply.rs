//! `autoupdate patch apply`: a base and a patch give a file.

use std::path::PathBuf;

use delta::{Expected, Info, Limits};
use protocol::Digest;
use serde_json::json;

use super::fresh::{Access, Place};
use super::interruption::Watch;
use super::pair::Pair;
use super::size;
use super::source::all_different;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Apply a patch: OUT is what BASE becomes.
///
/// The length and the SHA-256 of the result are those that you give, else those in the patch. A patch is as good as its source:
/// without --sha256 you get what its maker meant. OUT gets its name when it is whole, with the access rights of BASE.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file that the patch starts from. It stays as it is.
    base: PathBuf,
    /// The patch.
    patch: PathBuf,
    /// Where the result is written.
    out: PathBuf,
    /// The SHA-256 that the result must have; needed for formats that name none, such as bsdiff40.
    #[arg(long, value_name = "HEX")]
    sha256: Option<Digest>,
    /// The length in bytes that the result must have.
    #[arg(long, value_name = "BYTES")]
    length: Option<u64>,
    /// The most memory that applying may take, for example 512MiB.
    #[arg(long, value_name = "SIZE", default_value = "128MiB", value_parser = size::parse)]
    memory: u64,
    /// Replace OUT if it is there.
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        all_different(&[("BASE", &self.base), ("PATCH", &self.patch), ("OUT", &self.out)])?;
        let place = Place::new("OUT", self.out, self.force)?;
        let pair = Pair::open(&self.base, &self.patch)?;
        let expected = expected(pair.info(), self.length, self.sha256)?;
        let (format, limits) = (pair.info().format.clone(), Limits { memory: self.memory });
        let access = Access::Like(pair.base().metadata().permissions());

        let watch = Watch::start()?;
        let fresh = place.fresh(access)?;
        let (file, bar, path) = (fresh.file()?, out.bar(), place.path().to_owned());
        bar.set_message("applying");
        bar.set_length(expected.length);
        watch.run(place.path(), move || {
            let applied = pair.apply(bar.wrap_write(file), &path, &expected, &limits);
            bar.finish_and_clear();
            applied
        })?;
        fresh.keep()?;

        let Expected { length, sha256 } = expected;
        let answer = json!({ "file": place.path(), "format": format, "length": length, "sha256": sha256 });
        let text = format!("{}: {length} bytes, SHA-256 {sha256}", place.path().display());
        Ok(out.done(&answer, &text))
    }
}

/// What the result must be: what the person says counts before what the patch says.
fn expected(info: &Info, length: Option<u64>, sha256: Option<Digest>) -> Result<Expected, Failure> {
    let sha256 = sha256.or(info.artifact_sha256).ok_or_else(|| Failure::Option {
        option: "--sha256",
        why: format!(
            "a patch of format {} does not say what it gives: give the SHA-256 of the file that you want, \
             from whoever made it",
            info.format
        ),
    })?;
    Ok(Expected { length: length.unwrap_or(info.artifact_length), sha256 })
}
