//! The one task that owns the state: something happens → an event → [`crate::machine::step()`] → effects.
//!
//! - One task owns everything; everybody else holds a [`Handle`] or reports through a channel.
//! - An effect is a task of its own and ends with exactly one event; per app one runs at a time, so a program's
//!   place is opened by at most one of them.
//! - Work that blocks (disk, hashing, processes) runs on threads for that, never in this task.
//! - The place of a program is open, and locked, only while something is done with it.
//! - Timers stand still while a machine sleeps, and clocks are set: where the system tells of it, the engine looks at once
//!   ([`Clock::stepped`]); elsewhere long waits are cut into pieces of [`LONGEST_SLEEP`].
//!
//! Layout: [`Config`] and [`Engine::start`] → `owner` (the task) → `app` (one app's state and its waiting people; `later`: what it does at a better moment, `asked`: what it
//! is asked) → `task` → `work` (the
//! effects) → `system` ([`Clock`] and [`Platform`], the only two traits).

mod app;
mod asked;
mod due;
mod goal;
mod history;
mod later;
mod outside;
mod owner;
mod pending;
mod progress;
mod rules;
mod system;
mod task;
pub(crate) mod work;

use std::ffi::OsString;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use protocol::{AppId, Digest, Mode};
use tokio::sync::{mpsc, watch};
use trust::Crypto;

use crate::enrolments::{Enrolled, Enrolments};
use crate::error::Error;
use crate::fetch::Client;
use crate::handle::Handle;
use crate::policy::schedule::Timing;
use crate::store::{Folders, Settings, Store, Wishes};
use crate::view::View;
use owner::Driver;
use rules::Rules;
use work::Network;

pub use system::{Clock, Platform, Session, SystemClock, ThisMachine};
pub(crate) use work::Shared;

/// The longest time that the engine sleeps at once.
pub const LONGEST_SLEEP: Duration = Duration::from_secs(30 * 60);

/// Commands that may wait for the engine; who sends more waits.
const MAX_MESSAGES: usize = 64;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// A program that was asked to close, to do so.
    pub close: Duration,
    /// A server, to make a patch.
    pub patch: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { close: Duration::from_secs(60), patch: Duration::from_secs(60) }
    }
}

/// What an engine is made of.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where everything lies.
    pub folders: Folders,
    /// The programs.
    pub enrolments: Enrolments,
    /// Check by itself, and fetch and install what each program's mode allows. Off for a command that runs once: then
    /// nothing happens but what is asked for.
    pub background: bool,
    /// When to check in the background.
    pub timing: Timing,
    /// How long things may take.
    pub patience: Patience,
    /// The most memory that applying a patch may need, in bytes.
    pub patch_memory: u64,
    /// What else a person or administrator set.
    pub settings: Settings,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The machine.
    pub platform: Arc<dyn Platform>,
    /// The network.
    pub client: Client,
    /// The program that runs this engine, if it may be enrolled itself.
    pub own: Option<Own>,
}

/// The program that runs this engine. It cannot close itself, replace itself and see whether its successor lives: when its
/// turn comes, it starts itself once more as the one that takes over. That process activates the update with an engine of
/// its own, and so asks this one to close, starts the new version and watches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Its app.
    pub app: AppId,
    /// What it is started with to take over.
    pub arguments: Vec<OsString>,
}

impl Config {
    /// The configuration of this machine and user: settings files, enrolments, the real clock.
    ///
    /// # Errors
    /// A settings file that is wrong; a network client that cannot be set up. Wrong enrolments are no error: they are
    /// in the View.
    pub fn of_user(folders: Folders) -> Result<Self, Error> {
        let settings = Store::new(folders.clone()).settings()?;
        let client = client(&settings)?;
        let timing = Timing { interval: settings.check_every(), ..Timing::default() };
        Ok(Self {
            enrolments: crate::enrolments::load(&folders),
            folders,
            background: true,
            timing,
            patience: Patience::default(),
            patch_memory: settings.patch_memory(),
            settings,
            clock: Arc::new(SystemClock),
            platform: Arc::new(ThisMachine),
            client,
            own: None,
        })
    }
}

/// A running engine; all there is to hold of it is its [`Handle`].
#[derive(Debug)]
pub struct Engine;

impl Engine {
    /// Starts an engine on the present tokio runtime. It ends by [`Handle::shutdown`], or when the last handle is gone.
    ///
    /// # Errors
    /// The verifier or the state cannot be set up; an unknown kind of machine.
    pub async fn start(config: Config) -> Result<Handle, Error> {
        let (enrolments, timing) = (config.enrolments.clone(), config.background.then_some(config.timing));
        let settings = config.settings.clone();
        let shared = share(config).await?;
        let holds = shared.store.holds();
        // What a person wished before is no reason not to start.
        let wishes = work::blocking(move || Ok::<_, Error>(holds.wishes()?)).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "what was wished cannot be read");
            Wishes::default()
        });
        let (messages, inbox) = mpsc::channel(MAX_MESSAGES);
        let (view, shown) = watch::channel(View::new(Vec::new(), Vec::new()));
        let driver = Driver::new(shared, Rules { timing, settings, enrolments }, wishes, inbox, view);
        // Nobody waits for the task: it ends with its handles, and `shutdown` has its own answer.
        drop(tokio::spawn(driver.run()));
        Ok(Handle::new(messages, shown))
    }
}

/// What all effects of an engine with this configuration share.
pub(crate) async fn share(config: Config) -> Result<Arc<Shared>, Error> {
    let Config { folders, background, patience, patch_memory, clock, platform, client, own, .. } = config;
    let machine = platform
        .platform()
        .ok_or(Error::UnknownPlatform { os: std::env::consts::OS, arch: std::env::consts::ARCH })?;
    let store = Store::new(folders);
    let for_id = store.clone();
    let id = work::blocking(move || Ok::<_, Error>(for_id.installation_id()?)).await?;
    Ok(Arc::new(Shared {
        store,
        network: RwLock::new(Network { client, patch_memory }),
        crypto: Crypto::ed25519()?,
        os_version: platform.os_version(),
        machine,
        installation_id: id.as_str().to_owned(),
        clock,
        platform,
        patience,
        background,
        own,
        session_ends: AtomicBool::new(false),
    }))
}

/// The network as settings say.
fn client(settings: &Settings) -> Result<Client, Error> {
    Ok(Client::new(crate::fetch::Config { proxy: settings.proxy(), ..Default::default() })?)
}

/// Something that tells apart enrolments of the same id: when it changes, the app begins anew. Its mode can change under it.
fn fingerprint(enrolled: &Enrolled) -> Digest {
    let mut enrolled = enrolled.clone();
    enrolled.enrolment.mode = Mode::default();
    Digest::of(format!("{enrolled:?}").as_bytes())
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
