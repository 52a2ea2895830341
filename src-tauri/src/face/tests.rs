//! Every state, as it is shown.

use autoupdate::error::{Actor, Phase};
use autoupdate::policy::deferral::{Deferred, Pause};
use autoupdate::policy::{Asker, SetBy};
use autoupdate::view::{Blocker, FallbackView, Progress, RollBackWhy, RouteView, UpdateReport};
use protocol::Digest;

use super::*;
use crate::testing::{app, offer, version, view};
use crate::words::Words;

fn failure() -> Failure {
    Failure {
        code: "E-NET-DNS".into(),
        phase: Phase::Check,
        actor: Actor::Network,
        retry: true,
        text: "no such host".into(),
    }
}

fn now() -> jiff::Timestamp {
    "2030-06-01T12:00:00Z".parse().unwrap()
}

fn report() -> UpdateReport {
    UpdateReport {
        app: AppId::parse("demo").unwrap(),
        from: None,
        to: version("7.2.0"),
        at: now(),
        route: None,
        bytes_fetched: 1,
        full_bytes: 2,
        patches_fetched: 0,
        sha256_before: Digest::of(b"a"),
        sha256_after: Digest::of(b"b"),
        seconds: 1,
        repaired: false,
        fallbacks: Vec::new(),
        still_old: Vec::new(),
    }
}

