//! What an app offers now and what it has ever held: the two ends of every patch.
//!
//! Rules: an artifact is *offered* when verified, unexpired targets in the tree list it and some installation may take
//! it now: the newest version of a channel, and every older one that rollout, halt, recall or a pin leaves as the
//! newest for somebody. A *base* is any artifact whose bytes lie in the tree, listed or not: old versions are kept for
//! that. Everything is read again after each publication and renewal; in between it is plain data behind an `Arc`.
//!
//! Layout: this file is the pure part, [`load`] reads a tree and verifies it.

pub(crate) mod load;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use protocol::{Artifact, Channel, Digest, Platform, Rollout, Version};

/// The bytes of an artifact in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// The file, relative to the folder of the app.
    pub(crate) file: PathBuf,
    /// The file name in its target path.
    pub(crate) name: String,
    pub(crate) version: Version,
    pub(crate) platform: Platform,
}

/// Where the bytes of each digest lie: more than once where the same bytes were released for several platforms or under
/// several versions.
pub(crate) type HeldBytes = BTreeMap<Digest, Vec<Held>>;

/// Bytes that some installation may take now.
#[derive(Debug)]
struct Offer {
    /// In bytes.
    length: u64,
    /// What they are offered as.
    releases: BTreeSet<(Version, Platform)>,
}

/// What an app offers and holds.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    offers: BTreeMap<Digest, Offer>,
    /// The bytes of every release that verified metadata lists, offered or not.
    listed: BTreeSet<Digest>,
    held: HeldBytes,
    for_everybody: Vec<Artifact>,
}

/// A pair for which a patch may be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) base: &'a Held,
    pub(crate) artifact: &'a Held,
    pub(crate) length: u64,
}

impl Catalog {
    pub(crate) fn new(
        artifacts: &[Artifact],
        rollouts: &BTreeMap<Channel, Control>,
        held: HeldBytes,
    ) -> Self {
        let mut all: BTreeMap<Digest, Offer> = BTreeMap::new();
        for one in offers(artifacts, rollouts) {
            let new = || Offer { length: one.length, releases: BTreeSet::new() };
            let offer = all.entry(one.sha256).or_insert_with(new);
            offer.releases.insert((one.release.version.clone(), one.release.platform()));
        }
        let mut for_everybody = for_everybody(artifacts, rollouts);
        for_everybody.retain(|one| file(&held, &one.sha256, one).is_some());
        let listed = artifacts.iter().map(|one| one.sha256).collect();
        Self { offers: all, listed, held, for_everybody }
    }

    /// The artifacts of the default channel that any installation may take, of all versions, as far as their bytes are held.
    pub(crate) fn for_everybody(&self) -> &[Artifact] {
        &self.for_everybody
    }

    /// The platforms of everything that is held.
    pub(crate) fn platforms(&self) -> BTreeSet<Platform> {
        self.held.values().flatten().map(|held| held.platform).collect()
    }

    /// The file of a listed artifact, relative to the folder of the app.
    pub(crate) fn file(&self, artifact: &Artifact) -> Option<&Path> {
        file(&self.held, &artifact.sha256, artifact).map(|held| held.file.as_path())
    }

