use super::*;
use crate::policy::deferral::Deferral;
use crate::testing::offer;

const GO: Download = Download::Go { limit: None };
const MODES: [Mode; 4] = [Mode::Automatic, Mode::Download, Mode::Ask, Mode::Off];

fn wish(fetch: bool, activate: bool, consent: bool) -> Wish {
    Wish { asker: Asker::Person, fetch, activate, consent }
}

#[test]
fn the_mode_decides_unless_a_person_does() {
    for (mode, expected) in
        MODES.into_iter().zip([GO, GO, Download::Ask(AskWhy::Mode), Download::Ask(AskWhy::Mode)])
    {
        assert_eq!(
            download(mode, wish(false, false, false), &offer("1.1.0"), &Moment::default(), false).answer,
            expected,
            "{mode:?}"
        );
        assert_eq!(
            download(mode, wish(true, false, false), &offer("1.1.0"), &Moment::default(), false).answer,
            GO
        );
    }
}

#[test]
fn unknown_bytes_are_never_replaced_without_consent() {
    let unknown = Offer { from: None, needs_consent: true, ..offer("1.1.0") };
    for mode in MODES {
        for fetch in [false, true] {
            let answer =
                download(mode, wish(fetch, fetch, false), &unknown, &Moment::default(), false).answer;
            assert_eq!(answer, Download::Ask(AskWhy::Consent), "{mode:?}");
        }
        assert_eq!(
            download(mode, wish(true, false, true), &unknown, &Moment::default(), false).answer,
            GO,
            "{mode:?}"
        );
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
                restart(mode, wish(true, false, true), running, None, &Moment::default()).answer,
                expected,
                "{mode:?} {running}"
            );
            assert_eq!(
                restart(mode, wish(true, true, false), running, None, &Moment::default()).answer,
                Restart::Go
            );
        }
    }
}

fn put_off() -> Deferred {
    Deferred { why: Deferral::QuietHours, until: None }
}

#[test]
fn what_happens_by_itself_waits_for_a_better_moment_and_a_person_never() {
    let moment = Moment { fetch: Some(put_off()), replace: Some(put_off()), ..Moment::default() };
    let (alone, asked) = (wish(false, false, false), wish(true, true, false));
    for mode in MODES {
        let by_itself = download(mode, alone, &offer("1.1.0"), &moment, false).answer;
        let expected = match mode {
            Mode::Automatic | Mode::Download => Download::Wait(put_off()),
            Mode::Ask | Mode::Off => Download::Ask(AskWhy::Mode),
        };
        assert_eq!(by_itself, expected, "{mode:?}");
        assert_eq!(download(mode, asked, &offer("1.1.0"), &moment, false).answer, GO);
        assert_eq!(restart(mode, asked, true, None, &moment).answer, Restart::Go);
    }
    assert_eq!(restart(Mode::Automatic, alone, false, None, &moment).answer, Restart::Wait(put_off()));
    assert_eq!(restart(Mode::Download, alone, false, None, &moment).answer, Restart::Ask);
}

#[test]
fn a_limit_counts_for_what_is_longer() {
    let limited = |limit| Moment { limit: Some(limit), ..Moment::default() };
    let alone = wish(false, false, false);
    // The offer is of 1,000 bytes.
    for (limit, expected) in [(999, Some(999)), (1000, None), (1001, None)] {
        let answer = download(Mode::Download, alone, &offer("1.1.0"), &limited(limit), false).answer;
        assert_eq!(answer, Download::Go { limit: expected });
    }
    assert_eq!(download(Mode::Ask, wish(true, false, false), &offer("1.1.0"), &limited(0), false).answer, GO);
}

#[test]
fn what_a_person_planned_comes_when_the_program_is_closed() {
    let alone = wish(false, false, false);
    let at_quit = Some(Planned::AtQuit);
    let moment = Moment { replace: Some(put_off()), ..Moment::default() };
    for mode in MODES {
        assert_eq!(restart(mode, alone, false, at_quit, &moment).answer, Restart::Go, "{mode:?}");
        assert_ne!(restart(mode, alone, true, at_quit, &moment).answer, Restart::Go, "{mode:?}");
    }
}

#[test]
fn what_a_person_stopped_waits_for_them() {
    let alone = wish(false, false, false);
    for mode in MODES {
        let answer = download(mode, alone, &offer("1.1.0"), &Moment::default(), true).answer;
        assert_eq!(answer, Download::Ask(AskWhy::Stopped), "{mode:?}");
        assert_eq!(
            download(mode, wish(true, false, false), &offer("1.1.0"), &Moment::default(), true).answer,
            GO
        );
    }
}
