//! A small publisher in a scratch folder.

#![allow(dead_code, unreachable_pub, reason = "every test file uses some of it")]
#![allow(missing_docs, reason = "test code")]

use autoupdate_signing as signing;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use protocol::{AppId, Artifact, Channel, Language, Platform, Urgency, Version};
use signing::{
    Error, KeyFile, NewKeys, NewRelease, Passphrase, Repository, Settings, Tree, Validity, WalkError,
};
use tempfile::TempDir;
use trust::{Stored, Verified};

pub fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

pub fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

pub fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

pub fn platform() -> Platform {
    Platform::parse("linux-x86_64").unwrap()
}

pub fn settings() -> Settings {
    Settings {
        format: Settings::FORMAT,
        app: AppId::parse("tool").unwrap(),
        name: "Tool".to_owned(),
        validity: Validity::default(),
    }
}

pub fn no_passphrase(_: &KeyFile) -> Result<Option<Passphrase>, Error> {
    Ok(None)
}

/// A repository with unencrypted keys in `{scratch}/repo`.
pub fn init(scratch: &TempDir) -> Repository {
    Repository::init(&scratch.path().join("repo"), &settings(), &NewKeys::default(), now()).unwrap()
}

pub fn write(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

/// Adds a release of a program that compresses well, with English notes.
pub fn add(scratch: &TempDir, repository: &Repository, number: &str) -> Artifact {
    let content = format!("program {number} ").repeat(1000);
    let new = NewRelease {
        version: version(number),
        platform: platform(),
        file: write(scratch.path(), "tool", content.as_bytes()),
        notes: BTreeMap::from([(
            Language::parse("en").unwrap(),
            write(scratch.path(), "notes.md", format!("# {number}\n").as_bytes()),
        )]),
        channels: vec![Channel::default()],
        min_os: None,
        urgency: Urgency::Normal,
        twin: true,
    };
    repository.add(&new).unwrap()
}

/// Walks a tree as a client that pinned root 1.
pub fn client(tree: &Tree, stored: &Stored, now: Timestamp) -> Result<Verified, WalkError<Error>> {
    let root = tree.read("metadata/1.root.json", 1 << 20).unwrap().unwrap();
    signing::walk(&root, stored, now, |name, limit| tree.read(name, limit))
}

/// What a client would keep after reading a tree.
pub fn remember(tree: &Tree) -> Stored {
    let read = |role: &str| {
        let version = tree.newest(role).unwrap()?;
        tree.read(&protocol::object::metadata(role, version), 1 << 20).unwrap()
    };
    Stored {
        root: read("root"),
        timestamp: tree.read(protocol::object::TIMESTAMP, 1 << 20).unwrap(),
        snapshot: read("snapshot"),
        targets: read("targets"),
        delegated: BTreeMap::from([("rollout".to_owned(), read("rollout").unwrap())]),
    }
}

pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
