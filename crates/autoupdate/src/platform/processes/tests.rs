//! Real processes: a copy of a small system program runs, is found, is asked to close, and starts again.

use std::fs;
use std::process::{Command, Stdio};

use super::*;
use crate::platform::{kill_group, wait_child};

/// Longer than any test waits.
const LONG: Duration = Duration::from_secs(20);

struct Running {
    folder: tempfile::TempDir,
    child: Child,
}

impl Running {
    /// A copy of `sleep` that runs, of a file that nobody else runs.
    fn sleeping(env: (&str, &str)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy("/bin/sleep", &folder.path().join("app"));
        let spawned = Spawn {
            program: &folder.path().join("app"),
            name: Some("my name".as_ref()),
            args: vec!["600".as_ref()],
            cwd: folder.path(),
            env: vec![(env.0.into(), env.1.into()), ("LD_X".into(), "gone".into())],
        };
        let child = spawn(&spawned).unwrap();
        Self { folder, child }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("app")
    }

    fn only(&self) -> Instance {
        let late = soon();
        loop {
            let mut all = instances(&self.path()).unwrap();
            assert_eq!(all.len(), 1, "{all:?}");
            let only = all.remove(0);
            // For a moment after its start a process has its file, but no arguments yet.
            if !only.args.is_empty() || Instant::now() > late {
                return only;
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        kill_group(&mut self.child);
    }
}

/// By another process: a file that this one has open for writing, even in a child that is just starting, cannot be run.
fn copy(from: &str, to: &Path) {
    assert!(Command::new("cp").arg(from).arg(to).status().unwrap().success());
}

fn soon() -> Instant {
    Instant::now() + LONG
}

#[test]
fn an_instance_is_found_closed_and_started_again_as_it_was() {
    let mut running = Running::sleeping(("COLOUR", "blue"));
    let instance = running.only();
    assert_eq!(instance.pid, running.child.id());
    assert_eq!(instance.args, ["my name", "600"]);
    assert_eq!(instance.env, [("COLOUR".into(), "blue".into())]);
    assert_eq!(instance.cwd.clone().unwrap(), running.path().parent().unwrap());
    assert!(!instance.outdated);

    close(&running.path(), &instance, &Close::Signal, soon()).unwrap();
    running.child.wait().unwrap();
    assert_eq!(instances(&running.path()).unwrap(), []);
    close(&running.path(), &instance, &Close::Signal, soon()).unwrap();

    running.child = relaunch(&running.path(), &instance).unwrap();
    let again = running.only();
    assert_eq!((again.args, again.env, again.cwd), (instance.args, instance.env, instance.cwd));
}

#[test]
fn an_instance_of_replaced_bytes_is_still_one() {
    let running = Running::sleeping(("A", "1"));
    let fresh = running.folder.path().join("fresh");
    fs::copy("/bin/cat", &fresh).unwrap();
    fs::rename(&fresh, running.path()).unwrap();
    assert!(running.only().outdated);
}

/// What stands for a file that is gone may be the name of one that is not.
#[test]
fn a_file_whose_name_looks_gone_is_another_program() {
    let running = Running::sleeping(("A", "1"));
    let named = running.path();
    fs::rename(&named, named.with_file_name("app (deleted)")).unwrap();
    copy("/bin/cat", &named);
    assert_eq!(instances(&named).unwrap(), []);
    assert_eq!(outdated(&named).unwrap(), []);
    // The kernel marks what is gone by the same words once more.
    fs::remove_file(named.with_file_name("app (deleted)")).unwrap();
    assert_eq!(instances(&named).unwrap(), []);
}

#[test]
fn who_goes_on_with_old_bytes_is_known() {
    let running = Running::sleeping(("A", "1"));
    assert_eq!(outdated(&running.path()).unwrap(), []);
    // Twice, so that only the name is left of what it runs.
    for with in ["/bin/cat", "/bin/echo"] {
        let fresh = running.folder.path().join("fresh");
        copy(with, &fresh);
        fs::rename(&fresh, running.path()).unwrap();
    }
    let known = Outdated { pid: running.child.id(), name: Some("my name".into()), user: None };
    assert_eq!(outdated(&running.path()).unwrap(), [known]);
}

#[test]
fn marks_of_one_start_are_left_out_of_the_next() {
    let mut running = Running::sleeping(("COLOUR", "blue"));
    let mut instance = running.only();
    for name in OF_ONE_START {
        instance.env.push((name.into(), "past".into()));
    }
    kill_group(&mut running.child);
    running.child = relaunch(&running.path(), &instance).unwrap();
    assert_eq!(running.only().env, [("COLOUR".into(), "blue".into())]);
}

#[test]
fn the_same_name_elsewhere_is_none() {
    let running = Running::sleeping(("A", "1"));
    let other = tempfile::tempdir().unwrap();
    fs::copy(running.path(), other.path().join("app")).unwrap();
    assert_eq!(instances(&other.path().join("app")).unwrap(), []);
}

#[test]
fn a_command_can_ask() {
    let mut running = Running::sleeping(("A", "1"));
    let instance = running.only();
    let how = Close::Command(vec!["/bin/sh".into(), "-c".into(), format!("kill {}", instance.pid)]);
    close(&running.path(), &instance, &how, soon()).unwrap();
    assert!(wait_child(&mut running.child, LONG).unwrap().is_some());
}

#[test]
fn who_does_not_listen_is_not_killed() {
    let mut running = Running::sleeping(("A", "1"));
    let instance = running.only();
    let how = Close::Command(vec!["/bin/true".into()]);
    let error = close(&running.path(), &instance, &how, Instant::now()).unwrap_err();
    assert_eq!(error.fault().code, "E-RUN-OPEN");
    assert!(running.child.try_wait().unwrap().is_none());
}

#[test]
fn another_process_with_the_same_id_is_left_alone() {
    let mut running = Running::sleeping(("A", "1"));
    let mut instance = running.only();
    instance.started -= 1;
    close(&running.path(), &instance, &Close::Signal, soon()).unwrap();
    assert!(running.child.try_wait().unwrap().is_none(), "it was never asked");
}

#[test]
fn helpers_belong_to_their_instance() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("app");
    copy("/bin/sh", &path);
    // The shell starts itself again; that one says so and waits for a line that does not come.
    let script = format!("exec 3<&0; {0} -c 'echo up; read line <&3' & wait", path.display());
    let mut child = Command::new(&path)
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    io::BufRead::read_line(&mut io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let found = instances(&path).unwrap();
    assert_eq!(found.iter().map(|instance| instance.pid).collect::<Vec<_>>(), [child.id()]);
    drop(child.stdin.take());
    child.wait().unwrap();
}
