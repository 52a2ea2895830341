//! Edits of the list of releases: pure functions over the targets document, limits included.
//!
//! A release that was published is never changed under its name: other bytes need another version. It may be offered in
//! other channels, taken off offer, or dropped from the list.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{AppId, Artifact, Channel, Digest, Language, Platform, Release, Urgency, Version, object};
use serde::Serialize;

use crate::Error;
use crate::document::{Target, Targets};

/// The most versions that one channel lists, pinned ones not counted. Every client reads the whole list.
pub const MAX_VERSIONS: usize = 50;

/// The longest list, in bytes. Room for the signatures is left: 300 bytes each, and nobody needs more than ten.
const MAX_LIST_BYTES: u64 = trust::LIMITS.targets_bytes - 3000;

/// The longest release notes, in bytes.
pub const MAX_NOTES_BYTES: u64 = 64 << 10;

/// A release's artifact for one platform, to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewArtifact {
    /// The version.
    pub(crate) version: Version,
    /// Where it runs.
    pub(crate) platform: Platform,
    /// The file's name, which becomes the last part of the target path.
    pub(crate) file: String,
    /// SHA-256 of the bytes.
    pub(crate) sha256: Digest,
    /// Their number.
    pub(crate) length: u64,
    /// The channels that offer it, beside those that offer the version already.
    pub(crate) channels: Vec<Channel>,
    /// The lowest version of the operating system.
    pub(crate) min_os: Option<String>,
    /// How soon it wants to be installed.
    pub(crate) urgency: Urgency,
    /// Notes by language: SHA-256 and length. They are added to those of the version's other artifacts.
    pub(crate) notes: BTreeMap<Language, (Digest, u64)>,
}

/// A rule that an edit would break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The same version and platform with other bytes.
    #[error("{path} is listed with other bytes (SHA-256 {sha256}): other bytes need another version")]
    OtherBytes {
        /// The target path.
        path: String,
        /// What is listed.
        sha256: Digest,
    },
    /// The same version and platform under another file name: a client could not choose.
    #[error("version {version} has an artifact for {platform} already: {path}")]
    SecondArtifact {
        /// The version.
        version: Version,
        /// The platform.
        platform: Platform,
        /// The path that is listed.
        path: String,
    },
    /// No artifact of this version is listed.
    #[error("version {0} is not listed")]
    UnknownVersion(Version),
    /// A channel would list too many versions.
    #[error(
        "channel {channel} lists {count} versions, at most {MAX_VERSIONS} are allowed beside pinned ones: withdraw \
         the oldest, {oldest}, first"
    )]
    TooManyVersions {
        /// The channel.
        channel: Channel,
        /// How many it would list.
        count: usize,
        /// The oldest of them that is not pinned.
        oldest: Version,
    },
    /// The list would be too long for clients to read.
    #[error(
        "the list of releases would have {bytes} bytes, at most {limit} are allowed: delete old versions first"
    )]
    ListTooLong {
        /// Its length in bytes.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
}

/// Adds an artifact and its notes. Adding the same again changes nothing.
pub(crate) fn add(targets: &mut Targets, app: &AppId, new: &NewArtifact) -> Result<Artifact, Error> {
    let path = object::artifact_path(&new.version, new.platform, &new.file)?;
    let listed = of_version(targets, &new.version);
    for there in listed.iter().filter(|there| there.release.platform() == new.platform) {
        if there.path != path {
            let (version, platform, path) = (new.version.clone(), new.platform, there.path.clone());
            return Err(EditError::SecondArtifact { version, platform, path }.into());
        }
        if there.sha256 != new.sha256 || there.length != new.length {
            return Err(EditError::OtherBytes { path, sha256: there.sha256 }.into());
        }
    }
    let mut notes: BTreeMap<Language, String> =
        listed.iter().flat_map(|there| there.release.notes.clone()).collect();
    for (language, (sha256, length)) in &new.notes {
        let path = object::notes_path(&new.version, language);
        targets.targets.insert(path.clone(), Target::new(sha256, *length, None));
        notes.insert(language.clone(), path);
    }
    let before = listed.iter().find(|there| there.path == path);
    let channels: BTreeSet<Channel> =
        before.iter().flat_map(|there| there.release.channels.clone()).chain(new.channels.clone()).collect();
    let release = Release {
        app: app.clone(),
        version: new.version.clone(),
        channels: channels.into_iter().collect(),
        os: new.platform.os,
        arch: new.platform.arch,
        min_os: new.min_os.clone(),
        urgency: new.urgency,
        notes: notes.clone(),
    };
    let artifact = Artifact { path, length: new.length, sha256: new.sha256, release };
    put(targets, &artifact)?;
    for mut other in listed.into_iter().filter(|other| other.path != artifact.path) {
        other.release.notes.clone_from(&notes);
        put(targets, &other)?;
    }
    Ok(artifact)
}

