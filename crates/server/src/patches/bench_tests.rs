//! The queue: who is served, in which order, and what failures cost.

use protocol::{AppId, Digest, FormatId};

use super::*;
use crate::object_name::PatchName;

struct Room {
    _folder: tempfile::TempDir,
    bench: Arc<Bench>,
}

fn room(queue: usize, program: &str) -> Room {
    room_with(Patches { queue, bases: 0, ..Patches::default() }, program)
}

fn room_with(settings: Patches, program: &str) -> Room {
    let folder = tempfile::tempdir().unwrap();
    let metrics = Arc::new(Metrics::new());
    let shelf = Arc::new(Shelf::open(folder.path(), &[], 1000).unwrap());
    let scratch = folder.path().join("scratch");
    let bench = Bench::new(settings, Path::new(program), &scratch, shelf, metrics, None).unwrap();
    Room { _folder: folder, bench: Arc::new(bench) }
}

fn job(base: &str) -> Job {
    job_of(FormatId::RT1, base)
}

fn job_of(format: &str, base: &str) -> Job {
    let name = PatchName {
        artifact: Digest::of(b"artifact"),
        base: Digest::of(base.as_bytes()),
        format: FormatId::parse(format).unwrap(),
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
fn what_another_server_makes_is_left_alone_for_a_moment() {
    let Room { bench, .. } = &room(9, "/bin/false");
    let now = Instant::now();
    assert_eq!(bench.ask(job("a"), address(1), now), Asked::Making);
    let key = bench.next().unwrap().key;
    bench.finish(&key, Err(BenchError::Settled("elsewhere")), Duration::ZERO);
    assert_eq!(bench.ask(job("a"), address(2), now), Asked::Making);
    assert!(bench.next().is_none());
    // It may have died at it.
    assert_eq!(bench.ask(job("a"), address(2), now + 2 * ASK_AGAIN), Asked::Making);
    assert_eq!(bench.next().unwrap().key, key);
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
fn who_asks_for_one_format_gets_the_others_planned() {
    use FormatId as Id;
    let check = |formats: &[&str], bases, asked: &[(&str, &str)], expected: &[(&str, &str)]| {
        let formats = formats.iter().map(|format| Id::parse(format).unwrap()).collect();
        let settings = Patches { queue: 16, bases, formats, ..Patches::default() };
        let Room { bench, .. } = &room_with(settings, "/bin/false");
        for (who, (format, base)) in (1..).zip(asked) {
            let answer = bench.ask(job_of(format, base), address(who), Instant::now());
            assert_eq!(answer, Asked::Making, "{format} of {base}");
        }
        let order: Vec<Key> = std::iter::from_fn(|| bench.next()).map(|job| job.key).collect();
        let expected: Vec<Key> = expected.iter().map(|(format, base)| job_of(format, base).key).collect();
        assert_eq!(order, expected, "{asked:?}");
    };
    let both = &[Id::RT1, Id::BSZ1][..];
    check(both, 3, &[(Id::RT1, "a")], &[(Id::RT1, "a"), (Id::BSZ1, "a")]);
    check(both, 3, &[(Id::BSZ1, "a")], &[(Id::BSZ1, "a"), (Id::RT1, "a")]);
    // Who asks makes it no plan any more, and one plan is enough.
    check(both, 3, &[(Id::BSZ1, "a"), (Id::RT1, "a")], &[(Id::BSZ1, "a"), (Id::RT1, "a")]);
    // A format of others is theirs alone; one format is all there is; nothing is made ahead where that is not wanted.
    check(both, 3, &[(Id::BSDIFF40, "a")], &[(Id::BSDIFF40, "a")]);
    check(&[Id::RT1], 3, &[(Id::RT1, "a")], &[(Id::RT1, "a")]);
    check(both, 0, &[(Id::RT1, "a")], &[(Id::RT1, "a")]);
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
