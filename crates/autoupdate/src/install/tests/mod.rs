//! Real folders, real files: what every test of this room needs.

#[cfg(unix)]
mod activation;
mod cycle;
#[cfg(unix)]
mod processes;
mod recovery;
#[cfg(unix)]
mod refusals;
#[cfg(windows)]
mod running;

use std::fs;
use std::io::Write as _;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use protocol::{AppId, Arch, Artifact, Channel, Digest, Health, Os, Release, Urgency, Version};

use super::{Place, Staged};

pub(super) const OLD: &[u8] = b"#!/bin/sh\necho old\n";
pub(super) const NEW: &[u8] = b"#!/bin/sh\necho the new version\n";
pub(super) const NEWER: &[u8] = b"#!/bin/sh\necho and one more\n";

/// A program of its own in a folder of its own.
pub(super) struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    pub(super) fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(scene.program(), OLD).unwrap();
        set_mode(&scene.program(), 0o755);
        scene
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    pub(super) fn program(&self) -> PathBuf {
        self.folder().join("app")
    }

    /// A file of the private folder.
    pub(super) fn private(&self, name: &str) -> PathBuf {
        self.folder().join(".app.autoupdate").join(name)
    }

    pub(super) fn open(&self) -> Place {
        Place::open(&self.program()).unwrap()
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        fs::read(self.program()).unwrap()
    }

    /// Whether the program has this mode; always where files have none.
    pub(super) fn has_mode(&self, mode: u32) -> bool {
        #[cfg(unix)]
        return fs::metadata(self.program()).unwrap().permissions().mode() & 0o7777 == mode;
        #[cfg(not(unix))]
        {
            let _ = mode;
            true
        }
    }

    /// The names in the private folder besides lock and record.
    pub(super) fn residue(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.private(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "lock" && name != "record.json")
            .collect();
        names.sort();
        names
    }
}

/// Sets a mode where files have one.
pub(super) fn set_mode(path: &Path, mode: u32) {
    #[cfg(unix)]
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    #[cfg(not(unix))]
    let _ = (path, mode);
}

pub(super) fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

pub(super) fn artifact(version_text: &str, bytes: &[u8]) -> Artifact {
    Artifact {
        path: format!("releases/{version_text}/linux-x86_64/app"),
        length: bytes.len() as u64,
        sha256: Digest::of(bytes),
        release: Release {
            app: AppId::parse("app").unwrap(),
            version: version(version_text),
            channels: vec![Channel::default()],
            os: Os::Linux,
            arch: Arch::X86_64,
            min_os: None,
            urgency: Urgency::Normal,
            notes: std::collections::BTreeMap::new(),
        },
    }
}

pub(super) fn stage(place: &mut Place, version_text: &str, bytes: &[u8]) -> Staged {
    let mut writer = place.begin_stage(&artifact(version_text, bytes)).unwrap();
    writer.write_all(bytes).unwrap();
    place.finish_stage(writer).unwrap()
}

pub(super) fn confirm_health() -> Health {
    Health::Confirm(Duration::from_secs(60))
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

/// Stages and activates.
pub(super) fn update(place: &mut Place, version_text: &str, bytes: &[u8]) {
    stage(place, version_text, bytes);
    place.activate(&confirm_health(), now()).unwrap();
}