/// Every state, and what it looks like: glyph, words, acts; then the same as the only news of the tray.
fn every_state() -> Vec<(AppState, &'static str, &'static str)> {
    let progress = Progress::default();
    let fallback = FallbackView { route: RouteView::Full, code: "E-PATCH-BASE".into(), text: String::new() };
    let blockers = vec![Blocker { pid: 7, name: "demo".into(), user: None }];
    let not_offered =
        |reason| AppState::NotOffered { version: Some(version("7.2.0")), reason, checked_at: now() };
    let critical = OfferView { urgency: Urgency::Critical, ..offer("7.2.0") };
    let unknown = OfferView { needs_consent: true, ..offer("7.2.0") };
    let back = |why| AppState::RolledBack { from: None, to: Some(version("7.1.0")), why };
    vec![
        (AppState::Idle, "Normal Not checked yet [check]", "Normal Not checked yet"),
        (
            AppState::Checking { by: Asker::Person },
            "Working Looking for an update [cancel]",
            "Working Looking for an update of Demo",
        ),
        (
            AppState::Checking { by: Asker::Timer },
            "Working Looking for an update []",
            "Working Looking for an update of Demo",
        ),
        (
            AppState::UpToDate { checked_at: now(), valid_until: now() },
            "Check Up to date [check]",
            "Normal Everything is up to date",
        ),
        (
            AppState::NothingNewer { checked_at: now() },
            "Normal No newer version was offered [check]",
            "Normal Nothing to install right now",
        ),
        (
            AppState::CannotVerify { failure: failure(), last_good: None },
            "Attention Cannot tell whether there is an update [retry]",
            "Attention Cannot tell whether Demo is up to date",
        ),
        (
            not_offered(Reason::NotYet { share: 1, bucket: 2 }),
            "Clock Version 7.2.0 comes to this computer later [check]",
            "Normal Nothing to install right now",
        ),
        (
            not_offered(Reason::Halted),
            "Held Version 7.2.0 was halted by its publisher [check]",
            "Held Demo 7.2.0 was halted by its publisher",
        ),
        (
            not_offered(Reason::Recalled),
            "Attention This version was recalled by its publisher [check]",
            "Attention The version of Demo was recalled by its publisher",
        ),
        (
            AppState::Available { offer: offer("7.2.0"), stopped: None },
            "Available Version 7.2.0 is available [install, tonight, skip]",
            "Available Demo 7.2.0 is available",
        ),
        (
            AppState::Available { offer: unknown, stopped: None },
            "Available Version 7.2.0 is available [replace, skip]",
            "Available Demo 7.2.0 is available",
        ),
        (
            AppState::Available { offer: offer("7.2.0"), stopped: Some(progress.clone()) },
            "Held Download of 7.2.0 stopped [resume, cancel]",
            "Held The download of Demo 7.2.0 is stopped",
        ),
        (
            put_off(Deferral::Metered { limit: 0 }),
            "Clock Version 7.2.0 waits for another network [install]",
            "Normal Nothing to install right now",
        ),
        (
            put_off(Deferral::QuietHours),
            "Clock Version 7.2.0 waits for its hours [install]",
            "Normal Nothing to install right now",
        ),
        (
            planned(Plan::AtQuit),
            "Ready Version 7.2.0 comes when the program is closed [restart, postpone]",
            "Ready Demo 7.2.0 comes when it is closed",
        ),
        (
            planned(Plan::At { at: now(), counting: false }),
            "Ready Version 7.2.0 comes tonight [restart, postpone]",
            "Ready Demo 7.2.0 comes tonight",
        ),
        (
            planned(Plan::At { at: now(), counting: true }),
            "Ready Restarting with version 7.2.0 in a moment [postpone, restart]",
            "Ready Demo restarts with 7.2.0 in a moment",
        ),
        (
            not_offered(Reason::Skipped),
            "Held Version 7.2.0 is skipped [check, release]",
            "Held Demo 7.2.0 is skipped",
        ),
        (
            not_offered(Reason::TurnedOff),
            "Held Updates are turned off by your administrator [check]",
            "Held Updates of Demo are turned off by your administrator",
        ),
        (
            not_offered(Reason::TooYoung { until: now() }),
            "Clock Version 7.2.0 comes here later [check]",
            "Normal Nothing to install right now",
        ),
        (
            AppState::Downloading { offer: offer("7.2.0"), progress: progress.clone() },
            "Working Getting version 7.2.0 [pause, cancel]",
            "Working Getting Demo 7.2.0",
        ),
        (
            AppState::FallingBack { offer: offer("7.2.0"), progress, why: fallback },
            "Working Getting version 7.2.0 [pause, cancel]",
            "Working Getting Demo 7.2.0",
        ),
        (
            AppState::Verifying { offer: offer("7.2.0") },
            "Working Getting version 7.2.0 [cancel]",
            "Working Getting Demo 7.2.0",
        ),
        (
            AppState::Ready { offer: offer("7.2.0"), planned: None },
            "Ready Version 7.2.0 is ready [restart, tonight, at-quit]",
            "Ready Demo 7.2.0 is ready",
        ),
        (
            AppState::Ready { offer: critical, planned: None },
            "Critical Version 7.2.0 is ready [restart, tonight, at-quit]",
            "Critical Demo 7.2.0 is ready",
        ),
        (
            AppState::WaitingForClose { offer: offer("7.2.0"), blockers, until: now() },
            "Attention Waiting for Demo to close [cancel]",
            "Attention Waiting for Demo to close",
        ),
        (
            AppState::Restarting { offer: offer("7.2.0") },
            "Working Restarting with version 7.2.0 []",
            "Working Restarting Demo with version 7.2.0",
        ),
        (
            AppState::Probation { from: None, to: version("7.2.0"), until: now() },
            "Working Seeing whether version 7.2.0 runs well []",
            "Working Seeing whether Demo 7.2.0 runs well",
        ),
        (
            AppState::Updated { report: report() },
            "Check Updated to 7.2.0 [check]",
            "Normal Everything is up to date",
        ),
        (
            AppState::Updated { report: UpdateReport { repaired: true, ..report() } },
            "Check Version 7.2.0 is in order again [check]",
            "Normal Everything is up to date",
        ),
        (
            AppState::RollingBack { why: RollBackWhy::ByPerson },
            "Working Putting the previous version back []",
            "Working Putting the previous version of Demo back",
        ),
        (back(RollBackWhy::Recalled), "Back Went back to 7.1.0 [check]", "Attention Demo is back on 7.1.0"),
        (
            AppState::Failed { failure: failure(), version: Some(version("7.2.0")), again_at: None },
            "Attention Version 7.2.0 could not be installed [retry]",
            "Attention Demo 7.2.0 could not be installed",
        ),
        (
            AppState::Failed { failure: failure(), version: None, again_at: None },
            "Attention The check did not work [retry]",
            "Attention Demo could not be checked",
        ),
        (
            AppState::Disabled { by: Owner::Machine },
            "Held Checks are turned off by your administrator [check]",
            "Held Checks of Demo are turned off by your administrator",
        ),
    ]
}

