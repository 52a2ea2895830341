//! One version after the other: stage, activate, commit, roll back, across processes that come and go.

use super::*;
use crate::install::{Recovered, RollBackReason, Start, confirm};

#[test]
fn from_one_version_to_the_next() {
    let scene = Scene::new();
    set_mode(&scene.program(), 0o751);
    let mut place = scene.open();
    assert_eq!(place.installed().version, None, "nobody has named the installed bytes yet");
    place.set_version(&version("1.0.0")).unwrap();

    let staged = stage(&mut place, "2.0.0", NEW);
    assert_eq!((staged.length, staged.sha256), (NEW.len() as u64, Digest::of(NEW)));
    assert_eq!((scene.bytes(), scene.residue()), (OLD.to_vec(), vec!["journal".into(), "stage".into()]));

    let probation = place.activate(&confirm_health(), now()).unwrap();
    assert_eq!(probation.from.version, Some(version("1.0.0")));
    assert_eq!((scene.bytes(), scene.has_mode(0o751)), (NEW.to_vec(), true));
    assert_eq!(place.installed().version, Some(version("2.0.0")));
    assert_eq!(place.installed().floor, None, "the floor rises only with the commit");
    assert_eq!(scene.residue(), ["journal", "previous"]);

    let committed = place.commit().unwrap();
    assert_eq!((committed.from.version, committed.to.version), (Some(version("1.0.0")), version("2.0.0")));
    assert_eq!(place.installed().floor, Some(version("2.0.0")));
    assert_eq!(scene.residue(), ["previous"]);
    assert_eq!(fs::read(scene.private("previous")).unwrap(), OLD);

    update(&mut place, "3.0.0", NEWER);
    place.commit().unwrap();
    assert_eq!(fs::read(scene.private("previous")).unwrap(), NEW, "one previous version is kept, the last");
    assert_eq!(Place::inspect(&scene.program()).unwrap(), *place.installed());
}

#[test]
fn everything_survives_the_process() {
    let scene = Scene::new();
    scene.open().set_version(&version("1.0.0")).unwrap();
    stage(&mut scene.open(), "2.0.0", NEW);

    let mut place = scene.open();
    assert_eq!(place.recovered(), &Recovered::Nothing);
    assert_eq!(place.staged().unwrap().version, version("2.0.0"));
    let probation = place.activate(&confirm_health(), now()).unwrap();
    drop(place);

    let mut place = scene.open();
    assert_eq!(place.recovered(), &Recovered::InProbation(probation));
    place.commit().unwrap();
    drop(place);

    let place = scene.open();
    assert_eq!(place.recovered(), &Recovered::Nothing);
    assert_eq!(place.installed().version, Some(version("2.0.0")));
    assert_eq!(place.can_roll_back().unwrap().version, Some(version("1.0.0")));
}

#[test]
fn a_bad_version_goes_and_is_remembered() {
    let scene = Scene::new();
    let mut place = scene.open();
    place.set_version(&version("1.0.0")).unwrap();
    update(&mut place, "2.0.0", NEW);
    let done = place.roll_back(RollBackReason::Bad).unwrap();
    assert_eq!((done.undone.sha256, done.restored.sha256), (Digest::of(NEW), Digest::of(OLD)));
    let installed = place.installed();
    assert_eq!((installed.version.clone(), installed.floor.clone()), (Some(version("1.0.0")), None));
    assert_eq!((installed.bad.clone(), installed.held.clone()), (vec![Digest::of(NEW)], None));
    assert_eq!((scene.bytes(), scene.has_mode(0o755), scene.residue()), (OLD.to_vec(), true, vec![]));
    let error = place.roll_back(RollBackReason::ByPerson).unwrap_err();
    assert_eq!(error.fault().code, "E-STATE-NO-PREVIOUS");
}

#[test]
fn a_person_undoes_a_committed_version() {
    let scene = Scene::new();
    let mut place = scene.open();
    place.set_version(&version("1.0.0")).unwrap();
    update(&mut place, "2.0.0", NEW);
    place.commit().unwrap();
    stage(&mut place, "3.0.0", NEWER);
    place.roll_back(RollBackReason::ByPerson).unwrap();
    let installed = place.installed();
    assert_eq!(
        (installed.version.clone(), installed.held.clone()),
        (Some(version("1.0.0")), Some(version("2.0.0")))
    );
    assert_eq!((installed.floor.clone(), installed.bad.len()), (Some(version("2.0.0")), 0));
    assert_eq!((scene.bytes(), scene.residue(), place.staged()), (OLD.to_vec(), vec![], None));
    place.set_held(None).unwrap();
    assert_eq!(scene_reopened(&scene, place).installed().held, None);
}

