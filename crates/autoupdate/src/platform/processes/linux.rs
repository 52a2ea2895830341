//! Processes as `/proc` shows them.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

pub(super) use crate::platform::wait::Watched;

use super::{Error, Instance, Outdated};

/// The most bytes of arguments, and of environment, that are read of one process. The kernel's own limit is 6 MiB for
/// both together.
const MAX_BYTES: u64 = 6 << 20;

/// What the kernel adds to the path of an executable that is no longer in place.
const DELETED: &str = " (deleted)";

/// Stands for the mounts that a process sees, in its folder.
const MOUNTS: &str = "ns/mnt";

pub(super) fn instances(path: &Path) -> Result<Vec<Instance>, Error> {
    let us = rustix::process::geteuid().as_raw();
    let found = Program::at(path).processes()?;
    let all: HashSet<u32> = found.iter().filter(|process| process.user == us).map(|one| one.pid).collect();
    Ok((found.iter())
        .filter(|process| process.user == us && process.pid != std::process::id())
        .filter_map(Process::instance)
        .filter(|(parent, _)| !all.contains(parent))
        .map(|(_, instance)| instance)
        .collect())
}

pub(super) fn outdated(path: &Path) -> Result<Vec<Outdated>, Error> {
    let us = rustix::process::geteuid().as_raw();
    let found = Program::at(path).processes()?;
    let all: HashSet<u32> = found.iter().map(|process| process.pid).collect();
    Ok((found.iter())
        .filter(|process| process.outdated && process.pid != std::process::id())
        .filter(|process| Stat::of(&process.folder).is_some_and(|stat| !all.contains(&stat.parent)))
        .map(|process| Outdated {
            pid: process.pid,
            name: strings(&process.folder.join("cmdline")).unwrap_or_default().into_iter().next(),
            user: (process.user != us).then_some(process.user),
        })
        .collect())
}

/// Watches an instance, if the process of its id is still the one that was found.
pub(super) fn watch(instance: &Instance) -> Result<Option<Watched>, Error> {
    let watched = Watched::of(instance.pid).map_err(|source| Error::Ask { pid: instance.pid, source })?;
    let folder = PathBuf::from(format!("/proc/{}", instance.pid));
    // Asked after the descriptor was taken: if it is the same process now, the descriptor means it.
    let same = Stat::of(&folder).is_some_and(|stat| stat.started == instance.started);
    Ok(watched.filter(|_| same))
}

pub(super) fn terminate(instance: &Instance, watched: Option<&Watched>) -> Result<(), Error> {
    let Some(watched) = watched else { return Ok(()) };
    watched.terminate().map_err(|source| Error::Ask { pid: instance.pid, source })
}

/// The files that processes of a program may be running.
struct Program {
    current: Option<Identity>,
    previous: Option<Identity>,
    /// What the kernel says of a program that was in place and is gone.
    deleted: PathBuf,
    /// The mounts that we see.
    mounts: Option<Identity>,
}

/// Device and inode: what tells a file from all others, whatever its name.
type Identity = (u64, u64);

/// A process that runs a program.
struct Process {
    pid: u32,
    folder: PathBuf,
    /// Whose it is.
    user: u32,
    outdated: bool,
}

impl Program {
    fn at(path: &Path) -> Self {
        let mut deleted = path.as_os_str().to_owned();
        deleted.push(DELETED);
        let previous = crate::install::previous_path(path);
        Self {
            current: own_identity(path),
            previous: previous.and_then(|path| own_identity(&path)),
            deleted: deleted.into(),
            mounts: identity(&Path::new("/proc/self").join(MOUNTS)),
        }
    }

