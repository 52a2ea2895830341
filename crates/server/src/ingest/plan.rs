//! What is to be done about a list of releases: pure.
//!
//! Rules: drafts never; prereleases (by GitHub's word or by their version) only to the channels that ask for them; only whole
//! assets with an exact name; of two that could be meant, neither. What is signed is never signed otherwise: if GitHub has
//! something else now, or nothing, that is an alarm, until it is as it was or a person acknowledged the version.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use protocol::{Artifact, Channel, Platform, Version, object};

use super::github::{Asset, Release};
use super::names::{Names, Packing, is_prerelease, version_of};
use super::state::{Alarm, AlarmKind, Reason, Refused, State, Taken};
use crate::config::Github;

/// The tail of a minisign signature's name.
const SIGNATURE_TAIL: &str = ".minisig";

/// What is known when a plan is made.
pub(crate) struct Facts<'a> {
    pub(crate) rules: &'a Github,
    pub(crate) names: &'a Names,
    pub(crate) releases: &'a [Release],
    /// Whether these are all releases.
    pub(crate) whole: bool,
    pub(crate) state: &'a State,
    /// What the ingest role lists, by target path.
    pub(crate) listed: &'a BTreeMap<String, Artifact>,
    /// What the publisher lists.
    pub(crate) published: &'a BTreeSet<(Version, Platform)>,
    pub(crate) now: Timestamp,
}

/// An asset to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) version: Version,
    pub(crate) platform: Platform,
    /// The target path.
    pub(crate) path: String,
    pub(crate) channels: Vec<Channel>,
    pub(crate) release: u64,
    pub(crate) tag: String,
    pub(crate) asset: Asset,
    pub(crate) packing: Packing,
    /// Its signature, where one is demanded.
    pub(crate) signature: Option<Asset>,
}

/// What is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// By version, the newest first.
    pub(crate) wanted: Vec<Vec<Wanted>>,
    /// Assets that are signed and offered in more channels now: target path and all channels.
    pub(crate) promoted: Vec<(String, Vec<Channel>)>,
    /// Refused now, by the asset's id.
    pub(crate) refused: BTreeMap<u64, Refused>,
    /// Refused before and still there.
    pub(crate) still_refused: BTreeSet<u64>,
    pub(crate) alarms: Vec<Alarm>,
}

/// A release that can be taken, and the assets that are meant.
struct Candidate<'a> {
    release: &'a Release,
    channels: &'a [Channel],
    assets: Vec<(Platform, Packing, &'a Asset)>,
}

/// Makes the plan.
pub(crate) fn plan(facts: &Facts<'_>) -> Plan {
    let mut plan = Plan::default();
    let mut candidates: BTreeMap<Version, Vec<Candidate<'_>>> = BTreeMap::new();
    for (version, candidate) in facts.releases.iter().filter_map(|release| candidate(facts, release)) {
        candidates.entry(version).or_default().push(candidate);
    }
    let mut left = BTreeMap::from([(false, facts.rules.versions), (true, facts.rules.versions)]);
    for (version, candidates) in candidates.iter().rev() {
        let before = candidates.iter().any(|one| one.release.prerelease) || is_prerelease(version);
        match left.get_mut(&before) {
            Some(0) | None => continue,
            Some(left) => *left -= 1,
        }
        let mut wanted = Vec::new();
        let platforms: BTreeSet<Platform> =
            candidates.iter().flat_map(|one| one.assets.iter().map(|(platform, _, _)| *platform)).collect();
        for platform in platforms {
            consider(facts, &mut plan, &mut wanted, (version, platform), candidates);
        }
        if !wanted.is_empty() {
            plan.wanted.push(wanted);
        }
    }
    changes(facts, &mut plan);
    plan.alarms.retain(|alarm| {
        // `releases/{version}/…`
        let version = alarm.path.split('/').nth(1).and_then(|version| Version::parse(version).ok());
        version.is_none_or(|version| !facts.rules.acknowledged.contains(&version))
    });
    plan
}

