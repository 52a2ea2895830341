//! What is offered: one table, and the properties that no table can show.

use std::collections::BTreeMap;

use proptest::prelude::*;
use protocol::{BasisPoints, Os, ReleaseRollout, Rollout};

use super::*;
use crate::testing::{app, artifact, linux, noon, version};

/// Everything that a case can change; the rest is app demo 1.0.0 on Linux 6.1, channel stable.
#[derive(Debug, Clone)]
struct Case {
    installed: Option<&'static str>,
    /// The bytes on disk, if they are not those of the installed version.
    bytes: Option<&'static str>,
    floor: Option<&'static str>,
    bad: Vec<&'static str>,
    undone: Option<&'static str>,
    skipped: Vec<&'static str>,
    on_hold: bool,
    turned_off: bool,
    pin: Option<(&'static str, SetBy)>,
    /// Days to wait, and how many days ago 1.1.0 was seen first.
    age: (u16, Option<i64>),
    artifacts: Vec<Artifact>,
    listing: Listing,
    control: Control,
    asker: Asker,
    os_version: Option<&'static str>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            installed: Some("1.0.0"),
            bytes: None,
            floor: Some("1.0.0"),
            bad: Vec::new(),
            undone: None,
            skipped: Vec::new(),
            on_hold: false,
            turned_off: false,
            pin: None,
            age: (0, None),
            artifacts: vec![artifact("1.0.0"), artifact("1.1.0")],
            listing: Listing::All,
            control: Control::Open,
            asker: Asker::Timer,
            os_version: Some("6.1.0-13-amd64"),
        }
    }
}

fn decided(case: &Case) -> Decided<Decision> {
    with_facts(case, decide)
}

