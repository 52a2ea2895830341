//! Reads an app's tree: verifies its metadata as a client would, and lists the artifacts whose bytes it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use protocol::{AppId, Arch, Artifact, Channel, MAX_ROLLOUT_BYTES, Os, Platform, Rollout, Version, object};
use signing::WalkError;
use trust::{Stored, Verified};

use super::{Catalog, Control, Held, HeldBytes};
use crate::object_name::{ObjectName, of_file};

/// The most artifacts of one app that can be bases.
const MAX_HELD: usize = 20_000;

/// What follows the name of an artifact in those of its compressed twins.
const TWINS: [&str; 2] = [".zst", ".bz2"];

/// Why a tree says nothing that can be relied on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogError {
    #[error("{name} is missing")]
    Missing { name: String },
    #[error("{name} is longer than {limit} bytes")]
    TooLong { name: String, limit: u64 },
    #[error("{name}: {source}")]
    Disk { name: String, source: io::Error },
    #[error("{name}: {source}")]
    Untrusted { name: String, source: trust::Error },
}

/// Reads and verifies the tree of an app. `names` are its artifacts where they do not lie in the folder.
pub(crate) fn load(
    folder: &Path,
    app: &AppId,
    now: Timestamp,
    names: Option<&[String]>,
) -> Result<Catalog, CatalogError> {
    let verified = verify(folder, now)?;
    let mut artifacts = Vec::new();
    for os in Os::ALL {
        for arch in Arch::ALL {
            artifacts.extend(verified.artifacts(app, Platform { os: *os, arch: *arch }));
        }
    }
    let controls = controls(folder, app, &verified, &artifacts);
    let held = names.map_or_else(|| held(folder), |names| Ok(named(names)))?;
    Ok(Catalog::new(&artifacts, &controls, held))
}

/// The walk of a client, over files instead of a network.
fn verify(folder: &Path, now: Timestamp) -> Result<Verified, CatalogError> {
    let name = object::metadata(trust::ROOT, first_root(folder)?);
    let pinned = read(folder, &name, trust::LIMITS.root_bytes)?.ok_or(CatalogError::Missing { name })?;
    signing::walk(&pinned, &Stored::default(), now, |name, limit| read(folder, name, limit)).map_err(
        |error| match error {
            WalkError::Read(error) => error,
            WalkError::Missing(name) => CatalogError::Missing { name },
            WalkError::Refused { object, why } => CatalogError::Untrusted { name: object, source: why },
        },
    )
}

/// What holds each channel back. Rules that cannot be read or verified are [`Control::Unverified`], as for a client.
fn controls(
    folder: &Path,
    app: &AppId,
    verified: &Verified,
    artifacts: &[Artifact],
) -> BTreeMap<Channel, Control> {
    let mut controls = BTreeMap::new();
    for channel in artifacts.iter().flat_map(|one| &one.release.channels) {
        if controls.contains_key(channel) {
            continue;
        }
        let control = match verified.rollout_target(channel) {
            trust::Control::Open => Control::Open,
            trust::Control::Target(target) => {
                rules(folder, app, channel, &target).map_or(Control::Unverified, Control::Rules)
            }
            trust::Control::Unverified => Control::Unverified,
        };
        controls.insert(channel.clone(), control);
    }
    controls
}

fn rules(folder: &Path, app: &AppId, channel: &Channel, target: &trust::Target) -> Option<Rollout> {
    let name = object::target(&target.path, &target.sha256).ok()?;
    let bytes = read(folder, &name, MAX_ROLLOUT_BYTES).ok()??;
    target.check(&bytes).ok()?;
    Rollout::parse(&bytes, app, channel).ok()
}

/// The oldest root of the tree.
fn first_root(folder: &Path) -> Result<u64, CatalogError> {
    let missing = || CatalogError::Missing { name: object::metadata(trust::ROOT, 1) };
    let disk = |source| CatalogError::Disk { name: "metadata".to_owned(), source };
    let mut first = None;
    for entry in std::fs::read_dir(folder.join("metadata")).map_err(|_| missing())? {
        let name = Path::new("metadata").join(entry.map_err(disk)?.file_name());
        if let Some(ObjectName::Metadata { role, version }) = of_file(&name)
            && role == trust::ROOT
        {
            first = Some(first.map_or(version, |first: u64| first.min(version)));
        }
    }
    first.ok_or_else(missing)
}

