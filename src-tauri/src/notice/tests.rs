//! Which notifications there are, and when.

use super::*;
use crate::face::Act;
use crate::testing::{app, offer, version, view};

fn key(id: &str, about: About) -> Key {
    Key { app: Some(AppId::parse(id).unwrap()), about }
}

/// Words for changes: `+ demo Ready` shows, `- demo Ready` withdraws.
fn check(states: &[(&str, AppState)], told: &Told, up: &[Key], expected: &[&str]) -> Told {
    check_tray(false, states, told, up, expected)
}

fn check_tray(
    no_tray: bool,
    states: &[(&str, AppState)],
    told: &Told,
    up: &[Key],
    expected: &[&str],
) -> Told {
    let apps = states.iter().map(|(name, state)| app(name, state.clone())).collect();
    check_at(&Moment { no_tray, ..moment(NOON) }, apps, told, up, expected)
}

const NOON: &str = "2030-06-01T12:00:00Z";

fn moment(now: &str) -> Moment {
    Moment { now: now.parse().unwrap(), no_tray: false, quiet: false, offline: false }
}

fn check_at(moment: &Moment, apps: Vec<AppView>, told: &Told, up: &[Key], expected: &[&str]) -> Told {
    let (told, changes) = changes(&view(apps), moment, told, &up.iter().cloned().collect());
    let words: Vec<_> = changes
        .iter()
        .map(|change| {
            let (sign, key) = match change {
                Change::Show(Notice { key, .. }) => ("+", key),
                Change::Withdraw(key) => ("-", key),
            };
            let app = key.app.as_ref().map_or("", AppId::as_str);
            format!("{sign} {app} {:?}", key.about)
        })
        .collect();
    assert_eq!(words, expected);
    told
}

#[test]
fn that_there_is_no_tray_is_told_once_and_taken_back() {
    let up = [without_tray().key];
    let told = check_tray(true, &[], &Told::default(), &[], &["+  NoTray"]);
    let told = check_tray(true, &[], &told, &up, &[]);
    let told = check_tray(false, &[], &told, &up, &["-  NoTray"]);
    let told = check_tray(true, &[("Demo", ready("7.2.0"))], &told, &[], &["+ demo Ready"]);
    check_tray(true, &[], &told, &up, &[]);
}

fn ready(version: &str) -> AppState {
    AppState::Ready { offer: offer(version), planned: None }
}

fn back(why: RollBackWhy) -> AppState {
    AppState::RolledBack { from: Some(version("7.2.0")), to: Some(version("7.1.0")), why }
}

#[test]
fn ready_is_told_once_per_version() {
    let told = check(&[("Demo", ready("7.2.0"))], &Told::default(), &[], &["+ demo Ready"]);
    let up = [key("demo", About::Ready)];
    let told = check(&[("Demo", ready("7.2.0"))], &told, &up, &[]);
    let told = check(&[("Demo", ready("7.2.0"))], &told, &[], &[]);
    let told = check(&[("Demo", ready("7.3.0"))], &told, &up, &["+ demo Ready"]);
    check(&[("Demo", AppState::Idle)], &told, &up, &["- demo Ready"]);
}

#[test]
fn a_check_leaves_it_where_it_is() {
    let told = check(&[("Demo", ready("7.2.0"))], &Told::default(), &[], &["+ demo Ready"]);
    let up = [key("demo", About::Ready)];
    let checking = AppState::Checking { by: autoupdate::policy::Asker::Timer };
    let told = check(&[("Demo", checking)], &told, &up, &[]);
    let told = check(&[("Demo", AppState::Verifying { offer: offer("7.2.0") })], &told, &up, &[]);
    let told = check(&[("Demo", ready("7.2.0"))], &told, &up, &[]);
    check(&[("Demo", AppState::Verifying { offer: offer("7.3.0") })], &told, &up, &["- demo Ready"]);
}

#[test]
fn what_a_person_did_needs_no_telling() {
    let unhealthy = RollBackWhy::Unhealthy { code: "E-RUN-ENDED".into(), text: String::new() };
    let told = check(&[("Demo", back(unhealthy.clone()))], &Told::default(), &[], &["+ demo Undone"]);
    check(&[("Demo", back(unhealthy))], &told, &[], &[]);
    check(&[("Demo", back(RollBackWhy::ByPerson))], &Told::default(), &[], &[]);
}

