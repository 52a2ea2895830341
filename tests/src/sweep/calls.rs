//! The system calls of a verb, and what strace makes of one of them.
//!
//! strace counts `when=N` for every process and *every call of that name* on its own: "the 3rd `fsync`", never "the 40th
//! call". So a call is a name and a number, taken from a run in which nothing happens to it.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{binary, run};

/// Calls that name, read or write files. Whatever else is called (memory, signals, time) meets no disk.
const FILE_SYSTEM: &[&str] = &[
    "openat",
    "openat2",
    "open",
    "creat",
    "mkdirat",
    "mkdir",
    "fstat",
    "newfstatat",
    "statx",
    "stat",
    "lstat",
    "linkat",
    "link",
    "symlinkat",
    "unlinkat",
    "unlink",
    "renameat",
    "renameat2",
    "rename",
    "read",
    "pread64",
    "write",
    "pwrite64",
    "writev",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "syncfs",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "flock",
    "fsetxattr",
    "fgetxattr",
    "flistxattr",
    "fremovexattr",
    "lseek",
    "readlink",
    "readlinkat",
    "ioctl",
    "close",
    "fstatfs",
    "statfs",
    "faccessat",
    "faccessat2",
    "access",
    "fallocate",
    "ftruncate",
    "copy_file_range",
    "sendfile",
    "getdents64",
];

/// Those among them that change what lies on the disk, or wait for it.
const CHANGING: &[&str] = &[
    "mkdirat",
    "mkdir",
    "linkat",
    "link",
    "symlinkat",
    "unlinkat",
    "unlink",
    "renameat",
    "renameat2",
    "rename",
    "write",
    "pwrite64",
    "writev",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "syncfs",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchownat",
    "fsetxattr",
    "fremovexattr",
    "fallocate",
    "ftruncate",
    "copy_file_range",
    "sendfile",
];

/// One system call of a verb.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Which of that name it is, from 1.
    pub nth: usize,
    /// As strace wrote it.
    text: String,
}

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL at its entry: it does not happen any more.
    Kill,
    /// It fails with this error, once.
    Errno(&'static str),
    /// It and every later one of its name fail with this error.
    Lasting(&'static str),
    /// It does nothing and says that it has.
    Lie,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Exit code; `None`: a signal.
    pub code: Option<i32>,
    /// What it said on standard error.
    pub said: String,
}

impl Call {
    /// The calls of `install-step WORDS`, from the first to the last that has to do with the place. The work is done.
    ///
    /// # Errors
    /// If it fails.
    pub fn all(words: &[String], without_links: bool) -> Result<Vec<Self>> {
        let file = tempfile::NamedTempFile::new_in(super::fast_folder())?;
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-y", "-o"]).arg(file.path());
        if without_links {
            strace.args(["-e", &Self::no_links()]);
        }
        run(strace.arg("--").arg(binary("install-step")?).args(words))?.expect(0)?;
        let (mut counts, mut calls, mut inside) = (BTreeMap::new(), Vec::new(), false);
        for line in std::fs::read_to_string(file.path())?.lines() {
            let text = line.split_once(' ').map_or(line, |(_, text)| text.trim_start());
            let Some((name, _)) = text.split_once('(') else { continue };
            let nth = counts.entry(name.to_owned()).or_insert(0);
            *nth += 1;
            if text.contains("\"/install-step/") {
                inside = text.contains("begin");
            } else if inside {
                calls.push(Self { name: name.to_owned(), nth: *nth, text: text.to_owned() });
            }
        }
        ensure!(calls.len() > 20, "only {} calls in the trace of {words:?}", calls.len());
        Ok(calls)
    }

    fn no_links() -> String {
        "inject=linkat,link:error=EPERM".to_owned()
    }

    /// Whether it names, reads or writes a file.
    #[must_use]
    pub fn is_about_files(&self) -> bool {
        FILE_SYSTEM.contains(&self.name.as_str())
    }

    /// Whether it may change what lies on the disk.
    #[must_use]
    pub fn changes_the_disk(&self) -> bool {
        CHANGING.contains(&self.name.as_str()) || self.text.contains("O_CREAT")
    }

    /// Whether it puts other bytes in the program's place.
    #[must_use]
    pub fn replaces_the_program(&self) -> bool {
        self.name.starts_with("rename") && self.text.contains(", \"app\")")
    }

    /// Whether it waits for the disk, and for which file or folder.
    #[must_use]
    pub fn syncs(&self) -> Option<&str> {
        let what = self.text.strip_prefix("fsync(").or_else(|| self.text.strip_prefix("fdatasync("))?;
        let path = what.split_once('<')?.1.split_once('>')?.0;
        path.rsplit('/').next()
    }

    /// For people.
    #[must_use]
    pub fn describe(&self) -> String {
        let text: String = self.text.chars().take(160).collect();
        format!("{} {} `{text}`", self.name, self.nth)
    }
}

impl Fault {
    /// For strace.
    fn at(self, call: &Call) -> String {
        let Call { name, nth, .. } = call;
        match self {
            Self::Kill => format!("inject={name}:signal=SIGKILL:when={nth}"),
            Self::Errno(error) => format!("inject={name}:error={error}:when={nth}"),
            Self::Lasting(error) => format!("inject={name}:error={error}:when={nth}+"),
            Self::Lie => format!("inject={name}:retval=0:when={nth}"),
        }
    }
}

impl Ended {
    /// Runs `install-step WORDS` with these faults. One name can have one fault.
    ///
    /// # Errors
    /// If it cannot be run.
    pub fn of(words: &[String], without_links: bool, faults: &[(Fault, &Call)]) -> Result<Self> {
        let mut names: Vec<&str> = faults.iter().map(|(_, call)| call.name.as_str()).collect();
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o", "/dev/null"]);
        if !faults.iter().any(|(fault, _)| *fault == Fault::Kill) {
            // Stops at the named calls alone. Signals are lost with it (strace 6.1).
            strace.arg("--seccomp-bpf");
        }
        for (fault, call) in faults {
            strace.args(["-e", &fault.at(call)]);
        }
        if without_links && !names.contains(&"linkat") {
            names.extend(["linkat", "link"]);
            strace.args(["-e", &Call::no_links()]);
        }
        let trace = if names.is_empty() { "none".to_owned() } else { names.join(",") };
        strace.args(["-e", &format!("trace={trace}")]);
        strace.arg("--").arg(binary("install-step")?).args(words);
        let answer = run(&mut strace).context("strace")?;
        Ok(Self { code: answer.code, said: answer.err })
    }

    /// Killed as it was meant to be.
    ///
    /// # Errors
    /// If it came to an end of its own.
    pub fn died(&self) -> Result<()> {
        ensure!(self.code.is_none(), "it was not killed but ended with {:?}: {}", self.code, self.said);
        Ok(())
    }

    /// Whether it did its work; if not, it said why with an error of the installer.
    ///
    /// # Errors
    /// If it did neither: a panic, a signal, an error without a code.
    pub fn did_or_said_why(&self) -> Result<bool> {
        match self.code {
            Some(0) => Ok(true),
            // Where every write fails it cannot say anything.
            Some(3) if self.said.is_empty() || self.said.contains(" E-") => Ok(false),
            _ => bail!("it ended with {:?} and said: {}", self.code, self.said),
        }
    }
}

/// Whether strace is at hand.
#[must_use]
pub fn there_is_strace() -> bool {
    Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok()
}
