//! One look at a repository, and the task that looks again and again.
//!
//! In this order: the list of releases, what is to be done about it, the alarms, then version by version from the newest on: fetch
//! all, sign what is good, remember it. Dying between two of these loses work and nothing else: what is signed is found in the list
//! again, what is remembered is less than what is signed, and a fetched file without a signature goes at the next start, or as an
//! upload that nobody published.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use protocol::{Channel, Digest, Platform, Version, object};
use signing::{Ingested, Ingestion};

use super::download::{FetchError, Way};
use super::github::{Listing, SourceError};
use super::plan::{Facts, Plan, Wanted, plan, refusal};
use super::state::{Alarm, AlarmKind, Page, Reason, State, Taken};
use super::take::{Hands, Ready, TakeError};
use super::{Source, token};
use crate::app::App;
use crate::error::ApiError;
use crate::shared::Shared;
use crate::{blocking, publish};

/// The pause after a look that failed, doubled each time, up to the interval.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// How a look ended.
enum Done {
    /// Nothing is new.
    Unchanged,
    /// All was looked at, and so many assets were taken.
    Looked { taken: usize },
    /// The same, but so many assets are tried again.
    Incomplete { taken: usize, failed: usize },
}

/// Why a look ended early.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Signing(#[from] signing::Error),
    #[error(transparent)]
    Write(ApiError),
    #[error("what is known about GitHub cannot be written: {0}")]
    Disk(#[from] std::io::Error),
    #[error("the server is stopping")]
    Stopping,
    #[error("a bug: the look panicked")]
    Bug,
}

/// Looks for ever, for the first time at once.
pub(crate) async fn run(shared: Arc<Shared>, source: Arc<Source>) {
    shared.metrics.ingest.alarms(&source.rules.app, &source.lock().state.alarms);
    let mut failures = 0;
    loop {
        let round = AssertUnwindSafe(source.round(&shared)).catch_unwind().await;
        let round = round.unwrap_or_else(|_| {
            shared.metrics.panics.inc();
            Err(RoundError::Bug)
        });
        let pause = source.tell(&shared, round, &mut failures);
        tokio::time::sleep(pause).await;
    }
}

impl Source {
    /// Says how a look ended; how long to wait for the next one.
    fn tell(&self, shared: &Shared, round: Result<Done, RoundError>, failures: &mut u32) -> Duration {
        let (app, interval) = (&self.rules.app, self.rules.interval);
        let metrics = &shared.metrics.ingest;
        let soon = AFTER_FAILURE.saturating_mul(1 << (*failures).min(10)).min(interval);
        *failures =
            if matches!(round, Ok(Done::Unchanged | Done::Looked { .. })) { 0 } else { *failures + 1 };
        let mut inside = self.lock();
        let (outcome, pause, failure) = match round {
            Ok(done) => {
                let (outcome, pause, failure) = match done {
                    Done::Unchanged => ("unchanged", interval, None),
                    Done::Looked { taken } => {
                        tracing::info!(%app, taken, "looked at GitHub");
                        ("looked", interval, None)
                    }
                    Done::Incomplete { taken, failed } => {
                        tracing::warn!(%app, taken, failed, "looked at GitHub, and will try again what failed");
                        let why = format!("{failed} assets could not be fetched; the log says why");
                        ("incomplete", soon, Some(why))
                    }
                };
                if failure.is_none() {
                    let now = shared.now();
                    inside.last_success = Some(now);
                    metrics.success(app, now);
                }
                (outcome, pause, failure)
            }
            Err(RoundError::Source(error @ SourceError::Limited { pause })) => {
                tracing::warn!(%app, %error, "GitHub lets us wait");
                // Not a second earlier: the tenth below is taken off again.
                ("rate-limited", pause + pause / 9, Some(error.to_string()))
            }
            Err(RoundError::Bug) => {
                tracing::error!(%app, "a bug: looking at GitHub panicked");
                ("panicked", soon, Some(RoundError::Bug.to_string()))
            }
            Err(error) => {
                tracing::warn!(%app, %error, "GitHub could not be looked at");
                ("failed", soon, Some(error.to_string()))
            }
        };
        inside.failure = failure;
        metrics.round(app, outcome);
        metrics.rate(app, self.rate.left());
        // A tenth more or less, so that many servers do not come in the same second.
        pause.saturating_sub(pause / 10).saturating_add(share_of(pause / 5))
    }

