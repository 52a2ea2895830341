//! What is drawn.

use super::*;
use crate::testing::time;
use crate::view::{AppState, FallbackView, Owner, Progress, RouteView};

fn shown(state: &State, now: Timestamp, mode: Mode, measured: &Measured) -> AppState {
    let memory = Memory { last_good: Some(noon()), ..Memory::default() };
    show(state, &Frame { now, mode, owner: Owner::User, memory: &memory, measured, plan: None })
}

#[test]
fn certainty_runs_out_by_itself() {
    let state = State::Resting(Rest::UpToDate(freshness(noon())));
    let at = |text| shown(&state, time(text), Mode::Download, &Measured::default());
    assert!(matches!(at("2030-06-01T12:00:00Z"), AppState::UpToDate { .. }));
    assert!(matches!(at("2098-12-31T23:59:59Z"), AppState::UpToDate { .. }));
    for late in ["2099-01-01T00:00:00Z", "2140-01-01T00:00:00Z"] {
        match at(late) {
            AppState::CannotVerify { failure, last_good } => {
                assert_eq!((failure.code.as_str(), last_good), (EXPIRED, Some(noon())));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(changes_at(&state), Some(time("2099-01-01T00:00:00Z")));
}

#[test]
fn off_shows_who_decided_it() {
    let fresh = State::Resting(Rest::Fresh);
    assert_eq!(
        shown(&fresh, noon(), Mode::Off, &Measured::default()),
        AppState::Disabled { by: Owner::User }
    );
    assert_eq!(shown(&fresh, noon(), Mode::Ask, &Measured::default()), AppState::Idle);
}

#[test]
fn a_download_shows_its_way() {
    let state =
        State::Preparing { errand: Errand::TIMER, offer: Box::new(offer("1.1.0")), limit: None, anew: false };
    let name = |measured: &Measured| {
        let shown = shown(&state, noon(), Mode::Download, measured);
        serde_json::to_value(&shown).unwrap()["state"].as_str().unwrap().to_owned()
    };
    let fallback = FallbackView {
        route: RouteView::CompressedFull,
        code: "E-PATCH-HASH".to_owned(),
        text: String::new(),
    };
    let progress = Progress { fetched: 7, ..Progress::default() };
    assert_eq!(name(&Measured::default()), "downloading");
    let falling = Measured { fallback: Some(fallback), progress, verifying: false };
    assert_eq!(name(&falling), "falling-back");
    assert_eq!(name(&Measured { verifying: true, ..falling }), "verifying");
}

#[test]
fn waiting_names_who_is_waited_for() {
    let closing = |blockers| State::Activating {
        ready: ready("1.1.0"),
        stage: Stage::Closing { blockers, until: Some(noon()) },
    };
    let blocker = crate::view::Blocker { pid: 7, name: "demo".to_owned(), user: None };
    let at = |state| shown(&state, noon(), Mode::Download, &Measured::default());
    assert!(matches!(at(closing(vec![blocker])), AppState::WaitingForClose { .. }));
    assert!(matches!(at(closing(Vec::new())), AppState::Restarting { .. }));
}
