//! The queue of patches to make, and those who make them.
//!
//! A patch is in the queue once, however many ask for it. What somebody asks for and what is made ahead take turns, and
//! one address can fill only its share of the queue: nobody who asks much keeps the others from patches. What failed may be tried again after a minute, then two, four … at most six hours.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use protocol::Digest;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Key;
use super::child::{self, ChildError};
use super::in_bucket::{self, Fetched};
use super::maker::{Made, Order};
use super::shelf::Shelf;
use crate::config::Patches;
use crate::metrics::Metrics;
use crate::store::claim::Claimed;
use crate::store::{Commons, StoreError};

/// When a client that was told to wait should ask again.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(2);
/// When a client that found the queue full should ask again.
const QUEUE_PAUSE: Duration = Duration::from_secs(30);
/// The pause after a first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);
/// The part of the queue that one address may fill.
const SHARE: usize = 8;
/// The most failures that are remembered, and the most patches that wait to be made ahead.
const MAX_REMEMBERED: usize = 10_000;

/// A patch to make.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) key: Key,
    /// The file it starts from.
    pub(crate) base: PathBuf,
    /// The file it leads to.
    pub(crate) artifact: PathBuf,
    /// The length of the artifact in bytes.
    pub(crate) length: u64,
}

/// The answer to somebody who asks for a patch that is not there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It is or will be made.
    Making,
    /// The queue is full.
    Full { after: Duration },
    /// It failed a short while ago, or it is known to be no gain.
    NotNow,
}

/// The queue and what its makers need.
pub(crate) struct Bench {
    settings: Patches,
    program: PathBuf,
    scratch: PathBuf,
    shelf: Arc<Shelf>,
    metrics: Arc<Metrics>,
    /// Where the patches lie if other servers share them; then nothing lies on the shelf.
    commons: Option<Arc<Commons>>,
    fetched: Fetched,
    inside: Mutex<Inside>,
    wake: Notify,
    /// Told when the work on a patch has ended.
    ended: Notify,
}

#[derive(Default)]
struct Inside {
    /// With the address that asked first.
    asked: VecDeque<(IpAddr, Job)>,
    ahead: VecDeque<Job>,
    /// Whether it is the turn of what is made ahead.
    turn_of_ahead: bool,
    making: Vec<Key>,
    failed: HashMap<Key, Failure>,
    /// What another server makes or made, and until when that is believed: a crowd that asks for it does not ask the store.
    elsewhere: HashMap<Key, Instant>,
}

struct Failure {
    times: u32,
    until: Instant,
}

impl Bench {
    /// `scratch` is a folder on the file system of the patches; what lies in it from a dead process is deleted.
    pub(crate) fn new(
        settings: Patches,
        program: &Path,
        scratch: &Path,
        shelf: Arc<Shelf>,
        metrics: Arc<Metrics>,
        commons: Option<Arc<Commons>>,
    ) -> std::io::Result<Self> {
        if scratch.exists() {
            std::fs::remove_dir_all(scratch)?;
        }
        std::fs::create_dir_all(scratch)?;
        metrics.patch_cache_bytes.set(shelf.bytes());
        let fetched = Fetched::new(settings.parallel.saturating_mul(2));
        Ok(Self {
            fetched,
            settings,
            program: program.to_owned(),
            scratch: scratch.to_owned(),
            shelf,
            metrics,
            commons,
            inside: Mutex::default(),
            wake: Notify::new(),
            ended: Notify::new(),
        })
    }

