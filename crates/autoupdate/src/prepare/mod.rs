//! From an offer to a verified stage: fetch, decode or apply, verify, stage, over the first route that leads there.
//!
//! A patch or a compressed twin is only a cheaper way to bytes whose SHA-256 and length were signed. So nothing about a
//! route is believed, and any doubt about it means the next one; only what another route cannot cure (the disk, the
//! program, a cancelled job) ends the preparation.
//!
//! Rules:
//! - the installed bytes are compared with the base of a patch before the patch is asked for;
//! - bytes are decoded, applied, hashed and staged while they come; nothing holds a whole artifact in memory;
//! - the types are consumed in order: a [`Transfer`](crate::fetch::Transfer) feeds a `StageWriter`, and only
//!   `Place::finish_stage`, which compares length and SHA-256 with what was signed, makes a [`Staged`] of that;
//! - a download that breaks off is continued a few times; one that was continued and led to a wrong result is fetched
//!   once more from its start;
//! - whatever stops it leaves the spool for the next attempt, and no stage.
//!
//! What a Lantern server names comes over the same sequence: [`lantern`](self) says where its bytes lie and when they are right.
//!
//! Layout: [`route`] names the ways, [`stream`] turns received bytes into a stage (blocking), this file is the sequence.

mod error;
mod lantern;
mod route;
mod stream;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::{AppId, Artifact, SourceUrl, object};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use error::Error;
pub use lantern::Signed;
pub use route::{Fallback, Route};

use crate::fetch::{self, Client, Download, Received, Spool, SpoolFile};
use crate::install::{Place, Staged};
use crate::source::FetchedObject;
use stream::Decode;

/// What to prepare, and how.
#[derive(Debug)]
pub struct Job {
    /// The program's place. Locked for moments only, never while bytes come.
    pub place: Arc<Mutex<Place>>,
    /// The app.
    pub app: AppId,
    /// What was signed.
    pub artifact: Artifact,
    /// The ways to get it, best first. Should end with [`Route::Full`].
    pub routes: Vec<Route>,
    /// The network.
    pub client: Client,
    /// Where objects lie, tried in order.
    pub sources: Vec<SourceUrl>,
    /// Where the bytes lie instead, and whose they must be, if a Lantern server names them.
    pub lantern: Option<Arc<Signed>>,
    /// The folder of the spool ([`crate::store::Folders::spool`]).
    pub spool: PathBuf,
    /// The most memory that applying a patch may need, in bytes.
    pub patch_memory: u64,
    /// How long to wait in all for patches that the server is making (202).
    pub patience: Duration,
    /// Where to report progress.
    pub progress: watch::Sender<Progress>,
    /// Stops it; what was fetched stays in the spool.
    pub cancel: CancellationToken,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Nothing yet.
    #[default]
    Starting,
    /// The server is making the patch.
    Waiting,
    /// Bytes come, and are applied while they come.
    Downloading,
    /// All bytes are here; the rest is applied, verified and synced.
    Verifying,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes of the route that are here, those of earlier attempts included.
    pub bytes: u64,
    /// Bytes of the route in all; `None` while unknown.
    pub total: Option<u64>,
    /// The route.
    pub route: Option<Route>,
    /// What is being done.
    pub step: Step,
    /// The last route that was given up, and why.
    pub fallback: Option<Fallback>,
}

/// A verified stage, and how it came to be.
#[derive(Debug)]
pub struct Prepared {
    /// The stage.
    pub staged: Staged,
    /// The route that led to it.
    pub route: Route,
    /// Bytes that were fetched in this run, given-up routes included.
    pub bytes_fetched: u64,
    /// Bytes that a full download would have been.
    pub full_bytes: u64,
    /// Every object that answered with bytes in this run.
    pub objects: Vec<FetchedObject>,
    /// Routes that were given up, in order, and why.
    pub fallbacks: Vec<Fallback>,
}

/// Fetches, applies, verifies and stages an artifact over the first route that leads to it.
///
/// # Errors
/// [`Error`]: what no other route can cure (disk, program, cancelled), else what stopped the last route.
pub async fn prepare(job: Job) -> Result<Prepared, Error> {
    let spool = Spool::open(&job.spool)?;
    spool.clean();
    let mut run =
        Run { job: &job, spool, objects: Vec::new(), fallbacks: Vec::new(), waited: Duration::ZERO };
    let mut last = Error::NoRoute;
    for route in &job.routes {
        match run.route(route).await {
            Ok(staged) => return Ok(run.done(staged, route.clone())),
            Err(error) if !error.is_the_routes_own() => return Err(error),
            Err(error) => last = run.give_up(route, error),
        }
    }
    Err(last)
}

/// One run through the routes.
struct Run<'a> {
    job: &'a Job,
    spool: Spool,
    objects: Vec<FetchedObject>,
    fallbacks: Vec<Fallback>,
    /// How long was waited for patches so far.
    waited: Duration,
}