    /// The pair of a patch from `base` to a listed artifact, offered or not, if both are held for its platform.
    pub(crate) fn pair_to(&self, artifact: &Artifact, base: &Digest) -> Option<Pair<'_>> {
        let (to, platform) = (file(&self.held, &artifact.sha256, artifact)?, artifact.release.platform());
        let from = self.held.get(base).filter(|_| artifact.sha256 != *base)?;
        let base = from.iter().find(|from| from.platform == platform)?;
        Some(Pair { base, artifact: to, length: artifact.length })
    }

    /// The pair of a patch from `base` to `artifact`, if the artifact is offered and the base is known and for a
    /// platform that the artifact is offered for.
    pub(crate) fn pair(&self, artifact: &Digest, base: &Digest) -> Option<Pair<'_>> {
        let offer = self.offers.get(artifact).filter(|_| artifact != base)?;
        let bases = self.held.get(base)?;
        let pairs = self.offered(artifact, offer).flat_map(|to| bases.iter().map(move |from| (from, to)));
        let (base, artifact) = pairs.into_iter().find(|(from, to)| from.platform == to.platform)?;
        Some(Pair { base, artifact, length: offer.length })
    }

    /// The files of offered bytes, without those that the same bytes have as something that is not offered.
    fn offered<'a>(&'a self, artifact: &Digest, offer: &'a Offer) -> impl Iterator<Item = &'a Held> {
        let held = self.held.get(artifact).into_iter().flatten();
        held.filter(|held| offer.releases.contains(&(held.version.clone(), held.platform)))
    }

    /// The files of everything that is offered, each with its SHA-256 and its length in bytes.
    pub(crate) fn offered_files(&self) -> impl Iterator<Item = (Digest, u64, &Path)> {
        let files = |(sha256, offer)| self.offered(sha256, offer).map(move |held| (sha256, offer, held));
        self.offers
            .iter()
            .flat_map(files)
            .map(|(sha256, offer, held)| (*sha256, offer.length, held.file.as_path()))
    }

    /// Whether verified metadata lists these bytes as a release of anything.
    pub(crate) fn lists(&self, artifact: &Digest) -> bool {
        self.listed.contains(artifact)
    }

    /// Whether the tree holds these bytes.
    pub(crate) fn holds(&self, bytes: &Digest) -> bool {
        self.held.contains_key(bytes)
    }

    /// Every file of the tree with the bytes of a release.
    pub(crate) fn held(&self) -> impl Iterator<Item = (&Digest, &Held)> {
        self.held.iter().flat_map(|(digest, held)| held.iter().map(move |one| (digest, one)))
    }

    /// The SHA-256 of everything that is offered.
    pub(crate) fn offered_digests(&self) -> BTreeSet<Digest> {
        self.offers.keys().copied().collect()
    }

    /// How many artifacts are offered, and how many are held.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let offered = self.offers.values().map(|offer| offer.releases.len()).sum();
        (offered, self.held.values().map(Vec::len).sum())
    }

    /// The patches worth making before anybody asks: to each offered artifact, from the `count` versions before it of
    /// the same platform and file name. As (artifact, base), the newest bases of all artifacts first.
    pub(crate) fn ahead(&self, count: usize) -> Vec<(Digest, Digest)> {
        let mut pairs = BTreeSet::new();
        for (artifact, offer) in &self.offers {
            for to in self.offered(artifact, offer) {
                let older = |from: &Held| {
                    from.platform == to.platform && from.name == to.name && from.version < to.version
                };
                let mut bases: Vec<(&Version, Digest)> = (self.held.iter())
                    .filter(|(digest, _)| *digest != artifact)
                    .flat_map(|(digest, held)| held.iter().map(|from| (*digest, from)))
                    .filter(|(_, from)| older(from))
                    .map(|(digest, from)| (&from.version, digest))
                    .collect();
                bases.sort_unstable_by(|a, b| b.cmp(a));
                let ranked = bases.into_iter().take(count).enumerate();
                pairs.extend(ranked.map(|(rank, (_, base))| (rank, *artifact, base)));
            }
        }
        // The same pair may be worth it for several platforms: its best rank counts.
        let mut seen = BTreeSet::new();
        let pairs = pairs.into_iter().map(|(_, artifact, base)| (artifact, base));
        pairs.filter(|pair| seen.insert(*pair)).collect()
    }
}

/// The file of bytes that are held as a listed artifact.
fn file<'a>(held: &'a HeldBytes, sha256: &Digest, artifact: &Artifact) -> Option<&'a Held> {
    let release = &artifact.release;
    let same = |held: &&Held| held.version == release.version && held.platform == release.platform();
    held.get(sha256)?.iter().find(same)
}

/// What holds a channel back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Control {
    /// Nothing.
    Open,
    /// These rules.
    Rules(Rollout),
    /// There are rules, but they cannot be verified: clients take nothing.
    Unverified,
}

/// The artifacts that some installation may take now.
fn offers<'a>(artifacts: &'a [Artifact], controls: &BTreeMap<Channel, Control>) -> Vec<&'a Artifact> {
    let mut offered = Vec::new();
    let platforms: BTreeSet<Platform> = artifacts.iter().map(|one| one.release.platform()).collect();
    let channels: BTreeSet<&Channel> = artifacts.iter().flat_map(|one| &one.release.channels).collect();
    for channel in channels {
        let rules = match controls.get(channel) {
            Some(Control::Unverified) => continue,
            Some(Control::Rules(rules)) => Some(rules),
            Some(Control::Open) | None => None,
        };
        for platform in &platforms {
            let mut mine: Vec<&Artifact> = (artifacts.iter())
                .filter(|one| one.release.platform() == *platform && one.release.channels.contains(channel))
                .collect();
            mine.sort_unstable_by(|a, b| b.release.version.cmp(&a.release.version));
            let pinned = |version: &Version| {
                rules.is_some_and(|rules| {
                    rules.os_pins.iter().any(|pin| pin.os == platform.os && pin.version == *version)
                })
            };
            // Downwards until a version that everybody may take: nobody is offered what is below it, but for pins.
            let mut full: Option<&Version> = None;
            for one in mine {
                let version = &one.release.version;
                let share = rules.and_then(|rules| rules.releases.get(version));
                let closed = share
                    .is_some_and(|share| share.halted || share.recalled || share.basis_points.get() == 0);
                if closed {
                    continue;
                }
                if full.is_none_or(|full| full == version) || pinned(version) {
                    offered.push(one);
                }
                if share.is_none_or(|share| share.basis_points == protocol::BasisPoints::ALL) {
                    full = full.or(Some(version));
                }
            }
        }
    }
    offered
}

