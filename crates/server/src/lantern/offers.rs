//! What old clients of an app may get, and which of it one client gets: its own server's rules, as a pure function.
//!
//! Of each platform those versions count that everybody may take: old clients have no installation id, so there is no telling who of
//! them would be in a share. No prereleases: no old client ever asked for one, and its own server gave it to everybody.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use protocol::{AppId, Arch, Artifact, Digest, Os, Platform, SourceUrl, Version};

use super::address::{self, Address, Origins};
use super::ids::{Ends, Ids};
use super::request::Request;
use crate::catalog::{Catalog, Pair};
use crate::config::{LanternApp, LanternPin};

/// A release for one platform, with everything that answers say of it.
#[derive(Debug)]
pub(super) struct Release {
    pub(super) artifact: Artifact,
    pub(super) address: Address,
    /// The bodies of answers that were made already, by the base of the patch in them: one for each version before this one at most.
    pub(super) bodies: Mutex<HashMap<Option<Digest>, Bytes>>,
}

/// What there is for each platform; made once for each catalog.
pub(super) struct Offers {
    catalog: Arc<Catalog>,
    /// A platform of which there is nothing to offer now is known all the same.
    platforms: BTreeMap<Platform, BTreeMap<Version, Arc<Release>>>,
    lengths: HashMap<Digest, u64>,
    ids: OnceLock<Ids>,
}

/// What a client is told.
#[derive(Debug, Clone)]
pub(super) enum Decision {
    /// Not for this system, or the question makes no sense.
    Unsupported,
    /// There is no update.
    Current,
    /// An update, and what the client has now, if we could start a patch from it.
    Update {
        release: Arc<Release>,
        base: Option<Digest>,
        /// The client would not survive the update, so it hears nothing of it.
        too_old: bool,
    },
}

impl Offers {
    pub(super) fn new(catalog: Arc<Catalog>, app: &AppId, public: &SourceUrl, origins: &Origins) -> Self {
        let mut platforms: BTreeMap<_, BTreeMap<_, _>> =
            catalog.platforms().into_iter().map(|platform| (platform, BTreeMap::new())).collect();
        for artifact in catalog.for_everybody() {
            let release = &artifact.release;
            let origin = origins(app, &artifact.path);
            let address = address::of_artifact(public, app, artifact, origin);
            let Some(address) = address.filter(|_| !release.version.is_prerelease()) else { continue };
            let offer = Release { artifact: artifact.clone(), address, bodies: Mutex::default() };
            platforms.entry(release.platform()).or_default().insert(release.version.clone(), Arc::new(offer));
        }
        let releases = platforms.values().flat_map(BTreeMap::values);
        let lengths = releases.map(|release| (release.artifact.sha256, release.artifact.length)).collect();
        Self { catalog, platforms, lengths, ids: OnceLock::new() }
    }

    /// The catalog that this was made from.
    pub(super) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The releases that some client may be told of.
    pub(super) fn releases<'a>(&'a self, rules: &'a LanternApp) -> impl Iterator<Item = &'a Arc<Release>> {
        self.platforms.iter().flat_map(move |(platform, versions)| {
            let pins = rules.pins.iter().filter(|pin| pin.os == platform.os);
            let pinned = pins.filter_map(|pin| versions.get(&pin.version));
            versions.values().next_back().into_iter().chain(pinned)
        })
    }

    /// All that everybody may take: the newest of each platform, then the one before it of each, and so on.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Arc<Release>> {
        let most = self.platforms.values().map(BTreeMap::len).max().unwrap_or(0);
        let rank =
            |rank| self.platforms.values().filter_map(move |versions| versions.values().rev().nth(rank));
        (0..most).flat_map(rank)
    }

    /// What a patch is called, by its id. Blocks when it is asked for the first time.
    pub(super) fn ends(&self, id: &Digest, rules: &LanternApp) -> Option<Ends> {
        self.ids.get_or_init(|| Ids::new(self, rules)).get(id)
    }

    /// The length of an artifact that some client may be told of.
    pub(super) fn length(&self, artifact: &Digest) -> Option<u64> {
        self.lengths.get(artifact).copied()
    }

    /// The pair of a patch to a release.
    pub(super) fn pair(&self, release: &Release, base: &Digest) -> Option<Pair<'_>> {
        self.catalog.pair_to(&release.artifact, base)
    }

    /// What this client is told.
    pub(super) fn decide(&self, request: &Request<'_>, rules: &LanternApp) -> Decision {
        let (os, arch, checksum) = (request.os(), request.arch(), request.checksum());
        if os.is_empty() || arch.is_empty() || (os != Os::Android.go_name() && checksum.is_empty()) {
            return Decision::Unsupported;
        }
        let Ok(version) = Version::parse_without_build(request.app_version()) else {
            return Decision::Unsupported;
        };
        // Nothing at all can be verified now: that is no word about anybody's system.
        if self.platforms.is_empty() {
            return Decision::Current;
        }
        let platform = platform(os, arch);
        let Some((platform, versions)) =
            platform.and_then(|platform| self.platforms.get_key_value(&platform))
        else {
            return Decision::Unsupported;
        };
        let target = match pin(rules, platform.os, request.os_version()) {
            Some(pin) => match versions.get(&pin.version) {
                Some(release) => release,
                None => return Decision::Unsupported,
            },
            None => match versions.values().next_back() {
                Some(release) => release,
                None => return Decision::Current,
            },
        };
        if target.artifact.release.version <= version {
            return Decision::Current;
        }
        // Android's clients do not say what they have. As text: one spelling.
        let known = platform.os != Os::Android;
        let base = known.then(|| Digest::parse(checksum).ok()).flatten();
        let too_old = rules.floors.iter().any(|floor| floor.os == platform.os && version < floor.below);
        Decision::Update { release: Arc::clone(target), base, too_old }
    }
}

/// The platform of Go's names; 64-bit Android takes what is made for 32 bits.
fn platform(os: &str, arch: &str) -> Option<Platform> {
    let (os, arch) = (Os::from_go_name(os)?, Arch::from_go_name(arch)?);
    let arch = if (os, arch) == (Os::Android, Arch::Aarch64) { Arch::Arm } else { arch };
    Some(Platform { os, arch })
}

/// The pin for a system: of those that fit, the one for the oldest systems. A version of the system that is none fits nowhere.
fn pin<'a>(rules: &'a LanternApp, os: Os, os_version: &str) -> Option<&'a LanternPin> {
    let mut pins = rules.pins.iter().filter(|pin| pin.os == os).peekable();
    pins.peek()?;
    let version = Version::parse_without_build(os_version).ok()?;
    pins.filter(|pin| version < pin.below).min_by(|a, b| a.below.cmp(&b.below))
}