#[test]
fn what_could_not_be_shown_is_not_told() {
    let told =
        check_tray(true, &[("Demo", ready("7.2.0"))], &Told::default(), &[], &["+ demo Ready", "+  NoTray"]);
    let rest = told.without(&[key("demo", About::Ready), without_tray().key].into());
    assert_eq!((rest.ready.len(), rest.no_tray), (0, false));
    assert_eq!(told.without(&[key("demo", About::Undone), key("other", About::Ready)].into()), told);
}

#[test]
fn a_program_that_is_gone_takes_its_notification_along() {
    check(&[], &Told::default(), &[key("demo", About::Ready)], &["- demo Ready"]);
}

fn demo(state: AppState) -> Vec<AppView> {
    vec![app("Demo", state)]
}

fn critical(version: &str) -> OfferView {
    OfferView { urgency: Urgency::Critical, ..offer(version) }
}

#[test]
fn what_waits_is_told_again_after_two_four_and_seven_days() {
    let mut told = Told::default();
    for (now, expected) in [
        ("2030-06-01T12:00:00Z", &["+ demo Ready"][..]),
        ("2030-06-02T12:00:00Z", &[]),
        ("2030-06-03T12:00:00Z", &["+ demo Ready"]),
        ("2030-06-04T12:00:00Z", &[]),
        ("2030-06-05T12:00:00Z", &["+ demo Ready"]),
        ("2030-06-08T12:00:00Z", &["+ demo Ready"]),
        ("2030-07-08T12:00:00Z", &[]),
    ] {
        told = check_at(&moment(now), demo(ready("7.2.0")), &told, &[], expected);
    }
    // Another version begins anew.
    check_at(&moment("2030-07-08T12:00:00Z"), demo(ready("7.3.0")), &told, &[], &["+ demo Ready"]);
}

#[test]
fn what_is_critical_is_told_daily() {
    let state = || AppState::Ready { offer: critical("7.2.0"), planned: None };
    let mut told = Told::default();
    for (now, expected) in [
        ("2030-06-01T12:00:00Z", &["+ demo Ready"][..]),
        ("2030-06-01T20:00:00Z", &[]),
        ("2030-06-02T12:00:00Z", &["+ demo Ready"]),
        ("2030-06-03T12:00:00Z", &["+ demo Ready"]),
        ("2030-06-03T13:00:00Z", &[]),
    ] {
        told = check_at(&moment(now), demo(state()), &told, &[], expected);
    }
}

#[test]
fn what_can_be_had_is_a_quiet_dot_at_first() {
    let state = || AppState::Available { offer: offer("7.2.0"), stopped: None };
    let told = check_at(&moment(NOON), demo(state()), &Told::default(), &[], &[]);
    let told = check_at(&moment("2030-06-02T12:00:00Z"), demo(state()), &told, &[], &[]);
    check_at(&moment("2030-06-03T12:00:00Z"), demo(state()), &told, &[], &["+ demo Available"]);
    let urgent = AppState::Available { offer: critical("7.2.0"), stopped: None };
    let told = check_at(&moment(NOON), demo(urgent.clone()), &Told::default(), &[], &["+ demo Available"]);
    check_at(&moment(NOON), demo(urgent), &told, &[], &[]);
}

#[test]
fn nobody_is_disturbed_and_it_comes_afterwards() {
    let quiet = Moment { quiet: true, ..moment(NOON) };
    let told = check_at(&quiet, demo(ready("7.2.0")), &Told::default(), &[], &[]);
    check_at(&moment("2030-06-01T14:00:00Z"), demo(ready("7.2.0")), &told, &[], &["+ demo Ready"]);
    let sleeping = || AppView { quiet: true, ..app("Demo", ready("7.2.0")) };
    check_at(&moment(NOON), vec![sleeping()], &Told::default(), &[], &[]);
    // What is urgent waits as well, and is as new as before when the film is over.
    let urgent = || AppState::Available { offer: critical("7.2.0"), stopped: None };
    let told = check_at(&quiet, demo(urgent()), &Told::default(), &[], &[]);
    check_at(&moment("2030-06-01T14:00:00Z"), demo(urgent()), &told, &[], &["+ demo Available"]);
}