    async fn round(&self, shared: &Arc<Shared>) -> Result<Done, RoundError> {
        let rules = self.rules.clone();
        let token = blocking::run(move || token(&rules)).await.ok_or(RoundError::Stopping)?;
        let token = token.map_err(SourceError::TokenFile)?;
        let known = self.known();
        let list = self.api.list(&known, self.rules.pages, token.as_ref(), &self.rate, || shared.now());
        let Listing::New { releases, pages, whole } = list.await? else { return Ok(Done::Unchanged) };
        if !whole {
            tracing::warn!(app = %self.rules.app, pages = self.rules.pages, "there are more releases than `github.pages`");
        }
        // The configuration was checked against the apps that there are.
        let app = shared.apps.get(&self.rules.app).ok_or(RoundError::Bug)?;
        let (listed, published) = lists(app).await?;
        let plan = {
            let inside = self.lock();
            plan(&Facts {
                rules: &self.rules,
                names: &self.names,
                releases: &releases,
                whole,
                state: &inside.state,
                listed: &listed,
                published: &published,
                now: shared.now(),
            })
        };
        self.note(shared, &plan);
        self.save().await?;
        heed(shared, app).await?;
        let way = Way {
            api: &self.api,
            token: token.as_ref(),
            rate: &self.rate,
            clock: &shared.clock,
            scratch: &self.scratch,
            deadline: self.rules.download_timeout,
        };
        let hands = Hands {
            way,
            program: &self.program,
            limits: &shared.config.patches,
            max_unpacked: self.rules.max_unpacked.get(),
            publisher: self.publisher.as_ref(),
        };
        let (mut taken, mut failed) = (0, 0);
        for version in plan.wanted {
            let mut ready = Vec::new();
            for wanted in version {
                match hands.take(wanted.clone()).await {
                    Ok(one) => ready.push(one),
                    Err(error) => failed += usize::from(self.not_taken(shared, &wanted, error)?),
                }
            }
            if !ready.is_empty() {
                taken += self.sign(shared, app, ready, &listed).await?;
                self.save().await?;
                heed(shared, app).await?;
            }
        }
        self.promote(shared, app, plan.promoted, &listed).await?;
        self.finish(if failed == 0 { pages } else { Vec::new() });
        self.save().await?;
        Ok(if failed == 0 { Done::Looked { taken } } else { Done::Incomplete { taken, failed } })
    }

    /// The pages as they were last seen, unless other rules looked at them.
    fn known(&self) -> Vec<Page> {
        let mut inside = self.lock();
        if inside.state.rules != Some(self.fingerprint) {
            inside.state.pages.clear();
            inside.state.refused.clear();
            inside.state.rules = Some(self.fingerprint);
        }
        inside.state.pages.clone()
    }

    /// Remembers and tells what a plan says about what is not taken.
    fn note(&self, shared: &Shared, plan: &Plan) {
        let (app, metrics) = (&self.rules.app, &shared.metrics.ingest);
        let mut inside = self.lock();
        let state = &mut inside.state;
        let has = |alarms: &[Alarm], one: &Alarm| {
            alarms.iter().any(|there| (there.kind, &there.path) == (one.kind, &one.path))
        };
        for alarm in plan.alarms.iter().filter(|alarm| !has(&state.alarms, alarm)) {
            tracing::error!(%app, kind = alarm.kind.label(), path = alarm.path, "ALARM: {}", alarm.text);
        }
        for alarm in state.alarms.iter().filter(|alarm| !has(&plan.alarms, alarm)) {
            tracing::info!(%app, kind = alarm.kind.label(), path = alarm.path, "no alarm any more: {}", alarm.text);
        }
        state.alarms.clone_from(&plan.alarms);
        metrics.alarms(app, &state.alarms);
        // What is not looked at any more is no business of ours, and would be fetched at most once more.
        state.refused.retain(|asset, _| plan.still_refused.contains(asset));
        for (asset, refused) in &plan.refused {
            let reason = refused.reason.label();
            tracing::warn!(%app, tag = refused.tag, asset = refused.name, reason, "an asset is not taken");
            metrics.refused(app, reason);
            state.refused.insert(*asset, refused.clone());
        }
    }

    /// Tells why an asset was not taken; whether it is tried again. A limit of GitHub's ends the look.
    fn not_taken(&self, shared: &Shared, wanted: &Wanted, error: TakeError) -> Result<bool, RoundError> {
        let (app, reason) = (&self.rules.app, error.label());
        tracing::warn!(%app, tag = wanted.tag, asset = wanted.asset.name, reason, %error, "an asset is not taken");
        shared.metrics.ingest.refused(app, reason);
        match error {
            TakeError::Refused { reason, .. } => {
                self.refuse(wanted, reason);
                Ok(false)
            }
            TakeError::Fetch(FetchError::Source(error @ SourceError::Limited { .. })) => Err(error.into()),
            TakeError::Stopping => Err(RoundError::Stopping),
            TakeError::Fetch(_) | TakeError::Unpacking(_) | TakeError::Disk(_) => Ok(true),
        }
    }