    /// Somebody at an address asks for a patch.
    pub(crate) fn ask(&self, job: Job, address: IpAddr, now: Instant) -> Asked {
        let mut inside = self.lock();
        if inside.failed.get(&job.key).is_some_and(|failure| now < failure.until)
            || self.shelf.is_useless(&job.key, self.longest(&job))
        {
            return Asked::NotNow;
        }
        if inside.elsewhere.get(&job.key).is_some_and(|until| now < *until) {
            return Asked::Making;
        }
        // Whoever looked for the file just before it came is told to look again.
        if inside.making.contains(&job.key) || inside.is_asked(&job.key) || self.shelf.lies(&job.key) {
            return Asked::Making;
        }
        let mine = inside.asked.iter().filter(|(other, _)| *other == address).count();
        let share = (self.settings.queue / SHARE).max(1);
        if inside.asked.len() >= self.settings.queue || mine >= share {
            self.metrics.patch("queue-full");
            return Asked::Full { after: QUEUE_PAUSE };
        }
        inside.ahead.retain(|other| other.key != job.key);
        self.plan_others(&mut inside, &job, now);
        inside.asked.push_back((address, job));
        self.count(&inside);
        drop(inside);
        self.wake.notify_one();
        Asked::Making
    }

    /// Waits until nobody works on a patch and nobody will, at most until a deadline.
    pub(crate) async fn settled(&self, key: &Key, deadline: Instant) {
        loop {
            let mut ended = pin!(self.ended.notified());
            // From here on nothing is missed.
            ended.as_mut().enable();
            let open = {
                let inside = self.lock();
                inside.making.contains(key) || inside.is_asked(key)
            };
            if !open || tokio::time::timeout_at(deadline, ended).await.is_err() {
                return;
            }
        }
    }

    /// Replaces what should be made ahead for an app. What is there, in work or failed is left out.
    pub(crate) fn plan(&self, jobs: Vec<Job>, app: &protocol::AppId, now: Instant) {
        let mut inside = self.lock();
        inside.ahead.retain(|job| job.key.app != *app);
        for job in jobs {
            if inside.ahead.len() < MAX_REMEMBERED && !self.is_settled(&inside, &job, now) {
                inside.ahead.push_back(job);
            }
        }
        self.count(&inside);
        drop(inside);
        self.wake.notify_waiters();
        self.wake.notify_one();
    }

    /// Plans the other formats of a pair that somebody asks for. A client takes what the index names for its base and asks
    /// for nothing else, so a pair should not stay with what the first one to ask happened to know.
    fn plan_others(&self, inside: &mut Inside, job: &Job, now: Instant) {
        let Patches { bases, formats, queue, .. } = &self.settings;
        let asked = &job.key.name.format;
        if *bases == 0 || !formats.contains(asked) {
            return;
        }
        for format in formats.iter().filter(|format| *format != asked) {
            let mut other = job.clone();
            other.key.name.format = format.clone();
            let planned = inside.ahead.iter().any(|planned| planned.key == other.key);
            // Whoever asks for much does not fill the plan.
            if !planned && inside.ahead.len() < *queue && !self.is_settled(inside, &other, now) {
                inside.ahead.push_back(other);
            }
        }
    }

    /// Whether a patch is there, in work, asked for, or not worth trying now.
    fn is_settled(&self, inside: &Inside, job: &Job, now: Instant) -> bool {
        self.shelf.has(&job.key)
            || self.shelf.is_useless(&job.key, self.longest(job))
            || inside.making.contains(&job.key)
            || inside.is_asked(&job.key)
            || inside.failed.get(&job.key).is_some_and(|failure| now < failure.until)
    }

    /// Makes patches, one after the other, for ever. Dropping the future kills the child at work.
    ///
    /// A bug that panics costs the patch at work, not the worker: it counts, and the patch waits as after any failure.
    pub(crate) async fn work(self: Arc<Self>) {
        loop {
            let Some(job) = self.next() else {
                self.wake.notified().await;
                continue;
            };
            // There may be more than this worker takes: the next one wakes too.
            self.wake.notify_one();
            self.metrics.patches_running.inc();
            let begun = Instant::now();
            let outcome = self.caught(self.make(&job)).await;
            self.metrics.patch_seconds.observe(begun.elapsed().as_secs_f64());
            self.metrics.patches_running.dec();
            self.finish(&job.key, outcome, begun.elapsed());
        }
    }

