//! Starting programs: by absolute path, with a decided environment, in a process group of their own, without our
//! standard streams.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[cfg(unix)]
use unix::of_its_own;
#[cfg(windows)]
use windows::of_its_own;

/// Waits between tries while the program's file is busy, in milliseconds. A process that another thread is just
/// starting holds our files open for a moment; a virus scanner does so for longer. Together less than two seconds.
const BUSY_WAITS: [u64; 7] = [5, 15, 50, 150, 300, 500, 900];

/// A program to start.
#[derive(Debug)]
pub(crate) struct Spawn<'a> {
    /// Absolute path.
    pub(crate) program: &'a Path,
    /// What the program is told as its own name, if not its path. Only where systems know such a thing.
    pub(crate) name: Option<&'a OsStr>,
    /// Arguments without the name.
    pub(crate) args: Vec<&'a OsStr>,
    /// Working directory.
    pub(crate) cwd: &'a Path,
    /// Environment; loader variables in it are left out.
    pub(crate) env: Vec<(OsString, OsString)>,
}

/// Starts a program.
pub(crate) fn spawn(wanted: &Spawn<'_>) -> io::Result<Child> {
    let mut command = Command::new(wanted.program);
    command
        .args(&wanted.args)
        .current_dir(wanted.cwd)
        .env_clear()
        .envs(wanted.env.iter().filter(|(name, _)| !steers_the_loader(name)).cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    of_its_own(&mut command, wanted.name);
    for wait in BUSY_WAITS {
        match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(wait));
            }
            started => return started,
        }
    }
    command.spawn()
}

/// Variables that make the system's loader run other code inside the program.
fn steers_the_loader(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["LD_", "DYLD_", "GLIBC_TUNABLES"].iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loader_variables_are_known() {
        for (name, expected) in
            [("LD_PRELOAD", true), ("DYLD_INSERT_LIBRARIES", true), ("LDAP", false), ("PATH", false)]
        {
            assert_eq!(steers_the_loader(OsStr::new(name)), expected, "{name}");
        }
    }
}
