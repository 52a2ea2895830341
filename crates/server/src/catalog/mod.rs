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
use std::path::PathBuf;

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

/// What an app offers and holds.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    offers: BTreeMap<Digest, Artifact>,
    held: HeldBytes,
}

/// Where the bytes of each digest lie: more than once where the same bytes are released for several platforms.
pub(crate) type HeldBytes = BTreeMap<Digest, Vec<Held>>;

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
        let offers = offers(artifacts, rollouts).into_iter().map(|one| (one.sha256, one.clone())).collect();
        Self { offers, held }
    }

    /// The pair of a patch from `base` to `artifact`, if the artifact is offered and the base is known and for the
    /// same platform.
    pub(crate) fn pair(&self, artifact: &Digest, base: &Digest) -> Option<Pair<'_>> {
        let offer = self.offers.get(artifact)?;
        if artifact == base {
            return None;
        }
        let (to, from) = (self.held.get(artifact)?, self.held.get(base)?);
        let pairs = to.iter().flat_map(|to| from.iter().map(move |from| (to, from)));
        let (to, from) = pairs.into_iter().find(|(to, from)| to.platform == from.platform)?;
        Some(Pair { base: from, artifact: to, length: offer.length })
    }

    /// How many artifacts are offered, and how many are held.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.offers.len(), self.held.values().map(Vec::len).sum())
    }

    /// The patches worth making before anybody asks: to each offered artifact, from the `count` versions before it of
    /// the same platform and file name. As (artifact, base), the newest bases of all artifacts first.
    pub(crate) fn ahead(&self, count: usize) -> Vec<(Digest, Digest)> {
        let mut pairs = Vec::new();
        for offer in self.offers.values() {
            for to in self.held.get(&offer.sha256).into_iter().flatten() {
                let mut bases: Vec<(&Version, Digest)> = (self.held.iter())
                    .flat_map(|(digest, held)| held.iter().map(move |from| (digest, from)))
                    .filter(|(digest, from)| {
                        **digest != offer.sha256
                            && from.platform == to.platform
                            && from.name == to.name
                            && from.version < to.version
                    })
                    .map(|(digest, from)| (&from.version, *digest))
                    .collect();
                bases.sort_unstable_by(|a, b| b.cmp(a));
                let ranked = bases.into_iter().take(count).enumerate();
                pairs.extend(ranked.map(|(rank, (_, base))| (rank, offer.sha256, base)));
            }
        }
        pairs.sort_by_key(|(rank, ..)| *rank);
        let mut seen = BTreeSet::new();
        let pairs = pairs.into_iter().map(|(_, artifact, base)| (artifact, base));
        pairs.filter(|pair| seen.insert(*pair)).collect()
    }
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

#[cfg(test)]
mod tests {
    use std::path::Path;

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

    fn held(texts: &[&str]) -> HeldBytes {
        let mut held = HeldBytes::new();
        for text in texts {
            let one = artifact(text);
            held.entry(one.sha256).or_default().push(lying(&one));
        }
        held
    }

    fn lying(one: &Artifact) -> Held {
        let (version, platform) = (one.release.version.clone(), one.release.platform());
        Held { file: Path::new(&one.path).to_owned(), name: "app".into(), version, platform }
    }

    #[test]
    fn the_same_bytes_for_two_platforms_are_bases_for_both() {
        let on = |platform: &str, version: &str, bytes: &str| Artifact {
            sha256: digest(bytes),
            ..artifact(&format!("{version} {platform} stable"))
        };
        let (linux, windows) = ("linux-x86_64", "windows-x86_64");
        let all = [
            on(linux, "1.0.0", "script"),
            on(windows, "1.0.0", "script"),
            on(linux, "2.0.0", "for linux"),
            on(windows, "2.0.0", "for windows"),
        ];
        let mut held = HeldBytes::new();
        for one in &all {
            held.entry(one.sha256).or_default().push(lying(one));
        }
        let catalog = Catalog::new(&all, &BTreeMap::new(), held);
        assert_eq!(catalog.counts(), (2, 4));
        for artifact in ["for linux", "for windows"] {
            let pair = catalog.pair(&digest(artifact), &digest("script")).unwrap();
            assert_eq!(pair.base.platform, pair.artifact.platform, "{artifact}");
        }
        assert_eq!(catalog.ahead(5).len(), 2);
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
    fn patches_lead_from_known_bases_to_offers_of_the_same_platform() {
        let foreign = "1.0.0 windows-x86_64 stable";
        let forgotten = "0.9.0 linux-x86_64 stable";
        let catalog = Catalog::new(
            &[OLD, MID, NEW, foreign].map(artifact),
            &BTreeMap::new(),
            held(&[OLD, MID, NEW, foreign, forgotten]),
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
}
