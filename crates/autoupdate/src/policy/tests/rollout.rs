use protocol::{AppId, Channel, ReleaseRollout};

use super::*;
use crate::testing::version;

fn rollout(pins: &[(Os, &str, &str)], share: u16) -> Control {
    let mut rollout = Rollout::open(AppId::parse("demo").unwrap(), Channel::default());
    rollout.os_pins = (pins.iter())
        .map(|(os, below, at)| OsPin { os: *os, below: (*below).to_owned(), version: version(at) })
        .collect();
    rollout.releases.insert(
        version("1.1.0"),
        ReleaseRollout {
            basis_points: BasisPoints::new(share).unwrap(),
            salt: "salt".to_owned(),
            halted: false,
            recalled: false,
        },
    );
    Control::Rules(rollout)
}

fn check(control: &Control, os_version: Option<&str>, asker: Asker, expected: &Result<(), Reason>) {
    let facts = Facts { control, installation_id: "id-1", os: Os::Linux, os_version, asker };
    let mut trace = Vec::new();
    assert_eq!(&judge(&version("1.1.0"), &facts, &mut trace), expected, "{trace:#?}");
    assert!(!trace.is_empty());
}

#[test]
fn the_bucket_decides_to_the_last_basis_point() {
    // The bucket of id-1 with this salt is 2931, frozen in the protocol's tests.
    check(&rollout(&[], 2932), None, Asker::Timer, &Ok(()));
    check(&rollout(&[], 2931), None, Asker::Timer, &Err(Reason::NotYet { share: 2931, bucket: 2931 }));
    check(&rollout(&[], 10_000), None, Asker::Timer, &Ok(()));
    check(&rollout(&[], 0), None, Asker::Person, &Ok(()));
}

#[test]
fn pins_hold_old_systems_also_against_people() {
    let pinned = |at: &str| Err(Reason::OsPinned { at: version(at) });
    let pins = [(Os::Linux, "5.10", "1.0.0"), (Os::Linux, "6.0", "1.1.0"), (Os::Macos, "99", "0.1.0")];
    let control = rollout(&pins, 10_000);
    for asker in [Asker::Timer, Asker::Person, Asker::Insisting] {
        check(&control, Some("4.19"), asker, &pinned("1.0.0"));
        check(&control, Some("5.15"), asker, &Ok(()));
        check(&control, Some("6.1"), asker, &Ok(()));
        check(&control, None, asker, &Ok(()));
    }
    check(&rollout(&[(Os::Linux, "7", "1.0.0")], 10_000), Some("6.1"), Asker::Person, &pinned("1.0.0"));
}