fn with_facts<T>(case: &Case, look: impl FnOnce(&Facts<'_>) -> T) -> T {
    let sha256 = Digest::of(case.bytes.or(case.installed).unwrap_or("unknown").as_bytes());
    let installed = case.installed.map(version);
    let (floor, undone) = (case.floor.map(version), case.undone.map(version));
    let bad: Vec<_> = case.bad.iter().map(|text| Digest::of(text.as_bytes())).collect();
    let skipped: Vec<_> = case.skipped.iter().map(|text| version(text)).collect();
    let pin = case.pin.map(|(text, by)| (version(text), by));
    let (defer_days, ago) = case.age;
    let first = ago.map(|days| (version("1.1.0"), noon() - SignedDuration::from_hours(24 * days)));
    let seen: BTreeMap<_, _> = first.into_iter().collect();
    look(&Facts {
        app: &app(),
        channel: &Channel::default(),
        platform: linux(),
        os_version: case.os_version,
        installed: Installed {
            sha256: &sha256,
            version: installed.as_ref(),
            floor: floor.as_ref(),
            bad: &bad,
            undone: undone.as_ref(),
        },
        skipped: &skipped,
        on_hold: case.on_hold,
        limits: Limits {
            turned_off: case.turned_off,
            pin: pin.as_ref().map(|(version, by)| (version, *by)),
            defer_days,
            seen: &seen,
        },
        now: noon(),
        artifacts: &case.artifacts,
        listing: case.listing,
        control: &case.control,
        installation_id: "id-1",
        asker: case.asker,
    })
}

/// The decision in short: `offer 1.1.0`, `up to date`, `no 1.1.0 halted`, `back 1.0.0`.
fn check(case: &Case, expected: &str) {
    let decided = decided(case);
    let told = match &decided.answer {
        Decision::Offer(offer) => {
            format!("offer {}{}", offer.version(), if offer.needs_consent { " with consent" } else { "" })
        }
        Decision::UpToDate => "up to date".to_owned(),
        Decision::GoBack { recalled } => format!("back {recalled}"),
        Decision::NotOffered { version, reason } => {
            let name = serde_json::to_value(reason).unwrap()["reason"].as_str().unwrap().to_owned();
            let version = version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
            format!("no{version} {name}")
        }
    };
    assert_eq!(told, expected, "{:#?}", decided.trace);
}

fn rules(list: &[(&str, u16, bool, bool)]) -> Control {
    let releases: BTreeMap<_, _> = (list.iter())
        .map(|(text, share, halted, recalled)| {
            let rule = ReleaseRollout {
                basis_points: BasisPoints::new(*share).unwrap(),
                salt: (*text).to_owned(),
                halted: *halted,
                recalled: *recalled,
            };
            (version(text), rule)
        })
        .collect();
    Control::Rules(Rollout { releases, ..Rollout::open(app(), Channel::default()) })
}

fn with(text: &str, change: impl FnOnce(&mut Artifact)) -> Artifact {
    let mut artifact = artifact(text);
    change(&mut artifact);
    artifact
}

#[test]
fn the_highest_release_for_us_wins() {
    check(&Case::default(), "offer 1.1.0");
    check(&Case { installed: Some("1.1.0"), ..Case::default() }, "up to date");
    let three = || ["1.2.0", "1.10.0", "1.9.0"].map(artifact).to_vec();
    check(&Case { artifacts: three(), ..Case::default() }, "offer 1.10.0");
    let beta = with("2.0.0-beta.1", |a| a.release.channels = vec![Channel::parse("beta").unwrap()]);
    check(&Case { artifacts: vec![artifact("1.1.0"), beta], ..Case::default() }, "offer 1.1.0");
    let mac = with("1.2.0", |a| a.release.os = Os::Macos);
    check(&Case { artifacts: vec![artifact("1.1.0"), mac.clone()], ..Case::default() }, "offer 1.1.0");
    check(&Case { artifacts: vec![mac], ..Case::default() }, "no nothing-for-platform");
    check(&Case { artifacts: Vec::new(), ..Case::default() }, "no nothing-for-platform");
    let other = with("1.2.0", |a| a.release.app = AppId::parse("other").unwrap());
    check(&Case { artifacts: vec![artifact("1.1.0"), other], ..Case::default() }, "offer 1.1.0");
}

#[test]
fn a_source_that_lists_nothing_hides_nothing() {
    let one = |artifacts: Vec<Artifact>| Case { artifacts, listing: Listing::One, ..Case::default() };
    check(&one(Vec::new()), "up to date");
    assert!(
        decided(&one(Vec::new())).trace.iter().all(|trace| trace.verdict == Verdict::Pass),
        "no rule said no"
    );
    check(&one(vec![artifact("1.1.0")]), "offer 1.1.0");
    for older in ["1.0.0", "0.9.0"] {
        check(&one(vec![artifact(older)]), "up to date");
    }
    check(&Case { floor: Some("1.2.0"), ..one(vec![artifact("1.1.0")]) }, "no 1.1.0 below-floor");
    check(&Case { on_hold: true, ..one(vec![artifact("1.1.0")]) }, "no 1.1.0 on-hold");
}

#[test]
fn what_nobody_knows_is_only_replaced_with_consent() {
    check(&Case { installed: None, ..Case::default() }, "offer 1.1.0 with consent");
    check(&Case { installed: None, floor: Some("1.2.0"), ..Case::default() }, "no 1.1.0 below-floor");
    // The very bytes are no update, even if nobody knows their version.
    check(
        &Case {
            installed: None,
            bytes: Some("1.1.0"),
            artifacts: vec![artifact("1.1.0")],
            ..Case::default()
        },
        "up to date",
    );
}

#[test]
fn what_happened_here_counts() {
    check(&Case { floor: Some("1.2.0"), ..Case::default() }, "no 1.1.0 below-floor");
    check(&Case { bad: vec!["1.1.0"], ..Case::default() }, "no 1.1.0 known-bad");
    let both = || vec![artifact("1.1.0"), artifact("1.2.0")];
    check(&Case { bad: vec!["1.2.0"], artifacts: both(), ..Case::default() }, "offer 1.1.0");
    for asker in [Asker::Timer, Asker::Person] {
        check(&Case { undone: Some("1.1.0"), asker, ..Case::default() }, "no 1.1.0 undone");
    }
    check(&Case { undone: Some("1.1.0"), asker: Asker::Insisting, ..Case::default() }, "offer 1.1.0");
    check(&Case { skipped: vec!["1.1.0"], ..Case::default() }, "no 1.1.0 skipped");
    check(&Case { skipped: vec!["1.1.0"], asker: Asker::Person, ..Case::default() }, "offer 1.1.0");
    for asker in [Asker::Timer, Asker::Person] {
        check(&Case { on_hold: true, asker, ..Case::default() }, "no 1.1.0 on-hold");
    }
    check(&Case { on_hold: true, asker: Asker::Insisting, ..Case::default() }, "offer 1.1.0");
    check(&Case { bad: vec!["1.1.0"], asker: Asker::Insisting, ..Case::default() }, "no 1.1.0 known-bad");
}

#[test]
fn no_person_overrides_the_administrator() {
    for asker in [Asker::Timer, Asker::Person, Asker::Insisting] {
        check(&Case { turned_off: true, asker, ..Case::default() }, "no 1.1.0 turned-off");
        let pin = |text, by| Case { pin: Some((text, by)), asker, ..Case::default() };
        check(&pin("1.0.0", SetBy::Administrator), "no 1.1.0 pinned");
        check(&pin("1.1.0", SetBy::Administrator), "offer 1.1.0");
        let insists = if asker == Asker::Insisting { "offer 1.1.0" } else { "no 1.1.0 pinned" };
        check(&pin("1.0.0", SetBy::Person), insists);
        let young = |days, ago| Case { age: (days, ago), asker, ..Case::default() };
        check(&young(7, Some(6)), "no 1.1.0 too-young");
        check(&young(7, Some(7)), "offer 1.1.0");
        check(&young(7, None), "no 1.1.0 too-young");
        // A clock that was set back makes nothing older.
        check(&young(7, Some(-3)), "no 1.1.0 too-young");
        check(&young(0, None), "offer 1.1.0");
    }
    // The highest version that the pin allows.
    let artifacts = || ["1.1.0", "1.2.0", "1.3.0"].map(artifact).to_vec();
    let pin = Some(("1.2.0", SetBy::Administrator));
    check(&Case { pin, artifacts: artifacts(), ..Case::default() }, "offer 1.2.0");
}

#[test]
fn every_newer_version_is_told_with_its_reason() {
    let case = Case {
        pin: Some(("1.1.0", SetBy::Administrator)),
        bad: vec!["1.1.0"],
        artifacts: ["1.0.0", "1.0.5", "1.1.0", "1.2.0"].map(artifact).to_vec(),
        ..Case::default()
    };
    let told = with_facts(&case, choices);
    let told: Vec<_> = told.iter().map(|(version, reason)| (version.to_string(), reason.is_none())).collect();
    assert_eq!(told, [("1.2.0".to_owned(), false), ("1.1.0".to_owned(), false), ("1.0.5".to_owned(), true)]);
}

#[test]
fn the_operating_system_must_be_new_enough() {
    let needs = |text: &str| vec![with("1.1.0", |a| a.release.min_os = Some(text.to_owned()))];
    check(&Case { artifacts: needs("6.1"), ..Case::default() }, "offer 1.1.0");
    check(&Case { artifacts: needs("6.2"), ..Case::default() }, "no 1.1.0 os-too-old");
    check(&Case { artifacts: needs("6.1"), os_version: None, ..Case::default() }, "no 1.1.0 os-too-old");
    check(&Case { artifacts: needs("soon"), ..Case::default() }, "no 1.1.0 os-too-old");
}

#[test]
fn the_rollout_keeps_back_and_takes_back() {
    let control = |share, halted, recalled| rules(&[("1.1.0", share, halted, recalled)]);
    for asker in [Asker::Timer, Asker::Person, Asker::Insisting] {
        let case = |control| Case { control, asker, ..Case::default() };
        check(&case(control(10_000, false, false)), "offer 1.1.0");
        check(&case(control(10_000, true, false)), "no 1.1.0 halted");
        check(&case(control(10_000, false, true)), "no 1.1.0 recalled");
        check(&case(Control::Unverified { why: "x".to_owned() }), "no 1.1.0 control-unverified");
    }
    check(&Case { control: control(0, false, false), ..Case::default() }, "no 1.1.0 not-yet");
    check(
        &Case { control: control(0, false, false), asker: Asker::Person, ..Case::default() },
        "offer 1.1.0",
    );
    // Without its rules even "nothing newer" cannot be said: a recall could be hidden in them.
    let blind = Control::Unverified { why: "x".to_owned() };
    check(&Case { installed: Some("1.1.0"), control: blind, ..Case::default() }, "no control-unverified");
    // Something newer is better than going back.
    let recalled = || rules(&[("1.1.0", 10_000, false, true)]);
    check(&Case { installed: Some("1.1.0"), control: recalled(), ..Case::default() }, "back 1.1.0");
    let artifacts = vec![artifact("1.1.0"), artifact("1.2.0")];
    check(
        &Case { installed: Some("1.1.0"), control: recalled(), artifacts, ..Case::default() },
        "offer 1.2.0",
    );
}

#[test]
fn the_deciding_rule_is_the_last_that_stopped() {
    let decided = decided(&Case { bad: vec!["1.1.0"], ..Case::default() });
    let stop = decided.trace.iter().rfind(|trace| trace.verdict == Verdict::Stop).unwrap();
    assert_eq!((stop.rule, stop.about.as_ref()), (Rule::KnownBad, Some(&version("1.1.0"))));
}

const VERSIONS: [&str; 6] = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0"];

fn cases() -> impl Strategy<Value = (Case, u16)> {
    let pick =
        || proptest::option::of(0..VERSIONS.len()).prop_map(|index| index.map(|index| VERSIONS[index]));
    let some = || proptest::sample::subsequence(VERSIONS.to_vec(), 0..4);
    let asker = prop_oneof![Just(Asker::Timer), Just(Asker::Person), Just(Asker::Insisting)];
    (pick(), pick(), some(), pick(), some(), some(), asker, 0..=10_000_u16).prop_map(
        |(installed, floor, bad, undone, skipped, artifacts, asker, share)| {
            let artifacts = artifacts.into_iter().map(artifact).collect();
            (Case { installed, floor, bad, undone, skipped, artifacts, asker, ..Case::default() }, share)
        },
    )
}

proptest! {
    #[test]
    fn what_is_offered_breaks_no_rule((case, share) in cases()) {
        let control = rules(&VERSIONS.map(|text| (text, share, false, false)));
        let case = Case { control, ..case };
        if let Decision::Offer(offer) = decided(&case).answer {
            let offered = offer.version();
            prop_assert!(case.floor.is_none_or(|floor| *offered >= version(floor)), "below the floor");
            prop_assert!(case.installed.is_none_or(|installed| *offered > version(installed)), "not newer");
            prop_assert!(!case.bad.contains(&offered.to_string().as_str()), "known to be bad");
            prop_assert_eq!(offer.needs_consent, case.installed.is_none());
            prop_assert!(case.artifacts.contains(&offer.artifact), "not signed");
        }
    }

    #[test]
    fn a_larger_share_never_takes_anything_away((case, share) in cases(), more in 0..=10_000_u16) {
        let at = |share| {
            let control = rules(&VERSIONS.map(|text| (text, share, false, false)));
            match decided(&Case { control, ..case.clone() }).answer {
                Decision::Offer(offer) => Some(offer.version().clone()),
                Decision::UpToDate | Decision::NotOffered { .. } | Decision::GoBack { .. } => None,
            }
        };
        let (few, many) = (at(share.min(more)), at(share.max(more)));
        prop_assert!(few <= many, "{few:?} at {share}, {many:?} at {more}");
    }
}