impl Run<'_> {
    fn done(self, staged: Staged, route: Route) -> Prepared {
        let Self { objects, fallbacks, .. } = self;
        Prepared {
            full_bytes: staged.length,
            staged,
            route,
            bytes_fetched: objects.iter().map(|object| object.bytes).sum(),
            objects,
            fallbacks,
        }
    }

    /// Notes why a route was given up. That there is no compressed twin is usual and not worth telling.
    fn give_up(&mut self, route: &Route, error: Error) -> Error {
        let (code, why) = (error.fault().code, error.to_string());
        let usual =
            matches!((route, &error), (Route::CompressedFull, Error::Fetch(fetch::Error::NotFound { .. })));
        tracing::info!(app = %self.job.app, %route, code, why, "a route was given up");
        if !usual {
            self.fallbacks.push(Fallback { route: route.clone(), code: code.to_owned(), why });
        }
        error
    }

    /// One route over all sources.
    async fn route(&mut self, route: &Route) -> Result<Staged, Error> {
        let way = Way::of(self.job, &self.spool, route)?;
        self.check_base(route).await?;
        let mut first = None;
        for address in &way.addresses {
            let error = match self.source(route, &way, address).await {
                Ok(staged) => return Ok(staged),
                Err(error) => error,
            };
            // Another source can cure what is wrong with this one and with the way to it. A bad patch is the same
            // everywhere, and the next route is at hand.
            let elsewhere = match (&error, route) {
                (Error::Fetch(_), _) => error.is_the_routes_own(),
                (_, Route::CompressedFull | Route::Full) => error.is_about_the_bytes(),
                (_, Route::Patch { .. }) => false,
            };
            if !elsewhere {
                return Err(error.of(&way.object));
            }
            first = first.or(Some(error.of(&way.object)));
        }
        Err(first.unwrap_or(Error::NoRoute))
    }

    /// One route from one source: continued where it broke off, a few times, and once more from its start if a continued
    /// part led to a wrong result.
    async fn source(&mut self, route: &Route, way: &Way, address: &Url) -> Result<Staged, Error> {
        let (mut continuations, mut started_over) = (0, false);
        loop {
            let Failed { error, resumed, fetched } = match self.attempt(route, way, address).await {
                Ok(staged) => return Ok(staged),
                Err(failed) => failed,
            };
            if error.is_about_the_bytes() {
                way.file.remove()?;
                if resumed && !started_over {
                    tracing::info!(app = %self.job.app, %route, %error, "a continued download was bad; starting over");
                    started_over = true;
                    continue;
                }
            }
            let broke_off =
                matches!(error, Error::Fetch(fetch::Error::Broken { .. } | fetch::Error::TooSlow { .. }));
            if broke_off && fetched > 0 && continuations < CONTINUATIONS {
                tracing::info!(app = %self.job.app, %route, %error, fetched, "a download broke off; continuing");
                continuations += 1;
                continue;
            }
            return Err(error);
        }
    }

    /// One route from one source.
    async fn attempt(&mut self, route: &Route, way: &Way, url: &Url) -> Result<Staged, Failed> {
        let fresh = |error| Failed { error, resumed: false, fetched: 0 };
        let what = Download { url, object: &way.object, file: &way.file, length: way.length };
        let transfer = self.head(route, &what).await.map_err(fresh)?;
        let resumed = transfer.received().bytes > 0;
        let follow = transfer.follow().map_err(|error| fresh(error.into()))?;
        let stage = stream::Stage {
            place: Arc::clone(&self.job.place),
            artifact: self.job.artifact.clone(),
            decode: way.decode.clone(),
        };
        let mut staging = tokio::task::spawn_blocking(move || stream::stage(&stage, follow));
        let mut count = transfer.received();
        let received = {
            let receive = transfer.run(&self.job.cancel, |now| {
                count = now;
                self.report(route, Step::Downloading, now);
            });
            tokio::pin!(receive);
            tokio::select! {
                // The stage ends first only if it fails: it waits for the end of the bytes.
                staged = &mut staging => Err(staged),
                received = &mut receive => Ok(received),
            }
        };
        if count.fetched > 0 {
            self.objects.push(FetchedObject { name: way.object.clone(), bytes: count.fetched });
        }
        let failed = |error| Failed { error, resumed, fetched: count.fetched };
        let staged = match received {
            Ok(Ok(received)) => {
                self.report(route, Step::Verifying, received);
                staging.await
            }
            Ok(Err(error)) => {
                // The reader was woken by the end of the download; its place must be free before anything else begins.
                let _ = staging.await;
                return Err(failed(error.into()));
            }
            Err(staged) => staged,
        };
        let staged = staged.unwrap_or(Err(Error::Died)).map_err(failed)?;
        if let Err(error) = way.file.remove() {
            tracing::warn!(app = %self.job.app, %error, "a used download could not be removed");
        }
        Ok(staged)
    }

    /// Asks until the head of the answer is here. A patch that the server is making, or has no hand free for, is waited
    /// for within the patience: going on to the full artifact at once would burden a busy server most.
    async fn head(&mut self, route: &Route, what: &Download<'_>) -> Result<fetch::Transfer, Error> {
        loop {
            let asked = tokio::select! {
                biased;
                () = self.job.cancel.cancelled() => Err(fetch::Error::Cancelled),
                asked = self.job.client.download(what) => asked,
            };
            let error = match asked {
                Ok(transfer) => return Ok(transfer),
                Err(error) => error,
            };
            let (fetch::Error::Busy { retry_after, .. }, Route::Patch { .. }) = (&error, route) else {
                return Err(error.into());
            };
            let left = self.job.patience.saturating_sub(self.waited);
            if left.is_zero() {
                return Err(Error::NotMade { waited: self.waited });
            }
            self.report(route, Step::Waiting, Received { bytes: 0, fetched: 0, total: None });
            let wait = retry_after.unwrap_or(Duration::from_secs(1)).min(left);
            let begun = Instant::now();
            tokio::select! {
                () = self.job.cancel.cancelled() => return Err(fetch::Error::Cancelled.into()),
                () = sleep(wait) => {}
            }
            self.waited += begun.elapsed().max(wait);
        }
    }

    /// The installed bytes are those that a patch starts from. Before the patch is asked for: a changed program costs
    /// no patch.
    async fn check_base(&self, route: &Route) -> Result<(), Error> {
        let Route::Patch { base, .. } = route else { return Ok(()) };
        let (place, expected) = (Arc::clone(&self.job.place), *base);
        let checked = tokio::task::spawn_blocking(move || stream::check_base(&place, &expected));
        checked.await.unwrap_or(Err(Error::Died))
    }

    fn report(&self, route: &Route, step: Step, received: Received) {
        let Received { bytes, total, .. } = received;
        let fallback = self.fallbacks.last().cloned();
        self.job.progress.send_replace(Progress { bytes, total, route: Some(route.clone()), step, fallback });
    }
}