/// The artifacts of the default channel that nothing holds back from anybody.
fn for_everybody(artifacts: &[Artifact], controls: &BTreeMap<Channel, Control>) -> Vec<Artifact> {
    let channel = Channel::default();
    let rules = match controls.get(&channel) {
        Some(Control::Unverified) => return Vec::new(),
        Some(Control::Rules(rules)) => Some(rules),
        Some(Control::Open) | None => None,
    };
    let open = |one: &&Artifact| {
        let share = rules.and_then(|rules| rules.releases.get(&one.release.version));
        one.release.channels.contains(&channel)
            && share.is_none_or(|share| {
                !share.halted && !share.recalled && share.basis_points == protocol::BasisPoints::ALL
            })
    };
    artifacts.iter().filter(open).cloned().collect()
}

#[cfg(test)]
mod tests {
    use protocol::{AppId, BasisPoints, OsPin, Release, ReleaseRollout};

    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    fn digest(name: &str) -> Digest {
        Digest::of(name.as_bytes())
    }

    /// `"1.0.0 linux-x86_64 stable beta"`.
    fn artifact(text: &str) -> Artifact {
        let words: Vec<&str> = text.split(' ').collect();
        let platform = Platform::parse(words[1]).unwrap();
        Artifact {
            path: format!("releases/{}/{}/app", words[0], words[1]),
            length: 100,
            sha256: digest(text),
            release: Release {
                app: AppId::parse("one").unwrap(),
                version: version(words[0]),
                channels: words[2..].iter().map(|name| Channel::parse(name).unwrap()).collect(),
                os: platform.os,
                arch: platform.arch,
                min_os: None,
                urgency: Default::default(),
                notes: BTreeMap::new(),
            },
        }
    }

    fn held(artifacts: &[Artifact]) -> HeldBytes {
        let mut held = HeldBytes::new();
        for one in artifacts {
            let file = Path::new(&one.path).to_owned();
            let (version, platform) = (one.release.version.clone(), one.release.platform());
            held.entry(one.sha256).or_default().push(Held { file, name: "app".into(), version, platform });
        }
        held
    }

    fn check(listed: &[&str], control: &Control, expected: &[&str]) {
        let artifacts: Vec<Artifact> = listed.iter().map(|text| artifact(text)).collect();
        let controls = [(Channel::default(), control.clone())].into();
        let mut found: Vec<Digest> = offers(&artifacts, &controls).iter().map(|one| one.sha256).collect();
        let mut expected: Vec<Digest> = expected.iter().map(|text| digest(text)).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{listed:?} {control:?}");
    }

    const OLD: &str = "1.0.0 linux-x86_64 stable";
    const MID: &str = "1.1.0 linux-x86_64 stable";
    const NEW: &str = "1.2.0 linux-x86_64 stable";

    fn rules(shares: &[(&str, u16, bool)], pin: Option<&str>) -> Control {
        let mut rollout = Rollout::open(AppId::parse("one").unwrap(), Channel::default());
        for (text, share, halted) in shares {
            let share = ReleaseRollout {
                basis_points: BasisPoints::new(*share).unwrap(),
                salt: String::new(),
                halted: *halted,
                recalled: false,
            };
            rollout.releases.insert(version(text), share);
        }
        rollout.os_pins.extend(pin.map(|text| OsPin {
            os: protocol::Os::Linux,
            below: "5".into(),
            version: version(text),
        }));
        Control::Rules(rollout)
    }

    #[test]
    fn offered_is_what_somebody_may_take_now() {
        let all = [OLD, MID, NEW];
        check(&all, &Control::Open, &[NEW]);
        check(&all, &Control::Unverified, &[]);
        check(&all, &rules(&[], None), &[NEW]);
        check(&all, &rules(&[("1.2.0", 500, false)], None), &[NEW, MID]);
        check(&all, &rules(&[("1.2.0", 500, true)], None), &[MID]);
        check(&all, &rules(&[("1.2.0", 0, false)], None), &[MID]);
        check(&all, &rules(&[("1.2.0", 500, false), ("1.1.0", 500, false)], None), &[NEW, MID, OLD]);
        check(&all, &rules(&[], Some("1.0.0")), &[NEW, OLD]);
        check(&[OLD, "1.2.0 linux-x86_64"], &Control::Open, &[OLD]);
        let others = [OLD, NEW, "1.0.0 windows-x86_64 stable", "2.0.0-beta.1 linux-x86_64 beta"];
        check(&others, &Control::Open, &[NEW, others[2], others[3]]);
    }

