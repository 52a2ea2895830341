//! For programs that update themselves, or one other program: the engine without an engine.
//!
//! ```no_run
//! # fn main() -> Result<(), autoupdate::Error> {
//! let config = autoupdate::SelfUpdate::new("demo", "https://updates.example.org", b"the publisher's root.json")?;
//! if let Some(version) = autoupdate::apply_next(&config)? {
//!     println!("{version} is in place and runs at the next start");
//! }
//! # Ok(()) }
//! ```
//!
//! [`Updater`] is the same in three steps, for programs with their own windows and their own runtime. The steps are types:
//! only what was checked can be prepared, only what was prepared can be activated.
//!
//! The swap happens beside the running program, which keeps running on its old bytes. Whether the new version lives is found out
//! at its next starts: see [`crate::init`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use protocol::{AppId, Channel, Digest, Enrolment, Health, Mode, Pin, SourceKind, SourceUrl, Version};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::driver::work::{self, Carry, Job, Reporter, Root, Subject};
use crate::driver::{self, Config};
use crate::enrolments::{Enrolled, Enrolments};
use crate::error::Error;
use crate::install::probation::{PROBE_TIME, run_probe, run_start_probe};
use crate::install::{Committed, Place, RollBackReason, Trial};
use crate::machine::{self, Assurance, Cost};
use crate::policy::{Asker, Decision, Offer, Trace};
use crate::store::{Folders, Program};
use crate::view::{Owner, UpdateReport};

/// What a program says about itself to be kept up to date.
#[derive(Debug, Clone)]
pub struct SelfUpdate {
    /// Its id, as its publisher signs it.
    pub app: AppId,
    /// Where its releases are, tried in order.
    pub sources: Vec<SourceUrl>,
    /// The root metadata that it trusts first; compiled in.
    pub root: Arc<[u8]>,
    /// The channel it follows.
    pub channel: Channel,
    /// The file to update; the running program's own if nothing else is said.
    pub path: PathBuf,
    /// How a new version proves that it lives. [`Health::Confirm`]: it calls [`crate::init`] first in its `main`, and
    /// [`crate::confirm`] once it works. It is started once at the update, to end in `init`: what does not even come so far is undone
    /// at once.
    pub health: Health,
    /// Bytes that nobody knows may be replaced: for programs that a person has agreed for, or that were built by hand.
    pub consent: Consent,
    /// Where state is kept.
    pub folders: Folders,
}

/// Whether bytes of an unknown version may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consent {
    /// No: [`Error::NeedsConsent`].
    #[default]
    Withheld,
    /// Somebody who may has agreed.
    Given,
}

impl SelfUpdate {
    /// The running program, channel `stable`, and one minute to confirm.
    ///
    /// # Errors
    /// An id or a URL that is none; the running program's path or the user's folders cannot be told.
    pub fn new(app: &str, source: &str, root: &[u8]) -> Result<Self, Error> {
        Ok(Self {
            app: AppId::parse(app)?,
            sources: vec![SourceUrl::parse(source, false)?],
            root: root.into(),
            channel: Channel::default(),
            path: own_path()?,
            health: Health::Confirm(Duration::from_secs(60)),
            consent: Consent::default(),
            folders: Folders::of_user()?,
        })
    }

    /// As if it were enrolled by itself.
    fn enrolled(&self) -> Enrolled {
        Enrolled {
            enrolment: Enrolment {
                id: self.app.clone(),
                name: self.app.to_string(),
                path: self.path.clone(),
                sources: self.sources.clone(),
                source: SourceKind::Tuf,
                anchor: Pin { file: PathBuf::new(), sha256: Digest::of(&self.root) },
                channel: self.channel.clone(),
                mode: Mode::Ask,
                close: protocol::Close::default(),
                restart: protocol::Restart::Never,
                health: self.health.clone(),
                allow_http: false,
                rights: protocol::Rights::Refuse,
            },
            owner: Owner::Program,
            file: PathBuf::new(),
        }
    }
}

