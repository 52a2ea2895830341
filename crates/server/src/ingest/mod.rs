//! Releases from GitHub: what an app's repository publishes there is listed here in the delegated `ingest` role.
//!
//! It is the one place where this server adds bytes that clients may install, so its rules are narrow:
//!
//! - it is off, app by app, until an operator writes a sentence that says what it costs;
//! - it signs with `ingest`, `snapshot` and `timestamp` alone, after everything was fetched, compared and unpacked;
//! - what is signed stays as it is. A change on GitHub is told to people and followed by nothing;
//! - nothing that GitHub does or leaves undone keeps a client from an answer: the network is never waited for while an app's
//!   writer's place is held, every wait has a deadline, and every read a limit;
//! - heavy work on a stranger's bytes (unpacking) happens in another process.
//!
//! Layout: [`names`] and `plan` decide, `github` and `download` talk, `take` makes an artifact of an asset with [`unpack`], `round` does
//! all of it in order, `state` remembers, `rate` waits, `metrics` counts, this file holds them together.

mod download;
mod github;
mod metrics;
pub(crate) mod names;
mod plan;
mod rate;
mod round;
mod state;
mod take;
pub mod unpack;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use minisign_verify::PublicKey;
use protocol::{AppId, Digest, SourceUrl};
use serde::Serialize;
use signing::Passphrase;

use crate::app::App;
use crate::config::{Config, Github};
use github::Api;
use names::Names;
use rate::Rate;
use state::{Found, State};

pub(crate) use metrics::IngestMetrics;
pub use names::Packing;
pub(crate) use round::run;
pub use state::StateError;

