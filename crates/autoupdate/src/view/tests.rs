//! The View and the answers as format 1 has them: committed, and read by all later code.

use protocol::{AppId, Channel, Digest, FormatId, Language, Mode, Urgency};

use super::*;
use crate::error::{Actor, Error, Phase};
use crate::handle::{Answer, Doing, Refusal, VersionNotes};
use crate::policy::deferral::Deferral;
use crate::policy::{Rule, SetBy, Trace, Verdict};
use crate::socket::wire::{FORMAT, Reply, ReplyLine};
use crate::store::{Entry, Event};
use crate::support::{Choice, Examined, Setting, Settings};
use crate::testing::{app, noon, time, version};

fn offer() -> OfferView {
    OfferView {
        version: version("7.2.0"),
        from: Some(version("7.1.0")),
        urgency: Urgency::Critical,
        full_bytes: Some(142_000_000),
        needs_consent: false,
        notes: vec![Language::parse("en").unwrap(), Language::parse("zh-hans").unwrap()],
    }
}

fn failure() -> Failure {
    Failure {
        code: "E-DISK-FULL".to_owned(),
        phase: Phase::Preflight,
        actor: Actor::Machine,
        retry: true,
        text: "too little space".to_owned(),
    }
}

fn patch() -> RouteView {
    RouteView::Patch { format: FormatId::parse("bsz1").unwrap() }
}

fn progress() -> Progress {
    Progress { route: Some(patch()), fetched: 7, of: Some(9), bytes_per_second: Some(1) }
}

fn fallback() -> FallbackView {
    FallbackView { route: patch(), code: "E-PATCH-HASH".to_owned(), text: "damaged".to_owned() }
}

fn report() -> UpdateReport {
    UpdateReport {
        app: app(),
        from: Some(version("7.1.0")),
        to: version("7.2.0"),
        at: noon(),
        route: Some(RouteView::CompressedFull),
        bytes_fetched: 18,
        full_bytes: 142,
        patches_fetched: 1,
        sha256_before: Digest::of(b"7.1.0"),
        sha256_after: Digest::of(b"7.2.0"),
        seconds: 3,
        repaired: false,
        fallbacks: vec![fallback()],
        still_old: Vec::new(),
    }
}

fn unhealthy() -> RollBackWhy {
    RollBackWhy::Unhealthy { code: "E-RUN-ENDED".to_owned(), text: "ended".to_owned() }
}

fn blockers() -> Vec<Blocker> {
    vec![Blocker { pid: 7, name: "demo".to_owned(), user: None }]
}

/// One app per state, in the order of [`AppState`]'s variants.
fn every_state() -> View {
    let (from, to) = (Some(version("7.1.0")), version("7.2.0"));
    let states = vec![
        AppState::Idle,
        AppState::Checking { by: Asker::Timer },
        AppState::UpToDate { checked_at: noon(), valid_until: time("2030-06-04T12:00:00Z") },
        AppState::CannotVerify { failure: failure(), last_good: None },
        AppState::NotOffered {
            version: Some(to.clone()),
            reason: Reason::NotYet { share: 500, bucket: 2931 },
            checked_at: noon(),
        },
        AppState::Available { offer: offer(), stopped: None },
        AppState::Downloading { offer: offer(), progress: progress() },
        AppState::Verifying { offer: offer() },
        AppState::FallingBack { offer: offer(), progress: Progress::default(), why: fallback() },
        AppState::Ready { offer: offer(), planned: None },
        AppState::WaitingForClose { offer: offer(), blockers: blockers(), until: noon() },
        AppState::Restarting { offer: offer() },
        AppState::Probation { from: from.clone(), to: to.clone(), until: noon() },
        AppState::Updated { report: report() },
        AppState::RollingBack { why: RollBackWhy::ByPerson },
        AppState::RolledBack { from: Some(to.clone()), to: from, why: unhealthy() },
        AppState::Failed { failure: failure(), version: Some(to), again_at: Some(noon()) },
        AppState::Disabled { by: Owner::Machine },
    ];
    let apps = states.into_iter().enumerate().map(|(index, state)| AppView {
        id: AppId::parse(&format!("app-{index}")).unwrap(),
        name: "Demo".to_owned(),
        path: "/opt/demo/demo".to_owned(),
        owner: Owner::User,
        channel: Channel::default(),
        mode: Mode::Download,
        source: SourceKind::Tuf,
        installed: Some(InstalledView { version: None, sha256: Digest::of(b"7.1.0"), length: 9 }),
        state,
        previous: None,
        last_check: Some(LastCheck { at: noon(), by: Asker::Person, failure: Some(failure()) }),
        failures: 0,
        last_good: None,
        quiet: false,
        next_check: Some(noon()),
        last_update: (index == 0).then(report),
    });
    let problem = Problem {
        file: "/etc/autoupdate/apps.d/x.toml".to_owned(),
        line: Some(3),
        key: Some("path".to_owned()),
        text: "wrong".to_owned(),
    };
    View::new(apps.collect(), vec![problem])
}

