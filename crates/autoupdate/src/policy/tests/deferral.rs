use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOON: &str = "2026-11-27T12:00:00Z";

fn facts() -> Facts<'static> {
    Facts {
        now: at(NOON),
        zone: const { &TimeZone::UTC },
        pause: None,
        quiet_hours: None,
        allowed_hours: None,
        busy_until: None,
        metered: Metered::Small,
        wait_on_battery: true,
        surroundings: Surroundings::default(),
    }
}

fn hours_of(text: &str) -> Option<Hours> {
    Some(Hours::parse(text).unwrap())
}

fn pause(until: Option<&str>) -> Option<Pause> {
    Some(Pause { since: at("2026-11-27T11:00:00Z"), until: until.map(at) })
}

fn surroundings(change: impl FnOnce(&mut Surroundings)) -> Surroundings {
    let mut surroundings = Surroundings::default();
    change(&mut surroundings);
    surroundings
}

#[track_caller]
fn check(about: About, facts: &Facts<'_>, expected: Option<(Deferral, Option<&str>)>) {
    let mut trace = Vec::new();
    let found = defer(about, facts, &mut trace);
    let expected = expected.map(|(why, until)| Deferred { why, until: until.map(at) });
    assert_eq!(found, expected);
    let last = trace.last().unwrap();
    assert_eq!(last.verdict == Verdict::Stop, found.is_some(), "{trace:?}");
    assert!(trace.iter().rev().skip(1).all(|one| one.verdict == Verdict::Pass), "{trace:?}");
}

#[test]
fn nothing_known_puts_nothing_off() {
    check(About::Fetch, &facts(), None);
    check(About::Replace, &facts(), None);
    assert_eq!(fetch_limit(&facts()), None);
}

#[test]
fn each_rule_puts_off_until_its_end() {
    use About::{Fetch, Replace};
    let paused = Facts { pause: pause(Some("2026-11-28T11:00:00Z")), ..facts() };
    check(Fetch, &paused, Some((Deferral::Paused, Some("2026-11-28T11:00:00Z"))));
    check(Replace, &Facts { pause: pause(None), ..facts() }, Some((Deferral::Paused, None)));
    check(Fetch, &Facts { pause: pause(Some(NOON)), ..facts() }, None);

    let quiet = Facts { quiet_hours: hours_of("09:00-17:00"), ..facts() };
    check(Fetch, &quiet, Some((Deferral::QuietHours, Some("2026-11-27T17:00:00Z"))));
    check(Fetch, &Facts { quiet_hours: hours_of("17:00-09:00"), ..facts() }, None);
    let outside = Facts { allowed_hours: hours_of("22:00-05:00"), ..facts() };
    check(Replace, &outside, Some((Deferral::OutsideHours, Some("2026-11-27T22:00:00Z"))));
    check(Replace, &Facts { allowed_hours: hours_of("10:00-13:00"), ..facts() }, None);

    let busy = Facts { busy_until: Some(at("2026-11-27T12:30:00Z")), ..facts() };
    check(Replace, &busy, Some((Deferral::Busy, Some("2026-11-27T12:30:00Z"))));
    check(Replace, &Facts { busy_until: Some(at(NOON)), ..facts() }, None);
}

#[test]
fn a_metered_network_keeps_back_what_is_fetched() {
    let metered = surroundings(|one| one.metered = Some(true));
    let with = |metered_is| Facts { metered: metered_is, surroundings: metered, ..facts() };
    check(About::Fetch, &with(Metered::Wait), Some((Deferral::Metered { limit: 0 }, None)));
    check(About::Fetch, &with(Metered::Small), None);
    check(About::Fetch, &with(Metered::Allow), None);
    check(About::Replace, &with(Metered::Wait), None);
    let limits = [Metered::Wait, Metered::Small, Metered::Allow].map(|one| fetch_limit(&with(one)));
    assert_eq!(limits, [Some(0), Some(SMALL), None]);
    let free = surroundings(|one| one.metered = Some(false));
    assert_eq!(fetch_limit(&Facts { metered: Metered::Wait, surroundings: free, ..facts() }), None);
}

#[test]
fn a_low_battery_waits_for_the_charger() {
    let at_percent = |percent| surroundings(|one| one.power = Some(Power::Battery { percent }));
    let with = |percent| Facts { surroundings: at_percent(percent), ..facts() };
    check(About::Replace, &with(29), Some((Deferral::Battery { percent: 29 }, None)));
    check(About::Fetch, &with(30), None);
    check(About::Fetch, &Facts { wait_on_battery: false, ..with(1) }, None);
    let mains = surroundings(|one| one.power = Some(Power::Mains));
    check(About::Fetch, &Facts { surroundings: mains, ..facts() }, None);
}

#[test]
fn the_first_no_decides() {
    let everything = Facts {
        pause: pause(None),
        quiet_hours: hours_of("09:00-17:00"),
        busy_until: Some(at("2026-11-27T12:30:00Z")),
        ..facts()
    };
    check(About::Fetch, &everything, Some((Deferral::Paused, None)));
    let rest = Facts { pause: None, ..everything };
    check(About::Fetch, &rest, Some((Deferral::QuietHours, Some("2026-11-27T17:00:00Z"))));
}

#[test]
fn notifications_wait_for_a_better_moment() {
    assert!(disturbs(&surroundings(|one| one.full_screen = Some(true))));
    assert!(disturbs(&surroundings(|one| one.do_not_disturb = Some(true))));
    assert!(!disturbs(&surroundings(|one| one.full_screen = Some(false))));
    assert!(!disturbs(&Surroundings::default()));
}

#[test]
fn the_next_change_is_known() {
    let all = Facts {
        pause: pause(Some("2026-11-28T11:00:00Z")),
        quiet_hours: hours_of("22:00-07:00"),
        busy_until: Some(at("2026-11-27T12:30:00Z")),
        ..facts()
    };
    assert_eq!(changes_at(&all), Some(at("2026-11-27T12:30:00Z")));
    assert_eq!(changes_at(&Facts { busy_until: None, ..all.clone() }), Some(at("2026-11-27T22:00:00Z")));
    assert_eq!(changes_at(&facts()), None);
}
