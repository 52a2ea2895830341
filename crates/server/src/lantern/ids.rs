//! Which patches old clients mean by which id, where no list of the patches lies on this disk.
//!
//! An id is made of what the patch starts from and what it leads to, and both are known: so each server that knows the same releases
//! knows the same ids, whoever made the patches, and whether they are made or not.

use std::collections::{BTreeMap, HashMap};

use protocol::{Digest, Os, Platform};

use super::address::patch_id;
use super::offers::Offers;
use crate::config::LanternApp;

/// The most ids of one app. Those to what is told now come first, then those to the next older version of each platform, and so on:
/// who asks for what is beyond takes the whole artifact.
const MAX_IDS: usize = 100_000;

/// What a patch starts from and leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) base: Digest,
    pub(super) artifact: Digest,
}

/// All ids of an app.
pub(super) struct Ids(HashMap<Digest, Ends>);

impl Ids {
    /// Hashes twice 64 characters for each pair, so it takes a while where there are many. Blocks.
    pub(super) fn new(offers: &Offers, rules: &LanternApp) -> Self {
        let mut bases: BTreeMap<Platform, Vec<Digest>> = BTreeMap::new();
        // Android's clients do not say what they have, so none of them is told of a patch.
        let held = offers.catalog().held().filter(|(_, held)| held.platform.os != Os::Android);
        for (base, held) in held {
            bases.entry(held.platform).or_default().push(*base);
        }
        let mut ids = HashMap::new();
        for release in offers.releases(rules).chain(offers.newest_first()) {
            let artifact = release.artifact.sha256;
            let from = bases.get(&release.artifact.release.platform()).into_iter().flatten();
            for base in from.filter(|base| **base != artifact) {
                if ids.len() >= MAX_IDS {
                    return Self(ids);
                }
                ids.entry(patch_id(base, &artifact)).or_insert(Ends { base: *base, artifact });
            }
        }
        Self(ids)
    }

    pub(super) fn get(&self, id: &Digest) -> Option<Ends> {
        self.0.get(id).copied()
    }
}
