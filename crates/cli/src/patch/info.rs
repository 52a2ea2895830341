//! `autoupdate patch info`: what a patch says about itself.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use delta::{Identity, Info};
use indicatif::HumanBytes;
use serde::Serialize;

use super::source::Source;
use super::{pair, size};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Show what a patch says about itself: format, files, memory, streams.
///
/// Reads the header alone and believes it; `patch verify` is what proves a patch.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The patch.
    patch: PathBuf,
}

/// The answer.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    file: &'a Path,
    /// The length of the patch in bytes.
    length: u64,
    #[serde(flatten)]
    info: &'a Info,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let patch = Source::open("PATCH", &self.patch)?;
        let (info, length) = (pair::info(&patch)?, patch.length());
        Ok(out.done(&Answer { file: &self.patch, length, info: &info }, &text(length, &info)))
    }
}

fn text(length: u64, info: &Info) -> String {
    let artifact = match info.artifact_sha256 {
        Some(sha256) => pair::told(&Identity { length: info.artifact_length, sha256 }),
        None => format!("{} bytes, SHA-256 not said", info.artifact_length),
    };
    let share = size::basis_points(length, info.artifact_length);
    let share = share.map(|share| format!(", {} of the artifact", size::percent(share))).unwrap_or_default();
    let base = info.base.as_ref().map_or_else(|| "not said".to_owned(), pair::told);
    let mut text = format!(
        "format    {}\npatch     {length} bytes{share}\nbase      {base}\nartifact  {artifact}\n\
         memory    {} to apply\n\n{:<14} {:>14} {:>14}",
        info.format,
        HumanBytes(info.memory),
        "stream",
        "plain bytes",
        "packed bytes"
    );
    let count = |bytes: Option<u64>| bytes.map_or_else(|| "not said".to_owned(), |bytes| bytes.to_string());
    for stream in &info.streams {
        let (plain, packed) = (count(stream.plain), count(stream.packed));
        let _ = write!(text, "\n{:<14} {plain:>14} {packed:>14}", stream.name);
    }
    text
}