/// Reads an object of at most `limit` bytes; None if there is none.
fn read(folder: &Path, name: &str, limit: u64) -> Result<Option<Vec<u8>>, CatalogError> {
    let disk = |source| CatalogError::Disk { name: name.to_owned(), source };
    let file = match std::fs::File::open(folder.join(name)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(disk(error)),
    };
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(disk)?;
    if bytes.len() as u64 > limit {
        return Err(CatalogError::TooLong { name: name.to_owned(), limit });
    }
    Ok(Some(bytes))
}

/// The artifacts whose bytes lie in the tree, by the names of their files: `targets/releases/{version}/{platform}/…`.
/// Nothing is hashed here: whoever makes a patch hashes what it reads.
fn held(folder: &Path) -> Result<HeldBytes, CatalogError> {
    let (mut found, mut count) = (HeldBytes::new(), 0);
    let releases = Path::new("targets").join("releases");
    for (version, sub) in folders(folder, &releases, |name| Version::parse(name).ok())? {
        for (platform, sub) in folders(folder, &sub, |name| Platform::parse(name).ok())? {
            for name in names(folder, &sub)? {
                let file = sub.join(&name);
                let Some(ObjectName::Target { sha256, file: plain, .. }) = of_file(&file) else { continue };
                // The compressed twin of an artifact is no artifact.
                let twin = TWINS
                    .iter()
                    .filter_map(|form| plain.strip_suffix(form))
                    .any(|stem| folder.join(&sub).join(format!("{sha256}.{stem}")).exists());
                if !twin && count < MAX_HELD {
                    count += 1;
                    let held = Held { file, name: plain, version: version.clone(), platform };
                    found.entry(sha256).or_default().push(held);
                }
            }
        }
    }
    Ok(found)
}

/// The same for artifacts of which only the names are here.
fn named(names: &[String]) -> HeldBytes {
    let (mut found, all) = (HeldBytes::new(), BTreeSet::from_iter(names.iter().map(String::as_str)));
    for name in names.iter().take(MAX_HELD) {
        let Some(ObjectName::Target { folders, sha256, file }) = ObjectName::parse(name) else { continue };
        let mut parts = folders.split('/');
        let (Some("releases"), Some(version), Some(platform), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let (Ok(version), Ok(platform)) = (Version::parse(version), Platform::parse(platform)) else {
            continue;
        };
        // The compressed twin of an artifact is no artifact.
        let twin = TWINS.iter().filter_map(|form| name.strip_suffix(form)).any(|stem| all.contains(stem));
        if !twin {
            let held = Held { file: PathBuf::from(name), name: file, version, platform };
            found.entry(sha256).or_default().push(held);
        }
    }
    found
}

fn folders<T>(
    root: &Path,
    folder: &Path,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<(T, PathBuf)>, CatalogError> {
    let names = names(root, folder)?;
    Ok(names.iter().filter_map(|name| Some((parse(name)?, folder.join(name)))).collect())
}

/// The names in a folder; none if it is not there or no folder.
fn names(root: &Path, folder: &Path) -> Result<Vec<String>, CatalogError> {
    let disk = |source| CatalogError::Disk { name: folder.display().to_string(), source };
    let entries = match std::fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(disk(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(disk)?.file_name().into_string());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use protocol::Digest;

    use super::*;

    #[test]
    fn twins_among_the_names_are_no_artifacts() {
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let folder = "targets/releases/1.0.0/android-arm";
        let names = [
            format!("{folder}/{one}.tool"),
            format!("{folder}/{one}.tool.bz2"),
            format!("{folder}/{one}.tool.zst"),
            // What is called so and is no twin of anything.
            format!("{folder}/{two}.tool.bz2"),
        ];
        let held = named(&names);
        let files = |digest| held[&digest].iter().map(|one| one.name.as_str()).collect::<Vec<_>>();
        assert_eq!((files(one), files(two), held.len()), (vec!["tool"], vec!["tool.bz2"], 2));
    }
}