    fn refuse(&self, wanted: &Wanted, reason: Reason) {
        let signature = wanted.signature.as_ref().map(|one| one.id);
        let refused = refusal(&wanted.tag, &wanted.asset, signature, reason);
        self.lock().state.refused.insert(wanted.asset.id, refused);
    }

    /// Signs the assets of one version; how many are listed now. The writer's place is held from here on.
    async fn sign(
        &self,
        shared: &Arc<Shared>,
        app: &Arc<App>,
        ready: Vec<Ready>,
        listed: &BTreeMap<String, protocol::Artifact>,
    ) -> Result<usize, RoundError> {
        let now = shared.now();
        let (mut new, mut files, mut known) = (Vec::new(), Vec::new(), BTreeMap::new());
        for one in ready {
            new.push(Ingested {
                version: one.wanted.version.clone(),
                platform: one.wanted.platform,
                file: self.rules.file_name().to_owned(),
                channels: one.wanted.channels.clone(),
                sha256: one.sha256,
                length: one.length,
            });
            // What was signed before and forgotten lies there already, and would wait in vain.
            let signed = listed.get(&one.wanted.path).is_some_and(|there| there.sha256 == one.sha256);
            if !signed || !is_there(shared, app, &one).await? {
                files.push((one.file, one.sha256));
            }
            known.insert(one.wanted.path.clone(), (one.wanted, one.digest));
        }
        let done = write(shared, app, new, files).await?;
        let count = done.listed.len();
        let (id, metrics) = (&self.rules.app, &shared.metrics.ingest);
        for artifact in &done.listed {
            let Some((wanted, digest)) = known.remove(&artifact.path) else { continue };
            tracing::info!(app = %id, path = artifact.path, sha256 = artifact.sha256.short(), "took an asset from GitHub");
            metrics.taken(id);
            let taken = Taken {
                release: wanted.release,
                tag: wanted.tag,
                asset: wanted.asset.id,
                name: wanted.asset.name,
                url: wanted.asset.browser_download_url,
                size: wanted.asset.size,
                digest,
                packing: wanted.packing,
                sha256: artifact.sha256,
                channels: wanted.channels,
                at: now,
            };
            self.lock().state.taken.insert(artifact.path.clone(), taken);
        }
        for (path, rule) in &done.conflicts {
            let Some((wanted, _)) = known.remove(path) else { continue };
            metrics.refused(id, Reason::Conflict.label());
            self.refuse(&wanted, Reason::Conflict);
            let text = format!("the asset {} of {} is not taken: {rule}", wanted.asset.name, wanted.tag);
            tracing::error!(app = %id, path, "ALARM: {text}");
            let mut inside = self.lock();
            inside.state.alarms.push(Alarm {
                kind: AlarmKind::Swapped,
                path: path.clone(),
                text,
                since: now,
            });
            metrics.alarms(id, &inside.state.alarms);
        }
        self.forget(&done);
        Ok(count)
    }

    /// Offers what is signed in more channels: a prerelease that became a release.
    async fn promote(
        &self,
        shared: &Arc<Shared>,
        app: &Arc<App>,
        promoted: Vec<(String, Vec<Channel>)>,
        listed: &BTreeMap<String, protocol::Artifact>,
    ) -> Result<(), RoundError> {
        let new = promoted.iter().filter_map(|(path, channels)| {
            let artifact = listed.get(path)?;
            Some(Ingested {
                version: artifact.release.version.clone(),
                platform: artifact.release.platform(),
                file: path.rsplit('/').next()?.to_owned(),
                channels: channels.clone(),
                sha256: artifact.sha256,
                length: artifact.length,
            })
        });
        let new: Vec<Ingested> = new.collect();
        if new.is_empty() {
            return Ok(());
        }
        let done = write(shared, app, new, Vec::new()).await?;
        for (path, channels) in promoted {
            tracing::info!(app = %self.rules.app, path, ?channels, "a release from GitHub is offered in more channels");
            if let Some(taken) = self.lock().state.taken.get_mut(&path) {
                let all: BTreeSet<Channel> = taken.channels.drain(..).chain(channels).collect();
                taken.channels = all.into_iter().collect();
            }
        }
        self.forget(&done);
        Ok(())
    }

