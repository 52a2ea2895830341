//! Stage and activation: what is written, what is kept, what is refused at the last moment.

use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};

use super::*;
use crate::install::Error;

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().fault().code
}

#[test]
fn the_stage_takes_exactly_the_signed_bytes() {
    let check = |bytes: &[u8], expected: &str| {
        let scene = Scene::new();
        let mut place = scene.open();
        let mut writer = place.begin_stage(&artifact("2.0.0", NEW)).unwrap();
        let result = match writer.write_all(bytes) {
            Ok(()) => place.finish_stage(writer).map(|_| ()),
            Err(error) => {
                drop(writer);
                Err(Error::of_write(error))
            }
        };
        assert_eq!(code(result), expected);
        assert_eq!((scene.residue(), place.staged()), (Vec::<String>::new(), None));
        assert_eq!(code(place.activate(&confirm_health(), now())), "E-STATE-NO-STAGE");
    };
    check(&NEW[1..], "E-FILE-LENGTH");
    check(&[NEW, b"x"].concat(), "E-FILE-LENGTH");
    check(&NEW.to_ascii_uppercase(), "E-FILE-HASH");
    check(&[], "E-FILE-LENGTH");
}

#[test]
fn the_stage_is_nobodys_business() {
    let scene = Scene::new();
    let mut place = scene.open();
    let mut writer = place.begin_stage(&artifact("2.0.0", NEW)).unwrap();
    assert_eq!(fs::metadata(scene.private("stage")).unwrap().mode() & 0o7777, 0o600);
    writer.write_all(NEW).unwrap();
    place.finish_stage(writer).unwrap();
    assert_eq!(fs::metadata(scene.private("stage")).unwrap().mode() & 0o7777, 0o755);
    assert_eq!(fs::metadata(scene.private("")).unwrap().mode() & 0o7777, 0o700);
}

#[test]
fn a_stage_begun_anew_takes_the_place_of_the_first() {
    let scene = Scene::new();
    let mut place = scene.open();
    stage(&mut place, "2.0.0", NEW);
    let mut first = place.begin_stage(&artifact("2.0.0", NEW)).unwrap();
    assert_eq!((scene.residue(), place.staged()), (vec!["stage".to_owned()], None));
    let mut second = place.begin_stage(&artifact("3.0.0", NEWER)).unwrap();
    first.write_all(NEW).unwrap();
    assert_eq!(code(place.finish_stage(first)), "E-FILE-STAGE");
    second.write_all(NEWER).unwrap();
    assert_eq!(place.finish_stage(second).unwrap().version, version("3.0.0"));
    place.discard_stage().unwrap();
    place.discard_stage().unwrap();
    assert_eq!(scene.residue(), Vec::<String>::new());
}

#[test]
fn mode_owner_and_attributes_stay_the_programs() {
    let scene = Scene::new();
    let root = rustix::process::geteuid().is_root();
    if root {
        chown(scene.program(), Some(1234), Some(4321)).unwrap();
    }
    fs::set_permissions(scene.program(), fs::Permissions::from_mode(0o710)).unwrap();
    let file = fs::File::open(scene.program()).unwrap();
    let has_attributes =
        rustix::fs::fsetxattr(&file, "user.origin", b"us", rustix::fs::XattrFlags::empty()).is_ok();
    let before = fs::metadata(scene.program()).unwrap();

    let mut place = scene.open();
    update(&mut place, "2.0.0", NEW);
    let after = fs::metadata(scene.program()).unwrap();
    assert_eq!((after.mode(), after.uid(), after.gid()), (before.mode(), before.uid(), before.gid()));
    assert_ne!(after.ino(), before.ino());
    if has_attributes {
        let mut value = [0; 8];
        let length = rustix::fs::getxattr(scene.program(), "user.origin", &mut value).unwrap();
        assert_eq!(&value[..length], b"us");
    }
    assert_eq!(fs::metadata(scene.private("previous")).unwrap().ino(), before.ino(), "kept without copying");
    place.roll_back(super::super::RollBackReason::ByPerson).unwrap();
    assert_eq!(fs::metadata(scene.program()).unwrap().ino(), before.ino());
}

#[test]
fn a_stage_that_is_not_as_it_was_left_is_thrown_away() {
    let check = |tamper: &dyn Fn(&Scene), expected: &str| {
        let scene = Scene::new();
        let mut place = scene.open();
        stage(&mut place, "2.0.0", NEW);
        tamper(&scene);
        assert_eq!(code(place.activate(&confirm_health(), now())), expected);
        assert_eq!((scene.bytes(), place.staged()), (OLD.to_vec(), None));
        drop(place);
        drop(scene.open());
        assert!(
            !scene.residue().iter().any(|name| name == "stage" || name == "journal"),
            "{:?}",
            scene.residue()
        );
    };
    let stage = |scene: &Scene| scene.private("stage");
    check(&|scene| fs::write(stage(scene), NEW.to_ascii_uppercase()).unwrap(), "E-FILE-HASH");
    check(&|scene| fs::write(stage(scene), &NEW[1..]).unwrap(), "E-FILE-LENGTH");
    check(&|scene| fs::hard_link(stage(scene), scene.folder().join("second name")).unwrap(), "E-FILE-STAGE");
    check(
        &|scene| fs::set_permissions(stage(scene), fs::Permissions::from_mode(0o777)).unwrap(),
        "E-FILE-STAGE",
    );
    check(
        &|scene| {
            fs::rename(stage(scene), scene.folder().join("real")).unwrap();
            std::os::unix::fs::symlink(scene.folder().join("real"), stage(scene)).unwrap();
        },
        "E-FILE-STAGE",
    );
    check(&|scene| fs::remove_file(stage(scene)).unwrap(), "E-FILE-STAGE");
    if rustix::process::geteuid().is_root() {
        check(&|scene| chown(stage(scene), Some(12_345), None).unwrap(), "E-FILE-STAGE");
    }
}

