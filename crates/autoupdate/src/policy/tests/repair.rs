//! What puts a program right: one table.

use std::collections::BTreeMap;

use protocol::{BasisPoints, Channel, ReleaseRollout, Rollout};

use super::super::Asker;
use super::super::eligibility::{Installed, Limits, Listing};
use super::super::rollout::Control;
use super::*;
use crate::testing::{app, artifact, linux, version};

/// Everything that a case can change; the rest is app demo on Linux, of which 1.0.0 and 1.1.0 are signed.
struct Case {
    /// What is on the disk.
    bytes: &'static str,
    /// The version that the bytes on the disk are known to be.
    known: Option<&'static str>,
    /// The bytes and the version that the record remembers.
    recorded: Option<(&'static str, &'static str)>,
    floor: Option<&'static str>,
    bad: Vec<&'static str>,
    recalled: bool,
    on_hold: bool,
    artifacts: Vec<Artifact>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            bytes: "damaged",
            known: None,
            recorded: Some(("1.0.0", "1.0.0")),
            floor: Some("1.0.0"),
            bad: Vec::new(),
            recalled: false,
            on_hold: false,
            artifacts: vec![artifact("1.0.0"), artifact("1.1.0")],
        }
    }
}

/// The answer in short.
fn check(case: &Case, expected: &str) {
    let digest = |text: &str| Digest::of(text.as_bytes());
    let bad: Vec<_> = case.bad.iter().map(|text| digest(text)).collect();
    let (sha256, known, floor) = (digest(case.bytes), case.known.map(version), case.floor.map(version));
    let recorded = case.recorded.map(|(bytes, text)| (digest(bytes), version(text)));
    let rule = ReleaseRollout {
        basis_points: BasisPoints::new(10_000).unwrap(),
        salt: String::new(),
        halted: false,
        recalled: case.recalled,
    };
    let releases = BTreeMap::from([(version("1.0.0"), rule)]);
    let control = Control::Rules(Rollout { releases, ..Rollout::open(app(), Channel::default()) });
    let facts = Facts {
        app: &app(),
        channel: &Channel::default(),
        platform: linux(),
        os_version: None,
        installed: Installed {
            sha256: &sha256,
            version: known.as_ref(),
            floor: floor.as_ref(),
            bad: &bad,
            undone: None,
        },
        skipped: &[version("1.0.0")],
        on_hold: case.on_hold,
        limits: Limits { turned_off: false, pin: None, defer_days: 0, seen: &BTreeMap::new() },
        now: crate::testing::noon(),
        artifacts: &case.artifacts,
        listing: Listing::All,
        control: &control,
        installation_id: "id-1",
        asker: Asker::Person,
    };
    let recorded = recorded.as_ref().map(|(sha256, version)| Recorded { sha256, version });
    let decided = decide(&facts, recorded);
    let told = match &decided.answer {
        Repair::Sound => "sound".to_owned(),
        Repair::Restore(offer) => {
            assert!(offer.repair && !offer.needs_consent && offer.from.is_none(), "{offer:?}");
            format!("restore {} {}", offer.version(), offer.artifact.sha256 == digest("1.0.0"))
        }
        Repair::Update => "update".to_owned(),
    };
    assert_eq!(told, expected, "{decided:?}");
    let first = decided.trace.first().map(|trace| (trace.rule, trace.verdict));
    let verdict = if expected == "sound" { Verdict::Pass } else { Verdict::Stop };
    assert_eq!(first, Some((Rule::Sound, verdict)));
}

#[test]
fn the_recorded_version_comes_back_and_no_other() {
    check(&Case { bytes: "1.0.0", known: Some("1.0.0"), ..Case::default() }, "sound");
    check(&Case::default(), "restore 1.0.0 true");
    check(&Case { on_hold: true, ..Case::default() }, "restore 1.0.0 true");
    // Signed anew under the same version: those bytes are the ones that its publisher means now.
    let mut anew = artifact("1.0.0");
    anew.sha256 = Digest::of(b"signed anew");
    check(&Case { artifacts: vec![anew, artifact("1.1.0")], ..Case::default() }, "restore 1.0.0 false");
}

#[test]
fn what_may_not_come_back_is_an_update_or_nothing() {
    check(&Case { recorded: None, ..Case::default() }, "update");
    check(&Case { artifacts: vec![artifact("1.1.0")], ..Case::default() }, "update");
    check(&Case { floor: Some("1.0.1"), ..Case::default() }, "update");
    check(&Case { bad: vec!["1.0.0"], ..Case::default() }, "update");
    check(&Case { recalled: true, ..Case::default() }, "update");
    let mut other = artifact("1.0.0");
    other.release.os = protocol::Os::Macos;
    check(&Case { artifacts: vec![other], ..Case::default() }, "update");
}
