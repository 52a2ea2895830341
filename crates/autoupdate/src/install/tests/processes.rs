//! Other processes run the real code: one that is killed, and one of another user.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::*;
use crate::platform::kill_group;

/// Tells the process which program it works on.
const PROGRAM: &str = "AUTOUPDATE_TEST_PROGRAM";

/// A test binary, this one or a copy, running one test.
fn child(tests: &Path, test: &str, program: &Path) -> Command {
    let mut command = Command::new(tests);
    command
        .args(["--ignored", "--exact", &format!("install::tests::processes::{test}")])
        .env(PROGRAM, program)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .process_group(0);
    command
}

fn program() -> PathBuf {
    std::env::var_os(PROGRAM).expect("this test is run by another one").into()
}

/// Large enough that writing and hashing take their time.
fn big(fill: u8) -> Vec<u8> {
    vec![fill; 300_000]
}

#[test]
#[ignore = "run by a_killed_update_leaves_a_whole_program"]
fn child_that_updates_for_ever() {
    let program = program();
    let mut place = Place::open(&program).unwrap();
    for minor in 0..1_000_000_u64 {
        update(&mut place, &format!("2.{minor}.0"), &big(b'a' + u8::try_from(minor % 7).unwrap()));
        if minor % 3 == 0 {
            place.roll_back(super::super::RollBackReason::ByPerson).unwrap();
        } else {
            place.commit().unwrap();
        }
    }
}

#[test]
fn a_killed_update_leaves_a_whole_program() {
    let (scene, tests) = (Scene::new(), std::env::current_exe().unwrap());
    let whole: Vec<Vec<u8>> = (0..7).map(|fill| big(b'a' + fill)).chain([OLD.to_vec()]).collect();
    for round in 0..24_u32 {
        let mut running = child(&tests, "child_that_updates_for_ever", &scene.program()).spawn().unwrap();
        // Killed as soon as a file shows up, or a number of looks later.
        let sight = ["stage", "journal", "keep", "record.json.new", "journal.new", "previous"];
        let sight = scene.private(sight[round as usize % sight.len()]);
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut looks = round * 40;
        while Instant::now() < deadline && (!sight.exists() || looks > 0) {
            assert!(running.try_wait().unwrap().is_none(), "round {round}: it ended by itself");
            looks = looks.saturating_sub(1);
        }
        kill_group(&mut running);
        assert!(Instant::now() < deadline, "round {round}: {} never showed up", sight.display());

        assert!(whole.contains(&scene.bytes()), "round {round}: {} bytes", scene.bytes().len());
        assert!(scene.has_mode(0o755), "round {round}");
        let mut place = scene.open();
        assert!(whole.contains(&scene.bytes()), "round {round}, after recovery");
        if place.probation().is_some() {
            place.commit().unwrap();
        }
        place.discard_stage().unwrap();
        let expected: &[&str] = if place.can_roll_back().is_some() { &["previous"] } else { &[] };
        assert_eq!(scene.residue(), expected, "round {round}");
    }
}

#[test]
#[ignore = "run by other_users_may_look_but_not_update"]
fn child_that_may_not_update() {
    let program = program();
    let name = program.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(Place::open(&program).unwrap_err().fault().code, name);
    // What an unsafe private folder says is not even read.
    assert_eq!(Place::inspect(&program).is_ok(), name != "E-FILE-PRIVATE");
}

#[test]
fn other_users_may_look_but_not_update() {
    if !rustix::process::geteuid().is_root() {
        println!(
            "SKIP install::tests::processes::other_users_may_look_but_not_update: only root can be another user"
        );
        return;
    }
    const STRANGER: u32 = 12_345;
    let scene = Scene::new();
    fs::set_permissions(scene.folder(), fs::Permissions::from_mode(0o755)).unwrap();
    // The test binary may lie where other users cannot reach it.
    let tests = scene.folder().join("tests");
    // By another process: a file that this one has open for writing, even in a child that is just starting, cannot be run.
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&tests).status().unwrap();
    assert!(copied.success());
    // The folder is named after the code that the other user must meet in it.
    let check = |code: &str, prepare: &dyn Fn(&Path)| {
        let folder = scene.folder().join(code);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(scene.program(), folder.join("app")).unwrap();
        prepare(&folder);
        let mut child = child(&tests, "child_that_may_not_update", &folder.join("app"));
        let status = child.uid(STRANGER).gid(STRANGER).status().unwrap();
        assert!(status.success(), "{code}");
    };
    check("E-FILE-OWNER", &|_| {});
    check("E-FILE-PERMISSION", &|folder| chown(folder.join("app"), Some(STRANGER), None).unwrap());
    check("E-FILE-PRIVATE", &|folder| {
        drop(Place::open(&folder.join("app")).unwrap());
        chown(folder.join("app"), Some(STRANGER), None).unwrap();
        fs::set_permissions(folder.join(".app.autoupdate"), fs::Permissions::from_mode(0o755)).unwrap();
    });
}
