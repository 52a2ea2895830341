//! Processes as `/proc` shows them.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

pub(super) use crate::platform::wait::Watched;

use super::{Error, Instance};

/// The most bytes of arguments, and of environment, that are read of one process. The kernel's own limit is 6 MiB for
/// both together.
const MAX_BYTES: u64 = 6 << 20;

/// What the kernel adds to the path of an executable that is no longer in place.
const DELETED: &str = " (deleted)";

pub(super) fn instances(path: &Path) -> Result<Vec<Instance>, Error> {
    let program = Program::at(path);
    let us = rustix::process::geteuid().as_raw();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").map_err(|source| Error::List { source })? {
        let entry = entry.map_err(|source| Error::List { source })?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // Processes come and go while we look: one that cannot be read is not there any more, or not ours.
        if entry.metadata().is_ok_and(|meta| meta.uid() == us)
            && let Some(instance) = program.instance(pid, &entry.path())
        {
            found.push(instance);
        }
    }
    let all: HashSet<u32> = found.iter().map(|(_, instance)| instance.pid).collect();
    Ok((found.into_iter())
        .filter(|(parent, instance)| !all.contains(parent) && instance.pid != std::process::id())
        .map(|(_, instance)| instance)
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

/// The files that instances may be running.
struct Program {
    current: Option<(u64, u64)>,
    previous: Option<(u64, u64)>,
    deleted: OsString,
}

impl Program {
    fn at(path: &Path) -> Self {
        let identity = |path: &Path| fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
        let mut deleted = path.as_os_str().to_owned();
        deleted.push(DELETED);
        let previous = crate::install::previous_path(path);
        Self { current: identity(path), previous: previous.and_then(|path| identity(&path)), deleted }
    }

    /// The process as an instance of this program, with its parent's id.
    fn instance(&self, pid: u32, folder: &Path) -> Option<(u32, Instance)> {
        let exe = folder.join("exe");
        let meta = fs::metadata(&exe).ok()?;
        let identity = Some((meta.dev(), meta.ino()));
        let outdated = identity != self.current;
        if outdated && identity != self.previous && fs::read_link(&exe).ok()?.as_os_str() != self.deleted {
            return None;
        }
        let before = Stat::of(folder)?;
        let instance = Instance {
            pid,
            started: before.started,
            args: strings(&folder.join("cmdline")).ok()?,
            cwd: fs::read_link(folder.join("cwd")).ok().filter(|cwd| cwd.is_dir()),
            env: strings(&folder.join("environ")).ok()?.iter().filter_map(|text| variable(text)).collect(),
            terminal: before.terminal,
            outdated,
        };
        // If another process has the id by now, what we read is a mixture.
        (Stat::of(folder)?.started == before.started).then_some((before.parent, instance))
    }
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
