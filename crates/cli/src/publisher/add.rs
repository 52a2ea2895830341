//! `autoupdate add`: one file of a release, for one platform.

use std::path::PathBuf;

use protocol::{Channel, Language, Platform, Urgency, Version};
use signing::{NewRelease, Repository};

use super::{options, report};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Add a release for one platform to the draft. Nobody sees it before `publish`.
///
/// FILE is the executable as users have it on disk; its name becomes part of the object's name. Call it once per platform.
/// Adding the same again changes nothing; other bytes under the same version are refused.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository.
    #[arg(value_name = "REPO")]
    folder: PathBuf,
    /// The executable.
    file: PathBuf,
    /// Its version, for example 7.2.0 or 7.3.0-beta.1.
    #[arg(long)]
    version: Version,
    /// Where it runs, for example linux-x86_64, macos-aarch64, windows-x86_64.
    #[arg(long)]
    platform: Platform,
    /// A channel that offers it. May be repeated.
    #[arg(long, default_value = "stable")]
    channel: Vec<Channel>,
    /// Sign it, but offer it to nobody yet; `promote` offers it.
    #[arg(long, conflicts_with = "channel")]
    unoffered: bool,
    /// Release notes in Markdown, for example en=notes.md. May be repeated.
    #[arg(long, value_name = "LANGUAGE=FILE", value_parser = options::notes)]
    notes: Vec<(Language, PathBuf)>,
    /// The lowest version of the operating system, as that system counts it.
    #[arg(long)]
    min_os: Option<String>,
    /// It mends a dangerous fault: users are reminded daily.
    #[arg(long)]
    critical: bool,
    /// Do not write the compressed twin beside it.
    #[arg(long)]
    no_twin: bool,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let repository = Repository::open(&self.folder)?;
        let artifact = repository.add(&NewRelease {
            version: self.version,
            platform: self.platform,
            file: self.file,
            notes: self.notes.into_iter().collect(),
            channels: if self.unoffered { Vec::new() } else { self.channel },
            min_os: self.min_os,
            urgency: if self.critical { Urgency::Critical } else { Urgency::Normal },
            twin: !self.no_twin,
        })?;
        let text = format!(
            "added {}: {} bytes, SHA-256 {}, {}\nnext: autoupdate publish {} DIR-or-URL",
            report::name(&artifact),
            artifact.length,
            artifact.sha256,
            report::channels(&artifact),
            self.folder.display()
        );
        Ok(out.done(&artifact, &text))
    }
}