#[test]
fn a_planned_restart_is_only_told_when_it_is_near() {
    let planned = |counting| {
        let at = "2030-06-02T03:30:00Z".parse().unwrap();
        demo(AppState::Ready { offer: offer("7.2.0"), planned: Some(Plan::At { at, counting }) })
    };
    let up = [key("demo", About::Ready)];
    let told = check_at(&moment(NOON), planned(false), &Told::default(), &up, &["- demo Ready"]);
    let quiet = Moment { quiet: true, ..moment("2030-06-02T03:29:00Z") };
    let told = check_at(&quiet, planned(true), &told, &[], &["+ demo Counting"]);
    check_at(&quiet, planned(true), &told, &[], &[]);
    let at_quit = AppState::Ready { offer: offer("7.2.0"), planned: Some(Plan::AtQuit) };
    check_at(&moment(NOON), demo(at_quit), &told, &[key("demo", About::Counting)], &["- demo Counting"]);
}

#[test]
fn an_update_that_a_person_wanted_is_told_once_with_the_way_back() {
    let updated = |mode| {
        let state = AppState::Updated { report: crate::testing::report("7.2.0") };
        vec![AppView { mode, previous: Some(version("7.1.0")), ..app("Demo", state) }]
    };
    let told = check_at(&moment(NOON), updated(Mode::Download), &Told::default(), &[], &["+ demo Updated"]);
    check_at(&moment(NOON), updated(Mode::Download), &told, &[], &[]);
    check_at(&moment(NOON), updated(Mode::Automatic), &Told::default(), &[], &[]);
    let (_, changes) = changes(&view(updated(Mode::Ask)), &moment(NOON), &Told::default(), &BTreeSet::new());
    let Some(Change::Show(notice)) = changes.first() else { panic!("{changes:?}") };
    assert_eq!(notice.does, [Does::WhatsNew, Does::Act(AppId::parse("demo").unwrap(), Act::RollBack)]);
}

#[test]
fn checks_that_do_not_work_bother_late_and_once() {
    let failing = |failures, actor, last_good: Option<&str>| {
        let failure = autoupdate::view::Failure {
            code: "E-NET-STATUS".into(),
            phase: autoupdate::error::Phase::Check,
            actor,
            retry: true,
            text: String::new(),
        };
        let by = autoupdate::policy::Asker::Timer;
        let check = autoupdate::view::LastCheck { at: NOON.parse().unwrap(), by, failure: Some(failure) };
        let last_good = last_good.map(|text| text.parse().unwrap());
        vec![AppView { failures, last_good, last_check: Some(check), ..app("Demo", AppState::Idle) }]
    };
    let (server, network) = (Actor::Repository, Actor::Network);
    let lately = Some("2030-06-01T10:00:00Z");
    let first =
        |apps, moment: Moment, expected: &[&str]| check_at(&moment, apps, &Told::default(), &[], expected);
    first(failing(9, server, lately), moment(NOON), &[]);
    first(failing(10, network, lately), moment(NOON), &[]);
    let told = first(failing(10, server, lately), moment(NOON), &["+ demo Failing"]);
    check_at(&moment(NOON), failing(11, server, None), &told, &[], &[]);
    // It works again, and then does not: told anew.
    let told = check_at(&moment(NOON), failing(0, server, lately), &told, &[], &[]);
    check_at(&moment(NOON), failing(10, server, lately), &told, &[], &["+ demo Failing"]);
    let week = Some("2030-05-25T12:00:00Z");
    first(failing(1, network, week), moment(NOON), &["+ demo Failing"]);
    first(failing(1, network, week), Moment { offline: true, ..moment(NOON) }, &[]);
    // After a restart of the app only what was written down knows when it worked last.
    let told = first(failing(1, network, None), moment(NOON), &[]);
    check_at(&moment("2030-06-08T12:00:00Z"), failing(40, network, None), &told, &[], &["+ demo Failing"]);
    let off = failing(40, server, week).into_iter().map(|app| AppView { mode: Mode::Off, ..app }).collect();
    first(off, moment(NOON), &[]);
}

#[test]
fn answers_go_by_themselves() {
    let up =
        [answer(Message::new("summary-up-to-date")).key, exported(Message::new("notice-answer-body")).key];
    check_at(&moment(NOON), demo(AppState::Idle), &Told::default(), &up, &[]);
}