/// Offers a version in one more channel.
pub(crate) fn promote(
    targets: &mut Targets,
    version: &Version,
    to: &Channel,
) -> Result<Vec<Artifact>, Error> {
    change(targets, version, |channels| {
        channels.insert(to.clone());
    })
}

/// Takes a version off offer, in one channel or in all. Its bytes stay known as bases of patches.
pub(crate) fn withdraw(
    targets: &mut Targets,
    version: &Version,
    from: Option<&Channel>,
) -> Result<Vec<Artifact>, Error> {
    change(targets, version, |channels| channels.retain(|channel| from.is_some_and(|from| from != channel)))
}

/// Drops a version from the list, notes included.
pub(crate) fn delete(targets: &mut Targets, version: &Version) -> Result<Vec<Artifact>, Error> {
    let gone = known(targets, version)?;
    for artifact in &gone {
        targets.targets.remove(&artifact.path);
        for notes in artifact.release.notes.values() {
            targets.targets.remove(notes);
        }
    }
    Ok(gone)
}

/// Refuses a list that clients would not read, or that grows for ever.
pub(crate) fn check_limits(targets: &Targets, pinned: &BTreeSet<Version>) -> Result<(), Error> {
    let mut channels: BTreeMap<Channel, BTreeSet<Version>> = BTreeMap::new();
    for artifact in targets.artifacts() {
        for channel in artifact.release.channels {
            channels.entry(channel).or_default().insert(artifact.release.version.clone());
        }
    }
    for (channel, versions) in channels {
        let counted: Vec<&Version> = versions.iter().filter(|version| !pinned.contains(version)).collect();
        if let Some(oldest) = counted.first().filter(|_| counted.len() > MAX_VERSIONS) {
            let (count, oldest) = (counted.len(), (*oldest).clone());
            return Err(EditError::TooManyVersions { channel, count, oldest }.into());
        }
    }
    let (bytes, limit) = (length(targets), MAX_LIST_BYTES);
    if bytes > limit {
        return Err(EditError::ListTooLong { bytes, limit }.into());
    }
    Ok(())
}

/// The bytes of a list without its signatures.
fn length(targets: &Targets) -> u64 {
    serde_json::to_vec(targets).map_or(u64::MAX, |bytes| bytes.len() as u64)
}

/// Takes the oldest versions off offer, and then from the list, until it is as short as clients read it: for a list that no person
/// keeps. Gives the versions that lost a channel, and those that are listed no more. One that is pinned stays.
pub(crate) fn shorten(
    targets: &mut Targets,
    pinned: &BTreeSet<Version>,
) -> Result<(BTreeSet<Version>, BTreeSet<Version>), Error> {
    let (mut closed, mut dropped) = (BTreeSet::new(), BTreeSet::new());
    loop {
        match check_limits(targets, pinned) {
            Err(Error::Edit(EditError::TooManyVersions { channel, oldest, .. })) => {
                withdraw(targets, &oldest, Some(&channel))?;
                closed.insert(oldest);
            }
            Err(Error::Edit(EditError::ListTooLong { bytes, limit })) => {
                let artifacts = targets.artifacts();
                let mut offered = pinned.clone();
                let open = artifacts.iter().filter(|artifact| !artifact.release.channels.is_empty());
                offered.extend(open.map(|artifact| artifact.release.version.clone()));
                let versions: BTreeSet<&Version> =
                    artifacts.iter().map(|artifact| &artifact.release.version).collect();
                let oldest = versions.into_iter().find(|version| !offered.contains(version));
                let oldest = oldest.ok_or(EditError::ListTooLong { bytes, limit })?;
                delete(targets, oldest)?;
                dropped.insert(oldest.clone());
            }
            other => return other.map(|()| (closed, dropped)),
        }
    }
}

/// What a client demands of an artifact: its path and what was signed about it agree, and it belongs to the app.
pub(crate) fn check_artifact(artifact: &Artifact, app: &AppId) -> Result<(), Error> {
    let malformed = |why: &str| Error::Malformed { what: artifact.path.clone(), why: why.to_owned() };
    if artifact.release.app != *app {
        return Err(malformed("it belongs to another app"));
    }
    let file = artifact.path.rsplit('/').next().unwrap_or_default();
    if object::artifact_path(&artifact.release.version, artifact.release.platform(), file)? != artifact.path {
        return Err(malformed("its path and what is signed about it do not agree"));
    }
    Ok(())
}

fn of_version(targets: &Targets, version: &Version) -> Vec<Artifact> {
    targets.artifacts().into_iter().filter(|artifact| artifact.release.version == *version).collect()
}

