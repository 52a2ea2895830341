//! For tests that need a process of their own: the test program runs one of its tests again, alone.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const FOLDER: &str = "DELTA_TEST_CHILD_FOLDER";

/// In the child: the folder that the parent gave.
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// In the parent: runs the test `name` (its full path) in a child.
pub(crate) fn run(name: &str, folder: &Path) -> Output {
    let program = std::env::current_exe().unwrap();
    Command::new(program).args(["--exact", name, "--nocapture"]).env(FOLDER, folder).output().unwrap()
}
