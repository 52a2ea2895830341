//! `autoupdate diff`: what publishing would change, before anything is signed.

use std::path::PathBuf;

use protocol::{Artifact, Release};
use serde::Deserialize as _;
use serde_json::{Value, json};
use signing::{Change, Repository};

use super::place::Place;
use super::report;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Show what publishing would change, before anything is signed.
///
/// Compares the draft with what is published in a folder or on a server, or without one with what was signed last.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository.
    #[arg(value_name = "REPO")]
    folder: PathBuf,
    /// Where it is published: the folder or base URL that `publish` got.
    #[arg(value_name = "DIR-or-URL")]
    place: Option<String>,
    /// Allow http:// beyond this machine.
    #[arg(long)]
    allow_http: bool,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let repository = Repository::open(&self.folder)?;
        let published = match &self.place {
            None => repository.tree().artifacts()?,
            Some(place) => {
                match Place::parse(place, &repository.settings().app, self.allow_http)?.published()? {
                    None => Vec::new(),
                    Some(published) => artifacts(&published.targets),
                }
            }
        };
        let changes = repository.changes(&published)?;
        let lines: Vec<String> = changes.iter().map(line).collect();
        let text = if lines.is_empty() { "no changes".to_owned() } else { lines.join("\n") };
        Ok(out.done(&json!({ "changes": changes }), &text))
    }
}

fn line(change: &Change) -> String {
    match change {
        Change::Added { artifact } => {
            format!(
                "+ {} ({}, {} bytes)",
                report::name(artifact),
                report::channels(artifact),
                artifact.length
            )
        }
        Change::Removed { artifact } => format!("- {}", report::name(artifact)),
        Change::Edited { before, after } if before.release.channels != after.release.channels => {
            format!("~ {}: {} -> {}", report::name(after), report::channels(before), report::channels(after))
        }
        Change::Edited { before, after } if before.sha256 != after.sha256 => {
            format!("! {}: other bytes ({} -> {})", report::name(after), before.sha256, after.sha256)
        }
        Change::Edited { after, .. } => {
            format!("~ {}: other notes, urgency or lowest system", report::name(after))
        }
    }
}

/// The artifacts in a targets file that nobody has verified: only for comparing.
pub(super) fn artifacts(targets: &[u8]) -> Vec<Artifact> {
    let file: Value = serde_json::from_slice(targets).unwrap_or_default();
    let none = serde_json::Map::new();
    let listed = file["signed"]["targets"].as_object().unwrap_or(&none);
    let artifact = |(path, target): (&String, &Value)| {
        let release = Release::deserialize(target.get("custom")?).ok()?;
        let sha256 = protocol::Digest::parse(target["hashes"]["sha256"].as_str()?).ok()?;
        Some(Artifact { path: path.clone(), length: target["length"].as_u64()?, sha256, release })
    };
    listed.iter().filter_map(artifact).collect()
}
