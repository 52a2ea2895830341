//! The queue of patches to make, and those who make them.
//!
//! A patch is in the queue once, however many ask for it. What somebody asks for and what is made ahead take turns, and
//! one address can fill only its share of the queue: nobody who asks much keeps the others from patches. What failed may be tried again after a minute, then two, four … at most six hours.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Key;
use super::child::{self, ChildError};
use super::maker::{Made, Order};
use super::shelf::Shelf;
use crate::config::Patches;
use crate::metrics::Metrics;

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
    inside: Mutex<Inside>,
    wake: Notify,
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
    ) -> std::io::Result<Self> {
        if scratch.exists() {
            std::fs::remove_dir_all(scratch)?;
        }
        std::fs::create_dir_all(scratch)?;
        metrics.patch_cache_bytes.set(shelf.bytes());
        Ok(Self {
            settings,
            program: program.to_owned(),
            scratch: scratch.to_owned(),
            shelf,
            metrics,
            inside: Mutex::default(),
            wake: Notify::new(),
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
        inside.asked.push_back((address, job));
        self.count(&inside);
        drop(inside);
        self.wake.notify_one();
        Asked::Making
    }

    /// Replaces what should be made ahead for an app. What is there, in work or failed is left out.
    pub(crate) fn plan(&self, jobs: Vec<Job>, app: &protocol::AppId, now: Instant) {
        let mut inside = self.lock();
        inside.ahead.retain(|job| job.key.app != *app);
        for job in jobs {
            let known = self.shelf.has(&job.key)
                || self.shelf.is_useless(&job.key, self.longest(&job))
                || inside.making.contains(&job.key)
                || inside.is_asked(&job.key)
                || inside.failed.get(&job.key).is_some_and(|failure| now < failure.until);
            if !known && inside.ahead.len() < MAX_REMEMBERED {
                inside.ahead.push_back(job);
            }
        }
        self.count(&inside);
        drop(inside);
        self.wake.notify_waiters();
        self.wake.notify_one();
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
        let temporary = tempfile::Builder::new().prefix("patch-").tempfile_in(&self.scratch)?;
        let order = Order {
            format: job.key.name.format.clone(),
            base: job.base.clone(),
            base_sha256: job.key.name.base,
            artifact: job.artifact.clone(),
            artifact_sha256: job.key.name.artifact,
            out: temporary.path().to_owned(),
            longest: self.longest(job),
            memory: self.settings.memory.get(),
            cpu_seconds: self.settings.cpu.as_secs(),
        };
        let made = match child::run::<Made>(&self.program, &order.arguments(), self.settings.deadline).await {
            Err(ChildError::Useless) => return self.remember_useless(job).await,
            made => made?,
        };
        let length = temporary.as_file().metadata()?.len();
        if length != made.length {
            return Err(BenchError::Length { said: made.length, found: length });
        }
        let (shelf, key) = (Arc::clone(&self.shelf), job.key.clone());
        let lies = blocking(move || shelf.publish(&key, temporary, made)).await?;
        // Worth having, only not with this cache: an operator may make it larger.
        if lies { Ok(()) } else { Err(BenchError::Cache { length, cache: self.settings.cache.get() }) }
    }

    async fn remember_useless(&self, job: &Job) -> Result<(), BenchError> {
        let (shelf, key, longest) = (Arc::clone(&self.shelf), job.key.clone(), self.longest(job));
        blocking(move || shelf.set_useless(&key, longest)).await?;
        Err(BenchError::Child(ChildError::Useless))
    }

    fn finish(&self, key: &Key, outcome: Result<(), BenchError>, took: Duration) {
        let (app, name) = (&key.app, &key.name);
        let seconds = took.as_secs_f64();
        let (artifact, base, format) = (name.artifact.short(), name.base.short(), name.format.as_str());
        self.metrics.patch_cache_bytes.set(self.shelf.bytes());
        let mut inside = self.lock();
        inside.making.retain(|other| other != key);
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
mod tests {
    use protocol::{AppId, Digest, FormatId};

    use super::*;
    use crate::object_name::PatchName;

    struct Room {
        _folder: tempfile::TempDir,
        bench: Arc<Bench>,
    }

    fn room(queue: usize, program: &str) -> Room {
        let folder = tempfile::tempdir().unwrap();
        let metrics = Arc::new(Metrics::new());
        let shelf = Arc::new(Shelf::open(folder.path(), &[], 1000).unwrap());
        let settings = Patches { queue, ..Patches::default() };
        let scratch = folder.path().join("scratch");
        let bench = Bench::new(settings, Path::new(program), &scratch, shelf, metrics).unwrap();
        Room { _folder: folder, bench: Arc::new(bench) }
    }

    fn job(base: &str) -> Job {
        let name = PatchName {
            artifact: Digest::of(b"artifact"),
            base: Digest::of(base.as_bytes()),
            format: FormatId::parse("bsz1").unwrap(),
        };
        let key = Key { app: AppId::parse("one").unwrap(), name };
        Job { key, base: "/nowhere".into(), artifact: "/nowhere".into(), length: 100 }
    }

    /// One address of many.
    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn one_place_in_the_queue_per_patch_and_a_last_place() {
        let Room { bench, .. } = &room(2, "/bin/false");
        let now = Instant::now();
        for _ in 0..100 {
            assert_eq!(bench.ask(job("a"), address(1), now), Asked::Making);
        }
        assert_eq!(bench.ask(job("b"), address(2), now), Asked::Making);
        assert!(matches!(bench.ask(job("c"), address(3), now), Asked::Full { .. }));
        assert_eq!(bench.next().unwrap().key, job("a").key);
        assert_eq!(bench.ask(job("a"), address(1), now), Asked::Making, "in work");
        assert_eq!(bench.ask(job("c"), address(3), now), Asked::Making);
        assert_eq!(bench.lock().asked.len(), 2);
    }

    #[test]
    fn who_asks_goes_before_what_is_planned() {
        let Room { bench, .. } = &room(9, "/bin/false");
        let now = Instant::now();
        bench.plan(vec![job("a"), job("b"), job("c")], &job("a").key.app, now);
        assert_eq!(bench.ask(job("c"), address(3), now), Asked::Making);
        let order: Vec<Key> = std::iter::from_fn(|| bench.next()).map(|job| job.key).collect();
        assert_eq!(order, ["c", "a", "b"].map(|base| job(base).key));
    }

    #[test]
    fn who_asks_much_takes_turns_with_the_plan_and_leaves_room_for_others() {
        let Room { bench, .. } = &room(16, "/bin/false");
        let now = Instant::now();
        bench.plan(vec![job("planned 1"), job("planned 2")], &job("a").key.app, now);
        for (base, who, taken) in [
            ("a", 1, true),
            ("b", 1, true),
            ("c", 1, false),
            ("c", 2, true),
            // It is in the queue already, so it costs nothing.
            ("c", 1, true),
        ] {
            let answer = bench.ask(job(base), address(who), now);
            assert_eq!(answer == Asked::Making, taken, "{base} from {who}: {answer:?}");
        }
        let order: Vec<Key> = std::iter::from_fn(|| bench.next()).map(|job| job.key).collect();
        assert_eq!(order, ["a", "planned 1", "b", "planned 2", "c"].map(|base| job(base).key));
    }

    #[test]
    fn what_was_made_since_somebody_looked_is_not_made_twice() {
        let Room { bench, .. } = &room(9, "/bin/false");
        let Job { key, .. } = job("a");
        let file = tempfile::NamedTempFile::new_in(&bench.scratch).unwrap();
        let made = Made { length: 0, memory: 0 };
        assert!(bench.shelf.publish(&key, file, made).unwrap());
        assert_eq!(bench.ask(job("a"), address(1), Instant::now()), Asked::Making, "look again");
        assert!(bench.next().is_none());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_failure_is_not_tried_again_at_once() {
        let Room { bench, .. } = &room(9, "/bin/false");
        assert_eq!(bench.ask(job("a"), address(1), Instant::now()), Asked::Making);
        let worker = tokio::spawn(Arc::clone(bench).work());
        let mut answer = Asked::Making;
        for _ in 0..10_000 {
            answer = bench.ask(job("a"), address(1), Instant::now());
            if answer == Asked::NotNow {
                break;
            }
            tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await.unwrap_err();
        }
        assert_eq!(answer, Asked::NotNow);
        let later = Instant::now() + FIRST_PAUSE;
        assert_eq!(bench.ask(job("a"), address(1), later), Asked::Making);
        worker.abort();
    }

    #[tokio::test]
    async fn a_panic_costs_one_patch_and_is_counted() {
        let Room { bench, .. } = &room(9, "/bin/false");
        bench.ask(job("a"), address(1), Instant::now());
        let key = bench.next().unwrap().key;
        let outcome = bench.caught(async { panic!("a bug") }).await;
        assert_eq!(bench.metrics.panics.get(), 1);
        bench.finish(&key, outcome, Duration::ZERO);
        assert_eq!(bench.ask(job("a"), address(1), Instant::now()), Asked::NotNow);
    }

    #[test]
    fn a_worker_goes_on_after_a_panic() {
        let Room { bench, .. } = &room(99, "/bin/false");
        // No driver for child processes: starting one panics, which is as real as any bug.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            for base in ["a", "b", "c"] {
                assert_eq!(bench.ask(job(base), address(1), Instant::now()), Asked::Making);
            }
            let worker = tokio::spawn(Arc::clone(bench).work());
            let mut ticks = tokio::time::interval(Duration::from_millis(1));
            let counted = async {
                while bench.metrics.panics.get() < 3 || bench.metrics.patches_running.get() > 0 {
                    ticks.tick().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(60), counted).await.expect("all three are tried");
            for base in ["a", "b", "c"] {
                assert_eq!(bench.ask(job(base), address(1), Instant::now()), Asked::NotNow, "{base}");
            }
            worker.abort();
        });
    }

    #[test]
    fn the_longest_useful_patch() {
        assert_eq!(longest(1000, 80), 800);
        assert_eq!(longest(u64::MAX, 100), u64::MAX);
        assert_eq!(longest(0, 80), 0);
    }
}