    /// Forgets what the list had no room for.
    fn forget(&self, done: &Ingestion) {
        let id = &self.rules.app;
        for version in &done.closed {
            tracing::info!(app = %id, %version, "an old release from GitHub is offered no more, its channel lists too many");
        }
        for version in &done.dropped {
            tracing::info!(app = %id, %version, "an old release from GitHub is listed no more, the list is full");
            let folder = format!("releases/{version}/");
            self.lock().state.taken.retain(|path, _| !path.starts_with(&folder));
        }
    }

    fn finish(&self, pages: Vec<Page>) {
        self.lock().state.pages = pages;
    }

    /// Writes what is remembered, if it is not what lies there.
    async fn save(&self) -> Result<(), RoundError> {
        let (state, file) = (self.lock().state.clone(), self.file.clone());
        let repository = self.rules.repository.as_str().to_owned();
        let written = blocking::run(move || {
            let there = State::look(&file, &repository);
            if matches!(there, Ok(super::state::Found::Good(there)) if there == state) {
                return Ok(());
            }
            state.write(&file)
        });
        let written = written.await.ok_or(RoundError::Stopping)?;
        if written.is_err() {
            // So that the next look does not find that nothing is new.
            self.lock().state.pages.clear();
        }
        Ok(written?)
    }
}

/// Reads the tree again for old clients. They are sent to what lies on GitHub while it is what was signed, which may just have changed,
/// and their answers are made when the tree is read.
async fn heed(shared: &Shared, app: &Arc<App>) -> Result<(), RoundError> {
    if shared.lantern.is_none() {
        return Ok(());
    }
    // Nothing older than what somebody publishes meanwhile.
    let (writing, app, now) = (app.writing().await, Arc::clone(app), shared.now());
    let reading = blocking::run(move || {
        let _writing = writing;
        app.reload(now);
    });
    reading.await.ok_or(RoundError::Stopping)
}

/// What the ingest role lists, by target path, and what the publisher lists.
type Lists = (BTreeMap<String, protocol::Artifact>, BTreeSet<(Version, Platform)>);

async fn lists(app: &Arc<App>) -> Result<Lists, RoundError> {
    let app = Arc::clone(app);
    let read = blocking::run(move || {
        let listed = signing::ingested(&app.tree)?.into_iter().map(|one| (one.path.clone(), one)).collect();
        let published = app.tree.artifacts()?.into_iter();
        let published = published.map(|one| (one.release.version.clone(), one.release.platform())).collect();
        Ok((listed, published))
    });
    read.await.ok_or(RoundError::Stopping)?
}

/// Whether something as long as an artifact lies in its place.
async fn is_there(shared: &Shared, app: &App, ready: &Ready) -> Result<bool, RoundError> {
    let name = object::target(&ready.wanted.path, &ready.sha256).map_err(signing::Error::from)?;
    if let Some(commons) = &shared.commons {
        let head = commons.bucket.head(&format!("{}/{name}", app.id)).await;
        return Ok(head
            .map_err(|error| RoundError::Write(error.into()))?
            .is_some_and(|there| there.length == ready.length));
    }
    let there = tokio::fs::metadata(app.tree.path(&name)?).await;
    Ok(there.is_ok_and(|there| there.len() == ready.length))
}

/// Lists artifacts, alone with the app's tree.
async fn write(
    shared: &Arc<Shared>,
    app: &Arc<App>,
    new: Vec<Ingested>,
    files: Vec<(tempfile::TempPath, Digest)>,
) -> Result<Ingestion, RoundError> {
    for (file, sha256) in files {
        // As if a publisher had uploaded it.
        publish::upload::deliver(shared, app, file, &sha256).await.map_err(RoundError::Write)?;
    }
    let given: Vec<Digest> = new.iter().map(|one| one.sha256).collect();
    let written = publish::write(shared, app, move |shared, desk, keys| {
        signing::ingest(desk.tree, desk.objects, keys, &shared.validity(), &new, shared.now())
    });
    let done = written.await.map_err(|error| match error {
        ApiError::Refused(error) | ApiError::Conflict(error) | ApiError::Signing(error) => error.into(),
        error => RoundError::Write(error),
    })?;
    // What another server, or one that died, had listed or placed before was not taken from there.
    for sha256 in given {
        publish::upload::withdraw(shared, app, &sha256).await;
    }
    Ok(done)
}

/// A random part of a time.
fn share_of(time: Duration) -> Duration {
    let mut random = [0; 4];
    // Without random numbers it is the same each time, which does no harm here.
    let _ = getrandom::fill(&mut random);
    time.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX))
}
