//! `autoupdate patch verify`: whether a patch turns one file into another.

use std::io;
use std::path::PathBuf;

use delta::{Expected, Identity, Limits};
use serde_json::json;

use super::pair::{Pair, told};
use super::size;
use super::source::{Source, all_different};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// See whether a patch turns BASE into NEW, byte for byte. Writes nothing.
///
/// Exit code 0 means that it does. Otherwise the error says which of the three files does not fit: the header of a patch names
/// both others, but for formats such as bsdiff40.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file that the patch starts from.
    base: PathBuf,
    /// The file that it should lead to.
    new: PathBuf,
    /// The patch.
    patch: PathBuf,
    /// The most memory that applying may take, for example 512MiB.
    #[arg(long, value_name = "SIZE", default_value = "128MiB", value_parser = size::parse)]
    memory: u64,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        all_different(&[("BASE", &self.base), ("NEW", &self.new), ("PATCH", &self.patch)])?;
        let pair = Pair::open(&self.base, &self.patch)?;
        let new = Source::open("NEW", &self.new)?;
        let (base, artifact) = (pair.base().identity()?, new.identity()?);
        if let Some(failure) = misfit(&pair, &base, &new, &artifact) {
            return Err(failure);
        }
        let expected = Expected { length: artifact.length, sha256: artifact.sha256 };
        let bar = out.bar();
        bar.set_message("applying");
        bar.set_length(expected.length);
        let limits = Limits { memory: self.memory };
        let applied = pair.apply(bar.wrap_write(io::sink()), new.path(), &expected, &limits);
        bar.finish_and_clear();
        applied?;

        let info = pair.info();
        let answer =
            json!({ "format": info.format, "base": base, "artifact": artifact, "memory": info.memory });
        let text = format!("{} turns {} into {}", pair.name(), self.base.display(), self.new.display());
        Ok(out.done(&answer, &text))
    }
}

/// What the patch's header says against the files, before any work.
fn misfit(pair: &Pair, base: &Identity, new: &Source, artifact: &Identity) -> Option<Failure> {
    let info = pair.info();
    let other_new = info.artifact_length != artifact.length
        || info.artifact_sha256.is_some_and(|sha256| sha256 != artifact.sha256);
    let other_base = pair.other_base(base);
    if !other_new {
        return other_base;
    }
    let leads = match info.artifact_sha256 {
        Some(sha256) => told(&Identity { length: info.artifact_length, sha256 }),
        None => format!("{} bytes", info.artifact_length),
    };
    let neither = if other_base.is_some() { ", and from another base, too" } else { "" };
    Some(Failure::Patch {
        code: "E-PATCH-ARTIFACT",
        path: new.path().to_owned(),
        why: format!(
            "{} leads to another file, {leads}{neither}; this one has {}",
            pair.name(),
            told(artifact)
        ),
        advice: "give the file that the patch was made for",
    })
}
