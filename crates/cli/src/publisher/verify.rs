//! `autoupdate verify`: what a client would say about a folder or a server.

use std::path::PathBuf;

use jiff::Timestamp;
use protocol::{AppId, Arch, Artifact, Channel, Digest, MAX_ROLLOUT_BYTES, Os, Platform, Rollout, object};
use serde_json::json;
use signing::{Settings, WalkError};
use trust::{Control, Stored, Verified};

use super::place::Place;
use super::{refresh, report};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Answer as a client would: walk the metadata from a pinned root, download the artifacts and compare them.
///
/// Exit code 0 means that a client at this moment accepts everything; 5 that metadata has expired. Nothing in the
/// folder or on the server is believed, so the root must come from you: --root, --root-sha256 or --repository.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder or base URL that `publish` got.
    #[arg(value_name = "DIR-or-URL")]
    place: String,
    /// The root to begin with, as users have it.
    #[arg(long, value_name = "FILE", group = "pin")]
    root: Option<PathBuf>,
    /// The SHA-256 of root 1, which is then read from the place itself.
    #[arg(long, value_name = "HEX", group = "pin")]
    root_sha256: Option<Digest>,
    /// The repository it was published from: its first root is taken, and its app.
    #[arg(long, value_name = "REPO", group = "pin")]
    repository: Option<PathBuf>,
    /// The app, where the folder holds more than one, or for a URL.
    #[arg(long)]
    app: Option<AppId>,
    /// Download the artifacts of this platform. May be repeated. [default: this machine's]
    #[arg(long)]
    platform: Vec<Platform>,
    /// Download the artifacts of every platform.
    #[arg(long, conflicts_with = "platform")]
    all: bool,
    /// Allow http:// beyond this machine.
    #[arg(long)]
    allow_http: bool,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let app = self.app()?;
        let place = Place::parse(&self.place, &app, self.allow_http)?;
        let root = self.pinned(&place)?;
        let walked =
            signing::walk(&root, &Stored::default(), Timestamp::now(), |name, limit| place.read(name, limit));
        let verified = walked.map_err(|error| match error {
            WalkError::Read(failure) => failure,
            WalkError::Missing(object) => Failure::Missing(object),
            WalkError::Refused { object, why } => Failure::Refused { object, why },
        })?;
        let mut artifacts = Vec::new();
        for platform in self.platforms() {
            for artifact in verified.artifacts(&app, platform) {
                compare(&place, &artifact.path, &artifact.sha256, artifact.length)?;
                notes(&place, &verified, &artifact)?;
                artifacts.push(artifact);
            }
        }
        rollouts(&place, &verified, &app, &artifacts)?;
        let (version, until) = (verified.root_version(), verified.freshness().valid_until());
        let text = format!(
            "{app}: good. root version {version}, fresh until {until}, {} artifacts compared\n{}",
            artifacts.len(),
            report::table(&artifacts)
        );
        let answer = json!({ "app": app, "root": version, "valid_until": until, "artifacts": artifacts });
        Ok(out.done(&answer, &text))
    }

    fn app(&self) -> Result<AppId, Failure> {
        if let Some(app) = &self.app {
            return Ok(app.clone());
        }
        if let Some(repository) = &self.repository {
            return Ok(Settings::read(&repository.join(Settings::FILE))?.app);
        }
        if self.place.contains("://") {
            return Err(Failure::Option {
                option: "--app",
                why: "a server may hold many: say which".to_owned(),
            });
        }
        refresh::only_app(self.place.as_ref())
    }

    fn pinned(&self, place: &Place) -> Result<Vec<u8>, Failure> {
        let first = object::metadata("root", 1);
        let limit = trust::LIMITS.root_bytes;
        let read = |path: PathBuf| -> Result<Vec<u8>, Failure> {
            let length = std::fs::metadata(&path).map_err(Failure::io("read", &path))?.len();
            if length > limit {
                return Err(signing::Error::TooLong { what: path.display().to_string(), limit }.into());
            }
            std::fs::read(&path).map_err(Failure::io("read", &path))
        };
        match (&self.root, &self.root_sha256, &self.repository) {
            (Some(root), ..) => read(root.clone()),
            (_, _, Some(repository)) => read(repository.join("public").join(first)),
            (_, Some(sha256), _) => {
                let bytes = place.read(&first, limit)?.ok_or_else(|| Failure::Missing(first.clone()))?;
                if Digest::of(&bytes) == *sha256 {
                    return Ok(bytes);
                }
                Err(Failure::Damaged { object: first, why: "its SHA-256 is not the pinned one" })
            }
            (None, None, None) => Err(Failure::Option {
                option: "--root",
                why: "say which root to begin with: --root, --root-sha256 or --repository".to_owned(),
            }),
        }
    }

    fn platforms(&self) -> Vec<Platform> {
        if self.all {
            let with =
                |os: &Os| Arch::ALL.iter().map(|arch| Platform { os: *os, arch: *arch }).collect::<Vec<_>>();
            return Os::ALL.iter().flat_map(with).collect();
        }
        if self.platform.is_empty() {
            Platform::current().into_iter().collect()
        } else {
            self.platform.clone()
        }
    }
}

/// Downloads an object and compares it with what was signed.
fn compare(place: &Place, path: &str, sha256: &Digest, length: u64) -> Result<(), Failure> {
    let object = object::target(path, sha256)?;
    let Some((found, bytes)) = place.digest(&object, length)? else { return Err(Failure::Missing(object)) };
    if bytes != length {
        return Err(Failure::Damaged { object, why: "its length differs" });
    }
    if found != *sha256 {
        return Err(Failure::Damaged { object, why: "its SHA-256 differs" });
    }
    Ok(())
}

fn notes(place: &Place, verified: &Verified, artifact: &Artifact) -> Result<(), Failure> {
    for path in artifact.release.notes.values() {
        let target =
            verified.target_in(trust::TARGETS, path).or_else(|| verified.target_in(trust::INGEST, path));
        let target = target.ok_or_else(|| Failure::Missing(path.clone()))?;
        compare(place, path, &target.sha256, target.length)?;
    }
    Ok(())
}

/// Every channel in use has a rollout that clients can read.
fn rollouts(place: &Place, verified: &Verified, app: &AppId, artifacts: &[Artifact]) -> Result<(), Failure> {
    let mut channels: Vec<&Channel> =
        artifacts.iter().flat_map(|artifact| &artifact.release.channels).collect();
    channels.sort_unstable();
    channels.dedup();
    for channel in channels {
        let path = object::rollout_path(channel);
        match verified.rollout_target(channel) {
            Control::Open => {}
            Control::Unverified => return Err(Failure::Missing(path)),
            Control::Target(target) => {
                let object = object::target(&path, &target.sha256)?;
                let bytes = place
                    .read(&object, MAX_ROLLOUT_BYTES)?
                    .ok_or_else(|| Failure::Missing(object.clone()))?;
                target.check(&bytes).map_err(|why| Failure::Refused { object, why })?;
                Rollout::parse(&bytes, app, channel)?;
            }
        }
    }
    Ok(())
}