/// Every reason that a release can be kept back for.
fn every_reason() -> Vec<Reason> {
    vec![
        Reason::NothingForPlatform,
        Reason::OsTooOld { needs: "10.15".to_owned(), has: None },
        Reason::OsPinned { at: version("7.0.0") },
        Reason::NotYet { share: 0, bucket: 9999 },
        Reason::Halted,
        Reason::Recalled,
        Reason::ControlUnverified { why: "expired".to_owned() },
        Reason::KnownBad,
        Reason::BelowFloor { floor: version("7.1.0") },
        Reason::Undone,
        Reason::Skipped,
        Reason::OnHold,
    ]
}

fn every_answer() -> Vec<Answer> {
    let not_offered = every_reason().into_iter().map(|reason| Answer::NotOffered { version: None, reason });
    let refusals = [
        Refusal::UnknownApp,
        Refusal::Busy { doing: Doing::RollingBack },
        Refusal::NothingToCancel,
        Refusal::TooLate,
        Refusal::NoPrevious,
        Refusal::NothingToConfirm,
        Refusal::Stopped,
        Refusal::NothingToShow,
    ];
    let trace = vec![Trace::new(Rule::KnownBad, Verdict::Stop).about(&version("7.2.0")).fact("sha256", "00")];
    [
        Answer::UpToDate { installed: None, checked_at: noon(), valid_until: noon() },
        Answer::Offered { offer: offer() },
        Answer::CannotVerify { failure: failure() },
        Answer::Ready { offer: offer() },
        Answer::Updated { report: report() },
        Answer::RolledBack { from: None, to: None, why: RollBackWhy::Recalled },
        Answer::NeedsConsent { offer: offer() },
        Answer::StillRunning { blockers: blockers() },
        Answer::Cancelled,
        Answer::Done,
        Answer::Why { trace },
        Answer::Failed { failure: failure() },
        Answer::Notes { text: Some("- new".to_owned()), earlier: Vec::new() },
        Answer::Sound { version: version("7.2.0"), sha256: Digest::of(b"new"), signed: true },
        Answer::Updated { report: UpdateReport { from: None, repaired: true, ..report() } },
    ]
    .into_iter()
    .chain(not_offered)
    .chain(refusals.into_iter().map(|why| Answer::Refused { why }))
    .collect()
}

#[test]
fn the_view_of_format_1_is_read_and_written_alike() {
    let golden = include_str!("../../fixtures/v1/view.json");
    assert_eq!(serde_json::from_str::<View>(golden).unwrap(), every_state());
    assert_eq!(serde_json::to_string_pretty(&every_state()).unwrap(), golden.trim_end());
}

#[test]
fn replies_of_format_1_are_read_and_written_alike() {
    let answers = every_answer().into_iter().map(|answer| Reply::Answer { answer: Box::new(answer) });
    let view = Reply::View { view: Box::new(View::new(Vec::new(), Vec::new())) };
    let not = Reply::NotUnderstood { known_format: FORMAT, text: "no".to_owned() };
    let later = later_answers().into_iter().map(|answer| Reply::Answer { answer: Box::new(answer) });
    let replies: Vec<_> =
        answers.chain([view, not]).chain(later).map(|reply| ReplyLine { format: FORMAT, reply }).collect();
    let golden = include_str!("../../fixtures/v1/socket-replies.jsonl");
    let read: Vec<ReplyLine> = golden.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, replies);
    let written: Vec<_> = replies.iter().map(|reply| serde_json::to_string(reply).unwrap()).collect();
    assert_eq!(written, golden.lines().collect::<Vec<_>>());
}

/// Answers that format 1 has learned since.
fn later_answers() -> Vec<Answer> {
    let setting = Setting {
        key: "mode".to_owned(),
        value: "ask".to_owned(),
        by: SetBy::Person,
        place: Some("/home/x/.config/autoupdate/settings.toml:3".to_owned()),
    };
    let app = app();
    let settings = Settings { general: vec![setting.clone()], apps: [(app.clone(), Vec::new())].into() };
    let examined = Examined {
        app: app.clone(),
        path: "/opt/demo/demo".to_owned(),
        enrolled_by: Owner::User,
        file_owner: Some("x".to_owned()),
        installed: None,
        recorded: true,
        in_the_way: Some(failure()),
        free_bytes: Some(1 << 30),
        floor: Some(version("7.1.0")),
        on_hold: false,
        skipped: vec![version("7.0.9")],
        bucket: Some(2931),
        source: SourceKind::Tuf,
        key: None,
        sources: vec!["https://updates.example.org/".to_owned()],
        proxy: "system".to_owned(),
        versions: vec![Choice { version: version("7.2.0"), reason: Some(Reason::TurnedOff) }],
        settings: vec![setting],
        trace: vec![Trace::new(Rule::Metered, Verdict::Stop).fact("metered", true)],
    };
    let earlier = vec![VersionNotes { version: version("7.1.5"), text: "- older".to_owned() }];
    let event =
        Event::Failed { version: None, code: "E-NET-DNS".to_owned(), text: "no such host".to_owned() };
    let reasons = [
        Reason::Pinned { at: version("7.1.0"), by: SetBy::Administrator },
        Reason::TooYoung { until: noon() },
        Reason::TurnedOff,
    ];
    let refusals = [Refusal::NothingToPlan, Refusal::ByAdministrator];
    [
        Answer::Settings { settings },
        Answer::History { entries: vec![Entry { at: noon(), app, event }] },
        Answer::Examined { examined: Box::new(examined) },
    ]
    .into_iter()
    .chain(reasons.map(|reason| Answer::NotOffered { version: None, reason }))
    .chain(refusals.map(|why| Answer::Refused { why }))
    .chain([Answer::Notes { text: None, earlier }])
    .collect()
}

