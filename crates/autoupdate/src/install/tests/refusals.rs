//! Places, programs and files that are refused, each with its code. Attackers here are other users: what they can do
//! needs root to set up, so those cases say so and run only as root.

use std::os::unix::fs::{chown, symlink};
use std::path::Path;

use super::*;
use crate::install::{Error, Need};

/// A user that is nobody here.
const STRANGER: u32 = 12_345;

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().fault().code
}

fn open_code(path: &Path) -> &'static str {
    code(Place::open(path))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn paths_that_lead_to_no_program() {
    let scene = Scene::new();
    let check = |path: &Path, expected| {
        assert_eq!(open_code(path), expected, "{}", path.display());
        assert_eq!(code(Place::inspect(path)), expected, "{}", path.display());
    };
    check(&scene.folder().join("missing"), "E-FILE-MISSING");
    check(&scene.folder().join("missing/app"), "E-FILE-MISSING");
    check(&scene.program().join("app"), "E-FILE-MISSING");
    check(&scene.folder(), "E-FILE-KIND");
    check(Path::new("app"), "E-FILE-PATH");
    check(Path::new("/"), "E-FILE-PATH");
    symlink("loop", scene.folder().join("loop")).unwrap();
    check(&scene.folder().join("loop"), "E-FILE-LINK");
    let pipe = scene.folder().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    check(&pipe, "E-FILE-KIND");
    assert_eq!(fs::read_dir(scene.folder()).unwrap().count(), 3, "nothing was made beside what is refused");
}

#[test]
fn links_of_our_own_are_followed_once() {
    let scene = Scene::new();
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(scene.folder(), elsewhere.path().join("folder")).unwrap();
    // Up from where the link leads, not from where it lies.
    let name = scene.folder().file_name().unwrap().to_owned();
    let to = Path::new("folder/..").join(name).join("./app");
    symlink(to, elsewhere.path().join("link")).unwrap();
    let link = elsewhere.path().canonicalize().unwrap().join("link");
    let mut place = Place::open(&link).unwrap();
    assert_eq!(place.installed().path, fs::canonicalize(&link).unwrap());
    update(&mut place, "2.0.0", NEW);
    assert_eq!(scene.bytes(), NEW);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "the link itself stays");
}

#[test]
fn what_others_could_change_is_refused() {
    if !is_root() {
        println!(
            "SKIP install::tests::refusals::what_others_could_change_is_refused: only root can give files away"
        );
        return;
    }
    let scene = Scene::new();
    let link = scene.folder().join("link");
    symlink("app", &link).unwrap();
    std::os::unix::fs::lchown(&link, Some(STRANGER), None).unwrap();
    assert_eq!(open_code(&link), "E-FILE-LINK");

    let scene = Scene::new();
    chown(scene.folder(), Some(STRANGER), None).unwrap();
    assert_eq!(open_code(&scene.program()), "E-FILE-FOLDER");
    assert!(Place::inspect(&scene.program()).is_ok(), "looking is harmless");
}

#[test]
fn a_folder_that_everybody_may_change_is_refused() {
    let scene = Scene::new();
    mode(&scene.folder(), 0o777);
    assert_eq!(open_code(&scene.program()), "E-FILE-FOLDER");
    mode(&scene.folder(), 0o1777);
    assert!(Place::open(&scene.program()).is_ok(), "the sticky bit protects what is ours");
}

#[test]
fn a_private_folder_that_is_not_private_is_refused() {
    let check = |prepare: &dyn Fn(&Path)| {
        let scene = Scene::new();
        prepare(&scene.private(""));
        assert_eq!(open_code(&scene.program()), "E-FILE-PRIVATE");
    };
    let plain = |path: &Path| path.to_str().unwrap().trim_end_matches('/').to_owned();
    check(&|path| fs::write(plain(path), "").unwrap());
    check(&|path| symlink("/tmp", plain(path)).unwrap());
    for open in [0o777, 0o770, 0o701] {
        check(&|path| {
            fs::create_dir(path).unwrap();
            mode(path, open);
        });
    }
    if is_root() {
        check(&|path| {
            fs::create_dir(path).unwrap();
            mode(path, 0o700);
            chown(path, Some(STRANGER), None).unwrap();
        });
    }
}

#[test]
fn only_one_updater_at_a_time() {
    let scene = Scene::new();
    let place = scene.open();
    assert_eq!(open_code(&scene.program()), "E-LOCK-HELD");
    assert_eq!(Place::inspect(&scene.program()).unwrap(), *place.installed(), "looking needs no lock");
    drop(place);
    scene.open();
}

#[test]
fn a_lock_that_was_replaced_is_not_ours() {
    let scene = Scene::new();
    let place = scene.open();
    fs::remove_file(scene.private("lock")).unwrap();
    let other = scene.open();
    // Two locks now, but whoever comes next meets the second.
    assert_eq!(open_code(&scene.program()), "E-LOCK-HELD");
    drop((place, other));
}

#[test]
fn programs_with_special_rights_are_refused_before_anything_is_fetched() {
    for special in [0o4755, 0o2755] {
        let scene = Scene::new();
        mode(&scene.program(), special);
        let mut place = scene.open();
        assert_eq!(code(place.preflight(&need(&scene))), "E-FILE-SETID");
        assert_eq!(code(place.begin_stage(&artifact("2.0.0", NEW))), "E-FILE-SETID");
    }
}