#[test]
fn one_thing_at_a_time() {
    let scene = Scene::new();
    let mut place = scene.open();
    assert_eq!(code(place.commit()), "E-STATE-NO-PROBATION");
    assert_eq!(code(place.confirmed()), "E-STATE-NO-PROBATION");
    assert_eq!(code(place.roll_back(super::super::RollBackReason::ByPerson)), "E-STATE-NO-PREVIOUS");
    update(&mut place, "2.0.0", NEW);
    assert_eq!(code(place.begin_stage(&artifact("3.0.0", NEWER))), "E-STATE-UNFINISHED");
    assert_eq!(code(place.activate(&confirm_health(), now())), "E-STATE-UNFINISHED");
    assert_eq!(code(place.set_version(&version("9.0.0"))), "E-STATE-UNFINISHED");
    place.set_version(&version("2.0.0")).unwrap();
}

#[test]
fn damaged_previous_bytes_are_not_put_back() {
    let scene = Scene::new();
    let mut place = scene.open();
    update(&mut place, "2.0.0", NEW);
    place.commit().unwrap();
    fs::write(scene.private("previous"), "x").unwrap();
    assert_eq!(code(place.roll_back(super::super::RollBackReason::ByPerson)), "E-STATE-PREVIOUS-DAMAGED");
    fs::remove_file(scene.private("previous")).unwrap();
    assert_eq!(code(place.roll_back(super::super::RollBackReason::ByPerson)), "E-STATE-NO-PREVIOUS");
    assert_eq!(scene.bytes(), NEW);
    drop(place);
    assert_eq!(scene.open().can_roll_back(), None, "the next start knows");
}

#[test]
fn an_activation_that_fails_leaves_the_old_program_and_the_stage() {
    let scene = Scene::new();
    let mut place = scene.open();
    let staged = stage(&mut place, "2.0.0", NEW);
    // A folder that is not empty cannot be removed to make room for the old bytes.
    fs::create_dir(scene.private("keep")).unwrap();
    fs::write(scene.private("keep/x"), "").unwrap();
    place.activate(&confirm_health(), now()).unwrap_err();
    assert_eq!((scene.bytes(), scene.has_mode(0o755)), (OLD.to_vec(), true));
    fs::remove_dir_all(scene.private("keep")).unwrap();
    drop(place);

    let mut place = scene.open();
    assert_eq!(place.staged(), Some(&staged));
    place.activate(&confirm_health(), now()).unwrap();
    assert_eq!(scene.bytes(), NEW);
}

#[test]
fn errors_of_a_full_disk_keep_their_code_through_other_writers() {
    let error = io::Error::from(io::ErrorKind::StorageFull);
    assert_eq!(Error::of_write(error).fault().code, "E-DISK-FULL");
    let error = io::Error::from(io::ErrorKind::QuotaExceeded);
    assert_eq!(Error::of_write(error).fault().code, "E-DISK-QUOTA");
}

#[test]
fn an_activation_that_fails_after_the_rename_is_taken_back() {
    let scene = Scene::new();
    let before = fs::metadata(scene.program()).unwrap();
    let mut place = scene.open();
    stage(&mut place, "2.0.0", NEW);
    // The old bytes cannot get their lasting name over a folder; by then the new ones are in place.
    fs::create_dir(scene.private("previous")).unwrap();
    fs::write(scene.private("previous/x"), "").unwrap();
    place.activate(&confirm_health(), now()).unwrap_err();
    let after = fs::metadata(scene.program()).unwrap();
    assert_eq!((scene.bytes(), after.ino(), after.mode()), (OLD.to_vec(), before.ino(), before.mode()));
    assert_eq!((place.probation(), place.installed().sha256), (None, Digest::of(OLD)));
    fs::remove_dir_all(scene.private("previous")).unwrap();
    drop(place);

    let mut place = scene.open();
    assert_eq!(scene.residue(), Vec::<String>::new());
    update(&mut place, "2.0.0", NEW);
}

#[test]
fn what_comes_to_be_in_place_must_be_what_was_checked() {
    let scene = Scene::new();
    let mut place = scene.open();
    stage(&mut place, "2.0.0", NEW);
    let checked = fs::File::open(scene.private("stage")).unwrap();
    let facts = super::super::folder::facts_of(&checked).unwrap();
    // Somebody puts another file there after the check.
    fs::remove_file(scene.private("stage")).unwrap();
    fs::write(scene.private("stage"), "other").unwrap();
    let exchanged = super::super::activate::exchange(
        &place.ground,
        "stage",
        &checked,
        &facts,
        crate::error::Phase::Activate,
    );
    assert_eq!(code(exchanged), "E-FILE-RACED");
}

#[test]
fn where_nothing_can_be_linked_the_old_bytes_are_copied() {
    let scene = Scene::new();
    let mut place = scene.open();
    let old = place.base().unwrap();
    let from = place.installed().kept();
    let path = scene.private("keep");
    super::super::activate::copy_old(&place.ground, &old, &from, &path).unwrap();
    let (copy, original) = (fs::metadata(&path).unwrap(), fs::metadata(scene.program()).unwrap());
    assert_eq!((fs::read(&path).unwrap(), copy.mode()), (OLD.to_vec(), original.mode()));
    assert_ne!(copy.ino(), original.ino());
    // Left there by a death: the next activation makes its own.
    update(&mut place, "2.0.0", NEW);
    assert_eq!(fs::metadata(scene.private("previous")).unwrap().ino(), original.ino());
}
