//! Which targets are artifacts for one app and platform, and why the others are not.
//!
//! Only `targets` and `ingest` can list artifacts; `rollout` is never asked. An entry counts if its path
//! `releases/{version}/{os}-{arch}/{file}` and its signed `custom` object agree with each other and with what was asked for.

use std::collections::BTreeMap;

use protocol::{AppId, Artifact, Platform, Release, Version};
use sigstore_tuf::TargetFile;

use crate::verified::Target;
use crate::{INGEST, TARGETS, Verified};

/// A listed target that is no artifact for what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its path, cut to 80 characters.
    pub path: String,
    /// Why.
    pub why: Misfit,
}

/// Why a target is no artifact for what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Misfit {
    /// It is for another platform: the usual case.
    OtherPlatform,
    /// Its signed `app` is another app.
    OtherApp,
    /// It has no `custom` object that describes a release.
    NoRelease,
    /// Its path is not `releases/{version}/{os}-{arch}/{file}`.
    Path,
    /// Path and `custom` name another version or platform.
    Disagree,
    /// It lists no SHA-256, or a hash beside it that nobody would check.
    Hashes,
    /// Its length is 0.
    Empty,
    /// The same role lists two files for this version and platform, so nobody can say which one is meant.
    Ambiguous,
    /// `targets` lists this version and platform too, and stands above `ingest`.
    Overruled,
}

impl Verified {
    /// The artifacts of an app for a platform, from `targets` and (if loaded) `ingest`, lowest version first.
    #[must_use]
    pub fn artifacts(&self, app: &AppId, platform: Platform) -> Vec<Artifact> {
        self.sort_out(app, platform).0
    }

    /// What is listed below `releases/` and was left out of [`Self::artifacts`], and why. Release notes are not mentioned.
    #[must_use]
    pub fn left_out(&self, app: &AppId, platform: Platform) -> Vec<LeftOut> {
        self.sort_out(app, platform).1
    }

    fn sort_out(&self, app: &AppId, platform: Platform) -> (Vec<Artifact>, Vec<LeftOut>) {
        let mut chosen = BTreeMap::<Version, Artifact>::new();
        let mut left_out = Vec::new();
        let mut leave = |path: &str, why| left_out.push(LeftOut { path: crate::Error::cut(path), why });
        for role in [TARGETS, INGEST] {
            let mut here = BTreeMap::<Version, Vec<Artifact>>::new();
            for (path, file) in self.listed(role).filter(|(path, _)| is_artifact_path(path)) {
                match read(path, file, app, platform) {
                    Ok(artifact) => here.entry(artifact.release.version.clone()).or_default().push(artifact),
                    Err(why) => leave(path, why),
                }
            }
            for (version, mut artifacts) in here {
                let why = if chosen.contains_key(&version) { Misfit::Overruled } else { Misfit::Ambiguous };
                match artifacts.pop() {
                    Some(only) if artifacts.is_empty() && why == Misfit::Ambiguous => {
                        chosen.insert(version, only);
                    }
                    last => artifacts.iter().chain(&last).for_each(|artifact| leave(&artifact.path, why)),
                }
            }
        }
        (chosen.into_values().collect(), left_out)
    }
}

/// Below `releases/`, and not release notes.
fn is_artifact_path(path: &str) -> bool {
    let mut segments = path.split('/');
    segments.next() == Some("releases") && segments.nth(1) != Some("notes")
}

fn read(path: &str, file: &TargetFile, app: &AppId, platform: Platform) -> Result<Artifact, Misfit> {
    let (version, on) = read_path(path).ok_or(Misfit::Path)?;
    let custom = file.custom.clone().ok_or(Misfit::NoRelease)?;
    let release: Release = serde_json::from_value(custom).map_err(|_| Misfit::NoRelease)?;
    if release.app != *app {
        return Err(Misfit::OtherApp);
    }
    if release.version != version || release.platform() != on {
        return Err(Misfit::Disagree);
    }
    if on != platform {
        return Err(Misfit::OtherPlatform);
    }
    let target = Target::read(path, file).filter(|_| file.hashes.len() == 1).ok_or(Misfit::Hashes)?;
    if target.length == 0 {
        return Err(Misfit::Empty);
    }
    Ok(Artifact { path: target.path, length: target.length, sha256: target.sha256, release })
}

/// Version and platform of `releases/{version}/{os}-{arch}/{file}`.
fn read_path(path: &str) -> Option<(Version, Platform)> {
    let [_, version, platform, file] = path.split('/').collect::<Vec<_>>()[..] else { return None };
    protocol::object::check_file_name(file).ok()?;
    Some((Version::parse(version).ok()?, Platform::parse(platform).ok()?))
}
