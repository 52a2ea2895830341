//! Programs that run while they are replaced, where the system keeps a running program's file from being removed.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::install::RollBackReason;

/// A running program that ends with this value.
struct Running(Child);

impl Running {
    fn start(program: &Path) -> Self {
        let mut command = Command::new(program);
        command.args(["--exact", "install::tests::running::child_that_waits", "--ignored", "--nocapture"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = Vec::new();
        let mut output = child.stdout.take().unwrap();
        while !String::from_utf8_lossy(&said).contains("I run") {
            let mut byte = [0];
            output.read_exact(&mut byte).unwrap();
            said.extend(byte);
        }
        child.stdout = Some(output);
        Self(child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "a child of the tests in this file"]
fn child_that_waits() {
    println!("I run");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

#[test]
fn a_program_that_runs_is_replaced_and_comes_back() {
    let scene = Scene::new();
    fs::copy(std::env::current_exe().unwrap(), scene.program()).unwrap();
    let old = scene.bytes();
    let running = Running::start(&scene.program());
    let mut place = scene.open();
    update(&mut place, "2.0.0", NEW);
    assert!(scene.bytes() == NEW && fs::read(scene.private("previous")).unwrap() == old);
    place.roll_back(RollBackReason::ByPerson).unwrap();
    assert!(scene.bytes() == old);
    drop((place, running));
    drop(scene.open());
    assert_eq!(scene.residue(), Vec::<String>::new(), "nobody runs what was moved aside any more");
}

#[test]
fn one_update_after_the_other_while_the_first_version_runs() {
    let scene = Scene::new();
    fs::copy(std::env::current_exe().unwrap(), scene.program()).unwrap();
    let running = Running::start(&scene.program());
    let mut place = scene.open();
    update(&mut place, "2.0.0", NEW);
    place.commit().unwrap();
    update(&mut place, "3.0.0", NEWER);
    place.commit().unwrap();
    assert!(scene.bytes() == NEWER && fs::read(scene.private("previous")).unwrap() == NEW);
    drop((place, running));
    drop(scene.open());
    assert_eq!(scene.residue(), ["previous"]);
}