/// Why an app cannot take its releases from GitHub.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// It is not here.
    #[error("it does not exist here: put its first root into {}, start without this mapping, and publish it once", folder.display())]
    NoApp {
        /// Where its first root would be.
        folder: PathBuf,
    },
    /// Nothing is signed here.
    #[error(
        "this server has no online keys for it: set `keys`, and put its `ingest`, `snapshot` and `timestamp` keys there"
    )]
    NoKeys,
    /// Something that signing needs is not there.
    #[error(
        "{0}. An app that takes releases from GitHub is made with `autoupdate init --with-ingest`, its list of releases (it may \
         be empty) is published once, and its `ingest` key lies among the online keys of this server"
    )]
    Signing(#[source] signing::Error),
    /// The token cannot be read.
    #[error("key `github.token_file`: {0}")]
    Token(#[source] signing::Error),
    /// What is remembered cannot be gone on with.
    #[error(transparent)]
    State(#[from] StateError),
    /// The configuration does not say whom to ask, or the machine has no certificates to ask with.
    #[error("GitHub cannot be asked from this machine: {0}")]
    Client(#[source] reqwest::Error),
    /// Not what the configuration was checked for.
    #[error("key `github.{0}` cannot be used")]
    Rules(&'static str),
}

/// Where everybody can fetch the asset that became an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) url: String,
    /// How the asset is packed; plain: it is the artifact, byte for byte.
    pub(crate) packing: Packing,
}

/// How one repository stands, for people.
#[derive(Debug, Serialize)]
pub(crate) struct Standing {
    app: AppId,
    repository: String,
    /// When it was last looked at with success by this process.
    last_success: Option<Timestamp>,
    /// What went wrong at the last look.
    failure: Option<String>,
    alarms: Vec<String>,
}

/// All repositories.
#[derive(Default)]
pub(crate) struct Ingest {
    sources: BTreeMap<AppId, Arc<Source>>,
}

/// One app's repository.
pub(crate) struct Source {
    rules: Github,
    /// SHA-256 of the rules, which says whether what is remembered was understood by the same ones.
    fingerprint: Digest,
    names: Names,
    publisher: Option<PublicKey>,
    api: Api,
    rate: Arc<Rate>,
    file: PathBuf,
    scratch: PathBuf,
    program: PathBuf,
    inside: Mutex<Inside>,
}

struct Inside {
    state: State,
    last_success: Option<Timestamp>,
    failure: Option<String>,
}

/// Checks all that a start would check, and changes nothing. Blocks.
pub(crate) fn check(config: &Config, apps: &[App]) -> Result<(), (AppId, IngestError)> {
    for rules in &config.github {
        check_one(config, rules, apps).map_err(|error| (rules.app.clone(), error))?;
    }
    Ok(())
}

fn check_one(config: &Config, rules: &Github, apps: &[App]) -> Result<(), IngestError> {
    let folder = || config.data.join(rules.app.as_str()).join("metadata");
    let app = apps.iter().find(|app| app.id == rules.app);
    let app = app.ok_or_else(|| IngestError::NoApp { folder: folder() })?;
    let keys = app.keys.as_ref().ok_or(IngestError::NoKeys)?;
    signing::can_ingest(&app.tree, keys).map_err(IngestError::Signing)?;
    token(rules).map_err(IngestError::Token)?;
    match State::look(&State::file(&config.data, &rules.app), rules.repository.as_str())? {
        Found::Good(_) | Found::None | Found::Damaged => Ok(()),
    }
}

/// The token, read anew at each use: it may be changed without a start.
fn token(rules: &Github) -> Result<Option<Passphrase>, signing::Error> {
    rules.token_file.as_deref().map(Passphrase::from_file).transpose()
}

impl Ingest {
    /// Opens all repositories of the configuration, which were checked. `scratch` is a folder on the file system of the trees, and
    /// `program` this program. Blocks.
    pub(crate) fn open(
        config: &Config,
        scratch: &Path,
        program: &Path,
    ) -> Result<Self, (AppId, IngestError)> {
        let mut rates: BTreeMap<(String, Option<PathBuf>), Arc<Rate>> = BTreeMap::new();
        let mut sources = BTreeMap::new();
        for rules in &config.github {
            let app = &rules.app;
            let api = rules.api.as_ref().map_or(Github::PUBLIC_API.to_owned(), ToString::to_string);
            let rate = rates.entry((api.clone(), rules.token_file.clone())).or_default();
            let source = Source::open(config, rules, &api, Arc::clone(rate), (scratch, program));
            let source = source.map_err(|error| (app.clone(), error))?;
            sources.insert(app.clone(), Arc::new(source));
        }
        Ok(Self { sources })
    }

    /// All repositories.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.sources.values()
    }

    /// How all repositories stand.
    pub(crate) fn standings(&self) -> Vec<Standing> {
        self.sources.values().map(|source| source.standing()).collect()
    }

    /// Where everybody can fetch the asset that became the artifact of an app with this target path; None: it came from elsewhere, or
    /// there is another asset now.
    pub(crate) fn origin(&self, app: &AppId, path: &str) -> Option<Origin> {
        self.sources.get(app)?.lock().origin(path)
    }
}

impl Source {
    fn open(
        config: &Config,
        rules: &Github,
        api: &str,
        rate: Arc<Rate>,
        (scratch, program): (&Path, &Path),
    ) -> Result<Self, IngestError> {
        let base = SourceUrl::parse(api, false).map_err(|_| IngestError::Rules("api"))?;
        let publisher = rules.publisher().transpose().map_err(|_| IngestError::Rules("minisign_key"))?;
        let file = State::file(&config.data, &rules.app);
        let state = State::open(&file, rules.repository.as_str())?;
        Ok(Self {
            names: Names::new(rules).map_err(|error| IngestError::Rules(error.key()))?,
            // Its text is no format: another one after an update of this program costs a look at all pages.
            fingerprint: Digest::of(format!("{rules:?}").as_bytes()),
            publisher,
            api: Api::new(base, rules.repository.clone()).map_err(IngestError::Client)?,
            rate,
            file,
            scratch: scratch.to_owned(),
            program: program.to_owned(),
            inside: Mutex::new(Inside { state, last_success: None, failure: None }),
            rules: rules.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing(&self) -> Standing {
        let inside = self.lock();
        Standing {
            app: self.rules.app.clone(),
            repository: self.rules.repository.as_str().to_owned(),
            last_success: inside.last_success,
            failure: inside.failure.clone(),
            alarms: inside.state.alarms.iter().map(|alarm| alarm.text.clone()).collect(),
        }
    }
}

impl Inside {
    fn origin(&self, path: &str) -> Option<Origin> {
        let taken = self.state.taken.get(path).filter(|_| self.state.is_undisturbed(path))?;
        Some(Origin { url: taken.url.clone(), packing: taken.packing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use state::{Alarm, AlarmKind};

    #[test]
    fn an_origin_is_told_as_long_as_it_gives_what_is_signed() {
        let state: State = serde_json::from_str(include_str!("../../fixtures/v1/github.json")).unwrap();
        let mut inside = Inside { state, last_success: None, failure: None };
        let path = "releases/1.2.0/linux-x86_64/tool";
        let origin = inside.origin(path).unwrap();
        assert!(origin.url.ends_with("/1.2.0/update_linux_amd64.bz2"), "{origin:?}");
        assert_eq!(origin.packing, Packing::Bzip2);
        assert_eq!(inside.origin("releases/1.2.0/macos-aarch64/tool"), None);
        let swapped = Alarm {
            kind: AlarmKind::Swapped,
            path: path.to_owned(),
            text: String::new(),
            since: Timestamp::UNIX_EPOCH,
        };
        inside.state.alarms.push(swapped);
        assert_eq!(inside.origin(path), None);
    }
}