/// States that format 1 has learned since, and a pause.
#[test]
fn what_is_put_off_or_planned_is_read_and_written_alike() {
    let deferrals = [
        Deferral::Paused,
        Deferral::QuietHours,
        Deferral::OutsideHours,
        Deferral::Busy,
        Deferral::Metered { limit: 20 << 20 },
        Deferral::Battery { percent: 12 },
    ];
    let deferred = deferrals.map(|why| AppState::Deferred {
        offer: offer(),
        deferred: Deferred { why, until: (why == Deferral::Busy).then(noon) },
    });
    let plans = [Plan::AtQuit, Plan::At { at: noon(), counting: true }];
    let stopped = [AppState::Available { offer: offer(), stopped: Some(progress()) }];
    let planned = plans.map(|plan| AppState::Ready { offer: offer(), planned: Some(plan) });
    let like = every_state().apps.swap_remove(1);
    let apps = deferred
        .into_iter()
        .chain(planned)
        .chain(stopped)
        .map(|state| AppView { state, ..like.clone() })
        .collect();
    let paused = Some(Pause { since: noon(), until: None });
    let view = View { paused, ..View::new(apps, Vec::new()) };
    let golden = include_str!("../../fixtures/v1/view-later.json");
    assert_eq!(serde_json::to_string_pretty(&view).unwrap(), golden.trim_end());
    assert_eq!(serde_json::from_str::<View>(golden).unwrap(), view);
}

/// What format 1 has learned since: who does not know it leaves it out, and what never had it is read as before.
#[test]
fn copies_that_are_still_old_are_read_and_written_alike() {
    let still_old = vec![
        Blocker { pid: 7, name: "demo".to_owned(), user: None },
        Blocker { pid: 8, name: "demo".to_owned(), user: Some(1001) },
    ];
    let answer = Answer::Updated { report: UpdateReport { still_old, ..report() } };
    let reply = ReplyLine { format: FORMAT, reply: Reply::Answer { answer: Box::new(answer) } };
    let golden = include_str!("../../fixtures/v1/socket-reply-still-old.json").trim_end();
    assert_eq!(serde_json::from_str::<ReplyLine>(golden).unwrap(), reply);
    assert_eq!(serde_json::to_string(&reply).unwrap(), golden);
}

/// What format 1 has learned since: a source that cannot prove freshness, and lengths that nobody signed.
#[test]
fn what_a_lantern_server_cannot_prove_is_read_and_written_alike() {
    let like = AppView { source: SourceKind::Lantern, ..every_state().apps.swap_remove(1) };
    let states = [
        AppState::NothingNewer { checked_at: noon() },
        AppState::Available { offer: OfferView { full_bytes: None, ..offer() }, stopped: None },
    ];
    let apps = states.into_iter().map(|state| AppView { state, ..like.clone() }).collect();
    let view = View::new(apps, Vec::new());
    let golden = include_str!("../../fixtures/v1/view-lantern.json");
    assert_eq!(serde_json::to_string_pretty(&view).unwrap(), golden.trim_end());
    assert_eq!(serde_json::from_str::<View>(golden).unwrap(), view);

    let examined = match later_answers().swap_remove(2) {
        Answer::Examined { examined } => {
            Examined { source: SourceKind::Lantern, key: Some(Digest::of(b"key")), ..*examined }
        }
        other => panic!("{other:?}"),
    };
    let answers = [
        Answer::NothingNewer { installed: Some(version("7.1.0")), checked_at: noon() },
        Answer::Examined { examined: Box::new(examined) },
    ];
    let replies =
        answers.map(|answer| ReplyLine { format: FORMAT, reply: Reply::Answer { answer: Box::new(answer) } });
    let golden = include_str!("../../fixtures/v1/socket-replies-lantern.jsonl");
    let written: Vec<_> = replies.iter().map(|reply| serde_json::to_string(reply).unwrap()).collect();
    assert_eq!(written, golden.lines().collect::<Vec<_>>());
    let read: Vec<ReplyLine> = golden.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, replies);
}

#[test]
fn a_failure_names_every_cause_once() {
    let source = std::io::Error::other("no such device");
    let error = Error::Store(crate::store::Error::Read { path: "/x".into(), source });
    let failure = Failure::new(error.fault(), &error);
    assert_eq!(failure.text.matches("no such device").count(), 1, "{}", failure.text);
    assert_eq!(failure.code, "E-STATE-READ");
}