fn known(targets: &Targets, version: &Version) -> Result<Vec<Artifact>, Error> {
    let artifacts = of_version(targets, version);
    if artifacts.is_empty() { Err(EditError::UnknownVersion(version.clone()).into()) } else { Ok(artifacts) }
}

fn change(
    targets: &mut Targets,
    version: &Version,
    edit: impl Fn(&mut BTreeSet<Channel>),
) -> Result<Vec<Artifact>, Error> {
    let mut artifacts = known(targets, version)?;
    for artifact in &mut artifacts {
        let mut channels: BTreeSet<Channel> = artifact.release.channels.iter().cloned().collect();
        edit(&mut channels);
        artifact.release.channels = channels.into_iter().collect();
        put(targets, artifact)?;
    }
    Ok(artifacts)
}

fn put(targets: &mut Targets, artifact: &Artifact) -> Result<(), Error> {
    let malformed =
        |error: serde_json::Error| Error::Malformed { what: artifact.path.clone(), why: error.to_string() };
    let custom = serde_json::to_value(&artifact.release).map_err(malformed)?;
    let target = Target::new(&artifact.sha256, artifact.length, Some(custom));
    targets.targets.insert(artifact.path.clone(), target);
    Ok(())
}

/// One difference between two lists of releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "lowercase")]
pub enum Change {
    /// Listed anew.
    Added {
        /// The artifact.
        artifact: Box<Artifact>,
    },
    /// No longer listed.
    Removed {
        /// The artifact.
        artifact: Box<Artifact>,
    },
    /// Offered elsewhere, or described otherwise.
    Edited {
        /// As it was.
        before: Box<Artifact>,
        /// As it is.
        after: Box<Artifact>,
    },
}