/// Why an attempt failed, whether it had continued an earlier one, and how many bytes it brought.
struct Failed {
    error: Error,
    resumed: bool,
    fetched: u64,
}

/// How often a download that broke off is continued from the same source in one run.
const CONTINUATIONS: u32 = 3;

/// What a route means on the wire and in the spool.
struct Way {
    object: String,
    /// Where it lies, tried in order.
    addresses: Vec<Url>,
    file: SpoolFile,
    length: fetch::Length,
    decode: Decode,
}

impl Way {
    /// Refuses what is known to lead nowhere before anything is asked for.
    fn of(job: &Job, spool: &Spool, route: &Route) -> Result<Self, Error> {
        if let Some(signed) = &job.lantern {
            return lantern::way(job, signed, spool, route);
        }
        let lies = |object: &str| job.sources.iter().map(|source| source.object(&job.app, object)).collect();
        let artifact = &job.artifact;
        let (sha256, full) = (&artifact.sha256, artifact.length);
        Ok(match route {
            Route::Patch { format, base, length, memory } => {
                if !delta::APPLICABLE.contains(&format.as_str()) {
                    return Err(Error::Format { format: format.clone() });
                }
                let limit = job.patch_memory;
                if let Some(needed) = memory.filter(|needed| *needed > limit) {
                    return Err(Error::Memory { needed, limit });
                }
                if let Some(length) = length.filter(|length| *length >= full) {
                    return Err(Error::NotSmaller { length, full });
                }
                let object = object::patch(sha256, base, format);
                Self {
                    addresses: lies(&object),
                    object,
                    file: spool.file(sha256, format.as_str()),
                    // The index is not believed, but a patch that is longer than it says is not the one it means.
                    length: fetch::Length::AtMost(length.unwrap_or(full.saturating_sub(1))),
                    decode: Decode::Patch { format: format.clone(), memory: limit },
                }
            }
            Route::CompressedFull => {
                let object = object::compressed_target(&artifact.path, sha256).map_err(Error::Name)?;
                Self {
                    addresses: lies(&object),
                    object,
                    file: spool.file(sha256, "zst"),
                    length: fetch::Length::AtMost(full),
                    decode: Decode::Zstd,
                }
            }
            Route::Full => {
                let object = object::target(&artifact.path, sha256).map_err(Error::Name)?;
                Self {
                    addresses: lies(&object),
                    object,
                    file: spool.file(sha256, "full"),
                    length: fetch::Length::Exactly(full),
                    decode: Decode::Plain,
                }
            }
        })
    }
}
