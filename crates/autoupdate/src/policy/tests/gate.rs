use super::*;
use crate::testing::offer;

const MODES: [Mode; 4] = [Mode::Automatic, Mode::Download, Mode::Ask, Mode::Off];

fn wish(fetch: bool, activate: bool, consent: bool) -> Wish {
    Wish { asker: Asker::Person, fetch, activate, consent }
}

#[test]
fn the_mode_decides_unless_a_person_does() {
    for (mode, expected) in MODES.into_iter().zip([
        Download::Go,
        Download::Go,
        Download::Ask(AskWhy::Mode),
        Download::Ask(AskWhy::Mode),
    ]) {
        assert_eq!(download(mode, wish(false, false, false), &offer("1.1.0")).answer, expected, "{mode:?}");
        assert_eq!(download(mode, wish(true, false, false), &offer("1.1.0")).answer, Download::Go);
    }
}

#[test]
fn unknown_bytes_are_never_replaced_without_consent() {
    let unknown = Offer { from: None, needs_consent: true, ..offer("1.1.0") };
    for mode in MODES {
        for fetch in [false, true] {
            let answer = download(mode, wish(fetch, fetch, false), &unknown).answer;
            assert_eq!(answer, Download::Ask(AskWhy::Consent), "{mode:?}");
        }
        assert_eq!(download(mode, wish(true, false, true), &unknown).answer, Download::Go, "{mode:?}");
    }
}

#[test]
fn nothing_restarts_under_a_person_who_did_not_ask() {
    for mode in MODES {
        for running in [false, true] {
            let expected = match (mode, running) {
                (Mode::Automatic, false) => Restart::Go,
                (Mode::Automatic, true) => Restart::WhenClosed,
                (Mode::Download | Mode::Ask | Mode::Off, _) => Restart::Ask,
            };
            assert_eq!(
                restart(mode, wish(true, false, true), running).answer,
                expected,
                "{mode:?} {running}"
            );
            assert_eq!(restart(mode, wish(true, true, false), running).answer, Restart::Go);
        }
    }
}