/// The path of the running program. On Linux a program whose file was replaced meanwhile is told so in its path.
pub(crate) fn own_path() -> Result<PathBuf, Error> {
    let path = std::env::current_exe().map_err(Error::OwnPath)?;
    let plain = path.to_str().and_then(|text| text.strip_suffix(" (deleted)")).map(Path::new);
    Ok(match plain {
        Some(plain) if !path.exists() => plain.to_owned(),
        Some(_) | None => path,
    })
}

/// Updates one program in three steps.
#[derive(Debug)]
pub struct Updater {
    shared: Arc<work::Shared>,
    subject: Arc<Subject>,
    /// What an administrator or a person set for it.
    program: Program,
    consent: Consent,
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The answer.
    pub decision: Decision,
    /// What proves it, and until when that counts.
    pub assurance: Assurance,
    /// How it came about.
    pub trace: Vec<Trace>,
}

/// A verified stage that can be activated.
#[derive(Debug)]
pub struct Staged {
    offer: Offer,
    cost: Cost,
    carry: Carry,
}

impl Staged {
    /// Its version.
    #[must_use]
    pub fn version(&self) -> &Version {
        self.offer.version()
    }
}

/// What an activation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Activated {
    /// The new version is in place for good.
    Updated(Box<UpdateReport>),
    /// The new version is in place; at its next starts it must confirm that it lives.
    OnProbation {
        /// The new version.
        version: Version,
    },
}

impl Updater {
    /// An updater for this program. Reads the settings of machine and user, and asks nothing yet.
    ///
    /// # Errors
    /// Settings that are wrong, state that cannot be kept, an unknown kind of machine.
    pub async fn new(config: &SelfUpdate) -> Result<Self, Error> {
        let mut engine = Config::of_user(config.folders.clone())?;
        engine.enrolments = Enrolments::default();
        let (enrolled, program) = engine.settings.apply(&config.enrolled());
        let root = Root::Bytes(Arc::clone(&config.root));
        let shared = driver::share(engine).await?;
        let subject = Arc::new(Subject::new(enrolled.enrolment, root));
        Ok(Self { shared, subject, program, consent: config.consent })
    }

    /// Is there something newer?
    ///
    /// # Errors
    /// It could not be found out.
    pub async fn check(&self) -> Result<Looked, Error> {
        let mut job = self.job(Carry::default());
        if let Err(error) = self.finish(&mut job).await {
            // Another updater is at work; what can be had is found out all the same.
            tracing::debug!(app = %self.subject.enrolment.id, %error, "an unfinished update stays as it is");
        }
        let found = work::find(&job).await?;
        let who = self.shared.who(&self.subject.enrolment, &self.program);
        // The schedule asks, not a person: rollouts count.
        let decided = machine::decide(&found, Asker::Timer, &who, self.shared.clock.now());
        Ok(Looked { decision: decided.answer, assurance: found.assurance, trace: decided.trace })
    }

    /// Fetches, verifies and stages an offer.
    ///
    /// # Errors
    /// [`Error::NeedsConsent`] if nobody knows what is installed; everything that preparing can fail with.
    pub async fn prepare(&self, offer: &Offer) -> Result<Staged, Error> {
        if offer.needs_consent && self.consent == Consent::Withheld {
            return Err(Error::NeedsConsent);
        }
        let mut job = self.job(Carry::default());
        self.finish(&mut job).await?;
        // Without a limit there is always a way.
        let cost = work::stage(&mut job, offer, false, None).await?.unwrap_or_default();
        // It is staged; what was received for it, on ways that led nowhere too, serves nobody any more.
        work::forget_download(&job, offer.artifact.sha256).await;
        Ok(Staged { offer: offer.clone(), cost, carry: job.carry })
    }

    /// Puts a stage in place. The running program keeps running on its old bytes.
    ///
    /// # Errors
    /// The program is then the one from before: nothing was changed, or what was changed was undone.
    pub async fn activate(&self, staged: Staged) -> Result<Activated, Error> {
        let Staged { offer, cost, carry } = staged;
        let mut job = self.job(carry);
        let place = job.place().await?;
        let at = Arc::clone(&place);
        let (rule, now) = (self.subject.enrolment.health.clone(), self.shared.clock.now());
        // In one piece: whoever stops waiting must not leave a version on probation that nobody asks any more.
        let committed = work::blocking(move || {
            work::locked(&place, |place| {
                // More is asked in place: beside the program it may not find what it brings along.
                place.try_stage(Trial::Look)??;
                place.activate(&rule, now)?;
                prove(place, &rule)
            })
        });
        let Some(committed) = committed.await? else {
            return Ok(Activated::OnProbation { version: offer.version().clone() });
        };
        let report = work::report(&job, &at, &committed, cost, offer.repair).await;
        Ok(Activated::Updated(Box::new(report)))
    }