/// What differs between two lists, by path.
#[must_use]
pub fn changes(before: &[Artifact], after: &[Artifact]) -> Vec<Change> {
    let by_path = |list: &[Artifact]| -> BTreeMap<String, Artifact> {
        list.iter().map(|artifact| (artifact.path.clone(), artifact.clone())).collect()
    };
    let (mut before, after) = (by_path(before), by_path(after));
    let mut changes = Vec::new();
    for (path, artifact) in after {
        match before.remove(&path) {
            None => changes.push(Change::Added { artifact: Box::new(artifact) }),
            Some(old) if old != artifact => {
                changes.push(Change::Edited { before: Box::new(old), after: Box::new(artifact) });
            }
            Some(_) => {}
        }
    }
    changes.extend(before.into_values().map(|artifact| Change::Removed { artifact: Box::new(artifact) }));
    changes
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    fn new(number: &str, platform: &str, content: &[u8]) -> NewArtifact {
        NewArtifact {
            version: version(number),
            platform: Platform::parse(platform).unwrap(),
            file: "tool".to_owned(),
            sha256: Digest::of(content),
            length: content.len() as u64,
            channels: vec![Channel::default()],
            min_os: None,
            urgency: Urgency::Normal,
            notes: BTreeMap::new(),
        }
    }

    fn empty() -> (Targets, AppId) {
        (Targets::empty(1, Timestamp::UNIX_EPOCH), AppId::parse("tool").unwrap())
    }

    #[test]
    fn a_version_keeps_its_bytes_and_shares_its_notes() {
        let (mut targets, app) = empty();
        let linux = new("1.0.0", "linux-x86_64", b"a");
        let first = add(&mut targets, &app, &linux).unwrap();
        assert_eq!(add(&mut targets, &app, &linux).unwrap(), first);
        let other = new("1.0.0", "linux-x86_64", b"b");
        assert!(matches!(add(&mut targets, &app, &other), Err(Error::Edit(EditError::OtherBytes { .. }))));
        let renamed = NewArtifact { file: "tool2".to_owned(), ..linux };
        assert!(matches!(
            add(&mut targets, &app, &renamed),
            Err(Error::Edit(EditError::SecondArtifact { .. }))
        ));

        let notes = BTreeMap::from([(Language::parse("en").unwrap(), (Digest::of(b"n"), 1))]);
        add(&mut targets, &app, &NewArtifact { notes, ..new("1.0.0", "macos-aarch64", b"m") }).unwrap();
        let listed = targets.artifacts();
        assert_eq!(listed.len(), 2);
        assert!(listed.iter().all(|artifact| artifact.release.notes.len() == 1));
        assert!(listed.iter().all(|artifact| check_artifact(artifact, &app).is_ok()));
        assert_eq!(targets.targets.len(), 3);
        delete(&mut targets, &version("1.0.0")).unwrap();
        assert!(targets.targets.is_empty());
    }

    #[test]
    fn channels_come_and_go() {
        let (mut targets, app) = empty();
        add(&mut targets, &app, &new("1.0.0", "linux-x86_64", b"a")).unwrap();
        let beta = Channel::parse("beta").unwrap();
        let mut check = |edit: &dyn Fn(&mut Targets) -> Result<Vec<Artifact>, Error>, expected: &[&str]| {
            let artifacts = edit(&mut targets).unwrap();
            let channels: Vec<&str> = artifacts[0].release.channels.iter().map(Channel::as_str).collect();
            assert_eq!(channels, expected);
        };
        check(&|targets| promote(targets, &version("1.0.0"), &beta), &["beta", "stable"]);
        check(&|targets| promote(targets, &version("1.0.0"), &beta), &["beta", "stable"]);
        check(&|targets| withdraw(targets, &version("1.0.0"), Some(&beta)), &["stable"]);
        check(&|targets| withdraw(targets, &version("1.0.0"), None), &[]);
        let unknown = promote(&mut targets, &version("2.0.0"), &beta);
        assert!(matches!(unknown, Err(Error::Edit(EditError::UnknownVersion(_)))));
    }

    #[test]
    fn a_channel_lists_fifty_versions_and_its_pinned_ones() {
        let (mut targets, app) = empty();
        let mut pinned = BTreeSet::new();
        for minor in 0..MAX_VERSIONS {
            add(&mut targets, &app, &new(&format!("1.{minor}.0"), "linux-x86_64", b"a")).unwrap();
        }
        check_limits(&targets, &pinned).unwrap();
        add(&mut targets, &app, &new("2.0.0", "linux-x86_64", b"a")).unwrap();
        let Err(Error::Edit(EditError::TooManyVersions { count, oldest, .. })) =
            check_limits(&targets, &pinned)
        else {
            panic!("51 versions were accepted");
        };
        assert_eq!((count, oldest), (51, version("1.0.0")));
        pinned.insert(version("1.7.0"));
        check_limits(&targets, &pinned).unwrap();
    }

    #[test]
    fn the_list_never_outgrows_what_clients_read() {
        let (mut targets, app) = empty();
        let big = NewArtifact { min_os: Some("1".repeat(1 << 20)), ..new("1.0.0", "linux-x86_64", b"a") };
        add(&mut targets, &app, &big).unwrap();
        let limits = check_limits(&targets, &BTreeSet::new());
        assert!(matches!(limits, Err(Error::Edit(EditError::ListTooLong { .. }))), "{limits:?}");
    }

    #[test]
    fn a_list_that_nobody_keeps_loses_its_oldest_versions() {
        let (mut targets, app) = empty();
        let many = MAX_VERSIONS + 3;
        for minor in 0..many {
            add(&mut targets, &app, &new(&format!("1.{minor}.0"), "linux-x86_64", b"a")).unwrap();
        }
        let pinned = BTreeSet::from([version("1.0.0")]);
        let (closed, dropped) = shorten(&mut targets, &pinned).unwrap();
        assert_eq!(closed, BTreeSet::from([version("1.1.0"), version("1.2.0")]));
        assert!(dropped.is_empty());
        assert_eq!(targets.artifacts().len(), many, "they stay known, as bases");
        // One entry of half the room, and another one: those that are off offer go, and no other.
        let long = |number: &str| NewArtifact {
            min_os: Some("1".repeat(520_000)),
            ..new(number, "linux-x86_64", b"a")
        };
        for number in ["0.1.0", "2.0.0"] {
            add(&mut targets, &app, &long(number)).unwrap();
        }
        let (closed, dropped) = shorten(&mut targets, &pinned).unwrap();
        assert_eq!(closed, BTreeSet::from([version("0.1.0"), version("1.3.0")]));
        assert_eq!(dropped, BTreeSet::from([version("0.1.0")]));
        for number in ["2.1.0", "2.2.0"] {
            add(&mut targets, &app, &long(number)).unwrap();
        }
        let full = shorten(&mut targets, &pinned);
        assert!(matches!(full, Err(Error::Edit(EditError::ListTooLong { .. }))), "{full:?}");
    }

    #[test]
    fn differences_by_path() {
        let (mut targets, app) = empty();
        add(&mut targets, &app, &new("1.0.0", "linux-x86_64", b"a")).unwrap();
        add(&mut targets, &app, &new("1.1.0", "linux-x86_64", b"b")).unwrap();
        let before = targets.artifacts();
        assert!(changes(&before, &before).is_empty());
        add(&mut targets, &app, &new("1.2.0", "linux-x86_64", b"c")).unwrap();
        withdraw(&mut targets, &version("1.1.0"), None).unwrap();
        delete(&mut targets, &version("1.0.0")).unwrap();
        let found = changes(&before, &targets.artifacts());
        assert!(matches!(
            &found[..],
            [Change::Edited { .. }, Change::Added { .. }, Change::Removed { artifact }] if artifact.release.version == version("1.0.0")
        ));
    }
}