    #[test]
    fn for_everybody_is_what_no_rule_holds_back_from_anybody() {
        let all = [OLD, MID, NEW, "2.0.0 linux-x86_64 beta", "1.3.0 linux-x86_64"].map(artifact);
        let held = held(&all);
        for (control, expected) in [
            (Control::Open, &[OLD, MID, NEW][..]),
            (Control::Unverified, &[]),
            (rules(&[("1.2.0", 9_999, false)], None), &[OLD, MID]),
            (rules(&[("1.2.0", 10_000, true)], None), &[OLD, MID]),
            (rules(&[("1.1.0", 10_000, false), ("1.0.0", 0, false)], Some("1.0.0")), &[MID, NEW]),
        ] {
            let catalog = Catalog::new(&all, &[(Channel::default(), control.clone())].into(), held.clone());
            let found: Vec<Digest> = catalog.for_everybody().iter().map(|one| one.sha256).collect();
            assert_eq!(found, expected.iter().map(|text| digest(text)).collect::<Vec<_>>(), "{control:?}");
        }
        let nothing_held = Catalog::new(&all, &BTreeMap::new(), HeldBytes::new());
        assert!(nothing_held.for_everybody().is_empty());
        let catalog = Catalog::new(&all, &BTreeMap::new(), held);
        for (to, from, expected) in
            [(MID, OLD, true), (OLD, NEW, true), (MID, MID, false), (MID, "none", false)]
        {
            assert_eq!(catalog.pair_to(&artifact(to), &digest(from)).is_some(), expected, "{from} → {to}");
        }
    }

    #[test]
    fn patches_lead_from_known_bases_to_offers_of_the_same_platform() {
        let foreign = "1.0.0 windows-x86_64 stable";
        let forgotten = "0.9.0 linux-x86_64 stable";
        let catalog = Catalog::new(
            &[OLD, MID, NEW, foreign].map(artifact),
            &BTreeMap::new(),
            held(&[OLD, MID, NEW, foreign, forgotten].map(artifact)),
        );
        for (to, from, expected) in [
            (NEW, OLD, true),
            (NEW, forgotten, true),
            (MID, OLD, false),
            (NEW, NEW, false),
            (NEW, foreign, false),
            (NEW, "never seen", false),
            ("never seen", OLD, false),
        ] {
            assert_eq!(catalog.pair(&digest(to), &digest(from)).is_some(), expected, "{from} → {to}");
        }
        let ahead = catalog.ahead(2);
        assert_eq!(ahead, [(digest(NEW), digest(MID)), (digest(NEW), digest(OLD))]);
        assert_eq!(catalog.ahead(0), []);
    }

    #[test]
    fn the_same_bytes_may_be_released_as_several_things() {
        let release = |text: &str, bytes: &str| Artifact { sha256: digest(bytes), ..artifact(text) };
        let linux = ["1.0.0 linux-x86_64 stable", "2.0.0 linux-x86_64 stable"];
        let windows = ["1.0.0 windows-x86_64 stable", "2.0.0 windows-x86_64 stable"];
        // One script for both systems, then a program for each; and bytes that come again under a later version.
        let all = [
            release(linux[0], "script"),
            release(windows[0], "script"),
            release(linux[1], "for linux"),
            release(windows[1], "for windows"),
            release("3.0.0 macos-aarch64 stable", "again"),
        ];
        let before = ["1.0.0 macos-aarch64 stable", "2.0.0 macos-aarch64 stable"];
        let before = [release(before[0], "again"), release(before[1], "between")];
        let catalog = Catalog::new(&all, &BTreeMap::new(), held(&[&all[..], &before].concat()));
        assert_eq!(catalog.counts(), (3, 7));
        for (to, from, platform) in [
            ("for linux", "script", Some("linux-x86_64")),
            ("for windows", "script", Some("windows-x86_64")),
            ("again", "between", Some("macos-aarch64")),
            ("between", "again", None),
            ("for linux", "between", None),
        ] {
            let pair = catalog.pair(&digest(to), &digest(from));
            let ends = pair.map(|pair| [pair.base.platform, pair.artifact.platform]);
            let expected = platform.map(|platform| [Platform::parse(platform).unwrap(); 2]);
            assert_eq!(ends, expected, "{from} → {to}");
        }
        let mut ahead = catalog.ahead(5);
        ahead.sort_unstable();
        let mut expected = [("for linux", "script"), ("for windows", "script"), ("again", "between")]
            .map(|(to, from)| (digest(to), digest(from)));
        expected.sort_unstable();
        assert_eq!(ahead, expected);
    }
}