    /// A panic as an error, and counted.
    async fn caught(&self, making: impl Future<Output = Result<(), BenchError>>) -> Result<(), BenchError> {
        AssertUnwindSafe(making).catch_unwind().await.unwrap_or_else(|_| {
            self.metrics.panics.inc();
            Err(BenchError::Bug)
        })
    }

    fn next(&self) -> Option<Job> {
        let mut inside = self.lock();
        let job = if inside.turn_of_ahead && !inside.ahead.is_empty() || inside.asked.is_empty() {
            inside.turn_of_ahead = false;
            inside.ahead.pop_front()?
        } else {
            inside.turn_of_ahead = true;
            inside.asked.pop_front()?.1
        };
        inside.making.push(job.key.clone());
        self.count(&inside);
        Some(job)
    }

    async fn make(&self, job: &Job) -> Result<(), BenchError> {
        let Some(commons) = &self.commons else {
            let (temporary, made) = self.run(job, &job.base, &job.artifact).await?;
            let (shelf, key) = (Arc::clone(&self.shelf), job.key.clone());
            let lies = blocking(move || shelf.publish(&key, temporary, made)).await?;
            // Worth having, only not with this cache: an operator may make it larger.
            let cache = self.settings.cache.get();
            return if lies { Ok(()) } else { Err(BenchError::Cache { length: made.length, cache }) };
        };
        let longest = self.longest(job);
        match in_bucket::claim(commons, &job.key, longest, &self.scratch).await? {
            Claimed::There => Err(BenchError::Settled("found")),
            Claimed::Elsewhere => Err(BenchError::Settled("elsewhere")),
            Claimed::Useless => Err(self.remember_useless(job).await),
            Claimed::Mine(lease) => {
                let outcome = self.make_claimed(commons, job).await;
                let useless = matches!(outcome, Err(BenchError::Child(ChildError::Useless)));
                lease.release(useless.then_some(longest)).await;
                if outcome.is_err() && !useless {
                    self.fetched.clear();
                }
                outcome
            }
        }
    }

    async fn make_claimed(&self, commons: &Commons, job: &Job) -> Result<(), BenchError> {
        let name = &job.key.name;
        let fetch = async |sha256: &Digest, file: &Path| {
            self.fetched.get(commons, sha256, &commons.name_of(file)?, &self.scratch).await
        };
        let base = fetch(&name.base, &job.base).await?;
        let artifact = fetch(&name.artifact, &job.artifact).await?;
        let (temporary, made) = self.run(job, base.path(), artifact.path()).await?;
        // The next sweep would take it away.
        let cache = self.settings.cache.get();
        if made.length > cache {
            return Err(BenchError::Cache { length: made.length, cache });
        }
        Ok(in_bucket::publish(commons, &job.key, temporary, made).await?)
    }

    /// Runs the maker on two files.
    async fn run(
        &self,
        job: &Job,
        base: &Path,
        artifact: &Path,
    ) -> Result<(tempfile::NamedTempFile, Made), BenchError> {
        let temporary = tempfile::Builder::new().prefix("patch-").tempfile_in(&self.scratch)?;
        let order = Order {
            format: job.key.name.format.clone(),
            base: base.to_owned(),
            base_sha256: job.key.name.base,
            artifact: artifact.to_owned(),
            artifact_sha256: job.key.name.artifact,
            out: temporary.path().to_owned(),
            longest: self.longest(job),
            memory: self.settings.memory.get(),
            cpu_seconds: self.settings.cpu.as_secs(),
        };
        let made = match child::run::<Made>(&self.program, &order.arguments(), self.settings.deadline).await {
            Err(ChildError::Useless) => return Err(self.remember_useless(job).await),
            made => made?,
        };
        let length = temporary.as_file().metadata()?.len();
        if length != made.length {
            return Err(BenchError::Length { said: made.length, found: length });
        }
        Ok((temporary, made))
    }

