use proptest::prelude::*;

use super::*;
use crate::testing::{noon, time};

const HOUR: Duration = Duration::from_secs(3600);

fn facts() -> Facts {
    Facts {
        now: noon(),
        timing: Timing {
            interval: HOUR * 4,
            spread: HOUR,
            retry: Duration::from_secs(300),
            soon: Duration::from_secs(60),
        },
        mode: Mode::Download,
        last: Some(noon()),
        failures: 0,
        retry_after: None,
        draw: 0,
    }
}

fn check(facts: &Facts, expected: &str) {
    assert_eq!(next(facts).answer, When::At(time(expected)), "{facts:?}");
}

#[test]
fn the_wait_is_the_interval_or_a_back_off() {
    check(&facts(), "2030-06-01T16:00:00Z");
    check(&Facts { draw: 5_000, ..facts() }, "2030-06-01T16:30:00Z");
    for (failures, expected) in [
        (1, "2030-06-01T12:05:00Z"),
        (2, "2030-06-01T12:10:00Z"),
        (4, "2030-06-01T12:40:00Z"),
        (7, "2030-06-01T16:00:00Z"),
        (u32::MAX, "2030-06-01T16:00:00Z"),
    ] {
        check(&Facts { failures, ..facts() }, expected);
    }
    // A quarter of a short wait is its whole spread.
    check(&Facts { failures: 1, draw: 4_000, ..facts() }, "2030-06-01T12:05:30Z");
}

#[test]
fn a_server_may_ask_for_patience_within_limits() {
    let asked = |seconds| Some(Duration::from_secs(seconds));
    check(&Facts { failures: 1, retry_after: asked(1800), ..facts() }, "2030-06-01T12:30:00Z");
    check(&Facts { failures: 1, retry_after: asked(u64::MAX), ..facts() }, "2030-06-02T12:00:00Z");
    check(&Facts { failures: 1, retry_after: asked(1), ..facts() }, "2030-06-01T12:05:00Z");
}

#[test]
fn sleep_and_clock_steps_neither_skip_nor_delay() {
    check(&Facts { last: None, ..facts() }, "2030-06-01T12:00:00Z");
    check(&Facts { last: None, draw: 5_000, ..facts() }, "2030-06-01T12:00:30Z");
    // Asleep for a day, or a clock that was set forward.
    check(
        &Facts { last: Some(time("2030-05-31T12:00:00Z")), draw: 5_000, ..facts() },
        "2030-06-01T12:00:30Z",
    );
    // A clock that was ten years ahead and was set right.
    check(&Facts { last: Some(time("2040-06-01T12:00:00Z")), ..facts() }, "2030-06-01T16:00:00Z");
    check(&Facts { now: Timestamp::MAX, last: Some(Timestamp::MAX), ..facts() }, &Timestamp::MAX.to_string());
}

#[test]
fn off_is_off() {
    assert_eq!(next(&Facts { mode: Mode::Off, ..facts() }).answer, When::Never);
}

fn any() -> impl Strategy<Value = Facts> {
    let seconds = -2_000_000_000_i64..4_000_000_000;
    let last = proptest::option::of(seconds.clone());
    let wait = proptest::option::of(0..1_000_000_u64);
    (seconds, last, 0..40_u32, wait, 0..10_000_u16).prop_map(|(now, last, failures, wait, draw)| Facts {
        now: Timestamp::from_second(now).unwrap(),
        last: last.map(|last| Timestamp::from_second(last).unwrap()),
        failures,
        retry_after: wait.map(Duration::from_secs),
        draw,
        ..facts()
    })
}

fn at(facts: &Facts) -> Timestamp {
    match next(facts).answer {
        When::At(at) => at,
        When::Never => panic!("never"),
    }
}

proptest! {
    #[test]
    fn the_answer_is_never_past_and_never_too_far(facts in any()) {
        let longest = (facts.timing.interval + facts.timing.spread).max(MAX_RETRY_AFTER + facts.timing.spread);
        prop_assert!(at(&facts) >= facts.now);
        prop_assert!(at(&facts) <= facts.now.saturating_add(longest).unwrap());
    }

    #[test]
    fn another_failure_never_makes_it_earlier(facts in any()) {
        let facts = Facts { failures: facts.failures.max(1), last: Some(facts.now), ..facts };
        let more = Facts { failures: facts.failures + 1, ..facts };
        prop_assert!(at(&facts) <= at(&more));
        let patient = Facts { retry_after: Some(facts.retry_after.unwrap_or_default() + HOUR), ..facts };
        prop_assert!(at(&facts) <= at(&patient));
    }
}