fn scene_reopened(scene: &Scene, place: Place) -> Place {
    drop(place);
    scene.open()
}

#[test]
fn a_later_version_ends_the_hold() {
    let scene = Scene::new();
    let mut place = scene.open();
    update(&mut place, "2.0.0", NEW);
    place.commit().unwrap();
    place.roll_back(RollBackReason::ByPerson).unwrap();
    update(&mut place, "3.0.0", NEWER);
    place.commit().unwrap();
    assert_eq!(
        (place.installed().held.clone(), place.installed().floor.clone()),
        (None, Some(version("3.0.0")))
    );
}

#[test]
fn a_recall_leaves_no_mark() {
    let scene = Scene::new();
    let mut place = scene.open();
    update(&mut place, "2.0.0", NEW);
    place.commit().unwrap();
    place.roll_back(RollBackReason::Recalled).unwrap();
    assert_eq!((place.installed().bad.len(), place.installed().held.clone()), (0, None));
}

#[test]
fn what_is_known_of_other_bytes_is_not_believed() {
    let scene = Scene::new();
    let mut place = scene.open();
    update(&mut place, "2.0.0", NEW);
    place.roll_back(RollBackReason::Bad).unwrap();
    update(&mut place, "3.0.0", NEWER);
    place.commit().unwrap();
    drop(place);
    fs::write(scene.program(), b"from elsewhere").unwrap();
    let installed = Place::inspect(&scene.program()).unwrap();
    assert_eq!(installed.version, None);
    assert_eq!((installed.floor, installed.bad), (Some(version("3.0.0")), vec![Digest::of(NEW)]));
}

#[test]
fn the_watcher_hears_the_confirmation() {
    let scene = Scene::new();
    let mut place = scene.open();
    update(&mut place, "2.0.0", NEW);
    assert!(!place.confirmed().unwrap());
    assert!(confirm(&scene.program()).unwrap(), "needs no lock");
    assert!(confirm(&scene.program()).unwrap(), "twice is the same as once");
    assert!(place.confirmed().unwrap());
    place.commit().unwrap();
    assert!(!confirm(&scene.program()).unwrap(), "there is nothing to confirm any more");
    assert_eq!(scene.residue(), ["previous"]);
}

#[test]
fn without_a_watcher_the_confirmation_commits() {
    let scene = Scene::new();
    update(&mut scene.open(), "2.0.0", NEW);
    assert!(confirm(&scene.program()).unwrap());
    assert_eq!(scene.open().installed().floor, Some(version("2.0.0")));
    assert_eq!(scene.residue(), ["previous"]);
}

#[test]
fn after_three_starts_without_a_word_the_old_version_is_back() {
    let scene = Scene::new();
    update(&mut scene.open(), "2.0.0", NEW);
    for number in 1..=3 {
        assert_eq!(scene.open().count_start(now()).unwrap(), Start::Counted(number));
    }
    let Start::RolledBack(done) = scene.open().count_start(now()).unwrap() else { panic!("still there") };
    assert_eq!((done.why, scene.bytes()), (RollBackReason::Bad, OLD.to_vec()));
    assert_eq!(scene.open().count_start(now()).unwrap(), Start::Free);
}

#[test]
fn a_start_after_the_confirmation_commits() {
    let scene = Scene::new();
    let mut place = scene.open();
    update(&mut place, "2.0.0", NEW);
    confirm(&scene.program()).unwrap();
    assert_eq!(place.count_start(now()).unwrap(), Start::Free);
    assert_eq!(place.installed().floor, Some(version("2.0.0")));
}

#[test]
fn only_a_confirm_rule_counts_starts() {
    let scene = Scene::new();
    let mut place = scene.open();
    stage(&mut place, "2.0.0", NEW);
    place.activate(&Health::Alive(Duration::from_secs(60)), now()).unwrap();
    for _ in 0..5 {
        assert_eq!(place.count_start(now()).unwrap(), Start::Free);
    }
}