    async fn remember_useless(&self, job: &Job) -> BenchError {
        let (shelf, key, longest) = (Arc::clone(&self.shelf), job.key.clone(), self.longest(job));
        match blocking(move || shelf.set_useless(&key, longest)).await {
            Ok(()) => ChildError::Useless.into(),
            Err(error) => error.into(),
        }
    }

    fn finish(&self, key: &Key, outcome: Result<(), BenchError>, took: Duration) {
        let (app, name) = (&key.app, &key.name);
        let seconds = took.as_secs_f64();
        let (artifact, base, format) = (name.artifact.short(), name.base.short(), name.format.as_str());
        self.metrics.patch_cache_bytes.set(self.shelf.bytes());
        let mut inside = self.lock();
        inside.making.retain(|other| other != key);
        self.ended.notify_waiters();
        match outcome {
            Ok(()) => {
                inside.failed.remove(key);
                self.metrics.patch("made");
                tracing::info!(%app, artifact, base, format, seconds, "made a patch");
            }
            Err(BenchError::Child(ChildError::Useless)) => {
                self.metrics.patch("no-gain");
                tracing::info!(%app, artifact, base, format, seconds, "a patch is no gain: the full artifact it is");
            }
            Err(BenchError::Settled(how)) => {
                if inside.elsewhere.len() >= MAX_REMEMBERED {
                    inside.elsewhere.clear();
                }
                inside.elsewhere.insert(key.clone(), Instant::now() + ASK_AGAIN);
                self.metrics.patch(how);
                tracing::debug!(%app, artifact, base, format, how, "another server makes or made a patch");
            }
            Err(error) => {
                // Made again it would be as long: nothing changes before a start with a larger cache, which forgets this.
                let too_large = matches!(error, BenchError::Cache { .. });
                if inside.failed.len() >= MAX_REMEMBERED {
                    inside.failed.clear();
                }
                let failure =
                    inside.failed.entry(key.clone()).or_insert(Failure { times: 0, until: Instant::now() });
                let pause = FIRST_PAUSE.saturating_mul(1 << failure.times.min(16)).min(LONGEST_PAUSE);
                let pause = if too_large { LONGEST_PAUSE } else { pause };
                failure.times = failure.times.saturating_add(1);
                failure.until = Instant::now() + pause;
                self.metrics.patch(if too_large { "too-large" } else { "failed" });
                tracing::warn!(%app, artifact, base, format, seconds, ?pause, %error, "no patch was made");
            }
        }
    }

    /// The most bytes that the patch may have.
    fn longest(&self, job: &Job) -> u64 {
        longest(job.length, self.settings.largest_percent)
    }

    fn count(&self, inside: &Inside) {
        let waiting = inside.asked.len() + inside.ahead.len();
        self.metrics.patches_waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn is_asked(&self, key: &Key) -> bool {
        self.asked.iter().any(|(_, job)| job.key == *key)
    }
}

/// The most bytes that a patch to an artifact of `length` bytes may have.
fn longest(length: u64, percent: u8) -> u64 {
    u64::try_from(u128::from(length) * u128::from(percent) / 100).unwrap_or(length)
}

#[derive(Debug, thiserror::Error)]
enum BenchError {
    #[error(transparent)]
    Child(#[from] ChildError),
    #[error("the patch has {found} bytes, its maker said {said}")]
    Length { said: u64, found: u64 },
    #[error("a bug: making it panicked")]
    Bug,
    /// It is there, or another server makes it.
    #[error("there is nothing to do: {0}")]
    Settled(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the patch has {length} bytes, the whole cache may have {cache}: make `patches.cache` larger")]
    Cache { length: u64, cache: u64 },
    #[error("the disk refused: {0}")]
    Disk(#[from] std::io::Error),
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    crate::blocking::run(work).await.unwrap_or_else(|| Err(std::io::Error::other("the server is stopping")))
}

#[cfg(test)]
#[path = "bench_tests.rs"]
mod tests;