    /// All processes that run it, as far as the system says what they run: to anybody but root, only of their own.
    fn processes(&self) -> Result<Vec<Process>, Error> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").map_err(|source| Error::List { source })? {
            let entry = entry.map_err(|source| Error::List { source })?;
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            let folder = entry.path();
            // Processes come and go while we look: one that cannot be read is not there any more, or not ours to know.
            if let Some(outdated) = self.is_run_outdated_by(&folder)
                && let Some(user) = user(&folder)
            {
                found.push(Process { pid, folder, user, outdated });
            }
        }
        Ok(found)
    }

    /// Whether a process runs bytes that are no longer in place. `None`: it runs another program, or nobody knows.
    fn is_run_outdated_by(&self, process: &Path) -> Option<bool> {
        let exe = process.join("exe");
        let runs = Some(identity(&exe)?);
        if runs == self.current {
            return Some(false);
        }
        if runs == self.previous {
            return Some(true);
        }
        // Replaced more than once, or by somebody else: of the file that is gone only the name is left to go by. A name means
        // nothing among other mounts, and there may be a file whose name only looks as if it was gone.
        let named = fs::read_link(&exe).ok()? == self.deleted;
        let gone =
            named && runs != own_identity(&self.deleted) && identity(&process.join(MOUNTS)) == self.mounts;
        gone.then_some(true)
    }
}

impl Process {
    /// The process as an instance, with its parent's id.
    fn instance(&self) -> Option<(u32, Instance)> {
        let folder = &self.folder;
        let before = Stat::of(folder)?;
        let instance = Instance {
            pid: self.pid,
            started: before.started,
            args: strings(&folder.join("cmdline")).ok()?,
            cwd: fs::read_link(folder.join("cwd")).ok().filter(|cwd| cwd.is_dir()),
            env: strings(&folder.join("environ")).ok()?.iter().filter_map(|text| variable(text)).collect(),
            terminal: before.terminal,
            outdated: self.outdated,
        };
        // If another process has the id by now, what we read is a mixture.
        (Stat::of(folder)?.started == before.started).then_some((before.parent, instance))
    }
}

fn identity(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// The same without following a link.
fn own_identity(path: &Path) -> Option<Identity> {
    fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// Whose process it is. Not the owner of its folder: that is root where a process keeps others from looking into it.
fn user(process: &Path) -> Option<u32> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    // Real, effective, saved, for files.
    users.split_whitespace().nth(1)?.parse().ok()
}

/// Some fields of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    terminal: bool,
    started: u64,
}

impl Stat {
    fn of(folder: &Path) -> Option<Self> {
        Self::parse(&fs::read(folder.join("stat")).ok()?)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        // The second field is the program's name in parentheses; it may contain anything.
        let end = bytes.iter().rposition(|byte| *byte == b')')?;
        let fields: Vec<&str> =
            std::str::from_utf8(bytes.get(end + 1..)?).ok()?.split_ascii_whitespace().collect();
        if *fields.first()? == "Z" {
            return None;
        }
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            terminal: *fields.get(4)? != "0",
            started: fields.get(19)?.parse().ok()?,
        })
    }
}

/// Strings that end with a zero byte each.
fn strings(path: &Path) -> io::Result<Vec<OsString>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    Ok(bytes.split(|byte| *byte == 0).map(|text| OsString::from_vec(text.to_vec())).collect())
}

fn variable(text: &OsStr) -> Option<(OsString, OsString)> {
    let bytes = text.as_bytes();
    let equals = bytes.iter().position(|byte| *byte == b'=').filter(|at| *at > 0)?;
    let (name, value) = bytes.split_at_checked(equals)?;
    Some((OsString::from_vec(name.to_vec()), OsString::from_vec(value.get(1..)?.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_contain_anything() {
        let rest = "S 7 1 1 34816 1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0";
        let check = |text: String, expected| assert_eq!(Stat::parse(text.as_bytes()), expected, "{text}");
        let stat = |terminal| Some(Stat { parent: 7, terminal, started: 4242 });
        check(format!("12 (app) {rest}"), stat(true));
        check(format!("12 (a) Z 9 (x) {rest}"), stat(true));
        check(format!("12 (app) {}", rest.replace("34816", "0")), stat(false));
        check(format!("12 (app) {}", rest.replace('S', "Z")), None);
        check("12 (app) S 7".to_owned(), None);
        check(String::new(), None);
    }

    #[test]
    fn variables_have_a_name() {
        let check = |text: &str, expected: Option<(&str, &str)>| {
            let expected = expected.map(|(name, value)| (name.into(), value.into()));
            assert_eq!(variable(OsStr::new(text)), expected, "{text}");
        };
        check("A=b=c", Some(("A", "b=c")));
        check("A=", Some(("A", "")));
        check("=x", None);
        check("A", None);
    }
}