    /// Ends a probation whose updater was killed before it could. One that waits for the program to confirm stays.
    async fn finish(&self, job: &mut Job) -> Result<(), Error> {
        let subject = Arc::clone(&self.subject);
        let look = work::blocking(move || Ok::<_, Error>(Place::glance(&subject.enrolment.path)?.unfinished));
        if !look.await? {
            return Ok(());
        }
        let place = job.place().await?;
        work::blocking(move || {
            work::locked(&place, |place| {
                let Some(health) = place.probation().map(|probation| probation.health.clone()) else {
                    return Ok(());
                };
                match health {
                    Health::Probe(_) | Health::Alive(_) => prove(place, &health).map(drop).or_else(|error| {
                        tracing::warn!(%error, "the version before is in place again");
                        // Only if nothing is left on probation can the next one be prepared.
                        if place.probation().is_none() { Ok(()) } else { Err(error) }
                    }),
                    Health::Confirm(_) => Ok(()),
                }
            })
        })
        .await
    }

    fn job(&self, carry: Carry) -> Job {
        // Nobody listens: progress is for windows that have an engine.
        let (reports, _) = mpsc::channel(1);
        Job {
            shared: Arc::clone(&self.shared),
            subject: Arc::clone(&self.subject),
            cancel: CancellationToken::new(),
            carry,
            reporter: Reporter { app: self.subject.enrolment.id.clone(), number: 0, reports },
        }
    }
}

/// Asks the fresh version for the proof that can be had at once, and ends its probation accordingly. `None` = the rest of the
/// proof comes with its next starts, see [`crate::init`].
fn prove(place: &mut Place, rule: &Health) -> Result<Option<Committed>, Error> {
    let path = place.installed().path.clone();
    let proof = match rule {
        Health::Probe(args) => run_probe(&path, args, PROBE_TIME),
        // A version that cannot even be started could never undo itself.
        Health::Confirm(_) => run_start_probe(&path, PROBE_TIME),
        // Nobody was closed and started again, so there is nothing to watch.
        Health::Alive(_) => Ok(()),
    };
    if let Err(error) = proof {
        let bad = error.blames_the_version();
        place.roll_back(if bad { RollBackReason::Bad } else { RollBackReason::Unproven })?;
        return Err(error.into());
    }
    match rule {
        Health::Confirm(_) => Ok(None),
        Health::Probe(_) | Health::Alive(_) => Ok(Some(place.commit()?)),
    }
}

/// Looks, fetches and puts in place, and blocks meanwhile. `None` = there is nothing for this installation now; the log
/// has the reason. Works inside and outside of an async runtime.
///
/// # Errors
/// Whatever went wrong; the program is then the one from before.
pub fn apply_next(config: &SelfUpdate) -> Result<Option<Version>, Error> {
    let work = async {
        let updater = Updater::new(config).await?;
        let looked = updater.check().await?;
        let offer = match looked.decision {
            Decision::Offer(offer) => offer,
            Decision::UpToDate => return Ok(None),
            Decision::NotOffered { version, reason } => {
                tracing::info!(app = %config.app, ?version, ?reason, "nothing is offered");
                return Ok(None);
            }
            Decision::GoBack { recalled } => {
                tracing::warn!(app = %config.app, %recalled, "this version was recalled by its publisher");
                return Ok(None);
            }
        };
        let staged = updater.prepare(&offer).await?;
        updater.activate(staged).await?;
        Ok(Some(offer.version().clone()))
    };
    // On a thread of its own, because a runtime must not be started inside another.
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(Error::Runtime)?.block_on(work)
        });
        thread.join().unwrap_or(Err(Error::Died))
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