fn put_off(why: Deferral) -> AppState {
    AppState::Deferred { offer: offer("7.2.0"), deferred: Deferred { why, until: None } }
}

fn planned(plan: Plan) -> AppState {
    AppState::Ready { offer: offer("7.2.0"), planned: Some(plan) }
}

#[test]
fn support_can_try_things_while_nothing_goes_on() {
    let words = |state| {
        let kept = AppView { previous: Some(version("7.0.0")), ..app("Demo", state) };
        face(&kept).support.into_iter().map(crate::menu::word).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(words(AppState::Idle), "force, repair, roll-back, hold, release");
    let available = AppState::Available { offer: offer("7.2.0"), stopped: None };
    assert_eq!(words(available), "force, full, repair, roll-back, hold, release");
    assert_eq!(words(AppState::Checking { by: Asker::Person }), "");
}

#[test]
fn every_state_has_glyph_words_and_acts() {
    let words = Words::english();
    for (state, expected, news) in every_state() {
        let app = app("Demo", state);
        let face = face(&app);
        let acts: Vec<_> = face.acts.iter().map(|act| crate::menu::word(*act)).collect();
        let said = format!("{:?} {} [{}]", face.glyph, words.say(&face.words), acts.join(", "));
        assert_eq!(said, expected);
        let summary = summary(&view(vec![app]));
        assert_eq!(format!("{:?} {}", summary.glyph, words.say(&summary.words)), news);
    }
}

#[test]
fn what_is_kept_can_be_brought_back() {
    let kept = |state| AppView { previous: Some(version("7.0.0")), ..app("Demo", state) };
    let acts = face(&kept(AppState::Updated { report: report() })).acts;
    assert_eq!(acts, [Act::Check, Act::RollBack]);
    let recalled = AppState::NotOffered { version: None, reason: Reason::Recalled, checked_at: now() };
    assert_eq!(face(&kept(recalled)).acts, [Act::RollBack, Act::Check]);
}

#[test]
fn the_tray_tells_what_wants_to_be_seen_most() {
    let words = Words::english();
    let ready = || AppState::Ready { offer: offer("2.0.0"), planned: None };
    let failed = || AppState::Failed { failure: failure(), version: None, again_at: None };
    let check = |states: &[AppState], expected: &str, acts: bool| {
        let name = |index: usize| format!("App{index}");
        let apps = states.iter().enumerate().map(|(index, state)| app(&name(index), state.clone()));
        let summary = summary(&view(apps.collect()));
        assert_eq!(words.say(&summary.words), expected);
        assert_eq!(summary.act.is_some(), acts, "{expected}");
    };
    check(&[], "No programs yet", false);
    check(&[AppState::Idle, ready()], "App1 2.0.0 is ready", true);
    check(&[ready(), ready()], "2 updates are ready", false);
    check(&[ready(), failed()], "App1 could not be checked", true);
    check(&[failed(), failed(), ready()], "2 programs need you", false);
    let available = || AppState::Available { offer: offer("2.0.0"), stopped: None };
    check(&[available(), available()], "2 updates are available", false);
    let disabled = || AppState::Disabled { by: Owner::User };
    check(&[disabled(), disabled()], "2 programs are not checked", true);
}

#[test]
fn a_pause_is_told_where_nothing_else_is_news() {
    let said = |state| {
        let mut view = view(vec![app("Demo", state)]);
        view.paused = Some(Pause { since: now(), until: None });
        let summary = summary(&view);
        (summary.glyph, Words::english().say(&summary.words))
    };
    let up_to_date = AppState::UpToDate { checked_at: now(), valid_until: now() };
    assert_eq!(said(up_to_date), (Glyph::Held, "Updates are paused".to_owned()));
    assert_eq!(said(AppState::Disabled { by: Owner::User }).0, Glyph::Held);
    let ready = AppState::Ready { offer: offer("7.2.0"), planned: None };
    assert_eq!(said(ready), (Glyph::Ready, "Demo 7.2.0 is ready".to_owned()));
}

#[test]
fn an_entry_that_cannot_be_read_hides_behind_nothing_that_is_fine() {
    let up_to_date = AppState::UpToDate { checked_at: now(), valid_until: now() };
    let mut view = view(vec![app("Demo", up_to_date)]);
    let text = "at least one source is needed".to_owned();
    view.problems =
        vec![autoupdate::view::Problem { file: "/x.toml".into(), line: Some(7), key: None, text }];
    let summary = summary(&view);
    assert_eq!((summary.glyph, summary.tone), (Glyph::Attention, Tone::Warn));
    assert_eq!(Words::english().say(&summary.words), "An entry cannot be read");
}

#[test]
fn the_app_itself_is_not_waited_for_until_it_is_closed() {
    let ready = AppState::Ready { offer: offer("7.2.0"), planned: None };
    let own = Shell { own_id: Some(AppId::parse("demo").unwrap()), ..crate::testing::shell() };
    let acts = |shell: &Shell| {
        shown(&view(vec![app("Demo", ready.clone())]), shell).faces.into_values().next().unwrap().acts
    };
    assert_eq!(acts(&own), [Act::Restart, Act::Tonight]);
    assert_eq!(acts(&crate::testing::shell()), [Act::Restart, Act::Tonight, Act::AtQuit]);
}

#[test]
fn a_reason_has_words_without_a_version_as_well() {
    let words = Words::english();
    let reasons = [
        Reason::NothingForPlatform,
        Reason::OsTooOld { needs: "12".into(), has: None },
        Reason::OsPinned { at: version("1.0.0") },
        Reason::NotYet { share: 1, bucket: 2 },
        Reason::Halted,
        Reason::Recalled,
        Reason::ControlUnverified { why: String::new() },
        Reason::KnownBad,
        Reason::BelowFloor { floor: version("1.0.0") },
        Reason::Undone,
        Reason::Skipped,
        Reason::OnHold,
        Reason::Pinned { at: version("7.1.0"), by: SetBy::Administrator },
        Reason::TooYoung { until: now() },
        Reason::TurnedOff,
    ];
    for reason in reasons {
        let state = AppState::NotOffered { version: None, reason, checked_at: now() };
        let app = app("Demo", state);
        for message in [face(&app).words, summary(&view(vec![app])).words] {
            let said = words.say(&message);
            assert!(!said.contains("none") && !said.contains("Version "), "{}: {said}", message.id);
        }
    }
}

#[test]
fn what_is_urgent_is_coloured_so() {
    let critical = || OfferView { urgency: Urgency::Critical, ..offer("7.2.0") };
    let check = |state, glyph, tone| {
        let app = app("Demo", state);
        let face = face(&app);
        assert_eq!((face.glyph, face.tone), (glyph, tone));
        assert_eq!(summary(&view(vec![app])).tone, tone);
    };
    check(AppState::Available { offer: critical(), stopped: None }, Glyph::Critical, Tone::Danger);
    check(AppState::Ready { offer: critical(), planned: None }, Glyph::Critical, Tone::Danger);
    check(AppState::Available { offer: offer("7.2.0"), stopped: None }, Glyph::Available, Tone::Info);
    check(AppState::Ready { offer: offer("7.2.0"), planned: None }, Glyph::Ready, Tone::Info);
}
