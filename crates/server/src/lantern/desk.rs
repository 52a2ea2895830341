//! Where signatures are made: on threads that may block, on all processors but one, however many ask. The one is everybody else's,
//! whose checks would wait for the scheduler while old clients come in a crowd.
//!
//! Who finds a place free takes a thread, which goes on with what waits before it gives the place back: in a crowd, no signature
//! costs a change of threads. Nor does each answer: several are given back together, so that whoever sends them is woken once for
//! all of them. No answer is kept back for more others than wait behind it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::sync::oneshot;

use super::lock;

/// The most who wait for a signature. At the rate of one processor they wait for about a second.
const MAX_WAITING: usize = 1024;
/// The most that one thread gives back together.
const TOGETHER: usize = 16;

/// The places, and who waits for one.
pub(super) struct Desk<T> {
    places: usize,
    line: Arc<Mutex<Line<T>>>,
}

struct Line<T> {
    waiting: VecDeque<Waiting<T>>,
    /// Places that are taken.
    taken: usize,
}

struct Waiting<T> {
    sign: Box<dyn FnOnce() -> T + Send>,
    signed: oneshot::Sender<thread::Result<T>>,
}

impl<T: Send + 'static> Desk<T> {
    /// A place per processor but one.
    pub(super) fn new() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self::with_places((processors - 1).max(1))
    }

    fn with_places(places: usize) -> Self {
        Self { places, line: Arc::new(Mutex::new(Line { waiting: VecDeque::new(), taken: 0 })) }
    }

    /// Runs what signs; not at all if nobody waits for it any more. None: too many wait, or the server is stopping.
    ///
    /// A panic goes on in whoever waits, as one of other blocking work does.
    pub(super) async fn run(&self, sign: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (sender, signed) = oneshot::channel();
        if self.line_up(Waiting { sign: Box::new(sign), signed: sender })? {
            let line = Arc::clone(&self.line);
            drop(tokio::task::spawn_blocking(move || work(&line)));
        }
        match signed.await.ok()? {
            Ok(signed) => Some(signed),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Whether a place was free, which is taken now. None: too many wait.
    fn line_up(&self, one: Waiting<T>) -> Option<bool> {
        let mut line = lock(&self.line);
        if line.waiting.len() >= MAX_WAITING {
            return None;
        }
        line.waiting.push_back(one);
        let free = line.taken < self.places;
        if free {
            line.taken += 1;
        }
        Some(free)
    }
}

/// Does what waits, then gives the place back.
fn work<T>(line: &Mutex<Line<T>>) {
    let mut done = Vec::with_capacity(TOGETHER);
    loop {
        let (next, behind) = {
            let mut line = lock(line);
            let next = line.waiting.pop_front();
            if next.is_none() && done.is_empty() {
                line.taken -= 1;
                return;
            }
            (next, line.waiting.len())
        };
        if let Some(Waiting { sign, signed }) = next.filter(|one| !one.signed.is_closed()) {
            done.push((signed, catch_unwind(AssertUnwindSafe(sign))));
        }
        if done.len() >= TOGETHER.min(behind) {
            for (signed, result) in done.drain(..) {
                let _ = signed.send(result);
            }
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
                thread::yield_now();
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
            7
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
        assert_eq!(first.await, Some(7));
        assert!(join_all(waiting).await.iter().all(Option::is_some));
        assert_eq!(desk.run(|| 7).await, Some(7));
        assert_eq!(signed.load(SeqCst), 3);
    }
    #[tokio::test]
    async fn in_a_crowd_answers_come_together_and_none_waits_for_more_than_are_behind() {
        let desk = Desk::with_places(1);
        let (begin, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let mut gates = Vec::new();
        let mut crowd = Vec::new();
        for number in 0..4 {
            let (go, gone) = mpsc::channel::<()>();
            let begin = begin.clone();
            let mut one = Box::pin(desk.run(move || {
                begin.send(number).unwrap();
                gone.recv().unwrap();
                number
            }));
            assert!(one.as_mut().now_or_never().is_none());
            gates.push(go);
            crowd.push(one);
        }
        assert_eq!(begun.recv().await, Some(0));
        gates[0].send(()).unwrap();
        assert_eq!(begun.recv().await, Some(1));
        assert!(crowd[0].as_mut().now_or_never().is_none(), "one is done, three are behind it");
        gates[1].send(()).unwrap();
        assert_eq!(begun.recv().await, Some(2));
        for number in [0, 1] {
            assert_eq!(crowd[number].as_mut().await, Some(number), "two are done, two are behind them");
        }
        gates[2].send(()).unwrap();
        assert_eq!(begun.recv().await, Some(3));
        assert_eq!(crowd[2].as_mut().await, Some(2), "one is done, one is behind it");
        gates[3].send(()).unwrap();
        assert_eq!(crowd[3].as_mut().await, Some(3), "nobody is behind it");
    }
}
