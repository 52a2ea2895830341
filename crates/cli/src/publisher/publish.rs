//! `autoupdate publish`: sign what is drafted, and bring it to where clients read it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use protocol::{Artifact, BasisPoints, ReleaseRollout, Rollout, object};
use serde_json::{Value, json};
use signing::{Publication, Repository};

use super::http::Token;
use super::passphrase::Unlocking;
use super::place::{Place, Published};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// Sign the draft and publish it, to a folder or to an update server.
///
/// DIR gets the objects in DIR/apps/APP, the timestamp last, so that any web server can serve it at any moment; a URL is an
/// update server's base URL: missing objects are uploaded, then the signed list is handed over, and the server, which
/// verifies it, makes it visible. A server has a rollout of its own: what `rollout` changed only here is refused, not lost.
/// Publishing again changes nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The repository.
    #[arg(value_name = "REPO")]
    folder: PathBuf,
    /// A folder that a web server serves, or an update server's base URL.
    #[arg(value_name = "DIR-or-URL")]
    place: String,
    /// File (0600) whose first line is the upload token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Allow http:// beyond this machine.
    #[arg(long)]
    allow_http: bool,
    #[command(flatten)]
    unlocking: Unlocking,
}

impl Args {
    pub(crate) fn run(self, out: &Output) -> Result<Exit, Failure> {
        let repository = Repository::open(&self.folder)?;
        let mut place = Place::parse(&self.place, &repository.settings().app, self.allow_http)?;
        if let Place::Server(http) = &mut place {
            http.set_token(self.token_file.as_deref().map(Token::from_file).transpose()?);
        }
        // Before anything is signed: a version that somebody else took would have to be given back.
        let published = place.published()?;
        ours(&repository, published.as_ref(), &self.place)?;
        if let Place::Server(_) = &place {
            self.keeps_rollouts(&repository, &place, published.as_ref())?;
        }
        let mut unlock = self.unlocking.unlock();
        if repository.has_draft()? {
            let signed = repository.sign(&mut unlock, Timestamp::now())?;
            out.note(&format!("signed targets version {}, valid until {}", signed.targets, signed.expires));
        }
        let artifacts = repository.artifacts()?;
        match place {
            Place::Server(http) => {
                let replaces = published.as_ref().map_or(0, |published| published.version);
                let publication = repository.publication(replaces)?;
                let (uploaded, bytes) = upload(&repository, &http, &artifacts, published.as_ref(), out)?;
                let answer = http.post("targets", &publication)?;
                let text = summary(&publication, &answer, uploaded, bytes, &http.base());
                Ok(out.done(&json!({ "uploaded": uploaded, "bytes": bytes, "server": answer }), &text))
            }
            Place::Folder(folder) => {
                let now = Timestamp::now();
                // It may have been renewed where it is served (`refresh DIR`): ours must come after that, role by role.
                let seen = published.map(Published::seen).unwrap_or_default();
                let renewed = repository.refresh_above(&seen, &mut unlock, now)?;
                let copied = repository.tree().copy_to(&folder)?;
                let text = format!(
                    "{} files, {} bytes written to {}; `autoupdate refresh` is due by {}",
                    copied.files,
                    copied.bytes,
                    folder.display(),
                    renewed.next
                );
                let answer =
                    json!({ "files": copied.files, "bytes": copied.bytes, "refresh_due": renewed.next });
                Ok(out.done(&answer, &text))
            }
        }
    }
}

impl Args {
    /// Refuses if the repository holds a release or old systems back and the server does not: a server signs its own rollout,
    /// so the publication would open to everybody what was held back here.
    fn keeps_rollouts(
        &self,
        repository: &Repository,
        place: &Place,
        published: Option<&Published>,
    ) -> Result<(), Failure> {
        for here in signing::all_rollouts(repository.tree())? {
            let there = match published {
                Some(published) if !is_open(&here) => place.rollout(published, &here.app, &here.channel)?,
                _ => None,
            };
            if let Some(what) = lost(&here, there.as_ref()) {
                let (channel, repository, server) = (here.channel, self.folder.clone(), self.place.clone());
                return Err(Failure::RolloutElsewhere { channel, what, repository, server });
            }
        }
        Ok(())
    }
}

fn is_open(rollout: &Rollout) -> bool {
    lost(rollout, None).is_none()
}

/// What `here` holds back and `there` does not, the first of it.
fn lost(here: &Rollout, there: Option<&Rollout>) -> Option<String> {
    let holds = |release: &ReleaseRollout| {
        release.halted || release.recalled || release.basis_points < BasisPoints::ALL
    };
    let released = here.releases.iter().filter(|(_, release)| holds(release));
    let mut missing = released
        .filter(|(version, release)| there.and_then(|there| there.releases.get(version)) != Some(release));
    if let Some((version, _)) = missing.next() {
        return Some(format!("version {version}"));
    }
    let pinned = here.os_pins.iter().find(|pin| there.is_none_or(|there| !there.os_pins.contains(pin)));
    pinned.map(|pin| format!("the pin of {} below {}", pin.os, pin.below))
}

/// Refuses if what is published is not one of this repository's own lists.
fn ours(repository: &Repository, published: Option<&Published>, place: &str) -> Result<(), Failure> {
    let Some(published) = published else { return Ok(()) };
    let name = object::metadata("targets", published.version);
    let own = repository.tree().read(&name, trust::LIMITS.targets_bytes)?;
    if own.as_deref() == Some(&published.targets) {
        return Ok(());
    }
    Err(Failure::Foreign { place: place.to_owned(), published: published.version })
}

/// Uploads what the server does not have: artifacts and their notes. How many objects, and their bytes.
fn upload(
    repository: &Repository,
    http: &super::http::Http,
    artifacts: &[Artifact],
    published: Option<&Published>,
    out: &Output,
) -> Result<(u64, u64), Failure> {
    let there: BTreeSet<String> = published.map(|published| listed(&published.targets)).unwrap_or_default();
    let (mut objects, mut bytes) = (0, 0);
    for (path, sha256) in repository.objects()? {
        let name = object::target(&path, &sha256)?;
        let uploaded = || http.has(&format!("objects/{sha256}"));
        if there.contains(&name) || http.has(&name)? || uploaded()? {
            continue;
        }
        if let Some(artifact) = artifacts.iter().find(|artifact| artifact.path == path) {
            out.note(&format!("uploading {path} ({} bytes)", artifact.length));
        }
        bytes += http.upload(&sha256, &repository.tree().path(&name)?)?;
        objects += 1;
    }
    Ok((objects, bytes))
}

/// The objects that a targets file names.
fn listed(targets: &[u8]) -> BTreeSet<String> {
    let file: Value = serde_json::from_slice(targets).unwrap_or_default();
    let none = serde_json::Map::new();
    let targets = file["signed"]["targets"].as_object().unwrap_or(&none);
    let name = |(path, target): (&String, &Value)| {
        let sha256 = protocol::Digest::parse(target["hashes"]["sha256"].as_str()?).ok()?;
        object::target(path, &sha256).ok()
    };
    targets.iter().filter_map(name).collect()
}

fn summary(publication: &Publication, answer: &Value, objects: u64, bytes: u64, server: &str) -> String {
    let version = answer["targets"].as_u64().unwrap_or_default();
    let what = if answer["unchanged"] == Value::Bool(true) { "already published" } else { "published" };
    format!(
        "targets version {version} {what} on {server}; {objects} objects, {bytes} bytes uploaded, {} roots",
        publication.roots.len()
    )
}
