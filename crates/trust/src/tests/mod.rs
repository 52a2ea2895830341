//! Attacks on the walk, one file per group of threats. Each builds a tiny repository, breaks one thing in it *consistently*
//! (pins follow the broken file, signatures cover it), so that only the defence that the test names can refuse it.

mod repository;

mod delegation;
mod golden;
mod honest;
mod key;
mod mutation;
mod nested;
mod recovery;
mod shape;
mod signature;
mod stored;
mod time;

use jiff::Timestamp;
use protocol::{AppId, Channel, Platform};
pub(crate) use repository::{Repository, key, public};

use crate::{Crypto, Error, INGEST, Keep, ROLLOUT, Stored, TARGETS, Verified, Wanted, begin};

/// The time of all tests, unless they are about time.
pub(crate) fn noon() -> Timestamp {
    "2030-06-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn crypto() -> Crypto {
    Crypto::ed25519().unwrap()
}

pub(crate) fn app() -> AppId {
    AppId::parse("demo").unwrap()
}

pub(crate) fn linux() -> Platform {
    Platform::parse("linux-x86_64").unwrap()
}

pub(crate) fn stable() -> Channel {
    Channel::default()
}

/// A client: its pinned root, what it stored, and the time.
pub(crate) struct Client {
    pub(crate) pinned: Vec<u8>,
    pub(crate) stored: Stored,
    pub(crate) now: Timestamp,
    /// Roles that were fetched in the last check, in order.
    pub(crate) fetched: Vec<String>,
}

impl Client {
    /// A client that pins the first root of `repository` and has nothing stored.
    pub(crate) fn new(repository: &Repository) -> Self {
        Self::pinning(repository.file("1.root.json"))
    }

    pub(crate) fn pinning(pinned: Vec<u8>) -> Self {
        Self { pinned, stored: Stored::default(), now: noon(), fetched: Vec::new() }
    }

    /// One whole check as the engine does it: keeps what is to be kept, also of a check that fails later.
    pub(crate) fn check(&mut self, repository: &Repository) -> Result<Verified, Error> {
        self.fetched.clear();
        let files = repository.files();
        let mut roots = begin(crypto(), &self.pinned, &self.stored, self.now)?;
        while let Some(bytes) = roots.wanted().and_then(|wanted| files.get(&name(&wanted)).cloned()) {
            let keep = roots.received(&bytes)?;
            self.keep(keep);
        }
        let stage = roots.finish()?;
        let bytes = self.fetch(&files, &stage.wanted());
        let (stage, keep) = stage.received(&bytes)?;
        if let Some(keep) = keep {
            self.keep(keep);
        }
        let stage = match stage.wanted() {
            Some(wanted) => {
                let (stage, keep) = stage.received(&self.fetch(&files, &wanted))?;
                self.keep(keep);
                stage
            }
            None => stage.stored()?,
        };
        let mut verified = match stage.wanted() {
            Some(wanted) => {
                let (verified, keep) = stage.received(&self.fetch(&files, &wanted))?;
                self.keep(keep);
                verified
            }
            None => stage.stored()?,
        };
        for delegation in verified.delegations(TARGETS) {
            match verified.wanted_delegated(&delegation.name)? {
                Some(wanted) => {
                    let bytes = self.fetch(&files, &wanted);
                    let keep = verified.delegated(TARGETS, &delegation.name, &bytes)?;
                    self.keep(keep);
                }
                None => verified.delegated_stored(TARGETS, &delegation.name)?,
            }
        }
        Ok(verified)
    }

    /// The code of the error of one check.
    pub(crate) fn refusal(&mut self, repository: &Repository) -> &'static str {
        match self.check(repository) {
            Ok(_) => "verified",
            Err(error) => error.code(),
        }
    }

    fn fetch(&mut self, files: &repository::Files, wanted: &Wanted) -> Vec<u8> {
        self.fetched.push(wanted.role.clone());
        let bytes = files.get(&name(wanted)).cloned().unwrap_or_default();
        // What a fetcher would do: it stops one byte after the limit.
        bytes.into_iter().take(usize::try_from(wanted.limit).unwrap() + 1).collect()
    }

    pub(crate) fn keep(&mut self, keep: Keep) {
        self.stored.keep(keep);
    }
}

pub(crate) fn name(wanted: &Wanted) -> String {
    match wanted.version {
        Some(version) => format!("{version}.{}.json", wanted.role),
        None => format!("{}.json", wanted.role),
    }
}

/// A repository one publication later in every role but root.
pub(crate) fn later(repository: &mut Repository) {
    repository.bump(&ROLES);
}

/// The roles of a check with everything in it.
pub(crate) const ROLES: [&str; 5] = ["timestamp", "snapshot", TARGETS, ROLLOUT, INGEST];
