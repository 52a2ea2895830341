//! Many points, a few workers, one line.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The most failures that are told in full.
const TOLD: usize = 12;

/// A count of points and of what failed at them.
#[derive(Debug)]
pub struct Sweep {
    name: String,
    begun: Instant,
    points: usize,
    failures: Vec<String>,
}

impl Sweep {
    /// Begins to count.
    #[must_use]
    pub fn begin(name: &str) -> Self {
        Self { name: name.to_owned(), begun: Instant::now(), points: 0, failures: Vec::new() }
    }

    /// Tries each point. As many at once as there are cores, or as `at_once` says: whoever only waits needs no core.
    /// Returns what those gave that did not fail, in no order.
    pub fn each<T: Sync, R: Send>(
        &mut self,
        points: &[T],
        at_once: Option<usize>,
        name: impl Fn(&T) -> String + Sync,
        point: impl Fn(&T) -> Result<R> + Sync,
    ) -> Vec<R> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let next = AtomicUsize::new(0);
        let (good, bad) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        let work = || {
            while let Some(one) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                match point(one) {
                    Ok(result) => locked(&good).push(result),
                    Err(error) => locked(&bad).push(format!("{}: {error:#}", name(one))),
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..at_once.unwrap_or(cores).min(points.len()) {
                scope.spawn(work);
            }
        });
        self.points += points.len();
        self.failures.append(&mut locked(&bad));
        std::mem::take(&mut *locked(&good))
    }

    /// Points so far.
    #[must_use]
    pub fn points(&self) -> usize {
        self.points
    }

    /// Since the begin.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Prints the line.
    ///
    /// # Errors
    /// If anything failed, or if there was nothing to try: that would prove nothing.
    pub fn end(self) -> Result<()> {
        println!(
            "{}: {} points, failures {}, {:.1} s",
            self.name,
            self.points,
            self.failures.len(),
            self.took().as_secs_f64()
        );
        if !self.failures.is_empty() {
            let told: Vec<&str> = self.failures.iter().take(TOLD).map(String::as_str).collect();
            bail!("{} of {} points failed:\n{}", self.failures.len(), self.points, told.join("\n"));
        }
        if self.points == 0 {
            bail!("{}: no point at all", self.name);
        }
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