fn candidate<'a>(facts: &Facts<'a>, release: &'a Release) -> Option<(Version, Candidate<'a>)> {
    let version = version_of(&release.tag_name, &facts.rules.tag_prefix).filter(|_| !release.draft)?;
    if facts.rules.min_version.as_ref().is_some_and(|least| version < *least) {
        return None;
    }
    let before = release.prerelease || is_prerelease(&version);
    let channels = if before { &facts.rules.prerelease_channels } else { &facts.rules.channels };
    if channels.is_empty() {
        return None;
    }
    let names = facts.names.of(&version);
    let meant = |asset: &'a Asset| {
        let (platform, packing) = *names.get(&asset.name)?;
        is_whole(asset).then_some((platform, packing, asset))
    };
    let assets: Vec<_> = release.assets.iter().filter_map(meant).collect();
    (!assets.is_empty()).then_some((version, Candidate { release, channels, assets }))
}

/// What has another state is still being uploaded.
fn is_whole(asset: &Asset) -> bool {
    asset.state.as_deref().is_none_or(|state| state == "uploaded")
}

/// What becomes of a version for a platform.
fn consider(
    facts: &Facts<'_>,
    plan: &mut Plan,
    wanted: &mut Vec<Wanted>,
    (version, platform): (&Version, Platform),
    candidates: &[Candidate<'_>],
) {
    let Ok(path) = object::artifact_path(version, platform, facts.rules.file_name()) else { return };
    let all = candidates.iter().flat_map(|one| one.assets.iter().map(move |asset| (one, asset)));
    let mine: Vec<_> = all.filter(|(_, (of, _, _))| *of == platform).collect();
    let [(candidate, (_, packing, asset))] = mine[..] else {
        let names: Vec<&str> = mine.iter().map(|(_, (_, _, asset))| asset.name.as_str()).collect();
        let text = format!("{version} for {platform} could be each of {}: none is taken", names.join(", "));
        return alarm(facts, plan, AlarmKind::Ambiguous, &path, &text);
    };
    if facts.published.contains(&(version.clone(), platform))
        || is_listed_elsewhere(facts, version, platform, &path)
    {
        return;
    }
    if let Some(taken) = facts.state.taken.get(&path) {
        let listed = facts.listed.contains_key(&path);
        let more = candidate.channels.iter().any(|channel| !taken.channels.contains(channel));
        // What is another asset now is for `changes` to say.
        if !is_same(taken, asset) || listed && !more {
            return;
        }
        if listed {
            plan.promoted.push((path, candidate.channels.to_vec()));
            return;
        }
    }
    let name = format!("{}{SIGNATURE_TAIL}", asset.name);
    let signed = candidate.release.assets.iter().find(|one| one.name == name && is_whole(one));
    let signature = signed.filter(|_| facts.rules.minisign_key.is_some());
    let refuse = |reason| refusal(&candidate.release.tag_name, asset, signature.map(|one| one.id), reason);
    if let Some(before) = facts.state.refused.get(&asset.id)
        && *before == refuse(before.reason)
    {
        plan.still_refused.insert(asset.id);
        if before.reason == Reason::Conflict {
            let text = format!(
                "the asset {} of {} is not what is signed as {path}: what is signed stays",
                asset.name, candidate.release.tag_name
            );
            alarm(facts, plan, AlarmKind::Swapped, &path, &text);
        }
        return;
    }
    let reason = if asset.size == 0 {
        Some(Reason::Empty)
    } else if asset.size > facts.rules.max_asset.get() {
        Some(Reason::TooLarge)
    } else {
        (facts.rules.minisign_key.is_some() && signature.is_none()).then_some(Reason::Unsigned)
    };
    if let Some(reason) = reason {
        plan.refused.insert(asset.id, refuse(reason));
        return;
    }
    wanted.push(Wanted {
        version: version.clone(),
        platform,
        path,
        channels: candidate.channels.to_vec(),
        release: candidate.release.id,
        tag: candidate.release.tag_name.clone(),
        asset: (*asset).clone(),
        packing: *packing,
        signature: signature.cloned(),
    });
}

/// Whether a version and platform is listed under another name, from before `file` was changed: it keeps that one.
fn is_listed_elsewhere(facts: &Facts<'_>, version: &Version, platform: Platform, path: &str) -> bool {
    facts
        .listed
        .values()
        .any(|one| one.path != path && (&one.release.version, one.release.platform()) == (version, platform))
}

/// What is remembered of an asset that is not taken.
pub(crate) fn refusal(tag: &str, asset: &Asset, signature: Option<u64>, reason: Reason) -> Refused {
    Refused {
        tag: tag.to_owned(),
        name: asset.name.clone(),
        size: asset.size,
        digest: asset.digest.clone(),
        signature,
        reason,
    }
}

/// Looks at everything that is signed: is it still there, and still the same?
fn changes(facts: &Facts<'_>, plan: &mut Plan) {
    let releases: BTreeMap<u64, &Release> =
        facts.releases.iter().map(|release| (release.id, release)).collect();
    for (path, taken) in &facts.state.taken {
        let (name, tag) = (&taken.name, &taken.tag);
        let release =
            releases.get(&taken.release).filter(|release| !release.draft && release.tag_name == *tag);
        let Some(release) = release else {
            // A release that was made again under the same tag has another id.
            let again = facts.releases.iter().find(|one| one.tag_name == *tag && !one.draft);
            match again.and_then(|one| one.assets.iter().find(|asset| asset.name == *name)) {
                Some(asset) if is_same(taken, asset) => {}
                Some(_) => alarm(facts, plan, AlarmKind::Swapped, path, &swapped(taken)),
                // It may stand on a page that is not read any more.
                None if !facts.whole && !releases.contains_key(&taken.release) => {}
                None => {
                    let text = format!("release {tag} is gone; {name} of it is signed and stays on offer");
                    alarm(facts, plan, AlarmKind::Withdrawn, path, &text);
                }
            }
            continue;
        };
        match release.assets.iter().find(|asset| asset.name == *name) {
            Some(asset) if is_same(taken, asset) => {}
            Some(_) => alarm(facts, plan, AlarmKind::Swapped, path, &swapped(taken)),
            None => {
                let text = format!("the asset {name} of {tag} is gone; it is signed and stays on offer");
                alarm(facts, plan, AlarmKind::Withdrawn, path, &text);
            }
        }
    }
}

fn swapped(taken: &Taken) -> String {
    format!(
        "the asset {} of {} is another one than that which is signed (SHA-256 {}): what is signed stays",
        taken.name,
        taken.tag,
        taken.digest.short()
    )
}

/// Whether an asset is the very one that was taken. GitHub gives each upload a new id.
fn is_same(taken: &Taken, asset: &Asset) -> bool {
    let digest = asset.digest.as_deref().and_then(|digest| digest.strip_prefix("sha256:"));
    let fits = digest.is_none_or(|digest| digest.eq_ignore_ascii_case(&taken.digest.to_string()));
    fits && asset.size == taken.size && (asset.id == taken.asset || digest.is_some())
}

fn alarm(facts: &Facts<'_>, plan: &mut Plan, kind: AlarmKind, path: &str, text: &str) {
    // One kind is said once of an artifact.
    if plan.alarms.iter().any(|there| (there.kind, there.path.as_str()) == (kind, path)) {
        return;
    }
    let before = facts.state.alarms.iter().find(|there| (there.kind, there.path.as_str()) == (kind, path));
    let since = before.map_or(facts.now, |before| before.since);
    let text = text.chars().take(400).collect();
    plan.alarms.push(Alarm { kind, path: path.to_owned(), text, since });
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