#[test]
fn file_capabilities_are_refused() {
    let scene = Scene::new();
    let file = fs::File::open(scene.program()).unwrap();
    // Version 2 of the kernel's structure: CAP_NET_BIND_SERVICE, effective.
    let bytes = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let flags = rustix::fs::XattrFlags::empty();
    if rustix::fs::fsetxattr(&file, "security.capability", &bytes, flags).is_err() {
        println!("SKIP install::tests::refusals::file_capabilities_are_refused: they cannot be set here");
        return;
    }
    assert_eq!(code(scene.open().preflight(&need(&scene))), "E-FILE-CAPABILITIES");
}

#[test]
fn special_rights_pass_to_the_new_bytes_where_the_administrator_says_so() {
    for special in [0o4755, 0o2755, 0o6711] {
        let scene = Scene::new();
        mode(&scene.program(), special);
        let file = fs::File::open(scene.program()).unwrap();
        let bytes = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let flags = rustix::fs::XattrFlags::empty();
        let capable = rustix::fs::fsetxattr(&file, "security.capability", &bytes, flags).is_ok();
        let mut place = scene.open().with_rights(protocol::Rights::Keep);
        place.preflight(&need(&scene)).unwrap();
        stage(&mut place, "2.0.0", NEW);
        place.activate(&confirm_health(), now()).unwrap();
        assert_eq!(scene.bytes(), NEW);
        let check = |when: &str| {
            let found = fs::metadata(scene.program()).unwrap().permissions().mode() & 0o7777;
            assert_eq!(found, special, "{when}: {found:o}");
            let mut value = [0; 64];
            let file = fs::File::open(scene.program()).unwrap();
            let length = rustix::fs::fgetxattr(&file, "security.capability", &mut value);
            assert_eq!(length.ok(), capable.then_some(bytes.len()), "{when}");
        };
        check("updated");
        place.roll_back(crate::install::RollBackReason::ByPerson).unwrap();
        check("rolled back");
    }
}

fn need(scene: &Scene) -> Need {
    Need { stage: 1000, previous: 1000, spool: (scene.folder().join("spool/not/there"), 1000) }
}

#[test]
fn preflight_finds_room_or_says_how_much_is_missing() {
    let scene = Scene::new();
    let place = scene.open();
    place.preflight(&need(&scene)).unwrap();
    let much = u64::MAX / 4;
    for need in [
        Need { stage: much, ..need(&scene) },
        Need { previous: much, ..need(&scene) },
        Need { spool: (scene.folder(), much), ..need(&scene) },
        Need { spool: (Path::new("/dev/shm/spool").to_owned(), much), ..need(&scene) },
    ] {
        let error = place.preflight(&need).unwrap_err();
        assert!(
            matches!(error, Error::NoSpace { needed, available, .. } if needed > much && available < much)
        );
    }
}

#[test]
fn a_program_changed_meanwhile_is_noticed() {
    let scene = Scene::new();
    let mut place = scene.open();
    stage(&mut place, "2.0.0", NEW);
    fs::write(scene.program(), "by hand").unwrap();
    assert_eq!(code(place.base()), "E-FILE-CHANGED");
    assert_eq!(code(place.preflight(&need(&scene))), "E-FILE-CHANGED");
    assert_eq!(code(place.activate(&confirm_health(), now())), "E-FILE-CHANGED");
    assert_eq!(scene.bytes(), b"by hand");
}

#[test]
fn a_folder_moved_meanwhile_is_noticed() {
    let scene = Scene::new();
    let inner = scene.folder().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::copy(scene.program(), inner.join("app")).unwrap();
    let mut place = Place::open(&inner.join("app")).unwrap();
    stage(&mut place, "2.0.0", NEW);
    let moved = scene.folder().join("moved");
    fs::rename(&inner, &moved).unwrap();
    assert_eq!(code(place.activate(&confirm_health(), now())), "E-FILE-MOVED");
    symlink(&moved, &inner).unwrap();
    assert_eq!(code(place.activate(&confirm_health(), now())), "E-FILE-MOVED");
    assert_eq!(fs::read(moved.join("app")).unwrap(), OLD);
}

#[test]
fn state_of_a_newer_version_is_left_alone() {
    let scene = Scene::new();
    drop(scene.open());
    fs::write(scene.private("journal"), "autoupdate-journal 2\n").unwrap();
    assert_eq!(open_code(&scene.program()), "E-STATE-NEWER");
    fs::remove_file(scene.private("journal")).unwrap();
    fs::write(scene.private("record.json"), r#"{"format":2}"#).unwrap();
    assert_eq!(open_code(&scene.program()), "E-STATE-NEWER");
}

#[test]
fn what_a_package_manager_keeps_is_left_to_it_without_a_trace() {
    let shell = Path::new("/bin/sh").canonicalize().unwrap();
    if !Path::new("/var/lib/dpkg/info").exists() {
        return;
    }
    let error = Place::open(&shell).unwrap_err();
    assert_eq!(error.fault().code, "E-FILE-PACKAGED");
    assert!(error.to_string().contains("package manager (dpkg)"), "{error}");
    let beside = crate::install::previous_path(&shell).unwrap();
    assert!(!beside.parent().unwrap().exists());
}

#[test]
fn who_holds_the_lock_is_named() {
    let scene = Scene::new();
    let _held = scene.open();
    let error = Place::open(&scene.program()).unwrap_err();
    let ours = format!("(process {}, ", std::process::id());
    assert!(error.fault().code == "E-LOCK-HELD" && error.to_string().contains(&ours), "{error}");
}
