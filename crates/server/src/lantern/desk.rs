//! Where signatures are made: on threads that may block, as many at a time as there are processors, however many ask.
//!
//! Who finds a place free takes a thread, which goes on with what waits before it gives the place back: in a crowd, no signature
//! costs a change of threads.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::lock;

/// The most who wait for a signature. At the rate of one processor they wait for some 3 s.
const MAX_WAITING: usize = 1024;

/// The places, and who waits for one.
pub(super) struct Desk {
    places: usize,
    line: Arc<Mutex<Line>>,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Box<dyn FnOnce() + Send>>,
    /// Places that are taken.
    taken: usize,
}

impl Desk {
    /// One place per processor.
    pub(super) fn new() -> Self {
        Self::with_places(std::thread::available_parallelism().map_or(1, usize::from))
    }

    fn with_places(places: usize) -> Self {
        Self { places, line: Arc::default() }
    }

    /// Runs what signs; not at all if nobody waits for it any more. None: too many wait, or the server is stopping.
    ///
    /// A panic goes on in whoever waits, as one of other blocking work does.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        sign: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, signed) = oneshot::channel();
        let job = move || {
            if !sender.is_closed() {
                let _ = sender.send(catch_unwind(AssertUnwindSafe(sign)));
            }
        };
        if self.line_up(Box::new(job))? {
            let line = Arc::clone(&self.line);
            drop(tokio::task::spawn_blocking(move || work(&line)));
        }
        match signed.await.ok()? {
            Ok(signed) => Some(signed),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Whether a place was free, which is taken now. None: too many wait.
    fn line_up(&self, job: Box<dyn FnOnce() + Send>) -> Option<bool> {
        let mut line = lock(&self.line);
        if line.waiting.len() >= MAX_WAITING {
            return None;
        }
        line.waiting.push_back(job);
        let free = line.taken < self.places;
        if free {
            line.taken += 1;
        }
        Some(free)
    }
}

/// Does what waits, then gives the place back.
fn work(line: &Mutex<Line>) {
    loop {
        let next = {
            let mut line = lock(line);
            let next = line.waiting.pop_front();
            if next.is_none() {
                line.taken -= 1;
            }
            next
        };
        match next {
            Some(job) => job(),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::mpsc;

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn all_are_served_and_no_more_than_places_at_once() {
        let desk = Desk::with_places(2);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let each = (0..100).map(|number| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            desk.run(move || {
                most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
                std::thread::yield_now();
                now.fetch_sub(1, SeqCst);
                number
            })
        });
        let served = join_all(each).await;
        assert_eq!(served, (0..100).map(Some).collect::<Vec<_>>());
        assert!((1..=2).contains(&most.load(SeqCst)), "{most:?}");
        // Only after its last job does a thread give its place back.
        while lock(&desk.line).taken > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_panic_is_the_asker_s_and_the_next_is_served() {
        let desk = Desk::with_places(1);
        let panic =
            AssertUnwindSafe(desk.run(|| panic!("a bug"))).catch_unwind().await.map(drop).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"a bug"));
        assert_eq!(desk.run(|| 7).await, Some(7));
    }

    #[tokio::test]
    async fn a_crowd_is_bounded_and_who_left_costs_nothing() {
        let desk = Desk::with_places(1);
        let (begun, has_begun) = oneshot::channel();
        let (go, gone) = mpsc::channel::<()>();
        let mut first = Box::pin(desk.run(move || {
            begun.send(()).unwrap();
            gone.recv().unwrap();
        }));
        assert!(first.as_mut().now_or_never().is_none());
        has_begun.await.unwrap();
        let signed = Arc::new(AtomicUsize::new(0));
        let mut waiting = Vec::new();
        for _ in 0..MAX_WAITING {
            let signed = Arc::clone(&signed);
            let mut one = Box::pin(desk.run(move || signed.fetch_add(1, SeqCst)));
            assert!(one.as_mut().now_or_never().is_none());
            waiting.push(one);
        }
        assert_eq!(desk.run(|| 7).await, None, "one too many");
        waiting.truncate(3);
        go.send(()).unwrap();
        assert_eq!(first.await, Some(()));
        assert!(join_all(waiting).await.iter().all(Option::is_some));
        assert_eq!(desk.run(|| 7).await, Some(7));
        assert_eq!(signed.load(SeqCst), 3);
    }
}
